/* SPDX-License-Identifier: Apache-2.0 */
/*
 * version: of this program and of the daemon that answers.
 */
#include <stdio.h>

#include "utils/cli/cli.h"
#include "utils/cli/daemon.h"
#include "utils/cli/fields.h"

static int print_text(const struct cli *cli, struct span response)
{
    char daemon[64], version[64], sysname[64], release[64];

    (void)cli;
    printf("ipsec-offload %s\n%s %s (%s %s)\n", IOFF_VERSION,
           vici_find_text(response, "daemon", daemon, sizeof daemon),
           vici_find_text(response, "version", version, sizeof version),
           vici_find_text(response, "sysname", sysname, sizeof sysname),
           vici_find_text(response, "release", release, sizeof release));
    return fflush(stdout) ? CLI_FAILED : CLI_OK;
}

static int print_json(const struct cli *cli, struct span response)
{
    static const struct field fields[] = {
        { "daemon", "daemon", FIELD_TEXT },   { "version", "daemon_version", FIELD_TEXT },
        { "sysname", "system", FIELD_TEXT },  { "release", "release", FIELD_TEXT },
        { "machine", "machine", FIELD_TEXT },
    };
    json_t *root = json_object();

    json_object_set_new(root, "version", json_string(IOFF_VERSION));
    fields_add(root, response, fields, sizeof fields / sizeof fields[0]);
    return out_json(cli, root);
}

int cli_version(const struct cli *cli)
{
    struct vici_client *client;
    struct span response;
    struct err err = { 0 };
    int rc = daemon_connect(cli, &client);

    if (rc)
        return rc;
    rc = daemon_ask(cli, client, "version", &response, &err);
    if (rc)
        rc = cli_fail(cli, cli_exit_of(rc), "version: %s", err.text);
    else
        rc = cli->json ? print_json(cli, response) : print_text(cli, response);
    vici_client_close(client);
    return rc;
}
