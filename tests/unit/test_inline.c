/* SPDX-License-Identifier: Apache-2.0 */
/* inline_dev: memory, threads, time and events; packets are in conformance. */
#include <ipsec_offload/inline.h>
#include <ipsec_offload/sa.h>

#include <pthread.h>
#include <string.h>

#include "tests/lib/cmocka.h"
#include "tests/lib/sdk_opts.h"
#include "utils/base/clock.h"
#include "utils/base/log.h"
#include "utils/base/mem.h"

static struct ioff_device *device;

static int open_inline(void **state)
{
    (void)state;
    return ioff_device_open("inline:test", NULL, &device, NULL);
}

static int close_inline(void **state)
{
    (void)state;
    ioff_device_close(device);
    device = NULL;
    return 0;
}

static int count_sa(void *user, const struct ioff_sa_info *info)
{
    (void)info;
    ++*(unsigned *)user;
    return 0;
}

static int count_rule(void *user, const struct ioff_rule_info *info)
{
    (void)info;
    ++*(unsigned *)user;
    return 0;
}

static unsigned count_all(void)
{
    unsigned n = 0;

    assert_int_equal(ioff_sa_each(device, count_sa, &n, NULL), 0);
    assert_int_equal(ioff_rule_each(device, count_rule, &n, NULL), 0);
    return n;
}

/* Two SAs and a rule in one batch; 0 or the first error. */
static int install(uint32_t spi)
{
    struct ioff_sa_opts in = opts_sa(IOFF_DIR_IN, spi, 1), out = opts_sa(IOFF_DIR_OUT, spi, 1);
    struct ioff_rule_opts rule_opts = opts_rule(IOFF_ACTION_PROTECT, 1, 1);
    struct ioff_batch *batch = ioff_batch_new(device);
    struct ioff_rule *rule;
    struct ioff_sa *sa;
    int code = batch ? ioff_batch_sa_add(batch, &in, &sa, NULL) : IOFF_E_NOMEM;

    if (!code)
        code = ioff_batch_sa_add(batch, &out, &sa, NULL);
    if (!code)
        code = ioff_batch_rule_add(batch, &rule_opts, sa, &rule, NULL);
    if (code)
        ioff_batch_free(batch);
    return code ? code : ioff_batch_run(batch, NULL);
}

static void a_failing_allocation_installs_nothing_whichever_it_is(void **state)
{
    int code = IOFF_E_NOMEM;
    unsigned n;

    (void)state;
    for (n = 1; code && n < 200; n++) {
        mem_fail_nth(n);
        code = install(0x1001);
        mem_fail_nth(0);
        assert_true(code == 0 || code == IOFF_E_NOMEM);
        assert_int_equal(count_all(), code ? 0 : 3);
    }
    print_message("%u allocations failed once each\n", n - 2);
    assert_in_range(n, 12, 199);
}

static void a_failing_allocation_opens_nothing_whichever_it_is(void **state)
{
    struct ioff_device *other = NULL;
    int code = IOFF_E_NOMEM;
    unsigned n;

    (void)state;
    for (n = 1; code && n < 200; n++) {
        mem_fail_nth(n);
        code = ioff_device_open("inline", NULL, &other, NULL);
        mem_fail_nth(0);
        assert_true(code == 0 || code == IOFF_E_NOMEM);
        assert_true((other != NULL) == (code == 0));
    }
    assert_in_range(n, 6, 199);
    ioff_device_close(other);
}

static void a_failing_allocation_fails_the_first_burst_and_no_later_one(void **state)
{
    int code = IOFF_E_NOMEM;
    unsigned n;

    (void)state;
    assert_int_equal(install(0x1001), 0);
    for (n = 1; code && n < 50; n++) {
        mem_fail_nth(n);
        code = ioff_burst_out(device, NULL, 0, clock_now());
        mem_fail_nth(0);
    }
    assert_true(n > 2);
    mem_fail_nth(1);
    assert_int_equal(ioff_burst_out(device, NULL, 0, clock_now()), 0); /* allocates nothing */
    mem_fail_nth(0);
}

static void *burst_elsewhere(void *user)
{
    *(int *)user = ioff_burst_out(device, NULL, 0, clock_now());
    return NULL;
}

static void bursts_stay_on_their_first_thread(void **state)
{
    pthread_t thread;
    int code = 0;

    (void)state;
    assert_int_equal(ioff_burst_out(device, NULL, 0, clock_now()), 0);
    assert_int_equal(pthread_create(&thread, NULL, burst_elsewhere, &code), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(code, IOFF_E_STATE);
    assert_int_equal(ioff_burst_out(device, NULL, 0, clock_now()), 0);
}

static void two_devices_of_one_thread_are_independent(void **state)
{
    struct ioff_device *other;

    (void)state;
    assert_int_equal(ioff_device_open("inline:other", NULL, &other, NULL), 0);
    assert_string_equal(ioff_device_name(other), "inline:other");
    assert_int_equal(install(0x1001), 0);
    assert_int_equal(ioff_burst_out(device, NULL, 0, clock_now()), 0);
    assert_int_equal(ioff_burst_out(other, NULL, 0, clock_now()), 0);
    ioff_device_close(other);
    assert_int_equal(ioff_burst_out(device, NULL, 0, clock_now()), 0);
    assert_int_equal(count_all(), 3);
}

static void the_device_wants_to_run_every_100_ms(void **state)
{
    uint64_t before = clock_now(), wakeup = ioff_device_next_wakeup(device);

    (void)state;
    assert_int_equal(ioff_device_fd(device), -1);
    assert_true(wakeup <= before + 100 * NS_PER_MS && wakeup + NS_PER_S > before);
    assert_int_equal(ioff_device_process(device, NULL), 0);
    assert_true(ioff_device_next_wakeup(device) >= wakeup);
}

struct tally {
    unsigned soft, installed;
};

static void tally(void *user, const struct ioff_event *event)
{
    struct tally *t = user;

    t->soft += event->kind == IOFF_EVENT_SOFT_LIFETIME;
    if (t->soft == 100 && !t->installed++)
        assert_int_equal(install(0x7001), 0); /* while the queue drains */
}

/* More than the queue holds at first; the callback installs in between. */
static void a_thousand_limits_at_once_are_all_told(void **state)
{
    struct ioff_sa_opts opts = opts_sa(IOFF_DIR_IN, 0x10000, 1);
    struct ioff_batch *batch = ioff_batch_new(device);
    struct tally t = { 0 };
    struct ioff_sa *sa;

    (void)state;
    opts.life.soft_ns = NS_PER_S;
    for (int i = 0; i < 1000; i++, opts.spi++)
        assert_int_equal(ioff_batch_sa_add(batch, &opts, &sa, NULL), 0);
    assert_int_equal(ioff_batch_run(batch, NULL), 0);
    ioff_device_on_event(device, tally, &t);
    assert_int_equal(ioff_burst_out(device, NULL, 0, clock_now() + 10 * NS_PER_S), 0);
    assert_int_equal(t.soft, 1000);
    assert_int_equal(t.installed, 1);
    ioff_device_on_event(device, NULL, NULL);
}

static char last_line[256];

static void keep_line(void *user, enum log_level level, const char *line)
{
    (void)user;
    (void)level;
    strncpy(last_line, line, sizeof last_line - 1);
}

static void events_that_are_lost_for_want_of_memory_are_counted(void **state)
{
    struct ioff_sa_opts opts = opts_sa(IOFF_DIR_IN, 0x10000, 1);
    struct ioff_batch *batch = ioff_batch_new(device);
    struct tally t = { .installed = 1 };
    struct ioff_sa *sa;

    (void)state;
    opts.life.soft_ns = NS_PER_S;
    for (int i = 0; i < 257; i++, opts.spi++)
        assert_int_equal(ioff_batch_sa_add(batch, &opts, &sa, NULL), 0);
    assert_int_equal(ioff_batch_run(batch, NULL), 0);
    assert_int_equal(ioff_burst_out(device, NULL, 0, clock_now()), 0);
    ioff_device_on_event(device, tally, &t);
    log_set_sink(keep_line, NULL);
    mem_fail_nth(1);
    assert_int_equal(ioff_burst_out(device, NULL, 0, clock_now() + 10 * NS_PER_S), 0);
    mem_fail_nth(0);
    log_set_sink(NULL, NULL);
    assert_int_equal(t.soft, 256);
    assert_non_null(strstr(last_line, "inline:test: event queue full, 1 events lost"));
    ioff_device_on_event(device, NULL, NULL);
}

static void reservations_have_a_limit(void **state)
{
    struct ioff_error error;
    uint32_t spi = 0;

    (void)state;
    for (int i = 0; i < 4096; i++)
        assert_int_equal(ioff_spi_reserve(device, &spi, NULL), 0);
    assert_int_equal(ioff_spi_reserve(device, &spi, &error), IOFF_E_FULL);
    assert_string_equal(error.text, "spi: 4096 are reserved and unused, the limit");
    assert_int_equal(ioff_spi_release(device, spi, NULL), 0);
    assert_int_equal(ioff_spi_reserve(device, &spi, NULL), 0);
    assert_int_equal(install(spi), 0); /* uses the reservation up */
    assert_int_equal(ioff_spi_reserve(device, &spi, NULL), 0);
}

int main(void)
{
#define WITH_DEVICE(test) cmocka_unit_test_setup_teardown(test, open_inline, close_inline)
    const struct CMUnitTest tests[] = {
        WITH_DEVICE(a_failing_allocation_installs_nothing_whichever_it_is),
        WITH_DEVICE(a_failing_allocation_opens_nothing_whichever_it_is),
        WITH_DEVICE(a_failing_allocation_fails_the_first_burst_and_no_later_one),
        WITH_DEVICE(bursts_stay_on_their_first_thread),
        WITH_DEVICE(two_devices_of_one_thread_are_independent),
        WITH_DEVICE(the_device_wants_to_run_every_100_ms),
        WITH_DEVICE(a_thousand_limits_at_once_are_all_told),
        WITH_DEVICE(events_that_are_lost_for_want_of_memory_are_counted),
        WITH_DEVICE(reservations_have_a_limit),
    };

    return cmocka_run_group_tests_name("inline", tests, NULL, NULL);
}
