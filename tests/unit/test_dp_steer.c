/* SPDX-License-Identifier: Apache-2.0 */
/* test_dp_steer: which routes stand for which rules, and none twice. */
#include "tests/unit/dp_kit.h"
#include "utils/base/log.h"
#include "utils/dp/steer.h"

static struct steer steer;
static char routes[64][80]; /* as the kernel would have them */
static size_t n_routes, fail_at;
static struct ip_addr local;

static void text_of(const struct net_route *r, char out[80])
{
    char net[IP_TEXT_LEN], src[IP_TEXT_LEN];

    snprintf(out, 80, "%s %s/%u src %s", r->kind == NET_ROUTE_TUN ? "tun" : "throw",
             ip_addr_text(&r->net, net), r->len, ip_addr_text(&r->src, src));
}

static int add(void *user, const struct net_route *route, struct err *err)
{
    (void)user;
    if (fail_at && --fail_at == 0)
        return err_set(err, ERR_IO, "no");
    text_of(route, routes[n_routes++]);
    return 0;
}

static int del(void *user, const struct net_route *route, struct err *err)
{
    char text[80];

    (void)user;
    (void)err;
    text_of(route, text);
    for (size_t i = 0; i < n_routes; i++)
        if (!strcmp(routes[i], text)) {
            memcpy(routes[i], routes[--n_routes], sizeof routes[i]);
            return 0;
        }
    fail_msg("%s was never added", text);
    return 0;
}

static int local_addr(void *user, const struct ip_range *range, struct ip_addr *ret)
{
    (void)user;
    if (!local.family || !ip_range_contains(range, &local))
        return ERR_NOTFOUND;
    *ret = local;
    return 0;
}

static int setup(void **state)
{
    struct steer_port port = { add, del, local_addr, NULL };

    (void)state;
    n_routes = fail_at = 0;
    local = (struct ip_addr){ 0 };
    steer_init(&steer, &port, 7);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    steer_fini(&steer);
    return 0;
}

static bool has(const char *text)
{
    for (size_t i = 0; i < n_routes; i++)
        if (!strcmp(routes[i], text))
            return true;
    return false;
}

static void a_rule_brings_its_prefix_with_a_source_inside(void **state)
{
    struct nic_selector s = kit_selector("10.1.0.0/24", "10.2.0.0/24");

    (void)state;
    local = ip_addr_v4(0x0a010001);
    assert_int_equal(steer_add(&steer, &s, NULL), 0);
    assert_int_equal(n_routes, 1);
    assert_true(has("tun 10.2.0.0/24 src 10.1.0.1"));
    steer_del(&steer, &s);
    assert_int_equal(n_routes, 0);
}

static void a_range_becomes_prefixes(void **state)
{
    struct nic_selector s = kit_selector("10.1.0.0/24", "10.2.0.1-10.2.0.6");

    (void)state;
    assert_int_equal(steer_add(&steer, &s, NULL), 0);
    assert_int_equal(n_routes, 4);
    assert_true(has("tun 10.2.0.2/31 src %any"));
    assert_true(has("tun 10.2.0.4/31 src %any"));
    steer_del(&steer, &s);
    assert_int_equal(n_routes, 0);
}

static void a_shared_prefix_goes_with_its_last_rule(void **state)
{
    struct nic_selector a = kit_selector("10.1.0.0/24", "10.2.0.0/24");
    struct nic_selector b = kit_selector("10.3.0.0/24", "10.2.0.0/24");

    (void)state;
    assert_int_equal(steer_add(&steer, &a, NULL), 0);
    assert_int_equal(steer_add(&steer, &b, NULL), 0);
    assert_int_equal(n_routes, 1);
    steer_del(&steer, &a);
    assert_int_equal(n_routes, 1);
    steer_del(&steer, &b);
    assert_int_equal(n_routes, 0);
}

static void a_remote_side_that_holds_the_local_one_leaves_a_way_back(void **state)
{
    struct nic_selector s = kit_selector("10.1.0.0/24", "0.0.0.0/0");

    (void)state;
    assert_int_equal(steer_add(&steer, &s, NULL), 0);
    assert_int_equal(n_routes, 2);
    assert_true(has("throw 10.1.0.0/24 src %any"));
    assert_true(has("tun 0.0.0.0/0 src %any"));
    steer_del(&steer, &s);
    assert_int_equal(n_routes, 0);
}

static void a_failure_anywhere_leaves_nothing(void **state)
{
    struct nic_selector s = kit_selector("10.1.0.0/24", "10.0.255.3-10.1.0.6");
    size_t total;

    (void)state;
    assert_int_equal(steer_add(&steer, &s, NULL), 0);
    total = n_routes;
    assert_true(total > 4);
    steer_del(&steer, &s);
    for (size_t nth = 1; nth <= total; nth++) {
        fail_at = nth;
        assert_int_equal(steer_add(&steer, &s, NULL), ERR_IO);
        assert_int_equal(n_routes, 0);
        assert_int_equal(steer.n_routes, 0);
    }
    for (size_t nth = 1; nth <= total; nth++) {
        fail_at = 0;
        mem_fail_nth(nth);
        assert_int_equal(steer_add(&steer, &s, NULL), ERR_NOMEM);
        mem_fail_nth(0);
        assert_int_equal(n_routes, 0);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_rule_brings_its_prefix_with_a_source_inside),
        T(a_range_becomes_prefixes),
        T(a_shared_prefix_goes_with_its_last_rule),
        T(a_remote_side_that_holds_the_local_one_leaves_a_way_back),
        T(a_failure_anywhere_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
