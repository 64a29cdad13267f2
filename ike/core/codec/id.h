/* SPDX-License-Identifier: Apache-2.0 */
/*
 * id: the Identification payloads IDi and IDr (RFC 7296 section 3.5).  The
 * value is in ike/types/ident.h.
 */
#ifndef IKE_CODEC_ID_H
#define IKE_CODEC_ID_H

#include "ike/core/codec/payload.h"
#include "ike/types/ident.h"

#define IKE_ID_BODY_MAX (4 + IKE_ID_MAX)

/* Unknown types are read as they are; addresses must have their length. */
int ike_id_read(struct span body, struct ike_id *ret, struct err *err) MUST_CHECK;
/* `payload_type` IKE_PL_IDI or IKE_PL_IDR. */
void ike_id_write(struct ike_msg *msg, uint8_t payload_type, const struct ike_id *id);
/* The body alone, as it enters the signed octets (IDi', section 2.15).  Of a
 * peer's identity take the bytes received (ike_payload.body), not these.
 * Returns the bytes used of buf. */
size_t ike_id_body(const struct ike_id *id, uint8_t buf[IKE_ID_BODY_MAX]);

#endif
