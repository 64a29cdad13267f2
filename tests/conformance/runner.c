/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runner: asks the device what it can show, prints what does not apply and
 * why, and runs the rest as cmocka tests.
 */
#include "tests/conformance/conformance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "utils/base/clock.h"

#define CASES_MAX 128

static void keep_event(void *user, const struct ioff_event *event)
{
    struct conf *c = user;
    struct conf_event *e;

    if (c->n_events == CONF_EVENTS)
        return;
    e = &c->events[c->n_events++];
    *e = (struct conf_event){
        .kind = event->kind,
        .sa_id = event->sa_id,
        .rule_id = event->rule_id,
        .spi = event->spi,
        .selector = event->selector,
        .remote = event->remote,
    };
    snprintf(e->cause, sizeof e->cause, "%s", event->cause);
}

size_t conf_count_events(const struct conf *c, enum ioff_event_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n_events; i++)
        n += c->events[i].kind == kind;
    return n;
}

struct ioff_device *conf_open(struct conf *c)
{
    struct ioff_device_opts opts = IOFF_DEVICE_OPTS_INIT;
    struct ioff_error error = { 0 };

    opts.owner = CONF_OWNER;
    if (ioff_device_open(c->spec, &opts, &c->device, &error)) {
        print_error("cannot open %s: %s\n", c->spec, error.text);
        return NULL;
    }
    c->n_events = 0;
    ioff_device_on_event(c->device, keep_event, c);
    return c->device;
}

const char *conf_needs_bursts(const struct conf *c)
{
    return c->bursts ? NULL : "the device moves its packets itself";
}

const char *conf_needs_persistence(const struct conf *c)
{
    return c->persists ? NULL : "SAs and rules end with the device's close";
}

/* Finds out by trying: does a rule survive a close? */
static bool try_persistence(struct conf *c)
{
    bool survived;

    conf_rule(c, IOFF_ACTION_DISCARD, 1, NULL);
    ioff_device_close(c->device);
    if (!conf_open(c))
        return false;
    survived = conf_num_rules(c) == 1;
    conf_clean(c->device);
    return survived;
}

static struct conf the_conf;

static int open_device(void **state)
{
    (void)state;
    return conf_open(&the_conf) ? 0 : -1;
}

static int close_device(void **state)
{
    size_t left;

    (void)state;
    if (!the_conf.device)
        return -1;
    left = conf_clean(the_conf.device);
    ioff_device_close(the_conf.device);
    the_conf.device = NULL;
    if (left)
        print_error("%zu SAs or rules could not be deleted\n", left);
    return left ? -1 : 0;
}

static void run_case(void **state)
{
    const struct conf_case *one = *state;

    one->run(&the_conf);
}

static void probe(void **state)
{
    (void)state;
    the_conf.caps.size = sizeof the_conf.caps;
    assert_int_equal(ioff_device_caps(the_conf.device, &the_conf.caps), 0);
    the_conf.bursts = ioff_burst_out(the_conf.device, NULL, 0, clock_now()) == 0;
    the_conf.persists = try_persistence(&the_conf);
}

/* Appends the cases that apply; says of the others why they do not. */
static size_t select_cases(const struct conf_case *list, struct CMUnitTest *tests, size_t n)
{
    for (; list->name; list++) {
        const char *why_not = list->why_not ? list->why_not(&the_conf) : NULL;

        if (why_not) {
            printf("not applicable: %s: %s\n", list->name, why_not);
            continue;
        }
        if (n == CASES_MAX)
            abort();
        tests[n++] = (struct CMUnitTest){
            .name = list->name,
            .test_func = run_case,
            .setup_func = open_device,
            .teardown_func = close_device,
            .initial_state = (void *)(uintptr_t)list,
        };
    }
    return n;
}

int conf_main(int argc, char **argv)
{
    const struct CMUnitTest probes[] = {
        cmocka_unit_test_setup_teardown(probe, open_device, close_device),
    };
    static struct CMUnitTest tests[CASES_MAX];
    char group[64];
    size_t n = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: %s DEVICE\n", argv[0]);
        return 2;
    }
    the_conf.spec = argv[1];
    if (cmocka_run_group_tests_name("probe", probes, NULL, NULL))
        return 1;
    n = select_cases(conf_control, tests, n);
    n = select_cases(conf_batch, tests, n);
    n = select_cases(conf_packet, tests, n);
    n = select_cases(conf_life, tests, n);
    fflush(stdout);
    snprintf(group, sizeof group, "conformance %s", the_conf.spec);
    return _cmocka_run_group_tests(group, tests, n, NULL, NULL) ? 1 : 0;
}
