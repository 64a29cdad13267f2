/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/cli/fields.h"

#include <stdlib.h>

static json_t *number(struct span s)
{
    char text[24], *end;
    long long v;

    if (s.len == 0 || s.len >= sizeof text)
        return json_null();
    vici_span_text(s, text, sizeof text);
    v = strtoll(text, &end, 10);
    return *end ? json_null() : json_integer(v);
}

static json_t *real(struct span s)
{
    char text[40], *end;
    double v;

    if (s.len == 0 || s.len >= sizeof text)
        return json_null();
    vici_span_text(s, text, sizeof text);
    v = strtod(text, &end);
    return *end ? json_null() : json_real(v);
}

static json_t *texts(struct span list)
{
    json_t *array = json_array();
    struct vici_reader r;
    struct span value;

    vici_reader_init_list(&r, list);
    while (vici_next_value(&r, &value, NULL) > 0)
        json_array_append_new(array, out_json_text(value));
    return array;
}

/* json_object_set_new() for a name that is not a C string. */
static void set_named(json_t *object, struct span name, json_t *value)
{
    char text[VICI_NAME_MAX + 1];

    vici_span_text(name, text, sizeof text);
    for (char *c = text; *c; c++)
        if (*c & 0x80)
            *c = '?';
    json_object_set_new(object, text, value);
}

static json_t *counts(struct span section)
{
    json_t *object = json_object();
    struct vici_reader r;
    struct vici_entry entry;

    vici_reader_init(&r, section);
    while (vici_next_entry(&r, &entry, NULL) > 0)
        if (entry.kind == VICI_VALUE)
            set_named(object, entry.name, number(entry.body));
    return object;
}

json_t *field_value(struct span section, const struct field *field)
{
    enum vici_kind kind = VICI_VALUE;
    struct span s;

    if (field->type == FIELD_TEXTS)
        kind = VICI_LIST;
    if (field->type == FIELD_COUNTS)
        kind = VICI_SECTION;
    if (!vici_find(section, kind, field->vici, &s)) {
        if (field->type == FIELD_TEXTS)
            return json_array();
        if (field->type == FIELD_BOOL)
            return json_false();
        return field->type == FIELD_COUNTS ? json_object() : json_null();
    }
    switch (field->type) {
    case FIELD_TEXT:
        return out_json_text(s);
    case FIELD_NUMBER:
        return number(s);
    case FIELD_REAL:
        return real(s);
    case FIELD_BOOL:
        return json_boolean(vici_span_is(s, "yes") || vici_span_is(s, "1"));
    case FIELD_TEXTS:
        return texts(s);
    case FIELD_COUNTS:
        return counts(s);
    }
    return json_null();
}

void fields_add(json_t *object, struct span section, const struct field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++)
        json_object_set_new(object, fields[i].json, field_value(section, &fields[i]));
}
