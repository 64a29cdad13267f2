/* SPDX-License-Identifier: Apache-2.0 */
/* The rest of the shim: default ops, registry, batch gate, events, texts. */
#include "driver/core/provider.h"

#include <string.h>

#include "tests/lib/cmocka.h"
#include "tests/lib/fake_nic.h"
#include "utils/base/mem.h"

static int reset(void **state)
{
    (void)state;
    fake_reset();
    return 0;
}

struct outcome {
    int calls;
    int code;
    struct err err;
};

static void note(struct nic_batch *batch, int code, const struct err *err)
{
    struct outcome *o = batch->user;

    o->calls++;
    o->code = code;
    if (err)
        o->err = *err;
}

static void every_default_op_says_no_and_names_device_and_op(void **state)
{
    struct nic_ops ops = { 0 };
    struct nic_device dev = { .ops = &ops, .name = "toy0" };
    struct outcome o = { 0 };
    struct nic_batch batch = { .done = note, .user = &o };
    struct ip_endpoint end = { 0 };
    struct err err = { 0 };
    uint32_t spi = 77;

    (void)state;
    nic_ops_fill(&ops);
    assert_int_equal(ops.close(&dev), ERR_UNSUPPORTED);
    assert_int_equal(ops.spi_reserve(&dev, &spi, &err), ERR_UNSUPPORTED);
    assert_string_equal(err.text, "device toy0 does not support reserving an SPI");
    assert_int_equal(spi, 77);
    assert_int_equal(ops.spi_release(&dev, 300, &err), ERR_UNSUPPORTED);
    ops.submit(&dev, &batch);
    assert_int_equal(o.calls, 1);
    assert_int_equal(o.code, ERR_UNSUPPORTED);
    assert_string_equal(o.err.text, "device toy0 does not support SAs and rules");
    assert_int_equal(ops.sa_get(&dev, 1, NULL, &err), ERR_UNSUPPORTED);
    assert_int_equal(ops.rule_get(&dev, 1, NULL, &err), ERR_UNSUPPORTED);
    assert_int_equal(ops.enumerate(&dev, NULL, NULL, NULL, &err), ERR_UNSUPPORTED);
    assert_int_equal(ops.device_counters(&dev, NULL, &err), ERR_UNSUPPORTED);
    assert_int_equal(ops.ike_send(&dev, &end, &end, span_of("x", 1), &err), ERR_UNSUPPORTED);
    assert_int_equal(ops.keepalive_send(&dev, &end, &end, &err), ERR_UNSUPPORTED);
    assert_int_equal(ops.guard_set(&dev, NULL, 0, &err), ERR_UNSUPPORTED);
    assert_string_equal(err.text,
                        "device toy0 does not support a drop rule for protected prefixes");
    assert_int_equal(ops.burst(&dev, NIC_DIR_OUT, NULL, 0, 0), ERR_UNSUPPORTED);
    assert_int_equal(ops.fd(&dev), -1);
    assert_int_equal(ops.process(&dev, 0, &err), 0);
    assert_int_equal(ops.next_wakeup(&dev), 0);
}

static int own_fd(struct nic_device *dev)
{
    (void)dev;
    return 42;
}

static void filling_leaves_the_ops_a_backend_has(void **state)
{
    struct nic_ops ops = { .fd = own_fd };
    void *const *entries = (void *const *)(void *)&ops;

    (void)state;
    nic_ops_fill(&ops);
    assert_int_equal(ops.fd(NULL), 42);
    for (size_t i = 0; i < sizeof ops / sizeof(void *); i++)
        assert_non_null(entries[i]);
}

static void places_come_best_first_absent_ones_included(void **state)
{
    static const char *const expected[] = { "mlx5", "fakehw", "xfrm", "fake" };
    struct nic_place places[NIC_PLACES_MAX];

    (void)state;
    assert_int_equal(nic_places(places, NIC_PLACES_MAX), 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(places[i].name, expected[i]);
    assert_string_equal(places[0].absent, "this version has no mlx5 backend");
    assert_null(places[1].absent);
    assert_int_equal(nic_places(places, 2), 2);
}

static void the_device_list_holds_devices_and_absent_places(void **state)
{
    struct nic_device_desc descs[8];
    size_t n = 0;

    (void)state;
    assert_int_equal(nic_device_list(descs, 8, &n, NULL), 0);
    assert_int_equal(n, 3); /* fakehw has no card in this machine */
    assert_string_equal(descs[0].name, "mlx5");
    assert_false(descs[0].usable);
    assert_string_equal(descs[2].name, "fake");
    assert_true(descs[2].usable);
    assert_int_equal(descs[2].level, NIC_LEVEL_SOFTWARE);
    assert_int_equal(nic_device_list(descs, 1, &n, NULL), 0);
    assert_int_equal(n, 3);
}

static void opening_fills_name_provider_and_owner(void **state)
{
    struct nic_device *dev = NULL;

    (void)state;
    assert_int_equal(nic_device_open("fake", NULL, false, &dev, NULL), 0);
    assert_string_equal(dev->name, "fake");
    assert_string_equal(dev->provider, "fake");
    assert_string_equal(dev->owner, "sdk");
    assert_int_equal(dev->generation, 1);
    assert_int_equal(nic_device_close(dev), 0);
    assert_int_equal(nic_device_open("fake:left", "me", true, &dev, NULL), 0);
    assert_string_equal(dev->name, "left");
    assert_string_equal(dev->owner, "me");
    assert_true(dev->monitor);
    assert_int_equal(nic_device_close(dev), 0);
    assert_int_equal(nic_device_close(NULL), 0);
}

static void opening_what_is_not_there_says_what_is_wrong(void **state)
{
    static const struct {
        const char *spec, *owner;
        int code;
        const char *text;
    } cases[] = {
        { "mlx5", NULL, ERR_UNSUPPORTED, "device mlx5: this version has no mlx5 backend" },
        { "mlx5:0", NULL, ERR_UNSUPPORTED, "device mlx5: this version has no mlx5 backend" },
        { "fak", NULL, ERR_NOTFOUND, "device: no provider is called \"fak\"" },
        { "fakes", NULL, ERR_NOTFOUND, "device: no provider is called \"fakes\"" },
        { "", NULL, ERR_NOTFOUND, "device: no provider is called \"\"" },
        { ":x", NULL, ERR_NOTFOUND, "device: no provider is called \"\"" },
        { "fake:", NULL, ERR_INVALID, "device fake:: nothing follows the colon" },
        { "fake", "", ERR_INVALID, "owner: must have 1 to 31 bytes" },
        { "fake", "a b", ERR_INVALID, "owner: byte 1 is not printable ASCII" },
        { "fake", "0123456789012345678901234567890123456789", ERR_INVALID,
          "owner: must have 1 to 31 bytes" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct nic_device *dev = NULL;
        struct err err = { 0 };

        assert_int_equal(nic_device_open(cases[i].spec, cases[i].owner, false, &dev, &err),
                         cases[i].code);
        assert_string_equal(err.text, cases[i].text);
        assert_null(dev);
    }
    assert_int_equal(fake.n_open, 0);
}

/* Submits one batch and says what came of it. */
static struct outcome submit(struct nic_device *dev, struct nic_batch_op *ops, size_t n)
{
    struct outcome o = { 0 };
    struct nic_batch batch = { .ops = ops, .n_ops = n, .done = note, .user = &o };

    nic_submit(dev, &batch);
    assert_int_equal(o.calls, 1);
    return o;
}

static void the_gate_refuses_what_no_backend_should_see(void **state)
{
    static const struct nic_rule_attr to_op_0 = { .sa = NIC_SA_OF_OP(0) };
    static const struct nic_rule_attr to_op_1 = { .sa = NIC_SA_OF_OP(1) };
    struct nic_batch_op add = { .kind = NIC_OP_SA_ADD };
    struct nic_batch_op rule = { .kind = NIC_OP_RULE_ADD };
    struct nic_batch_op self = { .kind = NIC_OP_RULE_ADD, .rule = &to_op_0 };
    struct nic_batch_op ahead[] = { { .kind = NIC_OP_RULE_ADD, .rule = &to_op_1 }, add };
    struct nic_batch_op move = { .kind = NIC_OP_RULE_MOVE, .sa = NIC_SA_OF_OP(9) };
    struct nic_batch_op odd = { .kind = (enum nic_batch_kind)99 };
    struct nic_device *dev;

    (void)state;
    assert_int_equal(nic_device_open("fake", NULL, false, &dev, NULL), 0);
    assert_string_equal(submit(dev, NULL, 0).err.text, "the batch is empty");
    assert_string_equal(submit(dev, &add, 1).err.text, "op 0: sa-add without attributes");
    assert_string_equal(submit(dev, &rule, 1).err.text, "op 0: rule-add without attributes");
    assert_string_equal(submit(dev, &self, 1).err.text,
                        "op 0: names op 0, which is no earlier sa-add");
    assert_string_equal(submit(dev, ahead, 2).err.text,
                        "op 0: names op 1, which is no earlier sa-add");
    assert_string_equal(submit(dev, &move, 1).err.text,
                        "op 0: names op 9, which is no earlier sa-add");
    assert_string_equal(submit(dev, &odd, 1).err.text, "op 0: unknown kind 99");
    dev->monitor = true;
    assert_int_equal(submit(dev, &move, 1).code, ERR_STATE);
    assert_int_equal(fake.n_submits, 0);
    nic_device_close(dev);
}

static void a_failure_without_a_reason_still_gets_a_text(void **state)
{
    struct outcome o = { 0 };
    struct nic_batch batch = { .done = note, .user = &o };

    (void)state;
    nic_batch_done(&batch, ERR_FULL, NULL);
    assert_string_equal(o.err.text, "the device gave no reason (full)");
}

static void catch_event(void *user, const struct nic_event *event)
{
    *(int *)user = (int)event->kind;
}

static void an_event_reaches_whoever_listens_or_nobody(void **state)
{
    struct nic_device dev = { 0 };
    struct nic_event event = { .kind = NIC_EVENT_ACQUIRE };
    int seen = -1;

    (void)state;
    nic_event_raise(&dev, &event);
    dev.event_fn = catch_event;
    dev.event_user = &seen;
    nic_event_raise(&dev, &event);
    assert_int_equal(seen, NIC_EVENT_ACQUIRE);
}

static void selectors_read_well(void **state)
{
    static const struct {
        uint8_t proto;
        uint16_t lo, hi;
        const char *text;
    } cases[] = {
        { 0, 0, 65535, "10.1.0.0/24 -> 10.2.0.1-10.2.0.9" },
        { 17, 0, 65535, "10.1.0.0/24[udp] -> 10.2.0.1-10.2.0.9[udp]" },
        { 6, 80, 80, "10.1.0.0/24[tcp/80] -> 10.2.0.1-10.2.0.9[tcp]" },
        { 132, 1, 9, "10.1.0.0/24[sctp/1-9] -> 10.2.0.1-10.2.0.9[sctp]" },
        { 1, 0, 65535, "10.1.0.0/24[icmp] -> 10.2.0.1-10.2.0.9[icmp]" },
        { 89, 0, 65535, "10.1.0.0/24[89] -> 10.2.0.1-10.2.0.9[89]" },
        { 255, 0, 65535, "10.1.0.0/24[255] -> 10.2.0.1-10.2.0.9[255]" },
    };
    struct nic_selector sel = { .remote_port_hi = 65535 };
    char buf[NIC_SELECTOR_TEXT_LEN];

    (void)state;
    assert_int_equal(ip_range_parse("10.1.0.0/24", &sel.local), 0);
    assert_int_equal(ip_range_parse("10.2.0.1-10.2.0.9", &sel.remote), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sel.proto = cases[i].proto;
        sel.local_port_lo = cases[i].lo;
        sel.local_port_hi = cases[i].hi;
        assert_string_equal(nic_selector_text(&sel, buf), cases[i].text);
    }
}

static void the_longest_selector_fits_its_buffer(void **state)
{
    struct nic_selector sel = { .proto = 132,
                                .local_port_lo = 10000,
                                .local_port_hi = 65534,
                                .remote_port_lo = 10000,
                                .remote_port_hi = 65534 };
    char buf[NIC_SELECTOR_TEXT_LEN];

    (void)state;
    sel.local.lo.family = sel.local.hi.family = 6;
    memset(sel.local.lo.b, 0x11, 16);
    memset(sel.local.hi.b, 0xee, 16);
    sel.remote = sel.local;
    nic_selector_text(&sel, buf);
    assert_non_null(strstr(buf, "[sctp/10000-65534] -> "));
    assert_string_equal(buf + strlen(buf) - 18, "[sctp/10000-65534]");
}

static void names_are_known_for_all_values_and_no_others(void **state)
{
    (void)state;
    for (int i = 0; i <= NIC_EVENT_IKE_DATAGRAM; i++)
        assert_string_not_equal(nic_event_name((enum nic_event_kind)i), "unknown");
    assert_string_equal(nic_event_name((enum nic_event_kind)99), "unknown");
    for (int i = 0; i <= NIC_OP_SA_ENDPOINT; i++)
        assert_string_not_equal(nic_op_name((enum nic_batch_kind)i), "unknown");
    assert_string_equal(nic_op_name((enum nic_batch_kind) - 1), "unknown");
    for (int i = 0; i < NIC_DROP_N; i++)
        assert_string_not_equal(nic_drop_name((enum nic_drop)i), "unknown");
    assert_string_equal(nic_drop_name(NIC_DROP_N), "unknown");
    assert_string_equal(nic_level_name(NIC_LEVEL_PACKET), "packet");
    assert_string_equal(nic_level_name((enum nic_level)4), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_default_op_says_no_and_names_device_and_op),
        cmocka_unit_test(filling_leaves_the_ops_a_backend_has),
        cmocka_unit_test_setup(places_come_best_first_absent_ones_included, reset),
        cmocka_unit_test_setup(the_device_list_holds_devices_and_absent_places, reset),
        cmocka_unit_test_setup(opening_fills_name_provider_and_owner, reset),
        cmocka_unit_test_setup(opening_what_is_not_there_says_what_is_wrong, reset),
        cmocka_unit_test_setup(the_gate_refuses_what_no_backend_should_see, reset),
        cmocka_unit_test(a_failure_without_a_reason_still_gets_a_text),
        cmocka_unit_test(an_event_reaches_whoever_listens_or_nobody),
        cmocka_unit_test(selectors_read_well),
        cmocka_unit_test(the_longest_selector_fits_its_buffer),
        cmocka_unit_test(names_are_known_for_all_values_and_no_others),
    };

    return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
