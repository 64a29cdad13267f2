/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IKE_SA_INIT and IKE_AUTH between two shards (sa_init.c, auth.c,
 * auth_responder.c): what sets a tunnel up, and all that refuses one.
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
    two_shards_init(&two, seeded_rng_seed("test_sm_setup"));
    return 0;
}

static int end(void **state)
{
    (void)state;
    two_shards_fini(&two);
    return 0;
}

static void check_up(void)
{
    for (int i = 0; i < 2; i++) {
        assert_int_equal(two_live(&two.end[i]), 1);
        assert_int_equal(two_stats(&two.end[i]).ike_up, 1);
        assert_int_equal(two_stats(&two.end[i]).child_up, 1);
        assert_int_equal(two_stats(&two.end[i]).half_open, 0);
        assert_int_equal(two_ike_count(&two.end[i]), 1);
    }
    assert_null(two_disagree(&two));
}

/* Nothing established, nothing installed, nothing left after the half-open time. */
static void check_down(void)
{
    for (int i = 0; i < 2; i++) {
        assert_int_equal(two_live(&two.end[i]), 0);
        assert_int_equal(two_stats(&two.end[i]).ike_up, 0);
    }
    two_shards_advance(&two, 120 * NS_PER_S);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(two_stats(&two.end[i]).ike_sas, 0);
        assert_int_equal(two_stats(&two.end[i]).half_open, 0);
        assert_int_equal(two.end[i].armed, 0);
    }
}

static void each_group_with_each_kind_of_cipher_sets_up_a_tunnel(void **state)
{
    static const char *const groups[] = { "x25519", "ecp256", "modp2048" };
    static const char *const ciphers[] = {
        "aes128gcm16-prfsha256", "aes256gcm16-prfsha384",   "aes256gcm16-prfsha512",
        "aes128-sha256",         "aes256-sha384-prfsha384", "aes256-sha512-prfsha512",
    };
    static const char *const children[] = { "aes128gcm16-esn", "aes256gcm16-noesn" };
    uint64_t seed = 4711;

    (void)state;
    for (size_t g = 0; g < 3; g++) {
        for (size_t c = 0; c < 6; c++) {
            char suite[64];

            snprintf(suite, sizeof suite, "%s-%s", ciphers[c], groups[g]);
            two_shards_fini(&two);
            two_shards_init(&two, seed++);
            two_shards_put_both(&two, suite, children[c % 2]);
            assert_int_equal(two_shards_up(&two, (int)(g % 2)), 0);
            check_up();
            assert_int_equal(two.end[0].n_sent + two.end[1].n_sent, 4);
        }
    }
}

static void the_first_proposal_both_know_is_taken(void **state)
{
    struct ike_conn *conn = two_shards_conn(&two, 0, "aes256-sha512-x25519", NULL);

    (void)state;
    conn->n_proposals = 2;
    assert_int_equal(ike_proposal_parse("aes128gcm16-prfsha256-x25519", IKE_PROTO_IKE,
                                        &conn->proposals[1], NULL),
                     0);
    two_shards_put(&two, 0, conn);
    two_shards_put(&two, 1, two_shards_conn(&two, 1, "aes128gcm16-prfsha256-x25519", NULL));
    assert_int_equal(two_shards_up(&two, 0), 0);
    check_up();
}

static void a_wrong_secret_is_refused_by_the_responder(void **state)
{
    (void)state;
    two_shards_put_both(&two, NULL, NULL);
    two.end[0].psk = "not the same secret";
    assert_int_equal(two_shards_up(&two, 0), ERR_AUTH);
    assert_int_equal(two_stats(&two.end[1]).auth_failures, 1);
    check_down();
}

static void no_secret_at_all_sends_nothing_after_the_first_exchange(void **state)
{
    (void)state;
    two_shards_put_both(&two, NULL, NULL);
    two.end[0].psk = NULL;
    assert_int_not_equal(two_shards_up(&two, 0), 0);
    assert_int_equal(two.end[0].n_sent, 1);
    check_down();
}

static void a_wrong_identity_of_the_initiator_is_refused(void **state)
{
    struct ike_conn *conn = two_shards_conn(&two, 0, NULL, NULL);

    (void)state;
    assert_int_equal(ike_id_parse("mallory.example", &conn->local.id, NULL), 0);
    two_shards_put(&two, 0, conn);
    two_shards_put(&two, 1, two_shards_conn(&two, 1, NULL, NULL));
    assert_int_equal(two_shards_up(&two, 0), ERR_AUTH);
    assert_int_equal(two_stats(&two.end[1]).auth_failures, 1);
    check_down();
}

static void a_wrong_identity_of_the_responder_is_refused(void **state)
{
    struct ike_conn *conn = two_shards_conn(&two, 1, NULL, NULL);

    (void)state;
    /* Asked for b.example in IDr, the responder has no such connection. */
    assert_int_equal(ike_id_parse("mallory.example", &conn->local.id, NULL), 0);
    two_shards_put(&two, 0, two_shards_conn(&two, 0, NULL, NULL));
    two_shards_put(&two, 1, conn);
    assert_int_equal(two_shards_up(&two, 0), ERR_AUTH);
    check_down();
}

static void an_identity_other_than_expected_is_refused_by_the_initiator(void **state)
{
    struct ike_conn *conn = two_shards_conn(&two, 1, NULL, NULL);

    (void)state;
    conn->local.id.type = 0; /* it will say its address, whoever was asked for */
    two_shards_put(&two, 0, two_shards_conn(&two, 0, NULL, NULL));
    two_shards_put(&two, 1, conn);
    assert_int_equal(two_shards_up(&two, 0), ERR_AUTH);
    assert_int_equal(two_stats(&two.end[0]).auth_failures, 1);
    assert_int_equal(two_stats(&two.end[0]).ike_up, 0);
    assert_int_equal(two_live(&two.end[0]), 0);
    /* The responder, who had accepted, is told. */
    assert_int_equal(two_ike_count(&two.end[1]), 0);
    assert_int_equal(two_live(&two.end[1]), 0);
}

static bool change_secret_before_the_last_message(void *user, struct two_packet *p)
{
    (void)user;
    if (p->from == 1 && p->bytes[18] == IKE_AUTH)
        two.end[0].psk = "what the responder should have known";
    return true;
}

static void a_wrong_secret_is_refused_by_the_initiator(void **state)
{
    (void)state;
    two_shards_put_both(&two, NULL, NULL);
    two.filter = change_secret_before_the_last_message;
    assert_int_equal(two_shards_up(&two, 0), ERR_AUTH);
    assert_int_equal(two_stats(&two.end[0]).ike_up, 0);
    assert_int_equal(two_live(&two.end[0]), 0);
    assert_int_equal(two_ike_count(&two.end[1]), 0);
    assert_int_equal(two_live(&two.end[1]), 0);
}

static void the_connection_is_chosen_by_the_identities(void **state)
{
    struct ike_conn *other = two_shards_conn(&two, 1, NULL, NULL);

    (void)state;
    snprintf(other->name, sizeof other->name, "%s", "other");
    assert_int_equal(ike_id_parse("c.example", &other->remote.id, NULL), 0);
    two_shards_put(&two, 1, other); /* first in line, addresses fit, identity does not */
    two_shards_put_both(&two, NULL, NULL);
    assert_int_equal(two_shards_up(&two, 0), 0);
    assert_string_equal(two.end[1].installs[0].sa.conn, "gw");
    check_up();
}

static void no_common_proposal_is_refused(void **state)
{
    (void)state;
    two_shards_put(&two, 0, two_shards_conn(&two, 0, "aes128gcm16-prfsha256-x25519", NULL));
    two_shards_put(&two, 1, two_shards_conn(&two, 1, "aes256gcm16-prfsha256-x25519", NULL));
    assert_int_equal(two_shards_up(&two, 0), ERR_REFUSED);
    assert_int_equal(two_stats(&two.end[1]).ike_sas, 0);
    check_down();
}

static void a_peer_without_connection_is_refused_and_counted(void **state)
{
    (void)state;
    two_shards_put(&two, 0, two_shards_conn(&two, 0, NULL, NULL));
    assert_int_equal(two_shards_up(&two, 0), ERR_REFUSED);
    assert_int_equal(two_stats(&two.end[1]).drops[IKE_DROP_NO_CONN], 1);
    check_down();
}

static void another_group_is_tried_when_the_responder_asks(void **state)
{
    (void)state;
    two_shards_put(&two, 0, two_shards_conn(&two, 0, "aes128gcm16-prfsha256-x25519-ecp256", NULL));
    two_shards_put(&two, 1, two_shards_conn(&two, 1, "aes128gcm16-prfsha256-ecp256", NULL));
    assert_int_equal(two_shards_up(&two, 0), 0);
    assert_int_equal(two.end[0].n_sent, 3);
    check_up();
}

/* The IKE_SA_INIT response of a responder without state: one notify. */
static void inject_refusal(const struct two_packet *request, const uint8_t *notify, size_t len)
{
    uint8_t reply[IKE_HEADER_LEN + 32];

    assert_true(len <= 32);
    memcpy(reply, request->bytes, IKE_HEADER_LEN);
    reply[16] = IKE_PL_NOTIFY;
    reply[19] = IKE_FLAG_RESPONSE;
    put_be32(reply + 24, (uint32_t)(IKE_HEADER_LEN + len));
    memcpy(reply + IKE_HEADER_LEN, notify, len);
    two_inject(&two, 0, reply, IKE_HEADER_LEN + len);
}

/* Answers each IKE_SA_INIT request with INVALID_KE_PAYLOAD for the other group. */
static bool never_content(void *user, struct two_packet *p)
{
    uint8_t notify[] = { 0, 0, 0, 10, 0, 0, 0, IKE_N_INVALID_KE_PAYLOAD, 0, 0 };
    unsigned *n = user;

    if (p->from != 0 || p->bytes[18] != IKE_SA_INIT)
        return true;
    put_be16(notify + 8, ++*n % 2 ? IKE_KE_ECP256 : IKE_KE_X25519);
    inject_refusal(p, notify, sizeof notify);
    return false;
}

/* The network doubles what refuses the first request. */
static bool triple_responses(void *user, struct two_packet *p)
{
    (void)user;
    for (int i = 0; i < 2 && p->from == 1 && p->bytes[18] == IKE_SA_INIT; i++)
        two_inject(&two, 0, p->bytes, p->len);
    return true;
}

static void a_request_for_another_group_that_comes_three_times_counts_once(void **state)
{
    (void)state;
    two.filter = triple_responses;
    two_shards_put(&two, 0, two_shards_conn(&two, 0, "aes128gcm16-prfsha256-x25519-ecp256", NULL));
    two_shards_put(&two, 1, two_shards_conn(&two, 1, "aes128gcm16-prfsha256-ecp256", NULL));
    assert_int_equal(two_shards_up(&two, 0), 0);
    check_up();
}

static void a_responder_that_is_never_content_is_given_up(void **state)
{
    unsigned n = 0;

    (void)state;
    two.filter = never_content;
    two.filter_user = &n;
    two_shards_put(&two, 0, two_shards_conn(&two, 0, "aes128gcm16-prfsha256-x25519-ecp256", NULL));
    assert_int_equal(two_shards_up(&two, 0), ERR_REFUSED);
    assert_in_range(n, 2, 6);
    two.filter = NULL;
    check_down();
}

struct cookie_wall { /* asks for a cookie and sees it come back in front */
    unsigned n_asked, n_passed;
    bool always;
    unsigned copies; /* of each question, 0 = one */
};

static bool ask_cookie(void *user, struct two_packet *p)
{
    uint8_t notify[] = { 0, 0, 0, 16, 0, 0, 0x40, 0x06, 'c', 'o', 'o', 'k', 'i', 'e', '!', 0 };
    struct cookie_wall *wall = user;

    if (p->from != 0 || p->bytes[18] != IKE_SA_INIT)
        return true;
    if (!wall->always && p->bytes[16] == IKE_PL_NOTIFY &&
        memcmp(p->bytes + IKE_HEADER_LEN + 4, notify + 4, sizeof notify - 4) == 0) {
        wall->n_passed++;
        return true;
    }
    notify[15] = wall->always ? (uint8_t)wall->n_asked : 0;
    wall->n_asked++;
    for (unsigned i = 0; i < (wall->copies ? wall->copies : 1); i++)
        inject_refusal(p, notify, sizeof notify);
    return false;
}

static void a_cookie_is_sent_back_in_front_of_the_same_message(void **state)
{
    struct cookie_wall wall = { 0 };

    (void)state;
    two.filter = ask_cookie;
    two.filter_user = &wall;
    two_shards_put_both(&two, NULL, NULL);
    assert_int_equal(two_shards_up(&two, 0), 0);
    assert_int_equal(wall.n_asked, 1);
    assert_int_equal(wall.n_passed, 1);
    check_up();
}

static void a_cookie_that_comes_many_times_is_one_cookie(void **state)
{
    struct cookie_wall wall = { .copies = 10 };

    (void)state;
    two.filter = ask_cookie;
    two.filter_user = &wall;
    two_shards_put_both(&two, NULL, NULL);
    assert_int_equal(two_shards_up(&two, 0), 0);
    assert_int_equal(wall.n_passed, 1);
    check_up();
}

static void cookies_without_end_are_given_up(void **state)
{
    struct cookie_wall wall = { .always = true };

    (void)state;
    two.filter = ask_cookie;
    two.filter_user = &wall;
    two_shards_put_both(&two, NULL, NULL);
    assert_int_equal(two_shards_up(&two, 0), ERR_REFUSED);
    assert_in_range(wall.n_asked, 2, 5);
    two.filter = NULL;
    check_down();
}

/* Before the responder's answer comes one that leaves a choice: a second cipher. */
static bool offer_two_ciphers(void *user, struct two_packet *p)
{
    static const uint8_t transform[12] = { 3,    0,  0, 12, 1, 0, 0, IKE_ENCR_AES_GCM_16,
                                           0x80, 14, 0, 128 };
    const size_t at = IKE_HEADER_LEN + 4 + 8;
    struct two_packet q = *p;

    (void)user;
    if (p->from != 1 || p->bytes[18] != IKE_SA_INIT)
        return true;
    memmove(q.bytes + at + sizeof transform, q.bytes + at, q.len - at);
    memcpy(q.bytes + at, transform, sizeof transform);
    q.len += sizeof transform;
    put_be32(q.bytes + 24, (uint32_t)q.len);
    q.bytes[IKE_HEADER_LEN + 3] += sizeof transform;     /* SA payload's length */
    q.bytes[IKE_HEADER_LEN + 4 + 3] += sizeof transform; /* proposal's length */
    q.bytes[IKE_HEADER_LEN + 4 + 7]++;                   /* number of transforms */
    two_inject(&two, 0, q.bytes, q.len);
    return true;
}

static void an_answer_that_leaves_a_choice_is_none(void **state)
{
    (void)state;
    two.filter = offer_two_ciphers;
    two_shards_put_both(&two, "aes256gcm16-aes128gcm16-prfsha384-x25519", NULL);
    assert_int_equal(two_shards_up(&two, 0), 0);
    assert_int_equal(two_stats(&two.end[0]).drops[IKE_DROP_SYNTAX], 1);
    check_up();
}

static bool count_the_answer_wrong(void *user, struct two_packet *p)
{
    struct two_packet q = *p;

    (void)user;
    q.bytes[23] = 1;
    if (p->from == 1 && p->bytes[18] == IKE_SA_INIT)
        two_inject(&two, 0, q.bytes, q.len);
    return true;
}

static void an_ike_sa_init_answer_has_message_id_0(void **state)
{
    (void)state;
    two.filter = count_the_answer_wrong;
    two_shards_put_both(&two, NULL, NULL);
    assert_int_equal(two_shards_up(&two, 0), 0);
    assert_int_equal(two_stats(&two.end[0]).drops[IKE_DROP_MESSAGE_ID], 1);
    check_up();
}

static void check_childless(int code)
{
    assert_int_equal(code, ERR_REFUSED);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(two_live(&two.end[i]), 0);
        assert_int_equal(two_stats(&two.end[i]).ike_up, 1);
        assert_int_equal(two_ike_count(&two.end[i]), 1);
        assert_int_equal(two_stats(&two.end[i]).children, 0);
    }
}

static void foreign_selectors_leave_an_ike_sa_without_child(void **state)
{
    struct ike_conn *conn = two_shards_conn(&two, 0, NULL, NULL);

    (void)state;
    assert_int_equal(ike_ts_parse("172.16.0.0/16", &conn->children[0].remote_ts.ts[0], NULL), 0);
    two_shards_put(&two, 0, conn);
    two_shards_put(&two, 1, two_shards_conn(&two, 1, NULL, NULL));
    check_childless(two_shards_up(&two, 0));
}

static void a_foreign_child_proposal_leaves_an_ike_sa_without_child(void **state)
{
    (void)state;
    two_shards_put(&two, 0, two_shards_conn(&two, 0, NULL, "aes128gcm16-esn"));
    two_shards_put(&two, 1, two_shards_conn(&two, 1, NULL, "aes256gcm16-esn"));
    check_childless(two_shards_up(&two, 0));
}

static void a_child_that_one_end_cannot_install_leaves_an_ike_sa_without_child(void **state)
{
    (void)state;
    for (int refuser = 0; refuser < 2; refuser++) {
        two_shards_fini(&two);
        two_shards_init(&two, 7);
        two_shards_put_both(&two, NULL, NULL);
        two.end[refuser].fail_install = ERR_FULL;
        check_childless(two_shards_up(&two, 0));
    }
}

static void without_an_spi_at_the_responder_the_ike_sa_has_no_child(void **state)
{
    (void)state;
    two_shards_put_both(&two, NULL, NULL);
    two.end[1].fail_spi = ERR_FULL;
    check_childless(two_shards_up(&two, 0));
}

static void selectors_are_narrowed_to_what_both_allow(void **state)
{
    struct ike_conn *conn = two_shards_conn(&two, 1, NULL, NULL);
    struct ike_ts want;

    (void)state;
    assert_int_equal(ike_ts_parse("10.2.3.0/24", &conn->children[0].local_ts.ts[0], NULL), 0);
    want = conn->children[0].local_ts.ts[0];
    two_shards_put(&two, 0, two_shards_conn(&two, 0, NULL, NULL));
    two_shards_put(&two, 1, conn);
    assert_int_equal(two_shards_up(&two, 0), 0);
    check_up();
    assert_true(ip_addr_eq(&two_active(&two.end[0])->sa.remote_ts.ts[0].range.hi, &want.range.hi));
}

static void dynamic_selectors_become_the_outer_addresses(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct ike_conn *conn = two_shards_conn(&two, i, NULL, NULL);

        assert_int_equal(ike_ts_parse("dynamic", &conn->children[0].local_ts.ts[0], NULL), 0);
        assert_int_equal(ike_ts_parse("dynamic", &conn->children[0].remote_ts.ts[0], NULL), 0);
        conn->children[0].mode = IKE_MODE_TRANSPORT;
        two_shards_put(&two, i, conn);
    }
    assert_int_equal(two_shards_up(&two, 0), 0);
    check_up();
    assert_true(
        ip_addr_eq(&two_active(&two.end[0])->sa.local_ts.ts[0].range.lo, &two.end[0].addr.addr));
    assert_int_equal(two_active(&two.end[0])->sa.mode, IKE_MODE_TRANSPORT);
    assert_int_equal(two_active(&two.end[1])->sa.mode, IKE_MODE_TRANSPORT);
}

static void add_child(struct ike_conn *conn, const char *name, const char *local,
                      const char *remote)
{
    struct ike_child_conf *child = &conn->children[conn->n_children++];

    *child = conn->children[0];
    snprintf(child->name, sizeof child->name, "%s", name);
    assert_int_equal(ike_ts_parse(local, &child->local_ts.ts[0], NULL), 0);
    assert_int_equal(ike_ts_parse(remote, &child->remote_ts.ts[0], NULL), 0);
}

static void all_children_of_a_connection_come_up_and_a_second_command_adds_none(void **state)
{
    struct ike_conn *a = two_shards_conn(&two, 0, NULL, NULL);
    struct ike_conn *b = two_shards_conn(&two, 1, NULL, NULL);

    (void)state;
    add_child(a, "second", "10.11.0.0/16", "10.12.0.0/16");
    add_child(a, "third", "10.21.0.0/16", "10.22.0.0/16");
    add_child(b, "second", "10.12.0.0/16", "10.11.0.0/16");
    add_child(b, "third", "10.22.0.0/16", "10.21.0.0/16");
    two_shards_put(&two, 0, a);
    two_shards_put(&two, 1, b);
    assert_int_equal(two_shards_up(&two, 0), 0);
    assert_int_equal(two_live(&two.end[0]), 3);
    assert_int_equal(two_live(&two.end[1]), 3);
    assert_int_equal(two_stats(&two.end[0]).ike_up, 1);
    assert_null(two_disagree(&two));
    assert_int_equal(two_shards_up(&two, 0), 0);
    assert_int_equal(two_live(&two.end[0]), 3);
}

/* The responder is convinced, the initiator is not; from then on the n-th
 * allocation fails. */
static bool doubt_the_responder(void *user, struct two_packet *p)
{
    const unsigned *nth = user;

    if (p->bytes[18] == IKE_AUTH && p->from == 0)
        two.end[0].psk = "not what the responder signs with";
    if (p->bytes[18] == IKE_AUTH && p->from == 1)
        mem_fail_nth(*nth);
    return true;
}

static void a_responder_that_does_not_convince_leaves_nothing_when_memory_is_short(void **state)
{
    (void)state;
    for (unsigned nth = 1; nth < 25; nth++) {
        struct two_outcome o = { 0 };
        struct ike_conn *a;

        two_shards_fini(&two);
        two_shards_init(&two, nth);
        a = two_shards_conn(&two, 0, NULL, NULL);
        add_child(a, "second", "10.11.0.0/16", "10.12.0.0/16");
        two_shards_put(&two, 0, a);
        two_shards_put(&two, 1, two_shards_conn(&two, 1, NULL, NULL));
        two.filter = doubt_the_responder;
        two.filter_user = &nth;
        ike_shard_initiate(two.end[0].shard, two.clock.now, "gw", NULL, two_outcome_set, &o);
        two_shards_advance(&two, 300 * NS_PER_S);
        mem_fail_nth(0);
        assert_int_equal(o.n, 1);
        assert_int_not_equal(o.code, 0);
        assert_int_equal(two_stats(&two.end[0]).ike_sas, 0);
        assert_int_equal(two_live(&two.end[0]), 0);
    }
}

static void both_ends_begin_at_once_and_nothing_is_lost(void **state)
{
    struct two_outcome a = { 0 }, b = { 0 };

    (void)state;
    two_shards_put_both(&two, NULL, NULL);
    ike_shard_initiate(two.end[0].shard, two.clock.now, "gw", NULL, two_outcome_set, &a);
    ike_shard_initiate(two.end[1].shard, two.clock.now, "gw", NULL, two_outcome_set, &b);
    two_shards_run(&two);
    assert_int_equal(a.n + b.n, 2);
    assert_int_equal(a.code | b.code, 0);
    assert_null(two_disagree(&two));
    assert_non_null(two_active(&two.end[0]));
    assert_non_null(two_active(&two.end[1]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
        T(each_group_with_each_kind_of_cipher_sets_up_a_tunnel),
        T(the_first_proposal_both_know_is_taken),
        T(a_wrong_secret_is_refused_by_the_responder),
        T(no_secret_at_all_sends_nothing_after_the_first_exchange),
        T(a_wrong_identity_of_the_initiator_is_refused),
        T(a_wrong_identity_of_the_responder_is_refused),
        T(an_identity_other_than_expected_is_refused_by_the_initiator),
        T(a_wrong_secret_is_refused_by_the_initiator),
        T(the_connection_is_chosen_by_the_identities),
        T(no_common_proposal_is_refused),
        T(a_peer_without_connection_is_refused_and_counted),
        T(another_group_is_tried_when_the_responder_asks),
        T(a_responder_that_is_never_content_is_given_up),
        T(a_request_for_another_group_that_comes_three_times_counts_once),
        T(a_cookie_that_comes_many_times_is_one_cookie),
        T(an_answer_that_leaves_a_choice_is_none),
        T(a_responder_that_does_not_convince_leaves_nothing_when_memory_is_short),
        T(an_ike_sa_init_answer_has_message_id_0),
        T(a_cookie_is_sent_back_in_front_of_the_same_message),
        T(cookies_without_end_are_given_up),
        T(foreign_selectors_leave_an_ike_sa_without_child),
        T(a_foreign_child_proposal_leaves_an_ike_sa_without_child),
        T(a_child_that_one_end_cannot_install_leaves_an_ike_sa_without_child),
        T(without_an_spi_at_the_responder_the_ike_sa_has_no_child),
        T(selectors_are_narrowed_to_what_both_allow),
        T(dynamic_selectors_become_the_outer_addresses),
        T(all_children_of_a_connection_come_up_and_a_second_command_adds_none),
        T(both_ends_begin_at_once_and_nothing_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
