/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ike_bytes.h"

#include "ike/types/conn.h"
#include "utils/base/mem.h"

#define MINUTE (60 * NS_PER_S)

static struct ike_conn *good(void)
{
    struct ike_conn *c = ike_conn_new("site");

    assert_non_null(c);
    c->n_remote_addrs = 1;
    assert_int_equal(ip_range_parse("192.0.2.2", &c->remote_addrs[0]), 0);
    ike_child_conf_init(&c->children[0], "net");
    ike_child_conf_init(&c->children[1], "dmz");
    c->n_children = 2;
    return c;
}

static void defaults_are_swanctls(void **state)
{
    struct ike_conn *c = good();
    const struct ike_child_conf *k = &c->children[0];

    (void)state;
    assert_string_equal(c->name, "site");
    assert_int_equal(c->local_port, 500);
    assert_int_equal(c->rekey_time, 240 * MINUTE);
    assert_int_equal(c->over_time, 24 * MINUTE);
    assert_int_equal(c->rand_time, 24 * MINUTE);
    assert_int_equal(c->dpd_delay, 0);
    assert_int_equal(c->keyingtries, 1);
    assert_int_equal(c->n_proposals, 2);
    assert_int_equal(c->remote.auth, IKE_AUTH_PSK);
    assert_int_equal(c->remote.id.type, 0);
    assert_string_equal(k->name, "net");
    assert_int_equal(k->rekey_time, 60 * MINUTE);
    assert_int_equal(k->life_time, 66 * MINUTE);
    assert_int_equal(k->rand_time, 6 * MINUTE);
    assert_int_equal(k->replay_window, 64);
    assert_int_equal(k->mode, IKE_MODE_TUNNEL);
    assert_int_equal(k->n_esp_proposals, 2);
    assert_true(k->local_ts.n == 1 && ike_ts_is_dynamic(&k->local_ts.ts[0]));
    assert_int_equal(ike_conn_validate(c, NULL), 0);
    ike_conn_unref(c);
}

static void the_last_reference_frees(void **state)
{
    struct ike_conn *c = good();

    (void)state;
    assert_ptr_equal(ike_conn_ref(c), c);
    ike_conn_unref(c);
    assert_string_equal(c->name, "site"); /* still there: under ASan this would be caught */
    ike_conn_unref(c);
    ike_conn_unref(NULL);
    mem_fail_nth(1);
    assert_null(ike_conn_new("site"));
    mem_fail_nth(0);
}

static void children_are_found_by_name(void **state)
{
    struct ike_conn *c = good();

    (void)state;
    assert_ptr_equal(ike_conn_child(c, "dmz"), &c->children[1]);
    assert_null(ike_conn_child(c, "other"));
    ike_conn_unref(c);
}

static void names_are_bounded_and_printable(void **state)
{
    const char *longest = "123456789012345678901234567890123456789012345678";
    struct ike_conn *c;
    struct err err;

    (void)state;
    assert_int_equal(ike_name_check("gw-1.example", NULL), 0);
    assert_int_equal(ike_name_check(longest + 1, NULL), 0);
    test_assert_err(ike_name_check(longest, &err), &err, ERR_INVALID, "1 to 47 characters");
    test_assert_err(ike_name_check("", &err), &err, ERR_INVALID, "1 to 47 characters");
    test_assert_err(ike_name_check("a/b", &err), &err, ERR_INVALID, "character 2");
    test_assert_err(ike_name_check("a b", &err), &err, ERR_INVALID, "character 2");
    c = ike_conn_new(longest);
    assert_non_null(c);
    test_assert_err(ike_conn_validate(c, &err), &err, ERR_INVALID, "name ''");
    ike_conn_unref(c);
}

/* Changes one member, expects validation to name the key. */
#define REFUSES(change, code, part)                                                                \
    do {                                                                                           \
        struct ike_conn *c = good();                                                               \
        struct ike_child_conf *k = &c->children[1];                                                \
        struct err err;                                                                            \
        (void)k;                                                                                   \
        change;                                                                                    \
        test_assert_err(ike_conn_validate(c, &err), &err, code, part);                             \
        ike_conn_unref(c);                                                                         \
    } while (0)

static void validation_names_the_key(void **state)
{
    (void)state;
    REFUSES(c->n_children = 0, ERR_INVALID, "connection site: children: none");
    REFUSES(c->n_proposals = 0, ERR_INVALID, "proposals: none");
    REFUSES(c->local.auth = IKE_AUTH_RSA, ERR_UNSUPPORTED, "local.auth: only psk");
    REFUSES(c->remote.auth = IKE_AUTH_NULL, ERR_UNSUPPORTED, "remote.auth: only psk");
    REFUSES(c->local_port = 0, ERR_INVALID, "local_port");
    REFUSES(c->remote_port = 0, ERR_INVALID, "remote_port");
    REFUSES(c->rand_time = c->rekey_time, ERR_INVALID, "rand_time must be below rekey_time");
    REFUSES(k->life_time = k->rekey_time, ERR_INVALID,
            "connection site: child dmz: rekey_time must be below life_time");
    REFUSES((k->rekey_bytes = 2, k->life_bytes = 1), ERR_INVALID, "rekey_bytes");
    REFUSES((k->rekey_packets = 2, k->life_packets = 1), ERR_INVALID, "rekey_packets");
    REFUSES(k->rand_time = k->rekey_time, ERR_INVALID, "child dmz: rand_time");
    REFUSES(k->local_ts.n = 0, ERR_INVALID, "child dmz: local_ts: no traffic selector");
    REFUSES(k->remote_ts.n = 0, ERR_INVALID, "child dmz: remote_ts: no traffic selector");
    REFUSES(k->n_esp_proposals = 0, ERR_INVALID, "child dmz: esp_proposals");
    REFUSES(snprintf(k->name, sizeof k->name, "net"), ERR_EXISTS,
            "child net: children: the name is there twice");
    REFUSES(k->name[0] = '\0', ERR_INVALID, "1 to 47 characters");
}

static void to_initiate_there_must_be_one_address(void **state)
{
    (void)state;
    REFUSES((k->start_action = IKE_ACTION_START, c->n_remote_addrs = 0), ERR_INVALID,
            "start_action: remote_addrs");
    REFUSES((k->start_action = IKE_ACTION_TRAP, c->remote_addrs[0].hi.b[3]++), ERR_INVALID,
            "start_action: remote_addrs");
    REFUSES((k->close_action = IKE_ACTION_START, memset(c->remote_addrs[0].lo.b, 0, 16),
             memset(c->remote_addrs[0].hi.b, 0, 16)),
            ERR_INVALID, "close_action: remote_addrs");
    REFUSES((k->dpd_action = IKE_DPD_RESTART, c->n_remote_addrs = 0), ERR_INVALID,
            "dpd_action: remote_addrs");
}

static void limits_of_zero_are_off(void **state)
{
    struct ike_conn *c = good();

    (void)state;
    c->rekey_time = 0;
    c->children[0].rekey_time = 0;
    c->children[1].life_time = 0;
    c->children[1].rekey_bytes = 5;
    assert_int_equal(ike_conn_validate(c, NULL), 0);
    c->n_children = 0;
    assert_int_equal(ike_conn_validate(c, NULL), ERR_INVALID);
    ike_conn_unref(c);
}

/* One changed member must make two connections differ, in both directions. */
#define DIFFERS(change)                                                                            \
    do {                                                                                           \
        struct ike_conn *a = good(), *c = good();                                                  \
        struct ike_child_conf *k = &c->children[1];                                                \
        (void)k;                                                                                   \
        assert_true(ike_conn_eq(a, c));                                                            \
        change;                                                                                    \
        assert_false(ike_conn_eq(a, c));                                                           \
        assert_false(ike_conn_eq(c, a));                                                           \
        ike_conn_unref(a);                                                                         \
        ike_conn_unref(c);                                                                         \
    } while (0)

static void every_member_of_a_connection_counts(void **state)
{
    (void)state;
    DIFFERS(c->name[0]++);
    DIFFERS(c->n_local_addrs = 1);
    DIFFERS(c->n_remote_addrs = 0);
    DIFFERS(c->remote_addrs[0].lo.b[3]--);
    DIFFERS(c->remote_addrs[0].hi.b[3]++);
    DIFFERS(c->local_port++);
    DIFFERS(c->remote_port++);
    DIFFERS(c->n_proposals--);
    DIFFERS(c->proposals[1].transforms[0].id++);
    DIFFERS(c->local.auth = IKE_AUTH_RSA);
    DIFFERS(c->remote.id.type = IKE_ID_KEY);
    DIFFERS(c->encap = true);
    DIFFERS(c->rekey_time++);
    DIFFERS(c->over_time++);
    DIFFERS(c->rand_time++);
    DIFFERS(c->dpd_delay++);
    DIFFERS(c->dpd_timeout++);
    DIFFERS(c->keepalive++);
    DIFFERS(c->keyingtries++);
    DIFFERS(c->n_children--);
}

static void every_member_of_a_child_counts(void **state)
{
    (void)state;
    DIFFERS(k->name[0]++);
    DIFFERS(k->local_ts.n = 0);
    DIFFERS(k->remote_ts.ts[0].proto = 6);
    DIFFERS(k->n_esp_proposals--);
    DIFFERS(k->esp_proposals[0].n_transforms--);
    DIFFERS(k->mode = IKE_MODE_TRANSPORT);
    DIFFERS(k->start_action = IKE_ACTION_START);
    DIFFERS(k->close_action = IKE_ACTION_START);
    DIFFERS(k->dpd_action = IKE_DPD_RESTART);
    DIFFERS(k->offload = IKE_OFFLOAD_REQUIRE);
    DIFFERS(k->rekey_time++);
    DIFFERS(k->life_time++);
    DIFFERS(k->rand_time++);
    DIFFERS(k->rekey_bytes++);
    DIFFERS(k->life_bytes++);
    DIFFERS(k->rekey_packets++);
    DIFFERS(k->life_packets++);
    DIFFERS(k->replay_window++);
}

static void unused_ends_of_arrays_and_references_do_not_count(void **state)
{
    struct ike_conn *a = good(), *b = good();

    (void)state;
    b->local_addrs[0].family = 4;
    b->children[2].mode = IKE_MODE_TRANSPORT;
    b->children[0].local_ts.ts[5].proto = 6;
    ike_conn_ref(b);
    assert_true(ike_conn_eq(a, b));
    a->n_local_addrs = b->n_local_addrs = 1;
    assert_false(ike_conn_eq(a, b));
    ike_conn_unref(b);
    ike_conn_unref(b);
    ike_conn_unref(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_swanctls),
        cmocka_unit_test(the_last_reference_frees),
        cmocka_unit_test(children_are_found_by_name),
        cmocka_unit_test(names_are_bounded_and_printable),
        cmocka_unit_test(validation_names_the_key),
        cmocka_unit_test(to_initiate_there_must_be_one_address),
        cmocka_unit_test(limits_of_zero_are_off),
        cmocka_unit_test(every_member_of_a_connection_counts),
        cmocka_unit_test(every_member_of_a_child_counts),
        cmocka_unit_test(unused_ends_of_arrays_and_references_do_not_count),
    };
    return cmocka_run_group_tests_name("ike_conn", tests, NULL, NULL);
}
