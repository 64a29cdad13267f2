/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of utils/base/rng and of the seeded port of the tests themselves. */
#include "tests/lib/cmocka.h"

#include <string.h>

#include "tests/lib/seeded_rng.h"
#include "utils/base/rng.h"

/* Hands out prepared words, so that a test can stand on the edge of rejection. */
struct script {
    uint32_t words[4];
    unsigned n_used;
};

static void script_fill(void *user, void *p, size_t len)
{
    struct script *script = user;

    assert_int_equal(len, sizeof(uint32_t));
    assert_in_range(script->n_used, 0, 3);
    memcpy(p, &script->words[script->n_used++], len);
}

static void the_biased_tail_is_drawn_again(void **state)
{
    /* 2^32 mod 10 = 6: the values from 4294967290 on would favour 0 to 5. */
    struct script script = { .words = { 4294967290u, UINT32_MAX, 4294967289u, 3 } };
    struct rng rng = { script_fill, &script };

    (void)state;
    assert_int_equal(rng_below(&rng, 10), 9);
    assert_int_equal(script.n_used, 3);
    assert_int_equal(rng_below(&rng, 1), 0);
}

static void results_stay_below_the_bound_and_reach_it(void **state)
{
    struct seeded_rng seeded;
    struct rng rng = seeded_rng_init(&seeded, 1);
    static const uint32_t bounds[] = { 1, 2, 3, 7, 8, 255, 256, 1000 };

    (void)state;
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        uint32_t largest = 0;

        for (int k = 0; k < 20000; k++) {
            uint32_t v = rng_below(&rng, bounds[i]);

            assert_true(v < bounds[i]);
            largest = v > largest ? v : largest;
        }
        assert_int_equal(largest, bounds[i] - 1);
    }
}

static void equal_seeds_give_equal_bytes_however_they_are_cut(void **state)
{
    struct seeded_rng one, other;
    struct rng a = seeded_rng_init(&one, 42), b = seeded_rng_init(&other, 42);
    uint8_t whole[100], pieces[100];

    (void)state;
    rng_fill(&a, whole, sizeof whole);
    for (size_t at = 0, len = 1; at < sizeof pieces; at += len, len = len % 13 + 1) {
        if (len > sizeof pieces - at)
            len = sizeof pieces - at;
        rng_fill(&b, pieces + at, len);
    }
    assert_memory_equal(whole, pieces, sizeof whole);
    b = seeded_rng_init(&other, 43);
    rng_fill(&b, pieces, sizeof pieces);
    assert_memory_not_equal(whole, pieces, sizeof whole);
}

static void the_first_word_of_seed_zero_is_the_published_one(void **state)
{
    struct seeded_rng seeded;
    struct rng rng = seeded_rng_init(&seeded, 0);
    uint8_t b[8];

    (void)state;
    /* splitmix64 from state 0: 0xe220a8397b1dcdaf (Vigna's reference code). */
    rng_fill(&rng, b, sizeof b);
    assert_memory_equal(b, "\xaf\xcd\x1d\x7b\x39\xa8\x20\xe2", 8);
}

static void the_operating_system_fills_all_of_a_large_buffer(void **state)
{
    static uint8_t buf[1 << 20];
    size_t zeros = 0;

    (void)state;
    rng_fill(&rng_os, buf, sizeof buf);
    for (size_t i = 0; i < sizeof buf; i++)
        zeros += buf[i] == 0;
    assert_in_range(zeros, 3000, 5200); /* 4096 expected, sigma 64 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_biased_tail_is_drawn_again),
        cmocka_unit_test(results_stay_below_the_bound_and_reach_it),
        cmocka_unit_test(equal_seeds_give_equal_bytes_however_they_are_cut),
        cmocka_unit_test(the_first_word_of_seed_zero_is_the_published_one),
        cmocka_unit_test(the_operating_system_fills_all_of_a_large_buffer),
    };
    return cmocka_run_group_tests_name("rng", tests, NULL, NULL);
}
