/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seeded_rng: the random port (utils/base/rng.h) with a seed, so that a failed
 * run can be repeated.  splitmix64: one 64-bit word of state, and equal seeds
 * give equal bytes however the calls cut them into pieces.
 *
 *     struct seeded_rng seeded;
 *     struct rng rng = seeded_rng_init(&seeded, seeded_rng_seed("test_ip"));
 *
 * Not for keys that protect anything.  One thread per generator.
 */
#ifndef TESTS_LIB_SEEDED_RNG_H
#define TESTS_LIB_SEEDED_RNG_H

#include "utils/base/rng.h"

struct seeded_rng {
    uint64_t state;
    uint64_t word;   /* the current output, low byte first */
    unsigned n_left; /* bytes of it not handed out yet */
};

/* Starts the generator; the returned port points to `seeded`. */
struct rng seeded_rng_init(struct seeded_rng *seeded, uint64_t seed);

/* The seed for a test run: the environment's TEST_SEED (decimal or 0x...), or
 * one from the operating system; printed to standard error either way. */
uint64_t seeded_rng_seed(const char *test_name);

#endif
