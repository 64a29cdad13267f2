/* SPDX-License-Identifier: Apache-2.0 */
/* options.c: the command line. What ends the process is tried in a child. */
#include "ike/daemon/options.h"

#include "tests/lib/cmocka.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct daemon_options parse(int n, const char *const *args)
{
    char words[16][128];
    char *argv[17];
    struct daemon_options opts;
    static char kept[16][128];

    assert_true(n < 16);
    for (int i = 0; i < n; i++) {
        strncpy(words[i], args[i], sizeof words[i] - 1);
        words[i][sizeof words[i] - 1] = '\0';
        memcpy(kept[i], words[i], sizeof words[i]);
        argv[i] = kept[i];
    }
    argv[n] = NULL;
    daemon_options_parse(n, argv, &opts);
    return opts;
}
#define PARSE(...)                                                                                 \
    parse((int)(sizeof((const char *[]){ "ipsec-offloadd", ##__VA_ARGS__ }) / sizeof(char *)),     \
          (const char *[]){ "ipsec-offloadd", ##__VA_ARGS__ })

static void without_options_the_configuration_decides(void **state)
{
    struct daemon_options opts = PARSE();

    (void)state;
    assert_string_equal(opts.config, DAEMON_CONFIG);
    assert_null(opts.control_socket);
    assert_null(opts.device);
    assert_null(opts.key_log);
    assert_int_equal(opts.log_level, -1);
}

static void every_option_has_a_short_and_a_long_form(void **state)
{
    struct daemon_options opts =
        PARSE("-c", "/a", "-s", "/b", "-d", "soft:/c", "-K", "/d", "-l", "debug");

    (void)state;
    assert_string_equal(opts.config, "/a");
    assert_string_equal(opts.control_socket, "/b");
    assert_string_equal(opts.device, "soft:/c");
    assert_string_equal(opts.key_log, "/d");
    assert_int_equal(opts.log_level, LOG_DEBUG);
    opts =
        PARSE("--config=/A", "--socket=/B", "--device=soft", "--key-log=/D", "--log-level=error");
    assert_string_equal(opts.config, "/A");
    assert_string_equal(opts.control_socket, "/B");
    assert_string_equal(opts.device, "soft");
    assert_string_equal(opts.key_log, "/D");
    assert_int_equal(opts.log_level, LOG_ERROR);
}

static void none_means_no_configuration_file(void **state)
{
    struct daemon_options opts = PARSE("--config", "none");

    (void)state;
    assert_null(opts.config);
    opts = PARSE("--config", "./none");
    assert_string_equal(opts.config, "./none");
}

static void the_levels_are_those_of_the_log(void **state)
{
    (void)state;
    assert_int_equal(PARSE("-l", "error").log_level, LOG_ERROR);
    assert_int_equal(PARSE("-l", "warning").log_level, LOG_WARN);
    assert_int_equal(PARSE("-l", "notice").log_level, LOG_NOTICE);
    assert_int_equal(PARSE("-l", "info").log_level, LOG_INFO);
    assert_int_equal(PARSE("-l", "debug").log_level, LOG_DEBUG);
}

static int exit_status(const char *a, const char *b)
{
    int status = 0;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        char name[] = "ipsec-offloadd", word_a[64], word_b[64];
        char *argv[] = { name, word_a, b ? word_b : NULL, NULL };
        struct daemon_options opts;
        int null = open("/dev/null", O_RDWR);

        strncpy(word_a, a, sizeof word_a - 1);
        word_a[sizeof word_a - 1] = '\0';
        if (b) {
            strncpy(word_b, b, sizeof word_b - 1);
            word_b[sizeof word_b - 1] = '\0';
        }
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        daemon_options_parse(b ? 3 : 2, argv, &opts);
        _exit(77); /* came through */
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_usage_error_ends_with_status_2(void **state)
{
    (void)state;
    assert_int_equal(exit_status("--log-level", "loud"), 2);
    assert_int_equal(exit_status("--log-level", ""), 2);
    assert_int_equal(exit_status("--no-such-option", NULL), 2);
    assert_int_equal(exit_status("--config", NULL), 2);
    assert_int_equal(exit_status("a-word", NULL), 2);
    assert_int_equal(exit_status("--help", NULL), 0);
    assert_int_equal(exit_status("--version", NULL), 0);
    assert_int_equal(exit_status("--log-level", "info"), 77);
}

static void no_option_takes_a_secret(void **state)
{
    (void)state;
    for (const struct argp_option *o = daemon_option_table; o->name; o++) {
        assert_null(strstr(o->name, "psk"));
        assert_null(strstr(o->name, "secret"));
        assert_non_null(o->doc);
        assert_non_null(o->arg);
    }
}

#define PAGE "ike/daemon/ipsec-offloadd.8.scd" /* tests run in the source folder */

static char page[32768];

static void read_page(void)
{
    FILE *f = fopen(PAGE, "r");
    size_t len;

    assert_non_null(f);
    len = fread(page, 1, sizeof page - 1, f);
    assert_true(feof(f) != 0);
    page[len] = '\0';
    fclose(f);
}

/* The number of faults: options without their line, lines without their option. */
static unsigned faults_of(const char *text)
{
    char copy[sizeof page], want[128], *options, *save = NULL;
    unsigned faults = 0, in_table = 0, in_page = 0;

    snprintf(copy, sizeof copy, "%s", text);
    options = strstr(copy, "\n# OPTIONS\n");
    assert_non_null(options);
    *strstr(options + 2, "\n# ") = '\0';
    for (const struct argp_option *o = daemon_option_table; o->name; o++, in_table++) {
        snprintf(want, sizeof want, "\n*-%c*, *--%s* _%s_\n\t", o->key, o->name, o->arg);
        if (!strstr(options, want)) {
            print_message("%s lacks:%s\n", PAGE, want);
            faults++;
        }
    }
    for (char *line = strtok_r(options, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        in_page += strncmp(line, "*-", 2) == 0 && strncmp(line, "*--help*", 8) != 0;
    return faults + (in_page > in_table ? in_page - in_table : 0);
}

static void the_manual_page_has_these_options(void **state)
{
    char changed[sizeof page];
    char *at;

    (void)state;
    read_page();
    assert_int_equal(faults_of(page), 0);
    /* It would notice: another name, a line too many. */
    memcpy(changed, page, sizeof changed);
    at = strstr(changed, "*--device*");
    assert_non_null(at);
    at[3] = 'x';
    assert_int_equal(faults_of(changed), 1);
    at = strstr(page, "*-c*, ");
    assert_non_null(at);
    snprintf(changed, sizeof changed, "%.*s*-x*, *--extra* _X_\n\tNo.\n\n%s", (int)(at - page),
             page, at);
    assert_int_equal(faults_of(changed), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_options_the_configuration_decides),
        cmocka_unit_test(every_option_has_a_short_and_a_long_form),
        cmocka_unit_test(none_means_no_configuration_file),
        cmocka_unit_test(the_levels_are_those_of_the_log),
        cmocka_unit_test(a_usage_error_ends_with_status_2),
        cmocka_unit_test(no_option_takes_a_secret),
        cmocka_unit_test(the_manual_page_has_these_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
