/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_config_set: a connection filled key by key, as VICI's load-conn does:
 * the same table as the file's, swanctl's section names, derived defaults.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ike/config/config.h"
#include "ike/config/config_keys.h"

static void begin(struct config_target *t)
{
    assert_int_equal(config_conn_begin(t, "gw", NULL), 0);
}

static void set(struct config_target *t, const char *section, const char *key, const char *value)
{
    struct err err;

    if (config_set(t, section, key, value, &err))
        fail_msg("%s", err.text);
}

static void refuse(struct config_target *t, const char *section, const char *key, const char *value,
                   int code, const char *text)
{
    struct err err;

    assert_int_equal(config_set(t, section, key, value, &err), code);
    assert_string_equal(err.text, text);
}

static void a_load_conn_of_swanctl_fills_the_same_struct_as_the_file(void **state)
{
    static const char text[] =
        "connection gw { remote_addrs = 192.0.2.2  encap = yes  local { id = a }  remote { id = b }"
        " child net { remote_ts = 10.0.0.0/8  hw_offload = packet  life_time = 10m } }";
    struct config_target t;
    struct config_faults faults;
    struct ike_config *config;
    struct ike_conn *conn;

    (void)state;
    assert_int_equal(config_parse("f", span_of(text, strlen(text)), &config, &faults), 0);
    begin(&t);
    set(&t, "children.net", "life_time", "600");
    set(&t, "children.net", "hw_offload", "packet");
    set(&t, "children.net", "remote_ts", "10.0.0.0/8");
    set(&t, "remote-1", "id", "b");
    set(&t, "local-1", "id", "a");
    set(&t, "local-1", "auth", "psk");
    set(&t, "", "encap", "yes");
    set(&t, "", "remote_addrs", "192.0.2.2");
    assert_int_equal(config_conn_end(&t, &conn, NULL), 0);
    assert_null(t.conn);
    assert_true(ike_conn_eq(conn, config->conns[0]));
    assert_true(conn->children[0].rekey_time == 540 * NS_PER_S); /* 10 % below life_time */
    ike_conn_unref(conn);
    config_free(config);
}

static void errors_name_connection_child_and_key(void **state)
{
    struct config_target t;

    (void)state;
    begin(&t);
    refuse(&t, "children.net", "rekey_time", "1x", ERR_INVALID,
           "connection gw, child net, key rekey_time: \"1x\" is not a time (expected e.g. 30s, "
           "10m, 4h)");
    refuse(&t, "", "mobike", "yes", ERR_UNSUPPORTED,
           "connection gw, key mobike: \"yes\" is not supported in this version (expected no or no "
           "such key)");
    refuse(&t, "remote-1", "cacerts", "ca.pem", ERR_UNSUPPORTED,
           "connection gw, remote-1, key cacerts: not supported in this version (expected no such "
           "key)");
    refuse(&t, "", "rekey_tme", "1h", ERR_INVALID,
           "connection gw, key rekey_tme: no such key in connection (did you mean rekey_time?)");
    refuse(&t, "pool", "x", "1", ERR_INVALID,
           "connection gw, no such section \"pool\" (expected local, remote or child)");
    config_conn_drop(&t);
}

static void values_that_ask_for_what_we_do_anyway_are_accepted(void **state)
{
    static const struct {
        const char *section, *key, *value;
    } rows[] = {
        { "", "version", "2" },
        { "", "mobike", "no" },
        { "", "fragmentation", "no" },
        { "", "unique", "no" },
        { "", "reauth_time", "0s" },
        { "children.n", "policies", "yes" },
        { "children.n", "if_id_in", "0" },
        { "children.n", "mark_in", "0x00000000/0x00000000" },
    };
    struct config_target t;

    (void)state;
    begin(&t);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        set(&t, rows[i].section, rows[i].key, rows[i].value);
    config_conn_drop(&t);
}

static void a_second_authentication_round_is_refused(void **state)
{
    struct config_target t;

    (void)state;
    begin(&t);
    set(&t, "local-1", "id", "a");
    refuse(&t, "local-2", "id", "b", ERR_UNSUPPORTED,
           "connection gw, section local-2 after local-1: a second authentication round is not "
           "supported in this version (expected one)");
    config_conn_drop(&t);
}

static void a_key_given_twice_is_refused_and_the_first_value_stays(void **state)
{
    struct config_target t;

    (void)state;
    begin(&t);
    set(&t, "", "dpd_delay", "5s");
    refuse(&t, "", "dpd_delay", "6s", ERR_EXISTS,
           "connection gw, key dpd_delay: given twice (expected once)");
    assert_true(t.conn->dpd_delay == 5 * NS_PER_S);
    config_conn_drop(&t);
}

static void child_33_is_refused(void **state)
{
    struct config_target t;
    char name[32];

    (void)state;
    begin(&t);
    for (int i = 0; i < IKE_CHILDREN_MAX; i++) {
        snprintf(name, sizeof name, "children.c%d", i);
        assert_int_equal(config_section(&t, name, NULL), 0);
    }
    assert_int_equal(config_section(&t, "children.c0", NULL), 0);
    assert_int_equal(config_section(&t, "children.more", NULL), ERR_FULL);
    config_conn_drop(&t);
}

static void limits_that_were_not_given_follow_those_that_were(void **state)
{
    struct config_target t;
    struct ike_conn *conn;

    (void)state;
    begin(&t);
    set(&t, "", "rekey_time", "100s");
    set(&t, "children.n", "rekey_time", "20s");
    set(&t, "children.n", "rekey_bytes", "1000");
    set(&t, "children.m", "life_time", "1d");
    set(&t, "children.m", "rekey_time", "1s");
    assert_int_equal(config_conn_end(&t, &conn, NULL), 0);
    assert_true(conn->over_time == 10 * NS_PER_S);
    assert_true(conn->rand_time == 10 * NS_PER_S);
    assert_true(conn->children[0].life_time == 22 * NS_PER_S);
    assert_true(conn->children[0].rand_time == 2 * NS_PER_S);
    assert_int_equal(conn->children[0].life_bytes, 1100);
    assert_true(conn->children[1].rand_time == NS_PER_S / 10);
    ike_conn_unref(conn);
}

static void every_row_of_the_table_can_be_found_and_has_its_own_bit(void **state)
{
    size_t per_section[CONFIG_WHERE_N] = { 0 };

    (void)state;
    for (size_t i = 0; i < config_num_keys; i++) {
        assert_ptr_equal(config_key_find(config_keys[i].where, config_keys[i].name),
                         &config_keys[i]);
        assert_true(strlen(config_keys[i].name) < CONFIG_KEY_LEN);
        assert_true(!config_keys[i].set || (config_keys[i].unit && config_keys[i].deflt));
        per_section[config_keys[i].where]++;
    }
    for (size_t i = 0; i < CONFIG_WHERE_N; i++)
        assert_true(per_section[i] <= 64);
}

/* Sets `key` to the default that its row names. */
static void set_to_default(const struct config_key *key, struct config_target *t)
{
    static const char *const sections[CONFIG_WHERE_N] = {
        [CONFIG_CONN] = "",
        [CONFIG_LOCAL] = "local",
        [CONFIG_REMOTE] = "remote",
        [CONFIG_CHILD] = "children.net",
    };

    set(t, sections[key->where], key->name, key->deflt);
}

static void the_defaults_that_rows_name_are_those_of_the_structs(void **state)
{
    size_t compared = 0;

    (void)state;
    for (size_t i = 0; i < config_num_keys; i++) {
        const struct config_key *key = &config_keys[i];
        struct config_target plain, set_one;
        struct ike_conn *a, *b;

        if (!key->set || key->where == CONFIG_SECRET || key->where == CONFIG_DAEMON ||
            strchr(key->deflt, ' ') || strcmp(key->deflt, "over_time") == 0)
            continue; /* derived: limits_that_were_not_given_follow_those_that_were */
        begin(&plain);
        begin(&set_one);
        assert_int_equal(config_section(&plain, "children.net", NULL), 0);
        assert_int_equal(config_section(&set_one, "children.net", NULL), 0);
        set_to_default(key, &set_one);
        assert_int_equal(config_conn_end(&plain, &a, NULL), 0);
        assert_int_equal(config_conn_end(&set_one, &b, NULL), 0);
        if (!ike_conn_eq(a, b))
            fail_msg("%s = %s is not the default", key->name, key->deflt);
        ike_conn_unref(a);
        ike_conn_unref(b);
        compared++;
    }
    assert_true(compared > 25);
}

static void a_name_with_a_slash_or_space_is_refused(void **state)
{
    struct config_target t;

    (void)state;
    assert_int_equal(config_conn_begin(&t, "a/b", NULL), ERR_INVALID);
    assert_int_equal(config_conn_begin(&t, "", NULL), ERR_INVALID);
    begin(&t);
    assert_int_equal(config_section(&t, "children.a b", NULL), ERR_INVALID);
    config_conn_drop(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_load_conn_of_swanctl_fills_the_same_struct_as_the_file),
        cmocka_unit_test(errors_name_connection_child_and_key),
        cmocka_unit_test(values_that_ask_for_what_we_do_anyway_are_accepted),
        cmocka_unit_test(a_second_authentication_round_is_refused),
        cmocka_unit_test(a_key_given_twice_is_refused_and_the_first_value_stays),
        cmocka_unit_test(child_33_is_refused),
        cmocka_unit_test(limits_that_were_not_given_follow_those_that_were),
        cmocka_unit_test(every_row_of_the_table_can_be_found_and_has_its_own_bit),
        cmocka_unit_test(the_defaults_that_rows_name_are_those_of_the_structs),
        cmocka_unit_test(a_name_with_a_slash_or_space_is_refused),
    };
    return cmocka_run_group_tests_name("config_set", tests, NULL, NULL);
}
