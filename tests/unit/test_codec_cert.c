/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ike_payload_bytes.h"

#include "ike/core/codec/cert.h"

static void certificates_and_requests_are_opaque(void **state)
{
    struct test_bytes in = test_hex("04 aabb");
    struct ike_cert cert;
    struct test_msg m;

    (void)state;
    assert_int_equal(ike_cert_read(IKE_PL_CERT, test_span(&in), &cert, NULL), 0);
    assert_int_equal(cert.encoding, 4);
    test_assert_bytes(cert.data, "aabb");
    test_msg_begin(&m);
    ike_cert_write(&m.msg, IKE_PL_CERT, &cert);
    ike_cert_write(&m.msg, IKE_PL_CERTREQ, &cert);
    test_msg_is(&m, IKE_PL_CERT, "26 00 0007 04 aabb  00 00 0007 04 aabb");
}

static void only_a_request_may_be_empty(void **state)
{
    struct test_bytes in = test_hex("04");
    struct ike_cert cert = { .encoding = 77 };
    struct err err;

    (void)state;
    test_assert_err(ike_cert_read(IKE_PL_CERT, test_span(&in), &cert, &err), &err, ERR_MALFORMED,
                    "CERT payload: no certificate data");
    test_assert_err(ike_cert_read(IKE_PL_CERTREQ, span_of(in.b, 0), &cert, &err), &err,
                    ERR_MALFORMED, "CERTREQ payload: no encoding");
    assert_int_equal(cert.encoding, 77);
    assert_int_equal(ike_cert_read(IKE_PL_CERTREQ, test_span(&in), &cert, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificates_and_requests_are_opaque),
        cmocka_unit_test(only_a_request_may_be_empty),
    };
    return cmocka_run_group_tests_name("codec_cert", tests, NULL, NULL);
}
