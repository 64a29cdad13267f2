/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What status shows at each step of an IKE SA's life (query.c, names.c): states
 * in VICI's words, identities, suites, times, counters.
 */
#include "ike/core/sm/child_sa.h"

#include "tests/lib/two_shards.h"
#include "tests/lib/cmocka.h"

#include <stdio.h>
#include <string.h>

static struct two_shards two;

static int begin(void **state)
{
    (void)state;
    two_shards_init(&two, 3);
    two_shards_put_both(&two, NULL, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    two_shards_fini(&two);
    return 0;
}

struct view {
    struct ike_shard *shard;
    char text[512]; /* "IKE-STATE(CHILD-STATE ...) ..." */
    struct ike_sa_info sa;
    struct ike_child_info child;
    struct ike_ts_list local, remote;
    unsigned n_sas, n_children;
};

static int see_child(void *user, const struct ike_child_info *child)
{
    struct view *v = user;
    size_t at = strlen(v->text);

    v->child = *child;
    v->local = *child->local_ts;
    v->remote = *child->remote_ts;
    v->n_children++;
    snprintf(v->text + at, sizeof v->text - at, "%s ", child->state);
    return 0;
}

static int see(void *user, const struct ike_sa_info *sa)
{
    struct view *v = user;
    size_t at = strlen(v->text);

    v->sa = *sa;
    v->n_sas++;
    snprintf(v->text + at, sizeof v->text - at, "%s: ", sa->state);
    return ike_shard_each_child(v->shard, sa->ike, see_child, v);
}

static struct view look(int me)
{
    struct view v = { .shard = two.end[me].shard };

    ike_shard_each(v.shard, see, &v);
    return v;
}

static void looks(int me, const char *want)
{
    assert_string_equal(look(me).text, want);
}

static void step(void)
{
    assert_true(two_shards_step(&two));
}

static void the_states_of_a_set_up(void **state)
{
    (void)state;
    looks(0, "");
    ike_shard_initiate(two.end[0].shard, two_shards_now(&two), "gw", NULL, NULL, NULL);
    looks(0, "CONNECTING: ");
    looks(1, "");
    step(); /* IKE_SA_INIT request */
    looks(1, "CONNECTING: ");
    step(); /* IKE_SA_INIT response */
    looks(0, "CONNECTING: ");
    step(); /* IKE_AUTH request */
    looks(0, "CONNECTING: ");
    looks(1, "ESTABLISHED: INSTALLED ");
    step(); /* IKE_AUTH response */
    looks(0, "ESTABLISHED: INSTALLED ");
}

static void the_states_of_a_child_rekey(void **state)
{
    struct two_outcome o;

    (void)state;
    assert_int_equal(two_shards_up(&two, 0), 0);
    two_rekey(&two, 0, true, &o);
    looks(0, "ESTABLISHED: REKEYING ");
    step();
    looks(1, "ESTABLISHED: REKEYED INSTALLED ");
    step();
    looks(0, "ESTABLISHED: DELETING INSTALLED ");
    step();
    looks(1, "ESTABLISHED: DELETED INSTALLED ");
    step();
    looks(0, "ESTABLISHED: DELETED INSTALLED ");
    two_shards_advance(&two, 5 * NS_PER_S);
    looks(0, "ESTABLISHED: INSTALLED ");
    looks(1, "ESTABLISHED: INSTALLED ");
}

static void the_states_of_an_ike_rekey(void **state)
{
    struct two_outcome o;

    (void)state;
    assert_int_equal(two_shards_up(&two, 0), 0);
    two_rekey(&two, 0, false, &o);
    looks(0, "REKEYING: INSTALLED ");
    step();
    looks(1, "REKEYED: ESTABLISHED: INSTALLED ");
    step();
    looks(0, "DELETING: ESTABLISHED: INSTALLED ");
    step();
    looks(1, "ESTABLISHED: INSTALLED ");
    step();
    looks(0, "ESTABLISHED: INSTALLED ");
}

static void the_states_of_deletes(void **state)
{
    struct two_outcome o;

    (void)state;
    assert_int_equal(two_shards_up(&two, 0), 0);
    two_terminate(&two, 1, true, false, &o);
    looks(1, "ESTABLISHED: DELETING ");
    step();
    looks(0, "ESTABLISHED: ");
    step();
    looks(1, "ESTABLISHED: ");
    two_terminate(&two, 1, false, false, &o);
    looks(1, "DELETING: ");
    step();
    looks(0, ""); /* what lingers for repetitions is not shown */
    step();
    looks(1, "");
}

static void everything_that_was_agreed_is_shown(void **state)
{
    char text[IKE_PROPOSAL_TEXT_LEN], id[IKE_ID_TEXT_LEN], ts[IKE_TS_TEXT_LEN];
    struct view a, b;

    (void)state;
    two_shards_advance(&two, 77 * NS_PER_S);
    assert_int_equal(two_shards_up(&two, 0), 0);
    a = look(0);
    b = look(1);
    assert_int_equal(a.n_sas, 1);
    assert_int_equal(a.sa.n_children, 1);
    assert_string_equal(a.sa.conn, "gw");
    assert_true(a.sa.initiator);
    assert_false(b.sa.initiator);
    assert_int_equal(a.sa.spi_i, b.sa.spi_i);
    assert_int_equal(a.sa.spi_r, b.sa.spi_r);
    assert_int_equal(a.sa.spi_i >> 56, 1); /* the index of the shard that made it */
    assert_int_equal(a.sa.spi_r >> 56, 2);
    assert_string_equal(ike_id_text(a.sa.local_id, id), "a.example");
    assert_string_equal(ike_id_text(a.sa.remote_id, id), "b.example");
    assert_string_equal(ike_id_text(b.sa.remote_id, id), "a.example");
    assert_string_equal(ike_suite_text(&a.sa.suite, text), "aes256gcm16-prfsha384-x25519");
    assert_true(ip_endpoint_eq(&a.sa.path.remote, &two.end[1].addr));
    assert_false(a.sa.nat_local || a.sa.nat_remote || a.sa.nat_fake);
    assert_int_equal(a.sa.established, two_shards_now(&two));
    assert_int_equal(a.sa.retransmits, 0);
    assert_string_equal(a.child.name, "net");
    assert_int_equal(a.child.mode, IKE_MODE_TUNNEL);
    assert_int_equal(a.child.spi_in, b.child.spi_out);
    assert_int_equal(a.child.spi_out, b.child.spi_in);
    assert_string_equal(ike_suite_text(&a.child.suite, text), "aes256gcm16-esn");
    assert_string_equal(ike_ts_text(&a.local.ts[0], ts), "10.1.0.0/16");
    assert_string_equal(ike_ts_text(&a.remote.ts[0], ts), "10.2.0.0/16");
    assert_true(ike_ts_eq(&a.local, &b.remote));
    assert_int_equal(a.child.installed, two_shards_now(&two));
    assert_true(a.child.rekey_at > a.child.installed);
    assert_true(a.child.expires_at > a.child.rekey_at);
    assert_int_equal(a.child.child, two_active(&two.end[0])->sa.child);
    assert_int_equal(a.child.tunnel, two_active(&two.end[0])->sa.tunnel);
}

static int stop_at_once(void *user, const struct ike_sa_info *sa)
{
    (void)sa;
    ++*(unsigned *)user;
    return -42;
}

static int stop_at_child(void *user, const struct ike_child_info *child)
{
    (void)child;
    ++*(unsigned *)user;
    return 17;
}

static void a_walk_ends_where_it_is_told_to(void **state)
{
    struct two_outcome a, b;
    unsigned n = 0, m = 0;

    (void)state;
    ike_shard_initiate(two.end[0].shard, two.clock.now, "gw", NULL, two_outcome_set, &a);
    ike_shard_initiate(two.end[1].shard, two.clock.now, "gw", NULL, two_outcome_set, &b);
    two_shards_run(&two); /* two IKE SAs, begun at once */
    assert_int_equal(look(0).n_sas, 2);
    assert_int_equal(ike_shard_each(two.end[0].shard, stop_at_once, &n), -42);
    assert_int_equal(n, 1);
    assert_int_equal(ike_shard_each_child(two.end[0].shard, look(0).sa.ike, stop_at_child, &m), 17);
    assert_int_equal(m, 1);
    assert_int_equal(ike_shard_each_child(two.end[0].shard, 123456, stop_at_child, &m), 0);
    assert_int_equal(m, 1);
}

/* ---- names ---- */

static void every_state_and_cause_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int i = 0; i < SM_STATES; i++)
        for (int j = 0; j < i; j++)
            assert_string_not_equal(sm_state_name((enum sm_state)i),
                                    sm_state_name((enum sm_state)j));
    for (int i = 0; i < IKE_DROP_N; i++)
        for (int j = 0; j < i; j++)
            assert_string_not_equal(ike_drop_name((enum ike_drop)i),
                                    ike_drop_name((enum ike_drop)j));
    assert_string_equal(sm_state_name(SM_STATES), "?");
    assert_string_equal(ike_drop_name(IKE_DROP_N), "?");
    assert_string_equal(sm_child_state_name((enum sm_child_state)99), "?");
}

static void names_that_others_read_do_not_change(void **state)
{
    static const char *const drops[] = { "short",         "version",  "length",     "no-sa",
                                         "exchange",      "flags",    "message-id", "integrity",
                                         "syntax",        "critical", "state",      "full",
                                         "no-connection", "proposal" };

    (void)state;
    assert_int_equal(sizeof drops / sizeof *drops, IKE_DROP_N);
    for (int i = 0; i < IKE_DROP_N; i++)
        assert_string_equal(ike_drop_name((enum ike_drop)i), drops[i]);
    assert_string_equal(sm_child_state_name(SM_CHILD_LARVAL), "INSTALLING");
    assert_string_equal(sm_child_state_name(SM_CHILD_INSTALLED), "INSTALLED");
    assert_string_equal(sm_child_state_name(SM_CHILD_REKEYING), "REKEYING");
    assert_string_equal(sm_child_state_name(SM_CHILD_REKEYED), "REKEYED");
    assert_string_equal(sm_child_state_name(SM_CHILD_DELETING), "DELETING");
    assert_string_equal(sm_child_state_name(SM_CHILD_DRAINING), "DELETED");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
        T(the_states_of_a_set_up),
        T(the_states_of_a_child_rekey),
        T(the_states_of_an_ike_rekey),
        T(the_states_of_deletes),
        T(everything_that_was_agreed_is_shown),
        T(a_walk_ends_where_it_is_told_to),
        cmocka_unit_test(every_state_and_cause_has_a_name_of_its_own),
        cmocka_unit_test(names_that_others_read_do_not_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
