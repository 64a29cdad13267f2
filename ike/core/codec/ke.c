/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ke: the Key Exchange payload, RFC 7296 section 3.4.
 *
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |   Diffie-Hellman Group Num    |           RESERVED            |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                       Key Exchange Data                       ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
#include "ike/core/codec/ke.h"

int ike_ke_read(struct span body, struct ike_ke *ret, struct err *err)
{
    struct ike_ke ke;
    struct rd rd;

    rd_init(&rd, body.p, body.len);
    ke.method = rd_be16(&rd);
    rd_skip(&rd, 2);
    if (rd.failed)
        return err_set(err, ERR_MALFORMED, "KE payload: length %zu is shorter than the header",
                       body.len + IKE_PAYLOAD_HEADER_LEN);
    ke.data = rd_rest(&rd);
    if (!ke.data.len || ke.data.len > IKE_KE_DATA_MAX)
        return err_set(err, ERR_MALFORMED, "KE payload: key exchange data of %zu bytes (1..%d)",
                       ke.data.len, IKE_KE_DATA_MAX);
    *ret = ke;
    return 0;
}

void ike_ke_write(struct ike_msg *msg, const struct ike_ke *ke)
{
    ike_msg_open(msg, IKE_PL_KE);
    wr_be16(&msg->wr, ke->method);
    wr_be16(&msg->wr, 0);
    wr_span(&msg->wr, ke->data);
    ike_msg_close(msg);
}
