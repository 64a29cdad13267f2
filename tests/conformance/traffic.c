/* SPDX-License-Identifier: Apache-2.0 */
/* traffic: what becomes of packets, and which counter says so. */
#include <string.h>

#include "tests/conformance/conformance.h"
#include "tests/lib/sdk_opts.h"
#include "utils/base/bytes.h"
#include "utils/base/clock.h"

enum cause { INTEGRITY, REPLAY, MALFORMED, LIFETIME, SELECTOR, NO_SA, MTU, DEVICE };

static uint64_t device_drops(struct ioff_device *device, enum cause cause)
{
    struct ioff_device_counters counters = { .size = sizeof counters };

    assert_int_equal(ioff_device_counters(device, &counters, NULL), 0);
    return counters.drops[cause];
}

static void expect_drop(const struct conf_packet *packet, enum cause cause)
{
    assert_int_equal(packet->p.verdict, IOFF_DROPPED);
    assert_string_equal(ioff_drop_name(packet->p.drop), ioff_drop_name(cause));
}

/* Encrypts at end 1; the packet then stands before end 2. */
static void send_one(struct conf *c, struct conf_packet *packet, uint16_t port, size_t len)
{
    conf_udp(packet, port, 53, len);
    assert_int_equal(conf_out(c->device, packet), IOFF_SEND);
    conf_arrive(packet);
}

static void a_packet_goes_through_unchanged(struct conf *c)
{
    static const size_t lens[] = { 28, 29, 30, 31, 32, 100, 576, 1400 };
    struct conf_packet packet, plain;
    struct conf_pair pair;
    uint64_t bytes = 0;

    conf_pair(c, &pair, NULL, NULL);
    for (size_t i = 0; i < 8; i++) {
        conf_udp(&plain, 1000, 53, lens[i]);
        conf_udp(&packet, 1000, 53, lens[i]);
        assert_int_equal(conf_out(c->device, &packet), IOFF_SEND);
        assert_int_equal(get_be32(packet.p.data), 0x10001);
        assert_int_equal(get_be32(packet.p.data + 4), i + 1);
        assert_int_equal(get_be64(packet.p.data + 8), i + 1); /* IV = number */
        assert_int_equal(packet.p.sa_id, ioff_sa_id(pair.out));
        assert_int_equal(packet.p.remote.port, 4500);
        assert_true(packet.p.len >= lens[i] + 34 && packet.p.len <= lens[i] + 37);
        assert_null(memmem(packet.buf, sizeof packet.buf, plain.p.data, 28)); /* not in clear */
        conf_arrive(&packet);
        assert_int_equal(conf_in(pair.far, &packet), IOFF_DELIVER);
        assert_int_equal(packet.p.len, lens[i]);
        assert_memory_equal(packet.p.data, plain.p.data, lens[i]);
        bytes += lens[i];
    }
    assert_int_equal(conf_info(pair.out).packets, 8);
    assert_int_equal(conf_info(pair.out).bytes, bytes);
    assert_int_equal(conf_info(pair.out).seq, 8);
    assert_int_equal(conf_info(pair.in).packets, 8);
    assert_int_equal(conf_info(pair.in).bytes, bytes);
    assert_int_equal(conf_info(pair.in).seq, 8);
    assert_true(conf_info(pair.in).last_used_ns > 0);
    conf_pair_end(&pair);
}

static void a_full_burst_goes_through_in_order(struct conf *c)
{
    static struct conf_packet packets[IOFF_BURST_MAX];
    static struct ioff_packet burst[IOFF_BURST_MAX];
    struct conf_pair pair;

    conf_pair(c, &pair, NULL, NULL);
    for (uint16_t i = 0; i < IOFF_BURST_MAX; i++) {
        conf_udp(&packets[i], i, 53, 100);
        burst[i] = packets[i].p;
    }
    assert_int_equal(ioff_burst_out(c->device, burst, IOFF_BURST_MAX, clock_now()), 0);
    for (uint32_t i = 0; i < IOFF_BURST_MAX; i++) {
        assert_int_equal(burst[i].verdict, IOFF_SEND);
        assert_int_equal(get_be32(burst[i].data + 4), i + 1);
        burst[i].verdict = IOFF_PENDING;
    }
    assert_int_equal(ioff_burst_in(pair.far, burst, IOFF_BURST_MAX, clock_now()), 0);
    for (uint32_t i = 0; i < IOFF_BURST_MAX; i++) {
        assert_int_equal(burst[i].verdict, IOFF_DELIVER);
        assert_int_equal(get_be16(burst[i].data + 20), i);
    }
    assert_int_equal(ioff_burst_out(c->device, burst, IOFF_BURST_MAX + 1, 0), IOFF_E_INVALID);
    conf_pair_end(&pair);
}

static void rules_are_asked_in_order(struct conf *c)
{
    struct ioff_rule_opts narrow = opts_rule(IOFF_ACTION_BYPASS, 10, 1);
    struct conf_packet packet;
    struct ioff_rule *discard;

    narrow.selector.proto = 17;
    narrow.selector.remote_port_lo = narrow.selector.remote_port_hi = 53;
    conf_udp(&packet, 1, 53, 60);
    assert_int_equal(conf_out(c->device, &packet), IOFF_DROPPED); /* no rule at all */
    discard = conf_rule(c, IOFF_ACTION_DISCARD, 20, NULL);
    conf_rule_opts(c, &narrow, NULL);
    conf_udp(&packet, 1, 53, 60);
    assert_int_equal(conf_out(c->device, &packet), IOFF_BYPASS);
    assert_int_equal(packet.p.len, 60);
    conf_udp(&packet, 1, 54, 60);
    assert_int_equal(conf_out(c->device, &packet), IOFF_DROPPED);
    /* of the same priority, the older one decides */
    narrow.action = IOFF_ACTION_DISCARD;
    conf_rule_opts(c, &narrow, NULL);
    conf_udp(&packet, 1, 53, 60);
    assert_int_equal(conf_out(c->device, &packet), IOFF_BYPASS);
    /* a better priority beats an older rule */
    narrow.priority = 9;
    conf_rule_opts(c, &narrow, NULL);
    conf_udp(&packet, 1, 53, 60);
    assert_int_equal(conf_out(c->device, &packet), IOFF_DROPPED);
    conf_delete_rule(c, discard);
}

static void a_move_loses_no_packet(struct conf *c)
{
    struct ioff_sa *sas[2] = { conf_add(c, IOFF_DIR_OUT, 0x10001),
                               conf_add(c, IOFF_DIR_OUT, 0x10002) };
    struct ioff_rule *rule = conf_rule(c, IOFF_ACTION_PROTECT, 1, sas[0]);
    struct conf_packet packet;

    for (unsigned i = 0; i < 100; i++) {
        conf_udp(&packet, (uint16_t)i, 53, 60);
        assert_int_equal(conf_out(c->device, &packet), IOFF_SEND);
        assert_int_equal(packet.p.sa_id, ioff_sa_id(sas[i % 2]));
        assert_int_equal(get_be32(packet.p.data + 4), i / 2 + 1); /* numbers go on */
        conf_move(c, rule, sas[(i + 1) % 2]);
    }
    conf_delete(c, sas[0]); /* the rule points there: traffic stops at once */
    conf_udp(&packet, 1, 53, 60);
    conf_out(c->device, &packet);
    expect_drop(&packet, NO_SA);
}

static void a_replayed_packet_is_dropped(struct conf *c)
{
    struct conf_packet first, again, packet;
    struct conf_pair pair;

    conf_pair(c, &pair, NULL, NULL);
    send_one(c, &first, 1, 60);
    again = first;
    again.p.data = again.buf + (first.p.data - first.buf);
    packet = again;
    packet.p.data = packet.buf + (first.p.data - first.buf);
    assert_int_equal(conf_in(pair.far, &first), IOFF_DELIVER);
    conf_in(pair.far, &again);
    expect_drop(&again, REPLAY);
    for (int i = 0; i < 100; i++) { /* past the window of 64 */
        struct conf_packet more;

        send_one(c, &more, 2, 60);
        assert_int_equal(conf_in(pair.far, &more), IOFF_DELIVER);
    }
    conf_in(pair.far, &packet);
    expect_drop(&packet, REPLAY);
    assert_int_equal(conf_info(pair.in).drops[REPLAY], 2);
    assert_int_equal(conf_info(pair.in).packets, 101);
    conf_pair_end(&pair);
}

static void packets_out_of_order_are_taken_once_each(struct conf *c)
{
    static struct conf_packet packets[32];
    struct conf_pair pair;

    conf_pair(c, &pair, NULL, NULL);
    for (uint16_t i = 0; i < 32; i++)
        send_one(c, &packets[i], i, 60);
    for (int i = 31; i >= 0; i--)
        assert_int_equal(conf_in(pair.far, &packets[i]), IOFF_DELIVER);
    assert_int_equal(conf_info(pair.in).packets, 32);
    assert_int_equal(conf_info(pair.in).drops[REPLAY], 0);
    conf_pair_end(&pair);
}

static void every_changed_byte_is_noticed(struct conf *c)
{
    struct conf_packet good, bad;
    struct conf_pair pair;
    uint32_t len;

    conf_pair(c, &pair, NULL, NULL);
    send_one(c, &good, 1, 40);
    len = good.p.len;
    for (uint32_t at = 4; at < len; at++) { /* bytes 0..3 are the SPI */
        bad = good;
        bad.p.data = bad.buf + (good.p.data - good.buf);
        bad.p.data[at] ^= 0x40;
        assert_int_equal(conf_in(pair.far, &bad), IOFF_DROPPED);
    }
    assert_int_equal(conf_info(pair.in).packets, 0);
    assert_int_equal(conf_info(pair.in).drops[INTEGRITY] + conf_info(pair.in).drops[REPLAY],
                     len - 4);
    /* none of them moved the window */
    assert_int_equal(conf_in(pair.far, &good), IOFF_DELIVER);
    conf_pair_end(&pair);
}

static void every_shortened_packet_is_dropped(struct conf *c)
{
    struct conf_packet good, cut;
    struct conf_pair pair;

    conf_pair(c, &pair, NULL, NULL);
    send_one(c, &good, 1, 40);
    for (uint32_t len = 0; len < good.p.len; len++) {
        cut = good;
        cut.p.data = cut.buf + (good.p.data - good.buf);
        cut.p.len = len;
        assert_int_equal(conf_in(pair.far, &cut), IOFF_DROPPED);
    }
    assert_int_equal(device_drops(pair.far, MALFORMED), 8); /* shorter than SPI and number */
    assert_true(conf_info(pair.in).drops[MALFORMED] > 0);
    assert_int_equal(conf_in(pair.far, &good), IOFF_DELIVER);
    conf_pair_end(&pair);
}

static const char *needs_esn(const struct conf *c)
{
    return c->caps.esn ? conf_needs_bursts(c) : "the device has no extended sequence numbers";
}

static void esn_is_authenticated_on_both_sides(struct conf *c)
{
    struct ioff_sa_opts out = opts_sa(IOFF_DIR_OUT, 0x10001, 1);
    struct ioff_sa_opts in = opts_sa(IOFF_DIR_IN, 0x10001, 2);
    struct conf_packet packet;
    struct conf_pair pair;

    out.esn = in.esn = true;
    conf_pair(c, &pair, &out, &in);
    send_one(c, &packet, 1, 60);
    assert_int_equal(conf_in(pair.far, &packet), IOFF_DELIVER);
    assert_true(conf_info(pair.in).esn);
    /* the same key without ESN at the far end: other AAD, so no packet passes */
    conf_delete(&pair.far_conf, pair.in);
    in.esn = false;
    pair.in = conf_add_opts(&pair.far_conf, &in);
    send_one(c, &packet, 1, 60);
    conf_in(pair.far, &packet);
    expect_drop(&packet, INTEGRITY);
    conf_pair_end(&pair);
}

static void an_unknown_spi_is_counted_and_told(struct conf *c)
{
    struct conf_packet packet;
    struct conf_pair pair;

    conf_pair(c, &pair, NULL, NULL);
    send_one(c, &packet, 1, 60);
    put_be32(packet.p.data, 0x99999);
    conf_in(pair.far, &packet);
    expect_drop(&packet, NO_SA);
    assert_int_equal(device_drops(pair.far, NO_SA), 1);
    assert_int_equal(conf_count_events(&pair.far_conf, IOFF_EVENT_UNKNOWN_SPI), 1);
    assert_int_equal(pair.far_conf.events[0].spi, 0x99999);
    conf_pair_end(&pair);
}

static void a_deleted_sa_takes_nothing_more(struct conf *c)
{
    struct conf_packet packet;
    struct conf_pair pair;

    conf_pair(c, &pair, NULL, NULL);
    send_one(c, &packet, 1, 60);
    conf_delete(&pair.far_conf, pair.in);
    conf_in(pair.far, &packet);
    expect_drop(&packet, NO_SA);
    conf_pair_end(&pair);
}

static void inbound_packets_must_match_the_selectors(struct conf *c)
{
    struct ioff_sa_opts in = opts_sa(IOFF_DIR_IN, 0x10001, 2);
    struct ioff_selector narrow = in.selectors[0];
    struct conf_packet packet;
    struct conf_pair pair;

    narrow.proto = 17;
    narrow.local_port_lo = narrow.local_port_hi = 53;
    in.selectors = &narrow;
    conf_pair(c, &pair, NULL, &in);
    send_one(c, &packet, 1, 60);
    assert_int_equal(conf_in(pair.far, &packet), IOFF_DELIVER);
    conf_udp(&packet, 1, 54, 60);
    assert_int_equal(conf_out(c->device, &packet), IOFF_SEND);
    conf_arrive(&packet);
    conf_in(pair.far, &packet);
    expect_drop(&packet, SELECTOR);
    assert_int_equal(conf_info(pair.in).drops[SELECTOR], 1);
    assert_int_equal(conf_info(pair.in).packets, 1);
    conf_pair_end(&pair);
}

static void outbound_packets_must_match_the_selectors(struct conf *c)
{
    struct ioff_sa *sa = conf_add(c, IOFF_DIR_OUT, 0x10001);
    struct ioff_rule_opts wide = opts_rule(IOFF_ACTION_PROTECT, 1, 1);
    struct conf_packet packet;

    wide.selector.remote_hi = opts_addr(0x0a02ffff);
    conf_rule_opts(c, &wide, sa);
    conf_udp(&packet, 1, 53, 60);
    assert_int_equal(conf_out(c->device, &packet), IOFF_SEND);
    conf_udp(&packet, 1, 53, 60);
    conf_set_dst(&packet, 0x0a02ff01);
    conf_out(c->device, &packet);
    expect_drop(&packet, SELECTOR);
    assert_int_equal(conf_info(sa).drops[SELECTOR], 1);
}

static void no_room_is_a_drop_and_not_an_overrun(struct conf *c)
{
    struct conf_packet packet, before;
    struct conf_pair pair;

    conf_pair(c, &pair, NULL, NULL);
    for (int i = 0; i < 2; i++) {
        conf_udp(&packet, 1, 53, 60);
        if (i)
            packet.p.tailroom = IOFF_TAILROOM - 1;
        else
            packet.p.headroom = IOFF_HEADROOM - 1;
        before = packet;
        conf_out(c->device, &packet);
        expect_drop(&packet, DEVICE);
        assert_memory_equal(packet.buf, before.buf, sizeof packet.buf);
    }
    conf_pair_end(&pair);
}

static void what_is_no_ip_packet_is_dropped(struct conf *c)
{
    struct conf_packet packet;

    conf_rule(c, IOFF_ACTION_BYPASS, 1, NULL);
    for (uint32_t len = 0; len < 28; len++) {
        conf_udp(&packet, 1, 53, 60);
        packet.p.len = len;
        conf_out(c->device, &packet);
        expect_drop(&packet, MALFORMED);
    }
    conf_udp(&packet, 1, 53, 60);
    packet.p.data[0] = 0x75;
    conf_out(c->device, &packet);
    expect_drop(&packet, MALFORMED);
    assert_int_equal(device_drops(c->device, MALFORMED), 29);
}

const struct conf_case conf_packet[] = {
    { "a packet goes through unchanged", a_packet_goes_through_unchanged, conf_needs_bursts },
    { "a full burst goes through in order", a_full_burst_goes_through_in_order, conf_needs_bursts },
    { "rules are asked in order", rules_are_asked_in_order, conf_needs_bursts },
    { "a move loses no packet", a_move_loses_no_packet, conf_needs_bursts },
    { "a replayed packet is dropped", a_replayed_packet_is_dropped, conf_needs_bursts },
    { "packets out of order are taken once each", packets_out_of_order_are_taken_once_each,
      conf_needs_bursts },
    { "every changed byte is noticed", every_changed_byte_is_noticed, conf_needs_bursts },
    { "every shortened packet is dropped", every_shortened_packet_is_dropped, conf_needs_bursts },
    { "ESN is authenticated on both sides", esn_is_authenticated_on_both_sides, needs_esn },
    { "an unknown SPI is counted and told", an_unknown_spi_is_counted_and_told, conf_needs_bursts },
    { "a deleted SA takes nothing more", a_deleted_sa_takes_nothing_more, conf_needs_bursts },
    { "inbound packets must match the selectors", inbound_packets_must_match_the_selectors,
      conf_needs_bursts },
    { "outbound packets must match the selectors", outbound_packets_must_match_the_selectors,
      conf_needs_bursts },
    { "no room is a drop and not an overrun", no_room_is_a_drop_and_not_an_overrun,
      conf_needs_bursts },
    { "what is no IP packet is dropped", what_is_no_ip_packet_is_dropped, conf_needs_bursts },
    { 0 },
};
