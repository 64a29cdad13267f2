/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ike_payload_bytes.h"

#include "ike/core/codec/ke.h"

static void a_public_value_is_read_and_written(void **state)
{
    struct test_bytes in = test_hex("001f ffff 01020304");
    struct ike_ke ke;
    struct test_msg m;

    (void)state;
    assert_int_equal(ike_ke_read(test_span(&in), &ke, NULL), 0);
    assert_int_equal(ke.method, IKE_KE_X25519);
    test_assert_bytes(ke.data, "01020304");
    test_msg_begin(&m);
    ike_ke_write(&m.msg, &ke);
    test_msg_is(&m, IKE_PL_KE, "00 00 000c 001f 0000 01020304"); /* reserved is zero */
}

static void lengths_are_bounded(void **state)
{
    static uint8_t big[4 + IKE_KE_DATA_MAX + 1];
    struct ike_ke ke = { .method = 77 };
    struct err err;

    (void)state;
    test_assert_err(ike_ke_read(span_of(big, 3), &ke, &err), &err, ERR_MALFORMED,
                    "KE payload: length 7 is shorter than the header");
    test_assert_err(ike_ke_read(span_of(big, 4), &ke, &err), &err, ERR_MALFORMED,
                    "key exchange data of 0 bytes");
    test_assert_err(ike_ke_read(span_of(big, sizeof big), &ke, &err), &err, ERR_MALFORMED,
                    "data of 1025 bytes");
    assert_int_equal(ke.method, 77);
    assert_int_equal(ike_ke_read(span_of(big, sizeof big - 1), &ke, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_public_value_is_read_and_written),
        cmocka_unit_test(lengths_are_bounded),
    };
    return cmocka_run_group_tests_name("codec_ke", tests, NULL, NULL);
}
