/* SPDX-License-Identifier: Apache-2.0 */
/* life: limits that the device watches, and the events it raises. */
#include <string.h>

#include "tests/conformance/conformance.h"
#include "tests/lib/sdk_opts.h"
#include "utils/base/bytes.h"
#include "utils/base/clock.h"

#define LIFETIME 3 /* drop causes, as in ioff_drop_name() */
#define NO_SA 5

static enum ioff_verdict send_at(struct conf *c, uint64_t now)
{
    struct conf_packet packet;

    conf_udp(&packet, 1, 53, 100);
    assert_int_equal(ioff_burst_out(c->device, &packet.p, 1, now), 0);
    return (enum ioff_verdict)packet.p.verdict;
}

static enum ioff_verdict send_one(struct conf *c)
{
    return send_at(c, clock_now());
}

static const struct conf_event *event_at(const struct conf *c, enum ioff_event_kind kind)
{
    for (size_t i = 0; i < c->n_events; i++)
        if (c->events[i].kind == kind)
            return &c->events[i];
    fail_msg("event %d was not raised", (int)kind);
    return NULL;
}

static void expect_limits(struct conf *c, const struct ioff_sa *sa, const char *cause)
{
    const struct conf_event *soft = event_at(c, IOFF_EVENT_SOFT_LIFETIME);
    const struct conf_event *hard = event_at(c, IOFF_EVENT_HARD_LIFETIME);

    assert_int_equal(conf_count_events(c, IOFF_EVENT_SOFT_LIFETIME), 1);
    assert_int_equal(conf_count_events(c, IOFF_EVENT_HARD_LIFETIME), 1);
    assert_string_equal(soft->cause, cause);
    assert_string_equal(hard->cause, cause);
    assert_int_equal(soft->sa_id, ioff_sa_id(sa));
    assert_int_equal(hard->spi, 0x10001);
}

static struct ioff_sa *add_limited(struct conf *c, struct ioff_lifetime life)
{
    struct ioff_sa_opts opts = opts_sa(IOFF_DIR_OUT, 0x10001, 1);
    struct ioff_sa *sa;

    opts.life = life;
    sa = conf_add_opts(c, &opts);
    conf_rule(c, IOFF_ACTION_PROTECT, 1, sa);
    return sa;
}

static const char *needs_packets(const struct conf *c)
{
    return c->caps.life_packets ? conf_needs_bursts(c) : "the device has no packet limits";
}

static const char *needs_bytes(const struct conf *c)
{
    return c->caps.life_bytes ? conf_needs_bursts(c) : "the device has no byte limits";
}

static const char *needs_time(const struct conf *c)
{
    return c->caps.life_time ? conf_needs_bursts(c) : "the device has no time limits";
}

static void packets_end_an_sa(struct conf *c)
{
    struct ioff_sa *sa =
        add_limited(c, (struct ioff_lifetime){ .soft_packets = 3, .hard_packets = 5 });

    for (int i = 1; i <= 5; i++) {
        assert_int_equal(send_one(c), IOFF_SEND);
        assert_int_equal(conf_count_events(c, IOFF_EVENT_SOFT_LIFETIME), i >= 3);
    }
    assert_int_equal(send_one(c), IOFF_DROPPED);
    expect_limits(c, sa, "packets");
    assert_int_equal(conf_info(sa).packets, 5);
    assert_int_equal(conf_info(sa).drops[LIFETIME], 1);
    assert_int_equal(conf_info(sa).state, IOFF_SA_DEAD);
}

static void bytes_end_an_sa(struct conf *c)
{
    struct ioff_sa *sa =
        add_limited(c, (struct ioff_lifetime){ .soft_bytes = 250, .hard_bytes = 450 });

    for (int i = 1; i <= 4; i++) {
        assert_int_equal(send_one(c), IOFF_SEND); /* 100 bytes each */
        assert_int_equal(conf_count_events(c, IOFF_EVENT_SOFT_LIFETIME), i >= 3);
    }
    assert_int_equal(send_one(c), IOFF_DROPPED); /* 500 would be beyond the limit */
    expect_limits(c, sa, "bytes");
    assert_int_equal(conf_info(sa).bytes, 400);
}

static void time_ends_an_sa(struct conf *c)
{
    struct ioff_sa *sa = add_limited(
        c, (struct ioff_lifetime){ .soft_ns = 60 * NS_PER_S, .hard_ns = 100 * NS_PER_S });
    uint64_t now = clock_now();

    assert_int_equal(send_at(c, now), IOFF_SEND);
    assert_int_equal(send_at(c, now + 59 * NS_PER_S), IOFF_SEND);
    assert_int_equal(conf_count_events(c, IOFF_EVENT_SOFT_LIFETIME), 0);
    assert_int_equal(send_at(c, now + 61 * NS_PER_S), IOFF_SEND);
    assert_int_equal(conf_count_events(c, IOFF_EVENT_SOFT_LIFETIME), 1);
    assert_int_equal(send_at(c, now + 101 * NS_PER_S), IOFF_DROPPED);
    expect_limits(c, sa, "time");
    assert_int_equal(conf_info(sa).packets, 3);
}

static void an_inbound_sa_ends_too(struct conf *c)
{
    struct ioff_sa_opts in = opts_sa(IOFF_DIR_IN, 0x10001, 2);
    struct conf_packet packet;
    struct conf_pair pair;

    in.life.hard_packets = 2;
    conf_pair(c, &pair, NULL, &in);
    for (int i = 0; i < 3; i++) {
        conf_udp(&packet, 1, 53, 100);
        assert_int_equal(conf_out(c->device, &packet), IOFF_SEND);
        conf_arrive(&packet);
        assert_int_equal(conf_in(pair.far, &packet), i < 2 ? IOFF_DELIVER : IOFF_DROPPED);
    }
    assert_int_equal(packet.p.drop, LIFETIME);
    assert_int_equal(conf_count_events(&pair.far_conf, IOFF_EVENT_HARD_LIFETIME), 1);
    conf_pair_end(&pair);
}

static void a_high_sequence_number_is_told_once(struct conf *c)
{
    struct ioff_sa_opts opts = opts_sa(IOFF_DIR_OUT, 0x10001, 1);
    struct ioff_sa *sa;

    opts.seq_high_water = 3;
    sa = conf_add_opts(c, &opts);
    conf_rule(c, IOFF_ACTION_PROTECT, 1, sa);
    send_one(c);
    send_one(c);
    assert_int_equal(conf_count_events(c, IOFF_EVENT_SEQ_HIGH_WATER), 0);
    send_one(c);
    send_one(c);
    assert_int_equal(conf_count_events(c, IOFF_EVENT_SEQ_HIGH_WATER), 1);
    assert_int_equal(event_at(c, IOFF_EVENT_SEQ_HIGH_WATER)->sa_id, ioff_sa_id(sa));
}

static void traffic_without_an_sa_asks_for_one(struct conf *c)
{
    struct ioff_rule *rule = conf_rule(c, IOFF_ACTION_PROTECT, 1, NULL);
    const struct conf_event *event;
    struct conf_packet packet;

    conf_udp(&packet, 1234, 53, 100);
    assert_int_equal(conf_out(c->device, &packet), IOFF_DROPPED);
    assert_int_equal(packet.p.drop, NO_SA);
    event = event_at(c, IOFF_EVENT_ACQUIRE);
    assert_int_equal(event->rule_id, ioff_rule_id(rule));
    assert_int_equal(event->sa_id, 0);
    assert_int_equal(event->selector.proto, 17);
    assert_int_equal(event->selector.remote_port_lo, 53);
    assert_int_equal(event->selector.local_lo.b[3], 1);
    for (int i = 0; i < 50; i++)
        assert_int_equal(send_one(c), IOFF_DROPPED);
    assert_in_range(conf_count_events(c, IOFF_EVENT_ACQUIRE), 1, 10); /* held back */
}

struct answer {
    struct conf *c;
    struct ioff_rule *rule;
    unsigned n;
};

/* What an IKE daemon does on an acquire, within the callback. */
static void install_on_acquire(void *user, const struct ioff_event *event)
{
    struct answer *a = user;
    struct ioff_sa_opts opts = opts_sa(IOFF_DIR_OUT, 0x10001, 1);
    struct ioff_batch *batch;
    struct ioff_sa *sa;

    if (event->kind != IOFF_EVENT_ACQUIRE || a->n++)
        return;
    batch = ioff_batch_new(a->c->device);
    assert_int_equal(ioff_batch_sa_add(batch, &opts, &sa, NULL), 0);
    assert_int_equal(ioff_batch_rule_move(batch, a->rule, sa), 0);
    assert_int_equal(ioff_batch_run(batch, NULL), 0);
}

static void an_event_callback_may_install(struct conf *c)
{
    struct answer a = { .c = c, .rule = conf_rule(c, IOFF_ACTION_PROTECT, 1, NULL) };

    ioff_device_on_event(c->device, install_on_acquire, &a);
    assert_int_equal(send_one(c), IOFF_DROPPED);
    assert_int_equal(a.n, 1);
    assert_int_equal(send_one(c), IOFF_SEND);
    ioff_device_on_event(c->device, NULL, NULL);
}

static void the_first_packet_is_told_once(struct conf *c)
{
    struct conf_packet packet;
    struct conf_pair pair;

    conf_pair(c, &pair, NULL, NULL);
    for (int i = 0; i < 3; i++) {
        conf_udp(&packet, 1, 53, 100);
        assert_int_equal(conf_out(c->device, &packet), IOFF_SEND);
        conf_arrive(&packet);
        assert_int_equal(conf_in(pair.far, &packet), IOFF_DELIVER);
    }
    assert_int_equal(conf_count_events(&pair.far_conf, IOFF_EVENT_FIRST_PACKET), 1);
    assert_int_equal(event_at(&pair.far_conf, IOFF_EVENT_FIRST_PACKET)->sa_id, ioff_sa_id(pair.in));
    conf_pair_end(&pair);
}

static void a_forged_packet_is_no_first_packet(struct conf *c)
{
    struct conf_packet packet;
    struct conf_pair pair;

    conf_pair(c, &pair, NULL, NULL);
    conf_udp(&packet, 1, 53, 100);
    assert_int_equal(conf_out(c->device, &packet), IOFF_SEND);
    conf_arrive(&packet);
    packet.p.data[packet.p.len - 1] ^= 1;
    packet.p.remote.port = 1;
    assert_int_equal(conf_in(pair.far, &packet), IOFF_DROPPED);
    assert_int_equal(conf_count_events(&pair.far_conf, IOFF_EVENT_FIRST_PACKET), 0);
    assert_int_equal(conf_count_events(&pair.far_conf, IOFF_EVENT_MAPPING_CHANGE), 0);
    conf_pair_end(&pair);
}

static void a_new_outer_endpoint_is_told(struct conf *c)
{
    const struct conf_event *event;
    struct conf_packet packet;
    struct conf_pair pair;

    conf_pair(c, &pair, NULL, NULL);
    for (int i = 0; i < 2; i++) {
        conf_udp(&packet, 1, 53, 100);
        assert_int_equal(conf_out(c->device, &packet), IOFF_SEND);
        conf_arrive(&packet);
        if (i)
            packet.p.remote.port = 61000;
        assert_int_equal(conf_in(pair.far, &packet), IOFF_DELIVER);
        assert_int_equal(conf_count_events(&pair.far_conf, IOFF_EVENT_MAPPING_CHANGE), i);
    }
    event = event_at(&pair.far_conf, IOFF_EVENT_MAPPING_CHANGE);
    assert_int_equal(event->remote.port, 61000);
    assert_int_equal(event->sa_id, ioff_sa_id(pair.in));
    conf_pair_end(&pair);
}

const struct conf_case conf_life[] = {
    { "packets end an SA", packets_end_an_sa, needs_packets },
    { "bytes end an SA", bytes_end_an_sa, needs_bytes },
    { "time ends an SA", time_ends_an_sa, needs_time },
    { "an inbound SA ends too", an_inbound_sa_ends_too, needs_packets },
    { "a high sequence number is told once", a_high_sequence_number_is_told_once,
      conf_needs_bursts },
    { "traffic without an SA asks for one", traffic_without_an_sa_asks_for_one, conf_needs_bursts },
    { "an event callback may install", an_event_callback_may_install, conf_needs_bursts },
    { "the first packet is told once", the_first_packet_is_told_once, conf_needs_bursts },
    { "a forged packet is no first packet", a_forged_packet_is_no_first_packet, conf_needs_bursts },
    { "a new outer endpoint is told", a_new_outer_endpoint_is_told, conf_needs_bursts },
    { 0 },
};
