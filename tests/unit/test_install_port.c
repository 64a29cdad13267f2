/* SPDX-License-Identifier: Apache-2.0 */
/* install.c, rules.c: order, moves, removal under way, failures, memory. */
#include "tests/unit/install_kit.h"

#include <string.h>

static void a_child_goes_in_inbound_first_and_its_rule_last(void **state)
{
    const enum nic_batch_kind order[] = { NIC_OP_SA_ADD, NIC_OP_SA_ADD, NIC_OP_RULE_ADD };
    const uint8_t salt[4] = { 's', 'a', 'l', 'O' };
    uint8_t key[16];

    (void)state;
    kit_install(1);
    assert_int_equal(kit.n_installed, 1);
    assert_int_equal(kit.job, 1);
    assert_int_equal(kit.code, 0);
    assert_int_equal(fake.n_log, 3);
    assert_memory_equal(fake.log, order, sizeof order);
    assert_int_equal(fake.n_submits, 1);
    /* The second SA was the outbound one: ids grow with the order of adding. */
    assert_true(kit_sa(0x1001, true) < kit_sa(0x2001, false));
    memset(key, 0x81, sizeof key);
    assert_memory_equal(fake.last_key, key, sizeof key);
    assert_memory_equal(fake.last_salt, salt, sizeof salt);
    assert_int_equal(kit_rule_target(0), kit_sa(0x2001, false));
    assert_int_equal(fake_n_rules(), 1);
    assert_int_equal(kit.n_keys, 1);
    assert_int_equal(kit.key_seen[0], 0x41);
}

static void a_standby_child_gets_the_traffic_when_it_is_activated(void **state)
{
    struct ike_child_install req = kit_request(2);
    uint64_t rule;

    (void)state;
    kit_install(1);
    rule = kit_rule_id(0);
    req.out_standby = true;
    kit.port.install(kit.port.user, 2, &req);
    assert_int_equal(kit.code, 0);
    assert_int_equal(kit_rule_target(0), kit_sa(0x2001, false));
    kit.port.activate_out(kit.port.user, 2);
    assert_int_equal(kit_rule_target(0), kit_sa(0x2002, false));
    assert_int_equal(kit_rule_id(0), rule);
    assert_int_equal(kit_count(NIC_OP_RULE_ADD), 1);
    assert_int_equal(kit_count(NIC_OP_RULE_DEL), 0);
    assert_int_equal(kit_count(NIC_OP_RULE_MOVE), 1);
    /* A second time there is nothing to do. */
    kit.port.activate_out(kit.port.user, 2);
    assert_int_equal(kit_count(NIC_OP_RULE_MOVE), 1);
}

static void a_rekey_moves_the_rule_and_never_deletes_it(void **state)
{
    (void)state;
    kit_install(1);
    for (uint64_t id = 2; id < 10; id++) {
        kit_install(id);
        kit.port.remove(kit.port.user, id - 1);
        assert_int_equal(kit_rule_target(0), kit_sa(0x2000u + (uint32_t)id, false));
        assert_int_equal(fake_n_sas(), 2);
        assert_int_equal(fake_n_rules(), 1);
    }
    assert_int_equal(kit_count(NIC_OP_RULE_ADD), 1);
    assert_int_equal(kit_count(NIC_OP_RULE_DEL), 0);
    kit.port.remove(kit.port.user, 9);
    assert_int_equal(fake_n_sas(), 0);
    assert_int_equal(fake_n_rules(), 0);
}

/* The responder of a rekey that sees the delete of the old Child SA. */
static void letting_go_of_the_old_child_while_the_switch_is_under_way_keeps_the_rule(void **state)
{
    struct ike_child_install req = kit_request(2);

    (void)state;
    kit_install(1);
    req.out_standby = true;
    kit.port.install(kit.port.user, 2, &req);
    fake.late = true;
    kit.port.activate_out(kit.port.user, 2);
    kit.port.remove(kit.port.user, 1);
    fake_complete();
    fake_complete();
    assert_int_equal(fake_n_sas(), 2);
    assert_int_equal(fake_n_rules(), 1);
    assert_int_equal(kit_rule_target(0), kit_sa(0x2002, false));
    fake.late = false;
    kit.port.remove(kit.port.user, 2);
    assert_int_equal(fake_n_rules(), 0);
}

static void a_switch_that_fails_leaves_the_traffic_where_it_was(void **state)
{
    struct ike_child_install req = kit_request(2);

    (void)state;
    kit_install(1);
    req.out_standby = true;
    kit.port.install(kit.port.user, 2, &req);
    fake.fail_op = 1;
    kit.port.activate_out(kit.port.user, 2);
    assert_int_equal(kit_rule_target(0), kit_sa(0x2001, false));
    kit.port.activate_out(kit.port.user, 2); /* may be tried again */
    assert_int_equal(kit_rule_target(0), kit_sa(0x2002, false));
    kit.port.remove(kit.port.user, 1);
    assert_int_equal(fake_n_rules(), 1);
}

static void a_child_removed_while_its_install_is_under_way_leaves_nothing(void **state)
{
    (void)state;
    fake.late = true;
    kit_install(1);
    kit.port.remove(kit.port.user, 1);
    assert_int_equal(kit.n_installed, 0);
    fake_complete();
    assert_int_equal(kit.n_installed, 1);
    fake_complete();
    assert_int_equal(fake_n_sas(), 0);
    assert_int_equal(fake_n_rules(), 0);
}

static void remove_it(struct kit *k)
{
    k->on_installed = NULL;
    k->port.remove(k->port.user, k->job);
}

static void the_answer_to_an_install_may_remove_the_child(void **state)
{
    (void)state;
    kit.on_installed = remove_it;
    kit_install(1);
    assert_int_equal(fake_n_sas(), 0);
    assert_int_equal(fake_n_rules(), 0);
    fake.fail_op = 1;
    kit.on_installed = remove_it;
    kit_install(2);
    assert_int_equal(kit.code, ERR_DEVICE);
    assert_int_equal(fake_n_sas(), 0);
}

static void a_batch_that_fails_at_any_op_leaves_nothing(void **state)
{
    (void)state;
    for (unsigned op = 1; op <= 3; op++) {
        fake.fail_op = op;
        kit_install(op);
        assert_int_equal(kit.n_installed, op);
        assert_int_equal(kit.code, ERR_DEVICE);
        assert_non_null(strstr(kit.text, "told to fail"));
        assert_int_equal(fake_n_sas(), 0);
        assert_int_equal(fake_n_rules(), 0);
        kit.port.remove(kit.port.user, op); /* nothing is there to be removed */
    }
    kit_install(4);
    assert_int_equal(kit.code, 0);
    assert_int_equal(fake_n_rules(), 1);
}

static void a_second_install_of_a_tunnel_under_way_is_refused_and_harms_nothing(void **state)
{
    (void)state;
    fake.late = true;
    kit_install(1);
    kit_install(2);
    assert_int_equal(kit.job, 2);
    assert_int_equal(kit.code, ERR_BUSY);
    fake_complete();
    assert_int_equal(kit.job, 1);
    assert_int_equal(kit.code, 0);
    assert_int_equal(kit_rule_target(0), kit_sa(0x2001, false));
    assert_int_equal(fake_n_sas(), 2);
    fake.late = false;
    kit.port.remove(kit.port.user, 1);
    assert_int_equal(fake_n_rules(), 0); /* its record was still there */
}

static void a_removal_that_finds_no_memory_is_tried_again(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 8; n++) {
        kit_install(n);
        assert_int_equal(kit.code, 0);
        mem_fail_nth(n);
        kit.port.remove(kit.port.user, n);
        mem_fail_nth(0);
        if (fake_n_sas()) {
            assert_int_equal(fake_n_sas(), 2); /* all or nothing */
            assert_int_equal(install_next_wakeup(kit.in), NS_PER_S);
            install_process(kit.in, 2 * NS_PER_S);
        }
        assert_int_equal(fake_n_sas(), 0);
        assert_int_equal(fake_n_rules(), 0);
        assert_int_equal(install_next_wakeup(kit.in), 0);
        install_process(kit.in, 0);
    }
}

static void every_allocation_that_fails_refuses_the_install_whole(void **state)
{
    unsigned refused = 0;

    (void)state;
    for (unsigned n = 1; n < 64; n++) {
        mem_fail_nth(n);
        kit_install(n);
        mem_fail_nth(0);
        assert_int_equal(kit.n_installed, n);
        if (kit.code == 0) {
            assert_int_equal(fake_n_sas(), 2);
            kit.port.remove(kit.port.user, n);
        } else {
            assert_int_equal(kit.code, ERR_NOMEM);
            assert_true(kit.text[0] != '\0');
            refused++;
        }
        assert_int_equal(fake_n_sas(), 0);
        assert_int_equal(fake_n_rules(), 0);
    }
    assert_in_range(refused, 5, 40);
}

static void a_rekey_without_memory_leaves_the_old_child_in_use(void **state)
{
    (void)state;
    kit_install(1);
    for (unsigned n = 2; n < 40; n++) {
        mem_fail_nth(n - 1);
        kit_install(n);
        mem_fail_nth(0);
        assert_int_equal(fake_n_rules(), 1);
        if (kit.code) {
            assert_int_equal(kit_rule_target(0), kit_sa(0x2001, false));
        } else {
            kit.port.remove(kit.port.user, 1);
            assert_int_equal(kit_rule_target(0), kit_sa(0x2000 + n, false));
            return;
        }
    }
    fail_msg("no install ever passed");
}

static void closing_with_a_batch_under_way_tells_nobody(void **state)
{
    (void)state;
    fake.late = true;
    kit_install(1);
    install_free(kit.in);
    kit.in = NULL;
    assert_int_equal(kit.n_installed, 0);
    assert_int_equal(kit.n_keys, 0);
}

static void what_cannot_be_installed_is_refused_by_name(void **state)
{
    struct ike_child_install req = kit_request(1);

    (void)state;
    req.suite.encr.key_bits = 192;
    kit.port.install(kit.port.user, 1, &req);
    assert_int_equal(kit.code, ERR_UNSUPPORTED);
    assert_non_null(strstr(kit.text, "192-bit"));

    req = kit_request(2);
    req.key_in.encr_len = 4;
    kit.port.install(kit.port.user, 2, &req);
    assert_int_equal(kit.code, ERR_INVALID);

    req = kit_request(3);
    req.remote_ts.ts[0] = kit_ts("fd00::/64");
    kit.port.install(kit.port.user, 3, &req);
    assert_int_equal(kit.code, ERR_INVALID);
    assert_non_null(strstr(kit.text, "family"));

    req = kit_request(4);
    req.conn = "a-connection-with-a-name-of-forty-eight-bytes--";
    req.name = "seventeen--bytes-";
    kit.port.install(kit.port.user, 4, &req);
    assert_int_equal(kit.code, ERR_INVALID);
    assert_non_null(strstr(kit.text, "62 bytes"));
    req.name = "fifteen-bytes--"; /* 47 + 1 + 15 fit */
    kit.port.install(kit.port.user, 5, &req);
    assert_int_equal(kit.code, 0);
}

static void every_pair_of_selectors_has_its_rule_up_to_the_limit(void **state)
{
    struct ike_child_install req = kit_request(1);
    static const char *const local[] = { "10.1.0.0/24", "10.1.1.0/24", "10.1.2.0/24", "10.1.3.0/24",
                                         "fd00::/64" };

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        req.local_ts.ts[i] = kit_ts(local[i]);
        req.remote_ts.ts[i] = kit_ts(local[i]);
    }
    req.local_ts.n = req.remote_ts.n = 4;
    kit.port.install(kit.port.user, 1, &req);
    assert_int_equal(kit.code, 0);
    assert_int_equal(fake_n_rules(), 16);
    kit.port.remove(kit.port.user, 1);
    assert_int_equal(fake_n_rules(), 0);
    /* Another family makes no pair with IPv4, and a seventeenth does not fit. */
    req.local_ts.ts[4] = req.remote_ts.ts[4] = kit_ts(local[4]);
    req.local_ts.n = 5;
    kit.port.install(kit.port.user, 2, &req);
    assert_int_equal(kit.code, 0);
    assert_int_equal(fake_n_rules(), 16);
    kit.port.remove(kit.port.user, 2);
    req.remote_ts.n = 5;
    kit.port.install(kit.port.user, 3, &req);
    assert_int_equal(kit.code, ERR_FULL);
}

static void spis_come_from_the_device_and_go_back(void **state)
{
    uint32_t spi;

    (void)state;
    for (unsigned i = 0; i < FAKE_TABLE; i++)
        kit.port.spi_reserve(kit.port.user, 10 + i);
    assert_int_equal(kit.code, 0);
    assert_int_equal(kit.job, 10 + FAKE_TABLE - 1);
    spi = kit.spi;
    assert_true(spi >= 256);
    kit.port.spi_reserve(kit.port.user, 99);
    assert_int_equal(kit.code, ERR_FULL);
    kit.port.spi_release(kit.port.user, spi);
    kit.port.spi_reserve(kit.port.user, 100);
    assert_int_equal(kit.code, 0);
}

static void the_peers_new_address_goes_to_the_outbound_sa(void **state)
{
    struct ike_path path = kit_request(1).path;
    struct install_child_state seen;

    (void)state;
    kit_install(1);
    path.remote.port = 61000;
    fake.late = true;
    kit.port.update_path(kit.port.user, 1, &path, true);
    kit.port.remove(kit.port.user, 1); /* waits for the batch under way */
    assert_int_equal(fake_n_sas(), 2);
    fake_complete();
    assert_int_equal(kit_count(NIC_OP_SA_ENDPOINT), 1);
    fake_complete();
    assert_int_equal(fake_n_sas(), 0);
    assert_false(install_child_query(kit.in, 1, &seen));
}

static void the_control_socket_sees_counters_and_placement(void **state)
{
    struct install_child_state seen;
    struct install_device_counters counters;
    struct install_device_desc descs[8];
    size_t n, in_use = 0;

    (void)state;
    kit_install(1);
    fake_counters(kit_sa(0x2001, false))->packets = 5;
    fake_counters(kit_sa(0x2001, false))->bytes = 500;
    fake_counters(kit_sa(0x2001, false))->seq = UINT64_C(1) << 62;
    assert_true(install_child_query(kit.in, 1, &seen));
    assert_true(seen.in.known && seen.out.known);
    assert_int_equal(seen.out.packets, 5);
    assert_int_equal(seen.out.bytes, 500);
    assert_true(seen.out.seq_used_percent > 24.9 && seen.out.seq_used_percent < 25.1);
    assert_string_equal(seen.out.requested, "off");
    assert_string_equal(seen.out.actual.level, "software");
    assert_true(install_device_counters(kit.in, &counters));
    assert_true(counters.up);
    assert_int_equal(counters.keepalive_rx, 3);
    n = install_devices(kit.in, descs, 8);
    assert_true(n >= 1);
    for (size_t i = 0; i < n; i++)
        in_use += descs[i].in_use; /* "fake", and not "fakehw" */
    assert_int_equal(in_use, 1);
    assert_int_equal(install_devices(kit.in, descs, 1), 1);
    assert_false(install_child_query(kit.in, 2, &seen));
    assert_false(install_child_query(kit.in, 0, &seen));
}

#define KIT_TEST(f) cmocka_unit_test_setup_teardown(f, kit_open, kit_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(a_child_goes_in_inbound_first_and_its_rule_last),
        KIT_TEST(a_standby_child_gets_the_traffic_when_it_is_activated),
        KIT_TEST(a_rekey_moves_the_rule_and_never_deletes_it),
        KIT_TEST(letting_go_of_the_old_child_while_the_switch_is_under_way_keeps_the_rule),
        KIT_TEST(a_switch_that_fails_leaves_the_traffic_where_it_was),
        KIT_TEST(a_child_removed_while_its_install_is_under_way_leaves_nothing),
        KIT_TEST(the_answer_to_an_install_may_remove_the_child),
        KIT_TEST(a_batch_that_fails_at_any_op_leaves_nothing),
        KIT_TEST(a_second_install_of_a_tunnel_under_way_is_refused_and_harms_nothing),
        KIT_TEST(a_removal_that_finds_no_memory_is_tried_again),
        KIT_TEST(every_allocation_that_fails_refuses_the_install_whole),
        KIT_TEST(a_rekey_without_memory_leaves_the_old_child_in_use),
        KIT_TEST(closing_with_a_batch_under_way_tells_nobody),
        KIT_TEST(what_cannot_be_installed_is_refused_by_name),
        KIT_TEST(every_pair_of_selectors_has_its_rule_up_to_the_limit),
        KIT_TEST(spis_come_from_the_device_and_go_back),
        KIT_TEST(the_peers_new_address_goes_to_the_outbound_sa),
        KIT_TEST(the_control_socket_sees_counters_and_placement),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
