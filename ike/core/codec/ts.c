/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ts: the Traffic Selector payload, RFC 7296 section 3.13.
 *
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | Number of TSs |                 RESERVED                      |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                       <Traffic Selectors>                     ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |   TS Type     |IP Protocol ID |       Selector Length         |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |           Start Port          |           End Port            |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                         Starting Address                      ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                         Ending Address                        ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
#include "ike/core/codec/ts.h"

#define SELECTOR_HEADER_LEN 8

/* 0, or 1: a type we do not know. */
static int read_selector(struct rd *rd, unsigned num, struct ike_ts *ret, struct err *err)
{
    struct ike_ts ts = { 0 };
    uint8_t type = rd_u8(rd), addr_len;
    struct rd sub;
    uint16_t len;

    ts.proto = rd_u8(rd);
    len = rd_be16(rd);
    if (rd->failed || len < SELECTOR_HEADER_LEN || len - 4u > rd_left(rd))
        return err_set(err, ERR_MALFORMED, "TS payload: selector %u: its length does not fit", num);
    sub = rd_sub(rd, len - 4u);
    if (type != IKE_TS_IPV4_RANGE && type != IKE_TS_IPV6_RANGE)
        return 1;
    addr_len = type == IKE_TS_IPV4_RANGE ? 4 : 16;
    if (len != SELECTOR_HEADER_LEN + 2u * addr_len)
        return err_set(err, ERR_MALFORMED, "TS payload: selector %u: length %u for type %u", num,
                       len, type);
    ts.port_lo = rd_be16(&sub);
    ts.port_hi = rd_be16(&sub);
    ts.range.lo.family = ts.range.hi.family = type == IKE_TS_IPV4_RANGE ? 4 : 6;
    rd_copy(&sub, ts.range.lo.b, addr_len);
    rd_copy(&sub, ts.range.hi.b, addr_len);
    if (ip_addr_cmp(&ts.range.lo, &ts.range.hi) > 0)
        return err_set(err, ERR_MALFORMED, "TS payload: selector %u: addresses run backwards", num);
    /* 65535..0 is the one backward port range: OPAQUE (section 3.13.1). */
    if (ts.port_lo > ts.port_hi && !(ts.port_lo == 65535 && ts.port_hi == 0))
        return err_set(err, ERR_MALFORMED, "TS payload: selector %u: ports run backwards", num);
    *ret = ts;
    return 0;
}

int ike_ts_read(struct span body, struct ike_ts_list *ret, unsigned *ret_skipped, struct err *err)
{
    struct ike_ts_list list = { 0 };
    unsigned n, skipped = 0;
    struct ike_ts ts;
    struct rd rd;
    int rc;

    rd_init(&rd, body.p, body.len);
    n = rd_u8(&rd);
    rd_skip(&rd, 3);
    if (rd.failed)
        return err_set(err, ERR_MALFORMED, "TS payload: length %zu is shorter than the header",
                       body.len + IKE_PAYLOAD_HEADER_LEN);
    if (!n)
        return err_set(err, ERR_MALFORMED, "TS payload: no selectors");
    for (unsigned i = 0; i < n; i++) {
        if ((rc = read_selector(&rd, i + 1, &ts, err)) < 0)
            return rc;
        if (!rc && list.n < IKE_TS_MAX)
            list.ts[list.n++] = ts;
        else
            skipped++;
    }
    if (!rd_done(&rd))
        return err_set(err, ERR_MALFORMED, "TS payload: %zu bytes after its %u selectors",
                       rd_left(&rd), n);
    *ret = list;
    if (ret_skipped)
        *ret_skipped = skipped;
    return 0;
}

static void write_selector(struct wr *wr, const struct ike_ts *ts)
{
    size_t addr_len = ip_addr_len(&ts->range.lo);

    if (!addr_len) {
        wr->failed = true; /* "dynamic" has no wire form */
        return;
    }
    wr_u8(wr, addr_len == 4 ? IKE_TS_IPV4_RANGE : IKE_TS_IPV6_RANGE);
    wr_u8(wr, ts->proto);
    wr_be16(wr, (uint16_t)(SELECTOR_HEADER_LEN + 2 * addr_len));
    wr_be16(wr, ts->port_lo);
    wr_be16(wr, ts->port_hi);
    wr_bytes(wr, ts->range.lo.b, addr_len);
    wr_bytes(wr, ts->range.hi.b, addr_len);
}

void ike_ts_write(struct ike_msg *msg, uint8_t payload_type, const struct ike_ts_list *list)
{
    ike_msg_open(msg, payload_type);
    wr_u8(&msg->wr, list->n);
    wr_zero(&msg->wr, 3);
    for (size_t i = 0; i < list->n; i++)
        write_selector(&msg->wr, &list->ts[i]);
    ike_msg_close(msg);
}
