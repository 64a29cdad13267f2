/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting again what did not come up or went down (restart.c, life.c): how
 * often, and when.
 */
#include "ike/core/sm/life.h"

#include "tests/lib/two_shards.h"
#include "tests/lib/cmocka.h"

#include <string.h>

static struct two_shards two;

#define TRIES_MAX 24
struct log {
    unsigned n;
    uint64_t spi[TRIES_MAX];
    ns_time at[TRIES_MAX];
};
static struct log tries; /* first IKE_SA_INIT of each attempt of end 0 */
static bool deaf;

static bool watch(void *user, struct two_packet *p)
{
    struct log *log = user;
    uint64_t spi = get_be64(p->bytes);

    if (p->from == 0 && p->bytes[18] == IKE_SA_INIT &&
        (log->n == 0 || log->spi[log->n - 1] != spi)) {
        assert_true(log->n < TRIES_MAX);
        log->spi[log->n] = spi;
        log->at[log->n++] = two_shards_now(&two);
    }
    return !deaf;
}

static int begin(void **state)
{
    const struct ike_settings settings = { .retransmit_first = 100 * NS_PER_MS,
                                           .retransmit_tries = 1 };

    (void)state;
    two_shards_init_with(&two, 21, &settings);
    memset(&tries, 0, sizeof tries);
    two.filter = watch;
    two.filter_user = &tries;
    deaf = false;
    return 0;
}

static int end(void **state)
{
    (void)state;
    two_shards_fini(&two);
    return 0;
}

static void put(enum ike_start_action start, uint32_t keyingtries)
{
    struct ike_conn *a = two_shards_conn(&two, 0, NULL, NULL);

    a->children[0].start_action = start;
    a->keyingtries = keyingtries;
    two_shards_put(&two, 0, a);
    two_shards_put(&two, 1, two_shards_conn(&two, 1, NULL, NULL));
}

static void begin_start(void)
{
    ike_shard_initiate(two.end[0].shard, two_shards_now(&two), "gw", NULL, NULL, NULL);
}

/* Pauses double from two seconds, up to five minutes, less a quarter at random;
 * the set-up itself takes 270 ms to fail, less or more a twentieth. */
static void pauses_double_up_to_five_minutes(void **state)
{
    ns_time pause = SM_RESTART_FIRST;

    (void)state;
    deaf = true;
    put(IKE_ACTION_START, 12);
    begin_start();
    two_shards_advance(&two, 3000 * NS_PER_S);
    assert_int_equal(tries.n, 12);
    for (unsigned i = 1; i < tries.n; i++) {
        ns_time got = tries.at[i] - tries.at[i - 1];

        assert_in_range(got, pause - pause / 4 + 250 * NS_PER_MS, pause + 290 * NS_PER_MS);
        pause = pause * 2 > SM_RESTART_MAX ? SM_RESTART_MAX : pause * 2;
    }
    assert_int_equal(pause, SM_RESTART_MAX);
    assert_int_equal(two.end[0].armed, 0);
}

static void keyingtries_counts_the_first_one_too(void **state)
{
    (void)state;
    for (uint32_t n = 1; n <= 4; n++) {
        two_shards_fini(&two);
        begin(state);
        deaf = true;
        put(IKE_ACTION_START, n);
        begin_start();
        two_shards_advance(&two, 3000 * NS_PER_S);
        assert_int_equal(tries.n, n);
        assert_int_equal(two_stats(&two.end[0]).ike_sas, 0);
    }
}

static void zero_tries_are_tries_for_ever(void **state)
{
    (void)state;
    deaf = true;
    put(IKE_ACTION_START, 0);
    begin_start();
    two_shards_advance(&two, 3600 * NS_PER_S);
    assert_in_range(tries.n, 14, TRIES_MAX);
    deaf = false;
    two_shards_advance(&two, SM_RESTART_MAX + NS_PER_S);
    assert_int_equal(two_live(&two.end[0]), 1);
    assert_null(two_disagree(&two));
}

static void what_is_not_to_be_kept_up_is_tried_once(void **state)
{
    (void)state;
    deaf = true;
    put(IKE_ACTION_NONE, 5);
    begin_start();
    two_shards_advance(&two, 3000 * NS_PER_S);
    assert_int_equal(tries.n, 1);
}

static void a_connection_that_is_taken_out_is_not_started_again(void **state)
{
    (void)state;
    deaf = true;
    put(IKE_ACTION_START, 0);
    begin_start();
    two_shards_advance(&two, 10 * NS_PER_S);
    assert_in_range(tries.n, 2, 4);
    assert_int_equal(ike_shard_conn_remove(two.end[0].shard, "gw", NULL), 0);
    memset(&tries, 0, sizeof tries);
    two_shards_advance(&two, 3000 * NS_PER_S);
    assert_in_range(tries.n, 0, 1); /* one may have been under way */
    assert_int_equal(two.end[0].armed, 0);
}

static void after_a_shutdown_nothing_is_started_again(void **state)
{
    struct two_outcome o = { 0 };

    (void)state;
    deaf = true;
    put(IKE_ACTION_START, 0);
    begin_start();
    two_shards_advance(&two, 10 * NS_PER_S);
    ike_shard_shutdown(two.end[0].shard, two_shards_now(&two), two_outcome_set, &o);
    two_shards_advance(&two, 100 * NS_PER_S);
    assert_int_equal(o.n, 1);
    memset(&tries, 0, sizeof tries);
    two_shards_advance(&two, 3000 * NS_PER_S);
    assert_int_equal(tries.n, 0);
}

/* ---- the other end's doings ---- */

static void close_by_peer(enum ike_start_action close_action, unsigned want_live)
{
    struct ike_conn *a = two_shards_conn(&two, 0, NULL, NULL);
    struct two_outcome o;

    a->children[0].close_action = close_action;
    two_shards_put(&two, 0, a);
    two_shards_put(&two, 1, two_shards_conn(&two, 1, NULL, NULL));
    assert_int_equal(two_shards_up(&two, 0), 0);
    two_terminate(&two, 1, false, false, &o);
    two_shards_advance(&two, 5 * NS_PER_S);
    assert_int_equal(o.code, 0);
    assert_int_equal(two_live(&two.end[0]), want_live);
    assert_int_equal(two_live(&two.end[1]), want_live);
}

static void close_action_decides_what_a_delete_leads_to(void **state)
{
    (void)state;
    close_by_peer(IKE_ACTION_NONE, 0);
    two_shards_fini(&two);
    begin(state);
    close_by_peer(IKE_ACTION_START, 1);
}

static void what_we_delete_ourselves_stays_down(void **state)
{
    struct ike_conn *a = two_shards_conn(&two, 0, NULL, NULL);
    struct two_outcome o;

    (void)state;
    a->children[0].close_action = a->children[0].start_action = IKE_ACTION_START;
    two_shards_put(&two, 0, a);
    two_shards_put(&two, 1, two_shards_conn(&two, 1, NULL, NULL));
    assert_int_equal(two_shards_up(&two, 0), 0);
    two_terminate(&two, 0, false, false, &o);
    two_shards_advance(&two, 600 * NS_PER_S);
    assert_int_equal(two_live(&two.end[0]), 0);
    assert_int_equal(tries.n, 1);
}

static void dpd_action_decides_what_silence_leads_to(void **state)
{
    (void)state;
    for (int restart = 0; restart < 2; restart++) {
        struct ike_conn *a;

        two_shards_fini(&two);
        begin(state);
        a = two_shards_conn(&two, 0, NULL, NULL);
        a->dpd_delay = 10 * NS_PER_S;
        a->keyingtries = 0;
        a->children[0].dpd_action = restart ? IKE_DPD_RESTART : IKE_DPD_CLEAR;
        two_shards_put(&two, 0, a);
        two_shards_put(&two, 1, two_shards_conn(&two, 1, NULL, NULL));
        assert_int_equal(two_shards_up(&two, 0), 0);
        deaf = true;
        two_shards_advance(&two, 11 * NS_PER_S);
        assert_int_equal(two_live(&two.end[0]), 0);
        deaf = false;
        two_shards_advance(&two, 20 * NS_PER_S);
        assert_int_equal(two_live(&two.end[0]), restart);
        assert_int_equal(tries.n >= 2, restart);
        if (restart)
            assert_null(two_disagree(&two));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
        T(pauses_double_up_to_five_minutes),
        T(keyingtries_counts_the_first_one_too),
        T(zero_tries_are_tries_for_ever),
        T(what_is_not_to_be_kept_up_is_tried_once),
        T(a_connection_that_is_taken_out_is_not_started_again),
        T(after_a_shutdown_nothing_is_started_again),
        T(close_action_decides_what_a_delete_leads_to),
        T(what_we_delete_ourselves_stays_down),
        T(dpd_action_decides_what_silence_leads_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
