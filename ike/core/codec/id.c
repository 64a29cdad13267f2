/* SPDX-License-Identifier: Apache-2.0 */
/*
 * id: the Identification payload, RFC 7296 section 3.5.
 *
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |   ID Type     |                 RESERVED                      |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                   Identification Data                         ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
#include "ike/core/codec/id.h"

#include <string.h>

static int check_data(uint8_t type, size_t len, struct err *err)
{
    size_t want = type == IKE_ID_IPV4 ? 4 : type == IKE_ID_IPV6 ? 16 : 0;

    if (!type)
        return err_set(err, ERR_MALFORMED, "ID payload: type 0 is reserved");
    if (want && len != want)
        return err_set(err, ERR_MALFORMED, "ID payload: address of %zu bytes instead of %zu", len,
                       want);
    if (!len || len > IKE_ID_MAX)
        return err_set(err, ERR_MALFORMED, "ID payload: identification data of %zu bytes (1..%d)",
                       len, IKE_ID_MAX);
    return 0;
}

int ike_id_read(struct span body, struct ike_id *ret, struct err *err)
{
    struct rd rd;
    struct span data;
    uint8_t type;
    int rc;

    rd_init(&rd, body.p, body.len);
    type = rd_u8(&rd);
    rd_skip(&rd, 3);
    if (rd.failed)
        return err_set(err, ERR_MALFORMED, "ID payload: length %zu is shorter than the header",
                       body.len + IKE_PAYLOAD_HEADER_LEN);
    data = rd_rest(&rd);
    if ((rc = check_data(type, data.len, err)))
        return rc;
    *ret = (struct ike_id){ .type = type, .len = (uint16_t)data.len };
    memcpy(ret->data, data.p, data.len);
    return 0;
}

size_t ike_id_body(const struct ike_id *id, uint8_t buf[IKE_ID_BODY_MAX])
{
    struct wr wr;

    wr_init(&wr, buf, IKE_ID_BODY_MAX);
    wr_u8(&wr, id->type);
    wr_zero(&wr, 3);
    wr_bytes(&wr, id->data, id->len);
    return wr_len(&wr);
}

void ike_id_write(struct ike_msg *msg, uint8_t payload_type, const struct ike_id *id)
{
    uint8_t body[IKE_ID_BODY_MAX];

    ike_msg_open(msg, payload_type);
    wr_bytes(&msg->wr, body, ike_id_body(id, body));
    ike_msg_close(msg);
}
