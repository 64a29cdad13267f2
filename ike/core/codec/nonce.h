/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nonce: the Nonce payload (RFC 7296 section 3.9).
 */
#ifndef IKE_CODEC_NONCE_H
#define IKE_CODEC_NONCE_H

#include "ike/core/codec/payload.h"

/* IKE_NONCE_MIN..IKE_NONCE_MAX bytes. */
int ike_nonce_read(struct span body, struct span *ret, struct err *err) MUST_CHECK;
void ike_nonce_write(struct ike_msg *msg, struct span nonce);

#endif
