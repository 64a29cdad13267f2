/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth: the Authentication payload, RFC 7296 section 3.8.
 *
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | Auth Method   |                RESERVED                       |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                      Authentication Data                      ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
#include "ike/core/codec/auth.h"

int ike_auth_read(struct span body, struct ike_auth_data *ret, struct err *err)
{
    struct ike_auth_data auth;
    struct rd rd;

    rd_init(&rd, body.p, body.len);
    auth.method = rd_u8(&rd);
    rd_skip(&rd, 3);
    if (rd.failed)
        return err_set(err, ERR_MALFORMED, "AUTH payload: length %zu is shorter than the header",
                       body.len + IKE_PAYLOAD_HEADER_LEN);
    auth.data = rd_rest(&rd);
    if (!auth.data.len)
        return err_set(err, ERR_MALFORMED, "AUTH payload: no authentication data");
    *ret = auth;
    return 0;
}

void ike_auth_write(struct ike_msg *msg, const struct ike_auth_data *auth)
{
    ike_msg_open(msg, IKE_PL_AUTH);
    wr_u8(&msg->wr, auth->method);
    wr_zero(&msg->wr, 3);
    wr_span(&msg->wr, auth->data);
    ike_msg_close(msg);
}
