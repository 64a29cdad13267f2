/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ts_text: traffic selectors in swanctl's form, "subnet[proto/port]".
 */
#include "ike/types/ts.h"

#include "ike/types/textbuf.h"

#include <netinet/in.h>
#include <string.h>

static const struct {
    const char *name;
    uint8_t proto;
} protos[] = {
    { "icmp", IPPROTO_ICMP },        { "tcp", IPPROTO_TCP },   { "udp", IPPROTO_UDP },
    { "ipv6-icmp", IPPROTO_ICMPV6 }, { "sctp", IPPROTO_SCTP }, { "gre", IPPROTO_GRE },
    { "icmpv6", IPPROTO_ICMPV6 },
};
#define N_PROTOS (sizeof protos / sizeof *protos)

static bool is_icmp(uint8_t proto)
{
    return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

/* Decimal digits up to `max`; *end is what follows. */
static bool parse_number(const char *text, unsigned max, unsigned *ret, const char **end)
{
    unsigned v = 0;
    const char *p = text;

    for (; *p >= '0' && *p <= '9'; p++) {
        v = v * 10 + (unsigned)(*p - '0');
        if (v > max)
            return false;
    }
    if (p == text)
        return false;
    *ret = v;
    *end = p;
    return true;
}

static bool parse_proto(const char *text, uint8_t *ret)
{
    const char *end;
    unsigned v;

    if (!strcmp(text, "any")) {
        *ret = 0;
        return true;
    }
    for (size_t i = 0; i < N_PROTOS; i++)
        if (!strcmp(protos[i].name, text)) {
            *ret = protos[i].proto;
            return true;
        }
    if (!parse_number(text, 255, &v, &end) || *end)
        return false;
    *ret = (uint8_t)v;
    return true;
}

/* "8" or "8(0)": type and code share the port field (RFC 4301 section 4.4.1.1). */
static bool parse_icmp(const char *text, struct ike_ts *ts)
{
    unsigned type, code;
    const char *end;

    if (!parse_number(text, 255, &type, &end))
        return false;
    ts->port_lo = (uint16_t)(type << 8);
    ts->port_hi = (uint16_t)(type << 8 | 255);
    if (!*end)
        return true;
    if (*end != '(' || !parse_number(end + 1, 255, &code, &end) || strcmp(end, ")"))
        return false;
    ts->port_lo = ts->port_hi = (uint16_t)(type << 8 | code);
    return true;
}

static bool parse_ports(const char *text, struct ike_ts *ts)
{
    unsigned lo, hi;
    const char *end;

    if (!strcmp(text, "any"))
        return true;
    if (is_icmp(ts->proto))
        return parse_icmp(text, ts);
    if (!parse_number(text, 65535, &lo, &end))
        return false;
    hi = lo;
    if (*end == '-' && !parse_number(end + 1, 65535, &hi, &end))
        return false;
    if (*end || lo > hi)
        return false;
    ts->port_lo = (uint16_t)lo;
    ts->port_hi = (uint16_t)hi;
    return true;
}

/* What stands between the brackets: proto or proto/port. */
static int parse_upper(char *text, const char *whole, struct ike_ts *ts, struct err *err)
{
    char *slash = strchr(text, '/');

    if (slash)
        *slash = '\0';
    if (!parse_proto(text, &ts->proto))
        return err_set(err, ERR_INVALID,
                       "traffic selector '%.100s': protocol '%.40s' is neither any, tcp, udp, "
                       "icmp, ipv6-icmp, sctp, gre nor a number below 256",
                       whole, text);
    if (slash && !parse_ports(slash + 1, ts))
        return err_set(err, ERR_INVALID,
                       "traffic selector '%.100s': '%.40s' is neither any, a port nor lo-hi "
                       "(ICMP: type or type(code))",
                       whole, slash + 1);
    /* RFC 7296 section 3.13.1: without a protocol there are no ports. */
    if (!ts->proto && (ts->port_lo != 0 || ts->port_hi != 65535))
        return err_set(err, ERR_INVALID, "traffic selector '%.100s': ports need a protocol", whole);
    return 0;
}

int ike_ts_parse(const char *text, struct ike_ts *ret, struct err *err)
{
    struct ike_ts ts = { .port_lo = 0, .port_hi = 65535 };
    char copy[IKE_TS_TEXT_LEN];
    char *bracket;
    size_t len = strlen(text);
    int rc;

    if (len >= sizeof copy)
        return err_set(err, ERR_INVALID, "traffic selector: %zu characters, at most %d", len,
                       IKE_TS_TEXT_LEN - 1);
    memcpy(copy, text, len + 1);
    if ((bracket = strchr(copy, '['))) {
        if (copy[len - 1] != ']')
            return err_set(err, ERR_INVALID, "traffic selector '%.100s': ']' is missing at the end",
                           text);
        copy[len - 1] = '\0';
        *bracket = '\0';
        if ((rc = parse_upper(bracket + 1, text, &ts, err)))
            return rc;
    }
    if (strcmp(copy, "dynamic") && ip_range_parse(copy, &ts.range))
        return err_set(err, ERR_INVALID,
                       "traffic selector '%.100s': '%.60s' is neither dynamic, an address, a "
                       "prefix without host bits nor lo-hi",
                       text, copy);
    *ret = ts;
    return 0;
}

static void add_ports(struct textbuf *tb, const struct ike_ts *ts)
{
    if (ts->port_lo == 0 && ts->port_hi == 65535)
        return;
    if (ts->port_lo == 65535 && ts->port_hi == 0)
        textbuf_add(tb, "/opaque");
    else if (is_icmp(ts->proto) && ts->port_lo == ts->port_hi)
        textbuf_add(tb, "/%u(%u)", ts->port_lo >> 8, ts->port_lo & 255u);
    else if (is_icmp(ts->proto) && !(ts->port_lo & 255) && ts->port_hi == (ts->port_lo | 255))
        textbuf_add(tb, "/%u", ts->port_lo >> 8);
    else if (ts->port_lo == ts->port_hi)
        textbuf_add(tb, "/%u", ts->port_lo);
    else
        textbuf_add(tb, "/%u-%u", ts->port_lo, ts->port_hi);
}

const char *ike_ts_text(const struct ike_ts *ts, char buf[IKE_TS_TEXT_LEN])
{
    char range[IP_RANGE_TEXT_LEN];
    struct textbuf tb;
    size_t i;

    textbuf_init(&tb, buf, IKE_TS_TEXT_LEN);
    textbuf_add(&tb, "%s", ike_ts_is_dynamic(ts) ? "dynamic" : ip_range_text(&ts->range, range));
    if (!ts->proto && ts->port_lo == 0 && ts->port_hi == 65535)
        return buf;
    for (i = 0; i < N_PROTOS && protos[i].proto != ts->proto; i++)
        ;
    if (!ts->proto)
        textbuf_add(&tb, "[any");
    else if (i < N_PROTOS)
        textbuf_add(&tb, "[%s", protos[i].name);
    else
        textbuf_add(&tb, "[%u", ts->proto);
    add_ports(&tb, ts);
    textbuf_add(&tb, "]");
    return buf;
}
