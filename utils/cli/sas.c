/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/cli/sas.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "utils/cli/fields.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static const struct field ike_fields[] = {
    { "uniqueid", "id", FIELD_NUMBER },
    { "version", "version", FIELD_NUMBER },
    { "state", "state", FIELD_TEXT },
    { "local-host", "local_address", FIELD_TEXT },
    { "local-port", "local_port", FIELD_NUMBER },
    { "local-id", "local_id", FIELD_TEXT },
    { "remote-host", "remote_address", FIELD_TEXT },
    { "remote-port", "remote_port", FIELD_NUMBER },
    { "remote-id", "remote_id", FIELD_TEXT },
    { "initiator", "initiator", FIELD_BOOL },
    { "initiator-spi", "initiator_spi", FIELD_TEXT },
    { "responder-spi", "responder_spi", FIELD_TEXT },
    { "nat-local", "nat_local", FIELD_BOOL },
    { "nat-remote", "nat_remote", FIELD_BOOL },
    { "nat-fake", "nat_fake", FIELD_BOOL },
    { "encr-alg", "encryption", FIELD_TEXT },
    { "encr-keysize", "encryption_bits", FIELD_NUMBER },
    { "integ-alg", "integrity", FIELD_TEXT },
    { "prf-alg", "prf", FIELD_TEXT },
    { "dh-group", "key_exchange", FIELD_TEXT },
    { "established", "age_s", FIELD_NUMBER },
    { "rekey-time", "rekey_in_s", FIELD_NUMBER },
    { "retransmits", "retransmits", FIELD_NUMBER },
};

static const struct field child_fields[] = {
    { "uniqueid", "id", FIELD_NUMBER },
    { "name", "name", FIELD_TEXT },
    { "state", "state", FIELD_TEXT },
    { "mode", "mode", FIELD_TEXT },
    { "protocol", "protocol", FIELD_TEXT },
    { "encap", "udp_encapsulation", FIELD_BOOL },
    { "encr-alg", "encryption", FIELD_TEXT },
    { "encr-keysize", "encryption_bits", FIELD_NUMBER },
    { "esn", "esn", FIELD_BOOL },
    { "install-time", "age_s", FIELD_NUMBER },
    { "rekey-time", "rekey_in_s", FIELD_NUMBER },
    { "life-time", "expires_in_s", FIELD_NUMBER },
    { "local-ts", "local_ts", FIELD_TEXTS },
    { "remote-ts", "remote_ts", FIELD_TEXTS },
};

static const struct field in_fields[] = {
    { "spi-in", "spi", FIELD_TEXT },           { "bytes-in", "bytes", FIELD_NUMBER },
    { "packets-in", "packets", FIELD_NUMBER }, { "use-in", "idle_s", FIELD_NUMBER },
    { "drops-in", "drops", FIELD_COUNTS },     { "seq-in", "sequence", FIELD_NUMBER },
};
static const struct field out_fields[] = {
    { "spi-out", "spi", FIELD_TEXT },
    { "bytes-out", "bytes", FIELD_NUMBER },
    { "packets-out", "packets", FIELD_NUMBER },
    { "use-out", "idle_s", FIELD_NUMBER },
    { "drops-out", "drops", FIELD_COUNTS },
    { "seq-out", "sequence", FIELD_NUMBER },
    { "seq-used-percent", "sequence_used_percent", FIELD_REAL },
};

static const struct field place_fields[] = {
    { "device", "device", FIELD_TEXT }, { "level", "level", FIELD_TEXT },
    { "engine", "engine", FIELD_TEXT }, { "reason", "why", FIELD_TEXT },
    { "text", "why_text", FIELD_TEXT },
};
static const struct field passed_fields[] = {
    { "device", "device", FIELD_TEXT },
    { "level", "level", FIELD_TEXT },
    { "reason", "why", FIELD_TEXT },
    { "text", "why_text", FIELD_TEXT },
};

static struct span section(struct span message, const char *name)
{
    struct span s = { 0 };

    if (!vici_find(message, VICI_SECTION, name, &s))
        return span_of(NULL, 0);
    return s;
}

static json_t *passed_json(struct span child)
{
    json_t *array = json_array();
    struct vici_reader r;
    struct vici_entry entry;

    vici_reader_init(&r, section(section(child, "placement"), "passed"));
    while (vici_next_entry(&r, &entry, NULL) > 0) {
        json_t *place = json_object();

        fields_add(place, entry.body, passed_fields, N(passed_fields));
        json_array_append_new(array, place);
    }
    return array;
}

static void add_direction(json_t *object, struct span child, bool in)
{
    struct span place = section(section(child, "placement"), in ? "in" : "out");

    json_object_set_new(object, "direction", json_string(in ? "in" : "out"));
    if (in)
        fields_add(object, child, in_fields, N(in_fields));
    else
        fields_add(object, child, out_fields, N(out_fields));
    fields_add(object, place, place_fields, N(place_fields));
}

static void add_placement(json_t *object, struct span child)
{
    static const struct field requested = { "requested", "requested", FIELD_TEXT };

    fields_add(object, section(child, "placement"), &requested, 1);
    json_object_set_new(object, "passed_over", passed_json(child));
}

json_t *sas_flat_json(struct span child, bool in)
{
    json_t *object = json_object();

    fields_add(object, child, child_fields, N(child_fields));
    add_direction(object, child, in);
    if (in)
        json_object_set_new(object, "sequence_used_percent", json_null());
    add_placement(object, child);
    return object;
}

json_t *sas_child_json(struct span child)
{
    json_t *object = json_object(), *in = json_object(), *out = json_object();

    fields_add(object, child, child_fields, N(child_fields));
    add_placement(object, child);
    add_direction(in, child, true);
    add_direction(out, child, false);
    json_object_set_new(object, "in", in);
    json_object_set_new(object, "out", out);
    return object;
}

json_t *sas_ike_json(const char *conn, struct span ike)
{
    json_t *object = json_object(), *children = json_array();
    struct vici_reader r;
    struct vici_entry entry;

    json_object_set_new(object, "connection", out_json_text(span_of(conn, strlen(conn))));
    fields_add(object, ike, ike_fields, N(ike_fields));
    vici_reader_init(&r, section(ike, "child-sas"));
    while (vici_next_entry(&r, &entry, NULL) > 0)
        if (entry.kind == VICI_SECTION)
            json_array_append_new(children, sas_child_json(entry.body));
    json_object_set_new(object, "child_sas", children);
    return object;
}

/* Words */

static void append(char *buf, size_t cap, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void append(char *buf, size_t cap, const char *fmt, ...)
{
    size_t len = strlen(buf);
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(buf + len, cap - len, fmt, ap);
    va_end(ap);
}

static void append_place(struct span place, char *buf, size_t cap)
{
    char device[64], level[32];

    vici_find_text(place, "device", device, sizeof device);
    vici_find_text(place, "level", level, sizeof level);
    append(buf, cap, "%s%s%s%s", device[0] ? device : "?", level[0] ? " (" : "", level,
           level[0] ? ")" : "");
}

const char *sas_where(struct span child, char *buf, size_t cap)
{
    struct span placement = section(child, "placement");
    struct span in = section(placement, "in"), out = section(placement, "out");
    char a[120] = "", b[120] = "";

    append_place(in, a, sizeof a);
    append_place(out, b, sizeof b);
    if (strcmp(a, b) == 0)
        snprintf(buf, cap, "%s", a);
    else
        snprintf(buf, cap, "in %s, out %s", a, b);
    return buf;
}

const char *sas_why(struct span child, char *buf, size_t cap)
{
    struct span placement = section(child, "placement");
    char device[64], reason[64], text[160];
    struct vici_reader r;
    struct vici_entry entry;

    buf[0] = '\0';
    vici_find_text(section(placement, "out"), "reason", reason, sizeof reason);
    vici_find_text(section(placement, "out"), "text", text, sizeof text);
    append(buf, cap, "%s%s%s", reason[0] ? reason : "?", text[0] ? ": " : "", text);
    vici_reader_init(&r, section(placement, "passed"));
    while (vici_next_entry(&r, &entry, NULL) > 0) {
        vici_find_text(entry.body, "device", device, sizeof device);
        vici_find_text(entry.body, "reason", reason, sizeof reason);
        vici_find_text(entry.body, "text", text, sizeof text);
        append(buf, cap, "; not %s: %s%s%s%s", device, reason, text[0] ? " (" : "", text,
               text[0] ? ")" : "");
    }
    return buf;
}

static void append_drops(struct span drops, const char *direction, char *buf, size_t cap)
{
    struct vici_reader r;
    struct vici_entry entry;
    char name[64], count[24];

    vici_reader_init(&r, drops);
    while (vici_next_entry(&r, &entry, NULL) > 0) {
        if (entry.kind != VICI_VALUE || vici_span_is(entry.body, "0"))
            continue;
        append(buf, cap, "%s%s %s %s", buf[0] ? ", " : "", direction,
               vici_span_text(entry.name, name, sizeof name),
               vici_span_text(entry.body, count, sizeof count));
    }
}

const char *sas_drops(struct span child, char *buf, size_t cap)
{
    buf[0] = '\0';
    append_drops(section(child, "drops-in"), "in", buf, cap);
    append_drops(section(child, "drops-out"), "out", buf, cap);
    if (!buf[0])
        snprintf(buf, cap, "0");
    return buf;
}

const char *sas_algorithm(struct span child, char *buf, size_t cap)
{
    char alg[64], bits[16], integ[64];

    vici_find_text(child, "encr-alg", alg, sizeof alg);
    vici_find_text(child, "encr-keysize", bits, sizeof bits);
    vici_find_text(child, "integ-alg", integ, sizeof integ);
    snprintf(buf, cap, "%s%s%s%s%s", alg[0] ? alg : "-", bits[0] ? "-" : "", bits,
             integ[0] ? "/" : "", integ);
    return buf;
}

bool sas_child_is_up(struct span child)
{
    static const char *const carrying[] = { "INSTALLED", "REKEYING", "UPDATING" };
    char state[32];

    vici_find_text(child, "state", state, sizeof state);
    for (size_t i = 0; i < N(carrying); i++)
        if (strcmp(state, carrying[i]) == 0)
            return true;
    return false;
}
