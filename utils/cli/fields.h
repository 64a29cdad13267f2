/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fields: tables that turn a section of a VICI message into a JSON object with
 * stable keys: every key of a table is always there, null if the daemon did
 * not say.
 */
#ifndef UTILS_CLI_FIELDS_H
#define UTILS_CLI_FIELDS_H

#include "ike/vici/vici_msg.h"
#include "utils/cli/output.h"

enum field_type {
    FIELD_TEXT,
    FIELD_NUMBER, /* decimal integer */
    FIELD_REAL,
    FIELD_BOOL,   /* yes or 1; false if absent: VICI leaves a no out */
    FIELD_TEXTS,  /* a list; [] if absent */
    FIELD_COUNTS, /* a section of numbers under names; {} if absent */
};

struct field {
    const char *vici, *json;
    enum field_type type;
};

/* Adds the fields of `section` to `object`. */
void fields_add(json_t *object, struct span section, const struct field *fields, size_t n);
/* The value of one field; json null if absent. */
json_t *field_value(struct span section, const struct field *field);

#endif
