/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rng: randomness as a port.  The operating system's generator in processes,
 * a seeded one in tests (tests/lib/seeded_rng.h).
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
    void (*fill)(void *user, void *p, size_t len); /* cannot fail */
    void *user;
};

/* getrandom(2); aborts the process if the kernel has no randomness. */
extern const struct rng rng_os;

static inline void rng_fill(const struct rng *rng, void *p, size_t len)
{
    rng->fill(rng->user, p, len);
}

/* Uniform in [0, bound), bound > 0. */
uint32_t rng_below(const struct rng *rng, uint32_t bound);

#endif
