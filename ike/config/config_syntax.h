/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_syntax: the text of a configuration file as notes: which key has which
 * value on which line of which section.  config_file.c makes structs of them.
 *
 * libconfuse does the syntax.  It knows neither the line of a value after the
 * parse nor how to go on after an unknown name, so:
 *   - each value is noted with its line by a callback during the parse;
 *   - an unknown name ends a pass; it joins the schema of its section and the
 *     file is parsed again, so that it can be reported with its place and the
 *     faults behind it show too.
 * config_keys.c is the schema; nothing here knows a key by name.
 */
#ifndef IKE_CONFIG_CONFIG_SYNTAX_H
#define IKE_CONFIG_CONFIG_SYNTAX_H

#include <confuse.h>

#include "ike/config/config_keys.h"

/* One `key = value` of the file. */
struct config_note {
    const cfg_t *section; /* compared, never followed */
    const char *key;      /* of the schema, outlives the parse */
    char *value;          /* owned */
    unsigned line;
    bool used;
};

struct config_parse {
    const char *file;
    struct config_faults *faults;
    struct config_note *notes;
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

/* Parses `text` and, once the notes are complete, calls `fill` with the root
 * section: also if the syntax is broken further down, so that the faults before
 * it are told.  0, ERR_INVALID (faults tell) or ERR_NOMEM. */
int config_syntax(struct config_parse *p, struct span text,
                  void (*fill)(struct config_parse *p, cfg_t *root)) MUST_CHECK;
void config_syntax_fini(struct config_parse *p);
/* Adds "FILE:line: text", in order of lines, once. */
void config_fault_add(struct config_parse *p, unsigned line, const char *key, const char *text);

#endif
