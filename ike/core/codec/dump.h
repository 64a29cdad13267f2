/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump: a message as text, from its parsed form, for debug logs, tests and the
 * documentation.  Shows what was negotiated, never secrets: key exchange
 * values, nonces, AUTH and unknown data appear as lengths.
 */
#ifndef IKE_CODEC_DUMP_H
#define IKE_CODEC_DUMP_H

#include "ike/core/codec/payload.h"

#define IKE_DUMP_LEN 16384 /* enough for a common message; longer ones are cut with "..." */

/* One line a payload, each ended by a newline.  `inner` (NULL accepted) is the
 * decrypted inside of SK.  Bodies that do not parse are shown with the reason.
 * Peer bytes are made printable.  Returns buf, always terminated. */
const char *ike_dump(const struct ike_header *h, const struct ike_payloads *outer,
                     const struct ike_payloads *inner, char *buf, size_t cap);

#endif
