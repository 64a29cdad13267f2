/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ike_payload_bytes.h"

#include "ike/core/codec/id.h"

static void an_identity_is_read_and_written(void **state)
{
    struct test_bytes in = test_hex("02 ffffff 67772e6578");
    uint8_t body[IKE_ID_BODY_MAX];
    struct test_msg m;
    struct ike_id id;

    (void)state;
    assert_int_equal(ike_id_read(test_span(&in), &id, NULL), 0);
    assert_int_equal(id.type, IKE_ID_FQDN);
    test_assert_bytes(span_of(id.data, id.len), "67772e6578");
    test_msg_begin(&m);
    ike_id_write(&m.msg, IKE_PL_IDR, &id);
    test_msg_is(&m, IKE_PL_IDR, "00 00 000d 02 000000 67772e6578");
    test_assert_bytes(span_of(body, ike_id_body(&id, body)), "02 000000 67772e6578");
}

static void refuses(const char *hex, const char *part)
{
    struct test_bytes in = test_hex(hex);
    struct ike_id id = { .type = 77 };
    struct err err;

    test_assert_err(ike_id_read(test_span(&in), &id, &err), &err, ERR_MALFORMED, part);
    assert_int_equal(id.type, 77);
}

static void addresses_have_their_length_and_data_is_bounded(void **state)
{
    static uint8_t big[4 + IKE_ID_MAX + 1] = { IKE_ID_KEY };
    struct ike_id id;
    struct err err;

    (void)state;
    refuses("02 0000", "ID payload: length 7 is shorter than the header");
    refuses("02 000000", "identification data of 0 bytes");
    refuses("00 000000 61", "type 0 is reserved");
    refuses("01 000000 c00002", "address of 3 bytes instead of 4");
    refuses("05 000000 c0000201", "address of 4 bytes instead of 16");
    test_assert_err(ike_id_read(span_of(big, sizeof big), &id, &err), &err, ERR_MALFORMED,
                    "data of 257 bytes");
    assert_int_equal(ike_id_read(span_of(big, sizeof big - 1), &id, &err), 0);
    assert_int_equal(id.len, IKE_ID_MAX);
}

static void unknown_types_are_handed_up(void **state)
{
    struct test_bytes in = test_hex("c8 000000 00");
    struct ike_id id;

    (void)state;
    assert_int_equal(ike_id_read(test_span(&in), &id, NULL), 0);
    assert_int_equal(id.type, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_identity_is_read_and_written),
        cmocka_unit_test(addresses_have_their_length_and_data_is_bounded),
        cmocka_unit_test(unknown_types_are_handed_up),
    };
    return cmocka_run_group_tests_name("codec_id", tests, NULL, NULL);
}
