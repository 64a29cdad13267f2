/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_flow: compiled selectors beside nic_selector_match(), the rule search
 * beside a walk over all rules, and what is read from headers.
 */
#include "driver/soft/engine/flow.h"

#include "tests/unit/engine_kit.h"

/* Few addresses and ports, so that random things do meet. */
static struct ip_addr random_addr(struct kit_rng *r, uint8_t family)
{
    struct ip_addr a = ip_addr_v4(0x0a000000 | (kit_below(r, 4) << 16) | kit_below(r, 4));

    if (family == 6) {
        a = (struct ip_addr){ .family = 6, .b = { 0xfd } };
        a.b[7] = (uint8_t)kit_below(r, 3);
        a.b[8] = (uint8_t)kit_below(r, 3);
        a.b[15] = (uint8_t)kit_below(r, 4);
    }
    return a;
}

static struct ip_range random_range(struct kit_rng *r, uint8_t family)
{
    struct ip_range range = { random_addr(r, family), random_addr(r, family) };

    if (ip_addr_cmp(&range.lo, &range.hi) > 0) {
        struct ip_addr t = range.lo;

        range.lo = range.hi;
        range.hi = t;
    }
    if (kit_below(r, 3) == 0)
        range.hi = range.lo;
    if (kit_below(r, 4) == 0)
        assert_int_equal(ip_range_parse(family == 4 ? "10.0.0.0/8" : "::/0", &range), 0);
    return range;
}

static void random_ports(struct kit_rng *r, uint16_t *lo, uint16_t *hi)
{
    *lo = 0;
    *hi = UINT16_MAX;
    if (kit_below(r, 2)) {
        *lo = (uint16_t)kit_below(r, 4);
        *hi = (uint16_t)(*lo + kit_below(r, 3));
    }
}

static struct nic_selector random_selector(struct kit_rng *r)
{
    uint8_t family = kit_below(r, 3) ? 4 : 6;
    struct nic_selector s = {
        .local = random_range(r, family),
        .remote = random_range(r, family),
        .proto = (uint8_t)(kit_below(r, 2) ? 0 : 16 + kit_below(r, 2)),
    };

    random_ports(r, &s.local_port_lo, &s.local_port_hi);
    random_ports(r, &s.remote_port_lo, &s.remote_port_hi);
    return s;
}

struct packet {
    struct ip_addr local, remote;
    uint16_t local_port, remote_port;
    uint8_t proto;
    bool has_ports;
};

static struct packet random_packet(struct kit_rng *r, struct flow *f)
{
    uint8_t family = kit_below(r, 3) ? 4 : 6;
    struct packet p = {
        .local = random_addr(r, family),
        .remote = random_addr(r, family),
        .proto = (uint8_t)(16 + kit_below(r, 2)),
        .has_ports = kit_below(r, 4) != 0,
    };

    if (p.has_ports) {
        p.local_port = (uint16_t)kit_below(r, 5);
        p.remote_port = (uint16_t)kit_below(r, 5);
    }
    *f = (struct flow){
        .local = flow_addr(&p.local),
        .remote = flow_addr(&p.remote),
        .local_port = p.local_port,
        .remote_port = p.remote_port,
        .family = family,
        .proto = p.proto,
        .has_ports = p.has_ports,
    };
    return p;
}

static bool plain_match(const struct nic_selector *s, const struct packet *p)
{
    return nic_selector_match(s, &p->local, &p->remote, p->proto, p->local_port, p->remote_port,
                              p->has_ports);
}

static void compiled_selectors_agree_with_the_plain_match(void **state)
{
    struct kit_rng r = { 4 };
    unsigned hits = 0;

    (void)state;
    for (unsigned i = 0; i < 1000000; i++) {
        struct nic_selector s = random_selector(&r);
        struct sel sel;
        struct flow f;
        struct packet p = random_packet(&r, &f);

        sel_compile(&s, &sel);
        if (flow_match(&sel, &f) != plain_match(&s, &p))
            fail_msg("round %u", i);
        hits += plain_match(&s, &p);
    }
    assert_in_range(hits, 1000, 900000); /* both answers were asked for */
}

#define RULES 300

struct shadow {
    uint64_t id;
    uint32_t priority;
    struct nic_selector sel;
};

static uint64_t first_match(const struct shadow *rules, size_t n, const struct packet *p)
{
    const struct shadow *best = NULL;

    for (size_t i = 0; i < n; i++)
        if (rules[i].id && plain_match(&rules[i].sel, p) &&
            (!best || rules[i].priority < best->priority ||
             (rules[i].priority == best->priority && rules[i].id < best->id)))
            best = &rules[i];
    return best ? best->id : 0;
}

static void the_rule_search_agrees_with_a_walk_over_all_rules(void **state)
{
    static struct shadow rules[RULES];
    struct kit_rng r = { 5 };
    struct kit k;
    unsigned hits = 0;

    (void)state;
    kit_init(&k, NULL);
    memset(rules, 0, sizeof rules);
    for (unsigned i = 0; i < 60000; i++) {
        struct shadow *s = &rules[kit_below(&r, i < 30000 ? 20 : RULES)];
        struct flow f;
        struct packet p = random_packet(&r, &f);
        const struct rule *found;
        uint64_t want;

        if (kit_below(&r, 4) == 0) {
            struct nic_rule_attr attr = { .action = NIC_ACTION_DISCARD,
                                          .priority = kit_below(&r, 5),
                                          .sel = random_selector(&r) };

            if (s->id)
                assert_int_equal(engine_rule_del(k.e, s->id, NULL), 0);
            s->id = 0;
            if (kit_below(&r, 3)) {
                s->sel = attr.sel;
                s->priority = attr.priority;
                assert_int_equal(engine_rule_add(k.e, &attr, "t", 1, &s->id, NULL), 0);
            }
            engine_worker_quiet(k.w);
            engine_tick(k.e, k.now);
        }
        want = first_match(rules, RULES, &p);
        found = spd_find(&k.e->spd, &f);
        if ((found ? found->id : 0) != want)
            fail_msg("round %u", i);
        hits += want != 0;
    }
    assert_in_range(hits, 1000, 59000);
    kit_fini(&k);
}

static void thousands_of_host_rules_are_one_shape(void **state)
{
    struct kit k;
    struct flow f = { .family = 4, .proto = 17, .local = 0x0a010001 };
    uint64_t first = 0, id = 0;

    (void)state;
    kit_init(&k, NULL);
    for (unsigned i = 0; i < 10000; i++) {
        struct nic_rule_attr attr = kit_rule("10.1.0.0/16", "10.2.0.1", 0);

        attr.sel.remote.lo = attr.sel.remote.hi = ip_addr_v4(0x0a020000 + i);
        assert_int_equal(engine_rule_add(k.e, &attr, "t", 1, &id, NULL), 0);
        if (i == 0)
            first = id;
    }
    for (unsigned i = 0; i < 10000; i++) {
        f.remote = 0x0a020000 + i;
        assert_int_equal(spd_find(&k.e->spd, &f)->id, first + i);
    }
    f.remote = 0x0a020000 + 10000;
    assert_null(spd_find(&k.e->spd, &f));
    kit_fini(&k);
}

struct parse_case {
    const char *name;
    const char *hex;
    bool ok;
    uint8_t proto;
    bool has_ports;
    uint16_t local_port, remote_port; /* outbound */
};

#define V4(total, frag, proto) "4500" total "0001" frag "40" proto "00000a0100010a020001"
#define V6(payload, next)                                                                          \
    "60000000" payload next "40"                                                                   \
    "fd010000000000000000000000000001fd020000000000000000000000000001"

static const struct parse_case parse_cases[] = {
    { "UDP", V4("0018", "0000", "11") "03e807d0", true, 17, true, 1000, 2000 },
    { "TCP", V4("0018", "4000", "06") "03e807d0", true, 6, true, 1000, 2000 },
    { "SCTP", V4("0018", "4000", "84") "03e807d0", true, 132, true, 1000, 2000 },
    { "UDP cut inside its ports", V4("0017", "0000", "11") "03e807", true, 17, false, 0, 0 },
    { "first fragment", V4("0018", "2000", "11") "03e807d0", true, 17, true, 1000, 2000 },
    { "second fragment", V4("0018", "0001", "11") "03e807d0", true, 17, false, 0, 0 },
    { "a fragment far behind", V4("0018", "1000", "11") "03e807d0", true, 17, false, 0, 0 },
    { "last fragment", V4("0018", "1fff", "11") "03e807d0", true, 17, false, 0, 0 },
    { "ICMP echo", V4("0018", "0000", "01") "08000000", true, 1, true, 0x0800, 0x0800 },
    { "GRE has no ports", V4("0018", "0000", "2f") "03e807d0", true, 47, false, 0, 0 },
    { "options before UDP",
      "4600001c000100004011"
      "0000"
      "0a0100010a020001"
      "01010101"
      "03e807d0",
      true, 17, true, 1000, 2000 },
    { "options cut",
      "46000014000100004011"
      "0000"
      "0a0100010a020001",
      false, 0, false, 0, 0 },
    { "IPv6 UDP", V6("0004", "11") "03e807d0", true, 17, true, 1000, 2000 },
    { "IPv6 hop-by-hop, UDP",
      V6("000c", "00") "1100000000000000"
                       "03e807d0",
      true, 17, true, 1000, 2000 },
    { "IPv6 routing of two words, TCP",
      V6("0014", "2b") "0601000000000000"
                       "0000000000000000"
                       "03e807d0",
      true, 6, true, 1000, 2000 },
    { "IPv6 AH, UDP",
      V6("0014", "33") "1102000000000000"
                       "0000000000000000"
                       "03e807d0",
      true, 17, true, 1000, 2000 },
    { "IPv6 first fragment",
      V6("000c", "2c") "1100000100000001"
                       "03e807d0",
      true, 17, true, 1000, 2000 },
    { "IPv6 second fragment",
      V6("000c", "2c") "1100000800000001"
                       "03e807d0",
      true, 17, false, 0, 0 },
    { "IPv6 ICMPv6", V6("0004", "3a") "80000000", true, 58, true, 0x8000, 0x8000 },
    { "IPv6 no next header", V6("0000", "3b"), true, 59, false, 0, 0 },
    { "IPv6 fragment header cut", V6("0004", "2c") "11000008", false, 0, false, 0, 0 },
    { "nothing", "", false, 0, false, 0, 0 },
};

static void headers_are_read_as_policy_needs_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof parse_cases / sizeof parse_cases[0]; i++) {
        const struct parse_case *c = &parse_cases[i];
        uint8_t *p;
        size_t len = strlen(c->hex) / 2;
        struct flow f = { 0 };

        p = test_malloc(len); /* exact, so that a sanitizer sees one byte too far */
        assert_true(hex_decode(p, len, c->hex));
        if (flow_parse(p, (uint32_t)len, true, &f) != c->ok)
            fail_msg("%s", c->name);
        if (c->ok &&
            (f.proto != c->proto || f.has_ports != c->has_ports || f.local_port != c->local_port ||
             f.remote_port != c->remote_port || f.len != len))
            fail_msg("%s: proto %u ports %u %u", c->name, f.proto, f.local_port, f.remote_port);
        if (c->ok && flow_parse(p, (uint32_t)len, false, &f) &&
            (f.local_port != c->remote_port || f.remote_port != c->local_port))
            fail_msg("%s, inbound", c->name);
        test_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compiled_selectors_agree_with_the_plain_match),
        cmocka_unit_test(the_rule_search_agrees_with_a_walk_over_all_rules),
        cmocka_unit_test(thousands_of_host_rules_are_one_shape),
        cmocka_unit_test(headers_are_read_as_policy_needs_them),
    };
    return cmocka_run_group_tests_name("flow", tests, NULL, NULL);
}
