/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alg: the algorithms this room can run, by their IKE numbers, with every size
 * the rest of the core needs (key, salt, IV, block, ICV, output).  Plain data,
 * no OpenSSL: codec and negotiation may ask it too.
 *
 * A row exists only for what can really be run; NULL means "not supported".
 * All functions are pure and thread-safe; the rows are static.
 */
#ifndef IKE_CORE_CRYPTO_ALG_H
#define IKE_CORE_CRYPTO_ALG_H

#include "ike/types/numbers.h"
#include "ike/types/proposal.h"

#include <stdbool.h>
#include <stdint.h>

#define IKE_PRF_LEN_MAX 64    /* output of HMAC-SHA2-512 */
#define IKE_SK_IV_MAX 16      /* AES-CBC */
#define IKE_SK_ICV_MAX 32     /* HMAC-SHA2-512-256 */
#define IKE_KE_PUBLIC_MAX 256 /* modp2048 */
#define IKE_KE_SHARED_MAX 256

struct ike_alg_encr {
    uint16_t id;       /* enum ike_encr */
    uint16_t key_bits; /* the key length attribute */
    bool aead;
    uint8_t key_len;   /* bytes, without salt */
    uint8_t salt_len;  /* bytes taken from the key material after the key (RFC 5282 7.1) */
    uint8_t iv_len;    /* bytes of IV on the wire */
    uint8_t block_len; /* padding alignment; 1 = none needed */
    uint8_t icv_len;   /* AEAD only; else the integrity algorithm's */
    uint16_t strength; /* bits */
    const char *name;  /* "AES_GCM_16_256" */
};

struct ike_alg_prf {
    uint16_t id;     /* enum ike_prf */
    uint8_t out_len; /* bytes; also the preferred key length (RFC 4868 2.1.2) */
    uint16_t strength;
    const char *name;
};

struct ike_alg_integ {
    uint16_t id;     /* enum ike_integ */
    uint16_t prf;    /* the PRF number of the same HMAC */
    uint8_t key_len; /* bytes */
    uint8_t icv_len; /* bytes on the wire */
    uint16_t strength;
    const char *name;
};

struct ike_alg_ke {
    uint16_t id;         /* enum ike_ke_method */
    uint16_t public_len; /* bytes of the KE payload's data */
    uint16_t shared_len; /* bytes of g^ir as it enters the PRF */
    uint16_t strength;
    const char *name;
};

const struct ike_alg_encr *ike_alg_encr(uint16_t id, uint16_t key_bits);
const struct ike_alg_prf *ike_alg_prf(uint16_t id);
const struct ike_alg_integ *ike_alg_integ(uint16_t id);
const struct ike_alg_ke *ike_alg_ke(uint16_t id);

/* The encryption and integrity rows of an agreed suite.  *ret_integ is NULL
 * with an AEAD cipher.  ERR_UNSUPPORTED names the transform: unknown number or
 * key length, a cipher without integrity, or an AEAD cipher with one. */
int ike_alg_of_suite(const struct ike_suite *suite, const struct ike_alg_encr **ret_encr,
                     const struct ike_alg_integ **ret_integ, struct err *err) MUST_CHECK;

#endif
