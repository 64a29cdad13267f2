/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAT traversal (natt.c): a NAT in the path, one that is feigned, a mapping that
 * changes, keepalives.
 */
#include "ike/core/shard.h"

#include "tests/lib/two_shards.h"
#include "tests/lib/cmocka.h"

static struct two_shards two;

/* A NAT in front of end 0: its source becomes an address and port of the NAT,
 * and what is sent there goes to end 0. */
struct nat {
    struct ip_endpoint outside[2]; /* for port 500 and 4500 */
};
static struct nat nat;

static bool translate(void *user, struct two_packet *p)
{
    struct nat *n = user;

    if (p->from == 0) /* the receiver's remote is what the NAT shows */
        p->path.remote = n->outside[p->path.remote.port == IKE_NATT_PORT];
    else {
        bool floated = ip_endpoint_eq(&p->path.local, &n->outside[1]);

        if (!floated && !ip_endpoint_eq(&p->path.local, &n->outside[0]))
            return false; /* a mapping that is no more */
        p->path.local = two.end[0].addr;
        p->path.local.port = floated ? IKE_NATT_PORT : IKE_PORT;
    }
    return true;
}

static int begin(void **state)
{
    (void)state;
    two_shards_init(&two, seeded_rng_seed("test_sm_natt"));
    for (int i = 0; i < 2; i++)
        nat.outside[i] =
            (struct ip_endpoint){ .addr = ip_addr_v4(0xcb007105), .port = (uint16_t)(61000 + i) };
    return 0;
}

static int end(void **state)
{
    (void)state;
    two_shards_fini(&two);
    return 0;
}

static void put_natted(ns_time keepalive)
{
    struct ike_conn *a = two_shards_conn(&two, 0, NULL, NULL);
    struct ike_conn *b = two_shards_conn(&two, 1, NULL, NULL);

    a->keepalive = keepalive;
    b->n_remote_addrs = 0; /* from anywhere */
    two_shards_put(&two, 0, a);
    two_shards_put(&two, 1, b);
    two.filter = translate;
    two.filter_user = &nat;
}

struct seen {
    unsigned n;
    struct ike_sa_info sa;
};

static int see(void *user, const struct ike_sa_info *sa)
{
    struct seen *seen = user;

    seen->n++;
    seen->sa = *sa;
    return 0;
}

static struct ike_sa_info only_sa(int me)
{
    struct seen seen = { 0 };

    ike_shard_each(two.end[me].shard, see, &seen);
    assert_int_equal(seen.n, 1);
    return seen.sa;
}

static void without_a_nat_nothing_moves_to_port_4500(void **state)
{
    (void)state;
    two_shards_put_both(&two, NULL, NULL);
    assert_int_equal(two_shards_up(&two, 0), 0);
    for (int i = 0; i < 2; i++) {
        struct ike_sa_info sa = only_sa(i);

        assert_false(sa.nat_local || sa.nat_remote || sa.nat_fake);
        assert_int_equal(sa.path.remote.port, IKE_PORT);
        assert_false(two_active(&two.end[i])->sa.udp_encap);
    }
    two_shards_advance(&two, 100 * NS_PER_S);
    assert_int_equal(two.end[0].n_keepalives + two.end[1].n_keepalives, 0);
}

static void a_nat_is_seen_by_both_and_esp_goes_in_udp(void **state)
{
    struct ike_sa_info sa;

    (void)state;
    put_natted(20 * NS_PER_S);
    assert_int_equal(two_shards_up(&two, 0), 0);
    sa = only_sa(0);
    assert_true(sa.nat_local);
    assert_false(sa.nat_remote);
    assert_int_equal(sa.path.local.port, IKE_NATT_PORT);
    assert_int_equal(sa.path.remote.port, IKE_NATT_PORT);
    sa = only_sa(1);
    assert_true(sa.nat_remote);
    assert_false(sa.nat_local);
    assert_true(ip_endpoint_eq(&sa.path.remote, &nat.outside[1]));
    assert_int_equal(sa.path.local.port, IKE_NATT_PORT);
    assert_true(two_active(&two.end[0])->sa.udp_encap);
    assert_true(two_active(&two.end[1])->sa.udp_encap);
    assert_true(ip_endpoint_eq(&two_active(&two.end[1])->sa.path.remote, &nat.outside[1]));
    assert_null(two_disagree(&two));
}

static void who_is_behind_the_nat_keeps_its_mapping_alive(void **state)
{
    (void)state;
    put_natted(20 * NS_PER_S);
    assert_int_equal(two_shards_up(&two, 0), 0);
    two_shards_advance(&two, 105 * NS_PER_S);
    assert_int_equal(two.end[0].n_keepalives, 5);
    assert_int_equal(two.end[1].n_keepalives, 0);
}

static void a_changed_mapping_is_followed_on_an_authenticated_message(void **state)
{
    struct two_outcome o;

    (void)state;
    put_natted(0);
    assert_int_equal(two_shards_up(&two, 0), 0);
    nat.outside[1].port = 62222;
    two_rekey(&two, 0, true, &o);
    two_shards_run(&two);
    assert_int_equal(o.code, 0);
    assert_int_equal(only_sa(1).path.remote.port, 62222);
    assert_true(two.end[1].n_path_updates > 0);
    assert_int_equal(two_active(&two.end[1])->sa.path.remote.port, 62222);
    two_rekey(&two, 1, false, &o);
    two_shards_run(&two);
    assert_int_equal(o.code, 0);
}

static bool forge(void *user, struct two_packet *p)
{
    struct two_packet *copy = user;

    if (p->from == 0)
        *copy = *p;
    return translate(&nat, p);
}

static void a_forged_or_repeated_message_moves_nothing(void **state)
{
    static struct two_packet copy;
    struct ike_path elsewhere;
    struct two_outcome o;
    uint16_t port;

    (void)state;
    put_natted(0);
    assert_int_equal(two_shards_up(&two, 0), 0);
    two.filter = forge;
    two.filter_user = &copy;
    two_rekey(&two, 0, true, &o);
    two_shards_run(&two);
    port = only_sa(1).path.remote.port;
    elsewhere = (struct ike_path){ .local = two.end[1].addr, .remote = nat.outside[1] };
    elsewhere.remote.port = 7777;
    /* The last request of end 0 once more, then one that does not verify. */
    ike_shard_receive(two.end[1].shard, two.clock.now, &elsewhere, span_of(copy.bytes, copy.len));
    put_be32(copy.bytes + 20, get_be32(copy.bytes + 20) + 1);
    ike_shard_receive(two.end[1].shard, two.clock.now, &elsewhere, span_of(copy.bytes, copy.len));
    assert_int_equal(only_sa(1).path.remote.port, port);
    assert_int_equal(two_stats(&two.end[1]).drops[IKE_DROP_INTEGRITY], 1);
    assert_int_equal(two.end[1].n_path_updates, 0);
}

static bool arrive_from_elsewhere(void *user, struct two_packet *p)
{
    if (p->from == 0)
        p->path.remote = *(const struct ip_endpoint *)user;
    else
        p->path.local = two.end[0].addr;
    return true;
}

static void without_a_nat_the_answer_goes_back_but_the_peer_stays_where_it_was(void **state)
{
    struct ip_endpoint elsewhere = nat.outside[0];
    struct ike_sa_info sa;
    struct two_outcome o;

    (void)state;
    two_shards_put_both(&two, NULL, NULL);
    assert_int_equal(two_shards_up(&two, 0), 0);
    two.filter = arrive_from_elsewhere;
    two.filter_user = &elsewhere;
    two_rekey(&two, 0, true, &o);
    two_shards_run(&two);
    assert_int_equal(o.code, 0); /* answered to where the request came from */
    sa = only_sa(1);
    assert_true(ip_endpoint_eq(&sa.path.remote, &two.end[0].addr));
    assert_int_equal(two.end[1].n_path_updates, 0);
}

static void valid_esp_from_elsewhere_moves_the_peer_behind_a_nat_only(void **state)
{
    struct ip_endpoint elsewhere = nat.outside[1];

    (void)state;
    elsewhere.port = 7777;
    put_natted(0);
    assert_int_equal(two_shards_up(&two, 0), 0);
    ike_shard_child_moved(two.end[0].shard, two.clock.now, two_active(&two.end[0])->sa.child,
                          &elsewhere);
    assert_int_equal(two.end[0].n_path_updates, 0); /* we are the one behind it */
    ike_shard_child_moved(two.end[1].shard, two.clock.now, two_active(&two.end[1])->sa.child,
                          &elsewhere);
    assert_int_equal(two.end[1].n_path_updates, 1);
    assert_int_equal(two_active(&two.end[1])->sa.path.remote.port, 7777);
}

static void either_end_can_feign_a_nat_to_have_esp_in_udp(void **state)
{
    (void)state;
    for (int faker = 0; faker < 3; faker++) { /* initiator, responder, both */
        two_shards_fini(&two);
        two_shards_init(&two, 11);
        for (int i = 0; i < 2; i++) {
            struct ike_conn *conn = two_shards_conn(&two, i, NULL, NULL);

            conn->encap = faker == 2 || faker == i;
            two_shards_put(&two, i, conn);
        }
        assert_int_equal(two_shards_up(&two, 0), 0);
        for (int i = 0; i < 2; i++) {
            assert_true(two_active(&two.end[i])->sa.udp_encap);
            assert_int_equal(only_sa(i).path.remote.port, IKE_NATT_PORT);
            assert_int_equal(only_sa(i).nat_fake, faker == 2 || faker == i);
        }
        two_shards_advance(&two, 100 * NS_PER_S);
        assert_null(two_disagree(&two));
    }
}

static void rekeying_the_ike_sa_keeps_what_is_known_of_the_nat(void **state)
{
    struct two_outcome o;

    (void)state;
    put_natted(20 * NS_PER_S);
    assert_int_equal(two_shards_up(&two, 0), 0);
    two_rekey(&two, 1, false, &o);
    two_shards_advance(&two, 50 * NS_PER_S);
    assert_int_equal(o.code, 0);
    assert_true(only_sa(0).nat_local);
    assert_true(only_sa(1).nat_remote);
    assert_true(two.end[0].n_keepalives > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
        T(without_a_nat_nothing_moves_to_port_4500),
        T(a_nat_is_seen_by_both_and_esp_goes_in_udp),
        T(who_is_behind_the_nat_keeps_its_mapping_alive),
        T(a_changed_mapping_is_followed_on_an_authenticated_message),
        T(a_forged_or_repeated_message_moves_nothing),
        T(without_a_nat_the_answer_goes_back_but_the_peer_stays_where_it_was),
        T(valid_esp_from_elsewhere_moves_the_peer_behind_a_nat_only),
        T(either_end_can_feign_a_nat_to_have_esp_in_udp),
        T(rekeying_the_ike_sa_keeps_what_is_known_of_the_nat),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
