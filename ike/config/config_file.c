/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_file: from the notes of config_syntax.c to struct ike_config.
 * Connections are filled by config_set.c, as VICI's are.
 */
#include "ike/config/config.h"

#include <stdio.h>
#include <string.h>

#include "ike/config/config_syntax.h"
#include "utils/base/mem.h"

/* The line of the key that a whole-connection error names, else of its end. */
static unsigned line_of_named_key(const struct config_parse *p, cfg_t *conn, const char *text,
                                  const char **ret_key)
{
    for (size_t i = 0; i < p->n_notes; i++) {
        const struct config_note *note = &p->notes[i];
        bool inside = note->section == conn;
        const char *at = strstr(text, note->key);
        size_t len = strlen(note->key);

        for (unsigned j = 0; !inside && j < cfg_size(conn, "child"); j++) {
            cfg_t *child = cfg_getnsec(conn, "child", j);

            inside = note->section == child && strstr(text, child->title);
        }
        if (inside && at && (at[len] == '\0' || strchr(" :,;=)", at[len])) &&
            (at == text || at[-1] == ' ' || at[-1] == '(')) {
            *ret_key = note->key;
            return note->line;
        }
    }
    *ret_key = "";
    return (unsigned)conn->line;
}

static void set_notes(struct config_parse *p, struct config_target *target, const cfg_t *section,
                      const char *name)
{
    for (size_t i = 0; i < p->n_notes; i++) {
        const struct config_note *note = &p->notes[i];
        struct err why;

        if (note->section == section && config_set(target, name, note->key, note->value, &why))
            config_fault_add(p, note->line, note->key, why.text);
    }
}

static void set_round(struct config_parse *p, struct config_target *target, cfg_t *conn,
                      const char *name)
{
    char text[120];

    if (cfg_size(conn, name) > 1) {
        snprintf(text, sizeof text, "connection %s: section %s given twice (expected once)",
                 conn->title, name);
        config_fault_add(p, (unsigned)cfg_getnsec(conn, name, 1)->line, "", text);
    }
    if (cfg_size(conn, name) > 0)
        set_notes(p, target, cfg_getnsec(conn, name, 0), name);
}

static void set_conn(struct config_parse *p, cfg_t *conn)
{
    struct config_target target = { 0 };
    struct err why;

    if (config_conn_begin(&target, conn->title, &why)) {
        config_fault_add(p, (unsigned)conn->line, "", why.text);
        return;
    }
    set_notes(p, &target, conn, "");
    set_round(p, &target, conn, "local");
    set_round(p, &target, conn, "remote");
    for (unsigned i = 0; i < cfg_size(conn, "child"); i++) {
        cfg_t *child = cfg_getnsec(conn, "child", i);
        char name[IKE_NAME_LEN + 16];

        snprintf(name, sizeof name, "children.%.50s", child->title);
        if (config_section(&target, name, &why))
            config_fault_add(p, (unsigned)child->line, "", why.text);
        else
            set_notes(p, &target, child, name);
    }
    if (p->faults->n == 0 &&
        config_conn_end(&target, &p->config->conns[p->config->n_conns], &why)) {
        const char *key;
        unsigned line = line_of_named_key(p, conn, why.text, &key);

        config_fault_add(p, line, key, why.text);
    } else if (p->faults->n == 0) {
        p->config->n_conns++;
    }
    config_conn_drop(&target);
}

static int set_note(enum config_where where, const struct config_note *note, void *base,
                    struct err *err)
{
    const struct config_key *key = config_key_find(where, note->key);

    return key ? config_key_set(key, note->value, base, err)
               : config_key_unknown(where, note->key, err);
}

/* Sections that have no target of their own: secret and daemon. */
static void set_plain(struct config_parse *p, const cfg_t *section, enum config_where where,
                      void *base)
{
    char place[IKE_NAME_LEN + 16], text[ERR_TEXT_LEN + 100];

    snprintf(place, sizeof place, "%s%s%.47s", section->name, section->title ? " " : "",
             section->title ? section->title : "");
    for (size_t i = 0; i < p->n_notes; i++) {
        struct config_note *note = &p->notes[i];
        struct err why = { 0 };

        if (note->section != section)
            continue;
        for (size_t j = 0; j < i && !why.code; j++)
            if (p->notes[j].section == section && p->notes[j].key == note->key)
                err_set(&why, ERR_EXISTS, "given twice (expected once)");
        if (!why.code)
            set_note(where, note, base, &why);
        if (why.code) {
            snprintf(text, sizeof text, "%s, key %s: %s", place, note->key, why.text);
            config_fault_add(p, note->line, note->key, text);
        }
    }
}

static void set_secret(struct config_parse *p, cfg_t *section)
{
    struct config_secret *secret = &p->config->secrets[p->config->n_secrets];
    size_t before = p->faults->n;
    char text[ERR_TEXT_LEN];
    struct err why;

    if (ike_name_check(section->title, &why)) {
        snprintf(text, sizeof text, "secret: %.100s (expected a name)", why.text);
        config_fault_add(p, (unsigned)section->line, "", text);
        return;
    }
    snprintf(secret->name, sizeof secret->name, "%s", section->title);
    set_plain(p, section, CONFIG_SECRET, secret);
    if (p->faults->n != before)
        return;
    if (!secret->file[0] || !secret->n_ids) {
        const char *key = secret->file[0] ? "id" : "file";

        snprintf(text, sizeof text, "secret %s, key %s: missing (expected %s)", secret->name, key,
                 secret->file[0] ? "id = the identities that share it" : "file = PATH");
        config_fault_add(p, (unsigned)section->line, key, text);
        return;
    }
    p->config->n_secrets++;
}

/* Keys at the top level: all of them are names that belong elsewhere. */
static void set_root(struct config_parse *p, cfg_t *root)
{
    char text[ERR_TEXT_LEN + 60];

    for (size_t i = 0; i < p->n_notes; i++) {
        const struct config_note *note = &p->notes[i];
        struct err why;

        if (note->section != root)
            continue;
        if (set_note(CONFIG_ROOT, note, NULL, &why)) {
            snprintf(text, sizeof text, "key %s: %s", note->key, why.text);
            config_fault_add(p, note->line, note->key, text);
        }
    }
}

static bool count_ok(struct config_parse *p, cfg_t *root, const char *name, unsigned max)
{
    char text[100];

    if (cfg_size(root, name) <= max)
        return true;
    snprintf(text, sizeof text, "more than %u sections %s (expected at most %u)", max, name, max);
    config_fault_add(p, (unsigned)cfg_getnsec(root, name, max)->line, "", text);
    return false;
}

static void set_all(struct config_parse *p, cfg_t *root)
{
    struct ike_config *config;
    unsigned n_conns = cfg_size(root, "connection"), n_secrets = cfg_size(root, "secret");

    config = p->config = mem_zalloc(sizeof *p->config);
    if (!config) {
        p->code = ERR_NOMEM;
        return;
    }
    config_daemon_init(&config->daemon);
    set_root(p, root);
    if (!count_ok(p, root, "connection", CONFIG_CONNS_MAX) ||
        !count_ok(p, root, "secret", CONFIG_SECRETS_MAX))
        return;
    config->conns = mem_zalloc_array(n_conns, sizeof config->conns[0]);
    config->secrets = mem_zalloc_array(n_secrets, sizeof config->secrets[0]);
    if (!config->conns || !config->secrets) {
        p->code = ERR_NOMEM;
        return;
    }
    count_ok(p, root, "daemon", 1);
    if (cfg_size(root, "daemon"))
        set_plain(p, cfg_getnsec(root, "daemon", 0), CONFIG_DAEMON, &config->daemon);
    for (unsigned i = 0; i < n_secrets; i++)
        set_secret(p, cfg_getnsec(root, "secret", i));
    for (unsigned i = 0; i < n_conns; i++)
        set_conn(p, cfg_getnsec(root, "connection", i));
}

int config_parse(const char *file, struct span text, struct ike_config **ret,
                 struct config_faults *faults)
{
    struct config_parse p = { .file = file, .faults = faults };
    int rc;

    memset(faults, 0, sizeof *faults);
    rc = config_syntax(&p, text, set_all);
    if (rc == ERR_NOMEM)
        config_fault_add(&p, 0, "", "no memory");
    if (rc)
        config_free(p.config);
    else
        *ret = p.config;
    config_syntax_fini(&p);
    return rc;
}
