/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ike_bytes.h"

#include "ike/types/ts.h"

static struct ike_ts ts(const char *text)
{
    struct ike_ts t;
    struct err err;

    if (ike_ts_parse(text, &t, &err))
        fail_msg("%s: %s", text, err.text);
    return t;
}

static struct ike_ts_list list(const char *a, const char *b)
{
    struct ike_ts_list l = { .n = 1, .ts = { ts(a) } };

    if (b)
        l.ts[l.n++] = ts(b);
    return l;
}

static void assert_list(const struct ike_ts_list *l, const char *a, const char *b)
{
    struct ike_ts_list want = { 0 };

    if (a)
        want = list(a, b);
    assert_true(ike_ts_eq(l, &want));
}

static void narrowing_gives_what_both_allow(void **state)
{
    struct ike_ts_list policy = list("10.1.0.0/16", "192.168.0.0/24[tcp/80-443]"), offer, got;

    (void)state;
    offer = list("10.0.0.0/8", NULL);
    ike_ts_narrow(&policy, &offer, &got);
    assert_list(&got, "10.1.0.0/16", NULL);
    offer = list("192.168.0.7[tcp/100-500]", "10.1.2.0/24[udp]");
    ike_ts_narrow(&policy, &offer, &got);
    assert_list(&got, "192.168.0.7[tcp/100-443]", "10.1.2.0/24[udp]");
    offer = list("172.16.0.0/12", "2001:db8::/32");
    ike_ts_narrow(&policy, &offer, &got);
    assert_list(&got, NULL, NULL);
}

static void the_packet_that_started_it_stays_first(void **state)
{
    struct ike_ts_list policy = list("10.0.0.0/8", NULL);
    struct ike_ts_list offer = list("10.0.0.5[udp/53]", "11.0.0.0/8"), got;

    (void)state;
    ike_ts_narrow(&policy, &offer, &got);
    assert_list(&got, "10.0.0.5[udp/53]", NULL);
}

static void a_selector_inside_another_is_dropped(void **state)
{
    struct ike_ts_list policy = list("10.0.0.0/8", "10.1.0.0/16");
    struct ike_ts_list offer = list("10.1.0.0/16", "10.0.0.0/8"), got;

    (void)state;
    ike_ts_narrow(&policy, &offer, &got);
    assert_list(&got, "10.0.0.0/8", NULL);
}

static void a_full_list_keeps_the_first(void **state)
{
    struct ike_ts_list policy = { 0 }, offer = { 0 }, got;
    char text[32];

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        snprintf(text, sizeof text, "10.%u.0.0/16", i);
        policy.ts[policy.n++] = ts(text);
        snprintf(text, sizeof text, "10.0.0.0/8[tcp/%u]", 1000 + i);
        offer.ts[offer.n++] = ts(text);
    }
    ike_ts_narrow(&policy, &offer, &got); /* 64 boxes for 16 places */
    assert_int_equal(got.n, IKE_TS_MAX);
    assert_int_equal(got.ts[0].port_lo, 1000);
}

static void opaque_ports_and_dynamic_meet_nothing(void **state)
{
    struct ike_ts any = ts("10.0.0.0/8"), opaque = any, dynamic = ts("dynamic"), got;

    (void)state;
    opaque.port_lo = 65535;
    opaque.port_hi = 0;
    assert_false(ike_ts_intersect(&any, &opaque, &got));
    assert_false(ike_ts_intersect(&opaque, &opaque, &got));
    assert_false(ike_ts_intersect(&any, &dynamic, &got));
    assert_false(ike_ts_intersect(&dynamic, &any, &got));
}

static void dynamic_becomes_the_address(void **state)
{
    struct ike_ts_list l = list("dynamic[tcp/22]", "10.0.0.0/8");
    struct ip_addr addr = ip_addr_v4(0xc0000201);

    (void)state;
    assert_true(ike_ts_is_dynamic(&l.ts[0]));
    ike_ts_resolve(&l, &addr);
    assert_list(&l, "192.0.2.1[tcp/22]", "10.0.0.0/8");
}

static void covering_looks_at_all_of_the_inner_list(void **state)
{
    struct ike_ts_list outer = list("10.0.0.0/8", "192.168.0.0/16[udp]");
    struct ike_ts_list in = list("10.1.0.0/16[tcp]", "192.168.3.0/24[udp/53]");
    struct ike_ts_list out = list("10.1.0.0/16[tcp]", "192.168.3.0/24");
    struct ike_ts_list none = { 0 };

    (void)state;
    assert_true(ike_ts_covers(&outer, &in));
    assert_false(ike_ts_covers(&outer, &out));
    assert_true(ike_ts_covers(&outer, &none));
    assert_false(ike_ts_covers(&none, &in));
}

/* The naive model: a world of 8 addresses, 4 protocols and 6 ports, point by point. */
static const uint8_t world_protos[] = { 1, 6, 17, 99 };
static const uint16_t world_ports[] = { 0, 1, 2, 3, 4, 65535 };

static struct ike_ts random_box(uint64_t *seed)
{
    static const uint8_t protos[] = { 0, 6, 17 };
    uint32_t lo = test_random(seed, 8), hi = lo + test_random(seed, 8 - lo);
    struct ike_ts t = { .range = { .lo = ip_addr_v4(lo + 1), .hi = ip_addr_v4(hi + 1) },
                        .proto = protos[test_random(seed, 3)],
                        .port_hi = 65535 };

    if (test_random(seed, 2)) {
        t.port_lo = (uint16_t)test_random(seed, 5);
        t.port_hi = (uint16_t)(t.port_lo + test_random(seed, 5 - t.port_lo));
    }
    return t;
}

static bool box_has(const struct ike_ts *t, uint32_t addr, uint8_t proto, uint16_t port)
{
    struct ip_addr a = ip_addr_v4(addr + 1);

    return ip_range_contains(&t->range, &a) && (!t->proto || t->proto == proto) &&
           port >= t->port_lo && port <= t->port_hi;
}

static bool list_has(const struct ike_ts_list *l, uint32_t addr, uint8_t proto, uint16_t port)
{
    for (size_t i = 0; i < l->n; i++)
        if (box_has(&l->ts[i], addr, proto, port))
            return true;
    return false;
}

static void random_list(uint64_t *seed, struct ike_ts_list *l)
{
    l->n = (uint8_t)test_random(seed, 4);
    for (size_t i = 0; i < l->n; i++)
        l->ts[i] = random_box(seed);
}

#define EACH_POINT                                                                                 \
    for (uint32_t a = 0; a < 8; a++)                                                               \
        for (size_t i = 0; i < 4; i++)                                                             \
            for (size_t j = 0; j < 6; j++)

static void narrowing_agrees_with_a_naive_model(void **state)
{
    uint64_t seed = 42;

    (void)state;
    printf("seed %llu\n", (unsigned long long)seed);
    for (unsigned round = 0; round < 5000; round++) {
        struct ike_ts_list policy, offer, got;

        random_list(&seed, &policy);
        random_list(&seed, &offer);
        ike_ts_narrow(&policy, &offer, &got);
        assert_true(ike_ts_covers(&policy, &got) && ike_ts_covers(&offer, &got));
        EACH_POINT
        assert_int_equal(list_has(&got, a, world_protos[i], world_ports[j]),
                         list_has(&policy, a, world_protos[i], world_ports[j]) &&
                             list_has(&offer, a, world_protos[i], world_ports[j]));
    }
}

static bool naive_covers_one(const struct ike_ts *outer, const struct ike_ts *inner)
{
    EACH_POINT
    if (box_has(inner, a, world_protos[i], world_ports[j]) &&
        !box_has(outer, a, world_protos[i], world_ports[j]))
        return false;
    return true;
}

static bool naive_covers(const struct ike_ts_list *outer, const struct ike_ts_list *inner)
{
    for (size_t n = 0; n < inner->n; n++) {
        bool found = false;

        for (size_t m = 0; m < outer->n; m++)
            found |= naive_covers_one(&outer->ts[m], &inner->ts[n]);
        if (!found)
            return false;
    }
    return true;
}

static void covering_agrees_with_a_naive_model(void **state)
{
    uint64_t seed = 43;
    unsigned hits = 0;

    (void)state;
    printf("seed %llu\n", (unsigned long long)seed);
    for (unsigned round = 0; round < 20000; round++) {
        struct ike_ts_list outer, inner;
        bool covers;

        random_list(&seed, &outer);
        random_list(&seed, &inner);
        covers = ike_ts_covers(&outer, &inner);
        assert_int_equal(covers, naive_covers(&outer, &inner));
        hits += covers && inner.n;
    }
    assert_true(hits > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(narrowing_gives_what_both_allow),
        cmocka_unit_test(the_packet_that_started_it_stays_first),
        cmocka_unit_test(a_selector_inside_another_is_dropped),
        cmocka_unit_test(a_full_list_keeps_the_first),
        cmocka_unit_test(opaque_ports_and_dynamic_meet_nothing),
        cmocka_unit_test(dynamic_becomes_the_address),
        cmocka_unit_test(covering_looks_at_all_of_the_inner_list),
        cmocka_unit_test(narrowing_agrees_with_a_naive_model),
        cmocka_unit_test(covering_agrees_with_a_naive_model),
    };
    return cmocka_run_group_tests_name("ike_ts", tests, NULL, NULL);
}
