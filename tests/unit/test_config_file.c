/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_config_file: configuration files, good ones field by field and bad ones
 * by the table tests/vectors/config_faults/expected.txt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ike/config/config.h"
#include "utils/base/mem.h"

#define GOOD "tests/vectors/config/gw-a.conf"
#define FAULTS "tests/vectors/config_faults/"

static char *slurp(const char *path, size_t *ret_len)
{
    FILE *f = fopen(path, "rb");
    char *text = malloc(65536);

    assert_non_null(f);
    assert_non_null(text);
    *ret_len = fread(text, 1, 65535, f);
    text[*ret_len] = '\0';
    fclose(f);
    return text;
}

static int parse_text(const char *text, struct ike_config **ret, struct config_faults *faults)
{
    return config_parse("t.conf", span_of(text, strlen(text)), ret, faults);
}

static void check_child_net(const struct ike_child_conf *child)
{
    char text[IKE_TS_TEXT_LEN];

    assert_string_equal(child->name, "net");
    assert_int_equal(child->local_ts.n, 1);
    assert_string_equal(ike_ts_text(&child->local_ts.ts[0], text), "10.1.0.0/16");
    assert_int_equal(child->remote_ts.n, 2);
    assert_string_equal(ike_ts_text(&child->remote_ts.ts[1], text), "10.3.0.0/16[tcp/443]");
    assert_int_equal(child->n_esp_proposals, 1);
    assert_int_equal(child->mode, IKE_MODE_TUNNEL);
    assert_int_equal(child->start_action, IKE_ACTION_START);
    assert_int_equal(child->close_action, IKE_ACTION_NONE);
    assert_int_equal(child->dpd_action, IKE_DPD_RESTART);
    assert_int_equal(child->offload, IKE_OFFLOAD_REQUIRE);
    assert_true(child->rekey_time == 1800 * NS_PER_S);
    assert_true(child->life_time == 1980 * NS_PER_S); /* derived: + 10 % */
    assert_true(child->rand_time == 180 * NS_PER_S);
    assert_true(child->rekey_bytes == 64ull << 30);
    assert_true(child->life_bytes == (64ull << 30) + (64ull << 30) / 10);
    assert_int_equal(child->life_packets, 1000000000);
    assert_int_equal(child->rekey_packets, 900000000);
    assert_int_equal(child->replay_window, 128);
}

static void check_conn(const struct ike_conn *conn)
{
    char text[IKE_ID_TEXT_LEN], range[IP_RANGE_TEXT_LEN], addr[IP_TEXT_LEN];

    assert_string_equal(conn->name, "gw-gw");
    assert_int_equal(conn->n_local_addrs, 1);
    assert_string_equal(ip_addr_text(&conn->local_addrs[0], addr), "192.0.2.1");
    assert_int_equal(conn->n_remote_addrs, 2);
    assert_string_equal(ip_range_text(&conn->remote_addrs[1], range), "203.0.113.0/24");
    assert_int_equal(conn->local_port, 500);
    assert_int_equal(conn->n_proposals, 2);
    assert_true(ike_proposal_has_ke(&conn->proposals[0], IKE_KE_X25519));
    assert_true(ike_proposal_has_ke(&conn->proposals[1], IKE_KE_MODP2048));
    assert_int_equal(conn->proposals[1].num, 2);
    assert_string_equal(ike_id_text(&conn->local.id, text), "gw-a.example");
    assert_string_equal(ike_id_text(&conn->remote.id, text), "gw-b.example");
    assert_int_equal(conn->local.auth, IKE_AUTH_PSK);
    assert_false(conn->encap);
    assert_true(conn->rekey_time == 8 * 3600 * NS_PER_S);
    assert_true(conn->over_time == 2880 * NS_PER_S); /* derived: 10 % */
    assert_true(conn->dpd_delay == 30 * NS_PER_S);
    assert_int_equal(conn->keyingtries, 1);
    assert_int_equal(conn->n_children, 2);
    check_child_net(&conn->children[0]);
    assert_true(conn->children[1].rekey_time == 0);
    assert_true(conn->children[1].life_time == 0);
    assert_true(ike_ts_is_dynamic(&conn->children[1].local_ts.ts[0]));
}

static void every_key_of_a_good_file_reaches_its_field(void **state)
{
    struct config_faults faults;
    struct ike_config *config = NULL;
    char text[IKE_ID_TEXT_LEN];
    size_t len;
    char *file = slurp(GOOD, &len);

    (void)state;
    if (config_parse(GOOD, span_of(file, len), &config, &faults))
        fail_msg("%s", faults.faults[0].text);
    assert_int_equal(config->n_conns, 1);
    check_conn(config->conns[0]);
    assert_int_equal(config->n_secrets, 1);
    assert_string_equal(config->secrets[0].name, "pair");
    assert_string_equal(config->secrets[0].file, "/etc/ipsec-offload/psk");
    assert_int_equal(config->secrets[0].n_ids, 2);
    assert_string_equal(ike_id_text(&config->secrets[0].ids[1], text), "gw-b.example");
    assert_string_equal(config->daemon.control_socket, "/run/ipsec-offload/gw-a.vici");
    assert_string_equal(config->daemon.data_plane, "soft:/run/ipsec-offload/dp.sock");
    assert_int_equal(config->daemon.log_level, LOG_DEBUG);
    assert_true(config->daemon.retransmit_timeout == 2 * NS_PER_S);
    assert_int_equal(config->daemon.retransmit_tries, 5);
    config_free(config);
    free(file);
}

static void an_empty_file_is_a_configuration_of_defaults(void **state)
{
    struct config_faults faults;
    struct ike_config *config = NULL;

    (void)state;
    assert_int_equal(parse_text("# nothing\n", &config, &faults), 0);
    assert_int_equal(config->n_conns, 0);
    assert_string_equal(config->daemon.control_socket, "/run/ipsec-offload/control.vici");
    config_free(config);
    config = NULL;
    assert_int_equal(parse_text("", &config, &faults), 0);
    config_free(config);
}

/* Splits "a | b | c" in place. */
static char *field(char **line)
{
    char *start = *line, *bar = strstr(start, " | ");

    if (bar) {
        *bar = '\0';
        *line = bar + 3;
    }
    return start;
}

static void check_fault(char *row)
{
    char path[200], where[220];
    char *name = field(&row), *line = field(&row), *key = field(&row), *text = row;
    struct ike_config *untouched = (struct ike_config *)(uintptr_t)1, *config = untouched;
    struct config_faults faults;
    size_t len;
    char *file;

    text[strcspn(text, "\n")] = '\0';
    snprintf(path, sizeof path, FAULTS "%s", name);
    file = slurp(path, &len);
    assert_true(config_parse(name, span_of(file, len), &config, &faults) < 0);
    assert_ptr_equal(config, untouched);
    assert_true(faults.n >= 1);
    snprintf(where, sizeof where, "%s:%s: ", name, line);
    if (strncmp(faults.faults[0].text, where, strlen(where)) != 0 ||
        strcmp(faults.faults[0].key, key) != 0 || !strstr(faults.faults[0].text, text))
        fail_msg("%s: key \"%s\": %s\n expected line %s, key \"%s\", text: %s", name,
                 faults.faults[0].key, faults.faults[0].text, line, key, text);
    if (!strstr(faults.faults[0].text, "expected") && !strstr(faults.faults[0].text, "must") &&
        !strstr(faults.faults[0].text, "did you mean") && !strstr(faults.faults[0].text, "write") &&
        !strstr(faults.faults[0].text, "see ipsec") && !strstr(faults.faults[0].text, "none") &&
        !strstr(faults.faults[0].text, "no single address") &&
        !strstr(faults.faults[0].text, "not accepted"))
        fail_msg("%s: says no expectation: %s", name, faults.faults[0].text);
    free(file);
}

static void each_named_fault_gives_file_line_key_and_expectation(void **state)
{
    FILE *table = fopen(FAULTS "expected.txt", "r");
    char row[512];
    int n = 0;

    (void)state;
    assert_non_null(table);
    while (fgets(row, sizeof row, table))
        if (row[0] != '#') {
            check_fault(row);
            n++;
        }
    fclose(table);
    assert_true(n >= 40);
}

static void several_faults_come_in_one_pass_in_order_of_lines(void **state)
{
    static const char text[] = "connection gw {\n"
                               "    encap = maybe\n"
                               "    foo = 1\n"
                               "    rekey_time = x\n"
                               "    child net {\n"
                               "        bar = 1\n"
                               "        mode = up\n"
                               "    }\n"
                               "}\n"
                               "daemon {\n"
                               "    log_level = loud\n"
                               "}\n";
    static const unsigned lines[] = { 2, 3, 4, 6, 7, 11 };
    struct ike_config *config;
    struct config_faults faults;

    (void)state;
    assert_int_equal(parse_text(text, &config, &faults), ERR_INVALID);
    assert_int_equal(faults.n, 6);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(faults.faults[i].line, lines[i]);
}

static void more_than_20_faults_are_counted_but_not_kept(void **state)
{
    char text[4096] = "connection gw {\n";
    struct ike_config *config;
    struct config_faults faults;

    (void)state;
    for (int i = 0; i < 25; i++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "child c%d { mode = up }\n", i);
    }
    snprintf(text + strlen(text), sizeof text - strlen(text), "}\n");
    assert_int_equal(parse_text(text, &config, &faults), ERR_INVALID);
    assert_int_equal(faults.n, CONFIG_FAULTS_MAX);
    assert_int_equal(faults.n_more, 5);
}

static void thirty_unknown_keys_end_in_an_error_not_in_a_loop(void **state)
{
    char text[4096] = "connection gw {\n";
    struct ike_config *config;
    struct config_faults faults;

    (void)state;
    for (int i = 0; i < 30; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "zzzzzz%d = 1\n", i);
    snprintf(text + strlen(text), sizeof text - strlen(text), "}\n");
    assert_int_equal(parse_text(text, &config, &faults), ERR_INVALID);
    assert_int_equal(faults.n, CONFIG_FAULTS_MAX);
}

static void a_file_cut_short_inside_a_section_is_never_taken_for_a_whole_one(void **state)
{
    size_t len, depth = 0, refused = 0;
    char *file = slurp(GOOD, &len);

    (void)state;
    for (size_t n = 0; n < len; n++) {
        struct ike_config *config = NULL;
        struct config_faults faults;

        if (config_parse("cut", span_of(file, n), &config, &faults) == 0) {
            assert_int_equal(depth, 0);
            config_free(config);
        } else {
            assert_true(faults.n >= 1);
            refused++;
        }
        depth += file[n] == '{'; /* GOOD has no brace in a string or comment */
        depth -= file[n] == '}';
    }
    assert_int_equal(depth, 0);
    assert_true(refused > len / 2);
    free(file);
}

static void a_failed_allocation_is_an_error_and_leaks_nothing(void **state)
{
    size_t len, failures = 0;
    char *file = slurp(GOOD, &len);

    (void)state;
    for (unsigned long n = 1;; n++) {
        struct ike_config *config = NULL;
        struct config_faults faults;
        int rc;

        mem_fail_nth(n);
        rc = config_parse("mem", span_of(file, len), &config, &faults);
        mem_fail_nth(0);
        if (rc == 0) {
            config_free(config);
            break;
        }
        assert_null(config);
        assert_true(faults.n >= 1);
        failures++;
    }
    assert_true(failures > 10);
    free(file);
}

static void a_file_over_1_mib_is_refused_unread(void **state)
{
    struct ike_config *config;
    struct config_faults faults;
    char *big = calloc(1, CONFIG_FILE_MAX + 1);

    (void)state;
    memset(big, ' ', CONFIG_FILE_MAX + 1);
    assert_int_equal(config_parse("big", span_of(big, CONFIG_FILE_MAX + 1), &config, &faults),
                     ERR_INVALID);
    assert_non_null(strstr(faults.faults[0].text, "1 MiB"));
    free(big);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_of_a_good_file_reaches_its_field),
        cmocka_unit_test(an_empty_file_is_a_configuration_of_defaults),
        cmocka_unit_test(each_named_fault_gives_file_line_key_and_expectation),
        cmocka_unit_test(several_faults_come_in_one_pass_in_order_of_lines),
        cmocka_unit_test(more_than_20_faults_are_counted_but_not_kept),
        cmocka_unit_test(thirty_unknown_keys_end_in_an_error_not_in_a_loop),
        cmocka_unit_test(a_file_cut_short_inside_a_section_is_never_taken_for_a_whole_one),
        cmocka_unit_test(a_failed_allocation_is_an_error_and_leaks_nothing),
        cmocka_unit_test(a_file_over_1_mib_is_refused_unread),
    };
    return cmocka_run_group_tests_name("config_file", tests, NULL, NULL);
}
