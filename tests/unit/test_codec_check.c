/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ike_payload_bytes.h"

#include "ike/core/codec/codec.h"

static int check(uint8_t type, const char *body_hex, struct err *err)
{
    struct test_bytes body = test_hex(body_hex);
    struct ike_payloads list = { .n = 1, .p = { { .type = type, .body = test_span(&body) } } };

    return ike_payloads_check(&list, err);
}

static void every_payload_with_a_reader_is_read(void **state)
{
    static const struct {
        uint8_t type;
        const char *bad, *says;
    } cases[] = {
        { IKE_PL_SA, "00", "SA payload" },           { IKE_PL_KE, "001f00", "KE payload" },
        { IKE_PL_IDI, "02", "ID payload" },          { IKE_PL_IDR, "00000000 61", "ID payload" },
        { IKE_PL_CERT, "04", "CERT payload" },       { IKE_PL_CERTREQ, "", "CERTREQ payload" },
        { IKE_PL_AUTH, "02000000", "AUTH payload" }, { IKE_PL_NONCE, "00", "Nonce payload" },
        { IKE_PL_NOTIFY, "0300", "N payload" },      { IKE_PL_DELETE, "07000000", "D payload" },
        { IKE_PL_VENDOR, "", "V payload" },          { IKE_PL_TSI, "00000000", "TS payload" },
        { IKE_PL_TSR, "01000000", "TS payload" },
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        test_assert_err(check(cases[i].type, cases[i].bad, &err), &err, ERR_MALFORMED,
                        cases[i].says);
}

static void opaque_payloads_pass(void **state)
{
    (void)state;
    assert_int_equal(check(IKE_PL_CP, "", NULL), 0);
    assert_int_equal(check(IKE_PL_SK, "", NULL), 0);
    assert_int_equal(check(255, "00", NULL), 0);
}

static void one_bad_payload_among_good_ones_is_found(void **state)
{
    struct ike_payloads list = { .n = 2 };
    struct err err;

    (void)state;
    list.p[0] = (struct ike_payload){ .type = IKE_PL_VENDOR, .body = span_of("a", 1) };
    list.p[1] = list.p[0];
    assert_int_equal(ike_payloads_check(&list, &err), 0);
    list.p[1].body.len = 0;
    test_assert_err(ike_payloads_check(&list, &err), &err, ERR_MALFORMED, "V payload");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_payload_with_a_reader_is_read),
        cmocka_unit_test(opaque_payloads_pass),
        cmocka_unit_test(one_bad_payload_among_good_ones_is_found),
    };
    return cmocka_run_group_tests_name("codec_check", tests, NULL, NULL);
}
