/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exchanges of both ends that cross on the wire (collide.c, RFC 7296 2.8.1,
 * 2.8.2, 2.25): one test a pair, with every message that passes.  A and B send
 * their requests before either has the other's.
 */
#include "ike/core/shard.h"

#include "tests/lib/sk_tap.h"
#include "tests/lib/cmocka.h"

#include <string.h>

static struct two_shards two;
static struct sk_tap tap;

static int begin(void **state)
{
    (void)state;
    two_shards_init(&two, 1);
    two_shards_put_both(&two, NULL, NULL);
    assert_int_equal(two_shards_up(&two, 0), 0);
    sk_tap_on(&tap, &two);
    return 0;
}

static int end(void **state)
{
    (void)state;
    two_shards_fini(&two);
    return 0;
}

enum what { REKEY_CHILD, REKEY_IKE, DELETE_CHILD, DELETE_IKE, NEW_CHILD };

static void start(int me, enum what what, struct two_outcome *o)
{
    *o = (struct two_outcome){ 0 };
    if (what == REKEY_CHILD || what == REKEY_IKE)
        two_rekey(&two, me, what == REKEY_CHILD, o);
    else if (what == NEW_CHILD)
        ike_shard_initiate(two.end[me].shard, two_shards_now(&two), "gw", NULL, two_outcome_set, o);
    else
        two_terminate(&two, me, what == DELETE_CHILD, false, o);
}

/* Both begin, then all runs out, timers of the next minute included. */
static void cross(enum what a, enum what b)
{
    struct two_outcome oa, ob;

    start(0, a, &oa);
    start(1, b, &ob);
    assert_int_equal(two.n_packets, 2);
    two_shards_run(&two);
    two_shards_advance(&two, 60 * NS_PER_S);
    assert_int_equal(oa.n, 1);
    assert_int_equal(ob.n, 1);
}

static void check(unsigned n_ike, unsigned n_children)
{
    for (int i = 0; i < 2; i++) {
        assert_int_equal(two_stats(&two.end[i]).ike_sas, n_ike);
        assert_int_equal(two_live(&two.end[i]), n_children);
        assert_int_equal(two.end[i].n_reserved, 0);
    }
    assert_null(two_disagree(&two));
}

static void without_child(void)
{
    struct two_outcome o;

    two_terminate(&two, 0, true, false, &o);
    two_shards_run(&two);
    sk_tap_clear(&tap);
}

/* The one with the lowest nonce closes what it made (2.8.1). */
static void both_rekey_the_child(void **state)
{
    (void)state;
    cross(REKEY_CHILD, REKEY_CHILD);
    sk_ladder_is(&tap, "A CREATE_CHILD_SA request 2: N(REKEY_SA) SA Nonce TSi TSr\n"
                       "B CREATE_CHILD_SA request 0: N(REKEY_SA) SA Nonce TSi TSr\n"
                       "B CREATE_CHILD_SA response 2: SA Nonce TSi TSr\n"
                       "A CREATE_CHILD_SA response 0: SA Nonce TSi TSr\n"
                       "A INFORMATIONAL request 3: D(ESP)\n"
                       "B INFORMATIONAL request 1: D(ESP)\n"
                       "B INFORMATIONAL response 3: D(ESP)\n"
                       "A INFORMATIONAL response 1: D(ESP)\n");
    check(1, 1);
}

/* The IKE rekey waits: a Child SA is being made (2.25.2). */
static void a_child_rekey_crosses_an_ike_rekey(void **state)
{
    (void)state;
    cross(REKEY_CHILD, REKEY_IKE);
    sk_ladder_is(&tap, "A CREATE_CHILD_SA request 2: N(REKEY_SA) SA Nonce TSi TSr\n"
                       "B CREATE_CHILD_SA request 0: SA Nonce KE\n"
                       "B CREATE_CHILD_SA response 2: N(TEMPORARY_FAILURE)\n"
                       "A CREATE_CHILD_SA response 0: N(TEMPORARY_FAILURE)\n"
                       "A CREATE_CHILD_SA request 3: N(REKEY_SA) SA Nonce TSi TSr\n"
                       "B CREATE_CHILD_SA response 3: SA Nonce TSi TSr\n"
                       "A INFORMATIONAL request 4: D(ESP)\n"
                       "B INFORMATIONAL response 4: D(ESP)\n"
                       "B CREATE_CHILD_SA request 1: SA Nonce KE\n"
                       "A CREATE_CHILD_SA response 1: SA Nonce KE\n"
                       "B INFORMATIONAL request 2: D(IKE)\n"
                       "A INFORMATIONAL response 2:\n");
    check(1, 1);
}

/* The same from the other side. */
static void an_ike_rekey_crosses_a_child_rekey(void **state)
{
    (void)state;
    cross(REKEY_IKE, REKEY_CHILD);
    sk_ladder_is(&tap, "A CREATE_CHILD_SA request 2: SA Nonce KE\n"
                       "B CREATE_CHILD_SA request 0: N(REKEY_SA) SA Nonce TSi TSr\n"
                       "B CREATE_CHILD_SA response 2: N(TEMPORARY_FAILURE)\n"
                       "A CREATE_CHILD_SA response 0: N(TEMPORARY_FAILURE)\n"
                       "B CREATE_CHILD_SA request 1: N(REKEY_SA) SA Nonce TSi TSr\n"
                       "A CREATE_CHILD_SA response 1: SA Nonce TSi TSr\n"
                       "B INFORMATIONAL request 2: D(ESP)\n"
                       "A INFORMATIONAL response 2: D(ESP)\n"
                       "A CREATE_CHILD_SA request 3: SA Nonce KE\n"
                       "B CREATE_CHILD_SA response 3: SA Nonce KE\n"
                       "A INFORMATIONAL request 4: D(IKE)\n"
                       "B INFORMATIONAL response 4:\n");
    check(1, 1);
}

/* Two new IKE SAs; that with the lowest nonce goes again. */
static void both_rekey_the_ike_sa(void **state)
{
    (void)state;
    cross(REKEY_IKE, REKEY_IKE);
    sk_ladder_is(&tap, "A CREATE_CHILD_SA request 2: SA Nonce KE\n"
                       "B CREATE_CHILD_SA request 0: SA Nonce KE\n"
                       "B CREATE_CHILD_SA response 2: SA Nonce KE\n"
                       "A CREATE_CHILD_SA response 0: SA Nonce KE\n"
                       "A INFORMATIONAL request 0: D(IKE)\n"
                       "B INFORMATIONAL request 1: D(IKE)\n"
                       "B INFORMATIONAL response 0:\n"
                       "A INFORMATIONAL response 1:\n");
    check(1, 1);
}

/* A rekeys what B deletes (2.25.1): the delete counts. */
static void a_child_rekey_crosses_its_delete(void **state)
{
    (void)state;
    cross(REKEY_CHILD, DELETE_CHILD);
    sk_ladder_is(&tap, "A CREATE_CHILD_SA request 2: N(REKEY_SA) SA Nonce TSi TSr\n"
                       "B INFORMATIONAL request 0: D(ESP)\n"
                       "B CREATE_CHILD_SA response 2: N(TEMPORARY_FAILURE)\n"
                       "A INFORMATIONAL response 0: D(ESP)\n");
    check(1, 0);
}

/* The same from the other side. */
static void a_child_delete_crosses_its_rekey(void **state)
{
    (void)state;
    cross(DELETE_CHILD, REKEY_CHILD);
    sk_ladder_is(&tap, "A INFORMATIONAL request 2: D(ESP)\n"
                       "B CREATE_CHILD_SA request 0: N(REKEY_SA) SA Nonce TSi TSr\n"
                       "B INFORMATIONAL response 2: D(ESP)\n"
                       "A CREATE_CHILD_SA response 0: N(TEMPORARY_FAILURE)\n");
    check(1, 0);
}

/* Each answers without naming the SA it deletes itself (1.4.1). */
static void both_delete_the_child(void **state)
{
    (void)state;
    cross(DELETE_CHILD, DELETE_CHILD);
    sk_ladder_is(&tap, "A INFORMATIONAL request 2: D(ESP)\n"
                       "B INFORMATIONAL request 0: D(ESP)\n"
                       "B INFORMATIONAL response 2:\n"
                       "A INFORMATIONAL response 0:\n");
    check(1, 0);
}

/* A Child SA is going: the IKE rekey waits (2.25.2). */
static void a_child_delete_crosses_an_ike_rekey(void **state)
{
    (void)state;
    cross(DELETE_CHILD, REKEY_IKE);
    sk_ladder_is(&tap, "A INFORMATIONAL request 2: D(ESP)\n"
                       "B CREATE_CHILD_SA request 0: SA Nonce KE\n"
                       "B INFORMATIONAL response 2: D(ESP)\n"
                       "A CREATE_CHILD_SA response 0: N(TEMPORARY_FAILURE)\n"
                       "B CREATE_CHILD_SA request 1: SA Nonce KE\n"
                       "A CREATE_CHILD_SA response 1: SA Nonce KE\n"
                       "B INFORMATIONAL request 2: D(IKE)\n"
                       "A INFORMATIONAL response 2:\n");
    check(1, 0);
}

/* The delete is served while the rekey is out. */
static void an_ike_rekey_crosses_a_child_delete(void **state)
{
    (void)state;
    cross(REKEY_IKE, DELETE_CHILD);
    sk_ladder_is(&tap, "A CREATE_CHILD_SA request 2: SA Nonce KE\n"
                       "B INFORMATIONAL request 0: D(ESP)\n"
                       "B CREATE_CHILD_SA response 2: N(TEMPORARY_FAILURE)\n"
                       "A INFORMATIONAL response 0: D(ESP)\n"
                       "A CREATE_CHILD_SA request 3: SA Nonce KE\n"
                       "B CREATE_CHILD_SA response 3: SA Nonce KE\n"
                       "A INFORMATIONAL request 4: D(IKE)\n"
                       "B INFORMATIONAL response 4:\n");
    check(1, 0);
}

/* The delete counts (2.25.2). */
static void an_ike_rekey_crosses_an_ike_delete(void **state)
{
    (void)state;
    cross(REKEY_IKE, DELETE_IKE);
    sk_ladder_is(&tap, "A CREATE_CHILD_SA request 2: SA Nonce KE\n"
                       "B INFORMATIONAL request 0: D(IKE)\n"
                       "B CREATE_CHILD_SA response 2: N(TEMPORARY_FAILURE)\n"
                       "A INFORMATIONAL response 0:\n");
    check(0, 0);
}

/* The delete counts. */
static void a_child_rekey_crosses_an_ike_delete(void **state)
{
    (void)state;
    cross(REKEY_CHILD, DELETE_IKE);
    sk_ladder_is(&tap, "A CREATE_CHILD_SA request 2: N(REKEY_SA) SA Nonce TSi TSr\n"
                       "B INFORMATIONAL request 0: D(IKE)\n"
                       "B CREATE_CHILD_SA response 2: N(TEMPORARY_FAILURE)\n"
                       "A INFORMATIONAL response 0:\n");
    check(0, 0);
}

/* Both are answered; nothing is left. */
static void an_ike_delete_crosses_a_child_delete(void **state)
{
    (void)state;
    cross(DELETE_IKE, DELETE_CHILD);
    sk_ladder_is(&tap, "A INFORMATIONAL request 2: D(IKE)\n"
                       "B INFORMATIONAL request 0: D(ESP)\n"
                       "B INFORMATIONAL response 2:\n"
                       "A INFORMATIONAL response 0: D(ESP)\n");
    check(0, 0);
}

/* Both are answered; nothing is left. */
static void both_delete_the_ike_sa(void **state)
{
    (void)state;
    cross(DELETE_IKE, DELETE_IKE);
    sk_ladder_is(&tap, "A INFORMATIONAL request 2: D(IKE)\n"
                       "B INFORMATIONAL request 0: D(IKE)\n"
                       "B INFORMATIONAL response 2:\n"
                       "A INFORMATIONAL response 0:\n");
    check(0, 0);
}

static void both_make_the_child(void **state)
{
    (void)state;
    without_child();
    cross(NEW_CHILD, NEW_CHILD);
    sk_ladder_is(&tap, "A CREATE_CHILD_SA request 3: SA Nonce TSi TSr\n"
                       "B CREATE_CHILD_SA request 0: SA Nonce TSi TSr\n"
                       "B CREATE_CHILD_SA response 3: SA Nonce TSi TSr\n"
                       "A CREATE_CHILD_SA response 0: SA Nonce TSi TSr\n");
    assert_null(two_disagree(&two));
    assert_int_equal(two_live(&two.end[0]), two_live(&two.end[1]));
}

static void a_new_child_crosses_an_ike_rekey(void **state)
{
    (void)state;
    without_child();
    cross(NEW_CHILD, REKEY_IKE);
    sk_ladder_is(&tap, "A CREATE_CHILD_SA request 3: SA Nonce TSi TSr\n"
                       "B CREATE_CHILD_SA request 0: SA Nonce KE\n"
                       "B CREATE_CHILD_SA response 3: N(TEMPORARY_FAILURE)\n"
                       "A CREATE_CHILD_SA response 0: N(TEMPORARY_FAILURE)\n"
                       "B CREATE_CHILD_SA request 1: SA Nonce KE\n"
                       "A CREATE_CHILD_SA response 1: SA Nonce KE\n"
                       "B INFORMATIONAL request 2: D(IKE)\n"
                       "A INFORMATIONAL response 2:\n");
    assert_null(two_disagree(&two));
    assert_int_equal(two_live(&two.end[0]), two_live(&two.end[1]));
}

static void an_ike_rekey_crosses_a_new_child(void **state)
{
    (void)state;
    without_child();
    cross(REKEY_IKE, NEW_CHILD);
    sk_ladder_is(&tap, "A CREATE_CHILD_SA request 3: SA Nonce KE\n"
                       "B CREATE_CHILD_SA request 0: SA Nonce TSi TSr\n"
                       "B CREATE_CHILD_SA response 3: N(TEMPORARY_FAILURE)\n"
                       "A CREATE_CHILD_SA response 0: N(TEMPORARY_FAILURE)\n"
                       "A CREATE_CHILD_SA request 4: SA Nonce KE\n"
                       "B CREATE_CHILD_SA response 4: SA Nonce KE\n"
                       "A INFORMATIONAL request 5: D(IKE)\n"
                       "B INFORMATIONAL response 5:\n");
    assert_null(two_disagree(&two));
    assert_int_equal(two_live(&two.end[0]), two_live(&two.end[1]));
}

static void a_new_child_crosses_an_ike_delete(void **state)
{
    (void)state;
    without_child();
    cross(NEW_CHILD, DELETE_IKE);
    sk_ladder_is(&tap, "A CREATE_CHILD_SA request 3: SA Nonce TSi TSr\n"
                       "B INFORMATIONAL request 0: D(IKE)\n"
                       "B CREATE_CHILD_SA response 3: N(TEMPORARY_FAILURE)\n"
                       "A INFORMATIONAL response 0:\n");
    assert_null(two_disagree(&two));
    assert_int_equal(two_live(&two.end[0]), two_live(&two.end[1]));
}

/* A rekey of what we are deleting is put off before anything is made for it. */
static void a_rekey_of_what_is_going_reserves_nothing(void **state)
{
    struct two_outcome a, b;
    uint32_t spis = two.end[0].last_spi;

    (void)state;
    start(0, DELETE_CHILD, &a);
    start(1, REKEY_CHILD, &b);
    two_shards_run(&two);
    assert_true(sk_said(&tap, 0, IKE_N_TEMPORARY_FAILURE, NULL));
    assert_int_equal(two.end[0].last_spi, spis);
    assert_int_equal(two.end[0].n_installs, 1);
    assert_int_equal(two.end[1].n_installs, 1);
    assert_int_equal(two_ike_count(&two.end[0]), 1);
    assert_int_equal(two_ike_count(&two.end[1]), 1);
    assert_int_equal(a.code, 0);
    assert_int_equal(b.n, 1);
    check(1, 0);
}

/* What is asked for last is done first if it makes the rest needless. */
static void the_delete_of_the_ike_sa_overtakes_what_waits(void **state)
{
    struct two_outcome a, b, c;

    (void)state;
    start(0, REKEY_CHILD, &a);
    start(0, REKEY_IKE, &b);
    start(0, DELETE_IKE, &c);
    two_shards_run(&two);
    sk_ladder_is(&tap, "A CREATE_CHILD_SA request 2: N(REKEY_SA) SA Nonce TSi TSr\n"
                       "B CREATE_CHILD_SA response 2: SA Nonce TSi TSr\n"
                       "A INFORMATIONAL request 3: D(IKE)\n"
                       "B INFORMATIONAL response 3:\n");
    assert_int_equal(a.code, 0);
    assert_int_equal(b.code, ERR_STATE);
    assert_int_equal(c.code, 0);
    check(0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
        T(both_rekey_the_child),
        T(a_child_rekey_crosses_an_ike_rekey),
        T(an_ike_rekey_crosses_a_child_rekey),
        T(both_rekey_the_ike_sa),
        T(a_child_rekey_crosses_its_delete),
        T(a_child_delete_crosses_its_rekey),
        T(both_delete_the_child),
        T(a_child_delete_crosses_an_ike_rekey),
        T(an_ike_rekey_crosses_a_child_delete),
        T(an_ike_rekey_crosses_an_ike_delete),
        T(a_child_rekey_crosses_an_ike_delete),
        T(an_ike_delete_crosses_a_child_delete),
        T(both_delete_the_ike_sa),
        T(both_make_the_child),
        T(a_new_child_crosses_an_ike_rekey),
        T(an_ike_rekey_crosses_a_new_child),
        T(a_new_child_crosses_an_ike_delete),
        T(a_rekey_of_what_is_going_reserves_nothing),
        T(the_delete_of_the_ike_sa_overtakes_what_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
