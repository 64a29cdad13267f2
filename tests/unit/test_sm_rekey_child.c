/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rekeying a Child SA with a peer that does not keep to the rules
 * (rekey_child.c, RFC 7296 1.3.3, 2.8, 2.25).  Whatever goes wrong, traffic goes
 * on with the old one until there is a new one.
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
    two_shards_init(&two, seeded_rng_seed("test_sm_rekey_child"));
    return 0;
}

static int end(void **state)
{
    (void)state;
    two_shards_fini(&two);
    return 0;
}

static void anew(const char *name, const char *esp)
{
    print_message("    %s\n", name);
    two_shards_fini(&two);
    two_shards_init(&two, 8);
    two_shards_put_both(&two, NULL, esp);
    assert_int_equal(two_shards_up(&two, 0), 0);
    sk_tap_on(&tap, &two);
}

static int rekey_from(int me)
{
    struct two_outcome o;

    two_rekey(&two, me, true, &o);
    two_shards_run(&two);
    assert_int_equal(o.n, 1);
    return o.code;
}

/* The old one is in use on both sides, and nothing new is there. */
static void check_unchanged(void)
{
    for (int i = 0; i < 2; i++) {
        assert_int_equal(two_live(&two.end[i]), 1);
        assert_ptr_equal(two_active(&two.end[i]), &two.end[i].installs[0]);
        assert_int_equal(two.end[i].n_reserved, 0);
        assert_int_equal(two_stats(&two.end[i]).children, 1);
    }
    assert_null(two_disagree(&two));
}

/* It is tried again by itself, within ten seconds, and then it works. */
static void check_retried(int me)
{
    two_shards_advance(&two, 30 * NS_PER_S);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(two_live(&two.end[i]), 1);
        assert_ptr_not_equal(two_active(&two.end[i]), &two.end[i].installs[0]);
    }
    assert_int_equal(two_stats(&two.end[me]).child_rekeys, 1);
    assert_null(two_disagree(&two));
}

enum { PROTO_AT = 5, SPI_AT = 8, BITS_AT = 22, ESN_AT = 31, TS_LO_AT = 12, TS_HI_AT = 16 };
enum { N_PROTO_AT = 0, N_SPI_LEN_AT = 1, N_TYPE_AT = 2, N_SPI_AT = 4 }; /* in REKEY_SA */

struct row {
    const char *name;
    struct sk_change change;
    uint16_t answer;
};

static const struct row requests[] = {
    { "another key length",
      { .edit = IKE_PL_SA, .at = BITS_AT, .n = 2, .bytes = { 0, 128 } },
      IKE_N_NO_PROPOSAL_CHOSEN },
    { "no ESN",
      { .edit = IKE_PL_SA, .at = ESN_AT, .n = 1, .bytes = { 0 } },
      IKE_N_NO_PROPOSAL_CHOSEN },
    { "SPI 255",
      { .edit = IKE_PL_SA, .at = SPI_AT, .n = 4, .bytes = { 0, 0, 0, 255 } },
      IKE_N_NO_PROPOSAL_CHOSEN },
    { "foreign selectors",
      { .edit = IKE_PL_TSI, .at = TS_LO_AT, .n = 8, .bytes = { 10, 77, 0, 0, 10, 77, 0, 1 } },
      IKE_N_TS_UNACCEPTABLE },
    { "REKEY_SA without SPI",
      { .edit = IKE_PL_NOTIFY, .at = N_SPI_LEN_AT, .n = 1 },
      IKE_N_INVALID_SYNTAX },
};

static void a_request_that_does_not_fit_changes_nothing_and_is_tried_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        for (int me = 0; me < 2; me++) {
            struct sk_change change = requests[i].change;

            if (me && change.edit == IKE_PL_TSI)
                change.edit = IKE_PL_TSR;
            anew(requests[i].name, NULL);
            sk_change_next(&tap, me, IKE_CREATE_CHILD_SA, false, &change);
            assert_int_equal(rekey_from(me), ERR_REFUSED);
            assert_int_equal(tap.last[!me].pl.n, 1);
            assert_true(sk_said(&tap, !me, requests[i].answer, NULL));
            check_unchanged();
            check_retried(me);
        }
    }
}

/* 2.25: what the peer does not know is made anew instead, without being asked. */
static void a_child_the_peer_does_not_know_is_made_anew(void **state)
{
    static const struct row rows[] = {
        { "an SPI of nobody",
          { .edit = IKE_PL_NOTIFY, .at = N_SPI_AT, .n = 4, .bytes = { 1, 2, 3, 4 } },
          0 },
        { "the SPI of an AH SA",
          { .edit = IKE_PL_NOTIFY, .at = N_PROTO_AT, .n = 1, .bytes = { IKE_PROTO_AH } },
          0 },
    };
    struct ike_notify_payload n;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        anew(rows[i].name, NULL);
        sk_change_next(&tap, 0, IKE_CREATE_CHILD_SA, false, &rows[i].change);
        assert_int_equal(rekey_from(0), 0);
        sk_ladder_is(&tap, "A CREATE_CHILD_SA request 2: N(REKEY_SA) SA Nonce TSi TSr\n"
                           "B CREATE_CHILD_SA response 2: N(CHILD_SA_NOT_FOUND)\n"
                           "A CREATE_CHILD_SA request 3: SA Nonce TSi TSr\n"
                           "B CREATE_CHILD_SA response 3: SA Nonce TSi TSr\n");
        assert_false(sk_said(&tap, 1, IKE_N_CHILD_SA_NOT_FOUND, &n));
        assert_int_equal(two_live(&two.end[0]), 1);
        assert_ptr_equal(two_active(&two.end[0]), &two.end[0].installs[1]);
        assert_int_equal(two.end[0].installs[1].sa.spi_out, two.end[1].installs[1].sa.spi_in);
        assert_int_equal(two.end[1].installs[1].sa.spi_out, two.end[0].installs[1].sa.spi_in);
    }
}

static void the_refusal_names_the_spi_that_is_not_known(void **state)
{
    static const struct sk_change change = {
        .edit = IKE_PL_NOTIFY, .at = N_SPI_AT, .n = 4, .bytes = { 0xde, 0xad, 0xbe, 0xef }
    };

    (void)state;
    anew("B asks for deadbeef", NULL);
    sk_change_next(&tap, 1, IKE_CREATE_CHILD_SA, false, &change);
    assert_int_equal(rekey_from(1), 0);
    assert_non_null(strstr(tap.dumps, "    N CHILD_SA_NOT_FOUND(44) ESP spi=deadbeef\n"));
}

/* The group of the peer's choice: INVALID_KE_PAYLOAD, then once more. */
static void the_peers_group_is_taken_in_the_second_try(void **state)
{
    (void)state;
    anew("two groups", NULL);
    two_shards_put(&two, 0, two_shards_conn(&two, 0, NULL, "aes256gcm16-esn-x25519-ecp256"));
    two_shards_put(&two, 1, two_shards_conn(&two, 1, NULL, "aes256gcm16-esn-ecp256"));
    assert_int_equal(rekey_from(0), 0);
    sk_ladder_is(&tap, "A CREATE_CHILD_SA request 2: N(REKEY_SA) SA Nonce KE TSi TSr\n"
                       "B CREATE_CHILD_SA response 2: N(INVALID_KE_PAYLOAD)\n"
                       "A CREATE_CHILD_SA request 3: N(REKEY_SA) SA Nonce KE TSi TSr\n"
                       "B CREATE_CHILD_SA response 3: SA Nonce KE TSi TSr\n"
                       "A INFORMATIONAL request 4: D(ESP)\n"
                       "B INFORMATIONAL response 4: D(ESP)\n");
    assert_non_null(strstr(tap.dumps, "    KE ECP_256(19) 64 bytes\n"));
    assert_int_equal(two.end[1].n_reserved, 0);
    assert_null(two_disagree(&two));
}

static void put_bad_group(void *user, struct ike_msg *msg, const struct ike_payloads *was)
{
    uint8_t group[2];

    (void)was;
    put_be16(group, *(uint16_t *)user);
    ike_notify_put(msg, IKE_N_INVALID_KE_PAYLOAD, span_of(group, sizeof group));
}

static void a_group_that_was_not_offered_or_refused_before_is_not_followed(void **state)
{
    static const uint16_t groups[] = { IKE_KE_MODP2048, IKE_KE_X25519, IKE_KE_NONE, 2 };

    (void)state;
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        uint16_t group = groups[i];

        anew("another group", "aes256gcm16-esn-x25519-ecp256");
        tap.rule = (struct sk_rule){ 1, IKE_CREATE_CHILD_SA, true, 1, put_bad_group, &group, 0 };
        two.end[1].fail_install = ERR_FULL; /* so that the peer has nothing of it */
        assert_int_equal(rekey_from(0), ERR_REFUSED);
        assert_int_equal(tap.n[0], 1);
        assert_int_equal(two.end[0].n_reserved, 0);
        check_unchanged();
        check_retried(0);
    }
}

static void refusals_for_now_are_tried_again(void **state)
{
    static const uint16_t types[] = { IKE_N_TEMPORARY_FAILURE, IKE_N_NO_ADDITIONAL_SAS, 8765 };

    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct sk_change change = { .drop = IKE_PL_NOTIFY, .notify = types[i] };

        anew(ike_notify_name(types[i]), NULL);
        two.end[1].fail_install = ERR_FULL;
        sk_change_next(&tap, 1, IKE_CREATE_CHILD_SA, true, &change);
        assert_int_equal(rekey_from(0),
                         types[i] == IKE_N_TEMPORARY_FAILURE ? ERR_BUSY : ERR_REFUSED);
        check_unchanged();
        check_retried(0);
    }
}

/* What the peer chose was not offered: its new SA goes, the old ones stay. */
static void a_response_that_was_not_offered_is_undone(void **state)
{
    static const struct row rows[] = {
        { "a shorter key", { .edit = IKE_PL_SA, .at = BITS_AT, .n = 2, .bytes = { 0, 128 } }, 0 },
        { "a reserved SPI", { .edit = IKE_PL_SA, .at = SPI_AT, .n = 4, .bytes = { 0 } }, 0 },
        { "TSr wider",
          { .edit = IKE_PL_TSR, .at = TS_HI_AT, .n = 4, .bytes = { 10, 9, 0, 0 } },
          0 },
        { "TSi wider",
          { .edit = IKE_PL_TSI, .at = TS_LO_AT, .n = 4, .bytes = { 10, 0, 0, 0 } },
          0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        anew(rows[i].name, NULL);
        sk_change_next(&tap, 1, IKE_CREATE_CHILD_SA, true, &rows[i].change);
        assert_int_equal(rekey_from(0), ERR_REFUSED);
        assert_int_equal(two.end[1].n_installs, 2);
        assert_int_equal(two.end[0].n_installs, 1);
        assert_int_equal(two_live(&two.end[0]), 1);
        assert_true(two.end[0].installs[0].out_active);
        two_shards_advance(&two, 60 * NS_PER_S);
        for (int e = 0; e < 2; e++)
            assert_int_equal(two_live(&two.end[e]), 1);
        assert_null(two_disagree(&two));
    }
}

static void our_own_device_may_refuse_the_new_one(void **state)
{
    (void)state;
    anew("initiator", "aes256gcm16-esn-x25519");
    two.end[0].fail_install = ERR_FULL;
    assert_int_equal(rekey_from(0), ERR_REFUSED);
    assert_true(two.end[0].installs[0].out_active);
    two_shards_advance(&two, 60 * NS_PER_S);
    assert_null(two_disagree(&two));
    assert_int_equal(two_live(&two.end[0]), 1);
    assert_int_equal(two_live(&two.end[1]), 1);
}

/* Standing by: the responder may send on the new one when the initiator does. */
static void the_responder_stands_by_until_the_old_one_is_deleted(void **state)
{
    struct two_outcome o;

    (void)state;
    anew("standby", NULL);
    two_rekey(&two, 0, true, &o);
    while (two.end[1].n_installs < 2)
        assert_true(two_shards_step(&two));
    assert_true(two.end[1].installs[1].sa.out_standby);
    assert_true(two.end[1].installs[0].out_active);
    assert_int_equal(two.end[1].installs[1].sa.tunnel, two.end[1].installs[0].sa.tunnel);
    assert_int_equal(two.end[1].n_activated, 0);
    two_shards_run(&two);
    assert_false(two.end[0].installs[1].sa.out_standby);
    assert_int_equal(two.end[1].n_activated, 1);
    assert_true(two.end[1].installs[1].out_active);
}

/* The replaced one still takes what is in flight, for drain_time [5 s]. */
static void the_old_inbound_half_drains(void **state)
{
    (void)state;
    anew("drain", NULL);
    assert_int_equal(rekey_from(0), 0);
    for (int i = 0; i < 2; i++)
        assert_false(two.end[i].installs[0].removed);
    two_shards_advance(&two, 4999 * NS_PER_MS);
    for (int i = 0; i < 2; i++)
        assert_false(two.end[i].installs[0].removed);
    two_shards_advance(&two, 2 * NS_PER_MS);
    for (int i = 0; i < 2; i++)
        assert_true(two.end[i].installs[0].removed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
        T(a_request_that_does_not_fit_changes_nothing_and_is_tried_again),
        T(a_child_the_peer_does_not_know_is_made_anew),
        T(the_refusal_names_the_spi_that_is_not_known),
        T(the_peers_group_is_taken_in_the_second_try),
        T(a_group_that_was_not_offered_or_refused_before_is_not_followed),
        T(refusals_for_now_are_tried_again),
        T(a_response_that_was_not_offered_is_undone),
        T(our_own_device_may_refuse_the_new_one),
        T(the_responder_stands_by_until_the_old_one_is_deleted),
        T(the_old_inbound_half_drains),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
