/* SPDX-License-Identifier: Apache-2.0 */
/* test_dpc: the control protocol byte by byte, there and back, and cut short. */
#include "tests/unit/dp_kit.h"

static uint8_t buf[DPC_FRAME_MAX], again[DPC_FRAME_MAX];

static void put_text_hex(struct span s, char *out)
{
    hex_encode(out, s.p, s.len);
}

static void a_hello_has_these_bytes(void **state)
{
    struct dpc_hello m = { .version = 1, .monitor = true, .owner = "cli" };
    struct span frame;
    struct wr wr;
    char hex[128];

    (void)state;
    dpc_begin(&wr, buf, sizeof buf, DPC_REQUEST, DPC_OP_HELLO, 0x0a0b0c0d, 0);
    dpc_put_hello(&wr, &m);
    assert_int_equal(dpc_end(&wr, &frame, NULL), 0);
    put_text_hex(frame, hex);
    assert_string_equal(hex, "01010001"
                             "0a0b0c0d"
                             "00000000"
                             "00000007"
                             "0001"
                             "01"
                             "03636c69");
}

static void a_refusal_has_these_bytes(void **state)
{
    struct dpc_header h;
    struct span frame, payload;
    struct wr wr;
    char hex[128];

    (void)state;
    dpc_begin(&wr, buf, sizeof buf, DPC_REPLY, DPC_OP_SA_GET, 7, ERR_NOTFOUND);
    wr_bytes(&wr, "no SA 9", 7);
    assert_int_equal(dpc_end(&wr, &frame, NULL), 0);
    put_text_hex(frame, hex);
    assert_string_equal(hex, "01020005"
                             "00000007"
                             "fffffffb"
                             "00000007"
                             "6e6f2053412039");
    assert_int_equal(dpc_open(frame, &h, &payload, NULL), 0);
    assert_int_equal(h.code, ERR_NOTFOUND);
    assert_int_equal(h.id, 7);
    assert_int_equal(payload.len, 7);
}

static void a_selector_and_an_endpoint_have_these_bytes(void **state)
{
    struct nic_selector s = kit_selector("10.1.0.0/24", "10.2.0.1");
    struct ip_endpoint e = kit_endpoint("192.0.2.1", 4500);
    struct wr wr;
    char hex[128];

    (void)state;
    s.proto = 6;
    s.remote_port_lo = s.remote_port_hi = 443;
    wr_init(&wr, buf, sizeof buf);
    dpc_put_selector(&wr, &s);
    dpc_put_endpoint(&wr, &e);
    put_text_hex(wr_span_of(&wr), hex);
    assert_string_equal(hex, "040a010000"
                             "040a0100ff"
                             "040a020001"
                             "040a020001"
                             "06"
                             "0000"
                             "ffff"
                             "01bb"
                             "01bb"
                             "04c0000201"
                             "1194");
}

static void header_faults_are_named(void **state)
{
    static const struct {
        const char *hex, *field;
    } cases[] = {
        { "", "version" },
        { "02010001000000010000000000000000", "version" },
        { "01040001000000010000000000000000", "kind" },
        { "01000001000000010000000000000000", "kind" },
        { "010100", "op" },
        { "0101000100", "id" },
        { "010100010000000100", "code" },
        { "01010001000000010000000100000000", "code" }, /* positive */
        { "0101000100000001ffffffff00000000", "code" }, /* a request has none */
        { "010100010000000100000000000000", "length" },
        { "01010001000000010000000000000001", "length" },
        { "0101000100000001000000000000000000", "length" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t len = strlen(cases[i].hex) / 2;
        struct dpc_header h;
        struct err err = { 0 };
        struct span payload;
        char want[64];

        assert_true(hex_decode(buf, len, cases[i].hex));
        assert_int_equal(dpc_open(span_of(buf, len), &h, &payload, &err), ERR_MALFORMED);
        snprintf(want, sizeof want, "control message header: bad %s", cases[i].field);
        assert_string_equal(err.text, want);
    }
}

/* --- there and back: what is read writes the same bytes ---------------------- */

static size_t make_sa_attr(struct wr *wr)
{
    struct nic_sa_attr a = kit_sa(NIC_DIR_IN, 0x01020304);

    a.n_sel = NIC_SELECTORS_MAX;
    for (size_t i = 2; i < NIC_SELECTORS_MAX; i++)
        a.sel[i] = kit_selector("2001:db8::/64", "2001:db8:1::1-2001:db8:1::5");
    dpc_put_sa_attr(wr, &a, true);
    return wr_len(wr);
}

static bool copy_sa_attr(struct dpc_in *in, struct wr *wr)
{
    struct nic_sa_attr a;

    dpc_get_sa_attr(in, &a, true);
    dpc_put_sa_attr(wr, &a, true);
    return !in->bad;
}

static size_t make_sa_info(struct wr *wr)
{
    struct nic_sa_info i = kit_sa_info();

    dpc_put_sa_info(wr, &i);
    return wr_len(wr);
}

static bool copy_sa_info(struct dpc_in *in, struct wr *wr)
{
    struct nic_sa_info i;

    dpc_get_sa_info(in, &i);
    dpc_put_sa_info(wr, &i);
    return !in->bad;
}

static size_t make_rule_info(struct wr *wr)
{
    struct nic_rule_info i = { .id = 9, .owner = "x", .generation = 2 };

    i.attr = kit_rule("10.0.0.0/8", "0.0.0.0/0", 77);
    dpc_put_rule_info(wr, &i);
    return wr_len(wr);
}

static bool copy_rule_info(struct dpc_in *in, struct wr *wr)
{
    struct nic_rule_info i;

    dpc_get_rule_info(in, &i);
    dpc_put_rule_info(wr, &i);
    return !in->bad;
}

static size_t make_welcome(struct wr *wr)
{
    struct dpc_welcome m = kit_welcome();

    dpc_put_welcome(wr, &m);
    return wr_len(wr);
}

static bool copy_welcome(struct dpc_in *in, struct wr *wr)
{
    struct dpc_welcome m;

    dpc_get_welcome(in, &m);
    dpc_put_welcome(wr, &m);
    return !in->bad;
}

static size_t make_event(struct wr *wr)
{
    struct nic_event ev = {
        .kind = NIC_EVENT_IKE_DATAGRAM,
        .id = 1,
        .tunnel = 2,
        .spi = 3,
        .cause = "bytes",
        .local = kit_endpoint("192.0.2.1", 4500),
        .remote = kit_endpoint("192.0.2.2", 62000),
        .data = span_of("an IKE message", 14),
    };

    dpc_put_event(wr, &ev); /* selector unset: only acquire has one */
    return wr_len(wr);
}

static bool copy_event(struct dpc_in *in, struct wr *wr)
{
    struct nic_event ev;

    dpc_get_event(in, &ev);
    dpc_put_event(wr, &ev);
    return !in->bad;
}

static size_t make_counters(struct wr *wr)
{
    struct nic_device_counters c = { .rx_packets = 1,
                                     .tx_packets = 2,
                                     .ike_rx = 3,
                                     .ike_tx = 4,
                                     .keepalive_rx = 5,
                                     .drops = { 6, 7, 8 } };

    dpc_put_counters(wr, &c);
    return wr_len(wr);
}

static bool copy_counters(struct dpc_in *in, struct wr *wr)
{
    struct nic_device_counters c;

    dpc_get_counters(in, &c);
    dpc_put_counters(wr, &c);
    return !in->bad;
}

static size_t make_batch(struct wr *wr)
{
    struct nic_sa_attr in = kit_sa(NIC_DIR_IN, 0x1001), out = kit_sa(NIC_DIR_OUT, 0x2001);
    struct nic_rule_attr rule = kit_rule("10.1.0.0/24", "10.2.0.0/24", NIC_SA_OF_OP(1));
    struct nic_batch_op ops[] = {
        { .kind = NIC_OP_SA_ADD, .sa_attr = &in },
        { .kind = NIC_OP_SA_ADD, .sa_attr = &out },
        { .kind = NIC_OP_RULE_ADD, .rule = &rule },
        { .kind = NIC_OP_RULE_MOVE, .id = 5, .sa = NIC_SA_OF_OP(1) },
        { .kind = NIC_OP_SA_ENDPOINT, .id = 6, .remote = kit_endpoint("203.0.113.9", 1024) },
        { .kind = NIC_OP_RULE_DEL, .id = 7 },
        { .kind = NIC_OP_SA_DEL, .id = 8 },
    };
    struct nic_batch batch = { .ops = ops, .n_ops = 7 };

    assert_int_equal(dpc_put_batch(wr, &batch, NULL), 0);
    return wr_len(wr);
}

static bool copy_batch(struct dpc_in *in, struct wr *wr)
{
    struct dpc_batch b = { 0 };
    bool good = !dpc_get_batch(in, &b, NULL);
    struct nic_batch batch = { .ops = b.ops, .n_ops = b.n_ops };

    if (good)
        assert_int_equal(dpc_put_batch(wr, &batch, NULL), 0);
    dpc_batch_fini(&b);
    return good;
}

static const struct message {
    const char *name;
    size_t (*make)(struct wr *wr);
    bool (*copy)(struct dpc_in *in, struct wr *wr);
} messages[] = {
    { "sa attributes", make_sa_attr, copy_sa_attr },
    { "sa info", make_sa_info, copy_sa_info },
    { "rule info", make_rule_info, copy_rule_info },
    { "welcome", make_welcome, copy_welcome },
    { "event", make_event, copy_event },
    { "counters", make_counters, copy_counters },
    { "batch", make_batch, copy_batch },
};
#define N_MESSAGES (sizeof messages / sizeof *messages)

static void every_message_comes_back_as_it_went(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_MESSAGES; i++) {
        struct dpc_in in;
        struct wr wr, wr2;
        size_t len;

        wr_init(&wr, buf, sizeof buf);
        len = messages[i].make(&wr);
        assert_false(wr.failed);
        dpc_in_init(&in, span_of(buf, len));
        wr_init(&wr2, again, sizeof again);
        assert_true(messages[i].copy(&in, &wr2));
        assert_int_equal(dpc_in_end(&in, messages[i].name, NULL), 0);
        assert_int_equal(wr_len(&wr2), len);
        assert_memory_equal(buf, again, len);
    }
}

static void a_message_cut_anywhere_is_refused_with_a_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_MESSAGES; i++) {
        struct wr wr, wr2;
        size_t full;

        wr_init(&wr, buf, sizeof buf);
        full = messages[i].make(&wr);
        for (size_t len = 0; len < full; len++) {
            uint8_t *exact = mem_dup(buf, len + 1); /* a read beyond is seen by ASan */
            struct err err = { 0 };
            struct dpc_in in;

            assert_non_null(exact);
            dpc_in_init(&in, span_of(exact + 1, len)); /* any bytes will do, short as they are */
            memcpy(exact + 1, buf, len);
            wr_init(&wr2, again, sizeof again);
            messages[i].copy(&in, &wr2);
            assert_int_equal(dpc_in_end(&in, messages[i].name, &err), ERR_MALFORMED);
            assert_non_null(strstr(err.text, ": bad "));
            mem_free(exact);
        }
    }
}

static void a_byte_too_many_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_MESSAGES; i++) {
        struct dpc_in in;
        struct wr wr, wr2;
        size_t len;

        wr_init(&wr, buf, sizeof buf);
        len = messages[i].make(&wr);
        buf[len] = 0;
        dpc_in_init(&in, span_of(buf, len + 1));
        wr_init(&wr2, again, sizeof again);
        messages[i].copy(&in, &wr2);
        assert_int_equal(dpc_in_end(&in, messages[i].name, NULL), ERR_MALFORMED);
    }
}

static void wrong_values_are_named(void **state)
{
    /* offset in the encoded SA attributes, value, field */
    static const struct {
        size_t at;
        uint8_t value;
        const char *field;
    } cases[] = {
        { 0, 2, "dir" },      /* neither out nor in */
        { 76, 4, "flags" },   /* bits that nobody defined */
        { 79, 5, "local" },   /* address family */
        { 157, 64, "label" }, /* longer than a label is */
        { 158, 0, "label" },  /* a NUL inside */
        { 168, 17, "n-selectors" },
        { 169, 6, "selector.local" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct nic_sa_attr a = kit_sa(NIC_DIR_IN, 1), got;
        struct err err = { 0 };
        struct dpc_in in;
        struct wr wr;
        char want[64];

        wr_init(&wr, buf, sizeof buf);
        dpc_put_sa_attr(&wr, &a, true);
        assert_int_not_equal(buf[cases[i].at], cases[i].value);
        buf[cases[i].at] = cases[i].value;
        dpc_in_init(&in, wr_span_of(&wr));
        dpc_get_sa_attr(&in, &got, true);
        assert_int_equal(dpc_in_end(&in, "sa", &err), ERR_MALFORMED);
        snprintf(want, sizeof want, "control message sa: bad %s", cases[i].field);
        assert_string_equal(err.text, want);
    }
}

static void a_key_never_comes_back(void **state)
{
    struct nic_sa_info i = kit_sa_info();
    struct wr wr;

    (void)state;
    wr_init(&wr, buf, sizeof buf);
    dpc_put_sa_info(&wr, &i);
    assert_null(memmem(buf, wr_len(&wr), i.attr.key, 4));
    assert_null(memmem(buf, wr_len(&wr), i.attr.salt, 4));
}

static void limits_are_kept_when_writing(void **state)
{
    static uint8_t big[DPC_IKE_MAX + 1];
    struct dpc_datagram m = { .data = span_of(big, sizeof big) };
    struct nic_batch batch = { .n_ops = DPC_BATCH_MAX + 1 };
    struct err err = { 0 };
    struct span frame;
    struct wr wr;

    (void)state;
    dpc_begin(&wr, buf, sizeof buf, DPC_REQUEST, DPC_OP_IKE_SEND, 1, 0);
    dpc_put_datagram(&wr, &m);
    assert_int_equal(dpc_end(&wr, &frame, &err), ERR_FULL);
    wr_init(&wr, buf, sizeof buf);
    assert_int_equal(dpc_put_batch(&wr, &batch, &err), ERR_FULL);
    batch.n_ops = 0;
    assert_int_equal(dpc_put_batch(&wr, &batch, &err), ERR_INVALID);
}

static void ids_go_to_the_ops_that_add_and_only_all_at_once(void **state)
{
    struct nic_batch_op sent[3] = { { .kind = NIC_OP_SA_ADD, .id = 11 },
                                    { .kind = NIC_OP_SA_DEL, .id = 12 },
                                    { .kind = NIC_OP_RULE_ADD, .id = 13 } };
    struct nic_batch_op got[3] = { { .kind = NIC_OP_SA_ADD },
                                   { .kind = NIC_OP_SA_DEL, .id = 12 },
                                   { .kind = NIC_OP_RULE_ADD } };
    struct dpc_in in;
    struct wr wr;

    (void)state;
    wr_init(&wr, buf, sizeof buf);
    dpc_put_batch_ids(&wr, sent, 3);
    dpc_in_init(&in, span_of(buf, wr_len(&wr) - 1));
    dpc_get_batch_ids(&in, got, 3);
    assert_non_null(in.bad);
    assert_int_equal(got[0].id, 0); /* nothing of a reply that is not whole */
    dpc_in_init(&in, wr_span_of(&wr));
    dpc_get_batch_ids(&in, got, 3);
    assert_int_equal(dpc_in_end(&in, "ids", NULL), 0);
    assert_int_equal(got[0].id, 11);
    assert_int_equal(got[1].id, 12);
    assert_int_equal(got[2].id, 13);
}

static void without_memory_a_batch_is_refused(void **state)
{
    (void)state;
    for (unsigned long nth = 1; nth <= 2; nth++) {
        struct dpc_batch b = { 0 };
        struct dpc_in in;
        struct wr wr;

        wr_init(&wr, buf, sizeof buf);
        make_batch(&wr);
        dpc_in_init(&in, wr_span_of(&wr));
        mem_fail_nth(nth);
        assert_int_equal(dpc_get_batch(&in, &b, NULL), ERR_NOMEM);
        mem_fail_nth(0);
        dpc_batch_fini(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hello_has_these_bytes),
        cmocka_unit_test(a_refusal_has_these_bytes),
        cmocka_unit_test(a_selector_and_an_endpoint_have_these_bytes),
        cmocka_unit_test(header_faults_are_named),
        cmocka_unit_test(every_message_comes_back_as_it_went),
        cmocka_unit_test(a_message_cut_anywhere_is_refused_with_a_field),
        cmocka_unit_test(a_byte_too_many_is_refused),
        cmocka_unit_test(wrong_values_are_named),
        cmocka_unit_test(a_key_never_comes_back),
        cmocka_unit_test(limits_are_kept_when_writing),
        cmocka_unit_test(ids_go_to_the_ops_that_add_and_only_all_at_once),
        cmocka_unit_test(without_memory_a_batch_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
