/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nonce: the Nonce payload, RFC 7296 section 3.9: nothing but the nonce.
 */
#include "ike/core/codec/nonce.h"

int ike_nonce_read(struct span body, struct span *ret, struct err *err)
{
    if (body.len < IKE_NONCE_MIN || body.len > IKE_NONCE_MAX)
        return err_set(err, ERR_MALFORMED, "Nonce payload: nonce of %zu bytes (%d..%d)", body.len,
                       IKE_NONCE_MIN, IKE_NONCE_MAX);
    *ret = body;
    return 0;
}

void ike_nonce_write(struct ike_msg *msg, struct span nonce)
{
    ike_msg_open(msg, IKE_PL_NONCE);
    wr_span(&msg->wr, nonce);
    ike_msg_close(msg);
}
