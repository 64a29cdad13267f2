/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CREATE_CHILD_SA for a further Child SA (child_make.c, create_child.c): what
 * a request or a response may not say, and what becomes of it on both sides.
 */
#include "ike/core/sm/child_make.h"

#include "tests/lib/sk_tap.h"
#include "tests/lib/cmocka.h"

#include <string.h>

static struct two_shards two;
static struct sk_tap tap;

static int begin(void **state)
{
    (void)state;
    two_shards_init(&two, seeded_rng_seed("test_sm_child_make"));
    return 0;
}

static int end(void **state)
{
    (void)state;
    two_shards_fini(&two);
    return 0;
}

/* Up, but without the child, which is about to be made by the test. */
static void anew(const char *name, const char *esp)
{
    struct two_outcome o;

    print_message("    %s\n", name);
    two_shards_fini(&two);
    two_shards_init(&two, 6);
    two_shards_put_both(&two, NULL, esp);
    assert_int_equal(two_shards_up(&two, 0), 0);
    two_terminate(&two, 0, true, false, &o);
    two_shards_run(&two);
    assert_int_equal(two_live(&two.end[0]) + two_live(&two.end[1]), 0);
    sk_tap_on(&tap, &two);
}

/* Both ends have nothing of it, and it can be made if nobody disturbs. */
static void check_nothing_is_left(void)
{
    for (int i = 0; i < 2; i++) {
        assert_int_equal(two_live(&two.end[i]), 0);
        assert_int_equal(two.end[i].n_reserved, 0);
        assert_int_equal(two_stats(&two.end[i]).children, 0);
        assert_int_equal(two_ike_count(&two.end[i]), 1);
    }
    assert_int_equal(two_shards_up(&two, 1), 0);
    assert_null(two_disagree(&two));
}

enum { PROTO_AT = 5, SPI_AT = 8, BITS_AT = 22, ESN_AT = 31, TS_LO_AT = 12, TS_HI_AT = 16 };

struct row {
    const char *name;
    struct sk_change change;
    uint16_t answer; /* notify */
};

static const struct row requests[] = {
    { "another key length",
      { .edit = IKE_PL_SA, .at = BITS_AT, .n = 2, .bytes = { 0, 128 } },
      IKE_N_NO_PROPOSAL_CHOSEN },
    { "no ESN",
      { .edit = IKE_PL_SA, .at = ESN_AT, .n = 1, .bytes = { 0 } },
      IKE_N_NO_PROPOSAL_CHOSEN },
    { "AH",
      { .edit = IKE_PL_SA, .at = PROTO_AT, .n = 1, .bytes = { IKE_PROTO_AH } },
      IKE_N_NO_PROPOSAL_CHOSEN },
    { "SPI 255",
      { .edit = IKE_PL_SA, .at = SPI_AT, .n = 4, .bytes = { 0, 0, 0, 255 } },
      IKE_N_NO_PROPOSAL_CHOSEN },
    { "a net of somebody else",
      { .edit = IKE_PL_TSR, .at = TS_LO_AT, .n = 8, .bytes = { 10, 77, 0, 0, 10, 77, 0, 1 } },
      IKE_N_TS_UNACCEPTABLE },
    { "a net that the peer does not have",
      { .edit = IKE_PL_TSI, .at = TS_LO_AT, .n = 8, .bytes = { 10, 77, 0, 0, 10, 77, 0, 1 } },
      IKE_N_TS_UNACCEPTABLE },
};

/* A count of none, and a selector that no packet can match. */
static void selectors_that_select_nothing_are_refused(void **state)
{
    static const struct row rows[] = {
        { "none", { .edit = IKE_PL_TSI, .n = 1, .bytes = { 0 }, .cut = 4 }, IKE_N_INVALID_SYNTAX },
        { "end before begin",
          { .edit = IKE_PL_TSR, .at = TS_HI_AT, .n = 4, .bytes = { 1, 1, 1, 1 } },
          IKE_N_INVALID_SYNTAX },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        anew(rows[i].name, NULL);
        sk_change_next(&tap, 0, IKE_CREATE_CHILD_SA, false, &rows[i].change);
        assert_int_equal(two_shards_up(&two, 0), ERR_REFUSED);
        assert_true(sk_said(&tap, 1, rows[i].answer, NULL));
    }
}

static void a_request_that_does_not_fit_is_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        anew(requests[i].name, NULL);
        sk_change_next(&tap, 0, IKE_CREATE_CHILD_SA, false, &requests[i].change);
        assert_int_equal(two_shards_up(&two, 0), ERR_REFUSED);
        assert_int_equal(tap.last[1].pl.n, 1);
        assert_true(sk_said(&tap, 1, requests[i].answer, NULL));
        check_nothing_is_left();
    }
}

/* With a group of its own: KEi must be of the group of the proposal (1.3). */
static const struct row group_requests[] = {
    { "KE of another group",
      { .edit = IKE_PL_KE, .n = 2, .bytes = { 0, IKE_KE_ECP256 } },
      IKE_N_INVALID_KE_PAYLOAD },
    { "no KE", { .drop = IKE_PL_KE }, IKE_N_INVALID_KE_PAYLOAD },
    { "KE shorter by a byte", { .edit = IKE_PL_KE, .cut = 35 }, IKE_N_INVALID_SYNTAX },
};

static void a_request_with_the_wrong_key_exchange_is_told_the_right_one(void **state)
{
    struct ike_notify_payload n;

    (void)state;
    for (size_t i = 0; i < sizeof group_requests / sizeof *group_requests; i++) {
        const struct row *row = &group_requests[i];

        anew(row->name, "aes256gcm16-esn-x25519");
        sk_change_next(&tap, 0, IKE_CREATE_CHILD_SA, false, &row->change);
        assert_int_equal(two_shards_up(&two, 0), ERR_REFUSED);
        assert_true(sk_said(&tap, 1, row->answer, &n));
        if (row->answer == IKE_N_INVALID_KE_PAYLOAD) {
            assert_int_equal(n.data.len, 2);
            assert_int_equal(get_be16(n.data.p), IKE_KE_X25519);
        }
        check_nothing_is_left();
    }
}

/* A syntax error in what is protected cannot be an accident (2.21.3). */
static void a_request_without_its_parts_ends_the_ike_sa(void **state)
{
    static const struct row rows[] = {
        { "no nonce", { .drop = IKE_PL_NONCE }, 0 },
        { "a nonce of 15 bytes", { .edit = IKE_PL_NONCE, .cut = 15 }, 0 },
        { "no TSr", { .drop = IKE_PL_TSR }, 0 },
        { "a TSi that counts two", { .edit = IKE_PL_TSI, .n = 1, .bytes = { 2 } }, 0 },
        { "EAP", { .add = IKE_PL_EAP }, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int code;

        anew(rows[i].name, NULL);
        sk_change_next(&tap, 0, IKE_CREATE_CHILD_SA, false, &rows[i].change);
        code = two_shards_up(&two, 0);
        assert_int_equal(code, ERR_REFUSED);
        assert_true(sk_said(&tap, 1, IKE_N_INVALID_SYNTAX, NULL));
        assert_int_equal(two_ike_count(&two.end[1]), 0);
        assert_int_equal(two_stats(&two.end[1]).drops[IKE_DROP_SYNTAX], 1);
        assert_int_equal(two.end[1].n_reserved, 0);
    }
}

static void what_means_nothing_to_us_is_passed_over(void **state)
{
    static const struct row rows[] = {
        { "transport mode where we have none", { .notify = IKE_N_USE_TRANSPORT_MODE }, 0 },
        { "no TFC padding", { .notify = IKE_N_ESP_TFC_PADDING_NOT_SUPPORTED }, 0 },
        { "an unknown status", { .notify = 50000 }, 0 },
        { "an unknown error", { .notify = 9000 }, 0 },
        { "an unknown payload", { .add = 222 }, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        anew(rows[i].name, NULL);
        sk_change_next(&tap, 0, IKE_CREATE_CHILD_SA, false, &rows[i].change);
        assert_int_equal(two_shards_up(&two, 0), 0);
        assert_false(sk_said(&tap, 1, IKE_N_USE_TRANSPORT_MODE, NULL));
        assert_int_equal(two_active(&two.end[1])->sa.mode, IKE_MODE_TUNNEL);
        assert_null(two_disagree(&two));
    }
}

/* ---- responses ---- */

static const struct row responses[] = {
    { "a shorter key", { .edit = IKE_PL_SA, .at = BITS_AT, .n = 2, .bytes = { 0, 128 } }, 0 },
    { "AH", { .edit = IKE_PL_SA, .at = PROTO_AT, .n = 1, .bytes = { IKE_PROTO_AH } }, 0 },
    { "a reserved SPI", { .edit = IKE_PL_SA, .at = SPI_AT, .n = 4, .bytes = { 0, 0, 0, 1 } }, 0 },
    { "no ESN", { .edit = IKE_PL_SA, .at = ESN_AT, .n = 1, .bytes = { 0 } }, 0 },
    { "TSi wider", { .edit = IKE_PL_TSI, .at = TS_LO_AT, .n = 4, .bytes = { 10, 0, 0, 0 } }, 0 },
    { "TSr wider", { .edit = IKE_PL_TSR, .at = TS_HI_AT, .n = 4, .bytes = { 10, 3, 0, 0 } }, 0 },
};

static void a_response_that_was_not_offered_is_undone_at_the_peer(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof responses / sizeof *responses; i++) {
        anew(responses[i].name, NULL);
        sk_change_next(&tap, 1, IKE_CREATE_CHILD_SA, true, &responses[i].change);
        assert_int_equal(two_shards_up(&two, 0), ERR_REFUSED);
        assert_int_equal(two.end[1].n_installs, 2); /* the peer had it */
        assert_int_equal(two.end[0].n_installs, 1); /* we never */
        assert_non_null(strstr(tap.ladder, "D(ESP)"));
        check_nothing_is_left();
    }
}

static const struct row group_responses[] = {
    { "KE of another group", { .edit = IKE_PL_KE, .n = 2, .bytes = { 0, IKE_KE_ECP256 } }, 0 },
    { "no KE though one is agreed", { .drop = IKE_PL_KE }, 0 },
    { "KE shorter by a byte", { .edit = IKE_PL_KE, .cut = 35 }, 0 },
};

static void a_response_with_the_wrong_key_exchange_is_undone_too(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof group_responses / sizeof *group_responses; i++) {
        anew(group_responses[i].name, "aes256gcm16-esn-x25519");
        sk_change_next(&tap, 1, IKE_CREATE_CHILD_SA, true, &group_responses[i].change);
        assert_int_equal(two_shards_up(&two, 0), ERR_REFUSED);
        assert_int_equal(two.end[0].n_installs, 1);
        check_nothing_is_left();
    }
}

static void an_unusable_response_ends_the_ike_sa(void **state)
{
    static const struct row rows[] = {
        { "no nonce", { .drop = IKE_PL_NONCE }, 0 },
        { "a nonce of 15 bytes", { .edit = IKE_PL_NONCE, .cut = 15 }, 0 },
        { "no SA", { .drop = IKE_PL_SA }, 0 },
        { "no TSi", { .drop = IKE_PL_TSI }, 0 },
        { "a critical stranger", { .add = 222, .critical = true }, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        anew(rows[i].name, NULL);
        sk_change_next(&tap, 1, IKE_CREATE_CHILD_SA, true, &rows[i].change);
        assert_int_equal(two_shards_up(&two, 0), ERR_MALFORMED);
        assert_int_equal(two_ike_count(&two.end[0]), 0);
        assert_int_equal(two_live(&two.end[0]), 0);
        assert_int_equal(two.end[0].n_reserved, 0);
    }
}

static void put_refusal(void *user, struct ike_msg *msg, const struct ike_payloads *was)
{
    (void)was;
    ike_notify_put(msg, *(uint16_t *)user, span_of("\0\21", 2));
}

static void each_refusal_leaves_the_ike_sa_and_says_what_it_was(void **state)
{
    static const struct {
        uint16_t type;
        int code;
    } refusals[] = {
        { IKE_N_NO_PROPOSAL_CHOSEN, ERR_REFUSED },   { IKE_N_TS_UNACCEPTABLE, ERR_REFUSED },
        { IKE_N_SINGLE_PAIR_REQUIRED, ERR_REFUSED }, { IKE_N_NO_ADDITIONAL_SAS, ERR_REFUSED },
        { IKE_N_INVALID_KE_PAYLOAD, ERR_REFUSED }, /* a group that we do not have */
        { IKE_N_TEMPORARY_FAILURE, ERR_BUSY },       { 9999, ERR_REFUSED },
    };

    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct two_outcome o = { 0 };
        uint16_t type = refusals[i].type;

        anew(ike_notify_name(type), "aes256gcm16-esn-x25519");
        tap.rule = (struct sk_rule){ 1, IKE_CREATE_CHILD_SA, true, 1, put_refusal, &type, 0 };
        ike_shard_initiate(two.end[0].shard, two.clock.now, "gw", NULL, two_outcome_set, &o);
        two_shards_run(&two);
        assert_int_equal(o.n, 1);
        assert_int_equal(o.code, refusals[i].code);
        assert_non_null(strstr(o.text, ike_notify_name(type)));
        assert_int_equal(two_ike_count(&two.end[0]), 1);
        assert_int_equal(two_live(&two.end[0]), 0);
        assert_int_equal(two.end[0].n_reserved, 0);
    }
}

static void the_device_of_either_end_may_refuse(void **state)
{
    (void)state;
    for (int refuser = 0; refuser < 2; refuser++) {
        anew(refuser ? "responder" : "initiator", "aes256gcm16-esn-x25519");
        two.end[refuser].fail_install = ERR_FULL;
        assert_int_equal(two_shards_up(&two, 0), refuser ? ERR_BUSY : ERR_REFUSED);
        assert_int_equal(sk_said(&tap, 1, IKE_N_TEMPORARY_FAILURE, NULL), refuser);
        check_nothing_is_left();
    }
}

static void without_a_spi_there_is_no_child(void **state)
{
    (void)state;
    anew("responder", NULL);
    two.end[1].fail_spi = ERR_FULL;
    assert_int_equal(two_shards_up(&two, 0), ERR_BUSY);
    assert_true(sk_said(&tap, 1, IKE_N_TEMPORARY_FAILURE, NULL));
    check_nothing_is_left();
    anew("initiator", NULL);
    two.end[0].fail_spi = ERR_FULL;
    assert_int_equal(two_shards_up(&two, 0), ERR_FULL);
    assert_int_equal(tap.n[0], 0);
    check_nothing_is_left();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
        T(selectors_that_select_nothing_are_refused),
        T(a_request_that_does_not_fit_is_refused_by_name),
        T(a_request_with_the_wrong_key_exchange_is_told_the_right_one),
        T(a_request_without_its_parts_ends_the_ike_sa),
        T(what_means_nothing_to_us_is_passed_over),
        T(a_response_that_was_not_offered_is_undone_at_the_peer),
        T(a_response_with_the_wrong_key_exchange_is_undone_too),
        T(an_unusable_response_ends_the_ike_sa),
        T(each_refusal_leaves_the_ike_sa_and_says_what_it_was),
        T(the_device_of_either_end_may_refuse),
        T(without_a_spi_there_is_no_child),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
