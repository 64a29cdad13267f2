/* SPDX-License-Identifier: Apache-2.0 */
/*
 * payload: the generic payload header, RFC 7296 section 3.2, and the chain
 * that it makes.
 *
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | Next Payload  |C|  RESERVED   |         Payload Length        |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
#include "ike/core/codec/payload.h"

#define CRITICAL 0x80
#define LEN_AT 2 /* of the length in the generic header */

static bool ends_chain(uint8_t type)
{
    return type == IKE_PL_SK || type == IKE_PL_SKF; /* section 3.14, RFC 7383 section 2.5 */
}

static int read_one(struct rd *rd, uint8_t type, struct ike_payload *ret, struct err *err)
{
    struct ike_payload p = { .type = type };
    uint16_t len;

    p.next = rd_u8(rd);
    p.critical = rd_u8(rd) & CRITICAL;
    len = rd_be16(rd);
    if (rd->failed)
        return err_set(err, ERR_MALFORMED, "%s payload (type %u): the message ends in its header",
                       ike_payload_name(type), type);
    if (len < IKE_PAYLOAD_HEADER_LEN)
        return err_set(err, ERR_MALFORMED,
                       "%s payload (type %u): length %u is shorter than the header",
                       ike_payload_name(type), type, len);
    p.body.len = len - (size_t)IKE_PAYLOAD_HEADER_LEN;
    if (p.body.len > rd_left(rd))
        return err_set(err, ERR_MALFORMED,
                       "%s payload (type %u): length %u is beyond the end of the message",
                       ike_payload_name(type), type, len);
    p.body.p = rd_bytes(rd, p.body.len);
    *ret = p;
    return 0;
}

int ike_payloads_read(uint8_t first, struct span bytes, size_t header_len, struct ike_payloads *ret,
                      struct err *err)
{
    struct ike_payloads list;
    uint8_t type = first;
    struct rd rd;
    int rc;

    list.n = 0;
    rd_init(&rd, bytes.p, bytes.len);
    rd_skip(&rd, header_len);
    if (rd.failed)
        return err_set(err, ERR_MALFORMED, "message: %zu bytes are shorter than its header",
                       bytes.len);
    while (type != IKE_PL_NONE) {
        size_t at = bytes.len - rd_left(&rd);

        if (list.n == IKE_PAYLOADS_MAX)
            return err_set(err, ERR_MALFORMED, "message: more than %d payloads", IKE_PAYLOADS_MAX);
        if ((rc = read_one(&rd, type, &list.p[list.n], err)))
            return rc;
        list.p[list.n].at = at;
        type = ends_chain(type) ? IKE_PL_NONE : list.p[list.n].next;
        list.n++;
    }
    if (!rd_done(&rd))
        return err_set(err, ERR_MALFORMED, "message: %zu bytes after the last payload",
                       rd_left(&rd));
    ret->n = list.n;
    for (size_t i = 0; i < list.n; i++)
        ret->p[i] = list.p[i];
    return 0;
}

const struct ike_payload *ike_payloads_find(const struct ike_payloads *list, uint8_t type)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->p[i].type == type)
            return &list->p[i];
    return NULL;
}

unsigned ike_payloads_count(const struct ike_payloads *list, uint8_t type)
{
    unsigned n = 0;

    for (size_t i = 0; i < list->n; i++)
        n += list->p[i].type == type;
    return n;
}

/* Types of RFC 7296 itself: their critical bit is to be ignored (section 3.2). */
static bool is_known(uint8_t type)
{
    return type >= IKE_PL_SA && type <= IKE_PL_EAP;
}

const struct ike_payload *ike_payloads_critical(const struct ike_payloads *list)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->p[i].critical && !is_known(list->p[i].type))
            return &list->p[i];
    return NULL;
}

void ike_msg_begin(struct ike_msg *msg, uint8_t *buf, size_t cap, const struct ike_header *h)
{
    struct ike_header blank = *h;

    blank.next_payload = IKE_PL_NONE;
    blank.length = 0;
    *msg = (struct ike_msg){ .next_at = 16 };
    wr_init(&msg->wr, buf, cap);
    ike_header_write(&msg->wr, &blank);
}

static void patch_u8(struct wr *wr, size_t at, uint8_t v)
{
    if (!wr->failed && at < wr_len(wr))
        wr->start[at] = v;
    else
        wr->failed = true;
}

/* The length of the payload that starts at `at` and ends here. */
static void patch_len(struct wr *wr, size_t at)
{
    size_t len = wr_len(wr) - at;

    if (len > UINT16_MAX)
        wr->failed = true;
    else
        wr_patch_be16(wr, at + LEN_AT, (uint16_t)len);
}

void ike_msg_open(struct ike_msg *msg, uint8_t type)
{
    patch_u8(&msg->wr, msg->next_at, type);
    msg->open_at = msg->next_at = wr_len(&msg->wr);
    wr_zero(&msg->wr, IKE_PAYLOAD_HEADER_LEN);
}

void ike_msg_close(struct ike_msg *msg)
{
    patch_len(&msg->wr, msg->open_at);
    msg->open_at = 0;
}

int ike_msg_end(struct ike_msg *msg, struct span *ret, struct err *err)
{
    if (!msg->wr.failed)
        wr_patch_be32(&msg->wr, 24, (uint32_t)wr_len(&msg->wr));
    if (msg->wr.failed || wr_len(&msg->wr) > IKE_MESSAGE_MAX)
        return err_set(err, ERR_FULL,
                       "message: longer than its buffer of %zu bytes, or a value "
                       "that cannot be encoded",
                       (size_t)(msg->wr.end - msg->wr.start));
    *ret = wr_span_of(&msg->wr);
    return 0;
}
