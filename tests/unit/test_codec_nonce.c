/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ike_payload_bytes.h"

#include "ike/core/codec/nonce.h"

static void a_nonce_is_read_and_written(void **state)
{
    struct test_bytes in = test_hex("000102030405060708090a0b0c0d0e0f");
    struct test_msg m;
    struct span nonce;

    (void)state;
    assert_int_equal(ike_nonce_read(test_span(&in), &nonce, NULL), 0);
    assert_ptr_equal(nonce.p, in.b);
    test_msg_begin(&m);
    ike_nonce_write(&m.msg, nonce);
    test_msg_is(&m, IKE_PL_NONCE, "00 00 0014 000102030405060708090a0b0c0d0e0f");
}

static void a_nonce_has_16_to_256_bytes(void **state)
{
    static uint8_t big[257];
    struct span nonce = { 0 };
    struct err err;

    (void)state;
    test_assert_err(ike_nonce_read(span_of(big, 15), &nonce, &err), &err, ERR_MALFORMED,
                    "Nonce payload: nonce of 15 bytes (16..256)");
    test_assert_err(ike_nonce_read(span_of(big, 257), &nonce, &err), &err, ERR_MALFORMED,
                    "nonce of 257 bytes");
    assert_null(nonce.p);
    assert_int_equal(ike_nonce_read(span_of(big, 256), &nonce, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_nonce_is_read_and_written),
        cmocka_unit_test(a_nonce_has_16_to_256_bytes),
    };
    return cmocka_run_group_tests_name("codec_nonce", tests, NULL, NULL);
}
