/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keymat: key derivation: SKEYSEED and the seven SK_* of an IKE SA (RFC 7296
 * sections 2.14 and 2.18), and the keys of a Child SA (section 2.17).
 *
 * "i" and "r" mean the initiator and responder of the exchange that made the
 * SA, as in the RFC.  SPIs are numbers; they enter the PRF big-endian.
 * An encryption key carries its salt behind it (RFC 5282 7.1, RFC 4106 8.1).
 * The caller wipes what it was given; intermediate values are wiped here.
 * Thread-safe.  Errors as in prf.h and alg.h; outputs unchanged on failure.
 */
#ifndef IKE_CORE_CRYPTO_KEYMAT_H
#define IKE_CORE_CRYPTO_KEYMAT_H

#include "ike/core/crypto/alg.h"
#include "ike/core/ports.h"

#define IKE_SK_KEY_MAX 64 /* SK_d of HMAC-SHA2-512; AES-256 with salt is 36 */

/* Zero state: empty. */
struct ike_sk_key {
    uint8_t len;
    uint8_t p[IKE_SK_KEY_MAX];
};

struct ike_keys {
    struct ike_sk_key d, ai, ar, ei, er, pi, pr; /* ai, ar empty with AEAD */
};

static inline struct span ike_sk_key_span(const struct ike_sk_key *key)
{
    return span_of(key->p, key->len);
}

void ike_keys_wipe(struct ike_keys *keys);
void ike_child_keys_wipe(struct ike_child_keys *keys);

/* What both derivations of an IKE SA take. */
struct ike_keymat_in {
    const struct ike_suite *suite; /* of the new SA: encr, integ, prf */
    struct span secret;            /* g^ir, from ike_ke_shared() */
    struct span ni, nr;            /* nonce data, without payload headers */
    uint64_t spi_i, spi_r;         /* of the new SA */
};

/* SKEYSEED = prf(Ni | Nr, g^ir). */
int ike_keymat_initial(const struct ike_keymat_in *in, struct ike_keys *ret,
                       struct err *err) MUST_CHECK;

/* SKEYSEED = prf(SK_d (old), g^ir | Ni | Nr) with the old SA's PRF; SK_* with
 * the new SA's (section 2.18). */
int ike_keymat_rekey(const struct ike_keymat_in *in, uint16_t old_prf, struct span old_sk_d,
                     struct ike_keys *ret, struct err *err) MUST_CHECK;

struct ike_keymat_child_in {
    const struct ike_suite *suite; /* of the Child SA: encr, integ */
    uint16_t prf;                  /* of the IKE SA */
    struct span sk_d;              /* of the IKE SA */
    struct span secret;            /* g^ir (new); empty without PFS */
    struct span ni, nr;            /* of the exchange that made the Child SA */
};

/* KEYMAT = prf+(SK_d, [g^ir |] Ni | Nr): keys for initiator to responder
 * first; within a direction encryption before integrity. */
int ike_keymat_child(const struct ike_keymat_child_in *in, struct ike_child_keys *ret_i2r,
                     struct ike_child_keys *ret_r2i, struct err *err) MUST_CHECK;

#endif
