/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vendor: the Vendor ID payload, RFC 7296 section 3.12: nothing but the ID.
 */
#include "ike/core/codec/vendor.h"

int ike_vendor_read(struct span body, struct span *ret, struct err *err)
{
    if (!body.len)
        return err_set(err, ERR_MALFORMED, "V payload: empty vendor ID");
    *ret = body;
    return 0;
}

void ike_vendor_write(struct ike_msg *msg, struct span id)
{
    ike_msg_open(msg, IKE_PL_VENDOR);
    wr_span(&msg->wr, id);
    ike_msg_close(msg);
}
