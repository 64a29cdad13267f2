/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vendor: the Vendor ID payload (RFC 7296 section 3.12), opaque bytes.
 */
#ifndef IKE_CODEC_VENDOR_H
#define IKE_CODEC_VENDOR_H

#include "ike/core/codec/payload.h"

int ike_vendor_read(struct span body, struct span *ret, struct err *err) MUST_CHECK;
void ike_vendor_write(struct ike_msg *msg, struct span id);

#endif
