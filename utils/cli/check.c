/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check: reads a configuration file as the daemon would and prints every
 * error.  Needs no daemon and reads no secret.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ike/config/config.h"
#include "utils/base/mem.h"
#include "utils/cli/cli.h"
#include "utils/cli/output.h"

/* Reads up to one byte more than a file may have, so that config_parse() says
 * what is wrong with longer ones. */
static int read_file(const char *path, char **ret, size_t *ret_len, struct err *err)
{
    size_t cap = CONFIG_FILE_MAX + 1, len;
    FILE *file = fopen(path, "re");
    char *text;

    if (!file)
        return err_errno(err, errno, "%s", path);
    text = mem_zalloc(cap);
    if (!text) {
        fclose(file);
        return err_set(err, ERR_NOMEM, "%s: no memory", path);
    }
    len = fread(text, 1, cap, file);
    if (ferror(file)) {
        int rc = err_errno(err, errno, "%s", path);

        fclose(file);
        mem_free(text);
        return rc;
    }
    fclose(file);
    *ret = text;
    *ret_len = len;
    return 0;
}

static size_t num_children(const struct ike_config *config)
{
    size_t n = 0;

    for (size_t i = 0; i < config->n_conns; i++)
        n += config->conns[i]->n_children;
    return n;
}

static json_t *faults_json(const struct config_faults *faults)
{
    json_t *list = json_array();

    for (size_t i = 0; i < faults->n; i++) {
        const struct config_fault *f = &faults->faults[i];
        json_t *object = json_object();

        json_object_set_new(object, "line", json_integer(f->line));
        json_object_set_new(object, "key", out_json_text(span_of(f->key, strlen(f->key))));
        json_object_set_new(object, "text", out_json_text(span_of(f->text, strlen(f->text))));
        json_array_append_new(list, object);
    }
    return list;
}

static int print_json(const struct cli *cli, const struct ike_config *config,
                      const struct config_faults *faults)
{
    const char *path = cli->args[0];
    json_t *root = json_object();

    json_object_set_new(root, "file", out_json_text(span_of(path, strlen(path))));
    json_object_set_new(root, "ok", json_boolean(config != NULL));
    json_object_set_new(root, "connections",
                        json_integer(config ? (json_int_t)config->n_conns : 0));
    json_object_set_new(root, "children",
                        json_integer(config ? (json_int_t)num_children(config) : 0));
    json_object_set_new(root, "secrets", json_integer(config ? (json_int_t)config->n_secrets : 0));
    json_object_set_new(root, "errors", faults_json(faults));
    json_object_set_new(root, "more_errors", json_integer((json_int_t)faults->n_more));
    return out_json(cli, root);
}

static void print_text(const char *path, const struct ike_config *config,
                       const struct config_faults *faults)
{
    if (config)
        printf("%s: no errors (connections: %zu, children: %zu, secrets: %zu)\n", path,
               config->n_conns, num_children(config), config->n_secrets);
    for (size_t i = 0; i < faults->n; i++)
        fprintf(stderr, "%s\n", faults->faults[i].text);
    if (faults->n_more)
        fprintf(stderr, "%s: and %zu more errors\n", path, faults->n_more);
}

int cli_check(const struct cli *cli)
{
    struct config_faults faults;
    struct ike_config *config = NULL;
    struct err err;
    size_t len = 0;
    char *text = NULL;
    int rc = read_file(cli->args[0], &text, &len, &err);

    if (rc)
        return cli_fail(cli, CLI_USAGE, "check: %s", err.text);
    rc = config_parse(cli->args[0], span_of(text, len), &config, &faults);
    mem_free(text);
    if (cli->json) {
        if (print_json(cli, config, &faults))
            rc = ERR_IO;
    } else {
        print_text(cli->args[0], config, &faults);
    }
    config_free(config);
    return rc ? CLI_USAGE : CLI_OK;
}
