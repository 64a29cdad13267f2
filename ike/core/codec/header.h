/* SPDX-License-Identifier: Apache-2.0 */
/*
 * header: the fixed 28 bytes in front of every IKE message (RFC 7296 section
 * 3.1).  payload.h reads and writes what follows.
 */
#ifndef IKE_CODEC_HEADER_H
#define IKE_CODEC_HEADER_H

#include "ike/types/numbers.h"
#include "utils/base/bytes.h"
#include "utils/base/err.h"

struct ike_header {
    uint64_t spi_i, spi_r;
    uint8_t next_payload; /* enum ike_payload_type of the first payload */
    uint8_t version;      /* major in the high four bits; IKE_VERSION_2 */
    uint8_t exchange;     /* enum ike_exchange */
    uint8_t flags;        /* enum ike_flag, others ignored */
    uint32_t message_id;
    uint32_t length; /* bytes of the whole message; set by ike_msg_end() on sending */
};

/* Reads the 28 bytes and judges nothing else, so that a refusal can be
 * answered with the peer's own SPIs.  ERR_MALFORMED: shorter than that. */
int ike_header_read(struct span datagram, struct ike_header *ret, struct err *err) MUST_CHECK;
/* ERR_UNSUPPORTED: the major version is not 2 (answer INVALID_MAJOR_VERSION).
 * ERR_MALFORMED: the length field is not `datagram_len` or above IKE_MESSAGE_MAX. */
int ike_header_check(const struct ike_header *h, size_t datagram_len, struct err *err) MUST_CHECK;
void ike_header_write(struct wr *wr, const struct ike_header *h);

#endif
