/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of utils/base/log: levels, forged lines, the limit, whole lines from threads. */
#include "tests/lib/cmocka.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/manual_clock.h"
#include "utils/base/log.h"

static char seen[4096];
static int n_seen;

static void note_line(void *user, enum log_level level, const char *line)
{
    assert_ptr_equal(user, &n_seen);
    assert_in_range(level, LOG_ERROR, LOG_DEBUG);
    snprintf(seen, sizeof seen, "%s", line);
    n_seen++;
}

static int take_lines(void **state)
{
    (void)state;
    log_set_sink(note_line, &n_seen);
    log_set_level(LOG_INFO);
    n_seen = 0;
    seen[0] = '\0';
    return 0;
}

static int restore(void **state)
{
    (void)state;
    log_set_sink(NULL, NULL);
    log_set_level(LOG_INFO);
    return 0;
}

static void the_level_decides(void **state)
{
    (void)state;
    log_line(LOG_DEBUG, "test", "held back");
    assert_int_equal(n_seen, 0);
    assert_false(log_enabled(LOG_DEBUG));
    log_line(LOG_INFO, "test", "SPI %08x", 0xc0ffee);
    assert_int_equal(n_seen, 1);
    assert_string_equal(seen, "SPI 00c0ffee");
    log_set_level(LOG_ERROR);
    log_line(LOG_WARN, "test", "held back");
    assert_int_equal(n_seen, 1);
}

static void a_peer_cannot_forge_a_line_or_move_the_cursor(void **state)
{
    (void)state;
    log_line(LOG_INFO, "ike", "peer '%s'", "a\nerror b\r\x1b[2J\x7f\t.");
    assert_string_equal(seen, "peer 'a?error b??[2J??.'");
    /* U+009B is ESC [ in one character; letters with accents stay. */
    log_line(LOG_INFO, "ike", "peer '%s'", "\xc2\x9b[31m J\xc3\xbcrg");
    assert_string_equal(seen, "peer '??[31m J\xc3\xbcrg'");
}

static void a_long_line_is_cut(void **state)
{
    char longer[5000];

    (void)state;
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    log_line(LOG_INFO, "test", "%s", longer);
    assert_in_range(strlen(seen), 900, 1023);
}

static void the_limit_lets_a_burst_through_and_counts_the_rest(void **state)
{
    struct log_limit limit = LOG_LIMIT_INIT(3, 2);
    struct manual_clock clock = MANUAL_CLOCK_INIT;
    uint64_t held_back = 99;

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_true(log_limit_pass(&limit, clock.now, &held_back));
        assert_int_equal(held_back, 0);
    }
    held_back = 99;
    for (int i = 0; i < 5; i++)
        assert_false(log_limit_pass(&limit, clock.now, &held_back));
    assert_int_equal(held_back, 99); /* unchanged */
    assert_false(
        log_limit_pass(&limit, manual_clock_advance(&clock, NS_PER_S / 2 - 1), &held_back));
    assert_true(log_limit_pass(&limit, manual_clock_advance(&clock, 1), &held_back));
    assert_int_equal(held_back, 6);
    assert_true(log_limit_pass(&limit, manual_clock_advance(&clock, NS_PER_S / 2), &held_back));
    assert_int_equal(held_back, 0); /* told once */
    assert_false(log_limit_pass(&limit, clock.now, &held_back));
}

static void a_long_silence_earns_no_more_than_the_burst(void **state)
{
    struct log_limit limit = LOG_LIMIT_INIT(3, 2);
    struct manual_clock clock = MANUAL_CLOCK_INIT;
    uint64_t held_back;
    int n_passed = 0;

    (void)state;
    assert_true(log_limit_pass(&limit, clock.now, &held_back));
    manual_clock_advance(&clock, 3600 * NS_PER_S);
    for (int i = 0; i < 10; i++)
        n_passed += log_limit_pass(&limit, clock.now, &held_back);
    assert_int_equal(n_passed, 3);
    /* A clock that steps back earns nothing and breaks nothing. */
    assert_false(log_limit_pass(&limit, clock.now - NS_PER_S, &held_back));
}

enum { N_THREADS = 4, N_LINES = 2000 };

static pthread_barrier_t all_here;

static void *write_lines(void *arg)
{
    pthread_barrier_wait(&all_here);
    for (int i = 0; i < N_LINES; i++)
        log_line(LOG_INFO, "test", "from %c%c%c%c%c%c", *(char *)arg, *(char *)arg, *(char *)arg,
                 *(char *)arg, *(char *)arg, *(char *)arg);
    return NULL;
}

/* Sends standard error into a file while the threads write; returns its text. */
static size_t capture_threads(char *text, size_t cap)
{
    static char names[N_THREADS] = { 'a', 'b', 'c', 'd' };
    pthread_t threads[N_THREADS];
    int saved = dup(STDERR_FILENO);
    FILE *file = tmpfile();
    size_t len;

    assert_non_null(file);
    fflush(stderr);
    assert_int_equal(pthread_barrier_init(&all_here, NULL, N_THREADS), 0);
    /* Not O_APPEND: the threads share one file offset, as with a terminal. */
    assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &names[i]), 0);
    for (int i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&all_here);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    len = fread(text, 1, cap - 1, file);
    text[len] = '\0';
    fclose(file);
    return len;
}

static void threads_write_whole_lines(void **state)
{
    static char text[1 << 20];
    char *save = NULL;
    int counts[256] = { 0 };

    (void)state;
    log_set_sink(NULL, NULL);
    unsetenv("JOURNAL_STREAM");
    capture_threads(text, sizeof text);
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char date[32], c[7];

        assert_int_equal(sscanf(line, "%31s info test: from %6s", date, c), 2);
        assert_int_equal(strlen(date), 20);
        for (int i = 0; i < 6; i++)
            assert_int_equal(c[i], c[0]);
        counts[(unsigned char)c[0]]++;
    }
    for (char c = 'a'; c < 'a' + N_THREADS; c++)
        assert_int_equal(counts[(unsigned char)c], N_LINES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_level_decides, take_lines, restore),
        cmocka_unit_test_setup_teardown(a_peer_cannot_forge_a_line_or_move_the_cursor, take_lines,
                                        restore),
        cmocka_unit_test_setup_teardown(a_long_line_is_cut, take_lines, restore),
        cmocka_unit_test(the_limit_lets_a_burst_through_and_counts_the_rest),
        cmocka_unit_test(a_long_silence_earns_no_more_than_the_burst),
        cmocka_unit_test(threads_write_whole_lines),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
