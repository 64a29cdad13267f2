/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who wins when both rekey at once (collide.c), RFC 7296 2.8.1: the exchange
 * with the lowest of the four nonces loses, whichever side sent it.
 */
#include "ike/core/sm/collide.h"

#include "tests/lib/cmocka.h"
#include "tests/lib/seeded_rng.h"

#include <string.h>

static struct sm_nonce nonce(const char *bytes)
{
    struct sm_nonce n = { .len = (uint16_t)strlen(bytes) };

    memcpy(n.p, bytes, n.len);
    return n;
}

static bool lost(const char *our_i, const char *our_r, const char *their_i, const char *their_r)
{
    static struct sm_task ours, theirs;

    ours.ni = nonce(our_i);
    ours.nr = nonce(our_r);
    theirs.ni = nonce(their_i);
    theirs.nr = nonce(their_r);
    sm_collide_note(&ours, 7, &theirs);
    return sm_collide_lost(&ours);
}

static void the_exchange_with_the_lowest_nonce_loses(void **state)
{
    (void)state;
    assert_true(
        lost("aaaaaaaaaaaaaaaa", "zzzzzzzzzzzzzzzz", "bbbbbbbbbbbbbbbb", "bbbbbbbbbbbbbbbb"));
    assert_true(
        lost("zzzzzzzzzzzzzzzz", "aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb", "bbbbbbbbbbbbbbbb"));
    assert_false(
        lost("bbbbbbbbbbbbbbbb", "bbbbbbbbbbbbbbbb", "aaaaaaaaaaaaaaaa", "zzzzzzzzzzzzzzzz"));
    assert_false(
        lost("bbbbbbbbbbbbbbbb", "bbbbbbbbbbbbbbbb", "zzzzzzzzzzzzzzzz", "aaaaaaaaaaaaaaaa"));
}

static void nonces_compare_as_octets_and_the_shorter_is_lower(void **state)
{
    (void)state;
    assert_true(lost("aaaaaaaaaaaaaaaa", "zz", "aaaaaaaaaaaaaaaab", "zz"));
    assert_false(lost("aaaaaaaaaaaaaaaab", "zz", "aaaaaaaaaaaaaaaa", "zz"));
    assert_true(lost("\x01\xff", "zz", "\x02", "zz"));
    assert_false(lost("\xff", "\xff", "\x7f", "\xff"));
}

static void without_a_rival_nothing_is_lost(void **state)
{
    static struct sm_task ours;

    (void)state;
    assert_false(sm_collide_lost(&ours));
}

static void both_ends_come_to_opposite_verdicts(void **state)
{
    static struct sm_task a, b;
    struct seeded_rng seeded;
    struct rng rng = seeded_rng_init(&seeded, seeded_rng_seed("test_sm_collide"));

    (void)state;
    for (unsigned i = 0; i < 10000; i++) {
        struct sm_nonce *all[] = { &a.ni, &a.nr, &b.ni, &b.nr };

        for (unsigned j = 0; j < 4; j++) {
            all[j]->len = (uint16_t)(16 + rng_below(&rng, 4));
            rng_fill(&rng, all[j]->p, all[j]->len);
            if (rng_below(&rng, 2)) /* often equal at the start */
                memset(all[j]->p, 'x', 15);
            all[j]->p[15] = (uint8_t)(i + 64 * j); /* never equal */
        }
        sm_collide_note(&a, 1, &b);
        sm_collide_note(&b, 1, &a);
        assert_int_not_equal(sm_collide_lost(&a), sm_collide_lost(&b));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_exchange_with_the_lowest_nonce_loses),
        cmocka_unit_test(nonces_compare_as_octets_and_the_shorter_is_lower),
        cmocka_unit_test(without_a_rival_nothing_is_lost),
        cmocka_unit_test(both_ends_come_to_opposite_verdicts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
