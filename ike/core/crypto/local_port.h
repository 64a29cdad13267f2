/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local_port: `struct ike_crypto_port` answered in the same call by ke.h and
 * auth.h.  Serves the simulator as it is, and the daemon's key process behind
 * its socket.  Private keys stay here under handles; secrets are asked for by
 * identities, used and wiped.
 *
 * With a seeded rng every answer is determined by the sequence of requests.
 * Not thread-safe: one object per shard or worker.
 */
#ifndef IKE_CORE_CRYPTO_LOCAL_PORT_H
#define IKE_CORE_CRYPTO_LOCAL_PORT_H

#include "ike/core/ports.h"

struct ike_local_crypto;

/* Where answers go; the same shape as ike_shard_answer_*() without the clock.
 * Spans are borrowed for the call and wiped after it.  Called exactly once per
 * job, before the request returns. */
struct ike_local_answers {
    void (*ke)(void *user, ike_job job, int code, uint64_t handle, struct span public_value);
    void (*shared)(void *user, ike_job job, int code, struct span secret);
    void (*auth)(void *user, ike_job job, int code, uint8_t method, struct span auth);
    /* Why a job failed, just before its answer; no secrets in it. May be NULL. */
    void (*failed)(void *user, ike_job job, const struct err *why);
    void *user;
};

/* Finds the pre-shared key of a pair of identities into *ret (the caller wipes
 * it).  0, ERR_NOTFOUND, or what else went wrong. */
struct ike_local_secrets {
    int (*psk)(void *user, const char *conn, const struct ike_id *local_id,
               const struct ike_id *remote_id, struct secret *ret);
    void *user;
};

struct ike_local_crypto_opts {
    struct rng rng;
    struct ike_local_secrets secrets;
    struct ike_local_answers answers;
    uint32_t handles_max; /* private keys held at a time; 0 = 4096; more is ERR_FULL */
};

int ike_local_crypto_new(const struct ike_local_crypto_opts *opts, struct ike_local_crypto **ret,
                         struct err *err) MUST_CHECK;
void ike_local_crypto_free(struct ike_local_crypto *crypto); /* wipes all; NULL accepted */

/* The port; valid as long as `crypto`. */
struct ike_crypto_port ike_local_crypto_port(struct ike_local_crypto *crypto);
/* Private keys held now: 0 after a clean end. */
uint32_t ike_local_crypto_handles(const struct ike_local_crypto *crypto);

#endif
