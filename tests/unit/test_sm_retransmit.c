/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a request that nobody answers is sent again (retransmit.c, RFC 7296 2.1,
 * 2.4): each wait is 1.7 times the last, of which a tenth is left to chance.
 */
#include "ike/core/shard.h"

#include "tests/lib/two_shards.h"
#include "tests/lib/cmocka.h"

#include <string.h>

static struct two_shards two;

#define SENT_MAX 32
struct log {
    unsigned n;
    ns_time at[SENT_MAX];
    uint8_t exchange;
    size_t len;
    uint8_t bytes[IKE_MESSAGE_MAX];
};
static struct log sent;

/* Of end 0, from now on, all is lost and written down. */
static bool swallow(void *user, struct two_packet *p)
{
    struct log *log = user;

    if (p->from != 0)
        return false;
    assert_true(log->n < SENT_MAX);
    if (log->n > 0) { /* the same bytes, so the same IV, each time */
        assert_int_equal(p->len, log->len);
        assert_memory_equal(p->bytes, log->bytes, p->len);
    }
    log->exchange = p->bytes[18];
    log->len = p->len;
    memcpy(log->bytes, p->bytes, p->len);
    log->at[log->n++] = two_shards_now(&two);
    return false;
}

static void anew(uint64_t seed, const struct ike_settings *settings)
{
    two_shards_fini(&two);
    two_shards_init_with(&two, seed, settings);
    memset(&sent, 0, sizeof sent);
    two.filter_user = &sent;
}

static int begin(void **state)
{
    (void)state;
    two_shards_init(&two, 1);
    return 0;
}

static int end(void **state)
{
    (void)state;
    two_shards_fini(&two);
    return 0;
}

/* The nominal waits of a request: first, times 1.7 each; in nanoseconds as the
 * core computes them, so that the bounds are exact. */
static void check_times(ns_time first, unsigned tries)
{
    ns_time wait = first;

    assert_int_equal(sent.n, tries + 1);
    for (unsigned i = 1; i <= tries; i++) {
        ns_time got = sent.at[i] - sent.at[i - 1];

        assert_true(got <= wait + wait / 20);
        assert_true(got > wait + wait / 20 - wait / 10 - 1);
        wait += wait * 7 / 10;
    }
}

static void a_set_up_is_tried_eight_times_in_about_a_hundred_seconds(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct two_outcome o = { 0 };

        anew(seed, NULL);
        two.filter = swallow;
        two_shards_put_both(&two, NULL, NULL);
        ike_shard_initiate(two.end[0].shard, two.clock.now, "gw", NULL, two_outcome_set, &o);
        two_shards_advance(&two, 60 * NS_PER_S);
        assert_int_equal(o.n, 0);
        two_shards_advance(&two, 60 * NS_PER_S);
        assert_int_equal(o.n, 1);
        assert_int_equal(o.code, ERR_TIMEOUT);
        check_times(NS_PER_S, 7);
        assert_int_equal(sent.exchange, IKE_SA_INIT);
        assert_int_equal(two_stats(&two.end[0]).retransmits_tx, 7);
        assert_int_equal(two_stats(&two.end[0]).tx, 8);
        assert_int_equal(two.end[0].armed, 0);
    }
}

static void settings_say_how_soon_and_how_often(void **state)
{
    static const struct ike_settings settings[] = {
        { .retransmit_first = 200 * NS_PER_MS, .retransmit_tries = 1 },
        { .retransmit_first = 3 * NS_PER_S, .retransmit_tries = 3 },
        { .retransmit_first = 500 * NS_PER_MS, .retransmit_tries = 10 },
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct two_outcome o = { 0 };

        anew(77 + i, &settings[i]);
        two.filter = swallow;
        two_shards_put_both(&two, NULL, NULL);
        ike_shard_initiate(two.end[0].shard, two.clock.now, "gw", NULL, two_outcome_set, &o);
        two_shards_advance(&two, 1000 * NS_PER_S);
        assert_int_equal(o.code, ERR_TIMEOUT);
        check_times(settings[i].retransmit_first, settings[i].retransmit_tries);
    }
}

/* With different randomness the same wait is not the same: peers do not come in
 * step.  Both halves of the tenth are used. */
static void the_waits_are_spread_over_a_tenth(void **state)
{
    unsigned early = 0, late = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 64; seed++) {
        anew(seed, NULL);
        two.filter = swallow;
        two_shards_put_both(&two, NULL, NULL);
        ike_shard_initiate(two.end[0].shard, two.clock.now, "gw", NULL, NULL, NULL);
        two_shards_advance(&two, 1200 * NS_PER_MS);
        assert_int_equal(sent.n, 2);
        early += sent.at[1] - sent.at[0] < NS_PER_S;
        late += sent.at[1] - sent.at[0] > NS_PER_S;
    }
    assert_in_range(early, 10, 54);
    assert_in_range(late, 10, 54);
}

static void every_exchange_of_an_established_ike_sa_is_repeated_likewise(void **state)
{
    (void)state;
    for (int what = 0; what < 4; what++) {
        struct two_outcome o;

        anew(50 + (uint64_t)what, NULL);
        two_shards_put_both(&two, NULL, NULL);
        assert_int_equal(two_shards_up(&two, 0), 0);
        two.filter = swallow;
        if (what < 2)
            two_rekey(&two, 0, what == 0, &o);
        else
            two_terminate(&two, 0, what == 2, false, &o);
        two_shards_advance(&two, 120 * NS_PER_S);
        check_times(NS_PER_S, 7);
        assert_int_equal(sent.exchange, what < 2 ? IKE_CREATE_CHILD_SA : IKE_INFORMATIONAL);
        assert_int_equal(o.n, 1);
        assert_int_equal(o.code, ERR_TIMEOUT);
        assert_int_equal(two_ike_count(&two.end[0]), 0); /* the peer is dead (2.4) */
        assert_int_equal(two_live(&two.end[0]), 0);
    }
}

static int see_retransmits(void *user, const struct ike_sa_info *sa)
{
    *(uint32_t *)user = sa->retransmits;
    return 0;
}

static void an_answer_at_any_time_ends_the_repetitions(void **state)
{
    (void)state;
    for (unsigned lost = 0; lost < 7; lost++) {
        struct two_outcome o;
        uint32_t retransmits = 99;

        anew(60 + lost, NULL);
        two_shards_put_both(&two, NULL, NULL);
        assert_int_equal(two_shards_up(&two, 0), 0);
        two.filter = swallow;
        two_rekey(&two, 0, true, &o);
        while (sent.n <= lost)
            two_shards_advance(&two, 100 * NS_PER_MS);
        two.filter = NULL;
        two_shards_advance(&two, 60 * NS_PER_S);
        assert_int_equal(o.code, 0);
        ike_shard_each(two.end[0].shard, see_retransmits, &retransmits);
        assert_int_equal(retransmits, sent.n); /* the first after them went through */
        assert_int_equal(two_stats(&two.end[0]).retransmits_tx, sent.n);
        assert_int_equal(two_live(&two.end[0]), 1);
        assert_null(two_disagree(&two));
    }
}

/* dpd_timeout counts from when the peer was last heard, at the next repetition. */
static void a_timeout_of_the_connection_ends_it_earlier(void **state)
{
    (void)state;
    anew(70, NULL);
    for (int i = 0; i < 2; i++) {
        struct ike_conn *conn = two_shards_conn(&two, i, NULL, NULL);

        conn->dpd_timeout = 4 * NS_PER_S;
        conn->dpd_delay = 1000 * NS_PER_S;
        two_shards_put(&two, i, conn);
    }
    assert_int_equal(two_shards_up(&two, 0), 0);
    two.filter = swallow;
    {
        struct two_outcome o;

        two_rekey(&two, 0, true, &o);
        two_shards_advance(&two, 4500 * NS_PER_MS);
        assert_int_equal(o.n, 0); /* 1 + 1.7 s: 2.7; the next is at 5.6 s */
        assert_int_equal(sent.n, 3);
        two_shards_advance(&two, 1600 * NS_PER_MS);
        assert_int_equal(o.n, 1);
        assert_int_equal(o.code, ERR_TIMEOUT);
        assert_int_equal(sent.n, 3);
    }
}

/* The responder never repeats by itself (2.1). */
static void a_response_is_only_sent_when_asked(void **state)
{
    struct two_outcome o;

    (void)state;
    anew(80, NULL);
    two_shards_put_both(&two, NULL, NULL);
    assert_int_equal(two_shards_up(&two, 0), 0);
    two.filter = swallow; /* B's responses are lost as well */
    two.end[0].n_sent = two.end[1].n_sent = 0;
    two_terminate(&two, 1, true, false, &o);
    two_shards_run(&two);
    assert_int_equal(two.end[1].n_sent, 1);
    two_shards_advance(&two, 500 * NS_PER_MS);
    assert_int_equal(two.end[0].n_sent, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
        T(a_set_up_is_tried_eight_times_in_about_a_hundred_seconds),
        T(settings_say_how_soon_and_how_often),
        T(the_waits_are_spread_over_a_tenth),
        T(every_exchange_of_an_established_ike_sa_is_repeated_likewise),
        T(an_answer_at_any_time_ends_the_repetitions),
        T(a_timeout_of_the_connection_ends_it_earlier),
        T(a_response_is_only_sent_when_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
