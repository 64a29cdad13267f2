/* SPDX-License-Identifier: Apache-2.0 */
/* batch: all or nothing, in order, atomically; and what a full table says. */
#include <stdlib.h>
#include <string.h>

#include "tests/conformance/conformance.h"
#include "tests/lib/sdk_opts.h"

#define FILL_MAX 4096

/* A batch whose op in the middle takes an SPI that is taken. */
static void a_failing_op_in_the_middle_undoes_all(struct conf *c)
{
    struct ioff_sa *old = conf_add(c, IOFF_DIR_OUT, 0x10001);
    struct ioff_sa *in = conf_add(c, IOFF_DIR_IN, 0x10002);
    struct ioff_rule *rule = conf_rule(c, IOFF_ACTION_PROTECT, 5, old);
    struct ioff_rule *bypass = conf_rule(c, IOFF_ACTION_BYPASS, 6, NULL);
    struct ioff_sa_opts fresh = opts_sa(IOFF_DIR_OUT, 0x10003, 1);
    struct ioff_sa_opts taken = opts_sa(IOFF_DIR_IN, 0x10002, 1);
    struct ioff_endpoint moved = { opts_addr(0xcb007109), 61001 };
    struct ioff_rule_opts rule_opts = opts_rule(IOFF_ACTION_DISCARD, 1, 1);
    struct ioff_batch *batch = ioff_batch_new(c->device);
    struct ioff_error error = { 0 };
    struct ioff_sa *next, *twice;
    struct ioff_rule *other;

    assert_int_equal(ioff_batch_sa_add(batch, &fresh, &next, NULL), 0);
    assert_int_equal(ioff_batch_rule_add(batch, &rule_opts, NULL, &other, NULL), 0);
    assert_int_equal(ioff_batch_rule_move(batch, rule, next), 0);
    assert_int_equal(ioff_batch_sa_endpoint(batch, in, &moved), 0);
    assert_int_equal(ioff_batch_rule_delete(batch, bypass), 0);
    assert_int_equal(ioff_batch_sa_delete(batch, old), 0);
    assert_int_equal(ioff_batch_sa_add(batch, &taken, &twice, NULL), 0);
    assert_int_equal(ioff_batch_rule_add(batch, &rule_opts, NULL, &other, NULL), 0);
    assert_int_equal(ioff_batch_run(batch, &error), IOFF_E_EXISTS);
    assert_non_null(strstr(error.text, "spi"));

    assert_int_equal(conf_num_sas(c), 2);
    assert_int_equal(conf_num_rules(c), 2);
    assert_int_equal(conf_rule_info(c, rule).sa_id, ioff_sa_id(old));
    assert_int_equal(conf_info(old).state, IOFF_SA_ACTIVE);
    assert_int_equal(conf_info(in).remote.port, 4500);
    conf_delete(c, old); /* its handle lives on */
    conf_delete_rule(c, bypass);
}

static void a_tunnel_is_replaced_in_one_batch(struct conf *c)
{
    struct ioff_sa *old = conf_add(c, IOFF_DIR_OUT, 0x10001);
    struct ioff_rule *rule = conf_rule(c, IOFF_ACTION_PROTECT, 5, old);
    struct ioff_sa_opts in = opts_sa(IOFF_DIR_IN, 0x10002, 1);
    struct ioff_sa_opts out = opts_sa(IOFF_DIR_OUT, 0x10003, 1);
    struct ioff_batch *batch = ioff_batch_new(c->device);
    struct ioff_sa *new_in, *new_out;

    assert_int_equal(ioff_batch_sa_add(batch, &in, &new_in, NULL), 0);
    assert_int_equal(ioff_batch_sa_add(batch, &out, &new_out, NULL), 0);
    assert_int_equal(ioff_batch_rule_move(batch, rule, new_out), 0);
    assert_int_equal(ioff_batch_sa_delete(batch, old), 0);
    assert_int_equal(ioff_batch_run(batch, NULL), 0);
    assert_int_equal(conf_num_sas(c), 2);
    assert_int_equal(conf_rule_info(c, rule).sa_id, ioff_sa_id(new_out));
    assert_int_equal(conf_info(new_in).spi, 0x10002);
}

static void a_rule_may_wait_for_its_sa(struct conf *c)
{
    struct ioff_rule *rule = conf_rule(c, IOFF_ACTION_PROTECT, 5, NULL);
    struct ioff_sa *sa = conf_add(c, IOFF_DIR_OUT, 0x10001);

    assert_int_equal(conf_rule_info(c, rule).sa_id, 0);
    conf_move(c, rule, sa);
    assert_int_equal(conf_rule_info(c, rule).sa_id, ioff_sa_id(sa));
    conf_move(c, rule, NULL);
    assert_int_equal(conf_rule_info(c, rule).sa_id, 0);
}

static void a_rule_is_not_aimed_at_an_inbound_sa(struct conf *c)
{
    struct ioff_sa *in = conf_add(c, IOFF_DIR_IN, 0x10001);
    struct ioff_rule *rule = conf_rule(c, IOFF_ACTION_PROTECT, 5, NULL);
    struct ioff_batch *batch = ioff_batch_new(c->device);
    struct ioff_error error = { 0 };

    assert_int_equal(ioff_batch_rule_move(batch, rule, in), 0);
    assert_int_equal(ioff_batch_run(batch, &error), IOFF_E_INVALID);
    assert_non_null(strstr(error.text, "inbound"));
    assert_int_equal(conf_rule_info(c, rule).sa_id, 0);
}

static void a_bypass_rule_takes_no_sa(struct conf *c)
{
    struct ioff_sa *out = conf_add(c, IOFF_DIR_OUT, 0x10001);
    struct ioff_rule_opts opts = opts_rule(IOFF_ACTION_BYPASS, 5, 1);
    struct ioff_batch *batch = ioff_batch_new(c->device);
    struct ioff_error error = { 0 };
    struct ioff_rule *rule;

    assert_int_equal(ioff_batch_rule_add(batch, &opts, out, &rule, &error), IOFF_E_INVALID);
    assert_string_equal(error.text, "sa: only a protect rule names one");
    ioff_batch_free(batch);
}

static void an_spi_that_the_batch_takes_twice_is_refused(struct conf *c)
{
    struct ioff_sa_opts opts = opts_sa(IOFF_DIR_IN, 0x10001, 1);
    struct ioff_batch *batch = ioff_batch_new(c->device);
    struct ioff_sa *a, *b;

    assert_int_equal(ioff_batch_sa_add(batch, &opts, &a, NULL), 0);
    assert_int_equal(ioff_batch_sa_add(batch, &opts, &b, NULL), 0);
    assert_int_equal(ioff_batch_run(batch, NULL), IOFF_E_EXISTS);
    assert_int_equal(conf_num_sas(c), 0);
}

static void two_hundred_ops_are_one_batch(struct conf *c)
{
    struct ioff_batch *batch = ioff_batch_new(c->device);
    size_t n = c->caps.sa_max < 200 ? c->caps.sa_max : 200;
    struct ioff_sa *sa;

    for (size_t i = 0; i < n; i++) {
        struct ioff_sa_opts opts = opts_sa(IOFF_DIR_IN, 0x30000 + (uint32_t)i, 1);

        assert_int_equal(ioff_batch_sa_add(batch, &opts, &sa, NULL), 0);
    }
    assert_int_equal(ioff_batch_run(batch, NULL), 0);
    assert_int_equal(conf_num_sas(c), n);
}

static const char *needs_small_table(const struct conf *c)
{
    return c->caps.sa_max <= FILL_MAX ? NULL : "its table is too large to fill in a test";
}

static void a_full_table_says_so_and_recovers(struct conf *c)
{
    size_t room = c->caps.sa_max - conf_num_sas(c);
    struct ioff_sa_opts opts = opts_sa(IOFF_DIR_IN, 0x20000, 1);
    struct ioff_error error = { 0 };
    struct ioff_sa *sa = NULL;

    for (size_t i = 0; i < room; i++)
        sa = conf_add(c, IOFF_DIR_IN, 0x30000 + (uint32_t)i);
    assert_int_equal(conf_try(c, &opts, &error), IOFF_E_FULL);
    assert_non_null(strstr(error.text, "sa_max"));
    conf_delete(c, sa);
    conf_add_opts(c, &opts);
}

static void a_monitor_reads_and_does_not_write(struct conf *c)
{
    struct ioff_device_opts dev_opts = IOFF_DEVICE_OPTS_INIT;
    struct ioff_rule_opts opts = opts_rule(IOFF_ACTION_DISCARD, 1, 1);
    struct ioff_device *monitor = NULL;
    struct ioff_error error = { 0 };
    struct ioff_batch *batch;
    struct ioff_rule *rule;
    size_t before = conf_num_rules(c);

    dev_opts.owner = CONF_OWNER "-monitor";
    dev_opts.monitor = true;
    assert_int_equal(ioff_device_open(c->spec, &dev_opts, &monitor, &error), 0);
    batch = ioff_batch_new(monitor);
    assert_int_equal(ioff_batch_rule_add(batch, &opts, NULL, &rule, NULL), 0);
    assert_int_equal(ioff_batch_run(batch, &error), IOFF_E_STATE);
    ioff_device_close(monitor);
    assert_int_equal(conf_num_rules(c), before);
}

const struct conf_case conf_batch[] = {
    { "a failing op in the middle undoes all", a_failing_op_in_the_middle_undoes_all, NULL },
    { "a tunnel is replaced in one batch", a_tunnel_is_replaced_in_one_batch, NULL },
    { "a rule may wait for its SA", a_rule_may_wait_for_its_sa, NULL },
    { "a rule is not aimed at an inbound SA", a_rule_is_not_aimed_at_an_inbound_sa, NULL },
    { "a bypass rule takes no SA", a_bypass_rule_takes_no_sa, NULL },
    { "an SPI that the batch takes twice is refused", an_spi_that_the_batch_takes_twice_is_refused,
      NULL },
    { "two hundred ops are one batch", two_hundred_ops_are_one_batch, NULL },
    { "a full table says so and recovers", a_full_table_says_so_and_recovers, needs_small_table },
    { "a monitor reads and does not write", a_monitor_reads_and_does_not_write, NULL },
    { 0 },
};
