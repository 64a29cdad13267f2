/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cert: the Certificate and Certificate Request payloads (RFC 7296 sections
 * 3.6 and 3.7) as bounded opaque bytes.  What is in them is for the key
 * process to parse.
 */
#ifndef IKE_CODEC_CERT_H
#define IKE_CODEC_CERT_H

#include "ike/core/codec/payload.h"

struct ike_cert {
    uint8_t encoding; /* section 3.6: 4 = X.509 signature certificate ... */
    struct span data; /* CERT: at least one byte; CERTREQ: may be empty */
};

/* `payload_type` IKE_PL_CERT or IKE_PL_CERTREQ. */
int ike_cert_read(uint8_t payload_type, struct span body, struct ike_cert *ret,
                  struct err *err) MUST_CHECK;
void ike_cert_write(struct ike_msg *msg, uint8_t payload_type, const struct ike_cert *cert);

#endif
