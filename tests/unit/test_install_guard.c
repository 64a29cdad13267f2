/* SPDX-License-Identifier: Apache-2.0 */
/* guard.c: from connections to entries of the drop rule. */
#include "tests/unit/install_kit.h"

#include <stdio.h>
#include <string.h>

/* The fake counts entries; what is in them is seen on the way. */
static struct nic_guard_entry seen[300];
static size_t n_seen;
static int (*real_guard_set)(struct nic_device *dev, const struct nic_guard_entry *entries,
                             size_t n, struct err *err);

static int see_guard(struct nic_device *dev, const struct nic_guard_entry *entries, size_t n,
                     struct err *err)
{
    n_seen = n;
    if (n)
        memcpy(seen, entries, (n < 300 ? n : 300) * sizeof *seen);
    return real_guard_set(dev, entries, n, err);
}

static struct nic_ops watched_ops;

static int open_watched(void **state)
{
    if (kit_open(state))
        return -1;
    watched_ops = *fake.dev->ops;
    real_guard_set = watched_ops.guard_set;
    watched_ops.guard_set = see_guard;
    fake.dev->ops = &watched_ops;
    n_seen = 999;
    return 0;
}

static struct ike_conn *conn_with(const char *name, const char *local_ts, const char *remote_ts)
{
    struct ike_conn *conn = ike_conn_new(name);
    struct ike_child_conf *child = &conn->children[0];

    ike_child_conf_init(child, "net");
    conn->n_children = 1;
    child->local_ts = (struct ike_ts_list){ 1, { kit_ts(local_ts) } };
    child->remote_ts = (struct ike_ts_list){ 1, { kit_ts(remote_ts) } };
    return conn;
}

static const char *local_text(size_t i)
{
    static char text[IP_RANGE_TEXT_LEN];

    return ip_range_text(&seen[i].sel.local, text);
}

static const char *remote_text(size_t i)
{
    static char text[IP_RANGE_TEXT_LEN];

    return ip_range_text(&seen[i].sel.remote, text);
}

static void plain_selectors_are_closed_as_they_stand(void **state)
{
    struct ike_conn *conn = conn_with("c", "10.1.0.0/24", "10.2.0.0/16[tcp/443]");

    (void)state;
    assert_int_equal(install_guard(kit.in, &conn, 1, NULL), 0);
    assert_int_equal(n_seen, 1);
    assert_string_equal(local_text(0), "10.1.0.0/24");
    assert_string_equal(remote_text(0), "10.2.0.0/16");
    assert_int_equal(seen[0].sel.proto, 6);
    assert_int_equal(seen[0].sel.remote_port_lo, 443);
    assert_int_equal(seen[0].sel.remote_port_hi, 443);
    assert_int_equal(seen[0].sel.local_port_hi, UINT16_MAX);
    assert_string_equal(seen[0].label, "c/net");
    ike_conn_unref(conn);
}

static void dynamic_is_the_endpoints_address_where_it_is_one(void **state)
{
    struct ike_conn *conn = conn_with("c", "dynamic", "dynamic");

    (void)state;
    conn->n_local_addrs = conn->n_remote_addrs = 1;
    conn->local_addrs[0] = ip_addr_v4(0xc0000201);
    conn->remote_addrs[0] = (struct ip_range){ ip_addr_v4(0xc0000202), ip_addr_v4(0xc0000202) };
    assert_int_equal(install_guard(kit.in, &conn, 1, NULL), 0);
    assert_int_equal(n_seen, 1);
    assert_string_equal(local_text(0), "192.0.2.1/32");
    assert_string_equal(remote_text(0), "192.0.2.2/32");
    /* A peer from anywhere in a net cannot be closed before it is known. */
    assert_int_equal(ip_range_parse("192.0.2.0/24", &conn->remote_addrs[0]), 0);
    assert_int_equal(install_guard(kit.in, &conn, 1, NULL), 0);
    assert_int_equal(n_seen, 0);
    /* Beside it, what is known is closed. */
    conn->children[0].remote_ts.n = 2;
    conn->children[0].remote_ts.ts[1] = kit_ts("10.9.0.0/16");
    assert_int_equal(install_guard(kit.in, &conn, 1, NULL), 0);
    assert_int_equal(n_seen, 1);
    assert_string_equal(remote_text(0), "10.9.0.0/16");
    ike_conn_unref(conn);
}

static void families_are_paired_with_their_own(void **state)
{
    struct ike_conn *conn = conn_with("c", "10.1.0.0/24", "10.2.0.0/24");
    struct ike_child_conf *child = &conn->children[0];
    struct err err = { 0 };

    (void)state;
    child->local_ts.n = child->remote_ts.n = 2;
    child->local_ts.ts[1] = kit_ts("fd00:1::/64");
    child->remote_ts.ts[1] = kit_ts("fd00:2::/64");
    assert_int_equal(install_guard(kit.in, &conn, 1, NULL), 0);
    assert_int_equal(n_seen, 2);
    assert_string_equal(local_text(1), "fd00:1::/64");
    assert_string_equal(remote_text(1), "fd00:2::/64");
    child->local_ts.n = 1;
    child->remote_ts.ts[0] = child->remote_ts.ts[1];
    child->remote_ts.n = 1;
    assert_int_equal(install_guard(kit.in, &conn, 1, &err), ERR_INVALID);
    assert_non_null(strstr(err.text, "c/net"));
    assert_int_equal(n_seen, 2); /* what stood stands */
    ike_conn_unref(conn);
}

static void every_connection_and_pair_has_its_entry(void **state)
{
    struct ike_conn *conns[2] = { conn_with("a", "10.1.0.0/24", "10.2.0.0/24"),
                                  conn_with("b", "10.1.0.0/24", "10.3.0.0/24") };
    struct ike_child_conf *child = &conns[1]->children[0];
    char text[32];

    (void)state;
    for (uint8_t i = 0; i < IKE_TS_MAX; i++) {
        snprintf(text, sizeof text, "10.20.%u.0/24", i);
        child->local_ts.ts[i] = child->remote_ts.ts[i] = kit_ts(text);
    }
    child->local_ts.n = child->remote_ts.n = IKE_TS_MAX;
    assert_int_equal(install_guard(kit.in, conns, 2, NULL), 0);
    assert_int_equal(n_seen, 1 + IKE_TS_MAX * IKE_TS_MAX);
    assert_string_equal(seen[0].label, "a/net");
    assert_string_equal(seen[256].label, "b/net");
    assert_int_equal(install_guard(kit.in, NULL, 0, NULL), 0);
    assert_int_equal(n_seen, 0);
    ike_conn_unref(conns[0]);
    ike_conn_unref(conns[1]);
}

static void a_name_that_fits_no_label_is_refused(void **state)
{
    struct ike_conn *conn =
        conn_with("a-connection-with-a-name-of-forty-eight-bytes--", "10.1.0.0/24", "10.2.0.0/24");
    struct err err = { 0 };

    (void)state;
    ike_child_conf_init(&conn->children[0], "seventeen--bytes-");
    assert_int_equal(install_guard(kit.in, &conn, 1, &err), ERR_INVALID);
    assert_int_equal(n_seen, 999);
    ike_conn_unref(conn);
}

static void without_memory_the_rule_that_stands_stays(void **state)
{
    struct ike_conn *conn = conn_with("c", "10.1.0.0/24", "10.2.0.0/24");

    (void)state;
    for (unsigned n = 1; n <= 2; n++) {
        mem_fail_nth(n);
        assert_int_equal(install_guard(kit.in, &conn, 1, NULL), ERR_NOMEM);
        assert_int_equal(n_seen, 999);
    }
    assert_int_equal(install_guard(kit.in, &conn, 1, NULL), 0);
    ike_conn_unref(conn);
}

static void what_is_configured_no_longer_is_let_go(void **state)
{
    struct ike_conn *conn = conn_with("c", "10.1.0.0/24", "10.2.0.0/24");

    (void)state;
    kit_install(1);
    kit_reopen();
    assert_int_equal(install_guard(kit.in, &conn, 1, NULL), 0);
    install_process(kit.in, NS_PER_S);
    assert_int_equal(fake_n_sas(), 2);
    assert_int_equal(install_guard(kit.in, NULL, 0, NULL), 0);
    install_process(kit.in, 2 * NS_PER_S);
    assert_int_equal(fake_n_sas(), 0);
    ike_conn_unref(conn);
}

#define KIT_TEST(f) cmocka_unit_test_setup_teardown(f, open_watched, kit_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(plain_selectors_are_closed_as_they_stand),
        KIT_TEST(dynamic_is_the_endpoints_address_where_it_is_one),
        KIT_TEST(families_are_paired_with_their_own),
        KIT_TEST(every_connection_and_pair_has_its_entry),
        KIT_TEST(a_name_that_fits_no_label_is_refused),
        KIT_TEST(without_memory_the_rule_that_stands_stays),
        KIT_TEST(what_is_configured_no_longer_is_let_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
