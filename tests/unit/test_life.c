/* SPDX-License-Identifier: Apache-2.0 */
/* test_life: limits to the exact packet, byte and nanosecond, both ways. */
#include "tests/unit/engine_kit.h"

#define BURST 8

static struct kit_buf bufs[BURST];

/* Sends `n` packets of `len` inner bytes as one burst; how many went out. */
static unsigned send_burst(struct kit *k, unsigned n, size_t len)
{
    struct engine_pkt pkts[BURST];
    unsigned sent = 0;

    for (unsigned i = 0; i < n; i++) {
        kit_udp4(&bufs[i], len, i);
        pkts[i] = bufs[i].pkt;
    }
    engine_out(k->w, pkts, n, k->now);
    for (unsigned i = 0; i < n; i++) {
        bufs[i].pkt = pkts[i];
        sent += pkts[i].verdict == ENGINE_SEND;
        if (pkts[i].verdict == ENGINE_DROP)
            assert_int_equal(pkts[i].drop, NIC_DROP_LIFETIME);
    }
    return sent;
}

static unsigned receive_burst(struct kit *k, unsigned n, size_t len, uint64_t seq)
{
    static struct kit_buf inner;
    struct engine_pkt pkts[BURST];
    unsigned got = 0;

    kit_udp4(&inner, len, 1);
    for (unsigned i = 0; i < n; i++) {
        kit_forge_inner(k, &bufs[i], seq + i, inner.pkt.data, len, ESP_NEXT_IPV4);
        pkts[i] = bufs[i].pkt;
    }
    engine_in(k->w, pkts, n, k->now);
    for (unsigned i = 0; i < n; i++) {
        got += pkts[i].verdict == ENGINE_DELIVER;
        if (pkts[i].verdict == ENGINE_DROP)
            assert_int_equal(pkts[i].drop, NIC_DROP_LIFETIME);
    }
    return got;
}

static void open_with(struct kit *k, const struct nic_lifetime *life, bool esn)
{
    struct nic_sa_attr out = kit_attr(NIC_DIR_OUT, NIC_ALG_AES_GCM_128_ICV16);
    struct nic_sa_attr in = kit_attr(NIC_DIR_IN, NIC_ALG_AES_GCM_128_ICV16);

    kit_init(k, NULL);
    out.life = in.life = *life;
    out.esn = in.esn = esn;
    kit_pair(k, &out, &in);
}

static void expect_event(const struct kit *k, size_t i, enum nic_event_kind kind, uint64_t id,
                         const char *cause)
{
    assert_true(i < k->n_events);
    assert_int_equal(k->events[i].kind, kind);
    assert_int_equal(k->events[i].id, id);
    assert_int_equal(k->events[i].tunnel, 7);
    assert_string_equal(k->events[i].cause, cause);
}

static enum nic_sa_state state_of(struct kit *k, uint64_t id)
{
    struct nic_sa_info info;

    assert_int_equal(engine_sa_get(k->e, id, k->now, &info, NULL), 0);
    return info.state;
}

static void packets_out_stop_at_the_limit(void **state)
{
    struct nic_lifetime life = { .soft_packets = 3, .hard_packets = 5 };
    struct kit k;

    (void)state;
    open_with(&k, &life, false);
    assert_int_equal(send_burst(&k, 2, 100), 2);
    assert_int_equal(k.n_events, 0);
    assert_int_equal(send_burst(&k, 1, 100), 1);
    expect_event(&k, 0, NIC_EVENT_SOFT_LIFETIME, k.out, "packets");
    assert_int_equal(send_burst(&k, 8, 100), 2);
    expect_event(&k, 1, NIC_EVENT_HARD_LIFETIME, k.out, "packets");
    assert_int_equal(send_burst(&k, 8, 100), 0);
    assert_int_equal(k.n_events, 2);
    assert_int_equal(state_of(&k, k.out), NIC_SA_DEAD);
    assert_int_equal(kit_counters(&k, k.out).packets, 5);
    assert_int_equal(kit_counters(&k, k.out).drops[NIC_DROP_LIFETIME], 14);
    kit_fini(&k);
}

static void packets_in_stop_at_the_limit(void **state)
{
    struct nic_lifetime life = { .soft_packets = 3, .hard_packets = 5 };
    struct kit k;

    (void)state;
    open_with(&k, &life, false);
    assert_int_equal(receive_burst(&k, 2, 100, 1), 2);
    expect_event(&k, 0, NIC_EVENT_FIRST_PACKET, k.in, "");
    assert_int_equal(receive_burst(&k, 1, 100, 3), 1);
    expect_event(&k, 1, NIC_EVENT_SOFT_LIFETIME, k.in, "packets");
    assert_int_equal(receive_burst(&k, 8, 100, 4), 2);
    expect_event(&k, 2, NIC_EVENT_HARD_LIFETIME, k.in, "packets");
    assert_int_equal(receive_burst(&k, 8, 100, 20), 0);
    assert_int_equal(k.n_events, 3);
    assert_int_equal(kit_counters(&k, k.in).packets, 5);
    kit_fini(&k);
}

static void bytes_stop_at_the_limit(bool in, uint64_t hard, unsigned want)
{
    struct nic_lifetime life = { .soft_bytes = 200, .hard_bytes = hard };
    size_t skip = in; /* the first-packet event */
    struct kit k;
    uint64_t id;

    open_with(&k, &life, false);
    id = in ? k.in : k.out;
    assert_int_equal(in ? receive_burst(&k, 1, 100, 1) : send_burst(&k, 1, 100), 1);
    assert_int_equal(k.n_events, skip);
    assert_int_equal(in ? receive_burst(&k, 8, 100, 2) : send_burst(&k, 8, 100), want - 1);
    expect_event(&k, skip, NIC_EVENT_SOFT_LIFETIME, id, "bytes");
    expect_event(&k, skip + 1, NIC_EVENT_HARD_LIFETIME, id, "bytes");
    assert_int_equal(k.n_events, skip + 2);
    assert_int_equal(in ? receive_burst(&k, 1, 28, 50) : send_burst(&k, 1, 28), 0);
    assert_int_equal(kit_counters(&k, id).bytes, want * 100);
    kit_fini(&k);
}

static void bytes_stop_at_the_limit_both_ways(void **state)
{
    (void)state;
    for (unsigned in = 0; in < 2; in++) {
        bytes_stop_at_the_limit(in, 300, 3);
        bytes_stop_at_the_limit(in, 399, 3);
        bytes_stop_at_the_limit(in, 400, 4);
        bytes_stop_at_the_limit(in, 401, 4);
    }
}

static void the_last_byte_ends_an_sa_at_once(void **state)
{
    struct nic_lifetime life = { .hard_bytes = 300 };
    struct kit k;

    (void)state;
    open_with(&k, &life, false);
    assert_int_equal(send_burst(&k, 3, 100), 3);
    assert_int_equal(state_of(&k, k.out), NIC_SA_DEAD);
    expect_event(&k, 0, NIC_EVENT_HARD_LIFETIME, k.out, "bytes");
    assert_int_equal(receive_burst(&k, 3, 100, 1), 3);
    assert_int_equal(state_of(&k, k.in), NIC_SA_DEAD);
    expect_event(&k, 2, NIC_EVENT_HARD_LIFETIME, k.in, "bytes");
    kit_fini(&k);
}

static void time_stops_at_the_nanosecond(void **state)
{
    struct nic_lifetime life = { .soft_time = 5 * NS_PER_S, .hard_time = 10 * NS_PER_S };
    struct kit k;
    ns_time born;

    (void)state;
    open_with(&k, &life, false);
    born = k.now;
    engine_tick(k.e, born + 5 * NS_PER_S - 1);
    assert_int_equal(k.n_events, 0);
    engine_tick(k.e, born + 5 * NS_PER_S);
    engine_tick(k.e, born + 6 * NS_PER_S);
    assert_int_equal(k.n_events, 2);
    expect_event(&k, 0, NIC_EVENT_SOFT_LIFETIME, k.in, "time");
    expect_event(&k, 1, NIC_EVENT_SOFT_LIFETIME, k.out, "time");
    k.now = born + 10 * NS_PER_S - 1;
    assert_int_equal(send_burst(&k, 1, 100), 1);
    assert_int_equal(receive_burst(&k, 1, 100, 1), 1);
    k.now++;
    assert_int_equal(send_burst(&k, 1, 100), 0);
    expect_event(&k, 3, NIC_EVENT_HARD_LIFETIME, k.out, "time");
    engine_tick(k.e, k.now); /* inbound without traffic */
    expect_event(&k, 4, NIC_EVENT_HARD_LIFETIME, k.in, "time");
    assert_int_equal(receive_burst(&k, 1, 100, 2), 0);
    engine_tick(k.e, k.now + NS_PER_S);
    assert_int_equal(k.n_events, 5);
    kit_fini(&k);
}

static void the_sequence_number_never_wraps(void **state)
{
    static const struct nic_lifetime none = { 0 };

    (void)state;
    for (unsigned esn = 0; esn < 2; esn++) {
        uint64_t last = esn ? UINT64_MAX : UINT32_MAX;
        struct kit k;

        open_with(&k, &none, esn);
        atomic_store(&engine_sa_find(k.e, k.out)->seq, last - 3);
        assert_int_equal(send_burst(&k, 2, 100), 2);
        expect_event(&k, 0, NIC_EVENT_SEQ_HIGH_WATER, k.out, "");
        assert_int_equal(state_of(&k, k.out), NIC_SA_ACTIVE);
        assert_int_equal(send_burst(&k, 8, 100), 1);
        assert_true(get_be64(bufs[0].pkt.data + 8) == last);
        assert_int_equal(get_be32(bufs[0].pkt.data + 4), UINT32_MAX);
        expect_event(&k, 1, NIC_EVENT_HARD_LIFETIME, k.out, "sequence");
        assert_int_equal(send_burst(&k, 8, 100), 0);
        assert_true(kit_counters(&k, k.out).seq == last);
        assert_int_equal(kit_counters(&k, k.out).drops[NIC_DROP_LIFETIME], 15);
        assert_int_equal(k.n_events, 2);
        kit_fini(&k);
    }
}

static void high_water_is_said_once_where_it_was_set(void **state)
{
    struct nic_sa_attr out = kit_attr(NIC_DIR_OUT, NIC_ALG_AES_GCM_128_ICV16);
    struct nic_sa_attr in = kit_attr(NIC_DIR_IN, NIC_ALG_AES_GCM_128_ICV16);
    struct kit k;

    (void)state;
    out.seq_high_water = 4;
    kit_init(&k, NULL);
    kit_pair(&k, &out, &in);
    assert_int_equal(send_burst(&k, 3, 100), 3);
    assert_int_equal(k.n_events, 0);
    assert_int_equal(send_burst(&k, 1, 100), 1);
    expect_event(&k, 0, NIC_EVENT_SEQ_HIGH_WATER, k.out, "");
    assert_int_equal(send_burst(&k, 8, 100), 8);
    assert_int_equal(k.n_events, 1);
    kit_fini(&k);
}

static void numbers_cross_two_to_the_32_with_esn(void **state)
{
    static const struct nic_lifetime none = { 0 };
    struct engine_pkt pkt;
    struct kit k;

    (void)state;
    open_with(&k, &none, true);
    atomic_store(&engine_sa_find(k.e, k.out)->seq, UINT32_MAX - 4);
    atomic_store(&engine_sa_find(k.e, k.in)->replay.top, UINT32_MAX - 4);
    assert_int_equal(send_burst(&k, 8, 100), 8);
    for (unsigned i = 8; i-- > 0;) { /* and backwards, each is in the window */
        pkt = bufs[i].pkt;
        engine_in(k.w, &pkt, 1, k.now);
        assert_int_equal(pkt.verdict, ENGINE_DELIVER);
    }
    assert_true(kit_counters(&k, k.in).seq == (uint64_t)UINT32_MAX + 4);
    kit_fini(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_out_stop_at_the_limit),
        cmocka_unit_test(packets_in_stop_at_the_limit),
        cmocka_unit_test(bytes_stop_at_the_limit_both_ways),
        cmocka_unit_test(the_last_byte_ends_an_sa_at_once),
        cmocka_unit_test(time_stops_at_the_nanosecond),
        cmocka_unit_test(the_sequence_number_never_wraps),
        cmocka_unit_test(high_water_is_said_once_where_it_was_set),
        cmocka_unit_test(numbers_cross_two_to_the_32_with_esn),
    };
    return cmocka_run_group_tests_name("life", tests, NULL, NULL);
}
