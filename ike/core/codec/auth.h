/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth: the Authentication payload (RFC 7296 section 3.8).
 */
#ifndef IKE_CODEC_AUTH_H
#define IKE_CODEC_AUTH_H

#include "ike/core/codec/payload.h"

struct ike_auth_data {
    uint8_t method;   /* enum ike_auth_method, or any other number */
    struct span data; /* at least one byte */
};

int ike_auth_read(struct span body, struct ike_auth_data *ret, struct err *err) MUST_CHECK;
void ike_auth_write(struct ike_msg *msg, const struct ike_auth_data *auth);

#endif
