/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The window and the bookkeeping of received messages (receive.c, RFC 7296 2.1,
 * 2.2, 2.3): authentic requests and responses at the wrong time, in the wrong
 * role, too often; each is counted once and nothing else moves.
 */
#include "ike/core/sm/receive.h"

#include "ike/core/sm/ike_sa.h"
#include "tests/lib/sk_tap.h"
#include "tests/lib/cmocka.h"

#include <string.h>

static struct two_shards two;
static struct sk_tap tap;

static int begin(void **state)
{
    (void)state;
    two_shards_init(&two, seeded_rng_seed("test_sm_receive"));
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

static void put_nothing(void *user, struct ike_msg *msg, const struct ike_payloads *was)
{
    (void)user;
    (void)msg;
    (void)was;
}

static struct sm_sa *sa_of(int me)
{
    return sm_sa_by_id(two.end[me].shard, two_ike_id(&two.end[me]));
}

/* An empty INFORMATIONAL of A with this message id. */
static void probe_with(uint32_t id)
{
    sa_of(0)->send_id = id;
    sk_request(&two, 0, IKE_INFORMATIONAL, put_nothing, NULL);
}

struct counts {
    struct ike_stats s;
    uint32_t receive_id;
    unsigned sent;
};

static struct counts now(void)
{
    return (struct counts){ .s = two_stats(&two.end[1]),
                            .receive_id = sa_of(1)->receive_id,
                            .sent = two.end[1].n_sent };
}

/* From `was` to now: one message more, dropped for that cause and no other. */
static void dropped_once(const struct counts *was, enum ike_drop cause)
{
    struct counts is = now();

    assert_int_equal(is.s.rx, was->s.rx + 1);
    assert_int_equal(is.s.tx, was->s.tx);
    assert_int_equal(is.sent, was->sent);
    assert_int_equal(is.receive_id, was->receive_id);
    assert_int_equal(is.s.retransmits_rx, was->s.retransmits_rx);
    for (int i = 0; i < IKE_DROP_N; i++)
        assert_int_equal(is.s.drops[i], was->s.drops[i] + (i == (int)cause));
}

static void a_request_of_the_window_is_answered_and_moves_it(void **state)
{
    struct counts was = now();

    (void)state;
    probe_with(was.receive_id);
    assert_int_equal(now().receive_id, was.receive_id + 1);
    assert_int_equal(now().sent, was.sent + 1);
    assert_int_equal(now().s.tx, was.s.tx + 1);
}

static void requests_beside_the_window_are_dropped(void **state)
{
    static const int32_t offsets[] = { 1, 2, 3, 100, -2, -1000, INT32_MAX, INT32_MIN };

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        probe_with(now().receive_id);
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        struct counts was = now();

        probe_with(was.receive_id + (uint32_t)offsets[i]);
        dropped_once(&was, IKE_DROP_MESSAGE_ID);
    }
}

/* A window of one: the last answer is sent again, whatever the repeated request
 * says, if it is authentic. */
static void the_last_request_is_answered_from_the_cache(void **state)
{
    static struct two_packet first;
    struct counts was;

    (void)state;
    probe_with(now().receive_id);
    first = tap.packet[1];
    was = now();
    probe_with(was.receive_id - 1);
    assert_int_equal(now().s.retransmits_rx, was.s.retransmits_rx + 1);
    assert_int_equal(now().receive_id, was.receive_id);
    assert_int_equal(tap.packet[1].len, first.len);
    assert_memory_equal(tap.packet[1].bytes, first.bytes, first.len);
}

static void the_window_goes_round_the_end_of_message_ids(void **state)
{
    (void)state;
    sa_of(1)->receive_id = UINT32_MAX;
    probe_with(UINT32_MAX);
    assert_int_equal(now().receive_id, 0);
    probe_with(UINT32_MAX); /* a repetition across the end */
    assert_int_equal(now().s.retransmits_rx, 1);
    probe_with(0);
    assert_int_equal(now().receive_id, 1);
}

/* One's own messages sent back name an SPI of the peer's as ours; with the SPIs
 * exchanged as well, the Initiator flag does not fit the role. */
static void reflected_messages_are_dropped(void **state)
{
    struct two_outcome o;
    struct counts was;

    (void)state;
    two_rekey(&two, 1, true, &o);
    two_shards_run(&two);
    was = now();
    two_inject(&two, 1, tap.packet[1].bytes, tap.packet[1].len);
    dropped_once(&was, IKE_DROP_NO_SA);
    put_be64(tap.packet[1].bytes, sa_of(1)->spi_r);
    put_be64(tap.packet[1].bytes + 8, sa_of(1)->spi_i);
    was = now();
    two_inject(&two, 1, tap.packet[1].bytes, tap.packet[1].len);
    dropped_once(&was, IKE_DROP_FLAGS);
}

static void responses_that_nobody_waits_for_are_dropped(void **state)
{
    static struct two_packet answer;
    struct two_outcome o;
    struct counts was;

    (void)state;
    two_rekey(&two, 1, false, &o);
    two_shards_run(&two);
    two_rekey(&two, 1, true, &o); /* in the new IKE SA */
    two_shards_run(&two);
    assert_int_equal(o.code, 0);
    answer = tap.packet[0]; /* A's answer to B's delete */
    was = now();
    two_inject(&two, 1, answer.bytes, answer.len);
    dropped_once(&was, IKE_DROP_MESSAGE_ID);
}

static void a_response_of_another_exchange_is_not_the_one(void **state)
{
    struct two_outcome o;
    struct counts was;

    (void)state;
    two_rekey(&two, 1, true, &o);
    assert_true(two_shards_step(&two)); /* A has answered: its response waits */
    assert_int_equal(two.n_packets, 1);
    two.packets[0]->bytes[18] = IKE_INFORMATIONAL;
    was = now();
    assert_true(two_shards_step(&two));
    dropped_once(&was, IKE_DROP_MESSAGE_ID);
    two_shards_advance(&two, 3 * NS_PER_S); /* repeated, with its true exchange */
    assert_int_equal(o.n, 1);
    assert_int_equal(o.code, 0);
}

static void spis_are_compared_whole(void **state)
{
    static struct two_packet p;

    (void)state;
    probe_with(now().receive_id);
    for (size_t at = 0; at < 16; at++) {
        struct counts was = now();

        p = tap.packet[1];
        p.bytes[19] = IKE_FLAG_INITIATOR;
        p.bytes[at] ^= 1;
        two_inject(&two, 1, p.bytes, p.len);
        dropped_once(&was, IKE_DROP_NO_SA);
    }
}

static void an_ike_sa_that_is_gone_is_not_found(void **state)
{
    static struct two_packet p;
    struct two_outcome o;
    struct ike_stats was;

    (void)state;
    two_rekey(&two, 0, true, &o);
    two_shards_run(&two);
    p = tap.packet[0];
    two_terminate(&two, 1, false, true, &o);
    two_shards_run(&two);
    was = two_stats(&two.end[1]);
    two_inject(&two, 1, p.bytes, p.len);
    assert_int_equal(two_stats(&two.end[1]).drops[IKE_DROP_NO_SA], was.drops[IKE_DROP_NO_SA] + 1);
    assert_int_equal(two_stats(&two.end[1]).tx, was.tx); /* no INVALID_IKE_SPI: nobody asked */
}

/* Every message that B was sent is counted as received or as dropped, never both
 * as handled and dropped: sums over a whole life. */
static void all_that_was_received_is_accounted_for(void **state)
{
    struct two_outcome o;
    struct ike_stats a, b;

    (void)state;
    for (int i = 0; i < 10; i++) {
        two_rekey(&two, i % 2, i % 3 == 0, &o);
        two_shards_advance(&two, 7 * NS_PER_S);
        assert_int_equal(o.code, 0);
    }
    a = two_stats(&two.end[0]);
    b = two_stats(&two.end[1]);
    assert_int_equal(a.tx, b.rx);
    assert_int_equal(b.tx, a.rx);
    for (int i = 0; i < IKE_DROP_N; i++)
        assert_int_equal(a.drops[i] + b.drops[i], 0);
    assert_int_equal(a.ike_rekeys, b.ike_rekeys);
    assert_int_equal(a.child_rekeys, b.child_rekeys);
    assert_int_equal(a.ike_rekeys + a.child_rekeys, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
        T(a_request_of_the_window_is_answered_and_moves_it),
        T(requests_beside_the_window_are_dropped),
        T(the_last_request_is_answered_from_the_cache),
        T(the_window_goes_round_the_end_of_message_ids),
        T(reflected_messages_are_dropped),
        T(responses_that_nobody_waits_for_are_dropped),
        T(a_response_of_another_exchange_is_not_the_one),
        T(spis_are_compared_whole),
        T(an_ike_sa_that_is_gone_is_not_found),
        T(all_that_was_received_is_accounted_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
