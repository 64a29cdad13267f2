/* SPDX-License-Identifier: Apache-2.0 */
/* seeded_rng: repeatable randomness for tests; the header has the contract. */
#include "tests/lib/seeded_rng.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t next_word(struct seeded_rng *seeded)
{
    uint64_t z = seeded->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void seeded_fill(void *user, void *p, size_t len)
{
    struct seeded_rng *seeded = user;
    uint8_t *b = p;

    for (size_t i = 0; i < len; i++) {
        if (seeded->n_left == 0) {
            seeded->word = next_word(seeded);
            seeded->n_left = 8;
        }
        b[i] = (uint8_t)seeded->word;
        seeded->word >>= 8;
        seeded->n_left--;
    }
}

struct rng seeded_rng_init(struct seeded_rng *seeded, uint64_t seed)
{
    *seeded = (struct seeded_rng){ .state = seed };
    return (struct rng){ .fill = seeded_fill, .user = seeded };
}

uint64_t seeded_rng_seed(const char *test_name)
{
    const char *given = getenv("TEST_SEED");
    uint64_t seed;

    if (given)
        seed = strtoull(given, NULL, 0);
    else
        rng_fill(&rng_os, &seed, sizeof seed);
    fprintf(stderr, "%s: TEST_SEED=0x%016" PRIx64 " repeats this run\n", test_name, seed);
    return seed;
}
