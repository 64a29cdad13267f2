/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a network, slow ports and short memory do to the exchanges: each message
 * lost or doubled once, answers late and in any order, each allocation failing
 * once (retransmit.c, receive.c, jobs.c, task.c).
 */
#include "ike/core/shard.h"

#include "tests/lib/two_shards.h"
#include "tests/lib/cmocka.h"

#include <stdio.h>
#include <string.h>

static struct two_shards two;

static int begin(void **state)
{
    (void)state;
    two_shards_init(&two, seeded_rng_seed("test_sm_loss"));
    two_shards_put_both(&two, NULL, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    two_shards_fini(&two);
    return 0;
}

static void again(uint64_t seed)
{
    two_shards_fini(&two);
    two_shards_init(&two, seed);
    two_shards_put_both(&two, NULL, NULL);
}

/* The whole life of a tunnel; each step must come to a good end. */
static void whole_life(void)
{
    struct two_outcome o;

    assert_int_equal(two_shards_up(&two, 0), 0);
    for (int me = 0; me < 2; me++) {
        two_rekey(&two, me, true, &o);
        two_shards_advance(&two, 30 * NS_PER_S);
        assert_int_equal(o.n, 1);
        assert_int_equal(o.code, 0);
        two_rekey(&two, me, false, &o);
        two_shards_advance(&two, 30 * NS_PER_S);
        assert_int_equal(o.n, 1);
        assert_int_equal(o.code, 0);
        assert_null(two_disagree(&two));
    }
    two_terminate(&two, 0, true, false, &o);
    two_shards_advance(&two, 10 * NS_PER_S);
    assert_int_equal(o.code, 0);
    assert_int_equal(o.n, 1);
    two_terminate(&two, 1, false, false, &o);
    two_shards_advance(&two, 60 * NS_PER_S);
    assert_int_equal(o.n, 1);
    assert_int_equal(o.code, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(two_live(&two.end[i]), 0);
        assert_int_equal(two_stats(&two.end[i]).ike_sas, 0);
    }
}

struct nth {
    unsigned seen, hit;
    bool twice;
};

static bool lose_nth(void *user, struct two_packet *p)
{
    struct nth *nth = user;

    if (++nth->seen != nth->hit)
        return true;
    if (nth->twice)
        two_inject(&two, !p->from, p->bytes, p->len); /* once now, once in its turn */
    return nth->twice;
}

static unsigned count_messages(void)
{
    struct nth nth = { 0 };

    two.filter = lose_nth;
    two.filter_user = &nth;
    whole_life();
    return nth.seen;
}

static void any_one_message_may_be_lost(void **state)
{
    unsigned n = count_messages();

    (void)state;
    assert_in_range(n, 24, 40);
    for (unsigned i = 1; i <= n; i++) {
        struct nth nth = { .hit = i };

        again(1000 + i);
        two.filter = lose_nth;
        two.filter_user = &nth;
        whole_life();
        assert_true(nth.seen > n);
        assert_true(two_stats(&two.end[0]).retransmits_tx + two_stats(&two.end[1]).retransmits_tx >
                    0);
    }
}

static void any_one_message_may_come_twice(void **state)
{
    unsigned n = count_messages();

    (void)state;
    for (unsigned i = 1; i <= n; i++) {
        struct nth nth = { .hit = i, .twice = true };

        again(2000 + i);
        two.filter = lose_nth;
        two.filter_user = &nth;
        whole_life();
    }
}

struct repeats {
    uint8_t bytes[IKE_MESSAGE_MAX];
    size_t len;
    unsigned n;
    ns_time at[16];
};

static bool swallow_and_compare(void *user, struct two_packet *p)
{
    struct repeats *r = user;

    assert_true(r->n < 16);
    if (r->n > 0) {
        assert_int_equal(p->len, r->len);
        assert_memory_equal(p->bytes, r->bytes, r->len);
    }
    memcpy(r->bytes, p->bytes, p->len);
    r->len = p->len;
    r->at[r->n++] = two.clock.now;
    return false;
}

static void a_request_is_repeated_byte_for_byte_with_growing_pauses(void **state)
{
    struct repeats r = { 0 };
    double wait = 1.0;

    (void)state;
    two.filter = swallow_and_compare;
    two.filter_user = &r;
    assert_int_equal(two_shards_up(&two, 0), ERR_TIMEOUT);
    assert_int_equal(r.n, 8); /* once and seven times more */
    for (unsigned i = 1; i < r.n; i++, wait *= 1.7) {
        double was = (double)(r.at[i] - r.at[i - 1]) / (double)NS_PER_S;

        assert_true(was > 0.9 * wait && was < 1.1 * wait);
    }
    assert_int_equal(two_stats(&two.end[0]).retransmits_tx, 7);
    assert_int_equal(two_stats(&two.end[0]).ike_sas, 0);
}

static void a_repeated_request_gets_the_same_response(void **state)
{
    struct nth nth = { .hit = 6 }; /* the response of the first rekey */
    struct two_outcome o;

    (void)state;
    two.filter = lose_nth;
    two.filter_user = &nth;
    assert_int_equal(two_shards_up(&two, 0), 0);
    two_rekey(&two, 0, true, &o);
    two_shards_advance(&two, 10 * NS_PER_S);
    assert_int_equal(o.code, 0);
    assert_int_equal(two_stats(&two.end[1]).retransmits_rx, 1);
    assert_int_equal(two_stats(&two.end[1]).child_rekeys, 1); /* handled once */
    assert_null(two_disagree(&two));
}

static void ports_may_answer_late_and_in_any_order(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        again(seed);
        two.delay = true;
        whole_life();
    }
}

static bool drop_all(void *user, struct two_packet *p)
{
    (void)user;
    (void)p;
    return false;
}

static void a_request_being_handled_is_not_handled_twice(void **state)
{
    struct two_packet *first;
    struct two_outcome o = { 0 };

    (void)state;
    two.delay = true;
    ike_shard_initiate(two.end[0].shard, two.clock.now, "gw", NULL, two_outcome_set, &o);
    while (two.n_packets == 0)
        two_shards_step(&two);
    first = two.packets[0];
    two_inject(&two, 1, first->bytes, first->len);
    assert_int_equal(two.n_answers, 1); /* the responder asks for a key pair */
    two_inject(&two, 1, first->bytes, first->len);
    two_inject(&two, 1, first->bytes, first->len);
    assert_int_equal(two.n_answers, 1);
    assert_int_equal(two_stats(&two.end[1]).half_open, 1);
    two_shards_run(&two);
    assert_int_equal(o.n, 1);
    assert_int_equal(o.code, 0);
}

static void a_rekey_being_handled_is_not_handled_twice(void **state)
{
    struct two_packet request;
    struct two_outcome o;

    (void)state;
    assert_int_equal(two_shards_up(&two, 0), 0);
    two.delay = true;
    two_rekey(&two, 0, true, &o);
    while (two.n_packets == 0)
        two_shards_step(&two);
    request = *two.packets[0];
    two_inject(&two, 1, request.bytes, request.len);
    assert_int_equal(two.n_answers, 1);
    two_inject(&two, 1, request.bytes, request.len);
    assert_int_equal(two.n_answers, 1);
    assert_int_equal(two_stats(&two.end[1]).retransmits_rx, 1);
    two_shards_run(&two);
    assert_int_equal(o.code, 0);
    assert_int_equal(two_stats(&two.end[1]).child_rekeys, 1);
}

static void answers_for_an_ike_sa_that_is_gone_give_back_what_they_carry(void **state)
{
    struct two_outcome o = { 0 }, t;

    (void)state;
    /* After so many steps of the set-up it is ended; fini checks for leaks. */
    for (unsigned steps = 0; steps < 30; steps++) {
        again(steps);
        two.delay = true;
        o.n = 0;
        ike_shard_initiate(two.end[0].shard, two.clock.now, "gw", NULL, two_outcome_set, &o);
        for (unsigned i = 0; i < steps; i++)
            two_shards_step(&two);
        two_terminate(&two, 0, false, true, &t);
        two_terminate(&two, 1, false, true, &t);
        two.filter = drop_all;
        two_shards_run(&two);
        two_shards_advance(&two, 200 * NS_PER_S);
        assert_int_equal(o.n, 1);
        assert_int_equal(two_live(&two.end[0]), 0);
        assert_int_equal(two_stats(&two.end[0]).ike_sas, 0);
        two.filter = NULL;
    }
}

static void a_shard_may_be_freed_at_any_step(void **state)
{
    struct two_outcome o = { 0 };

    (void)state;
    for (unsigned steps = 0; steps < 40; steps++) {
        again(steps);
        two.delay = true;
        o.n = 0;
        ike_shard_initiate(two.end[0].shard, two.clock.now, "gw", NULL, two_outcome_set, &o);
        for (unsigned i = 0; i < steps; i++)
            two_shards_step(&two);
        two_shards_fini(&two);
        assert_int_equal(o.n, 1);
        two_shards_init(&two, steps);
    }
}

/* One allocation of the set-up fails: the command ends, once; whatever came of
 * it, a later attempt succeeds and nothing has leaked. */
static void each_allocation_of_the_set_up_may_fail(void **state)
{
    unsigned failed = 0, n;

    (void)state;
    for (n = 1; n < 400; n++) {
        struct two_outcome o = { 0 };

        again(n);
        mem_fail_nth(n);
        ike_shard_initiate(two.end[0].shard, two.clock.now, "gw", NULL, two_outcome_set, &o);
        two_shards_advance(&two, 300 * NS_PER_S);
        mem_fail_nth(0);
        assert_int_equal(o.n, 1);
        failed += o.code != 0;
        two_shards_up(&two, 0);
        two_shards_advance(&two, 10 * NS_PER_S);
        assert_non_null(two_active(&two.end[0]));
        assert_null(two_disagree(&two));
    }
    assert_true(failed > 5); /* the sweep reached something */
}

static void each_allocation_of_a_rekey_may_fail(void **state)
{
    (void)state;
    for (unsigned n = 1; n < 120; n++) {
        struct two_outcome o;

        for (int child = 0; child < 2; child++) {
            again(n);
            assert_int_equal(two_shards_up(&two, 0), 0);
            mem_fail_nth(n);
            two_rekey(&two, 0, child, &o);
            two_shards_advance(&two, 300 * NS_PER_S);
            mem_fail_nth(0);
            assert_int_equal(o.n, 1);
            if (!two_active(&two.end[0]))
                two_shards_up(&two, 0);
            two_shards_advance(&two, 300 * NS_PER_S);
            assert_non_null(two_active(&two.end[0]));
            assert_null(two_disagree(&two));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
        T(any_one_message_may_be_lost),
        T(any_one_message_may_come_twice),
        T(a_request_is_repeated_byte_for_byte_with_growing_pauses),
        T(a_repeated_request_gets_the_same_response),
        T(ports_may_answer_late_and_in_any_order),
        T(a_request_being_handled_is_not_handled_twice),
        T(a_rekey_being_handled_is_not_handled_twice),
        T(answers_for_an_ike_sa_that_is_gone_give_back_what_they_carry),
        T(a_shard_may_be_freed_at_any_step),
        T(each_allocation_of_the_set_up_may_fail),
        T(each_allocation_of_a_rekey_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
