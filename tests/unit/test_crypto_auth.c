/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of ike/core/crypto/auth.c against an independent computation. */
#include "tests/unit/crypto_test.h"

#include "ike/core/crypto/auth.h"

static void octets_and_auth_are_those_of_the_rfc(void **state)
{
    struct vector_file v;
    unsigned n = 0;

    (void)state;
    vector_open(&v, "tests/vectors/ike_auth.txt");
    for (; vector_next(&v); n++) {
        struct ike_auth_octets_in in = { (uint16_t)vector_num(&v, "prf"), vector_hex(&v, "sk_p"),
                                         vector_hex(&v, "message"), vector_hex(&v, "nonce"),
                                         vector_hex(&v, "rest_of_id") };
        uint8_t buf[1024], auth[IKE_PRF_LEN_MAX];
        size_t len = 0;
        struct wr wr;

        wr_init(&wr, buf, sizeof buf);
        assert_int_equal(ike_auth_octets(&in, &wr, NULL), 0);
        assert_bytes(wr_span_of(&wr), vector_hex(&v, "octets"));
        assert_int_equal(
            ike_auth_psk(in.prf, vector_hex(&v, "secret"), wr_span_of(&wr), auth, &len, NULL), 0);
        assert_bytes(span_of(auth, len), vector_hex(&v, "auth"));
        assert_int_equal(ike_auth_psk_verify(in.prf, vector_hex(&v, "secret"), wr_span_of(&wr),
                                             span_of(auth, len), NULL),
                         0);
    }
    assert_int_equal(n, 9);
}

static void every_changed_bit_and_length_is_refused(void **state)
{
    struct span secret = span_of("secret", 6), octets = span_of("octets", 6);
    uint8_t auth[IKE_PRF_LEN_MAX + 1] = { 0 };
    struct err err = { 0 };
    size_t len = 0;

    (void)state;
    assert_int_equal(ike_auth_psk(6, secret, octets, auth, &len, NULL), 0);
    assert_int_equal(len, 48);
    for (size_t bit = 0; bit < len * 8; bit++) {
        auth[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(ike_auth_psk_verify(6, secret, octets, span_of(auth, len), &err),
                         ERR_AUTH);
        auth[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_non_null(strstr(err.text, "AUTH payload"));
    for (size_t other = 0; other <= len + 1; other++)
        assert_int_equal(ike_auth_psk_verify(6, secret, octets, span_of(auth, other), NULL),
                         other == len ? 0 : ERR_AUTH);
}

static void another_secret_or_other_octets_are_refused(void **state)
{
    struct span secret = span_of("secret", 6), octets = span_of("octets", 6);
    uint8_t auth[IKE_PRF_LEN_MAX];
    size_t len = 0;

    (void)state;
    assert_int_equal(ike_auth_psk(5, secret, octets, auth, &len, NULL), 0);
    assert_int_equal(ike_auth_psk_verify(5, span_of("Secret", 6), octets, span_of(auth, len), NULL),
                     ERR_AUTH);
    assert_int_equal(ike_auth_psk_verify(5, secret, span_of("octet", 5), span_of(auth, len), NULL),
                     ERR_AUTH);
}

static void a_buffer_too_small_stays_unchanged(void **state)
{
    static const uint8_t bytes[40];
    struct ike_auth_octets_in in = { 5, span_of(bytes, 32), span_of(bytes, 40), span_of(bytes, 32),
                                     span_of(bytes, 8) };
    uint8_t buf[40 + 32 + 32];
    struct wr wr;

    (void)state;
    wr_init(&wr, buf, sizeof buf - 1);
    assert_int_equal(ike_auth_octets(&in, &wr, NULL), ERR_INVALID);
    assert_int_equal(wr_len(&wr), 0);
    assert_false(wr.failed);
    wr_init(&wr, buf, sizeof buf);
    assert_int_equal(ike_auth_octets(&in, &wr, NULL), 0);
    assert_int_equal(wr_room(&wr), 0);
}

static void an_empty_secret_or_unknown_prf_is_refused(void **state)
{
    struct span some = span_of("x", 1);
    struct ike_auth_octets_in in = { 2, some, some, some, some };
    uint8_t out[IKE_PRF_LEN_MAX];
    size_t len = 77;
    struct err err = { 0 };
    struct wr wr;

    (void)state;
    wr_init(&wr, out, sizeof out);
    assert_int_equal(ike_auth_octets(&in, &wr, NULL), ERR_UNSUPPORTED);
    assert_int_equal(ike_auth_psk(2, some, some, out, &len, NULL), ERR_UNSUPPORTED);
    assert_int_equal(ike_auth_psk(5, span_of("", 0), some, out, &len, &err), ERR_INVALID);
    assert_non_null(strstr(err.text, "empty"));
    assert_int_equal(len, 77);
}

static void no_error_text_holds_the_secret(void **state)
{
    struct span secret = span_of("hunter2hunter2", 14), octets = span_of("o", 1);
    struct err err = { 0 };

    (void)state;
    assert_int_equal(ike_auth_psk_verify(5, secret, octets, octets, &err), ERR_AUTH);
    assert_null(strstr(err.text, "hunter2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(octets_and_auth_are_those_of_the_rfc),
        cmocka_unit_test(every_changed_bit_and_length_is_refused),
        cmocka_unit_test(another_secret_or_other_octets_are_refused),
        cmocka_unit_test(a_buffer_too_small_stays_unchanged),
        cmocka_unit_test(an_empty_secret_or_unknown_prf_is_refused),
        cmocka_unit_test(no_error_text_holds_the_secret),
    };
    return cmocka_run_group_tests_name("crypto_auth", tests, NULL, NULL);
}
