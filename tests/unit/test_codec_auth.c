/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ike_payload_bytes.h"

#include "ike/core/codec/auth.h"

static void auth_is_read_and_written(void **state)
{
    struct test_bytes in = test_hex("02 ffffff aabbcc");
    struct ike_auth_data auth;
    struct test_msg m;

    (void)state;
    assert_int_equal(ike_auth_read(test_span(&in), &auth, NULL), 0);
    assert_int_equal(auth.method, IKE_AUTH_PSK);
    test_assert_bytes(auth.data, "aabbcc");
    test_msg_begin(&m);
    ike_auth_write(&m.msg, &auth);
    test_msg_is(&m, IKE_PL_AUTH, "00 00 000b 02 000000 aabbcc");
}

static void auth_without_data_is_refused(void **state)
{
    struct test_bytes in = test_hex("02 000000");
    struct ike_auth_data auth = { .method = 77 };
    struct err err;

    (void)state;
    test_assert_err(ike_auth_read(span_of(in.b, 3), &auth, &err), &err, ERR_MALFORMED,
                    "AUTH payload: length 7 is shorter than the header");
    test_assert_err(ike_auth_read(test_span(&in), &auth, &err), &err, ERR_MALFORMED,
                    "AUTH payload: no authentication data");
    assert_int_equal(auth.method, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(auth_is_read_and_written),
        cmocka_unit_test(auth_without_data_is_refused),
    };
    return cmocka_run_group_tests_name("codec_auth", tests, NULL, NULL);
}
