/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delete: the Delete payload (RFC 7296 section 3.11).
 */
#ifndef IKE_CODEC_DELETE_H
#define IKE_CODEC_DELETE_H

#include "ike/core/codec/payload.h"

#define IKE_DELETE_MAX 256 /* SPIs in one payload */

struct ike_delete {
    uint8_t proto; /* IKE_PROTO_IKE (no SPIs: this IKE SA), IKE_PROTO_ESP or IKE_PROTO_AH */
    uint16_t n_spis;
    uint32_t spis[IKE_DELETE_MAX]; /* of the sender's inbound SAs */
};

int ike_delete_read(struct span body, struct ike_delete *ret, struct err *err) MUST_CHECK;
void ike_delete_write(struct ike_msg *msg, const struct ike_delete *del);
void ike_delete_put_ike(struct ike_msg *msg);
void ike_delete_put_esp(struct ike_msg *msg, uint32_t spi);

#endif
