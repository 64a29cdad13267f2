/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ike_payload_bytes.h"

#include "ike/core/codec/notify.h"

static void a_notify_with_spi_is_read_and_written(void **state)
{
    struct test_bytes in = test_hex("03 04 4009 c1020304 aabb");
    struct ike_notify_payload n;
    struct test_msg m;

    (void)state;
    assert_int_equal(ike_notify_read(test_span(&in), &n, NULL), 0);
    assert_int_equal(n.proto, IKE_PROTO_ESP);
    assert_int_equal(n.type, IKE_N_REKEY_SA);
    test_assert_bytes(n.spi, "c1020304");
    test_assert_bytes(n.data, "aabb");
    test_msg_begin(&m);
    ike_notify_write(&m.msg, &n);
    test_msg_is(&m, IKE_PL_NOTIFY, "00 00 000e 03 04 4009 c1020304 aabb");
}

static void a_plain_notify_has_neither_protocol_nor_spi(void **state)
{
    struct test_msg m;

    (void)state;
    test_msg_begin(&m);
    ike_notify_put(&m.msg, IKE_N_INVALID_KE_PAYLOAD, span_of("\x00\x13", 2));
    ike_notify_put(&m.msg, IKE_N_INITIAL_CONTACT, span_of(NULL, 0));
    test_msg_is(&m, IKE_PL_NOTIFY, "29 00 000a 00 00 0011 0013  00 00 0008 00 00 4000");
}

static void refuses(const char *hex, const char *part)
{
    struct test_bytes in = test_hex(hex);
    struct ike_notify_payload n = { .type = 77 };
    struct err err;

    test_assert_err(ike_notify_read(test_span(&in), &n, &err), &err, ERR_MALFORMED, part);
    assert_int_equal(n.type, 77);
}

static void spi_sizes_are_checked(void **state)
{
    (void)state;
    refuses("00 00 40", "N payload: length 7 is shorter than the header");
    refuses("03 08 4009 0102030405060708", "REKEY_SA: SPI size 8 for protocol 3");
    refuses("01 05 4009 0102030405", "SPI size 5 for protocol 1");
    refuses("00 ff 0018", "AUTHENTICATION_FAILED: SPI size 255");
    refuses("03 04 4009 c10203", "REKEY_SA: its SPI does not fit");
}

static void notifies_are_found_by_type(void **state)
{
    struct test_bytes in = test_hex("00 00 4000 aa"), bad = test_hex("00 07 0018");
    struct test_bytes error = test_hex("00 00 0018");
    struct ike_payloads list = {
        .n = 4,
        .p = { { .type = IKE_PL_VENDOR, .body = test_span(&error) },
               { .type = IKE_PL_NOTIFY, .body = test_span(&bad) },
               { .type = IKE_PL_NOTIFY, .body = test_span(&in) },
               { .type = IKE_PL_NOTIFY, .body = test_span(&error) } },
    };
    struct ike_notify_payload n;

    (void)state;
    assert_true(ike_notify_find(&list, IKE_N_INITIAL_CONTACT, &n));
    test_assert_bytes(n.data, "aa");
    assert_true(ike_notify_find(&list, IKE_N_AUTHENTICATION_FAILED, NULL));
    assert_false(ike_notify_find(&list, IKE_N_REKEY_SA, &n));
    assert_true(ike_notify_find_error(&list, &n));
    assert_int_equal(n.type, IKE_N_AUTHENTICATION_FAILED);
    list.n = 3; /* a status, a malformed one and another payload are no error */
    assert_false(ike_notify_find_error(&list, &n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_notify_with_spi_is_read_and_written),
        cmocka_unit_test(a_plain_notify_has_neither_protocol_nor_spi),
        cmocka_unit_test(spi_sizes_are_checked),
        cmocka_unit_test(notifies_are_found_by_type),
    };
    return cmocka_run_group_tests_name("codec_notify", tests, NULL, NULL);
}
