/* SPDX-License-Identifier: Apache-2.0 */
/* device.c: adoption, loss and return, events. */
#include "tests/unit/install_kit.h"

#include <stdio.h>
#include <string.h>

struct orphans {
    unsigned n;
    char text[4][96];
};

static void note_orphan(void *user, const struct install_orphan *o)
{
    struct orphans *seen = user;

    assert_true(seen->n < 4);
    snprintf(seen->text[seen->n++], 96, "%s %s %08x gen %u", o->label, o->dir, o->spi,
             o->generation);
}

static struct orphans orphans(void)
{
    struct orphans seen = { 0 };

    install_each_orphan(kit.in, note_orphan, &seen);
    return seen;
}

static void what_an_earlier_run_left_is_adopted_at_once(void **state)
{
    struct orphans seen;

    (void)state;
    kit_install(1);
    kit_reopen();
    assert_int_equal(fake_n_sas(), 2);
    seen = orphans();
    assert_int_equal(seen.n, 2);
    assert_string_equal(seen.text[0], "c/net in 00001001 gen 1");
    assert_string_equal(seen.text[1], "c/net out 00002001 gen 1");
    install_process(kit.in, 1000 * NS_PER_S);
    assert_int_equal(fake_n_sas(), 2); /* kept until replaced */
}

static void an_adopted_rule_is_moved_and_the_old_sas_drain(void **state)
{
    uint64_t rule;

    (void)state;
    kit_install(1);
    rule = kit_rule_id(0);
    kit_reopen();
    install_process(kit.in, 100 * NS_PER_S);
    kit_install(2);
    assert_int_equal(kit.code, 0);
    assert_int_equal(kit_rule_id(0), rule);
    assert_int_equal(kit_rule_target(0), kit_sa(0x2002, false));
    assert_int_equal(kit_count(NIC_OP_RULE_ADD), 0);
    assert_int_equal(fake_n_sas(), 4);
    assert_int_equal(install_next_wakeup(kit.in), 105 * NS_PER_S);
    install_process(kit.in, 105 * NS_PER_S - 1);
    assert_int_equal(fake_n_sas(), 4);
    install_process(kit.in, 105 * NS_PER_S);
    assert_int_equal(fake_n_sas(), 2);
    assert_int_equal(fake_n_rules(), 1);
    assert_int_equal(install_next_wakeup(kit.in), 0);
    assert_int_equal(orphans().n, 0);
}

static void a_standby_child_does_not_replace_what_was_adopted(void **state)
{
    struct ike_child_install req = kit_request(2);

    (void)state;
    kit_install(1);
    kit_reopen();
    req.out_standby = true;
    kit.port.install(kit.port.user, 2, &req);
    assert_int_equal(install_next_wakeup(kit.in), 0);
    kit.port.activate_out(kit.port.user, 2);
    assert_int_equal(install_next_wakeup(kit.in), 5 * NS_PER_S);
}

static void batch_done(struct nic_batch *batch, int code, const struct err *err)
{
    (void)batch, (void)err;
    assert_int_equal(code, 0);
}

static void half_a_child_is_adopted_and_removed_too(void **state)
{
    struct ike_conn *conn = ike_conn_new("other");

    (void)state;
    kit_install(1);
    kit_install(2);
    kit.port.remove(kit.port.user, 1);
    /* The crash came between two batches: an outbound SA alone is left. */
    {
        struct nic_batch_op op = { .kind = NIC_OP_SA_DEL, .id = kit_sa(0x1002, true) };
        struct nic_batch batch = { .ops = &op, .n_ops = 1, .done = batch_done };

        nic_submit(fake.dev, &batch);
    }
    assert_int_equal(fake_n_sas(), 1);
    kit_reopen();
    assert_int_equal(orphans().n, 1);
    assert_int_equal(install_guard(kit.in, &conn, 1, NULL), 0);
    assert_int_equal(kit.n_poll, 1); /* the loop learns of the new deadline */
    install_process(kit.in, NS_PER_S);
    assert_int_equal(fake_n_sas(), 0);
    assert_int_equal(fake_n_rules(), 0);
    ike_conn_unref(conn);
}

static void adoption_without_memory_forgets_it_whole_and_opens(void **state)
{
    bool failed = false;

    (void)state;
    kit_install(1);
    install_free(kit.in);
    for (unsigned n = 1; n < 64; n++) {
        mem_fail_nth(n);
        kit.in = kit_try_open(NULL);
        mem_fail_nth(0);
        if (kit.in && orphans().n) {
            assert_int_equal(orphans().n, 2);
            assert_true(failed);
            return;
        }
        failed = true;
        install_free(kit.in);
        kit.in = NULL;
        assert_int_equal(fake_n_sas(), 2);
    }
    fail_msg("never adopted");
}

static void sas_of_another_owner_are_left_alone(void **state)
{
    struct nic_batch_op op = { .kind = NIC_OP_SA_ADD };
    struct nic_batch batch = { .ops = &op, .n_ops = 1, .done = batch_done };
    struct nic_sa_attr attr = { .dir = NIC_DIR_IN, .spi = 0x7777, .label = "c/net" };

    (void)state;
    op.sa_attr = &attr;
    snprintf(fake.dev->owner, sizeof fake.dev->owner, "somebody");
    nic_submit(fake.dev, &batch);
    kit_reopen();
    assert_int_equal(orphans().n, 0);
    assert_int_equal(fake_n_sas(), 1);
}

static void each_child_is_lost_with_its_device_and_reported_when_it_is_back(void **state)
{
    (void)state;
    kit_install(1);
    {
        struct ike_child_install req = kit_request(2);

        req.name = "two";
        kit.port.install(kit.port.user, 2, &req);
    }
    fake_lose();
    assert_int_equal(kit.n_device, 1);
    assert_false(kit.up);
    assert_int_equal(kit.n_child, 0);
    kit_device_back();
    assert_true(kit.up);
    assert_int_equal(kit.n_child, 2);
    assert_int_equal(kit.child[0], 1);
    assert_int_equal(kit.child[1], 2);
    assert_int_equal(kit.what[0], IKE_CHILD_LOST);
    assert_int_equal(kit.what[1], IKE_CHILD_LOST);
    /* Once is enough. */
    kit_device_back();
    assert_int_equal(kit.n_child, 2);
    /* Replaced with new keys, then let go. */
    kit_install(3);
    assert_int_equal(kit.code, 0);
    kit.port.remove(kit.port.user, 1);
    assert_int_equal(fake_n_sas(), 2);
    assert_int_equal(kit_rule_target(0), kit_sa(0x2003, false));
}

static void let_go_of_all(struct kit *k, uint64_t child)
{
    (void)child;
    for (uint64_t id = 1; id <= 3; id++)
        k->port.remove(k->port.user, id);
}

static void the_core_may_let_go_of_every_child_when_told_of_one(void **state)
{
    (void)state;
    for (uint64_t id = 1; id <= 3; id++) {
        struct ike_child_install req = kit_request(id);
        char name[2] = { (char)('a' + id), 0 };

        req.name = name;
        kit.port.install(kit.port.user, id, &req);
    }
    fake_lose();
    kit.on_child = let_go_of_all;
    kit_device_back();
    assert_int_equal(kit.n_child, 1);
    assert_int_equal(fake_n_sas(), 0);
}

static void a_child_whose_switch_died_with_the_device_is_reported(void **state)
{
    struct ike_child_install req = kit_request(2);

    (void)state;
    kit_install(1);
    req.out_standby = true;
    kit.port.install(kit.port.user, 2, &req);
    fake.late = true;
    kit.port.activate_out(kit.port.user, 2);
    fake_lose();
    kit_device_back();
    assert_int_equal(kit.n_child, 2);
}

static void an_install_that_dies_with_the_device_is_answered_once(void **state)
{
    (void)state;
    fake.late = true;
    kit_install(1);
    fake_lose();
    assert_int_equal(kit.n_installed, 1);
    assert_int_equal(kit.code, ERR_DEVICE);
    kit_device_back();
    assert_int_equal(kit.n_child, 0); /* the failed job said it all */
}

static void lifetimes_and_first_packets_reach_the_child(void **state)
{
    const struct {
        enum nic_event_kind kind;
        bool inbound;
        enum ike_child_event what;
    } map[] = {
        { NIC_EVENT_SOFT_LIFETIME, false, IKE_CHILD_SOFT_LIMIT },
        { NIC_EVENT_SEQ_HIGH_WATER, false, IKE_CHILD_SOFT_LIMIT },
        { NIC_EVENT_HARD_LIFETIME, true, IKE_CHILD_HARD_LIMIT },
        { NIC_EVENT_FIRST_PACKET, true, IKE_CHILD_FIRST_PACKET },
    };

    (void)state;
    kit_install(1);
    for (unsigned i = 0; i < 4; i++) {
        kit_raise(map[i].kind, kit_sa(map[i].inbound ? 0x1001 : 0x2001, map[i].inbound));
        assert_int_equal(kit.n_child, i + 1);
        assert_int_equal(kit.child[i], 1);
        assert_int_equal(kit.what[i], map[i].what);
    }
    kit_raise(NIC_EVENT_SOFT_LIFETIME, 4711);
    kit_raise(NIC_EVENT_SOFT_LIFETIME, 0);
    kit_raise(NIC_EVENT_UNKNOWN_SPI, 0);
    kit_raise(NIC_EVENT_INTEGRITY, kit_sa(0x1001, true));
    kit_raise(NIC_EVENT_TABLE_FULL, 0);
    assert_int_equal(kit.n_child, 4);
}

static void a_spent_sa_of_an_earlier_run_is_dropped(void **state)
{
    (void)state;
    kit_install(1);
    kit_reopen();
    install_process(kit.in, NS_PER_S);
    kit_raise(NIC_EVENT_HARD_LIFETIME, kit_sa(0x2001, false));
    assert_int_equal(kit.n_child, 0); /* no child of the core's */
    install_process(kit.in, 2 * NS_PER_S);
    assert_int_equal(fake_n_sas(), 0);
}

static void acquire_names_the_tunnel_of_the_rule(void **state)
{
    (void)state;
    kit_install(1);
    kit_raise(NIC_EVENT_ACQUIRE, kit_rule_id(0));
    assert_int_equal(kit.n_acquire, 1);
    assert_string_equal(kit.acquired, "c/net");
    kit_raise(NIC_EVENT_ACQUIRE, 4711);
    kit_raise(NIC_EVENT_ACQUIRE, 0);
    assert_int_equal(kit.n_acquire, 1);
}

static void ike_datagrams_and_new_addresses_come_through(void **state)
{
    struct nic_event event = {
        .kind = NIC_EVENT_IKE_DATAGRAM,
        .local = { ip_addr_v4(0xc0000201), 4500 },
        .remote = { ip_addr_v4(0xc0000202), 61000 },
        .data = span_of("0123456789", 10),
    };
    struct ike_path path = { event.local, event.remote };

    (void)state;
    nic_event_raise(fake.dev, &event);
    assert_int_equal(kit.n_ike, 1);
    assert_int_equal(kit.ike_len, 10);
    assert_true(ip_endpoint_eq(&kit.ike_path.local, &event.local));
    assert_true(ip_endpoint_eq(&kit.ike_path.remote, &event.remote));
    kit_install(1);
    event.kind = NIC_EVENT_MAPPING_CHANGE;
    event.id = kit_sa(0x1001, true);
    nic_event_raise(fake.dev, &event);
    assert_int_equal(kit.n_moved, 1);
    assert_true(ip_endpoint_eq(&kit.moved_to, &event.remote));
    assert_int_equal(install_ike_send(kit.in, &path, span_of("abc", 3), NULL), 0);
    assert_int_equal(fake.last_ike_len, 3);
    assert_true(ip_endpoint_eq(&fake.last_to, &event.remote));
    assert_true(install_owns_natt_port(kit.in));
    assert_true(install_has_raw_esp(kit.in));
}

static void a_device_that_somebody_holds_is_an_error(void **state)
{
    struct err err = { 0 };

    (void)state;
    fake.fail_open = true;
    assert_null(kit_try_open(&err));
    assert_int_equal(err.code, ERR_BUSY);
    assert_non_null(strstr(err.text, "lease"));
}

#define KIT_TEST(f) cmocka_unit_test_setup_teardown(f, kit_open, kit_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(what_an_earlier_run_left_is_adopted_at_once),
        KIT_TEST(an_adopted_rule_is_moved_and_the_old_sas_drain),
        KIT_TEST(a_standby_child_does_not_replace_what_was_adopted),
        KIT_TEST(half_a_child_is_adopted_and_removed_too),
        KIT_TEST(adoption_without_memory_forgets_it_whole_and_opens),
        KIT_TEST(sas_of_another_owner_are_left_alone),
        KIT_TEST(each_child_is_lost_with_its_device_and_reported_when_it_is_back),
        KIT_TEST(the_core_may_let_go_of_every_child_when_told_of_one),
        KIT_TEST(a_child_whose_switch_died_with_the_device_is_reported),
        KIT_TEST(an_install_that_dies_with_the_device_is_answered_once),
        KIT_TEST(lifetimes_and_first_packets_reach_the_child),
        KIT_TEST(a_spent_sa_of_an_earlier_run_is_dropped),
        KIT_TEST(acquire_names_the_tunnel_of_the_rule),
        KIT_TEST(ike_datagrams_and_new_addresses_come_through),
        KIT_TEST(a_device_that_somebody_holds_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
