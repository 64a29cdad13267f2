/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine: whole packets through the engine, and the engine's own life. */
#include "tests/unit/engine_kit.h"

/* Every length, both families, ESN on and off: out, then in, byte for byte. */
static void round_trip(const char *cipher, bool esn, bool v6)
{
    static struct kit_buf b, want;
    struct kit k;

    kit_open(&k, cipher, esn, 64);
    for (size_t len = v6 ? 48 : 28; len <= 1500; len++) {
        (v6 ? kit_udp6 : kit_udp4)(&b, len, (uint32_t)len);
        want = b;
        assert_int_equal(kit_out(&k, &b), ENGINE_SEND);
        assert_int_equal(b.pkt.len, 16 + (len + 2 + 3) / 4 * 4 + 16);
        assert_int_equal(b.pkt.sa, k.out);
        assert_true(b.pkt.udp_encap);
        assert_int_equal(b.pkt.remote.port, 4500);
        assert_int_equal(b.pkt.headroom + b.pkt.len + b.pkt.tailroom, sizeof b.mem);
        assert_int_equal(kit_in(&k, &b), ENGINE_DELIVER);
        assert_int_equal(b.pkt.len, len);
        assert_int_equal(b.pkt.headroom + b.pkt.len + b.pkt.tailroom, sizeof b.mem);
        assert_memory_equal(b.pkt.data, want.mem + ENGINE_HEADROOM, len);
    }
    assert_int_equal(kit_counters(&k, k.in).packets, kit_counters(&k, k.out).packets);
    assert_int_equal(kit_counters(&k, k.in).seq, kit_counters(&k, k.out).seq);
    kit_fini(&k);
}

static void every_length_comes_back_as_it_went(void **state)
{
    (void)state;
    for (size_t i = 0; gcm_engines[i]; i++) {
        if (!gcm_engines[i]->usable())
            continue;
        for (unsigned v = 0; v < 4; v++)
            round_trip(gcm_engines[i]->name, v & 1, v & 2);
    }
}

struct policy_case {
    const char *name;
    const char *local, *remote; /* of the packet's rule; NULL: no rule */
    enum nic_action action;
    bool sa;
    uint32_t edit; /* byte << 8 | value in the packet */
    uint8_t verdict, drop;
    bool device;
};

static const struct policy_case policies[] = {
    { "a protect rule", "10.1.0.0/16", "10.2.0.0/16", NIC_ACTION_PROTECT, true, 0, ENGINE_SEND, 0,
      false },
    { "a bypass rule", "10.1.0.0/16", "10.2.0.0/16", NIC_ACTION_BYPASS, false, 0, ENGINE_BYPASS, 0,
      false },
    { "a discard rule", "10.1.0.0/16", "10.2.0.0/16", NIC_ACTION_DISCARD, false, 0, ENGINE_DROP,
      NIC_DROP_SELECTOR, true },
    { "no rule at all", NULL, NULL, NIC_ACTION_PROTECT, false, 0, ENGINE_DROP, NIC_DROP_SELECTOR,
      true },
    { "a rule for others", "10.1.0.0/16", "10.3.0.0/16", NIC_ACTION_PROTECT, true, 0, ENGINE_DROP,
      NIC_DROP_SELECTOR, true },
    { "no SA yet", "10.1.0.0/16", "10.2.0.0/16", NIC_ACTION_PROTECT, false, 0, ENGINE_DROP,
      NIC_DROP_NO_SA, true },
    { "a rule wider than its SA", "0.0.0.0/0", "0.0.0.0/0", NIC_ACTION_PROTECT, true, 17u << 8 | 9,
      ENGINE_DROP, NIC_DROP_SELECTOR, false },
    { "a broken header", "0.0.0.0/0", "0.0.0.0/0", NIC_ACTION_PROTECT, true, 0u << 8 | 0x41,
      ENGINE_DROP, NIC_DROP_MALFORMED, true },
};

static void one_policy(const struct policy_case *c)
{
    static struct kit_buf b, before;
    struct nic_sa_attr attr = kit_attr(NIC_DIR_OUT, NIC_ALG_AES_GCM_128_ICV16);
    struct nic_device_counters device;
    struct kit k;

    kit_init(&k, NULL);
    assert_int_equal(engine_sa_add(k.e, &attr, "test", 1, k.now, &k.out, NULL), 0);
    if (c->local) {
        struct nic_rule_attr rule = kit_rule(c->local, c->remote, c->sa ? k.out : 0);

        rule.action = c->action;
        assert_int_equal(engine_rule_add(k.e, &rule, "test", 1, &k.rule, NULL), 0);
    }
    kit_udp4(&b, 100, 1);
    if (c->edit)
        b.pkt.data[c->edit >> 8] = (uint8_t)c->edit;
    before = b;
    if (kit_out(&k, &b) != c->verdict || (c->verdict == ENGINE_DROP && b.pkt.drop != c->drop))
        fail_msg("%s: verdict %u, drop %u", c->name, b.pkt.verdict, b.pkt.drop);
    if (c->verdict != ENGINE_SEND)
        assert_memory_equal(b.mem, before.mem, sizeof b.mem);
    engine_device_counters(k.e, &device);
    assert_int_equal(device.tx_packets, 1);
    if (c->verdict == ENGINE_DROP) {
        assert_int_equal(device.drops[c->drop], c->device);
        assert_int_equal(kit_counters(&k, k.out).drops[c->drop], !c->device);
    }
    assert_int_equal(kit_count(&k, NIC_EVENT_ACQUIRE), c->drop == NIC_DROP_NO_SA);
    kit_fini(&k);
}

static void the_first_rule_decides(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++)
        one_policy(&policies[i]);
}

static uint64_t send_one(struct kit *k)
{
    static struct kit_buf b;

    kit_udp4(&b, 100, 1);
    return kit_out(k, &b) == ENGINE_SEND ? b.pkt.sa : 0;
}

/* What a worker remembers of a flow must not outlive the rule. */
static void changes_of_rules_hold_from_the_next_burst_on(void **state)
{
    struct nic_sa_attr attr = kit_attr(NIC_DIR_OUT, NIC_ALG_AES_GCM_128_ICV16);
    struct nic_rule_attr rule = kit_rule("10.1.0.0/16", "10.2.0.0/16", 0);
    uint64_t second, id;
    struct kit k;

    (void)state;
    kit_open(&k, NULL, false, 64);
    assert_int_equal(send_one(&k), k.out);
    assert_int_equal(engine_sa_add(k.e, &attr, "test", 1, k.now, &second, NULL), 0);
    assert_int_equal(engine_rule_move(k.e, k.rule, second, NULL), 0);
    assert_int_equal(send_one(&k), second);
    rule.action = NIC_ACTION_DISCARD;
    rule.priority = 1;
    assert_int_equal(engine_rule_add(k.e, &rule, "test", 1, &id, NULL), 0);
    assert_int_equal(send_one(&k), 0);
    assert_int_equal(engine_rule_del(k.e, id, NULL), 0);
    assert_int_equal(send_one(&k), second);
    assert_int_equal(engine_sa_del(k.e, second, NULL), 0);
    assert_int_equal(send_one(&k), 0);
    assert_int_equal(kit_count(&k, NIC_EVENT_ACQUIRE), 1);
    assert_int_equal(engine_rule_del(k.e, k.rule, NULL), 0);
    k.now += 10 * NS_PER_S;
    assert_int_equal(send_one(&k), 0);
    assert_int_equal(kit_count(&k, NIC_EVENT_ACQUIRE), 1);
    kit_fini(&k);
}

static void traffic_without_an_sa_asks_for_one_now_and_then(void **state)
{
    static struct kit_buf b;
    struct nic_rule_attr rule = kit_rule("10.1.0.0/16", "10.2.0.0/16", 0);
    const struct nic_event *event;
    struct kit k;

    (void)state;
    kit_init(&k, NULL);
    assert_int_equal(engine_rule_add(k.e, &rule, "test", 1, &k.rule, NULL), 0);
    for (unsigned i = 0; i < 1000; i++) {
        kit_udp4(&b, 100, i);
        kit_out(&k, &b);
    }
    assert_int_equal(k.n_events, 1);
    event = &k.events[0];
    assert_int_equal(event->kind, NIC_EVENT_ACQUIRE);
    assert_int_equal(event->id, k.rule);
    assert_int_equal(event->tunnel, 7);
    assert_int_equal(event->sel.proto, 17);
    assert_int_equal(event->sel.local_port_lo, 1000);
    assert_int_equal(event->sel.remote_port_hi, 2000);
    assert_int_equal(get_be32(event->sel.remote.lo.b), 0x0a020001);
    k.now += NS_PER_S;
    kit_udp4(&b, 100, 1);
    kit_out(&k, &b);
    assert_int_equal(k.n_events, 2);
    kit_fini(&k);
}

static void buffers_without_room_and_giants_are_refused(void **state)
{
    static struct kit_buf b;
    static uint8_t giant[ENGINE_HEADROOM + 65535 + ENGINE_TAILROOM];
    struct engine_pkt pkt = { .headroom = ENGINE_HEADROOM, .tailroom = ENGINE_TAILROOM };
    struct kit k;

    (void)state;
    kit_open(&k, NULL, false, 64);
    kit_udp4(&b, 100, 1);
    b.pkt.headroom = ENGINE_HEADROOM - 1;
    assert_int_equal(kit_out(&k, &b), ENGINE_DROP);
    assert_int_equal(b.pkt.drop, NIC_DROP_DEVICE);
    kit_udp4(&b, 100, 1);
    b.pkt.tailroom = ENGINE_TAILROOM - 1;
    assert_int_equal(kit_out(&k, &b), ENGINE_DROP);
    assert_int_equal(b.pkt.drop, NIC_DROP_DEVICE);
    kit_udp4(&b, 100, 1);
    memcpy(giant + ENGINE_HEADROOM, b.pkt.data, 100);
    for (uint32_t len = 65400; len <= 65535; len++) {
        pkt.data = giant + ENGINE_HEADROOM;
        pkt.len = len;
        pkt.headroom = ENGINE_HEADROOM;
        pkt.tailroom = ENGINE_TAILROOM;
        memcpy(pkt.data, b.pkt.data, 20);
        put_be16(pkt.data + 2, (uint16_t)len);
        engine_out(k.w, &pkt, 1, k.now);
        assert_int_equal(pkt.verdict, len <= 65470 ? ENGINE_SEND : ENGINE_DROP);
        if (pkt.verdict == ENGINE_SEND)
            assert_true(pkt.len <= 65507); /* a UDP payload over IPv4 */
        else
            assert_int_equal(pkt.drop, NIC_DROP_MTU);
    }
    kit_fini(&k);
}

static void the_outer_tos_is_the_inner_one(void **state)
{
    static struct kit_buf b;
    struct kit k;

    (void)state;
    kit_open(&k, NULL, false, 64);
    for (unsigned tos = 0; tos < 256; tos++) {
        kit_udp4(&b, 100, 1);
        b.pkt.data[1] = (uint8_t)tos;
        assert_int_equal(kit_out(&k, &b), ENGINE_SEND);
        assert_int_equal(b.pkt.tos, tos);
        kit_udp6(&b, 100, 1);
        put_be16(b.pkt.data, (uint16_t)(0x6000 | tos << 4));
        assert_int_equal(kit_out(&k, &b), ENGINE_SEND);
        assert_int_equal(b.pkt.tos, tos);
    }
    kit_fini(&k);
}

static void a_burst_may_mix_tunnels_and_verdicts(void **state)
{
    static struct kit_buf bufs[ENGINE_BURST_MAX];
    struct nic_sa_attr attr = kit_attr(NIC_DIR_OUT, NIC_ALG_AES_GCM_128_ICV16);
    struct nic_rule_attr rule = kit_rule("10.1.0.0/16", "10.2.9.0/24", 0);
    struct engine_pkt pkts[ENGINE_BURST_MAX];
    uint64_t second, id;
    struct kit k;

    (void)state;
    kit_open(&k, NULL, false, 64);
    attr.spi++;
    assert_int_equal(engine_sa_add(k.e, &attr, "test", 1, k.now, &second, NULL), 0);
    rule.sa = second;
    rule.priority = 1;
    assert_int_equal(engine_rule_add(k.e, &rule, "test", 1, &id, NULL), 0);
    for (unsigned i = 0; i < ENGINE_BURST_MAX; i++) {
        kit_udp4(&bufs[i], 60 + i, i);
        if (i % 3 == 1)
            bufs[i].pkt.data[18] = 9;
        if (i % 7 == 6)
            bufs[i].pkt.data[0] = 0;
        pkts[i] = bufs[i].pkt;
    }
    engine_out(k.w, pkts, ENGINE_BURST_MAX, k.now);
    for (unsigned i = 0; i < ENGINE_BURST_MAX; i++) {
        assert_int_equal(pkts[i].verdict, i % 7 == 6 ? ENGINE_DROP : ENGINE_SEND);
        assert_int_equal(pkts[i].sa, i % 7 == 6 ? 0 : i % 3 == 1 ? second : k.out);
    }
    engine_in(k.w, pkts, 0, k.now);
    for (unsigned i = 0; i < ENGINE_BURST_MAX; i++)
        if (pkts[i].sa == k.out) {
            engine_in(k.w, &pkts[i], 1, k.now);
            assert_int_equal(pkts[i].verdict, ENGINE_DELIVER);
            assert_int_equal(pkts[i].len, 60 + i);
        }
    kit_fini(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_comes_back_as_it_went),
        cmocka_unit_test(the_first_rule_decides),
        cmocka_unit_test(changes_of_rules_hold_from_the_next_burst_on),
        cmocka_unit_test(traffic_without_an_sa_asks_for_one_now_and_then),
        cmocka_unit_test(buffers_without_room_and_giants_are_refused),
        cmocka_unit_test(the_outer_tos_is_the_inner_one),
        cmocka_unit_test(a_burst_may_mix_tunnels_and_verdicts),
    };
    return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
