/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ike_payload_bytes.h"

#include "ike/core/codec/ts.h"

static const char body[] = "02 000000"
                           "07 11 0010 0035 0035 0a010007 0a010007"
                           "08 00 0028 0000 ffff 20010db8000000000000000000000000"
                           "                     20010db80000000000000000000000ff";

static void selectors_are_read_and_written(void **state)
{
    struct test_bytes in = test_hex(body);
    char text[IKE_TS_TEXT_LEN], want[512];
    struct ike_ts_list list;
    unsigned skipped = 77;
    struct test_msg m;

    (void)state;
    in.b[1] = in.b[2] = 0xff; /* reserved */
    assert_int_equal(ike_ts_read(test_span(&in), &list, &skipped, NULL), 0);
    assert_int_equal(skipped, 0);
    assert_int_equal(list.n, 2);
    assert_string_equal(ike_ts_text(&list.ts[0], text), "10.1.0.7/32[udp/53]");
    assert_string_equal(ike_ts_text(&list.ts[1], text), "2001:db8::/120");
    test_msg_begin(&m);
    ike_ts_write(&m.msg, IKE_PL_TSI, &list);
    snprintf(want, sizeof want, "00 00 0040 %s", body);
    test_msg_is(&m, IKE_PL_TSI, want);
}

static int read_only(struct span s, struct err *err)
{
    struct ike_ts_list list;

    return ike_ts_read(s, &list, NULL, err);
}

static void no_prefix_is_accepted(void **state)
{
    struct test_bytes in = test_hex(body);

    (void)state;
    test_prefixes_refused(test_span(&in), read_only);
}

static void refuses(const char *hex, const char *part)
{
    struct test_bytes in = test_hex(hex);
    struct ike_ts_list list = { .n = 77 };
    struct err err;

    test_assert_err(ike_ts_read(test_span(&in), &list, NULL, &err), &err, ERR_MALFORMED, part);
    assert_int_equal(list.n, 77);
}

static void lengths_counts_and_ranges_must_agree(void **state)
{
    (void)state;
    refuses("01 0000", "TS payload: length 7 is shorter than the header");
    refuses("00 000000", "TS payload: no selectors");
    refuses("01 000000 07 00 0007 0000 ffff", "selector 1: its length does not fit");
    refuses("01 000000 07 00 0008 0000 ffff", "selector 1: length 8 for type 7");
    refuses("01 000000 08 00 0010 0000 ffff 0a000000 0a0000ff", "length 16 for type 8");
    refuses("01 000000 07 00 0010 0000 ffff 0a000000 0a0000ff 00", "1 bytes after its 1 selectors");
    refuses("02 000000 07 00 0010 0000 ffff 0a000000 0a0000ff", "selector 2: its length");
    refuses("01 000000 07 00 0010 0000 ffff 0a000001 0a000000", "addresses run backwards");
    refuses("01 000000 07 06 0010 0002 0001 0a000000 0a0000ff", "ports run backwards");
}

static void opaque_ports_are_legal(void **state)
{
    struct test_bytes in = test_hex("01 000000 07 06 0010 ffff 0000 0a000000 0a0000ff");
    struct ike_ts_list list;

    (void)state;
    assert_int_equal(ike_ts_read(test_span(&in), &list, NULL, NULL), 0);
    assert_int_equal(list.ts[0].port_lo, 65535);
    assert_int_equal(list.ts[0].port_hi, 0);
}

static void unknown_types_and_surplus_selectors_are_skipped(void **state)
{
    struct test_bytes in = test_hex("02 000000 09 00 000c 0102030405060708"
                                    "07 06 0010 0000 ffff 0a000000 0a0000ff");
    struct test_bytes many = { .len = 4 + 16 * (IKE_TS_MAX + 3), .b = { IKE_TS_MAX + 3 } };
    struct ike_ts_list list;
    unsigned skipped;

    (void)state;
    assert_int_equal(ike_ts_read(test_span(&in), &list, &skipped, NULL), 0);
    assert_int_equal(list.n, 1);
    assert_int_equal(skipped, 1);
    for (unsigned i = 0; i < IKE_TS_MAX + 3; i++) {
        many.b[4 + 16 * i] = IKE_TS_IPV4_RANGE;
        many.b[4 + 16 * i + 3] = 16;
    }
    assert_int_equal(ike_ts_read(test_span(&many), &list, &skipped, NULL), 0);
    assert_int_equal(list.n, IKE_TS_MAX);
    assert_int_equal(skipped, 3);
}

static void dynamic_cannot_be_sent(void **state)
{
    struct ike_ts_list list = { .n = 1 };
    struct test_msg m;
    struct span got;
    struct err err;

    (void)state;
    test_msg_begin(&m);
    ike_ts_write(&m.msg, IKE_PL_TSR, &list);
    test_assert_err(ike_msg_end(&m.msg, &got, &err), &err, ERR_FULL, "cannot be encoded");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selectors_are_read_and_written),
        cmocka_unit_test(no_prefix_is_accepted),
        cmocka_unit_test(lengths_counts_and_ranges_must_agree),
        cmocka_unit_test(opaque_ports_are_legal),
        cmocka_unit_test(unknown_types_and_surplus_selectors_are_skipped),
        cmocka_unit_test(dynamic_cannot_be_sent),
    };
    return cmocka_run_group_tests_name("codec_ts", tests, NULL, NULL);
}
