/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IKE_SA_INIT as anybody on the path may change it (sa_init.c, natt.c, RFC 7296
 * 1.2, 2.6, 2.10): nothing protects it yet, and IKE_AUTH, which covers both
 * messages, must notice every change that was swallowed.
 */
#include "ike/core/shard.h"

#include "tests/lib/sk_tap.h"
#include "tests/lib/cmocka.h"

#include <string.h>

static struct two_shards two;
static struct sk_tap tap;

static int begin(void **state)
{
    (void)state;
    two_shards_init(&two, 4);
    return 0;
}

static int end(void **state)
{
    (void)state;
    two_shards_fini(&two);
    return 0;
}

static void anew(const char *name)
{
    print_message("    %s\n", name);
    two_shards_fini(&two);
    two_shards_init(&two, 4);
    sk_tap_on(&tap, &two);
    two_shards_put_both(&two, NULL, NULL);
}

/* Without SPI in the proposal: transforms from 8, the cipher's id at 15. */
enum { NUM_AT = 4, PROTO_AT = 5, ENCR_AT = 15, BITS_AT = 18 };

struct row {
    const char *name;
    struct sk_change change;
    uint16_t answer;
    enum ike_drop cause;
};

static const struct row requests[] = {
    { "another key length",
      { .edit = IKE_PL_SA, .at = BITS_AT, .n = 2, .bytes = { 0, 128 } },
      IKE_N_NO_PROPOSAL_CHOSEN,
      IKE_DROP_PROPOSAL },
    { "a cipher of nobody",
      { .edit = IKE_PL_SA, .at = ENCR_AT, .n = 1, .bytes = { 77 } },
      IKE_N_NO_PROPOSAL_CHOSEN,
      IKE_DROP_PROPOSAL },
    { "a proposal for ESP",
      { .edit = IKE_PL_SA, .at = PROTO_AT, .n = 1, .bytes = { 3 } },
      0,
      IKE_DROP_SYNTAX },
    { "KE shorter by a byte",
      { .edit = IKE_PL_KE, .cut = 35 },
      IKE_N_INVALID_SYNTAX,
      IKE_DROP_SYNTAX },
    { "KE without data", { .edit = IKE_PL_KE, .cut = 4 }, 0, IKE_DROP_SYNTAX },
    { "a nonce of 15 bytes", { .edit = IKE_PL_NONCE, .cut = 15 }, 0, IKE_DROP_SYNTAX },
    { "no nonce", { .drop = IKE_PL_NONCE }, 0, IKE_DROP_SYNTAX },
    { "no KE", { .drop = IKE_PL_KE }, 0, IKE_DROP_SYNTAX },
    { "no SA", { .drop = IKE_PL_SA }, 0, IKE_DROP_SYNTAX },
    { "EAP", { .add = IKE_PL_EAP }, 0, IKE_DROP_SYNTAX },
    { "a critical stranger",
      { .add = 130, .critical = true },
      IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD,
      IKE_DROP_CRITICAL },
};

/* No state is kept, and only what RFC 7296 asks for is answered. */
static void a_bad_request_leaves_no_state(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        const struct row *row = &requests[i];

        anew(row->name);
        sk_change_next(&tap, 0, IKE_SA_INIT, false, &row->change);
        ike_shard_initiate(two.end[0].shard, two_shards_now(&two), "gw", NULL, NULL, NULL);
        assert_true(two_shards_step(&two)); /* B has the request */
        assert_int_equal(two_stats(&two.end[1]).ike_sas, 0);
        assert_int_equal(two_stats(&two.end[1]).half_open, 0);
        assert_int_equal(two_stats(&two.end[1]).drops[row->cause], 1);
        assert_int_equal(tap.n[1], row->answer != 0);
        if (row->answer) {
            assert_true(sk_said(&tap, 1, row->answer, NULL));
            assert_int_equal(tap.last[1].h.spi_r, 0); /* 2.6.1 */
            assert_true(tap.packet[1].len <= tap.packet[0].len);
        }
    }
}

/* Whoever changed it, the two ends do not come together. */
static void what_was_changed_unseen_is_seen_in_ike_auth(void **state)
{
    static const struct row rows[] = {
        { "a byte of Ni", { .edit = IKE_PL_NONCE, .n = 4, .bytes = { 1, 2, 3, 4 } }, 0, 0 },
        { "a notify more", { .notify = 50001 }, 0, 0 },
        { "a stranger more", { .add = 140 }, 0, 0 },
        { "the proposal's number",
          { .edit = IKE_PL_SA, .at = NUM_AT, .n = 1, .bytes = { 7 } },
          0,
          0 },
    };

    (void)state;
    for (int from = 0; from < 2; from++) {
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            anew(rows[i].name);
            tap.record = false; /* the two have other keys */
            sk_change_next(&tap, from, IKE_SA_INIT, from == 1, &rows[i].change);
            assert_int_not_equal(two_shards_up(&two, 0), 0);
            assert_int_equal(tap.rule.n, 1);
            /* A changed response is seen by the initiator, which tells the responder. */
            assert_int_equal(two_stats(&two.end[0]).ike_up, 0);
            assert_int_equal(two.end[0].n_installs, 0);
            assert_int_equal(two_ike_count(&two.end[1]), 0);
            assert_int_equal(two_live(&two.end[1]), 0);
        }
    }
}

/* The true answer may come after a false one. */
static void a_false_response_does_not_end_the_set_up(void **state)
{
    static const struct row rows[] = {
        { "a weaker key",
          { .edit = IKE_PL_SA, .at = BITS_AT, .n = 2, .bytes = { 0, 128 } },
          0,
          IKE_DROP_SYNTAX },
        { "another group", { .edit = IKE_PL_KE, .n = 2, .bytes = { 0, 19 } }, 0, IKE_DROP_SYNTAX },
        { "no nonce", { .drop = IKE_PL_NONCE }, 0, IKE_DROP_SYNTAX },
        { "a short nonce", { .edit = IKE_PL_NONCE, .cut = 15 }, 0, IKE_DROP_SYNTAX },
        { "a critical stranger", { .add = 130, .critical = true }, 0, IKE_DROP_CRITICAL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct two_outcome o = { 0 };

        anew(rows[i].name);
        sk_change_next(&tap, 1, IKE_SA_INIT, true, &rows[i].change);
        ike_shard_initiate(two.end[0].shard, two_shards_now(&two), "gw", NULL, two_outcome_set, &o);
        two_shards_run(&two);
        assert_int_equal(o.n, 0);
        assert_int_equal(two_stats(&two.end[0]).drops[rows[i].cause], 1);
        two_shards_advance(&two, 3 * NS_PER_S); /* the repeated request brings it */
        assert_int_equal(o.n, 1);
        assert_int_equal(o.code, 0);
        assert_null(two_disagree(&two));
    }
}

/* ---- NAT detection (2.23) ---- */

static void nat_looks(bool nat_at_a, bool nat_at_b)
{
    for (int e = 0; e < 2; e++) {
        const struct two_install *in = two_active(&two.end[e]);

        assert_non_null(in);
        assert_int_equal(in->sa.udp_encap, nat_at_a || nat_at_b);
        assert_int_equal(in->sa.path.local.port, nat_at_a || nat_at_b ? 4500 : 500);
    }
}

static void drop_natd(void *user, struct ike_msg *msg, const struct ike_payloads *was)
{
    uint16_t type = *(uint16_t *)user;
    struct ike_notify_payload n;

    for (size_t i = 0; i < was->n; i++) {
        bool is = was->p[i].type == IKE_PL_NOTIFY &&
                  ike_notify_read(was->p[i].body, &n, NULL) == 0 && n.type == type;

        if (!is)
            sk_copy(msg, &was->p[i]);
    }
}

/* One of the two hashes alone says nothing; both ends see the same of it, but the
 * signed messages differ, so only the detection up to IKE_AUTH is looked at. */
static void half_a_detection_is_none(void **state)
{
    (void)state;
    for (int from = 0; from < 2; from++) {
        for (unsigned which = 0; which < 2; which++) {
            uint16_t type =
                which ? IKE_N_NAT_DETECTION_SOURCE_IP : IKE_N_NAT_DETECTION_DESTINATION_IP;

            anew("one of two");
            tap.record = false;
            tap.rule = (struct sk_rule){ from, IKE_SA_INIT, from == 1, 0, drop_natd, &type, 0 };
            assert_int_equal(two_shards_up(&two, 0), ERR_AUTH);
            assert_int_equal(two_stats(&two.end[!from]).auth_failures, 1);
        }
    }
    anew("both of them");
    assert_int_equal(two_shards_up(&two, 0), 0);
    nat_looks(false, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
        T(a_bad_request_leaves_no_state),
        T(what_was_changed_unseen_is_seen_in_ike_auth),
        T(a_false_response_does_not_end_the_set_up),
        T(half_a_detection_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
