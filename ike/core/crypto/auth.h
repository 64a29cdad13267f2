/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth: AUTH payload of pre-shared keys (RFC 7296 section 2.15).  The octets
 * are assembled where SK_p is (the core); the secret is applied where the
 * secret is (the crypto port).  Never logs either.
 * Thread-safe.  Errors as in prf.h.
 */
#ifndef IKE_CORE_CRYPTO_AUTH_H
#define IKE_CORE_CRYPTO_AUTH_H

#include "ike/core/crypto/alg.h"
#include "utils/base/bytes.h"
#include "utils/base/err.h"

struct ike_auth_octets_in {
    uint16_t prf;           /* enum ike_prf */
    struct span sk_p;       /* SK_pi for the initiator's octets, SK_pr for the responder's */
    struct span message;    /* the signer's first message, header included, as sent */
    struct span nonce;      /* the other side's nonce data */
    struct span rest_of_id; /* the signer's ID payload without generic header */
};

/* Appends RealMessage | Nonce | prf(SK_p, RestOfIDPayload).  ERR_INVALID: no
 * room (message + nonce + IKE_PRF_LEN_MAX needed); `wr` is then unchanged. */
int ike_auth_octets(const struct ike_auth_octets_in *in, struct wr *wr, struct err *err) MUST_CHECK;

/* prf(prf(secret, "Key Pad for IKEv2"), octets) into ret (IKE_PRF_LEN_MAX bytes
 * of room); *ret_len bytes are used. ERR_INVALID: empty secret. */
int ike_auth_psk(uint16_t prf, struct span secret, struct span octets, uint8_t *ret,
                 size_t *ret_len, struct err *err) MUST_CHECK;

/* ERR_AUTH unless `auth` is what ike_auth_psk() gives; constant-time compare. */
int ike_auth_psk_verify(uint16_t prf, struct span secret, struct span octets, struct span auth,
                        struct err *err) MUST_CHECK;

#endif
