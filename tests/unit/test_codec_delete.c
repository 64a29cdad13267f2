/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ike_payload_bytes.h"

#include "ike/core/codec/delete.h"

static void spis_are_read_and_written(void **state)
{
    struct test_bytes in = test_hex("03 04 0002 c1020304 c90a0b0c");
    struct ike_delete del;
    struct test_msg m;

    (void)state;
    assert_int_equal(ike_delete_read(test_span(&in), &del, NULL), 0);
    assert_int_equal(del.proto, IKE_PROTO_ESP);
    assert_int_equal(del.n_spis, 2);
    assert_int_equal(del.spis[0], 0xc1020304);
    assert_int_equal(del.spis[1], 0xc90a0b0c);
    test_msg_begin(&m);
    ike_delete_write(&m.msg, &del);
    test_msg_is(&m, IKE_PL_DELETE, "00 00 0010 03 04 0002 c1020304 c90a0b0c");
}

static void short_forms_are_what_they_say(void **state)
{
    struct test_msg m;

    (void)state;
    test_msg_begin(&m);
    ike_delete_put_ike(&m.msg);
    ike_delete_put_esp(&m.msg, 0xc1020304);
    test_msg_is(&m, IKE_PL_DELETE, "2a 00 0008 01 00 0000  00 00 000c 03 04 0001 c1020304");
}

static void refuses(const char *hex, const char *part)
{
    struct test_bytes in = test_hex(hex);
    struct span exact = test_exact(test_span(&in));
    struct ike_delete del = { .n_spis = 77 };
    struct err err;

    test_assert_err(ike_delete_read(exact, &del, &err), &err, ERR_MALFORMED, part);
    assert_int_equal(del.n_spis, 77);
    free((void *)(uintptr_t)exact.p);
}

static void protocol_size_and_count_must_agree(void **state)
{
    (void)state;
    refuses("03 04 00", "D payload: length 7 is shorter than the header");
    refuses("01 08 0001 0102030405060708", "IKE with SPI size 8 and 1 SPIs");
    refuses("01 00 0000 00", "IKE with SPI size 0");
    refuses("00 04 0001 c1020304", "protocol 0");
    refuses("04 04 0001 c1020304", "protocol 4");
    refuses("03 08 0001 0102030405060708", "SPI size 8 instead of 4");
    refuses("03 04 0002 c1020304", "4 bytes for 2 SPIs");
    refuses("03 04 0001 c1020304 00", "5 bytes for 1 SPIs");
    refuses("03 04 ffff c1020304", "65535 SPIs, at most 256");
}

static void as_many_as_fit_are_read(void **state)
{
    static uint8_t big[4 + 4 * (IKE_DELETE_MAX + 1)] = { IKE_PROTO_AH, 4, 1, 0 };
    struct ike_delete del;
    struct err err;

    (void)state;
    assert_int_equal(ike_delete_read(span_of(big, 4 + 4 * IKE_DELETE_MAX), &del, NULL), 0);
    assert_int_equal(del.n_spis, IKE_DELETE_MAX);
    big[3] = 1;
    test_assert_err(ike_delete_read(span_of(big, sizeof big), &del, &err), &err, ERR_MALFORMED,
                    "257 SPIs");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spis_are_read_and_written),
        cmocka_unit_test(short_forms_are_what_they_say),
        cmocka_unit_test(protocol_size_and_count_must_agree),
        cmocka_unit_test(as_many_as_fit_are_read),
    };
    return cmocka_run_group_tests_name("codec_delete", tests, NULL, NULL);
}
