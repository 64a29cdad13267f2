/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What strangers and broken peers can send (receive.c): each message is dropped
 * and counted by its cause, and changes nothing.
 */
#include "ike/core/shard.h"

#include "tests/lib/two_shards.h"
#include "tests/lib/cmocka.h"

#include <string.h>

static struct two_shards two;

static int begin(void **state)
{
    (void)state;
    two_shards_init(&two, seeded_rng_seed("test_sm_limits"));
    two_shards_put_both(&two, NULL, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    two_shards_fini(&two);
    return 0;
}

/* Keeps a copy of the last message of each exchange and direction. */
struct tape {
    struct two_packet request[4], response[4]; /* by exchange - IKE_SA_INIT */
};
static struct tape tape;

static bool record(void *user, struct two_packet *p)
{
    struct tape *t = user;
    unsigned i = p->bytes[18] - IKE_SA_INIT;

    if (p->bytes[19] & IKE_FLAG_RESPONSE)
        t->response[i] = *p;
    else
        t->request[i] = *p;
    return true;
}

static void up(void)
{
    struct two_outcome o;

    two.filter = record;
    two.filter_user = &tape;
    assert_int_equal(two_shards_up(&two, 0), 0);
    two_rekey(&two, 0, true, &o);
    two_shards_advance(&two, 10 * NS_PER_S);
    assert_int_equal(o.code, 0);
}

static uint64_t all_drops(const struct ike_stats *s)
{
    uint64_t sum = 0;

    for (int i = 0; i < IKE_DROP_N; i++)
        sum += s->drops[i];
    return sum;
}

/* Everything an attacker could hope to change. */
static void check_unchanged(const struct ike_stats *was, unsigned live)
{
    struct ike_stats now = two_stats(&two.end[1]);

    assert_int_equal(now.ike_sas, was->ike_sas);
    assert_int_equal(now.children, was->children);
    assert_int_equal(now.half_open, was->half_open);
    assert_int_equal(now.ike_up, was->ike_up);
    assert_int_equal(now.child_up, was->child_up);
    assert_int_equal(now.child_rekeys, was->child_rekeys);
    assert_int_equal(two_live(&two.end[1]), live);
    assert_null(two_disagree(&two));
}

static void put_drop(enum ike_drop cause, const uint8_t *bytes, size_t len)
{
    struct ike_stats was = two_stats(&two.end[1]), now;

    two_inject(&two, 1, bytes, len);
    two_shards_run(&two);
    now = two_stats(&two.end[1]);
    if (now.drops[cause] != was.drops[cause] + 1 || all_drops(&now) != all_drops(&was) + 1)
        fail_msg("not counted as %s", ike_drop_name(cause));
    check_unchanged(&was, two_live(&two.end[1]));
}

/* A change to a recorded message that makes it unacceptable. */
struct damage {
    const char *name;
    int exchange;
    size_t at; /* byte to set; len_minus: bytes cut off instead */
    uint8_t value;
    size_t len_minus;
    enum ike_drop cause;
};

static const struct damage damages[] = {
    { "empty", IKE_AUTH, 0, 0, 100000, IKE_DROP_SHORT },
    { "half a header", IKE_SA_INIT, 0, 0, 100014, IKE_DROP_SHORT },
    { "version 1", IKE_SA_INIT, 17, 0x10, 0, IKE_DROP_VERSION },
    { "version 3", IKE_SA_INIT, 17, 0x30, 0, IKE_DROP_VERSION },
    { "version 3 within an SA", IKE_CREATE_CHILD_SA, 17, 0x30, 0, IKE_DROP_VERSION },
    { "length too long", IKE_SA_INIT, 27, 255, 0, IKE_DROP_LENGTH },
    { "length far too long", IKE_SA_INIT, 24, 255, 0, IKE_DROP_LENGTH },
    { "cut by a byte", IKE_CREATE_CHILD_SA, 0, 0, 1, IKE_DROP_LENGTH },
    { "exchange type 0", IKE_CREATE_CHILD_SA, 18, 0, 0, IKE_DROP_EXCHANGE },
    { "exchange type 38", IKE_CREATE_CHILD_SA, 18, 38, 0, IKE_DROP_EXCHANGE },
    { "IKE_SA_INIT within an SA", IKE_CREATE_CHILD_SA, 18, IKE_SA_INIT, 0, IKE_DROP_EXCHANGE },
    { "our SPI is not ours", IKE_CREATE_CHILD_SA, 15, 0xee, 0, IKE_DROP_NO_SA },
    { "the peer's SPI is not its", IKE_CREATE_CHILD_SA, 7, 0xee, 0, IKE_DROP_NO_SA },
    { "message id of long ago", IKE_AUTH, 0, 0, 0, IKE_DROP_MESSAGE_ID },
    { "message id of the future", IKE_INFORMATIONAL, 23, 99, 0, IKE_DROP_MESSAGE_ID },
    { "huge message id", IKE_INFORMATIONAL, 20, 0xff, 0, IKE_DROP_MESSAGE_ID },
    { "next message id, old bytes", IKE_INFORMATIONAL, 23, 4, 0, IKE_DROP_INTEGRITY },
    { "flipped bit in the ICV", IKE_INFORMATIONAL, 60, 0x5a, 0, IKE_DROP_INTEGRITY },
    { "flipped IV", IKE_INFORMATIONAL, 33, 0x5a, 0, IKE_DROP_INTEGRITY },
    { "not protected", IKE_INFORMATIONAL, 16, IKE_PL_VENDOR, 0, IKE_DROP_SYNTAX },
    { "first payload ends the chain", IKE_INFORMATIONAL, 16, 0, 0, IKE_DROP_SYNTAX },
    { "payload longer than the message", IKE_INFORMATIONAL, 30, 0xff, 0, IKE_DROP_SYNTAX },
    { "payload shorter than its header", IKE_INFORMATIONAL, 31, 3, 0, IKE_DROP_SYNTAX },
    { "response nobody waits for", IKE_INFORMATIONAL, 19, 0x28, 0, IKE_DROP_MESSAGE_ID },
    { "IKE_SA_INIT with a message id", IKE_SA_INIT, 23, 1, 0, IKE_DROP_MESSAGE_ID },
    { "IKE_SA_INIT with a bad payload length", IKE_SA_INIT, 30, 0xff, 0, IKE_DROP_SYNTAX },
    { "IKE_SA_INIT without an SA payload", IKE_SA_INIT, 16, IKE_PL_VENDOR, 0, IKE_DROP_SYNTAX },
    { "IKE_SA_INIT as a response", IKE_SA_INIT, 19, 0x28, 0, IKE_DROP_NO_SA },
    { "IKE_SA_INIT without the Initiator flag", IKE_SA_INIT, 19, 0, 0, IKE_DROP_NO_SA },
};

static void damaged_messages_are_dropped_by_cause_and_change_nothing(void **state)
{
    (void)state;
    up();
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        const struct damage *d = &damages[i];
        struct two_packet p = tape.request[d->exchange - IKE_SA_INIT];

        if (d->len_minus >= 100000)
            p.len = d->len_minus - 100000;
        else
            p.len -= d->len_minus;
        if (d->at)
            p.bytes[d->at] = d->value;
        print_message("    %s\n", d->name);
        put_drop(d->cause, p.bytes, p.len);
    }
}

static void every_flipped_bit_of_a_protected_message_is_noticed(void **state)
{
    struct two_packet p;
    struct ike_stats was;

    (void)state;
    up();
    p = tape.request[IKE_INFORMATIONAL - IKE_SA_INIT];
    put_be32(p.bytes + 20, get_be32(p.bytes + 20) + 1); /* within the window */
    was = two_stats(&two.end[1]);
    for (size_t bit = 0; bit < p.len * 8; bit++) {
        p.bytes[bit / 8] = (uint8_t)(p.bytes[bit / 8] ^ 1u << bit % 8);
        two_inject(&two, 1, p.bytes, p.len);
        p.bytes[bit / 8] = (uint8_t)(p.bytes[bit / 8] ^ 1u << bit % 8);
    }
    check_unchanged(&was, two_live(&two.end[1]));
    assert_int_equal(two_ike_count(&two.end[1]), 1);
}

static void replays_of_all_requests_change_nothing(void **state)
{
    struct ike_stats was;

    (void)state;
    up();
    was = two_stats(&two.end[1]);
    for (int round = 0; round < 3; round++)
        for (int e = 0; e < 4; e++) {
            two_inject(&two, 1, tape.request[e].bytes, tape.request[e].len);
            two_inject(&two, 0, tape.response[e].bytes, tape.response[e].len);
        }
    two_shards_run(&two);
    check_unchanged(&was, two_live(&two.end[1]));
}

static void an_unknown_version_is_answered_with_ours(void **state)
{
    struct two_packet p;
    unsigned sent;

    (void)state;
    up();
    p = tape.request[0];
    p.bytes[17] = 0x30;
    sent = two.end[1].n_sent;
    two_inject(&two, 1, p.bytes, p.len);
    assert_int_equal(two.end[1].n_sent, sent + 1);
    assert_int_equal(two.packets[0]->bytes[17], 0x20);
    assert_int_equal(get_be16(two.packets[0]->bytes + 34), IKE_N_INVALID_MAJOR_VERSION);
}

/* Nobody is to be made to send more to a victim than was sent to him. */
static void an_answer_to_a_stranger_is_never_longer_than_what_he_sent(void **state)
{
    static const uint8_t chain[] = { 0, 0x80, 0, 4 }; /* an empty payload, critical */
    uint8_t bytes[64] = { 1 };

    (void)state;
    bytes[19] = IKE_FLAG_INITIATOR;
    for (int version = 2; version <= 3; version++) {
        unsigned n_answers = 0;

        for (size_t len = IKE_HEADER_LEN; len <= sizeof bytes; len++) {
            unsigned sent = two.end[1].n_sent;

            memset(bytes + IKE_HEADER_LEN, 0, sizeof bytes - IKE_HEADER_LEN);
            bytes[16] = len < 32 ? 0 : 200;
            bytes[17] = (uint8_t)(version << 4);
            bytes[18] = IKE_SA_INIT;
            put_be32(bytes + 24, (uint32_t)len);
            memcpy(bytes + IKE_HEADER_LEN, chain, sizeof chain);
            if (len >= 32)
                put_be16(bytes + 30, (uint16_t)(len - IKE_HEADER_LEN));
            two_inject(&two, 1, bytes, len);
            if (two.end[1].n_sent == sent)
                continue;
            n_answers++;
            assert_in_range(two.packets[two.n_packets - 1]->len, IKE_HEADER_LEN, len);
        }
        assert_in_range(n_answers, 1, 63);
    }
}

static void a_critical_payload_we_do_not_know_is_named_in_the_answer(void **state)
{
    uint8_t bytes[IKE_MESSAGE_MAX];
    size_t len;

    (void)state;
    up();
    len = tape.request[0].len;
    memcpy(bytes, tape.request[0].bytes, len);
    memmove(bytes + 28 + 4, bytes + 28, len - 28);
    memcpy(bytes + 28, (uint8_t[]){ bytes[16], 0x80, 0, 4 }, 4);
    bytes[16] = 200;
    bytes[0] ^= 1; /* a new SPIi */
    len += 4;
    put_be32(bytes + 24, (uint32_t)len);
    put_drop(IKE_DROP_CRITICAL, bytes, len);
    /* Not critical: it is as if it were not there. */
    bytes[29] = 0;
    two_inject(&two, 1, bytes, len);
    assert_int_equal(two_stats(&two.end[1]).half_open, 1);
}

static void half_open_ike_sas_are_bounded_and_time_out(void **state)
{
    const struct ike_settings settings = { .half_open_max = 10 };
    struct two_packet p;

    (void)state;
    up();
    p = tape.request[0];
    two_shards_fini(&two);
    two_shards_init_with(&two, 5, &settings);
    two_shards_put_both(&two, NULL, NULL);
    for (uint8_t i = 0; i < 50; i++) {
        p.bytes[7] = i;
        two_inject(&two, 1, p.bytes, p.len);
    }
    assert_int_equal(two_stats(&two.end[1]).half_open, 10);
    assert_int_equal(two_stats(&two.end[1]).ike_sas, 10);
    assert_int_equal(two_stats(&two.end[1]).drops[IKE_DROP_FULL], 40);
    two_shards_advance(&two, 29 * NS_PER_S);
    assert_int_equal(two_stats(&two.end[1]).half_open, 10);
    two_shards_advance(&two, 2 * NS_PER_S);
    assert_int_equal(two_stats(&two.end[1]).half_open, 0);
    assert_int_equal(two_stats(&two.end[1]).ike_sas, 0);
    assert_int_equal(two_shards_up(&two, 0), 0);
}

/* The crypto port takes its time: what waits for it counts from the first byte. */
static void ike_sas_whose_key_exchange_is_under_way_count_as_half_open(void **state)
{
    const struct ike_settings settings = { .half_open_max = 10 };
    struct two_packet p;

    (void)state;
    up();
    p = tape.request[0];
    two_shards_fini(&two);
    two_shards_init_with(&two, 8, &settings);
    two_shards_put_both(&two, NULL, NULL);
    two.delay = true;
    for (uint8_t i = 0; i < 50; i++) {
        p.bytes[7] = i;
        two_inject(&two, 1, p.bytes, p.len);
    }
    assert_int_equal(two_stats(&two.end[1]).ike_sas, 10);
    assert_int_equal(two_stats(&two.end[1]).half_open, 10);
    assert_int_equal(two_stats(&two.end[1]).drops[IKE_DROP_FULL], 40);
    two_shards_run(&two);
    assert_int_equal(two_stats(&two.end[1]).half_open, 10);
    two_shards_advance(&two, 31 * NS_PER_S);
    assert_int_equal(two_stats(&two.end[1]).half_open, 0);
    assert_int_equal(two_stats(&two.end[1]).ike_sas, 0);
}

static void who_fails_to_authenticate_goes_on_counting_as_half_open(void **state)
{
    const struct ike_settings settings = { .half_open_max = 2 };

    (void)state;
    two_shards_fini(&two);
    two_shards_init_with(&two, 6, &settings);
    two_shards_put_both(&two, NULL, NULL);
    two.end[0].psk = "wrong";
    for (int i = 0; i < 2; i++)
        assert_int_equal(two_shards_up(&two, 0), ERR_AUTH);
    assert_int_equal(two_stats(&two.end[1]).half_open, 2);
    two.end[0].psk = two.end[1].psk;
    two_shards_up(&two, 0); /* gets through when the two are forgotten */
    assert_true(two_stats(&two.end[1]).drops[IKE_DROP_FULL] > 0);
    assert_int_equal(two_stats(&two.end[1]).half_open, 0);
    assert_int_equal(two_live(&two.end[1]), 1);
}

static void ike_sas_and_children_are_bounded(void **state)
{
    const struct ike_settings settings = { .ike_sa_max = 1, .child_max = 1 };
    struct two_outcome o;

    (void)state;
    two_shards_fini(&two);
    two_shards_init_with(&two, 7, &settings);
    two_shards_put_both(&two, NULL, NULL);
    assert_int_equal(two_shards_up(&two, 0), 0);
    two_rekey(&two, 0, true, &o); /* needs a second one for a moment */
    two_shards_run(&two);
    assert_int_equal(o.code, ERR_FULL);
    two_rekey(&two, 0, false, &o);
    two_shards_run(&two);
    assert_int_equal(o.code, ERR_FULL);
    assert_int_equal(two_live(&two.end[0]), 1);
    assert_null(two_disagree(&two));
}

static bool make_error(void *user, struct two_packet *p)
{
    uint8_t bytes[IKE_HEADER_LEN + 8];
    uint16_t type = *(const uint16_t *)user;

    if (p->from != 0)
        return true;
    memcpy(bytes, p->bytes, IKE_HEADER_LEN);
    bytes[16] = IKE_PL_NOTIFY;
    bytes[19] = IKE_FLAG_RESPONSE;
    put_be32(bytes + 24, sizeof bytes);
    memcpy(bytes + 28, (uint8_t[]){ 0, 0, 0, 8, 0, 0 }, 6);
    put_be16(bytes + 34, type);
    two_inject(&two, 0, bytes, sizeof bytes);
    return true;
}

static void errors_that_are_not_protected_count_only_before_there_are_keys(void **state)
{
    static const uint16_t types[] = { IKE_N_INVALID_SYNTAX, IKE_N_NO_PROPOSAL_CHOSEN,
                                      IKE_N_INVALID_IKE_SPI, IKE_N_AUTHENTICATION_FAILED };
    struct two_outcome o;
    uint16_t type;

    (void)state;
    assert_int_equal(two_shards_up(&two, 0), 0);
    two.filter = make_error;
    two.filter_user = &type;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        type = types[i];
        two_rekey(&two, 0, i % 2, &o);
        two_shards_run(&two);
        assert_int_equal(o.code, 0);
    }
    assert_int_equal(two_ike_count(&two.end[0]), 1);
    assert_null(two_disagree(&two));
}

static void a_datagram_finds_its_shard(void **state)
{
    uint8_t bytes[IKE_HEADER_LEN] = { 0 };
    unsigned index;

    (void)state;
    assert_int_equal(ike_shard_of(span_of(bytes, 27), 4, &index), ERR_MALFORMED);
    bytes[0] = 3; /* SPIi is ours in what a responder sends */
    assert_int_equal(ike_shard_of(span_of(bytes, 28), 4, &index), 0);
    assert_int_equal(index, 3);
    bytes[19] = IKE_FLAG_INITIATOR;
    bytes[8] = 2;
    assert_int_equal(ike_shard_of(span_of(bytes, 28), 4, &index), 0);
    assert_int_equal(index, 2);
    bytes[8] = 0; /* the first message: any shard, but always the same */
    assert_int_equal(ike_shard_of(span_of(bytes, 28), 4, &index), 0);
    assert_in_range(index, 0, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
        T(damaged_messages_are_dropped_by_cause_and_change_nothing),
        T(every_flipped_bit_of_a_protected_message_is_noticed),
        T(replays_of_all_requests_change_nothing),
        T(an_unknown_version_is_answered_with_ours),
        T(an_answer_to_a_stranger_is_never_longer_than_what_he_sent),
        T(a_critical_payload_we_do_not_know_is_named_in_the_answer),
        T(half_open_ike_sas_are_bounded_and_time_out),
        T(ike_sas_whose_key_exchange_is_under_way_count_as_half_open),
        T(who_fails_to_authenticate_goes_on_counting_as_half_open),
        T(ike_sas_and_children_are_bounded),
        T(errors_that_are_not_protected_count_only_before_there_are_keys),
        T(a_datagram_finds_its_shard),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
