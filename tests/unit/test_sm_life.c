/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What time and failure do: lifetimes, liveness, restarts, INITIAL_CONTACT
 * (life.c, restart.c, contact.c).
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
    two_shards_init(&two, seeded_rng_seed("test_sm_life"));
    return 0;
}

static int end(void **state)
{
    (void)state;
    two_shards_fini(&two);
    return 0;
}

static bool drop_all(void *user, struct two_packet *p)
{
    (void)user;
    (void)p;
    return false;
}

static void put_with(void (*change)(struct ike_conn *conn, int me))
{
    for (int i = 0; i < 2; i++) {
        struct ike_conn *conn = two_shards_conn(&two, i, NULL, NULL);

        change(conn, i);
        two_shards_put(&two, i, conn);
    }
}

static void short_lives(struct ike_conn *conn, int me)
{
    (void)me;
    conn->rekey_time = 600 * NS_PER_S;
    conn->over_time = 60 * NS_PER_S;
    conn->rand_time = 60 * NS_PER_S;
    conn->children[0].rekey_time = 100 * NS_PER_S;
    conn->children[0].life_time = 130 * NS_PER_S;
    conn->children[0].rand_time = 20 * NS_PER_S;
}

static void everything_is_rekeyed_in_time_for_hours(void **state)
{
    (void)state;
    put_with(short_lives);
    assert_int_equal(two_shards_up(&two, 0), 0);
    for (unsigned i = 0; i < 7200; i++) {
        two_shards_advance(&two, 1 * NS_PER_S);
        assert_null(two_disagree(&two));
        assert_non_null(two_active(&two.end[0]));
        assert_non_null(two_active(&two.end[1]));
        if (two.end[0].n_installs > TWO_INSTALLS_MAX - 20)
            break;
    }
    assert_true(two_stats(&two.end[0]).child_rekeys > 60);
    assert_true(two_stats(&two.end[0]).ike_rekeys > 10);
    assert_int_equal(two.end[0].n_child_down + two.end[1].n_child_down, 0);
    assert_int_equal(two.end[0].n_ike_down + two.end[1].n_ike_down, 0);
}

static void only_hard_limits(struct ike_conn *conn, int me)
{
    (void)me;
    conn->rekey_time = 0;
    conn->children[0].rekey_time = 0;
    conn->children[0].rand_time = 0;
    conn->children[0].life_time = 100 * NS_PER_S;
}

static void a_child_at_its_hard_limit_is_deleted(void **state)
{
    (void)state;
    put_with(only_hard_limits);
    assert_int_equal(two_shards_up(&two, 0), 0);
    two_shards_advance(&two, 99 * NS_PER_S);
    assert_int_equal(two_live(&two.end[0]), 1);
    two_shards_advance(&two, 2 * NS_PER_S);
    assert_int_equal(two_live(&two.end[0]), 0);
    assert_int_equal(two_live(&two.end[1]), 0);
    assert_int_equal(two_ike_count(&two.end[0]), 1);
}

static void the_data_plane_can_ask_for_rekey_and_delete(void **state)
{
    (void)state;
    two_shards_put_both(&two, NULL, NULL);
    assert_int_equal(two_shards_up(&two, 0), 0);
    two_child_event(&two, 1, IKE_CHILD_SOFT_LIMIT);
    two_child_event(&two, 1, IKE_CHILD_SOFT_LIMIT);
    two_shards_advance(&two, 30 * NS_PER_S);
    assert_int_equal(two_stats(&two.end[0]).child_rekeys, 1);
    assert_int_equal(two_live(&two.end[0]), 1);
    two_child_event(&two, 0, IKE_CHILD_HARD_LIMIT);
    two_shards_run(&two);
    assert_int_equal(two_live(&two.end[0]), 0);
    assert_int_equal(two_live(&two.end[1]), 0);
}

static void with_dpd(struct ike_conn *conn, int me)
{
    conn->dpd_delay = me == 0 ? 30 * NS_PER_S : 0;
}

static void a_silent_peer_is_asked_and_an_answer_is_enough(void **state)
{
    unsigned sent;

    (void)state;
    put_with(with_dpd);
    assert_int_equal(two_shards_up(&two, 0), 0);
    sent = two.end[0].n_sent;
    two_shards_advance(&two, 29 * NS_PER_S);
    assert_int_equal(two.end[0].n_sent, sent);
    two_shards_advance(&two, 272 * NS_PER_S);
    assert_int_equal(two.end[0].n_sent, sent + 10);
    assert_int_equal(two_ike_count(&two.end[0]), 1);
}

static void a_dead_peer_is_found_and_its_children_go(void **state)
{
    (void)state;
    put_with(with_dpd);
    assert_int_equal(two_shards_up(&two, 0), 0);
    two.filter = drop_all;
    two_shards_advance(&two, 250 * NS_PER_S);
    assert_int_equal(two_ike_count(&two.end[0]), 0);
    assert_int_equal(two_live(&two.end[0]), 0);
    assert_int_equal(two.end[0].n_ike_down, 1);
    assert_int_equal(two.end[0].n_child_down, 1);
    assert_int_equal(two_ike_count(&two.end[1]), 1); /* this end does not ask */
}

static void dpd_with_timeout(struct ike_conn *conn, int me)
{
    with_dpd(conn, me);
    conn->dpd_timeout = 40 * NS_PER_S;
}

static void a_timeout_of_its_own_shortens_the_wait(void **state)
{
    (void)state;
    put_with(dpd_with_timeout);
    assert_int_equal(two_shards_up(&two, 0), 0);
    two.filter = drop_all;
    two_shards_advance(&two, 70 * NS_PER_S);
    assert_int_equal(two_ike_count(&two.end[0]), 0);
}

static void dpd_restarts(struct ike_conn *conn, int me)
{
    with_dpd(conn, me);
    conn->children[0].dpd_action = IKE_DPD_RESTART;
    conn->keyingtries = 0;
}

static void after_an_outage_the_tunnel_comes_back_by_itself(void **state)
{
    (void)state;
    put_with(dpd_restarts);
    assert_int_equal(two_shards_up(&two, 0), 0);
    two.filter = drop_all;
    two_shards_advance(&two, 1000 * NS_PER_S);
    assert_int_equal(two_live(&two.end[0]), 0);
    two.filter = NULL;
    two_shards_advance(&two, 400 * NS_PER_S);
    assert_int_equal(two_live(&two.end[0]), 1);
    assert_null(two_disagree(&two));
    /* The responder had not noticed: INITIAL_CONTACT told it. */
    assert_int_equal(two_ike_count(&two.end[1]), 1);
    assert_int_equal(two_live(&two.end[1]), 1);
}

static void start_three_times(struct ike_conn *conn, int me)
{
    (void)me;
    conn->children[0].start_action = IKE_ACTION_START;
    conn->keyingtries = 3;
}

static void a_failed_start_is_tried_again_as_often_as_configured(void **state)
{
    struct two_outcome o = { 0 };

    (void)state;
    put_with(start_three_times);
    two.filter = drop_all;
    ike_shard_initiate(two.end[0].shard, two.clock.now, "gw", NULL, two_outcome_set, &o);
    two_shards_advance(&two, 3600 * NS_PER_S);
    assert_int_equal(o.n, 1);
    assert_int_equal(o.code, ERR_TIMEOUT);
    assert_int_equal(two.end[0].n_sent, 3 * 8);
    assert_int_equal(two.end[0].armed, 0);
}

static void closing_restarts(struct ike_conn *conn, int me)
{
    conn->children[0].close_action = me == 0 ? IKE_ACTION_START : IKE_ACTION_NONE;
}

static void what_the_peer_closes_is_started_again_if_so_configured(void **state)
{
    struct two_outcome o;

    (void)state;
    put_with(closing_restarts);
    assert_int_equal(two_shards_up(&two, 0), 0);
    for (int child = 0; child < 2; child++) {
        two_terminate(&two, 1, child, false, &o);
        two_shards_advance(&two, 40 * NS_PER_S);
        assert_int_equal(o.code, 0);
        assert_int_equal(two_live(&two.end[0]), 1);
        assert_null(two_disagree(&two));
    }
    assert_int_equal(two_stats(&two.end[0]).child_up, 3);
}

static void a_peer_that_starts_anew_replaces_its_old_ike_sa(void **state)
{
    struct two_install *old;
    uint64_t tunnel;
    uint32_t spi;

    (void)state;
    two_shards_put_both(&two, NULL, NULL);
    assert_int_equal(two_shards_up(&two, 0), 0);
    old = two_active(&two.end[1]);
    tunnel = old->sa.tunnel;
    spi = old->sa.spi_in;
    /* End 0 forgets everything, as after a crash. */
    two_shards_restart(&two, 0);
    two_shards_put(&two, 0, two_shards_conn(&two, 0, NULL, NULL));
    two_shards_advance(&two, 1 * NS_PER_S);
    assert_int_equal(two_shards_up(&two, 0), 0);
    assert_int_equal(two_ike_count(&two.end[1]), 1);
    /* The new one stands by for the first packet, but not for long. */
    assert_int_equal(two_active(&two.end[1])->sa.spi_in, spi);
    two_shards_advance(&two, 300 * NS_PER_MS);
    assert_int_equal(two_active(&two.end[1])->sa.tunnel, tunnel);
    assert_int_not_equal(two_active(&two.end[1])->sa.spi_in, spi);
    /* What was in flight on the old one is still taken, for a while. */
    assert_int_equal(two_live(&two.end[1]), 2);
    two_shards_advance(&two, 6 * NS_PER_S);
    assert_int_equal(two_live(&two.end[1]), 1);
    assert_null(two_disagree(&two));
}

/* Neither end knows of the other's attempt when it says INITIAL_CONTACT. */
static void two_ends_that_start_at_once_do_not_end_each_others_ike_sa(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct two_outcome a = { 0 }, b = { 0 };

        two_shards_fini(&two);
        two_shards_init(&two, seed);
        two_shards_put_both(&two, NULL, NULL);
        two.delay = true; /* all orders of the eight messages */
        ike_shard_initiate(two.end[0].shard, two.clock.now, "gw", NULL, two_outcome_set, &a);
        ike_shard_initiate(two.end[1].shard, two.clock.now, "gw", NULL, two_outcome_set, &b);
        two_shards_advance(&two, 20 * NS_PER_S);
        assert_int_equal(a.n + b.n, 2);
        assert_int_equal(a.code | b.code, 0);
        assert_null(two_disagree(&two));
        assert_non_null(two_active(&two.end[0]));
        assert_non_null(two_active(&two.end[1]));
        assert_int_equal(two_ike_count(&two.end[0]), two_ike_count(&two.end[1]));
    }
}

static void a_second_connection_to_the_peer_does_not_end_the_first(void **state)
{
    struct ike_conn *conn[2];
    struct two_outcome o = { 0 };

    (void)state;
    for (int i = 0; i < 2; i++) {
        const char *nets[2] = { "10.31.0.0/16", "10.32.0.0/16" };

        two_shards_put(&two, i, two_shards_conn(&two, i, NULL, NULL));
        conn[i] = two_shards_conn(&two, i, "aes128gcm16-prfsha256-x25519", NULL);
        snprintf(conn[i]->name, sizeof conn[i]->name, "other");
        assert_int_equal(ike_ts_parse(nets[i], &conn[i]->children[0].local_ts.ts[0], NULL), 0);
        assert_int_equal(ike_ts_parse(nets[!i], &conn[i]->children[0].remote_ts.ts[0], NULL), 0);
        two_shards_put(&two, i, conn[i]);
    }
    assert_int_equal(two_shards_up(&two, 0), 0);
    ike_shard_initiate(two.end[0].shard, two.clock.now, "other", NULL, two_outcome_set, &o);
    two_shards_run(&two);
    assert_int_equal(o.code, 0);
    assert_int_equal(two_ike_count(&two.end[0]), 2);
    assert_int_equal(two_ike_count(&two.end[1]), 2);
    assert_null(two_disagree(&two));
}

static void a_new_configuration_counts_from_the_next_rekey(void **state)
{
    struct ike_conn *conn;
    struct two_outcome o;

    (void)state;
    two_shards_put_both(&two, NULL, NULL);
    assert_int_equal(two_shards_up(&two, 0), 0);
    for (int i = 0; i < 2; i++) {
        conn = two_shards_conn(&two, i, NULL, "aes128gcm16-noesn");
        two_shards_put(&two, i, conn);
    }
    assert_int_equal(two_active(&two.end[0])->sa.suite.encr.key_bits, 256);
    two_rekey(&two, 0, true, &o);
    two_shards_run(&two);
    assert_int_equal(o.code, 0);
    assert_int_equal(two_active(&two.end[0])->sa.suite.encr.key_bits, 128);
    assert_int_equal(two_active(&two.end[0])->sa.suite.esn.id, IKE_ESN_NO);
    assert_null(two_disagree(&two));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
        T(everything_is_rekeyed_in_time_for_hours),
        T(a_child_at_its_hard_limit_is_deleted),
        T(the_data_plane_can_ask_for_rekey_and_delete),
        T(a_silent_peer_is_asked_and_an_answer_is_enough),
        T(a_dead_peer_is_found_and_its_children_go),
        T(a_timeout_of_its_own_shortens_the_wait),
        T(after_an_outage_the_tunnel_comes_back_by_itself),
        T(a_failed_start_is_tried_again_as_often_as_configured),
        T(what_the_peer_closes_is_started_again_if_so_configured),
        T(a_peer_that_starts_anew_replaces_its_old_ike_sa),
        T(two_ends_that_start_at_once_do_not_end_each_others_ike_sa),
        T(a_second_connection_to_the_peer_does_not_end_the_first),
        T(a_new_configuration_counts_from_the_next_rekey),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
