/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evp: what the files of this room share of OpenSSL: algorithms fetched once
 * for the process, and one way to turn its errors into ours.  Private to
 * ike/core/crypto.
 *
 * A fetched algorithm is immutable and lives until exit.  The first callers may
 * race: each fetches, one publishes, the others free theirs; so a fetch that
 * fails for want of memory fails that call only and the next one tries again.
 * Thread-safe.
 */
#ifndef IKE_CORE_CRYPTO_EVP_H
#define IKE_CORE_CRYPTO_EVP_H

#include "ike/core/crypto/alg.h"
#include "utils/base/bytes.h"
#include "utils/base/err.h"

/* OpenSSL has a type of the same name as our error code, deprecated and of no
 * use to us.  Hence its headers are included here and nowhere else. */
#define ERR_STATE openssl_err_state
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>
#include <openssl/proverr.h>
#undef ERR_STATE

/*
 * Describes the failure of the OpenSSL call just made and empties this thread's
 * error queue.  What this room asks of OpenSSL is always valid, so a call fails
 * because the library lacks the algorithm (ERR_UNSUPPORTED), or else because
 * memory was short (ERR_NOMEM), which OpenSSL itself does not always say.
 * Bytes from a peer are the exception: see evp_blames_input().
 */
int evp_fail(struct err *err, const char *what);
/* True if the call just made failed because of the value it was given: the one
 * error in the queue (empty before) is OpenSSL's for a bad point or a zero
 * x25519 result. */
bool evp_blames_input(void);

/* One slot of a cache; zero state: empty. */
typedef void *_Atomic evp_slot;
/* The slot's object, made by make(arg) if there is none; NULL if that fails. */
void *evp_once(evp_slot *slot, void *(*make)(const void *arg), const void *arg,
               void (*drop)(void *obj));

int evp_cipher_of(const struct ike_alg_encr *alg, const EVP_CIPHER **ret,
                  struct err *err) MUST_CHECK;
int evp_sha1(const EVP_MD **ret, struct err *err) MUST_CHECK;

/*
 * HMAC with the hash of a supported PRF number.  A context belongs to its caller, who
 * frees it with EVP_MAC_CTX_free() (which wipes the key).
 */
int evp_hmac_new(uint16_t prf, struct span key, EVP_MAC_CTX **ret, struct err *err) MUST_CHECK;
/* MAC over the parts, starting afresh with the key given to evp_hmac_new(). */
int evp_hmac(EVP_MAC_CTX *ctx, const struct span *parts, size_t n_parts, uint8_t *ret,
             size_t ret_cap, struct err *err) MUST_CHECK;

#endif
