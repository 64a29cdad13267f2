/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ke: the Key Exchange payload (RFC 7296 section 3.4).
 */
#ifndef IKE_CODEC_KE_H
#define IKE_CODEC_KE_H

#include "ike/core/codec/payload.h"

#define IKE_KE_DATA_MAX 1024 /* bytes: MODP-8192 */

struct ike_ke {
    uint16_t method;  /* enum ike_ke_method, or any other number */
    struct span data; /* public value, 1..IKE_KE_DATA_MAX bytes; the method judges its length */
};

int ike_ke_read(struct span body, struct ike_ke *ret, struct err *err) MUST_CHECK;
void ike_ke_write(struct ike_msg *msg, const struct ike_ke *ke);

#endif
