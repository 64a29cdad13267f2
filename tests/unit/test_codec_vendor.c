/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ike_payload_bytes.h"

#include "ike/core/codec/vendor.h"

static void an_id_is_read_and_written(void **state)
{
    struct test_msg m;
    struct span id = { 0 };
    struct err err;

    (void)state;
    test_assert_err(ike_vendor_read(span_of("", 0), &id, &err), &err, ERR_MALFORMED,
                    "V payload: empty vendor ID");
    assert_null(id.p);
    assert_int_equal(ike_vendor_read(span_of("abc", 3), &id, NULL), 0);
    test_msg_begin(&m);
    ike_vendor_write(&m.msg, id);
    test_msg_is(&m, IKE_PL_VENDOR, "00 00 0007 616263");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_read_and_written),
    };
    return cmocka_run_group_tests_name("codec_vendor", tests, NULL, NULL);
}
