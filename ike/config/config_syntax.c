/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/config/config_syntax.h"

#include <stdio.h>
#include <string.h>

#include "utils/base/mem.h"

#define OPTS_MAX 80      /* keys, sections, unknown names and the end of one schema */
#define NOTES_MAX 100000 /* values in a file */

/* libconfuse takes a file that ends inside a section for a whole one.  So this
 * key, which no file can hold (check_bytes), is put behind the text: only where
 * all is closed does it stand at the top level. */
#define END_MARK "\x7f"
#define END_TEXT "\n" END_MARK " = end\n"
#define AT_END "the file ends inside a section, value or comment (expected }, \" or */)"

/* libconfuse's callbacks carry no user data; its lexer is global anyway. */
static struct config_parse *current;

/* Faults */

void config_fault_add(struct config_parse *p, unsigned line, const char *key, const char *text)
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
static void add_parse_fault(struct config_parse *p, const cfg_t *section, const char *key,
                            const char *text)
{
    enum config_where where = where_of(section);
    char line[400], place[80] = "";

    if (where != CONFIG_ROOT)
        snprintf(place, sizeof place, "%s%s%.40s%s", section->name, section->title ? " " : "",
                 section->title ? section->title : "", key[0] ? ", " : ": ");
    if (key[0])
        snprintf(line, sizeof line, "%skey %.31s: %s", place, key, text);
    else
        snprintf(line, sizeof line, "%s%s", place, text);
    config_fault_add(p, (unsigned)section->line, key, line);
}

/* libconfuse's callbacks */

/* The name as the table or the list of unknown names has it: both outlive the
 * parse, libconfuse's copy does not. */
static const char *lasting_name(const struct config_parse *p, enum config_where where,
                                const char *name)
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
    struct config_parse *p = current;
    const char *name = lasting_name(p, where_of(section), opt->name);
    struct config_note *note;

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
        struct config_note *notes = mem_zalloc_array(cap, sizeof *notes);

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
    *note =
        (struct config_note){ .section = section, .key = name, .line = (unsigned)section->line };
    note->value = mem_strdup(value ? value : "");
    if (!note->value) {
        p->code = ERR_NOMEM;
        return -1;
    }
    p->n_notes++;
    return 0;
}

/* Ends this pass; the next one knows the name and notes where it stands. */
static void unknown_name(struct config_parse *p, const cfg_t *section, const char *name)
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
static void missing_equal(struct config_parse *p, const cfg_t *section, const char *name)
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

static size_t key_opts(const struct config_parse *p, enum config_where where,
                       cfg_opt_t opts[OPTS_MAX])
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

static void schema_fill(const struct config_parse *p, struct schema *s)
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

/* Passes */

static void drop_notes(struct config_parse *p)
{
    for (size_t i = 0; i < p->n_notes; i++)
        mem_free(p->notes[i].value);
    p->n_notes = 0;
}

/* One pass over the text.  The faults of values are added even if the syntax
 * is broken further down. */
static void pass(struct config_parse *p, struct schema *schema, const char *text,
                 void (*fill)(struct config_parse *p, cfg_t *root))
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
        config_fault_add(p, p->n_lines, "", AT_END);
    else if (rc != CFG_SUCCESS && p->faults->n == 0 && !p->code && !p->again)
        config_fault_add(p, (unsigned)root->line, "",
                         "syntax error (expected key = value or NAME {)");
    if (!p->again && !p->code)
        fill(p, root);
    cfg_free(root);
}

/* What the lexer would swallow or expand without a word. */
static int check_bytes(struct config_parse *p, struct span text)
{
    unsigned line = 1;
    bool comment = false;

    p->n_lines = 1;
    if (text.len > CONFIG_FILE_MAX) {
        config_fault_add(p, 1, "", "the file is longer than 1 MiB (expected at most that)");
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
            config_fault_add(p, line, "", what);
            return ERR_INVALID;
        } else if (c == '$' && i + 1 < text.len && text.p[i + 1] == '{' && !comment) {
            config_fault_add(p, line, "",
                             "${...}: environment variables are not read (expected a value)");
            return ERR_INVALID;
        }
    }
    p->n_lines = text.len && text.p[text.len - 1] == '\n' ? line - 1 : line;
    return 0;
}

int config_syntax(struct config_parse *p, struct span text,
                  void (*fill)(struct config_parse *p, cfg_t *root))
{
    struct schema *schema;
    char *copy;

    if (check_bytes(p, text))
        return ERR_INVALID;
    schema = mem_zalloc(sizeof *schema);
    copy = mem_zalloc(text.len + sizeof END_TEXT);
    if (!copy || !schema) {
        mem_free(schema);
        mem_free(copy);
        return ERR_NOMEM;
    }
    if (text.len)
        memcpy(copy, text.p, text.len);
    memcpy(copy + text.len, END_TEXT, sizeof END_TEXT);
    current = p;
    do
        pass(p, schema, copy, fill);
    while (p->again && !p->code);
    current = NULL;
    mem_free(copy);
    mem_free(schema);
    if (p->code)
        return p->code;
    return p->faults->n ? ERR_INVALID : 0;
}

void config_syntax_fini(struct config_parse *p)
{
    drop_notes(p);
    mem_free(p->notes);
    for (size_t i = 0; i < p->n_unknown; i++)
        mem_free(p->unknown[i].name);
}
