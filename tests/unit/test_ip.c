/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of utils/base/ip.  Ranges are compared with naive models: sets as
 * arrays of booleans, and the prefix tree walked from its root.
 */
#include "tests/lib/cmocka.h"

#include <arpa/inet.h>
#include <string.h>

#include "tests/lib/seeded_rng.h"
#include "utils/base/ip.h"

static struct ip_addr addr(const char *text)
{
    struct ip_addr a;

    assert_int_equal(ip_addr_parse(text, &a), 0);
    return a;
}

static struct ip_range range(const char *text)
{
    struct ip_range r;

    assert_int_equal(ip_range_parse(text, &r), 0);
    return r;
}

static void text_forms_come_back_as_they_went_in(void **state)
{
    static const char *const ranges[] = {
        "10.0.0.0/8", "0.0.0.0/0",     "192.0.2.1/32",    "10.0.0.1-10.0.0.9",
        "::/0",       "2001:db8::/32", "2001:db8::1/128", "2001:db8::1-2001:db8::ffff:3"
    };
    char buf[IP_RANGE_TEXT_LEN];
    char small[IP_TEXT_LEN];
    struct ip_endpoint e = { addr("2001:db8::1"), 4500 };

    (void)state;
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        struct ip_range r = range(ranges[i]);

        assert_string_equal(ip_range_text(&r, buf), ranges[i]);
    }
    assert_string_equal(ip_endpoint_text(&e, small), "[2001:db8::1]:4500");
    e.addr = ip_addr_v4(0xc0000201);
    assert_string_equal(ip_endpoint_text(&e, small), "192.0.2.1:4500");
    e.addr.family = 0;
    assert_string_equal(ip_addr_text(&e.addr, small), "%any");
}

static void a_single_address_is_a_range_of_one(void **state)
{
    struct ip_range r = range("192.0.2.7");

    (void)state;
    assert_true(ip_addr_eq(&r.lo, &r.hi));
    assert_int_equal(ip_range_prefix_len(&r), 32);
}

static void wrong_ranges_are_refused_and_change_nothing(void **state)
{
    static const char *const wrong[] = {
        "",
        "10.0.0.1/8",
        "10.0.0.0/33",
        "10.0.0.0/",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0.0/ 8",
        "10.0.0.0/8x",
        "10.0.0/8",
        "10.0.0.9-10.0.0.1",
        "10.0.0.1-::1",
        "10.0.0.1-",
        "-10.0.0.1",
        "2001:db8::/129",
        "10.0.0.0/99999999999999999999",
        "10.0.0.1-10.0.0.2-10.0.0.3",
        "10.0.0.0/8-10.0.0.1",
        " 10.0.0.1",
    };
    char longer[400];
    struct ip_range r = range("192.0.2.1"), before = r;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(ip_range_parse(wrong[i], &r), ERR_MALFORMED);
    memset(longer, '1', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(ip_range_parse(longer, &r), ERR_MALFORMED);
    assert_memory_equal(&r, &before, sizeof r);
}

static void an_unset_address_is_told_from_a_set_one(void **state)
{
    struct ip_addr zero4 = addr("0.0.0.0"), zero6 = addr("::"), none = { 0 };
    struct ip_addr last = addr("::1"), one = addr("0.0.0.1");

    (void)state;
    assert_true(ip_addr_is_unset(&zero4) && ip_addr_is_unset(&zero6) && ip_addr_is_unset(&none));
    assert_false(ip_addr_is_unset(&last) || ip_addr_is_unset(&one));
    assert_false(ip_addr_eq(&zero4, &zero6));
}

/* A range of a universe of `n` addresses from 10.0.0.250 on: it crosses a byte. */
static struct ip_range small_range(unsigned lo, unsigned hi)
{
    return (struct ip_range){ ip_addr_v4(0x0a0000fa + lo), ip_addr_v4(0x0a0000fa + hi) };
}

static void check_pair(unsigned a_lo, unsigned a_hi, unsigned b_lo, unsigned b_hi, unsigned n)
{
    struct ip_range a = small_range(a_lo, a_hi), b = small_range(b_lo, b_hi);
    struct ip_range untouched = range("::/0"), both = untouched;
    bool meet = ip_range_intersect(&a, &b, &both), model_meet = false, model_covers = true;

    for (unsigned i = 0; i < n; i++) {
        struct ip_addr at = ip_addr_v4(0x0a0000fa + i);
        bool in_a = i >= a_lo && i <= a_hi, in_b = i >= b_lo && i <= b_hi;

        assert_int_equal(ip_range_contains(&a, &at), in_a);
        if (meet)
            assert_int_equal(ip_range_contains(&both, &at), in_a && in_b);
        model_meet = model_meet || (in_a && in_b);
        model_covers = model_covers && (in_a || !in_b);
    }
    assert_int_equal(meet, model_meet);
    assert_int_equal(ip_range_covers(&a, &b), model_covers);
    if (!meet)
        assert_memory_equal(&both, &untouched, sizeof both);
}

static void intersection_agrees_with_sets(void **state)
{
    enum { N = 12 };

    (void)state;
    for (unsigned a_lo = 0; a_lo < N; a_lo++)
        for (unsigned a_hi = a_lo; a_hi < N; a_hi++)
            for (unsigned b_lo = 0; b_lo < N; b_lo++)
                for (unsigned b_hi = b_lo; b_hi < N; b_hi++)
                    check_pair(a_lo, a_hi, b_lo, b_hi, N);
}

static void families_do_not_meet(void **state)
{
    struct ip_range v4 = range("0.0.0.0/0"), v6 = range("::/0"), ret;

    (void)state;
    assert_false(ip_range_intersect(&v4, &v6, &ret));
    assert_false(ip_range_contains(&v6, &v4.lo));
    assert_false(ip_range_covers(&v6, &v4));
}

struct prefix_list {
    struct {
        struct ip_addr net;
        unsigned len;
    } at[256];
    size_t n;
};

static void note_prefix(void *user, const struct ip_addr *net, unsigned len)
{
    struct prefix_list *list = user;

    assert_true(list->n < 256);
    list->at[list->n].net = *net;
    list->at[list->n++].len = len;
}

/* The model: a node of the prefix tree inside the range is an answer, one that
 * only touches it is split into its halves. */
static void walk_tree(const struct ip_range *r, struct ip_addr net, unsigned len,
                      struct prefix_list *list)
{
    unsigned bits = (unsigned)(8 * ip_addr_len(&net));
    struct ip_range node = { net, net }, meet;

    for (unsigned i = len; i < bits; i++)
        node.hi.b[i / 8] |= (uint8_t)(0x80 >> i % 8);
    if (!ip_range_intersect(r, &node, &meet))
        return;
    if (ip_range_covers(r, &node)) {
        note_prefix(list, &net, len);
        return;
    }
    walk_tree(r, net, len + 1, list);
    net.b[len / 8] |= (uint8_t)(0x80 >> len % 8);
    walk_tree(r, net, len + 1, list);
}

static void check_prefixes(const struct ip_range *r)
{
    static struct prefix_list got, model;
    struct ip_addr root = { .family = r->lo.family };

    got.n = model.n = 0;
    ip_range_each_prefix(r, note_prefix, &got);
    walk_tree(r, root, 0, &model);
    assert_int_equal(got.n, model.n);
    for (size_t i = 0; i < got.n; i++) {
        assert_true(ip_addr_eq(&got.at[i].net, &model.at[i].net));
        assert_int_equal(got.at[i].len, model.at[i].len);
    }
    assert_int_equal(ip_range_prefix_len(r), got.n == 1 ? (int)got.at[0].len : -1);
}

static void prefixes_of_every_small_range_agree_with_the_tree(void **state)
{
    (void)state;
    for (unsigned lo = 0; lo < 80; lo++)
        for (unsigned hi = lo; hi < 80; hi++) {
            struct ip_range r = small_range(lo, hi);

            check_prefixes(&r);
        }
}

static void prefixes_of_random_ranges_agree_with_the_tree(void **state)
{
    struct seeded_rng seeded;
    struct rng rng = seeded_rng_init(&seeded, seeded_rng_seed("test_ip"));

    (void)state;
    for (int i = 0; i < 2000; i++) {
        struct ip_range r = { { .family = i % 2 ? 4 : 6 }, { .family = i % 2 ? 4 : 6 } };
        size_t len = ip_addr_len(&r.lo);
        size_t same = rng_below(&rng, (uint32_t)len); /* leading bytes in common */

        rng_fill(&rng, r.lo.b, len);
        memcpy(r.hi.b, r.lo.b, same);
        rng_fill(&rng, r.hi.b + same, len - same);
        if (ip_addr_cmp(&r.lo, &r.hi) > 0) {
            struct ip_addr swap = r.lo;

            r.lo = r.hi;
            r.hi = swap;
        }
        check_prefixes(&r);
    }
}

static void the_ends_of_the_address_space_do_not_wrap(void **state)
{
    static const char *const edges[] = { "0.0.0.0/0",
                                         "::/0",
                                         "0.0.0.1-255.255.255.255",
                                         "255.255.255.255",
                                         "255.255.255.254-255.255.255.255",
                                         "::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" };

    (void)state;
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        struct ip_range r = range(edges[i]);

        check_prefixes(&r);
    }
}

static void socket_addresses_go_both_ways(void **state)
{
    struct ip_endpoint in[2] = { { addr("192.0.2.1"), 500 }, { addr("2001:db8::7"), 4500 } }, out;
    struct sockaddr_storage ss;
    struct sockaddr un = { .sa_family = AF_UNIX };

    (void)state;
    assert_int_equal(ip_to_sockaddr(&in[0], &ss), sizeof(struct sockaddr_in));
    assert_int_equal(((struct sockaddr_in *)(void *)&ss)->sin_port, htons(500));
    for (int i = 0; i < 2; i++) {
        ip_to_sockaddr(&in[i], &ss);
        assert_int_equal(ip_from_sockaddr((struct sockaddr *)&ss, &out), 0);
        assert_true(ip_endpoint_eq(&in[i], &out));
    }
    assert_int_equal(ip_from_sockaddr(&un, &out), ERR_UNSUPPORTED);
    assert_true(ip_endpoint_eq(&in[1], &out)); /* unchanged */
    out.port++;
    assert_false(ip_endpoint_eq(&in[1], &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_forms_come_back_as_they_went_in),
        cmocka_unit_test(a_single_address_is_a_range_of_one),
        cmocka_unit_test(wrong_ranges_are_refused_and_change_nothing),
        cmocka_unit_test(an_unset_address_is_told_from_a_set_one),
        cmocka_unit_test(intersection_agrees_with_sets),
        cmocka_unit_test(families_do_not_meet),
        cmocka_unit_test(prefixes_of_every_small_range_agree_with_the_tree),
        cmocka_unit_test(prefixes_of_random_ranges_agree_with_the_tree),
        cmocka_unit_test(the_ends_of_the_address_space_do_not_wrap),
        cmocka_unit_test(socket_addresses_go_both_ways),
    };
    return cmocka_run_group_tests_name("ip", tests, NULL, NULL);
}
