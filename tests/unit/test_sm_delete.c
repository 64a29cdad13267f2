/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deletes of Child SAs and IKE SAs from each side and from both at once
 * (informational.c, commands.c).
 */
#include "ike/core/shard.h"

#include "tests/lib/two_shards.h"
#include "tests/lib/cmocka.h"

static struct two_shards two;

static int begin(void **state)
{
    (void)state;
    two_shards_init(&two, seeded_rng_seed("test_sm_delete"));
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

static void check_children(unsigned n_ike, unsigned n_children)
{
    for (int i = 0; i < 2; i++) {
        assert_int_equal(two_live(&two.end[i]), n_children);
        assert_int_equal(two_ike_count(&two.end[i]), n_ike);
        assert_int_equal(two_stats(&two.end[i]).children, n_children);
        assert_int_equal(two_stats(&two.end[i]).ike_sas, n_ike);
    }
}

static void a_child_is_deleted_from_each_side_and_made_again(void **state)
{
    struct two_outcome o;

    (void)state;
    for (int me = 0; me < 2; me++) {
        two_terminate(&two, me, true, false, &o);
        two_shards_run(&two);
        assert_int_equal(o.n, 1);
        assert_int_equal(o.code, 0);
        check_children(1, 0);
        assert_int_equal(two_shards_up(&two, me), 0);
        check_children(1, 1);
        assert_null(two_disagree(&two));
    }
}

/* Lengths of INFORMATIONAL responses. */
struct lengths {
    unsigned n;
    size_t len[8];
};

static bool note_lengths(void *user, struct two_packet *p)
{
    struct lengths *l = user;

    if (p->bytes[18] == IKE_INFORMATIONAL && (p->bytes[19] & IKE_FLAG_RESPONSE))
        l->len[l->n++ % 8] = p->len;
    return true;
}

static void who_deletes_the_same_child_is_answered_without_delete_payload(void **state)
{
    struct two_outcome a, b;
    struct lengths l = { 0 };

    (void)state;
    two.filter = note_lengths;
    two.filter_user = &l;
    two_terminate(&two, 0, true, false, &a);
    two_terminate(&two, 1, true, false, &b);
    two_shards_run(&two);
    assert_int_equal(l.n, 2); /* RFC 7296 2.25.1 */
    assert_int_equal(l.len[0], l.len[1]);
    assert_int_equal(two_shards_up(&two, 0), 0);
    two_terminate(&two, 0, true, false, &a);
    two_shards_run(&two);
    assert_int_equal(l.n, 3);
    assert_int_equal(l.len[2], l.len[0] + 12); /* a delete of one SPI */
}

static void both_delete_the_child_at_once(void **state)
{
    struct two_outcome a, b;

    (void)state;
    two_terminate(&two, 0, true, false, &a);
    two_terminate(&two, 1, true, false, &b);
    two_shards_run(&two);
    assert_int_equal(a.n + b.n, 2);
    assert_int_equal(a.code | b.code, 0);
    check_children(1, 0);
}

static void the_ike_sa_is_deleted_from_each_side(void **state)
{
    struct two_outcome o;

    (void)state;
    for (int me = 0; me < 2; me++) {
        two_terminate(&two, me, false, false, &o);
        two_shards_run(&two);
        assert_int_equal(o.n, 1);
        assert_int_equal(o.code, 0);
        check_children(0, 0);
        assert_int_equal(two.end[0].n_ike_down, me + 1);
        assert_int_equal(two.end[1].n_ike_down, me + 1);
        assert_int_equal(two.end[1].n_child_down, me + 1);
        if (me == 0)
            assert_int_equal(two_shards_up(&two, 0), 0);
    }
}

static void both_delete_the_ike_sa_at_once(void **state)
{
    struct two_outcome a, b;

    (void)state;
    two_terminate(&two, 0, false, false, &a);
    two_terminate(&two, 1, false, false, &b);
    two_shards_run(&two);
    assert_int_equal(a.n, 1);
    assert_int_equal(b.n, 1);
    assert_int_equal(a.code | b.code, 0);
    check_children(0, 0);
}

static void by_force_it_goes_without_waiting_for_an_answer(void **state)
{
    struct two_outcome o;

    (void)state;
    two_terminate(&two, 0, false, true, &o);
    assert_int_equal(o.n, 1);
    assert_int_equal(o.code, 0);
    assert_int_equal(two_live(&two.end[0]), 0);
    two_shards_run(&two); /* the delete had left all the same */
    check_children(0, 0);
}

static bool cut_off_when_authenticated(void *user, struct two_packet *p)
{
    bool *wanted = user;

    if (*wanted && p->from == 1 && p->bytes[18] == IKE_AUTH) {
        static struct two_outcome ignored;

        *wanted = false;
        two_terminate(&two, 0, false, false, &ignored);
    }
    return true;
}

static void a_set_up_that_is_cut_off_leaves_nothing_at_the_peer(void **state)
{
    struct two_outcome o = { 0 };
    bool wanted = true;

    (void)state;
    two_shards_fini(&two);
    two_shards_init(&two, 3);
    two_shards_put_both(&two, NULL, NULL);
    two.filter = cut_off_when_authenticated; /* the peer's response is on the way */
    two.filter_user = &wanted;
    ike_shard_initiate(two.end[0].shard, two.clock.now, "gw", NULL, two_outcome_set, &o);
    two_shards_advance(&two, 60 * NS_PER_S);
    assert_false(wanted);
    assert_int_equal(o.n, 1);
    assert_int_equal(o.code, ERR_STATE);
    assert_int_equal(two_stats(&two.end[0]).ike_up, 0);
    assert_int_equal(two_stats(&two.end[1]).ike_up, 1);
    check_children(0, 0);
}

static void a_child_delete_meets_a_child_rekey(void **state)
{
    struct two_outcome a, b;

    (void)state;
    two_terminate(&two, 0, true, false, &a);
    two_rekey(&two, 1, true, &b);
    two_shards_run(&two);
    assert_int_equal(a.n + b.n, 2);
    two_shards_advance(&two, 30 * NS_PER_S);
    assert_null(two_disagree(&two));
    check_children(1, 0);
}

static void an_ike_delete_meets_an_ike_rekey(void **state)
{
    struct two_outcome a, b;

    (void)state;
    two_terminate(&two, 0, false, false, &a);
    two_rekey(&two, 1, false, &b);
    two_shards_run(&two);
    assert_int_equal(a.n + b.n, 2);
    two_shards_advance(&two, 30 * NS_PER_S);
    check_children(0, 0);
}

static void shutdown_deletes_everything_and_starts_nothing(void **state)
{
    struct two_outcome o = { 0 }, late = { 0 };

    (void)state;
    ike_shard_shutdown(two.end[0].shard, two.clock.now, two_outcome_set, &o);
    two_shards_run(&two);
    assert_int_equal(o.n, 1);
    assert_int_equal(o.code, 0);
    check_children(0, 0);
    ike_shard_initiate(two.end[0].shard, two.clock.now, "gw", NULL, two_outcome_set, &late);
    assert_int_equal(late.n, 1);
    assert_int_equal(late.code, ERR_STATE);
}

static void commands_that_match_nothing_say_so(void **state)
{
    const struct ike_target nothing = { .conn = "other" };
    struct two_outcome o = { 0 };

    (void)state;
    ike_shard_terminate(two.end[0].shard, two.clock.now, &nothing, two_outcome_set, &o);
    assert_int_equal(o.code, ERR_NOTFOUND);
    ike_shard_rekey(two.end[0].shard, two.clock.now, &nothing, true, two_outcome_set, &o);
    assert_int_equal(o.code, ERR_NOTFOUND);
    ike_shard_initiate(two.end[0].shard, two.clock.now, "other", NULL, two_outcome_set, &o);
    assert_int_equal(o.code, ERR_NOTFOUND);
    ike_shard_initiate(two.end[0].shard, two.clock.now, "gw", "other", two_outcome_set, &o);
    assert_int_equal(o.code, ERR_NOTFOUND);
    assert_int_equal(o.n, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
        T(a_child_is_deleted_from_each_side_and_made_again),
        T(who_deletes_the_same_child_is_answered_without_delete_payload),
        T(both_delete_the_child_at_once),
        T(the_ike_sa_is_deleted_from_each_side),
        T(both_delete_the_ike_sa_at_once),
        T(by_force_it_goes_without_waiting_for_an_answer),
        T(a_set_up_that_is_cut_off_leaves_nothing_at_the_peer),
        T(a_child_delete_meets_a_child_rekey),
        T(an_ike_delete_meets_an_ike_rekey),
        T(shutdown_deletes_everything_and_starts_nothing),
        T(commands_that_match_nothing_say_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
