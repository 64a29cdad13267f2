/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prf: the negotiated pseudorandom function and prf+ (RFC 7296 section 2.13).
 * keymat.h and auth.h are built from these two.  Input comes as a list of
 * spans, so that nobody has to glue secrets together in a buffer first.
 *
 * Thread-safe.  Errors: ERR_UNSUPPORTED unknown PRF, ERR_NOMEM from the crypto
 * library, ERR_INVALID a length out of bounds.
 */
#ifndef IKE_CORE_CRYPTO_PRF_H
#define IKE_CORE_CRYPTO_PRF_H

#include "ike/core/crypto/alg.h"
#include "utils/base/bytes.h"
#include "utils/base/err.h"

/* prf(key, parts[0] | parts[1] | ...) into ret, ike_alg_prf(prf)->out_len bytes. */
int ike_prf(uint16_t prf, struct span key, const struct span *parts, size_t n_parts, uint8_t *ret,
            struct err *err) MUST_CHECK;

/* The first `len` bytes of prf+(key, parts...); at most 255 blocks. */
int ike_prf_plus(uint16_t prf, struct span key, const struct span *parts, size_t n_parts,
                 uint8_t *ret, size_t len, struct err *err) MUST_CHECK;

#endif
