/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ke: key exchange by method number: x25519 (RFC 8031), ecp256 (RFC 5903),
 * modp2048 (RFC 3526).
 *
 * Private keys come from the rng port alone, so the same seed gives the same
 * exchange:
 *   x25519    32 bytes, clamped (RFC 7748 section 5)
 *   ecp256    32 bytes, big-endian, drawn again until 0 < d < n
 *   modp2048  40 bytes = 320-bit exponent, big-endian, drawn again until > 1:
 *             the upper of the two estimates in RFC 3526 section 8 for this
 *             group (220 and 320 bits); a full-length one costs five times as
 *             much and adds no strength
 *
 * A peer's value is checked before use: exact length; x25519 result not all
 * zero (RFC 7748 section 6.1); ecp256 coordinates in range and on the curve;
 * modp 1 < y < p-1 (RFC 6989 section 2.1).  Anything else is ERR_MALFORMED.
 *
 * One handle belongs to one caller at a time; different handles are
 * independent and may be used on different threads.
 */
#ifndef IKE_CORE_CRYPTO_KE_H
#define IKE_CORE_CRYPTO_KE_H

#include "ike/core/crypto/alg.h"
#include "utils/base/bytes.h"
#include "utils/base/err.h"
#include "utils/base/mem.h"
#include "utils/base/rng.h"

struct ike_ke; /* a private key with its public value; owned by whoever generated it */

/* ERR_UNSUPPORTED: unknown method; ERR_NOMEM. */
int ike_ke_generate(uint16_t method, const struct rng *rng, struct ike_ke **ret,
                    struct err *err) MUST_CHECK;
void ike_ke_free(struct ike_ke *ke); /* wipes; NULL accepted */

uint16_t ike_ke_method(const struct ike_ke *ke);
/* The KE payload's data; lives as long as `ke`. */
struct span ike_ke_public(const struct ike_ke *ke);

/* g^ir, ike_alg_ke(method)->shared_len bytes: x25519 as in RFC 7748, ecp256 the
 * x coordinate (RFC 5903 section 7), modp2048 padded to 256 (RFC 7296 2.14).
 * The caller wipes *ret. */
int ike_ke_shared(const struct ike_ke *ke, struct span peer_public, struct secret *ret,
                  struct err *err) MUST_CHECK;

#endif
