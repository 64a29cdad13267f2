/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gcm: AES-GCM for ESP behind one small table, so that the burst code does not
 * know which library does the arithmetic.  Every engine gives equal bytes;
 * tests/unit/test_gcm.c holds them against each other.
 *
 * A key is expanded once per SA and shared by all workers.  Libraries that keep
 * state of their own per message (OpenSSL) also need a context per worker, made
 * beforehand: seal and open allocate nothing and take no lock.
 */
#ifndef ENGINE_GCM_H
#define ENGINE_GCM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GCM_NONCE_LEN 12 /* RFC 4106 section 4: salt, then IV */
#define GCM_ICV_LEN 16

struct gcm_key; /* secret; shared, read-only after key_new */
struct gcm_ctx; /* secret; one worker's, may be NULL where none is needed */

struct gcm_ops {
    const char *name;
    bool (*usable)(void); /* on this processor */
    /* 0, ERR_NOMEM or ERR_DEVICE. key_len is 16 or 32. */
    int (*key_new)(const uint8_t *key, size_t key_len, struct gcm_key **ret);
    void (*key_free)(struct gcm_key *key); /* wipes; NULL accepted */
    int (*ctx_new)(const struct gcm_key *key, bool seal, struct gcm_ctx **ret);
    void (*ctx_free)(struct gcm_ctx *ctx); /* wipes; NULL accepted */
    /* Both work in place on data[0..len).  seal writes the ICV; open is false,
     * and data is garbage, unless the ICV is right. */
    bool (*seal)(const struct gcm_key *key, struct gcm_ctx *ctx, const uint8_t *nonce,
                 const uint8_t *aad, size_t aad_len, uint8_t *data, size_t len, uint8_t *icv);
    bool (*open)(const struct gcm_key *key, struct gcm_ctx *ctx, const uint8_t *nonce,
                 const uint8_t *aad, size_t aad_len, uint8_t *data, size_t len, const uint8_t *icv);
};

/* All engines of this build, fastest first; ends with NULL. */
extern const struct gcm_ops *const gcm_engines[];

/* The engine called `name`, or with NULL the first that this processor can run;
 * NULL if there is no such engine. */
const struct gcm_ops *gcm_choose(const char *name);

#endif
