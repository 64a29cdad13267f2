/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IKE_AUTH from a peer that does not keep to the rules (auth.c,
 * auth_responder.c): one change to one message at a time, sealed with the true
 * keys, so that nothing but the change itself can be what is refused.
 */
#include "ike/core/sm/auth.h"

#include "tests/lib/sk_tap.h"
#include "tests/lib/cmocka.h"

#include <stdio.h>
#include <string.h>

static struct two_shards two;
static struct sk_tap tap;

static int begin(void **state)
{
    (void)state;
    two_shards_init(&two, seeded_rng_seed("test_sm_auth"));
    sk_tap_on(&tap, &two);
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
    two_shards_init(&two, 5);
    sk_tap_on(&tap, &two);
    two_shards_put_both(&two, NULL, NULL);
}

/* Offsets in the body of an SA payload with one ESP proposal of AES-GCM and ESN
 * (RFC 7296 3.3), and of a TS payload with one IPv4 selector (3.13). */
enum { PROTO_AT = 5, SPI_AT = 8, ENCR_AT = 19, BITS_AT = 22, ESN_AT = 31 };
enum { TS_PROTO_AT = 5, TS_PORTS_AT = 8, TS_LO_AT = 12, TS_HI_AT = 16 };

struct row {
    const char *name;
    struct sk_change change;
};

/* ---- what the initiator says ---- */

static const struct row who_is_not_believed[] = {
    { "a flipped bit in AUTH", { .edit = IKE_PL_AUTH, .at = 4, .n = 1, .bytes = { 0 } } },
    { "AUTH shorter by a byte", { .edit = IKE_PL_AUTH, .cut = 51 } },
    { "a signature where a shared key is due",
      { .edit = IKE_PL_AUTH, .n = 1, .bytes = { IKE_AUTH_SIGNATURE } } },
    { "AUTH by NULL", { .edit = IKE_PL_AUTH, .n = 1, .bytes = { IKE_AUTH_NULL } } },
    { "another name of the same length",
      { .edit = IKE_PL_IDI, .at = 4, .n = 1, .bytes = { 'x' } } },
    { "the same name as e-mail address",
      { .edit = IKE_PL_IDI, .n = 1, .bytes = { IKE_ID_EMAIL } } },
    { "reserved bytes of IDi, which AUTH covers",
      { .edit = IKE_PL_IDI, .at = 3, .n = 1, .bytes = { 1 } } },
    { "a responder that we are not", { .edit = IKE_PL_IDR, .at = 4, .n = 1, .bytes = { 'x' } } },
};

/* One answer for all of it, and no sign of what was wrong (2.21.2). */
static void who_does_not_authenticate_is_told_just_that(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof who_is_not_believed / sizeof *who_is_not_believed; i++) {
        anew(who_is_not_believed[i].name);
        sk_change_next(&tap, 0, IKE_AUTH, false, &who_is_not_believed[i].change);
        assert_int_equal(two_shards_up(&two, 0), ERR_AUTH);
        assert_int_equal(tap.rule.n, 1);
        assert_int_equal(tap.last[1].pl.n, 1);
        assert_true(sk_said(&tap, 1, IKE_N_AUTHENTICATION_FAILED, NULL));
        assert_int_equal(two_stats(&two.end[1]).auth_failures, 1);
        assert_int_equal(two_stats(&two.end[1]).ike_up, 0);
        assert_int_equal(two.end[1].n_installs, 0);
        assert_int_equal(two_ike_count(&two.end[0]), 0);
    }
}

static const struct row requests_without[] = {
    { "IDi", { .drop = IKE_PL_IDI } }, { "AUTH", { .drop = IKE_PL_AUTH } },
    { "SA", { .drop = IKE_PL_SA } },   { "TSi", { .drop = IKE_PL_TSI } },
    { "TSr", { .drop = IKE_PL_TSR } }, { "a stranger: EAP", { .add = IKE_PL_EAP } },
};

static void a_request_without_a_payload_it_must_have_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof requests_without / sizeof *requests_without; i++) {
        anew(requests_without[i].name);
        sk_change_next(&tap, 0, IKE_AUTH, false, &requests_without[i].change);
        assert_int_equal(two_shards_up(&two, 0), ERR_AUTH);
        assert_true(sk_said(&tap, 1, IKE_N_AUTHENTICATION_FAILED, NULL));
        assert_int_equal(two_stats(&two.end[1]).drops[IKE_DROP_SYNTAX], 1);
        assert_int_equal(two_stats(&two.end[1]).ike_up, 0);
    }
}

static void the_responder_may_be_left_unnamed(void **state)
{
    static const struct sk_change change = { .drop = IKE_PL_IDR };

    (void)state;
    anew("no IDr");
    sk_change_next(&tap, 0, IKE_AUTH, false, &change);
    assert_int_equal(two_shards_up(&two, 0), 0);
    assert_non_null(ike_payloads_find(&tap.last[1].pl, IKE_PL_IDR)); /* it says who it is */
    assert_null(two_disagree(&two));
}

static const struct row child_mistakes[] = {
    { "another key length", { .edit = IKE_PL_SA, .at = BITS_AT, .n = 2, .bytes = { 0, 128 } } },
    { "a cipher we do not have", { .edit = IKE_PL_SA, .at = ENCR_AT, .n = 1, .bytes = { 99 } } },
    { "no extended sequence numbers",
      { .edit = IKE_PL_SA, .at = ESN_AT, .n = 1, .bytes = { IKE_ESN_NO } } },
    { "AH", { .edit = IKE_PL_SA, .at = PROTO_AT, .n = 1, .bytes = { IKE_PROTO_AH } } },
    { "SPI 0", { .edit = IKE_PL_SA, .at = SPI_AT, .n = 4, .bytes = { 0, 0, 0, 0 } } },
    { "SPI 255", { .edit = IKE_PL_SA, .at = SPI_AT, .n = 4, .bytes = { 0, 0, 0, 255 } } },
};

static void check_childless(uint16_t why)
{
    assert_true(sk_said(&tap, 1, why, NULL));
    assert_null(ike_payloads_find(&tap.last[1].pl, IKE_PL_SA));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(two_stats(&two.end[i]).ike_up, 1);
        assert_int_equal(two_stats(&two.end[i]).children, 0);
        assert_int_equal(two.end[i].n_reserved, 0);
        assert_int_equal(two_live(&two.end[i]), 0);
    }
}

static void a_child_that_cannot_be_leaves_the_ike_sa(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof child_mistakes / sizeof *child_mistakes; i++) {
        anew(child_mistakes[i].name);
        sk_change_next(&tap, 0, IKE_AUTH, false, &child_mistakes[i].change);
        assert_int_equal(two_shards_up(&two, 0), ERR_REFUSED);
        check_childless(IKE_N_NO_PROPOSAL_CHOSEN);
    }
}

static const struct row foreign_selectors[] = {
    { "a net that is not ours",
      { .edit = IKE_PL_TSR, .at = TS_LO_AT, .n = 8, .bytes = { 10, 9, 0, 0, 10, 9, 255, 255 } } },
    { "a net that is not the peer's",
      { .edit = IKE_PL_TSI, .at = TS_LO_AT, .n = 8, .bytes = { 10, 9, 0, 0, 10, 9, 255, 255 } } },
};

static void foreign_selectors_are_refused_by_their_own_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof foreign_selectors / sizeof *foreign_selectors; i++) {
        anew(foreign_selectors[i].name);
        sk_change_next(&tap, 0, IKE_AUTH, false, &foreign_selectors[i].change);
        assert_int_equal(two_shards_up(&two, 0), ERR_REFUSED);
        check_childless(IKE_N_TS_UNACCEPTABLE);
    }
}

static void what_is_not_critical_is_passed_over(void **state)
{
    static const struct row rows[] = {
        { "an unknown payload", { .add = 200 } },
        { "an unknown status notify", { .notify = 40000 } },
        { "an unknown error notify (3.10.1)", { .notify = 8192 } },
        { "an offer of fragments", { .notify = IKE_N_FRAGMENTATION_SUPPORTED } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        anew(rows[i].name);
        sk_change_next(&tap, 0, IKE_AUTH, false, &rows[i].change);
        assert_int_equal(two_shards_up(&two, 0), 0);
        assert_null(two_disagree(&two));
    }
}

static void what_is_critical_and_unknown_is_named(void **state)
{
    static const struct sk_change change = { .add = 200, .critical = true };
    struct ike_notify_payload n;

    (void)state;
    anew("critical");
    sk_change_next(&tap, 0, IKE_AUTH, false, &change);
    assert_int_equal(two_shards_up(&two, 0), ERR_AUTH);
    assert_true(sk_said(&tap, 1, IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD, &n));
    assert_int_equal(n.data.len, 1);
    assert_int_equal(n.data.p[0], 200);
    assert_int_equal(two_stats(&two.end[1]).drops[IKE_DROP_CRITICAL], 1);
    assert_int_equal(two_stats(&two.end[1]).ike_sas, 0);
}

/* ---- what the responder says ---- */

static const struct row false_responders[] = {
    { "a flipped bit in AUTH", { .edit = IKE_PL_AUTH, .at = 4, .n = 1, .bytes = { 0 } } },
    { "a signature", { .edit = IKE_PL_AUTH, .n = 1, .bytes = { IKE_AUTH_RSA } } },
    { "another name", { .edit = IKE_PL_IDR, .at = 4, .n = 1, .bytes = { 'x' } } },
    { "another kind of name", { .edit = IKE_PL_IDR, .n = 1, .bytes = { IKE_ID_KEY } } },
    { "reserved bytes of IDr", { .edit = IKE_PL_IDR, .at = 1, .n = 1, .bytes = { 9 } } },
};

/* The responder believes that all is well: it is told by a delete (2.21.2). */
static void a_responder_that_does_not_convince_is_left_and_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof false_responders / sizeof *false_responders; i++) {
        anew(false_responders[i].name);
        sk_change_next(&tap, 1, IKE_AUTH, true, &false_responders[i].change);
        assert_int_equal(two_shards_up(&two, 0), ERR_AUTH);
        assert_int_equal(two_stats(&two.end[0]).auth_failures, 1);
        assert_int_equal(two_stats(&two.end[0]).ike_up, 0);
        assert_int_equal(two.end[0].n_installs, 0);
        assert_int_equal(two_stats(&two.end[1]).ike_sas, 0);
        assert_int_equal(two_live(&two.end[1]), 0);
        assert_non_null(strstr(tap.ladder, "A INFORMATIONAL request 2: D(IKE)\n"));
    }
}

static const struct row unusable_responses[] = {
    { "no IDr", { .drop = IKE_PL_IDR } },
    { "no AUTH", { .drop = IKE_PL_AUTH } },
    { "no SA", { .drop = IKE_PL_SA } },
    { "no TSi", { .drop = IKE_PL_TSI } },
    { "no TSr", { .drop = IKE_PL_TSR } },
    { "EAP", { .add = IKE_PL_EAP } },
    { "critical", { .add = 99, .critical = true } },
};

static void a_response_without_what_it_must_have_ends_the_set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof unusable_responses / sizeof *unusable_responses; i++) {
        anew(unusable_responses[i].name);
        sk_change_next(&tap, 1, IKE_AUTH, true, &unusable_responses[i].change);
        assert_int_equal(two_shards_up(&two, 0), ERR_MALFORMED);
        assert_int_equal(two_stats(&two.end[0]).ike_up, 0);
        assert_int_equal(two_stats(&two.end[0]).ike_sas, 0);
        assert_int_equal(two.end[0].n_installs, 0);
        assert_int_equal(two.end[0].n_reserved, 0);
    }
}

static const struct row false_choices[] = {
    { "a shorter key", { .edit = IKE_PL_SA, .at = BITS_AT, .n = 2, .bytes = { 0, 128 } } },
    { "another cipher", { .edit = IKE_PL_SA, .at = ENCR_AT, .n = 1, .bytes = { 12 } } },
    { "no ESN", { .edit = IKE_PL_SA, .at = ESN_AT, .n = 1, .bytes = { IKE_ESN_NO } } },
    { "AH", { .edit = IKE_PL_SA, .at = PROTO_AT, .n = 1, .bytes = { IKE_PROTO_AH } } },
    { "a reserved SPI", { .edit = IKE_PL_SA, .at = SPI_AT, .n = 4, .bytes = { 0, 0, 0, 255 } } },
    { "SPI 0", { .edit = IKE_PL_SA, .at = SPI_AT, .n = 4, .bytes = { 0 } } },
    { "TSi wider by one address",
      { .edit = IKE_PL_TSI, .at = TS_LO_AT, .n = 4, .bytes = { 10, 0, 255, 255 } } },
    { "TSr wider at its end",
      { .edit = IKE_PL_TSR, .at = TS_HI_AT, .n = 4, .bytes = { 10, 3, 0, 0 } } },
    { "TSr the whole world",
      { .edit = IKE_PL_TSR, .at = TS_LO_AT, .n = 8, .bytes = { 0, 0, 0, 0, 255, 255, 255, 255 } } },
};

/* What was not offered is not installed, and what the responder has made of it
 * goes again (2.7, 2.9). */
static void a_choice_that_was_not_offered_is_undone(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof false_choices / sizeof *false_choices; i++) {
        anew(false_choices[i].name);
        sk_change_next(&tap, 1, IKE_AUTH, true, &false_choices[i].change);
        assert_int_equal(two_shards_up(&two, 0), ERR_REFUSED);
        assert_int_equal(two.end[0].n_installs, 0);
        assert_int_equal(two.end[1].n_installs, 1);
        for (int e = 0; e < 2; e++) {
            assert_int_equal(two_live(&two.end[e]), 0);
            assert_int_equal(two_ike_count(&two.end[e]), 1);
            assert_int_equal(two.end[e].n_reserved, 0);
        }
        assert_int_equal(two_shards_up(&two, 0), 0); /* the IKE SA is as good as ever */
        assert_null(two_disagree(&two));
    }
}

static const struct row narrower[] = {
    { "one address",
      { .edit = IKE_PL_TSR, .at = TS_LO_AT, .n = 8, .bytes = { 10, 2, 3, 4, 10, 2, 3, 4 } } },
    { "TCP", { .edit = IKE_PL_TSR, .at = TS_PROTO_AT, .n = 1, .bytes = { 6 } } },
    { "one half", { .edit = IKE_PL_TSI, .at = TS_HI_AT, .n = 4, .bytes = { 10, 1, 127, 255 } } },
};

static void selectors_may_be_narrowed_by_the_responder(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof narrower / sizeof *narrower; i++) {
        anew(narrower[i].name);
        sk_change_next(&tap, 1, IKE_AUTH, true, &narrower[i].change);
        assert_int_equal(two_shards_up(&two, 0), 0);
        assert_int_equal(two_live(&two.end[0]), 1);
        assert_string_equal(two_disagree(&two), "traffic selectors differ");
    }
}

/* A responder may keep the IKE SA and refuse the Child SA for many reasons. */
static void each_refusal_of_the_child_keeps_the_ike_sa(void **state)
{
    static const uint16_t reasons[] = {
        IKE_N_NO_PROPOSAL_CHOSEN,       IKE_N_TS_UNACCEPTABLE,    IKE_N_SINGLE_PAIR_REQUIRED,
        IKE_N_INTERNAL_ADDRESS_FAILURE, IKE_N_FAILED_CP_REQUIRED, IKE_N_NO_ADDITIONAL_SAS,
    };

    (void)state;
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        struct sk_change change = { .notify = reasons[i] };
        struct ike_conn *b;

        anew(ike_notify_name(reasons[i]));
        b = two_shards_conn(&two, 1, NULL, "aes128gcm16-esn"); /* it would refuse anyway */
        two_shards_put(&two, 1, b);
        change.drop = IKE_PL_NOTIFY;
        sk_change_next(&tap, 1, IKE_AUTH, true, &change);
        assert_int_equal(two_shards_up(&two, 0), ERR_REFUSED);
        assert_int_equal(two_ike_count(&two.end[0]), 1);
        assert_int_equal(two_stats(&two.end[0]).auth_failures, 0);
        assert_int_equal(two.end[0].n_reserved, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
        T(who_does_not_authenticate_is_told_just_that),
        T(a_request_without_a_payload_it_must_have_is_refused),
        T(the_responder_may_be_left_unnamed),
        T(a_child_that_cannot_be_leaves_the_ike_sa),
        T(foreign_selectors_are_refused_by_their_own_name),
        T(what_is_not_critical_is_passed_over),
        T(what_is_critical_and_unknown_is_named),
        T(a_responder_that_does_not_convince_is_left_and_told),
        T(a_response_without_what_it_must_have_ends_the_set_up),
        T(a_choice_that_was_not_offered_is_undone),
        T(selectors_may_be_narrowed_by_the_responder),
        T(each_refusal_of_the_child_keeps_the_ike_sa),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
