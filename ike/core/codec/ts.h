/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ts: the Traffic Selector payloads TSi and TSr (RFC 7296 section 3.13).  The
 * value and narrowing are in ike/types/ts.h.
 */
#ifndef IKE_CODEC_TS_H
#define IKE_CODEC_TS_H

#include "ike/core/codec/payload.h"
#include "ike/types/ts.h"

/* Selectors of an unknown type, and those after the first IKE_TS_MAX, are
 * checked for length, left out and counted in *ret_skipped (NULL accepted):
 * a responder may narrow to what it understands (section 2.9). */
int ike_ts_read(struct span body, struct ike_ts_list *ret, unsigned *ret_skipped,
                struct err *err) MUST_CHECK;
/* `payload_type` IKE_PL_TSI or IKE_PL_TSR; no selector may be "dynamic" any more. */
void ike_ts_write(struct ike_msg *msg, uint8_t payload_type, const struct ike_ts_list *list);

#endif
