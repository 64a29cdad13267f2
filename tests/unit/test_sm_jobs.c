/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of the ports (jobs.c): twice, of the wrong kind, for jobs that never
 * were, for IKE SAs that are gone; of every kind of port.  What an answer brings
 * that nobody wants any more must be given back, which two_shards_fini() checks.
 */
#include "ike/core/shard.h"

#include "tests/lib/two_shards.h"
#include "tests/lib/cmocka.h"

#include <stdlib.h>
#include <string.h>

static struct two_shards two;

static int begin(void **state)
{
    (void)state;
    two_shards_init(&two, seeded_rng_seed("test_sm_jobs"));
    two.delay = true;
    two_shards_put_both(&two, NULL, "aes256gcm16-esn-x25519");
    return 0;
}

static int end(void **state)
{
    (void)state;
    two_shards_fini(&two);
    return 0;
}

static struct two_answer *waiting(enum two_answer_kind kind)
{
    for (unsigned i = 0; i < two.n_answers; i++)
        if (two.answers[i]->kind == kind)
            return two.answers[i];
    return NULL;
}

/* Runs until an answer of that kind is about to be given. */
static struct two_answer run_to(enum two_answer_kind kind, int end_of)
{
    for (unsigned steps = 0; steps < 1000; steps++) {
        struct two_answer *a = waiting(kind);

        if (a && a->end == end_of)
            return *a;
        assert_true(two_shards_step(&two));
    }
    fail_msg("no such job");
    return (struct two_answer){ 0 };
}

/* One answer of each kind to that job; SPI and handle are of nobody. */
static void answer_as(int end_of, enum two_answer_kind kind, ike_job job, int code)
{
    struct ike_shard *shard = two.end[end_of].shard;
    ns_time now = two_shards_now(&two);

    switch (kind) {
    case TWO_SPI:
        ike_shard_answer_spi(shard, now, job, code, 0xdeadbeef);
        break;
    case TWO_INSTALL:
        ike_shard_answer_install(shard, now, job, code, NULL);
        break;
    case TWO_KE:
        ike_shard_answer_ke(shard, now, job, code, 0xdead, span_of("x", 1));
        break;
    case TWO_SHARED:
        ike_shard_answer_shared(shard, now, job, code, span_of("x", 1));
        break;
    case TWO_AUTH:
        ike_shard_answer_auth(shard, now, job, code, IKE_AUTH_PSK, span_of("x", 1));
        break;
    }
}

static const enum two_answer_kind kinds[] = { TWO_SPI, TWO_INSTALL, TWO_KE, TWO_SHARED, TWO_AUTH };

static void start(struct two_outcome *o)
{
    *o = (struct two_outcome){ 0 };
    ike_shard_initiate(two.end[0].shard, two_shards_now(&two), "gw", NULL, two_outcome_set, o);
}

static void check_up(const struct two_outcome *o)
{
    assert_int_equal(o->n, 1);
    assert_int_equal(o->code, 0);
    assert_int_equal(two_live(&two.end[0]), 1);
    assert_int_equal(two_live(&two.end[1]), 1);
    assert_null(two_disagree(&two));
}

static void an_answer_of_another_kind_is_no_answer(void **state)
{
    (void)state;
    for (size_t k = 0; k < 5; k++) {
        for (int e = 0; e < 2; e++) {
            struct two_outcome o;
            struct two_answer a;

            two_shards_fini(&two);
            begin(state);
            start(&o);
            a = run_to(kinds[k], e);
            for (size_t other = 0; other < 5; other++)
                if (other != k)
                    answer_as(e, kinds[other], a.job, 0);
            two_shards_run(&two);
            check_up(&o);
        }
    }
}

static void a_second_answer_is_none(void **state)
{
    (void)state;
    for (size_t k = 0; k < 5; k++) {
        for (int e = 0; e < 2; e++) {
            struct two_outcome o;
            struct two_answer a;

            two_shards_fini(&two);
            begin(state);
            start(&o);
            a = run_to(kinds[k], e);
            while (waiting(kinds[k]))
                assert_true(two_shards_step(&two));
            answer_as(e, kinds[k], a.job, ERR_FULL);
            answer_as(e, kinds[k], a.job, 0);
            two_shards_run(&two);
            answer_as(e, kinds[k], a.job, ERR_FULL);
            check_up(&o);
        }
    }
}

static void an_answer_to_a_job_that_never_was_is_none(void **state)
{
    struct two_outcome o;

    (void)state;
    for (size_t k = 0; k < 5; k++) {
        answer_as(0, kinds[k], 0, 0);
        answer_as(0, kinds[k], 1, 0);
        answer_as(1, kinds[k], UINT64_MAX, ERR_FULL);
    }
    start(&o);
    for (size_t k = 0; k < 5; k++)
        answer_as(0, kinds[k], 1u << 20, 0);
    two_shards_run(&two);
    check_up(&o);
}

/* The IKE SA is gone by force while the port still works for it. */
static void what_comes_for_a_dead_ike_sa_is_given_back(void **state)
{
    (void)state;
    for (size_t k = 0; k < 5; k++) {
        struct two_outcome o, down;

        two_shards_fini(&two);
        begin(state);
        start(&o);
        run_to(kinds[k], 0);
        two_terminate(&two, 0, false, true, &down);
        assert_int_equal(down.n, 1);
        assert_int_equal(o.n, 1);
        assert_int_not_equal(o.code, 0);
        assert_int_equal(two_stats(&two.end[0]).ike_sas, 0);
        two_shards_run(&two);
        assert_int_equal(waiting(kinds[k]) != NULL, false);
        assert_int_equal(two_live(&two.end[0]), 0);
        assert_int_equal(two.end[0].n_reserved, 0);
        assert_int_equal(ike_local_crypto_handles(two.end[0].crypto), 0);
    }
}

/* The same while the answer is a failure: there is nothing to give back then. */
static void failures_for_a_dead_ike_sa_change_nothing(void **state)
{
    (void)state;
    two_shards_fini(&two);
    for (int spi = 0; spi < 2; spi++) {
        struct two_outcome o, down;

        begin(state);
        if (spi)
            two.end[0].fail_spi = ERR_FULL;
        else
            two.end[1].fail_spi = ERR_FULL;
        start(&o);
        run_to(TWO_SPI, !spi);
        two_terminate(&two, !spi, false, true, &down);
        two_shards_run(&two);
        assert_int_equal(two.end[!spi].n_reserved, 0);
        two_shards_fini(&two);
    }
    begin(state);
}

/* Each port may refuse: the set-up ends, or comes up without a child; never half. */
static void a_failure_of_any_port_is_told_and_leaves_nothing(void **state)
{
    (void)state;
    for (size_t k = 0; k < 5; k++) {
        for (int e = 0; e < 2; e++) {
            struct two_outcome o;
            struct two_answer *a;

            two_shards_fini(&two);
            begin(state);
            start(&o);
            run_to(kinds[k], e);
            a = waiting(kinds[k]);
            if (a->code == 0 && a->kind == TWO_SPI)
                two.end[e].n_reserved--;  /* the port keeps what it does not give */
            if (a->kind == TWO_INSTALL) { /* what fails keeps its reservation */
                two.end[e].installs[0].removed = true;
                two.end[e].installs[0].out_active = false;
                two.end[e].n_reserved++;
            }
            if (a->kind == TWO_KE)
                ike_local_crypto_port(two.end[e].crypto)
                    .ke_release(ike_local_crypto_port(two.end[e].crypto).user, a->handle);
            a->code = ERR_FULL;
            two_shards_run(&two);
            two_shards_advance(&two, 200 * NS_PER_S);
            assert_int_equal(o.n, 1);
            assert_int_equal(two.end[0].n_reserved, 0);
            if (e == 1 && o.code == 0) /* the initiator has come again */
                check_up(&o);
            else
                assert_int_equal(two_live(&two.end[0]), 0);
            assert_true(e == 1 || o.code != 0);
        }
    }
}

static void data_that_is_too_long_is_a_failure(void **state)
{
    static uint8_t big[8192];
    struct two_outcome o;
    struct two_answer a;

    (void)state;
    start(&o);
    a = run_to(TWO_SHARED, 1);
    ike_shard_answer_shared(two.end[1].shard, two_shards_now(&two), a.job, 0,
                            span_of(big, sizeof big));
    two_shards_run(&two);
    assert_int_equal(o.n, 0); /* the responder is silent: nothing was agreed */
    assert_int_equal(two_stats(&two.end[1]).ike_up, 0);
    two_shards_advance(&two, 200 * NS_PER_S);
    assert_int_equal(o.n, 1);
}

/* An answer may come from inside the request, or so late that the peer has given
 * up: what was made for it goes again. */
static void a_port_that_is_very_slow_leaves_nothing_behind(void **state)
{
    (void)state;
    for (size_t k = 0; k < 5; k++) {
        struct two_outcome o;

        two_shards_fini(&two);
        begin(state);
        start(&o);
        run_to(kinds[k], 1);
        two_shards_advance_slowly(&two, 150 * NS_PER_S);
        assert_int_equal(o.n, 1);
        assert_int_equal(o.code, ERR_TIMEOUT);
        two_shards_run(&two);
        two_shards_advance(&two, 400 * NS_PER_S);
        for (int e = 0; e < 2; e++) {
            assert_int_equal(two_live(&two.end[e]), 0);
            assert_int_equal(two_stats(&two.end[e]).half_open, 0);
            assert_int_equal(two.end[e].n_reserved, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
        T(an_answer_of_another_kind_is_no_answer),
        T(a_second_answer_is_none),
        T(an_answer_to_a_job_that_never_was_is_none),
        T(what_comes_for_a_dead_ike_sa_is_given_back),
        T(failures_for_a_dead_ike_sa_change_nothing),
        T(a_failure_of_any_port_is_told_and_leaves_nothing),
        T(data_that_is_too_long_is_a_failure),
        T(a_port_that_is_very_slow_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
