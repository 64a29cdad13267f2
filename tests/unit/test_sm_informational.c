/* SPDX-License-Identifier: Apache-2.0 */
/*
 * INFORMATIONAL as a peer may write it (informational.c, RFC 7296 1.4, 1.4.1):
 * deletes of what is there and what is not, notifies of all kinds, nothing at
 * all.  The requests are written by the test and sealed with the true keys.
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
    two_shards_init(&two, seeded_rng_seed("test_sm_informational"));
    two_shards_put_both(&two, NULL, NULL);
    assert_int_equal(two_shards_up(&two, 0), 0);
    sk_tap_on(&tap, &two);
    return 0;
}

static int end(void **state)
{
    (void)state;
    two_shards_fini(&two);
    return 0;
}

/* The answer that B gave last. */
static const struct ike_payloads *answer(void)
{
    assert_int_equal(tap.n[1], 1);
    assert_int_equal(tap.last[1].h.exchange, IKE_INFORMATIONAL);
    assert_true(tap.last[1].h.flags & IKE_FLAG_RESPONSE);
    return &tap.last[1].pl;
}

static void still_up(void)
{
    struct two_outcome o;

    for (int i = 0; i < 2; i++)
        assert_int_equal(two_ike_count(&two.end[i]), 1);
    two_shards_run(&two);
    two.filter = NULL;
    two_rekey(&two, 1, false, &o); /* B's window at least is as it should be */
    two_shards_run(&two);
    assert_int_equal(o.code, 0);
}

static void ask(sk_write_fn *write, void *user)
{
    sk_tap_clear(&tap);
    sk_request(&two, 0, IKE_INFORMATIONAL, write, user);
    two_shards_run(&two);
}

/* ---- deletes ---- */

static void put_delete(void *user, struct ike_msg *msg, const struct ike_payloads *was)
{
    (void)was;
    ike_delete_write(msg, user);
}

static void the_delete_of_an_unknown_spi_is_answered_with_nothing(void **state)
{
    struct ike_delete del = { .proto = IKE_PROTO_ESP, .n_spis = 1, .spis = { 0x12345678 } };

    (void)state;
    ask(put_delete, &del);
    assert_int_equal(answer()->n, 0);
    assert_int_equal(two_live(&two.end[1]), 1);
    still_up();
}

/* The SPI in a Delete is the sender's inbound one (1.4.1). */
static void the_delete_of_our_own_inbound_spi_means_nothing(void **state)
{
    struct ike_delete del = { .proto = IKE_PROTO_ESP, .n_spis = 1 };

    (void)state;
    del.spis[0] = two_active(&two.end[1])->sa.spi_in;
    ask(put_delete, &del);
    assert_int_equal(answer()->n, 0);
    assert_int_equal(two_live(&two.end[1]), 1);
    still_up();
}

static void known_spis_among_unknown_ones_are_deleted(void **state)
{
    struct ike_delete del = { .proto = IKE_PROTO_ESP, .n_spis = 4, .spis = { 1, 0, 3, 4 } };
    struct ike_delete got;

    (void)state;
    del.spis[1] = two_active(&two.end[0])->sa.spi_in;
    ask(put_delete, &del);
    assert_int_equal(answer()->n, 1);
    assert_int_equal(ike_delete_read(answer()->p[0].body, &got, NULL), 0);
    assert_int_equal(got.proto, IKE_PROTO_ESP);
    assert_int_equal(got.n_spis, 1);
    assert_int_equal(got.spis[0], two.end[1].installs[0].sa.spi_in);
    assert_int_equal(two_live(&two.end[1]), 0);
}

static void an_spi_that_is_named_twice_is_deleted_once(void **state)
{
    struct ike_delete del = { .proto = IKE_PROTO_ESP, .n_spis = 2 };
    struct ike_delete got;

    (void)state;
    del.spis[0] = del.spis[1] = two_active(&two.end[0])->sa.spi_in;
    ask(put_delete, &del);
    assert_int_equal(ike_delete_read(answer()->p[0].body, &got, NULL), 0);
    assert_int_equal(got.n_spis, 1);
    assert_int_equal(two_live(&two.end[1]), 0);
    assert_int_equal(two.end[1].n_child_down, 1);
}

static void the_delete_of_an_ah_sa_means_none_of_ours(void **state)
{
    struct ike_delete del = { .proto = IKE_PROTO_AH, .n_spis = 1 };

    (void)state;
    del.spis[0] = two_active(&two.end[0])->sa.spi_in;
    ask(put_delete, &del);
    assert_int_equal(answer()->n, 0);
    assert_int_equal(two_live(&two.end[1]), 1);
    still_up();
}

static void as_many_spis_as_fit_in_one_payload_are_looked_up(void **state)
{
    struct ike_delete del = { .proto = IKE_PROTO_ESP, .n_spis = IKE_DELETE_MAX };

    (void)state;
    for (unsigned i = 0; i < IKE_DELETE_MAX; i++)
        del.spis[i] = 0x1000 + i;
    del.spis[IKE_DELETE_MAX - 1] = two_active(&two.end[0])->sa.spi_in;
    ask(put_delete, &del);
    assert_int_equal(answer()->n, 1);
    assert_int_equal(two_live(&two.end[1]), 0);
}

static void put_many_deletes(void *user, struct ike_msg *msg, const struct ike_payloads *was)
{
    (void)was;
    ike_delete_put_esp(msg, 0x99);
    ike_delete_put_esp(msg, *(uint32_t *)user);
    ike_delete_put_esp(msg, 0x77);
}

static void several_delete_payloads_are_answered_by_one(void **state)
{
    uint32_t spi = two_active(&two.end[0])->sa.spi_in;

    (void)state;
    ask(put_many_deletes, &spi);
    assert_int_equal(answer()->n, 1);
    assert_int_equal(two_live(&two.end[1]), 0);
}

static void put_both_deletes(void *user, struct ike_msg *msg, const struct ike_payloads *was)
{
    (void)was;
    ike_delete_put_esp(msg, *(uint32_t *)user);
    ike_delete_put_ike(msg);
}

static void with_the_ike_sa_its_children_go_whatever_else_is_named(void **state)
{
    uint32_t spi = two_active(&two.end[0])->sa.spi_in;

    (void)state;
    ask(put_both_deletes, &spi);
    assert_int_equal(answer()->n, 0);
    assert_int_equal(two_live(&two.end[1]), 0);
    assert_int_equal(two_ike_count(&two.end[1]), 0);
    assert_int_equal(two.end[1].n_ike_down, 1);
}

/* The answer to the last request of an IKE SA may be lost. */
static void after_the_delete_the_repeated_request_still_is_answered(void **state)
{
    static struct two_packet first;
    struct two_outcome o;

    (void)state;
    tap.lose[1] = 1;
    two_terminate(&two, 0, false, false, &o);
    two_shards_run(&two);
    assert_int_equal(o.n, 0);
    assert_int_equal(two_ike_count(&two.end[1]), 0);
    first = tap.packet[1];
    two_shards_advance(&two, 2 * NS_PER_S);
    assert_int_equal(o.n, 1);
    assert_int_equal(o.code, 0);
    assert_int_equal(first.len, tap.packet[1].len); /* the same bytes */
    assert_memory_equal(first.bytes, tap.packet[1].bytes, first.len);
}

/* ---- anything else ---- */

static void put_nothing(void *user, struct ike_msg *msg, const struct ike_payloads *was)
{
    (void)user;
    (void)msg;
    (void)was;
}

static void an_empty_request_has_an_empty_answer(void **state)
{
    (void)state;
    ask(put_nothing, NULL);
    assert_int_equal(answer()->n, 0);
    still_up();
}

static void put_notify(void *user, struct ike_msg *msg, const struct ike_payloads *was)
{
    (void)was;
    ike_notify_put(msg, *(uint16_t *)user, span_of("some data", 9));
}

static void notifies_of_any_kind_change_nothing(void **state)
{
    static const uint16_t types[] = {
        IKE_N_INVALID_SPI,
        IKE_N_INVALID_SELECTORS,
        IKE_N_TEMPORARY_FAILURE,
        IKE_N_AUTHENTICATION_FAILED,
        IKE_N_INVALID_SYNTAX,
        8000,
        IKE_N_INITIAL_CONTACT,
        IKE_N_COOKIE,
        IKE_N_SET_WINDOW_SIZE,
        IKE_N_USE_TRANSPORT_MODE,
        50000,
        65535,
    };

    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        uint16_t type = types[i];

        ask(put_notify, &type);
        assert_int_equal(answer()->n, 0);
        assert_int_equal(two_live(&two.end[1]), 1);
    }
    still_up();
}

static void put_payload(void *user, struct ike_msg *msg, const struct ike_payloads *was)
{
    const uint8_t *type = user;

    (void)was;
    ike_msg_open(msg, type[0]);
    if (type[1] && !msg->wr.failed)
        msg->wr.start[msg->open_at + 1] = 0x80;
    wr_span(&msg->wr, span_of("\1\0\0\0 text", 9));
    ike_msg_close(msg);
}

static void unknown_payloads_are_passed_over_unless_critical(void **state)
{
    uint8_t plain[2] = { 201, 0 }, critical[2] = { 202, 1 };
    struct ike_notify_payload n;

    (void)state;
    ask(put_payload, plain);
    assert_int_equal(answer()->n, 0);
    ask(put_payload, critical);
    assert_true(sk_said(&tap, 1, IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD, &n));
    assert_int_equal(n.data.p[0], 202);
    assert_int_equal(two_stats(&two.end[1]).drops[IKE_DROP_CRITICAL], 1);
    still_up();
}

/* What is not an INFORMATIONAL request at all is a syntax error, which is fatal
 * for the IKE SA (2.21.3). */
static void payloads_of_other_exchanges_end_the_ike_sa(void **state)
{
    static uint8_t types[][2] = { { IKE_PL_NONCE, 0 }, { IKE_PL_EAP, 0 } };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        two_shards_fini(&two);
        begin(state);
        ask(put_payload, types[i]);
        assert_true(sk_said(&tap, 1, IKE_N_INVALID_SYNTAX, NULL));
        assert_int_equal(two_stats(&two.end[1]).drops[IKE_DROP_SYNTAX], 1);
        assert_int_equal(two_ike_count(&two.end[1]), 0);
        assert_int_equal(two_live(&two.end[1]), 0);
    }
}

static void put_bad_delete(void *user, struct ike_msg *msg, const struct ike_payloads *was)
{
    (void)user;
    (void)was;
    ike_msg_open(msg, IKE_PL_DELETE);
    wr_span(&msg->wr, span_of("\3\4\0\2only1", 9)); /* two SPIs are said, one stands there */
    ike_msg_close(msg);
}

static void a_delete_with_a_wrong_count_is_a_syntax_error(void **state)
{
    (void)state;
    ask(put_bad_delete, NULL);
    assert_true(sk_said(&tap, 1, IKE_N_INVALID_SYNTAX, NULL));
    assert_int_equal(two_stats(&two.end[1]).drops[IKE_DROP_SYNTAX], 1);
    assert_int_equal(two_ike_count(&two.end[1]), 0);
}

/* ---- answers to ours ---- */

static void our_delete_is_through_whatever_the_answer_names(void **state)
{
    static const struct sk_change changes[] = {
        { .drop = IKE_PL_DELETE },
        { .edit = IKE_PL_DELETE, .at = 4, .n = 4, .bytes = { 9, 9, 9, 9 } },
        { .notify = IKE_N_INVALID_SPI },
        { .notify = 44444 },
    };
    struct two_outcome o;

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        sk_tap_clear(&tap);
        sk_change_next(&tap, 1, IKE_INFORMATIONAL, true, &changes[i]);
        two_terminate(&two, 0, true, false, &o);
        two_shards_run(&two);
        assert_int_equal(tap.rule.n, 1);
        assert_int_equal(o.code, 0);
        assert_int_equal(two_live(&two.end[0]) + two_live(&two.end[1]), 0);
        assert_int_equal(two_shards_up(&two, 0), 0);
    }
}

static void an_answer_to_liveness_may_say_anything_harmless(void **state)
{
    static const struct sk_change change = { .notify = 44444 };
    struct ike_conn *conn = two_shards_conn(&two, 0, NULL, NULL);
    struct two_outcome o;

    (void)state;
    conn->dpd_delay = 5 * NS_PER_S;
    two_shards_put(&two, 0, conn);
    two_rekey(&two, 0, false, &o); /* the new delay counts from here */
    two_shards_run(&two);
    sk_tap_clear(&tap);
    sk_change_next(&tap, 1, IKE_INFORMATIONAL, true, &change);
    two_shards_advance(&two, 6 * NS_PER_S);
    sk_ladder_is(&tap, "A INFORMATIONAL request 0:\n"
                       "B INFORMATIONAL response 0: N(unknown)\n");
    assert_int_equal(two_ike_count(&two.end[0]), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
        T(the_delete_of_an_unknown_spi_is_answered_with_nothing),
        T(the_delete_of_our_own_inbound_spi_means_nothing),
        T(known_spis_among_unknown_ones_are_deleted),
        T(an_spi_that_is_named_twice_is_deleted_once),
        T(the_delete_of_an_ah_sa_means_none_of_ours),
        T(as_many_spis_as_fit_in_one_payload_are_looked_up),
        T(several_delete_payloads_are_answered_by_one),
        T(with_the_ike_sa_its_children_go_whatever_else_is_named),
        T(after_the_delete_the_repeated_request_still_is_answered),
        T(an_empty_request_has_an_empty_answer),
        T(notifies_of_any_kind_change_nothing),
        T(unknown_payloads_are_passed_over_unless_critical),
        T(payloads_of_other_exchanges_end_the_ike_sa),
        T(a_delete_with_a_wrong_count_is_a_syntax_error),
        T(our_delete_is_through_whatever_the_answer_names),
        T(an_answer_to_liveness_may_say_anything_harmless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
