/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_file: from the text of a configuration file to struct ike_config.
 *
 * libconfuse does the syntax.  It knows neither the line of a value after the
 * parse nor how to go on after an unknown name, so:
 *   - each value is noted with its line by a callback during the parse, and the
 *     sections are filled from these notes afterwards (config_set.c);
 *   - an unknown name ends a pass; it is reported, added to the schema of its
 *     section, and the file is parsed again, so that the next error shows too.
 * config_keys.c is the schema; nothing here knows a key by name.
 */
#include "ike/config/config.h"

#include <confuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ike/config/config_keys.h"
#include "utils/base/mem.h"

#define OPTS_MAX 80      /* keys, sections, unknown names and the end of one schema */
#define NOTES_MAX 100000 /* values in a file */

/* libconfuse takes a file that ends inside a section for a whole one.  So this
 * key, which no file can hold (check_bytes), is put behind the text: only where
 * all is closed does it stand at the top level. */
#define END_MARK "\x7f"
#define END_TEXT "\n" END_MARK " = end\n"
#define AT_END "the file ends inside a section, value or comment (expected }, \" or */)"

/* One `key = value` of the file. */
struct note {
    const cfg_t *section; /* compared, never followed */
    const char *key;      /* of the schema, outlives the parse */
    char *value;          /* owned */
    unsigned line;
    bool used;
};

struct parse {
    const char *file;
    struct config_faults *faults;
    struct note *notes;
    size_t n_notes, cap_notes;
    int code; /* of the failure that faults cannot carry: ERR_NOMEM */
    /* Names that the schema lacks, found in earlier passes. */
    struct {
        enum config_where where;
        char *name; /* owned */
    } unknown[CONFIG_FAULTS_MAX];
    size_t n_unknown;
    unsigned n_lines;
    bool closed; /* the end mark was seen at the top level */
    bool again;  /* this pass ended at an unknown name that is now in the schema */
    struct ike_config *config;
};

/* libconfuse's callbacks carry no user data; its lexer is global anyway. */
static struct parse *current;

/* Faults */

static void add_fault(struct parse *p, unsigned line, const char *key, const char *text)
{
    struct config_faults *faults = p->faults;
    size_t at = faults->n;
    struct config_fault fault = { .line = line };

    snprintf(fault.key, sizeof fault.key, "%s", key);
    snprintf(fault.text, sizeof fault.text, "%.100s:%u: %.380s", p->file, line, text);
    for (char *c = fault.text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    for (size_t i = 0; i < faults->n; i++)
        if (strcmp(faults->faults[i].text, fault.text) == 0)
            return; /* seen in an earlier pass */
    if (faults->n == CONFIG_FAULTS_MAX) {
        faults->n_more++;
        return;
    }
    while (at > 0 && faults->faults[at - 1].line > line) {
        faults->faults[at] = faults->faults[at - 1];
        at--;
    }
    faults->faults[at] = fault;
    faults->n++;
}

static enum config_where where_of(const cfg_t *section)
{
    static const struct {
        const char *name;
        enum config_where where;
    } names[] = {
        { "connection", CONFIG_CONN }, { "local", CONFIG_LOCAL },   { "remote", CONFIG_REMOTE },
        { "child", CONFIG_CHILD },     { "secret", CONFIG_SECRET }, { "daemon", CONFIG_DAEMON },
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(section->name, names[i].name) == 0)
            return names[i].where;
    return CONFIG_ROOT;
}

/* "child net, key foo: text" for a fault seen while libconfuse parses: it does
 * not tell which connection a child is in. */
static void add_parse_fault(struct parse *p, const cfg_t *section, const char *key,
                            const char *text)
{
    enum config_where where = where_of(section);
    char line[400], place[80] = "";

    if (where != CONFIG_ROOT)
        snprintf(place, sizeof place, "%s%s%.40s, ", section->name, section->title ? " " : "",
                 section->title ? section->title : "");
    if (key[0])
        snprintf(line, sizeof line, "%skey %.31s: %s", place, key, text);
    else
        snprintf(line, sizeof line, "%s%s", place, text);
    add_fault(p, (unsigned)section->line, key, line);
}

/* libconfuse's callbacks */

/* The name as the table or the list of unknown names has it: both outlive the
 * parse, libconfuse's copy does not. */
static const char *lasting_name(const struct parse *p, enum config_where where, const char *name)
{
    const struct config_key *key = config_key_find(where, name);

    if (key)
        return key->name;
    for (size_t i = 0; i < p->n_unknown; i++)
        if (p->unknown[i].where == where && strcmp(p->unknown[i].name, name) == 0)
            return p->unknown[i].name;
    return NULL;
}

static int note_value(cfg_t *section, cfg_opt_t *opt, const char *value, void *result)
{
    struct parse *p = current;
    const char *name = lasting_name(p, where_of(section), opt->name);
    struct note *note;

    *(const char **)result = ""; /* libconfuse's own copy is not used */
    if (strcmp(opt->name, END_MARK) == 0 || !name) {
        p->closed = true;
        return 0;
    }
    if (p->n_notes == NOTES_MAX) {
        add_parse_fault(p, section, "", "too many values (expected at most 100000)");
        return -1;
    }
    if (p->n_notes == p->cap_notes) {
        size_t cap = p->cap_notes ? 2 * p->cap_notes : 64;
        struct note *notes = mem_zalloc_array(cap, sizeof *notes);

        if (!notes) {
            p->code = ERR_NOMEM;
            return -1;
        }
        if (p->n_notes)
            memcpy(notes, p->notes, p->n_notes * sizeof *notes);
        mem_free(p->notes);
        p->notes = notes;
        p->cap_notes = cap;
    }
    note = &p->notes[p->n_notes];
    *note = (struct note){ .section = section, .key = name, .line = (unsigned)section->line };
    note->value = mem_strdup(value ? value : "");
    if (!note->value) {
        p->code = ERR_NOMEM;
        return -1;
    }
    p->n_notes++;
    return 0;
}

/* Ends this pass; the next one knows the name and notes where it stands. */
static void unknown_name(struct parse *p, const cfg_t *section, const char *name)
{
    enum config_where where = where_of(section);
    struct err why;

    if (p->n_unknown == CONFIG_FAULTS_MAX) {
        config_key_unknown(where, name, &why);
        add_parse_fault(p, section, name, why.text);
        return;
    }
    p->unknown[p->n_unknown].where = where;
    p->unknown[p->n_unknown].name = mem_strdup(name);
    if (!p->unknown[p->n_unknown].name) {
        p->code = ERR_NOMEM;
        return;
    }
    p->n_unknown++;
    p->again = true;
}

/* A name that is used like a section although it is none: say what a lacking
 * or unknown name deserves rather than "missing equal sign". */
static void missing_equal(struct parse *p, const cfg_t *section, const char *name)
{
    const struct config_key *key = config_key_find(where_of(section), name);
    struct err why;

    if (key && key->set)
        err_set(&why, ERR_INVALID, "no = after the key (expected key = value)");
    else if (key)
        config_key_set(key, "", NULL, &why);
    else
        config_key_unknown(where_of(section), name, &why);
    add_parse_fault(p, section, name, why.text);
}

static void on_error(cfg_t *section, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);
static void on_error(cfg_t *section, const char *fmt, va_list ap)
{
    static const struct {
        const char *start, *expected;
    } hints[] = {
        { "unexpected token",
          "key = value, a section or }; a value with , or a space goes in quotes" },
        { "found duplicate title", "each name once" },
        { "missing title", "a name, e.g. connection NAME {" },
    };
    const char *expected = "key = value or NAME {";
    char text[160], line[280];

    if (current->again)
        return;
    if ((unsigned)section->line > current->n_lines) { /* at the end mark */
        section->line = (int)current->n_lines;
        add_parse_fault(current, section, "", AT_END);
        return;
    }
    if (strcmp(fmt, "no such option '%s'") == 0) {
        unknown_name(current, section, va_arg(ap, const char *));
        return;
    }
    if (strcmp(fmt, "missing equal sign after option '%s'") == 0) {
        missing_equal(current, section, va_arg(ap, const char *));
        return;
    }
    vsnprintf(text, sizeof text, fmt, ap);
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++)
        if (strncmp(text, hints[i].start, strlen(hints[i].start)) == 0)
            expected = hints[i].expected;
    snprintf(line, sizeof line, "%s (expected %s)", text, expected);
    add_parse_fault(current, section, "", line);
}

/* The schema, from the key table */

static cfg_opt_t string_opt(const char *name)
{
    cfg_opt_t opt = CFG_STR_CB(name, NULL, CFGF_NODEFAULT, note_value);

    return opt;
}

static size_t key_opts(const struct parse *p, enum config_where where, cfg_opt_t opts[OPTS_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < config_num_keys; i++)
        if (config_keys[i].where == where)
            opts[n++] = string_opt(config_keys[i].name);
    for (size_t i = 0; i < p->n_unknown; i++)
        if (p->unknown[i].where == where)
            opts[n++] = string_opt(p->unknown[i].name);
    opts[n] = (cfg_opt_t)CFG_END();
    return n;
}

static void add_section(cfg_opt_t *opts, size_t *n, const char *name, cfg_opt_t *subopts,
                        cfg_flag_t flags)
{
    /* MULTI also where one is allowed: libconfuse would let a second one
     * replace the first in silence. */
    cfg_opt_t opt = CFG_SEC(name, subopts, CFGF_MULTI | flags);

    opts[(*n)++] = opt;
    opts[*n] = (cfg_opt_t)CFG_END();
}

struct schema {
    cfg_opt_t root[OPTS_MAX], conn[OPTS_MAX], local[OPTS_MAX], remote[OPTS_MAX], child[OPTS_MAX],
        secret[OPTS_MAX], daemon[OPTS_MAX];
};

static void schema_fill(const struct parse *p, struct schema *s)
{
    const cfg_flag_t titled = CFGF_TITLE | CFGF_NO_TITLE_DUPES;
    size_t n;

    key_opts(p, CONFIG_LOCAL, s->local);
    key_opts(p, CONFIG_REMOTE, s->remote);
    key_opts(p, CONFIG_CHILD, s->child);
    key_opts(p, CONFIG_SECRET, s->secret);
    key_opts(p, CONFIG_DAEMON, s->daemon);
    n = key_opts(p, CONFIG_CONN, s->conn);
    add_section(s->conn, &n, "local", s->local, 0);
    add_section(s->conn, &n, "remote", s->remote, 0);
    add_section(s->conn, &n, "child", s->child, titled);
    n = key_opts(p, CONFIG_ROOT, s->root);
    s->root[n++] = string_opt(END_MARK);
    add_section(s->root, &n, "connection", s->conn, titled);
    add_section(s->root, &n, "secret", s->secret, titled);
    add_section(s->root, &n, "daemon", s->daemon, 0);
}

/* From notes to structs */

/* The line of the key that a whole-connection error names, else of its end. */
static unsigned line_of_named_key(const struct parse *p, cfg_t *conn, const char *text,
                                  const char **ret_key)
{
    for (size_t i = 0; i < p->n_notes; i++) {
        const struct note *note = &p->notes[i];
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

static void set_notes(struct parse *p, struct config_target *target, const cfg_t *section,
                      const char *name)
{
    for (size_t i = 0; i < p->n_notes; i++) {
        const struct note *note = &p->notes[i];
        struct err why;

        if (note->section == section && config_set(target, name, note->key, note->value, &why))
            add_fault(p, note->line, note->key, why.text);
    }
}

static void set_round(struct parse *p, struct config_target *target, cfg_t *conn, const char *name)
{
    char text[120];

    if (cfg_size(conn, name) > 1) {
        snprintf(text, sizeof text, "connection %s: section %s given twice (expected once)",
                 conn->title, name);
        add_fault(p, (unsigned)cfg_getnsec(conn, name, 1)->line, "", text);
    }
    if (cfg_size(conn, name) > 0)
        set_notes(p, target, cfg_getnsec(conn, name, 0), name);
}

static void set_conn(struct parse *p, cfg_t *conn)
{
    struct config_target target = { 0 };
    struct err why;

    if (config_conn_begin(&target, conn->title, &why)) {
        add_fault(p, (unsigned)conn->line, "", why.text);
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
            add_fault(p, (unsigned)child->line, "", why.text);
        else
            set_notes(p, &target, child, name);
    }
    if (p->faults->n == 0 &&
        config_conn_end(&target, &p->config->conns[p->config->n_conns], &why)) {
        const char *key;
        unsigned line = line_of_named_key(p, conn, why.text, &key);

        add_fault(p, line, key, why.text);
    } else if (p->faults->n == 0) {
        p->config->n_conns++;
    }
    config_conn_drop(&target);
}

static int set_note(enum config_where where, const struct note *note, void *base, struct err *err)
{
    const struct config_key *key = config_key_find(where, note->key);

    return key ? config_key_set(key, note->value, base, err)
               : config_key_unknown(where, note->key, err);
}

/* Sections that have no target of their own: secret and daemon. */
static void set_plain(struct parse *p, const cfg_t *section, enum config_where where, void *base)
{
    char place[IKE_NAME_LEN + 16], text[ERR_TEXT_LEN + 100];

    snprintf(place, sizeof place, "%s%s%.47s", section->name, section->title ? " " : "",
             section->title ? section->title : "");
    for (size_t i = 0; i < p->n_notes; i++) {
        struct note *note = &p->notes[i];
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
            add_fault(p, note->line, note->key, text);
        }
    }
}

static void set_secret(struct parse *p, cfg_t *section)
{
    struct config_secret *secret = &p->config->secrets[p->config->n_secrets];
    size_t before = p->faults->n;
    char text[ERR_TEXT_LEN];
    struct err why;

    if (ike_name_check(section->title, &why)) {
        snprintf(text, sizeof text, "secret: %.100s (expected a name)", why.text);
        add_fault(p, (unsigned)section->line, "", text);
        return;
    }
    strcpy(secret->name, section->title);
    set_plain(p, section, CONFIG_SECRET, secret);
    if (p->faults->n != before)
        return;
    if (!secret->file[0] || !secret->n_ids) {
        const char *key = secret->file[0] ? "id" : "file";

        snprintf(text, sizeof text, "secret %s, key %s: missing (expected %s)", secret->name, key,
                 secret->file[0] ? "id = the identities that share it" : "file = PATH");
        add_fault(p, (unsigned)section->line, key, text);
        return;
    }
    p->config->n_secrets++;
}

/* Keys at the top level: all of them are names that belong elsewhere. */
static void set_root(struct parse *p, cfg_t *root)
{
    char text[ERR_TEXT_LEN + 60];

    for (size_t i = 0; i < p->n_notes; i++) {
        const struct note *note = &p->notes[i];
        struct err why;

        if (note->section != root)
            continue;
        if (set_note(CONFIG_ROOT, note, NULL, &why)) {
            snprintf(text, sizeof text, "key %s: %s", note->key, why.text);
            add_fault(p, note->line, note->key, text);
        }
    }
}

static bool count_ok(struct parse *p, cfg_t *root, const char *name, unsigned max)
{
    char text[100];

    if (cfg_size(root, name) <= max)
        return true;
    snprintf(text, sizeof text, "more than %u sections %s (expected at most %u)", max, name, max);
    add_fault(p, (unsigned)cfg_getnsec(root, name, max)->line, "", text);
    return false;
}

static void set_all(struct parse *p, cfg_t *root)
{
    struct ike_config *config = p->config;
    unsigned n_conns = cfg_size(root, "connection"), n_secrets = cfg_size(root, "secret");

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

/* Passes */

static void drop_notes(struct parse *p)
{
    for (size_t i = 0; i < p->n_notes; i++)
        mem_free(p->notes[i].value);
    p->n_notes = 0;
}

/* One pass over the text.  The faults of values are added even if the syntax
 * is broken further down. */
static void pass(struct parse *p, struct schema *schema, const char *text)
{
    cfg_t *root;
    int rc;

    p->again = p->closed = false;
    drop_notes(p);
    schema_fill(p, schema);
    root = cfg_init(schema->root, CFGF_NONE);
    if (!root) {
        p->code = ERR_NOMEM;
        return;
    }
    cfg_set_error_function(root, on_error);
    rc = cfg_parse_buf(root, text);
    if (rc == CFG_SUCCESS && !p->closed)
        add_fault(p, p->n_lines, "", AT_END);
    else if (rc != CFG_SUCCESS && p->faults->n == 0 && !p->code && !p->again)
        add_fault(p, (unsigned)root->line, "", "syntax error (expected key = value or NAME {)");
    if (!p->again && !p->code) {
        p->config = mem_zalloc(sizeof *p->config);
        if (p->config) {
            config_daemon_init(&p->config->daemon);
            set_all(p, root);
        } else {
            p->code = ERR_NOMEM;
        }
    }
    cfg_free(root);
}

/* What the lexer would swallow or expand without a word. */
static int check_bytes(struct parse *p, struct span text)
{
    unsigned line = 1;
    bool comment = false;

    p->n_lines = 1;
    if (text.len > CONFIG_FILE_MAX) {
        add_fault(p, 1, "", "the file is longer than 1 MiB (expected at most that)");
        return ERR_INVALID;
    }
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.p[i];
        char what[80];

        if (c == '\n') {
            line++;
            comment = false;
        } else if (c == '#') {
            comment = true;
        } else if ((c < 0x20 && c != '\t' && c != '\r') || c == 0x7f) {
            snprintf(what, sizeof what, "byte 0x%02x (expected text)", c);
            add_fault(p, line, "", what);
            return ERR_INVALID;
        } else if (c == '$' && i + 1 < text.len && text.p[i + 1] == '{' && !comment) {
            add_fault(p, line, "", "${...}: environment variables are not read (expected a value)");
            return ERR_INVALID;
        }
    }
    p->n_lines = text.len && text.p[text.len - 1] == '\n' ? line - 1 : line;
    return 0;
}

static int run(struct parse *p, struct schema *schema, struct span text)
{
    char *copy;

    if (check_bytes(p, text))
        return ERR_INVALID;
    copy = mem_zalloc(text.len + sizeof END_TEXT);
    if (!copy)
        return ERR_NOMEM;
    if (text.len)
        memcpy(copy, text.p, text.len);
    memcpy(copy + text.len, END_TEXT, sizeof END_TEXT);
    current = p;
    do
        pass(p, schema, copy);
    while (p->again && !p->code);
    current = NULL;
    mem_free(copy);
    if (p->code)
        return p->code;
    return p->faults->n ? ERR_INVALID : 0;
}

int config_parse(const char *file, struct span text, struct ike_config **ret,
                 struct config_faults *faults)
{
    struct parse p = { .file = file, .faults = faults };
    struct schema *schema = mem_zalloc(sizeof *schema);
    int rc;

    memset(faults, 0, sizeof *faults);
    rc = schema ? run(&p, schema, text) : ERR_NOMEM;
    if (rc == ERR_NOMEM)
        add_fault(&p, 0, "", "no memory");
    if (rc) {
        config_free(p.config);
    } else {
        *ret = p.config;
    }
    drop_notes(&p);
    mem_free(p.notes);
    for (size_t i = 0; i < p.n_unknown; i++)
        mem_free(p.unknown[i].name);
    mem_free(schema);
    return rc;
}
