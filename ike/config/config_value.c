/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_value: parsers of configuration values.  Each takes the text of one
 * value, checks it against the row of the key table and writes the field; an
 * error says what the value is not and what was expected.
 */
#include "ike/config/config_keys.h"

#include <stdio.h>
#include <string.h>

#include "utils/base/ip.h"

#define LIST_TEXT_LEN 128 /* one element of a comma-separated list */

static void *field(const struct config_key *key, void *base)
{
    return (char *)base + key->offset;
}

/* Reads digits at *p; false if there are none or they exceed 64 bits. */
static bool read_digits(const char **p, uint64_t *ret)
{
    const char *start = *p;
    uint64_t v = 0;

    for (; **p >= '0' && **p <= '9'; (*p)++) {
        unsigned digit = (unsigned)(**p - '0');

        if (v > (UINT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *ret = v;
    return *p != start;
}

/* A number followed by at most one unit of `units`, whose factors are given. */
static bool read_scaled(const char *value, const char *units, const uint64_t *factors,
                        uint64_t *ret)
{
    uint64_t v, factor = factors[0];
    const char *unit;

    if (!read_digits(&value, &v))
        return false;
    if (*value) {
        unit = strchr(units, *value);
        if (!unit || value[1])
            return false;
        factor = factors[unit - units];
    }
    if (v > UINT64_MAX / factor)
        return false;
    *ret = v * factor;
    return true;
}

/* "4h", "90s", "1500ms": the largest unit that divides it. */
static const char *time_text(uint64_t ns, char buf[32])
{
    static const struct {
        uint64_t ns;
        char unit;
    } units[] = { { 86400 * NS_PER_S, 'd' }, { 3600 * NS_PER_S, 'h' }, { 60 * NS_PER_S, 'm' } };

    for (size_t i = 0; i < 3; i++)
        if (ns && ns % units[i].ns == 0) {
            snprintf(buf, 32, "%llu%c", (unsigned long long)(ns / units[i].ns), units[i].unit);
            return buf;
        }
    snprintf(buf, 32, "%llus", (unsigned long long)(ns / NS_PER_S));
    return buf;
}

int config_set_time(const struct config_key *key, const char *value, void *base, struct err *err)
{
    static const uint64_t factors[] = { NS_PER_S, 60 * NS_PER_S, 3600 * NS_PER_S,
                                        86400 * NS_PER_S };
    char min[32], max[32];
    uint64_t ns;

    if (!read_scaled(value, "smhd", factors, &ns))
        return err_set(err, ERR_INVALID, "\"%.40s\" is not a time (expected e.g. 30s, 10m, 4h)",
                       value);
    if (ns < key->min || ns > key->max)
        return err_set(err, ERR_INVALID, "%.40s is out of range (expected %s to %s)", value,
                       time_text(key->min, min), time_text(key->max, max));
    *(ns_time *)field(key, base) = ns;
    return 0;
}

int config_set_bytes(const struct config_key *key, const char *value, void *base, struct err *err)
{
    static const uint64_t factors[] = { 1, 1ull << 10, 1ull << 20, 1ull << 30 };
    uint64_t v;

    if (!read_scaled(value, "bkmg", factors, &v))
        return err_set(err, ERR_INVALID,
                       "\"%.40s\" is not a number of bytes (expected e.g. 500m, 64g, 1000000)",
                       value);
    *(uint64_t *)field(key, base) = v;
    return 0;
}

static int read_number(const struct config_key *key, const char *value, uint64_t *ret,
                       struct err *err)
{
    const char *p = value;
    uint64_t v;

    if (!read_digits(&p, &v) || *p)
        return err_set(err, ERR_INVALID, "\"%.40s\" is not a number (expected %llu to %llu)", value,
                       (unsigned long long)key->min, (unsigned long long)key->max);
    if (v < key->min || v > key->max)
        return err_set(err, ERR_INVALID, "%.40s is out of range (expected %llu to %llu)", value,
                       (unsigned long long)key->min, (unsigned long long)key->max);
    *ret = v;
    return 0;
}

int config_set_count(const struct config_key *key, const char *value, void *base, struct err *err)
{
    return read_number(key, value, field(key, base), err);
}

int config_set_u32(const struct config_key *key, const char *value, void *base, struct err *err)
{
    uint64_t v;
    int rc = read_number(key, value, &v, err);

    if (!rc)
        *(uint32_t *)field(key, base) = (uint32_t)v;
    return rc;
}

int config_set_u16(const struct config_key *key, const char *value, void *base, struct err *err)
{
    uint64_t v;
    int rc = read_number(key, value, &v, err);

    if (!rc)
        *(uint16_t *)field(key, base) = (uint16_t)v;
    return rc;
}

int config_set_bool(const struct config_key *key, const char *value, void *base, struct err *err)
{
    static const char *const yes[] = { "yes", "true", "on", "enabled", "1" };
    static const char *const no[] = { "no", "false", "off", "disabled", "0" };

    for (size_t i = 0; i < 5; i++)
        if (strcmp(value, yes[i]) == 0 || strcmp(value, no[i]) == 0) {
            *(bool *)field(key, base) = strcmp(value, yes[i]) == 0;
            return 0;
        }
    return err_set(err, ERR_INVALID, "\"%.40s\" is neither yes nor no (expected yes or no)", value);
}

int config_set_word(const struct config_key *key, const char *value, void *base, struct err *err)
{
    char known[100] = "";
    size_t len = 0;

    for (const struct config_word *w = key->words; w->word; w++) {
        if (w->value != CONFIG_LACKING)
            len +=
                (size_t)snprintf(known + len, sizeof known - len, "%s%s", len ? ", " : "", w->word);
    }
    for (const struct config_word *w = key->words; w->word; w++) {
        if (strcmp(w->word, value) != 0)
            continue;
        if (w->value == CONFIG_LACKING)
            return err_set(err, ERR_UNSUPPORTED,
                           "\"%s\" is not supported in this version (expected %s)", value, known);
        *(int *)field(key, base) = w->value; /* all these fields are enums */
        return 0;
    }
    return err_set(err, ERR_INVALID, "\"%.40s\" is unknown (expected %s)", value, known);
}

int config_set_fixed(const struct config_key *key, const char *value, void *base, struct err *err)
{
    (void)base;
    if (strcmp(value, key->accept) == 0)
        return 0;
    return err_set(err, ERR_UNSUPPORTED, "\"%.40s\" is not supported in this version (expected %s)",
                   value, key->accept);
}

/* A path; key->min 1: a device, whose path may stand after a colon. */
int config_set_path(const struct config_key *key, const char *value, void *base, struct err *err)
{
    const char *colon = key->min ? strchr(value, ':') : NULL;
    const char *path = key->min ? (colon ? colon + 1 : NULL) : value;

    if (!value[0] || (path && path[0] != '/'))
        return err_set(err, ERR_INVALID, "\"%.40s\" is not %s", value,
                       key->min ? "a device (expected e.g. soft or soft:/run/dp.sock)"
                                : "an absolute path (expected e.g. /etc/ipsec-offload/psk)");
    if (strlen(value) >= CONFIG_PATH_LEN)
        return err_set(err, ERR_INVALID, "\"%.40s...\" has %zu bytes (expected at most %d)", value,
                       strlen(value), CONFIG_PATH_LEN - 1);
    memcpy(field(key, base), value, strlen(value) + 1);
    return 0;
}

/*
 * Comma-separated lists.  *p steps over one element, whose text without white
 * space around it is written to `item`.
 */
static int next_item(const struct config_key *key, const char **p, char item[LIST_TEXT_LEN],
                     struct err *err)
{
    const char *end = strchrnul(*p, ','), *start = *p;
    const char *last = end;

    while (start < end && (*start == ' ' || *start == '\t' || *start == '\n'))
        start++;
    while (last > start && (last[-1] == ' ' || last[-1] == '\t' || last[-1] == '\n'))
        last--;
    if (last == start)
        return err_set(err, ERR_INVALID, "empty element in a list (expected %s)", key->unit);
    if (last - start >= LIST_TEXT_LEN)
        return err_set(err, ERR_INVALID, "\"%.40s...\" is too long (expected at most %d bytes)",
                       start, LIST_TEXT_LEN - 1);
    memcpy(item, start, (size_t)(last - start));
    item[last - start] = '\0';
    *p = *end ? end + 1 : NULL;
    return 0;
}

/* Calls `one` for each element, with its index. */
static int each_item(const struct config_key *key, const char *value,
                     int (*one)(void *out, uint8_t i, const char *item, struct err *err), void *out,
                     uint8_t *ret_n, struct err *err)
{
    const char *p = value;
    uint8_t n = 0;

    while (p) {
        char item[LIST_TEXT_LEN];
        int rc = next_item(key, &p, item, err);

        if (rc)
            return rc;
        if (n == key->max)
            return err_set(err, ERR_FULL, "more than %llu elements (expected at most %llu)",
                           (unsigned long long)key->max, (unsigned long long)key->max);
        rc = one(out, n++, item, err);
        if (rc)
            return rc;
    }
    *ret_n = n;
    return 0;
}

static int read_addr(void *out, uint8_t i, const char *item, struct err *err)
{
    struct ip_addr *addrs = out;

    if (ip_addr_parse(item, &addrs[i]))
        return err_set(err, ERR_INVALID,
                       "\"%.60s\" is not an address (expected e.g. 192.0.2.1 or %%any)", item);
    return 0;
}

int config_set_local_addrs(const struct config_key *key, const char *value, void *base,
                           struct err *err)
{
    struct ike_conn *conn = base;
    struct ip_addr addrs[IKE_ADDRS_MAX];
    uint8_t n = 0;
    int rc = strcmp(value, "%any") ? each_item(key, value, read_addr, addrs, &n, err) : 0;

    if (rc)
        return rc;
    memcpy(conn->local_addrs, addrs, n * sizeof addrs[0]);
    conn->n_local_addrs = n;
    return 0;
}

static int read_range(void *out, uint8_t i, const char *item, struct err *err)
{
    struct ip_range *ranges = out;

    if (ip_range_parse(item, &ranges[i]))
        return err_set(err, ERR_INVALID,
                       "\"%.60s\" is not an address, prefix or range (expected e.g. 192.0.2.1, "
                       "192.0.2.0/24 or %%any)",
                       item);
    return 0;
}

int config_set_remote_addrs(const struct config_key *key, const char *value, void *base,
                            struct err *err)
{
    struct ike_conn *conn = base;
    struct ip_range ranges[IKE_ADDRS_MAX];
    uint8_t n = 0;
    int rc = strcmp(value, "%any") ? each_item(key, value, read_range, ranges, &n, err) : 0;

    if (rc)
        return rc;
    memcpy(conn->remote_addrs, ranges, n * sizeof ranges[0]);
    conn->n_remote_addrs = n;
    return 0;
}

/* ike/types says after a semicolon what it knows: too long for a line here. */
static int first_part(const char *text)
{
    size_t len = strcspn(text, ";");

    return len > 140 ? 140 : (int)len;
}

struct proposals {
    enum ike_protocol proto;
    uint8_t n; /* grows faster than the list: "default" stands for several */
    struct ike_proposal p[IKE_PROPOSALS_MAX];
};

static int read_proposal(void *out, uint8_t i, const char *item, struct err *err)
{
    struct proposals *list = out;
    struct ike_proposal read[IKE_PROPOSALS_MAX] = { 0 };
    size_t n = 1;
    struct err why;
    int rc = 0;

    (void)i;
    if (strcmp(item, "default") == 0)
        n = ike_proposal_defaults(list->proto, read);
    else
        rc = ike_proposal_parse(item, list->proto, &read[0], &why);
    if (rc)
        return err_set(err, rc, "%.*s (expected e.g. %s)", first_part(why.text), why.text,
                       list->proto == IKE_PROTO_IKE ? "aes256gcm16-prfsha384-x25519"
                                                    : "aes256gcm16-x25519");
    if (list->n + n > IKE_PROPOSALS_MAX)
        return err_set(err, ERR_FULL, "more than %d proposals (expected at most %d)",
                       IKE_PROPOSALS_MAX, IKE_PROPOSALS_MAX);
    for (size_t j = 0; j < n; j++) {
        list->p[list->n] = read[j];
        list->n++;
        list->p[list->n - 1].num = list->n;
    }
    return 0;
}

int config_set_ike_proposals(const struct config_key *key, const char *value, void *base,
                             struct err *err)
{
    struct ike_conn *conn = base;
    struct proposals list = { .proto = IKE_PROTO_IKE };
    uint8_t n_items;
    int rc = each_item(key, value, read_proposal, &list, &n_items, err);

    if (rc)
        return rc;
    memcpy(conn->proposals, list.p, sizeof list.p);
    conn->n_proposals = list.n;
    return 0;
}

int config_set_esp_proposals(const struct config_key *key, const char *value, void *base,
                             struct err *err)
{
    struct ike_child_conf *child = base;
    struct proposals list = { .proto = IKE_PROTO_ESP };
    uint8_t n_items;
    int rc = each_item(key, value, read_proposal, &list, &n_items, err);

    if (rc)
        return rc;
    memcpy(child->esp_proposals, list.p, sizeof list.p);
    child->n_esp_proposals = list.n;
    return 0;
}

static int read_ts(void *out, uint8_t i, const char *item, struct err *err)
{
    struct ike_ts *ts = out;
    struct err why;
    int rc = ike_ts_parse(item, &ts[i], &why);

    if (rc)
        return err_set(err, rc, "%.*s (expected e.g. 10.1.0.0/16, 10.1.0.0/16[tcp/443] or dynamic)",
                       first_part(why.text), why.text);
    return 0;
}

int config_set_ts(const struct config_key *key, const char *value, void *base, struct err *err)
{
    struct ike_ts_list list = { 0 };
    int rc = each_item(key, value, read_ts, list.ts, &list.n, err);

    if (rc)
        return rc;
    *(struct ike_ts_list *)field(key, base) = list;
    return 0;
}

static int read_id(const char *item, bool any_allowed, struct ike_id *ret, struct err *err)
{
    struct ike_id id = { 0 };
    struct err why;
    int rc = ike_id_parse(item, &id, &why);

    if (rc)
        return err_set(err, rc, "%.*s (expected e.g. gw.example)", first_part(why.text), why.text);
    if (id.type == 0 && !any_allowed)
        return err_set(err, ERR_INVALID,
                       "%%any is no identity of one party (expected e.g. "
                       "gw.example or 192.0.2.1)");
    *ret = id;
    return 0;
}

int config_set_id(const struct config_key *key, const char *value, void *base, struct err *err)
{
    /* %any: for ourselves the local address, for the peer no expectation. */
    return read_id(value, true, field(key, base), err);
}

static int read_secret_id(void *out, uint8_t i, const char *item, struct err *err)
{
    struct ike_id *ids = out;

    return read_id(item, false, &ids[i], err);
}

int config_set_secret_ids(const struct config_key *key, const char *value, void *base,
                          struct err *err)
{
    struct config_secret *secret = base;
    struct ike_id ids[CONFIG_SECRET_IDS_MAX];
    uint8_t n;
    int rc = each_item(key, value, read_secret_id, ids, &n, err);

    if (rc)
        return rc;
    memcpy(secret->ids, ids, n * sizeof ids[0]);
    secret->n_ids = n;
    return 0;
}
