/* SPDX-License-Identifier: Apache-2.0 */
/* batch: what becomes of handles, keys and memory, whichever way it ends. */
#include <ipsec_offload/sa.h>

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/src/internal.h"
#include "tests/lib/cmocka.h"
#include "tests/lib/fake_nic.h"
#include "tests/lib/sdk_opts.h"
#include "utils/base/mem.h"

#define SPI_IN 0x1001u
#define SPI_OUT 0x2002u

/*
 * Every freed block passes here (linked with --wrap): plain frees must hold no
 * key, secret frees are looked at before and after.  The count of blocks that
 * are not freed yet finds leaks without a sanitizer.
 */
static uint8_t watched[16];
static unsigned keys_wiped, keys_leaked;

void __real_mem_free(void *p);
void __wrap_mem_free(void *p);
void __real_mem_free_secret(void *p, size_t len);
void __wrap_mem_free_secret(void *p, size_t len);

void __wrap_mem_free(void *p)
{
    if (p && memmem(p, malloc_usable_size(p), watched, sizeof watched))
        keys_leaked++;
    __real_mem_free(p);
}

void __wrap_mem_free_secret(void *p, size_t len)
{
    if (p && memmem(p, len, watched, sizeof watched))
        keys_wiped++;
    else if (p && memmem(p, malloc_usable_size(p), watched, sizeof watched))
        keys_leaked++; /* `len` does not cover it */
    __real_mem_free_secret(p, len);
}

static struct ioff_device *device;

static int open_fake(void **state)
{
    (void)state;
    fake_reset();
    memcpy(watched, opts_key(SPI_IN), sizeof watched);
    keys_wiped = keys_leaked = 0;
    return ioff_device_open("fake", NULL, &device, NULL);
}

static int close_fake(void **state)
{
    (void)state;
    ioff_device_close(device);
    device = NULL;
    return keys_leaked || fake.n_open ? -1 : 0;
}

struct answer {
    int calls;
    int code;
    struct ioff_error error;
};

static void note(void *user, int code, const struct ioff_error *error)
{
    struct answer *a = user;

    a->calls++;
    a->code = code;
    if (error)
        a->error = *error;
}

struct tunnel {
    struct ioff_sa *in, *out;
    struct ioff_rule *rule;
};

/* inbound, outbound, rule: the order that sa.h asks for */
static int add_tunnel(struct ioff_batch *batch, struct tunnel *t, struct ioff_error *error)
{
    struct ioff_sa_opts in = opts_sa(IOFF_DIR_IN, SPI_IN, 1);
    struct ioff_sa_opts out = opts_sa(IOFF_DIR_OUT, SPI_OUT, 1);
    struct ioff_rule_opts rule = opts_rule(IOFF_ACTION_PROTECT, 100, 1);
    int code = ioff_batch_sa_add(batch, &in, &t->in, error);

    if (!code)
        code = ioff_batch_sa_add(batch, &out, &t->out, error);
    return code ? code : ioff_batch_rule_add(batch, &rule, t->out, &t->rule, error);
}

static struct tunnel install(void)
{
    struct ioff_batch *batch = ioff_batch_new(device);
    struct tunnel t = { 0 };

    assert_non_null(batch);
    assert_int_equal(add_tunnel(batch, &t, NULL), 0);
    assert_int_equal(ioff_batch_run(batch, NULL), 0);
    return t;
}

static void a_tunnel_is_installed_in_one_batch(void **state)
{
    struct tunnel t = install();
    struct ioff_sa_info info = { .size = sizeof info };

    (void)state;
    assert_int_equal(fake.n_submits, 1);
    assert_int_equal(fake.n_log, 3);
    assert_int_equal(fake.log[0], NIC_OP_SA_ADD);
    assert_int_equal(fake.log[2], NIC_OP_RULE_ADD);
    assert_int_equal(ioff_sa_id(t.in), 1);
    assert_int_equal(ioff_sa_id(t.out), 2);
    assert_int_equal(ioff_rule_id(t.rule), 3);
    assert_int_equal(ioff_sa_get(t.out, &info, NULL), 0);
    assert_int_equal(info.spi, SPI_OUT);
    assert_int_equal(info.state, IOFF_SA_ACTIVE);
    assert_int_equal(info.generation, 1);
    assert_string_equal(info.label, "test/net");
    assert_int_equal(info.num_selectors, 1);
}

static void the_device_gets_the_key_and_every_copy_is_wiped(void **state)
{
    (void)state;
    install();
    assert_int_equal(keys_wiped, 1);
    assert_int_equal(keys_leaked, 0);
    memcpy(watched, opts_key(SPI_OUT), sizeof watched);
    assert_memory_equal(fake.last_key, watched, 16); /* the outbound one came last */
    assert_memory_equal(fake.last_salt, "salt", 4);
}

static void the_key_is_wiped_when_the_install_fails_too(void **state)
{
    struct ioff_batch *batch = ioff_batch_new(device);
    struct tunnel t;

    (void)state;
    fake.fail_op = 1;
    assert_int_equal(add_tunnel(batch, &t, NULL), 0);
    assert_int_equal(ioff_batch_run(batch, NULL), IOFF_E_DEVICE);
    assert_int_equal(keys_wiped, 1);
    batch = ioff_batch_new(device);
    assert_int_equal(add_tunnel(batch, &t, NULL), 0);
    ioff_batch_free(batch); /* never submitted */
    assert_int_equal(keys_wiped, 2);
}

static void the_key_is_wiped_when_the_options_are_wrong(void **state)
{
    struct ioff_batch *batch = ioff_batch_new(device);
    struct ioff_sa_opts opts = opts_sa(IOFF_DIR_IN, SPI_IN, 1);
    struct ioff_error error;
    struct ioff_sa *sa = NULL;

    (void)state;
    opts.num_selectors = 0;
    assert_int_equal(ioff_batch_sa_add(batch, &opts, &sa, &error), IOFF_E_INVALID);
    assert_string_equal(error.text, "sel: there is none");
    assert_null(sa);
    assert_int_equal(keys_wiped, 1);
    ioff_batch_free(batch);
}

static void a_failing_op_undoes_the_whole_batch_whichever_it_is(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 3; n++) {
        struct ioff_batch *batch = ioff_batch_new(device);
        struct ioff_error error = { 0 };
        struct tunnel t;

        assert_int_equal(add_tunnel(batch, &t, NULL), 0);
        fake.fail_op = n;
        assert_int_equal(ioff_batch_run(batch, &error), IOFF_E_DEVICE);
        assert_int_equal(error.code, IOFF_E_DEVICE);
        assert_string_equal(error.text, n < 3 ? "the fake was told to fail this sa-add"
                                              : "the fake was told to fail this rule-add");
        assert_int_equal(fake_n_sas(), 0);
        assert_int_equal(fake_n_rules(), 0);
        assert_int_equal(device->sas.n, 0);
        assert_int_equal(device->rules.n, 0);
    }
}

static void a_failing_allocation_leaves_nothing_behind_whichever_it_is(void **state)
{
    int code = IOFF_E_NOMEM;
    unsigned n;

    (void)state;
    for (n = 1; code && n < 100; n++) {
        struct ioff_error error = { 0 };
        struct ioff_batch *batch;
        struct tunnel t;

        mem_fail_nth(n);
        batch = ioff_batch_new(device);
        code = batch ? add_tunnel(batch, &t, &error) : IOFF_E_NOMEM;
        if (code) {
            assert_int_equal(code, IOFF_E_NOMEM);
            ioff_batch_free(batch);
        } else {
            code = ioff_batch_run(batch, &error);
            assert_int_equal(code, 0); /* submitting needs no memory */
        }
        mem_fail_nth(0);
        assert_int_equal(fake_n_sas(), code ? 0 : 2);
        assert_int_equal(device->sas.n, code ? 0 : 2);
        assert_true(list_is_empty(&device->in_flight));
    }
    assert_int_equal(n, 11); /* batch, 3 handles, 3 attributes, 2 arrays: 9 failures */
}

static void a_failing_allocation_of_open_leaves_nothing_open(void **state)
{
    struct ioff_device *second = NULL;
    int code = IOFF_E_NOMEM;
    unsigned n;

    (void)state;
    for (n = 1; code && n < 100; n++) {
        mem_fail_nth(n);
        code = ioff_device_open("fake", NULL, &second, NULL);
        mem_fail_nth(0);
        assert_int_equal(fake.n_open, code ? 1 : 2);
    }
    assert_int_equal(n, 6);
    ioff_device_close(second);
}

static void deleting_frees_the_handle_and_failing_to_keeps_it(void **state)
{
    struct tunnel t = install();
    struct ioff_batch *batch = ioff_batch_new(device);
    struct ioff_sa_info info = { .size = sizeof info };

    (void)state;
    assert_int_equal(ioff_batch_rule_delete(batch, t.rule), 0);
    assert_int_equal(ioff_batch_sa_delete(batch, t.out), 0);
    assert_int_equal(ioff_batch_sa_delete(batch, t.out), IOFF_E_STATE); /* draining */
    assert_int_equal(ioff_sa_get(t.out, &info, NULL), 0);
    assert_int_equal(info.state, IOFF_SA_DRAINING);
    fake.fail_op = 2;
    assert_int_equal(ioff_batch_run(batch, NULL), IOFF_E_DEVICE);
    assert_int_equal(ioff_sa_get(t.out, &info, NULL), 0);
    assert_int_equal(info.state, IOFF_SA_ACTIVE);

    batch = ioff_batch_new(device);
    assert_int_equal(ioff_batch_sa_delete(batch, t.out), 0);
    ioff_batch_free(batch); /* changed my mind */
    batch = ioff_batch_new(device);
    assert_int_equal(ioff_batch_rule_delete(batch, t.rule), 0);
    assert_int_equal(ioff_batch_sa_delete(batch, t.out), 0);
    assert_int_equal(ioff_batch_sa_delete(batch, t.in), 0);
    assert_int_equal(ioff_batch_run(batch, NULL), 0);
    assert_int_equal(fake_n_sas(), 0);
    assert_int_equal(device->sas.n + device->rules.n, 0);
}

static void ops_on_handles_in_the_wrong_phase_are_refused(void **state)
{
    struct tunnel t = install(), larval;
    struct ioff_batch *first = ioff_batch_new(device), *second = ioff_batch_new(device);
    struct ioff_rule_opts rule_opts = opts_rule(IOFF_ACTION_PROTECT, 1, 1);
    struct ioff_sa_info info = { .size = sizeof info };
    struct ioff_error error;
    struct ioff_rule *rule;

    (void)state;
    assert_int_equal(add_tunnel(first, &larval, NULL), 0);
    assert_int_equal(ioff_sa_get(larval.in, &info, &error), IOFF_E_STATE);
    assert_string_equal(error.text, "sa: its batch has not been carried out");
    assert_int_equal(ioff_batch_sa_delete(first, larval.in), IOFF_E_STATE);
    assert_int_equal(ioff_batch_rule_delete(first, larval.rule), IOFF_E_STATE);
    assert_int_equal(ioff_batch_rule_move(first, larval.rule, t.out), IOFF_E_STATE);
    assert_int_equal(ioff_batch_rule_move(second, t.rule, larval.out), IOFF_E_STATE);
    assert_int_equal(ioff_batch_rule_add(second, &rule_opts, larval.out, &rule, &error),
                     IOFF_E_STATE);
    assert_string_equal(error.text, "sa: being deleted, lost, or of another batch or device");
    assert_int_equal(ioff_batch_sa_endpoint(first, larval.out, &info.remote), IOFF_E_STATE);
    ioff_batch_free(first);
    ioff_batch_free(second);
    ioff_batch_free(NULL);
}

static void a_rule_is_moved_to_an_sa_of_the_same_batch(void **state)
{
    struct tunnel t = install();
    struct ioff_batch *batch = ioff_batch_new(device);
    struct ioff_sa_opts opts = opts_sa(IOFF_DIR_OUT, 0x3003, 1);
    struct ioff_sa *next = NULL;
    struct nic_rule_info info;

    (void)state;
    assert_int_equal(ioff_batch_sa_add(batch, &opts, &next, NULL), 0);
    assert_int_equal(ioff_batch_rule_move(batch, t.rule, next), 0);
    assert_int_equal(ioff_batch_sa_delete(batch, t.out), 0);
    assert_int_equal(ioff_batch_run(batch, NULL), 0);
    device->nic->ops->rule_get(device->nic, ioff_rule_id(t.rule), &info, NULL);
    assert_int_equal(info.attr.sa, ioff_sa_id(next));
}

static void an_endpoint_change_reaches_the_device(void **state)
{
    struct tunnel t = install();
    struct ioff_batch *batch = ioff_batch_new(device);
    struct ioff_endpoint moved = { opts_addr(0xcb007105), 61000 };
    struct ioff_sa_info info = { .size = sizeof info };

    (void)state;
    assert_int_equal(ioff_batch_sa_endpoint(batch, t.out, &moved), 0);
    assert_int_equal(ioff_batch_run(batch, NULL), 0);
    assert_int_equal(ioff_sa_get(t.out, &info, NULL), 0);
    assert_int_equal(info.remote.port, 61000);
    assert_memory_equal(info.remote.addr.b, moved.addr.b, 16);
}

static void an_empty_batch_is_an_error(void **state)
{
    struct ioff_error error;

    (void)state;
    assert_int_equal(ioff_batch_run(ioff_batch_new(device), &error), IOFF_E_INVALID);
    assert_string_equal(error.text, "the batch is empty");
}

static void a_batch_grows_and_has_a_limit(void **state)
{
    struct ioff_batch *batch = ioff_batch_new(device);
    struct ioff_rule_opts opts = opts_rule(IOFF_ACTION_DISCARD, 1, 1);
    struct ioff_error error;
    struct ioff_rule *rule;

    (void)state;
    for (int i = 0; i < 4096; i++)
        assert_int_equal(ioff_batch_rule_add(batch, &opts, NULL, &rule, NULL), 0);
    assert_int_equal(ioff_batch_rule_add(batch, &opts, NULL, &rule, &error), IOFF_E_FULL);
    assert_string_equal(error.text, "batch: more than 4096 ops");
    assert_int_equal(ioff_batch_run(batch, &error), IOFF_E_FULL); /* the fake has room for 64 */
    assert_string_equal(error.text, "rule_max: all 64 rules are in use");
    assert_int_equal(fake_n_rules(), 0);
}

static void a_late_answer_is_waited_for(void **state)
{
    struct answer a = { 0 };
    struct ioff_batch *batch = ioff_batch_new(device);
    struct tunnel t;

    (void)state;
    fake.late = true;
    assert_int_equal(add_tunnel(batch, &t, NULL), 0);
    ioff_batch_submit(batch, note, &a);
    assert_int_equal(a.calls, 0);
    assert_int_equal(ioff_device_process(device, NULL), 0);
    assert_int_equal(a.calls, 1);
    assert_int_equal(a.code, 0);
    batch = ioff_batch_new(device);
    assert_int_equal(ioff_batch_sa_delete(batch, t.in), 0);
    assert_int_equal(ioff_batch_run(batch, NULL), 0);
    assert_int_equal(fake_n_sas(), 1);
}

static void a_batch_that_comes_through_after_the_timeout_is_undone(void **state)
{
    struct ioff_batch *batch = ioff_batch_new(device);
    struct ioff_error error;
    struct tunnel t;

    (void)state;
    fake.mute = true;
    assert_int_equal(add_tunnel(batch, &t, NULL), 0);
    assert_int_equal(batch_run(batch, NS_PER_MS, &error), IOFF_E_TIMEOUT);
    assert_string_equal(error.text, "device fake did not answer within 1 ms");
    assert_int_equal(fake_n_sas(), 0);
    fake.mute = false;
    fake_complete(); /* now it installs, and the SDK takes it back */
    assert_int_equal(fake_n_sas(), 0);
    assert_int_equal(fake_n_rules(), 0);
    assert_int_equal(fake.log[3], NIC_OP_RULE_DEL);
    assert_int_equal(fake.n_log, 6);
    assert_int_equal(device->sas.n, 0);
}

static void closing_ends_batches_in_flight(void **state)
{
    struct ioff_batch *batch = ioff_batch_new(device);
    struct answer a = { 0 };
    struct tunnel t;

    (void)state;
    fake.late = true;
    assert_int_equal(add_tunnel(batch, &t, NULL), 0);
    ioff_batch_submit(batch, note, &a);
    ioff_device_close(device);
    assert_int_equal(a.calls, 1);
    assert_int_equal(a.code, IOFF_E_DEVICE);
    assert_int_equal(ioff_device_open("fake", NULL, &device, NULL), 0);
}

static void a_monitor_may_not_install(void **state)
{
    struct ioff_device_opts opts = IOFF_DEVICE_OPTS_INIT;
    struct ioff_error error;
    struct tunnel t;
    struct ioff_batch *batch;

    (void)state;
    ioff_device_close(device);
    opts.monitor = true;
    assert_int_equal(ioff_device_open("fake", &opts, &device, NULL), 0);
    batch = ioff_batch_new(device);
    assert_int_equal(add_tunnel(batch, &t, NULL), 0);
    assert_int_equal(ioff_batch_run(batch, &error), IOFF_E_STATE);
    assert_string_equal(error.text, "device fake is open for monitoring only");
}

static void lost_handles_say_so_and_are_deleted_without_the_device(void **state)
{
    struct tunnel t = install();
    struct ioff_sa_info info = { .size = sizeof info };
    struct ioff_batch *batch;
    size_t n_submits = fake.n_submits;

    (void)state;
    fake_lose();
    assert_int_equal(ioff_sa_get(t.in, &info, NULL), 0);
    assert_int_equal(info.state, IOFF_SA_DEAD);
    assert_int_equal(info.spi, SPI_IN);
    assert_int_equal(info.placement.actual.reason, IOFF_REASON_LOST);
    assert_int_equal(info.placement.actual.level, IOFF_LEVEL_NONE);
    batch = ioff_batch_new(device);
    assert_int_equal(ioff_batch_rule_move(batch, t.rule, NULL), IOFF_E_STATE);
    assert_int_equal(ioff_batch_sa_delete(batch, t.in), 0);
    assert_int_equal(ioff_batch_sa_delete(batch, t.in), IOFF_E_STATE);
    assert_int_equal(ioff_batch_rule_delete(batch, t.rule), 0);
    assert_int_equal(ioff_batch_run(batch, NULL), 0);
    assert_int_equal(fake.n_submits, n_submits);
    /* t.out stays lost: close frees it */
}

static void a_device_lost_in_mid_batch_fails_the_batch(void **state)
{
    struct tunnel t = install();
    struct ioff_batch *batch = ioff_batch_new(device);
    struct answer a = { 0 };
    struct ioff_sa_info info = { .size = sizeof info };

    (void)state;
    fake.late = true;
    assert_int_equal(ioff_batch_sa_delete(batch, t.in), 0);
    ioff_batch_submit(batch, note, &a);
    fake_lose();
    assert_int_equal(a.code, IOFF_E_DEVICE);
    assert_int_equal(ioff_sa_get(t.in, &info, NULL), 0);
    assert_int_equal(info.state, IOFF_SA_DEAD); /* not live again */
}

static void an_sa_lost_before_submit_fails_the_op_that_names_it(void **state)
{
    struct tunnel t = install();
    struct ioff_batch *batch = ioff_batch_new(device);
    struct ioff_rule_opts opts = opts_rule(IOFF_ACTION_PROTECT, 1, 1);
    struct ioff_rule *rule;
    struct ioff_error error;

    (void)state;
    assert_int_equal(ioff_batch_rule_add(batch, &opts, t.out, &rule, NULL), 0);
    fake_lose();
    assert_int_equal(ioff_batch_run(batch, &error), IOFF_E_STATE);
    assert_string_equal(error.text, "sa: lost with its device since the op was added");
}

int main(void)
{
#define WITH_DEVICE(test) cmocka_unit_test_setup_teardown(test, open_fake, close_fake)
    const struct CMUnitTest tests[] = {
        WITH_DEVICE(a_tunnel_is_installed_in_one_batch),
        WITH_DEVICE(the_device_gets_the_key_and_every_copy_is_wiped),
        WITH_DEVICE(the_key_is_wiped_when_the_install_fails_too),
        WITH_DEVICE(the_key_is_wiped_when_the_options_are_wrong),
        WITH_DEVICE(a_failing_op_undoes_the_whole_batch_whichever_it_is),
        WITH_DEVICE(a_failing_allocation_leaves_nothing_behind_whichever_it_is),
        WITH_DEVICE(a_failing_allocation_of_open_leaves_nothing_open),
        WITH_DEVICE(deleting_frees_the_handle_and_failing_to_keeps_it),
        WITH_DEVICE(ops_on_handles_in_the_wrong_phase_are_refused),
        WITH_DEVICE(a_rule_is_moved_to_an_sa_of_the_same_batch),
        WITH_DEVICE(an_endpoint_change_reaches_the_device),
        WITH_DEVICE(an_empty_batch_is_an_error),
        WITH_DEVICE(a_batch_grows_and_has_a_limit),
        WITH_DEVICE(a_late_answer_is_waited_for),
        WITH_DEVICE(a_batch_that_comes_through_after_the_timeout_is_undone),
        WITH_DEVICE(closing_ends_batches_in_flight),
        WITH_DEVICE(a_monitor_may_not_install),
        WITH_DEVICE(lost_handles_say_so_and_are_deleted_without_the_device),
        WITH_DEVICE(a_device_lost_in_mid_batch_fails_the_batch),
        WITH_DEVICE(an_sa_lost_before_submit_fails_the_op_that_names_it),
    };

    return cmocka_run_group_tests_name("sdk batch", tests, NULL, NULL);
}
