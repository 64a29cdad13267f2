/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rekeying Child SAs and IKE SAs, from each side and from both at once
 * (rekey_child.c, rekey_ike.c, collide.c).
 */
#include "ike/core/shard.h"

#include "tests/lib/two_shards.h"
#include "tests/lib/cmocka.h"

static struct two_shards two;

static int begin(void **state)
{
    (void)state;
    two_shards_init(&two, seeded_rng_seed("test_sm_rekey"));
    two_shards_put_both(&two, NULL, NULL);
    assert_int_equal(two_shards_up(&two, 0), 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    two_shards_fini(&two);
    return 0;
}

/* One tunnel is up, both ends agree, nothing else is left after the drain. */
static void check_settled(void)
{
    two_shards_advance(&two, 10 * NS_PER_S);
    assert_null(two_disagree(&two));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(two_live(&two.end[i]), 1);
        assert_non_null(two_active(&two.end[i]));
        assert_int_equal(two_ike_count(&two.end[i]), 1);
        assert_int_equal(two_stats(&two.end[i]).ike_sas, 1);
        assert_int_equal(two_stats(&two.end[i]).children, 1);
        assert_int_equal(two.end[i].n_ike_down, 0);
        assert_int_equal(two.end[i].n_child_down, 0);
    }
}

static void rekey_from(int me, bool child)
{
    struct two_outcome o;

    two_rekey(&two, me, child, &o);
    two_shards_run(&two);
    assert_int_equal(o.n, 1);
    assert_int_equal(o.code, 0);
}

static void a_child_is_rekeyed_from_each_side(void **state)
{
    (void)state;
    for (int me = 0; me < 2; me++) {
        uint64_t tunnel = two_active(&two.end[me])->sa.tunnel;
        uint32_t spi = two_active(&two.end[me])->sa.spi_in;

        rekey_from(me, true);
        assert_int_equal(two_active(&two.end[me])->sa.tunnel, tunnel);
        assert_int_not_equal(two_active(&two.end[me])->sa.spi_in, spi);
        /* What was in flight is still taken. */
        assert_int_equal(two_live(&two.end[0]), 2);
        assert_int_equal(two_live(&two.end[1]), 2);
        check_settled();
    }
    assert_int_equal(two_stats(&two.end[0]).child_rekeys, 2);
}

static bool hold_deletes(void *user, struct two_packet *p)
{
    (void)user;
    return p->bytes[18] != IKE_INFORMATIONAL;
}

static void the_responder_sends_on_the_new_child_after_its_first_packet(void **state)
{
    struct two_outcome o;
    struct two_install *fresh;

    (void)state;
    two.filter = hold_deletes;
    two_rekey(&two, 0, true, &o);
    two_shards_run(&two);
    assert_int_equal(two_live(&two.end[1]), 2);
    fresh = &two.end[1].installs[two.end[1].n_installs - 1];
    assert_true(fresh->sa.out_standby);
    assert_false(fresh->out_active);
    ike_shard_child_event(two.end[1].shard, two.clock.now, fresh->sa.child, IKE_CHILD_FIRST_PACKET);
    assert_true(fresh->out_active);
    two.filter = NULL;
    check_settled();
    assert_int_equal(two.end[1].n_activated, 1);
}

static void the_responder_sends_on_the_new_child_after_the_delete_of_the_old(void **state)
{
    (void)state;
    rekey_from(0, true);
    assert_int_equal(two.end[1].n_activated, 1);
    check_settled();
}

static void perfect_forward_secrecy_takes_a_group_of_its_own(void **state)
{
    (void)state;
    two_shards_fini(&two);
    two_shards_init(&two, 99);
    two_shards_put_both(&two, NULL, "aes128gcm16-ecp256-noesn");
    assert_int_equal(two_shards_up(&two, 0), 0);
    rekey_from(0, true);
    assert_int_equal(two_active(&two.end[0])->sa.suite.ke.id, IKE_KE_ECP256);
    check_settled();
}

static void another_group_for_the_child_is_followed(void **state)
{
    (void)state;
    two_shards_fini(&two);
    two_shards_init(&two, 100);
    two_shards_put(&two, 0, two_shards_conn(&two, 0, NULL, "aes128gcm16-x25519-ecp256"));
    two_shards_put(&two, 1, two_shards_conn(&two, 1, NULL, "aes128gcm16-ecp256"));
    assert_int_equal(two_shards_up(&two, 0), 0);
    rekey_from(0, true);
    check_settled();
    rekey_from(1, true);
    check_settled();
}

static void both_rekey_the_child_at_once(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct two_outcome a, b;

        two_shards_fini(&two);
        two_shards_init(&two, seed);
        two_shards_put_both(&two, NULL, NULL);
        assert_int_equal(two_shards_up(&two, 0), 0);
        two_rekey(&two, 0, true, &a);
        two_rekey(&two, 1, true, &b);
        two_shards_run(&two);
        assert_int_equal(a.n + b.n, 2);
        assert_int_equal(a.code, 0);
        assert_int_equal(b.code, 0);
        check_settled();
    }
}

static void the_ike_sa_is_rekeyed_from_each_side(void **state)
{
    (void)state;
    for (int me = 0; me < 2; me++) {
        uint64_t id = two_ike_id(&two.end[me]);

        rekey_from(me, false);
        assert_int_not_equal(two_ike_id(&two.end[me]), id);
        check_settled();
        /* The new one works in both directions. */
        rekey_from(0, true);
        rekey_from(1, true);
        check_settled();
    }
    assert_int_equal(two_stats(&two.end[0]).ike_rekeys, 2);
    assert_int_equal(two_stats(&two.end[1]).ike_rekeys, 2);
}

static void both_rekey_the_ike_sa_at_once(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct two_outcome a, b;

        two_shards_fini(&two);
        two_shards_init(&two, seed);
        two_shards_put_both(&two, NULL, NULL);
        assert_int_equal(two_shards_up(&two, 0), 0);
        two_rekey(&two, 0, false, &a);
        two_rekey(&two, 1, false, &b);
        two_shards_run(&two);
        assert_int_equal(a.n + b.n, 2);
        assert_int_equal(a.code, 0);
        assert_int_equal(b.code, 0);
        check_settled();
        rekey_from(0, true);
        rekey_from(1, true);
        check_settled();
    }
}

struct once {
    int from;
    bool done;
};

static bool lose_first_rekey_response(void *user, struct two_packet *p)
{
    struct once *once = user;

    if (once->done || p->from != once->from || p->bytes[18] != IKE_CREATE_CHILD_SA ||
        !(p->bytes[19] & IKE_FLAG_RESPONSE))
        return true;
    once->done = true;
    return false;
}

/* Whoever wins deletes the old one while the other still repeats its request. */
static void both_rekey_at_once_and_one_response_is_lost(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct once once = { .from = seed % 2 };
        bool child = seed % 4 < 2;
        struct two_outcome a, b;

        two_shards_fini(&two);
        two_shards_init(&two, seed);
        two_shards_put_both(&two, NULL, NULL);
        assert_int_equal(two_shards_up(&two, 0), 0);
        two.filter = lose_first_rekey_response;
        two.filter_user = &once;
        two_rekey(&two, 0, child, &a);
        two_rekey(&two, 1, child, &b);
        two_shards_advance(&two, 200 * NS_PER_S);
        assert_int_equal(a.n + b.n, 2);
        assert_int_equal(a.code | b.code, 0);
        check_settled();
        rekey_from(0, true);
        rekey_from(1, false);
        check_settled();
    }
}

static void another_group_for_the_ike_sa_is_followed(void **state)
{
    (void)state;
    two_shards_fini(&two);
    two_shards_init(&two, 101);
    two_shards_put(&two, 0, two_shards_conn(&two, 0, "aes128gcm16-prfsha256-x25519-ecp256", NULL));
    two_shards_put(&two, 1, two_shards_conn(&two, 1, "aes128gcm16-prfsha256-x25519", NULL));
    assert_int_equal(two_shards_up(&two, 0), 0);
    two_shards_put(&two, 1, two_shards_conn(&two, 1, "aes128gcm16-prfsha256-ecp256", NULL));
    rekey_from(0, false);
    check_settled();
    assert_int_equal(two_stats(&two.end[0]).ike_rekeys, 1);
}

static void an_ike_rekey_meets_a_child_rekey(void **state)
{
    struct two_outcome a, b;

    (void)state;
    two_rekey(&two, 0, false, &a);
    two_rekey(&two, 1, true, &b);
    two_shards_run(&two);
    assert_int_equal(a.n, 1);
    assert_int_equal(b.n, 1);
    two_shards_advance(&two, 60 * NS_PER_S); /* what was put off has been done */
    check_settled();
}

static void a_rekey_that_the_peer_put_off_is_done_later(void **state)
{
    struct two_outcome a, b;

    (void)state;
    two_rekey(&two, 0, true, &a);
    two_rekey(&two, 1, false, &b);
    two_shards_run(&two);
    two_shards_advance(&two, 60 * NS_PER_S);
    assert_true(two_stats(&two.end[1]).child_rekeys + two_stats(&two.end[1]).ike_rekeys >= 2);
    check_settled();
}

static void a_lost_child_gets_new_keys(void **state)
{
    struct ike_child_keys old = two_active(&two.end[0])->sa.key_out;

    (void)state;
    two_child_event(&two, 0, IKE_CHILD_LOST);
    two_shards_run(&two);
    assert_memory_not_equal(&old, &two_active(&two.end[0])->sa.key_out, sizeof old);
    check_settled();
}

static void a_child_that_cannot_be_installed_leaves_the_old_one_in_use(void **state)
{
    struct two_outcome o;

    (void)state;
    for (int refuser = 0; refuser < 2; refuser++) {
        two.end[refuser].fail_install = ERR_FULL;
        two_rekey(&two, 0, true, &o);
        two_shards_run(&two);
        assert_int_equal(o.n, 1);
        assert_int_not_equal(o.code, 0);
        two_shards_advance(&two, 1 * NS_PER_S);
        assert_int_equal(two_live(&two.end[0]), 1);
        assert_int_equal(two_live(&two.end[1]), 1);
        assert_null(two_disagree(&two));
        two_shards_advance(&two, 30 * NS_PER_S); /* the second try */
        check_settled();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
        T(a_child_is_rekeyed_from_each_side),
        T(the_responder_sends_on_the_new_child_after_its_first_packet),
        T(the_responder_sends_on_the_new_child_after_the_delete_of_the_old),
        T(perfect_forward_secrecy_takes_a_group_of_its_own),
        T(another_group_for_the_child_is_followed),
        T(both_rekey_the_child_at_once),
        T(the_ike_sa_is_rekeyed_from_each_side),
        T(both_rekey_the_ike_sa_at_once),
        T(both_rekey_at_once_and_one_response_is_lost),
        T(another_group_for_the_ike_sa_is_followed),
        T(an_ike_rekey_meets_a_child_rekey),
        T(a_rekey_that_the_peer_put_off_is_done_later),
        T(a_lost_child_gets_new_keys),
        T(a_child_that_cannot_be_installed_leaves_the_old_one_in_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
