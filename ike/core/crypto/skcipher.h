/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skcipher: seals and opens the body of an SK payload (RFC 7296 section 3.14;
 * AEAD: RFC 5282).  Knows nothing of payloads: the caller (codec/sk.h) lays
 * out header | IV | body | ICV and hands over the runs.
 *
 *   aad   from the first byte of the IKE header through the SK payload's
 *         generic header (RFC 5282 section 5.1)
 *   iv    what stands on the wire before the body
 *   body  plaintext with padding and the pad length byte, or its ciphertext
 *   icv   what stands behind the body
 *
 * AES-GCM: nonce = salt | iv; the caller's iv must never repeat under a key, so
 * use ike_sk_iv(), which counts.  AES-CBC: encrypt, then HMAC over aad | iv |
 * ciphertext; ike_sk_iv() draws an unpredictable IV.
 * Opening compares the ICV in constant time before a byte is decrypted (CBC) or
 * released (GCM); every failure looks the same: ERR_AUTH.
 * Thread-safe.
 */
#ifndef IKE_CORE_CRYPTO_SKCIPHER_H
#define IKE_CORE_CRYPTO_SKCIPHER_H

#include "ike/core/crypto/alg.h"
#include "ike/core/crypto/keymat.h"
#include "utils/base/bytes.h"
#include "utils/base/err.h"
#include "utils/base/rng.h"

/* How one direction of an IKE SA is protected.  Rows are static, keys are
 * borrowed for the call: encr = SK_e (key | salt), integ = SK_a or empty. */
struct ike_sk_cipher {
    const struct ike_alg_encr *encr;
    const struct ike_alg_integ *integ; /* NULL with AEAD */
    struct span encr_key, integ_key;
};

/* Cipher of the direction initiator -> responder (`from_initiator`) or back.
 * *ret borrows from `keys`.  ERR_UNSUPPORTED, or ERR_INVALID for keys that do
 * not fit the suite. */
int ike_sk_cipher_of(const struct ike_suite *suite, const struct ike_keys *keys,
                     bool from_initiator, struct ike_sk_cipher *ret, struct err *err) MUST_CHECK;

size_t ike_sk_iv_len(const struct ike_sk_cipher *c);
size_t ike_sk_block_len(const struct ike_sk_cipher *c); /* body length is a multiple of it */
size_t ike_sk_icv_len(const struct ike_sk_cipher *c);

/* Makes the IV of the next message: AEAD takes *counter and steps it, CBC
 * draws from `rng`.  ERR_STATE when the counter is used up. */
int ike_sk_iv(const struct ike_sk_cipher *c, uint64_t *counter, const struct rng *rng,
              uint8_t *ret_iv, struct err *err) MUST_CHECK;

/* Encrypts `body` in place and writes the ICV.  ERR_INVALID: a length that the
 * cipher cannot take; ERR_NOMEM.  After a failure the body is wiped. */
int ike_sk_seal(const struct ike_sk_cipher *c, struct span aad, struct span iv, uint8_t *body,
                size_t body_len, uint8_t *ret_icv, struct err *err) MUST_CHECK;

/* Verifies and decrypts `body` into ret_plain (body.len bytes; may be the same
 * memory).  ERR_AUTH: forged, damaged or impossible lengths.  After ERR_AUTH
 * nothing of the plaintext is left: ret_plain is unchanged or wiped. */
int ike_sk_unseal(const struct ike_sk_cipher *c, struct span aad, struct span iv, struct span body,
                  struct span icv, uint8_t *ret_plain, struct err *err) MUST_CHECK;

#endif
