/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify: the Notify payload, RFC 7296 section 3.10.
 *
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |  Protocol ID  |   SPI Size    |      Notify Message Type      |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                Security Parameter Index (SPI)                 ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                       Notification Data                       ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
#include "ike/core/codec/notify.h"

/* The protocol says nothing when there is no SPI, and then is not looked at
 * (section 3.10: it MUST be ignored). */
static bool spi_len_ok(uint8_t proto, uint8_t len)
{
    switch (proto) {
    case IKE_PROTO_AH:
    case IKE_PROTO_ESP:
        return len == 0 || len == 4;
    default:
        return len == 0 || len == 4 || len == 8;
    }
}

int ike_notify_read(struct span body, struct ike_notify_payload *ret, struct err *err)
{
    struct ike_notify_payload n;
    uint8_t spi_len;
    struct rd rd;

    rd_init(&rd, body.p, body.len);
    n.proto = rd_u8(&rd);
    spi_len = rd_u8(&rd);
    n.type = rd_be16(&rd);
    if (rd.failed)
        return err_set(err, ERR_MALFORMED, "N payload: length %zu is shorter than the header",
                       body.len + IKE_PAYLOAD_HEADER_LEN);
    if (!spi_len_ok(n.proto, spi_len))
        return err_set(err, ERR_MALFORMED, "N payload: %s: SPI size %u for protocol %u",
                       ike_notify_name(n.type), spi_len, n.proto);
    n.spi = span_of(rd_bytes(&rd, spi_len), spi_len);
    if (rd.failed)
        return err_set(err, ERR_MALFORMED, "N payload: %s: its SPI does not fit",
                       ike_notify_name(n.type));
    n.data = rd_rest(&rd);
    *ret = n;
    return 0;
}

void ike_notify_write(struct ike_msg *msg, const struct ike_notify_payload *notify)
{
    ike_msg_open(msg, IKE_PL_NOTIFY);
    wr_u8(&msg->wr, notify->proto);
    wr_u8(&msg->wr, (uint8_t)notify->spi.len);
    wr_be16(&msg->wr, notify->type);
    wr_span(&msg->wr, notify->spi);
    wr_span(&msg->wr, notify->data);
    ike_msg_close(msg);
}

void ike_notify_put(struct ike_msg *msg, uint16_t type, struct span data)
{
    const struct ike_notify_payload n = { .type = type, .data = data };

    ike_notify_write(msg, &n);
}

static bool is_notify(const struct ike_payload *p, struct ike_notify_payload *ret)
{
    return p->type == IKE_PL_NOTIFY && !ike_notify_read(p->body, ret, NULL);
}

bool ike_notify_find(const struct ike_payloads *list, uint16_t type, struct ike_notify_payload *ret)
{
    struct ike_notify_payload n;

    for (size_t i = 0; i < list->n; i++)
        if (is_notify(&list->p[i], &n) && n.type == type) {
            if (ret)
                *ret = n;
            return true;
        }
    return false;
}

bool ike_notify_find_error(const struct ike_payloads *list, struct ike_notify_payload *ret)
{
    struct ike_notify_payload n;

    for (size_t i = 0; i < list->n; i++)
        if (is_notify(&list->p[i], &n) && n.type < IKE_N_STATUS_FIRST) {
            *ret = n;
            return true;
        }
    return false;
}
