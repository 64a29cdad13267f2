/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/vici/vici_packet.h"

#include <string.h>

#include "utils/base/mem.h"

static bool has_name(unsigned type)
{
    return type == VICI_CMD_REQUEST || type == VICI_EVENT_REGISTER ||
           type == VICI_EVENT_UNREGISTER || type == VICI_EVENT;
}

void vici_packet_begin(struct vici_writer *w, enum vici_packet_type type, const char *name)
{
    uint8_t head[VICI_LENGTH_LEN + 2] = { 0 };
    size_t name_len = name ? strlen(name) : 0;

    vici_writer_init(w);
    if (has_name(type) && (name_len == 0 || name_len > VICI_NAME_MAX)) {
        err_set(&w->err, ERR_INVALID, "packet name has %zu bytes, allowed are 1 to %d", name_len,
                VICI_NAME_MAX);
        return;
    }
    head[VICI_LENGTH_LEN] = (uint8_t)type;
    head[VICI_LENGTH_LEN + 1] = (uint8_t)name_len;
    vici_writer_raw(w, head, has_name(type) ? sizeof head : sizeof head - 1);
    if (has_name(type))
        vici_writer_raw(w, name, name_len);
    w->head = w->len;
}

int vici_packet_end(struct vici_writer *w, struct span *ret, struct err *err)
{
    struct span packet;
    int rc = vici_writer_done(w, &packet, err);

    if (rc)
        return rc;
    if (packet.len - VICI_LENGTH_LEN > VICI_SEGMENT_MAX)
        return err_set(err, ERR_FULL, "packet is longer than %u bytes", VICI_SEGMENT_MAX);
    put_be32(w->buf, (uint32_t)(packet.len - VICI_LENGTH_LEN));
    *ret = packet;
    return 0;
}

int vici_packet_parse(struct span segment, struct vici_packet *ret, struct err *err)
{
    struct vici_packet packet = { 0 };
    struct rd rd;
    uint8_t type;
    int rc;

    rd_init(&rd, segment.p, segment.len);
    type = rd_u8(&rd);
    if (rd.failed)
        return err_set(err, ERR_MALFORMED, "packet is empty, expected a type");
    if (type > VICI_EVENT)
        return err_set(err, ERR_MALFORMED, "packet type %u is unknown", type);
    packet.type = (enum vici_packet_type)type;
    if (has_name(type)) {
        uint8_t len = rd_u8(&rd);

        packet.name = span_of(rd_bytes(&rd, len), len);
        if (rd.failed)
            return err_set(err, ERR_MALFORMED, "packet name is cut short");
        if (len == 0)
            return err_set(err, ERR_MALFORMED, "packet name is empty");
    }
    packet.message = rd_rest(&rd);
    rc = vici_check(packet.message, err);
    if (rc)
        return rc;
    *ret = packet;
    return 0;
}

void vici_decoder_fini(struct vici_decoder *d)
{
    mem_free_secret(d->buf, d->cap);
    memset(d, 0, sizeof *d);
}

static int decoder_reserve(struct vici_decoder *d, size_t need, struct err *err)
{
    size_t cap = d->cap ? d->cap : 512;
    uint8_t *buf;

    if (need <= d->cap)
        return 0;
    while (cap < need)
        cap *= 2;
    buf = mem_zalloc(cap);
    if (!buf)
        return err_set(err, ERR_NOMEM, "no memory for a packet of %zu bytes", need);
    if (d->len)
        memcpy(buf, d->buf, d->len);
    mem_free_secret(d->buf, d->cap);
    d->buf = buf;
    d->cap = cap;
    return 0;
}

/* Moves bytes of *in into the buffer until it holds `want` (or *in is empty). */
static int decoder_fill(struct vici_decoder *d, struct span *in, size_t want, struct err *err)
{
    size_t n = want - d->len;
    int rc;

    if (n > in->len)
        n = in->len;
    if (n == 0)
        return 0;
    rc = decoder_reserve(d, d->len + n, err);
    if (rc)
        return rc;
    memcpy(d->buf + d->len, in->p, n);
    d->len += n;
    *in = span_of(in->p + n, in->len - n);
    return 0;
}

int vici_decoder_push(struct vici_decoder *d, struct span *in, struct vici_packet *ret,
                      struct err *err)
{
    uint32_t len;
    int rc;

    if (d->handed_out) {
        mem_wipe(d->buf, d->len); /* it may have been load-shared */
        d->len = 0;
        d->handed_out = false;
    }
    if (d->len < VICI_LENGTH_LEN) {
        rc = decoder_fill(d, in, VICI_LENGTH_LEN, err);
        if (rc || d->len < VICI_LENGTH_LEN)
            return rc;
    }
    len = get_be32(d->buf);
    if (len == 0 || len > VICI_SEGMENT_MAX)
        return err_set(err, ERR_MALFORMED, "packet length %u is not between 1 and %u", len,
                       VICI_SEGMENT_MAX);
    rc = decoder_fill(d, in, VICI_LENGTH_LEN + (size_t)len, err);
    if (rc || d->len < VICI_LENGTH_LEN + (size_t)len)
        return rc;
    rc = vici_packet_parse(span_of(d->buf + VICI_LENGTH_LEN, len), ret, err);
    if (rc)
        return rc;
    d->handed_out = true;
    return 1;
}
