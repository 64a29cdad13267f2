/* SPDX-License-Identifier: Apache-2.0 */
/*
 * payload: the chain of payloads with its generic headers (RFC 7296 section
 * 3.2).  Reading gives a bounded list of bodies, which ke.h, sa.h ... read one
 * by one; writing is `struct ike_msg`, to which the ike_*_write() functions
 * append.  sk.h nests the encrypted payloads in the same chain.
 *
 * Lists and what readers give borrow from the bytes that were read.  No
 * function here allocates or keeps anything.
 */
#ifndef IKE_CODEC_PAYLOAD_H
#define IKE_CODEC_PAYLOAD_H

#include "ike/core/codec/header.h"

#define IKE_PAYLOADS_MAX 64
#define IKE_PAYLOAD_HEADER_LEN 4

struct ike_payload {
    uint8_t type; /* enum ike_payload_type, or any other number */
    uint8_t next; /* its next-payload byte; for SK: type of the first inner payload */
    bool critical;
    size_t at;        /* offset of its generic header in the bytes read */
    struct span body; /* without the generic header */
};

struct ike_payloads {
    uint8_t n;
    struct ike_payload p[IKE_PAYLOADS_MAX];
};

/* Reads a chain that starts with type `first` and fills `bytes` exactly.  For a
 * clear message pass the whole message (`header_len` IKE_HEADER_LEN is stepped
 * over); for the decrypted inside of SK pass header_len 0.  SK and SKF end the
 * chain.  ERR_MALFORMED: a length that does not fit, trailing bytes, more than
 * IKE_PAYLOADS_MAX.  Bodies are not judged: see ike_payloads_check(). */
int ike_payloads_read(uint8_t first, struct span bytes, size_t header_len, struct ike_payloads *ret,
                      struct err *err) MUST_CHECK;
/* The first of that type, or NULL. */
const struct ike_payload *ike_payloads_find(const struct ike_payloads *list, uint8_t type);
unsigned ike_payloads_count(const struct ike_payloads *list, uint8_t type);
/* The first payload of a type we do not know with the critical bit set, or NULL
 * (answer UNSUPPORTED_CRITICAL_PAYLOAD with its type, section 2.5). */
const struct ike_payload *ike_payloads_critical(const struct ike_payloads *list);
/* Reads every body of a type that this codec has a reader for and gives the
 * first error: 0 = the whole message is well-formed (else INVALID_SYNTAX). */
int ike_payloads_check(const struct ike_payloads *list, struct err *err) MUST_CHECK;

/* One message being written.  Failure (no room, a value that cannot be
 * encoded) is sticky and comes out of ike_msg_end(). */
struct ike_msg {
    struct wr wr;
    size_t next_at; /* where the type of the next payload is to be written */
    size_t open_at; /* generic header of the payload being written, 0 = none */
    size_t sk_at;   /* generic header of the SK payload being filled, 0 = none */
    size_t sk_iv_len;
};

/* Starts a message in buf; h->next_payload and h->length are filled in later. */
void ike_msg_begin(struct ike_msg *msg, uint8_t *buf, size_t cap, const struct ike_header *h);
/* Between open and close a payload's body is written with wr_*(&msg->wr, ...). */
void ike_msg_open(struct ike_msg *msg, uint8_t type);
void ike_msg_close(struct ike_msg *msg);
/* Ends the message; *ret borrows from buf.  ERR_FULL: it did not fit. */
int ike_msg_end(struct ike_msg *msg, struct span *ret, struct err *err) MUST_CHECK;

#endif
