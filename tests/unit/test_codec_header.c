/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ike_payload_bytes.h"

#include "ike/core/codec/header.h"

static const char bytes[] = "0102030405060708 1112131415161718"
                            "21 20 22 08 00000000 0000001c";

static void the_28_bytes_are_read_and_written(void **state)
{
    struct test_bytes in = test_hex(bytes);
    struct ike_header h;
    uint8_t out[IKE_HEADER_LEN];
    struct wr wr;

    (void)state;
    assert_int_equal(ike_header_read(test_span(&in), &h, NULL), 0);
    assert_true(h.spi_i == 0x0102030405060708 && h.spi_r == 0x1112131415161718);
    assert_int_equal(h.next_payload, IKE_PL_SA);
    assert_int_equal(h.version, IKE_VERSION_2);
    assert_int_equal(h.exchange, IKE_SA_INIT);
    assert_int_equal(h.flags, IKE_FLAG_INITIATOR);
    assert_int_equal(h.message_id, 0);
    assert_int_equal(h.length, 28);
    assert_int_equal(ike_header_check(&h, 28, NULL), 0);
    wr_init(&wr, out, sizeof out);
    ike_header_write(&wr, &h);
    test_assert_bytes(wr_span_of(&wr), bytes);
}

static void fewer_bytes_are_refused(void **state)
{
    struct test_bytes in = test_hex(bytes);
    struct ike_header h = { .exchange = 77 };
    struct err err;

    (void)state;
    for (size_t len = 0; len < IKE_HEADER_LEN; len++) {
        struct span cut = test_exact(span_of(in.b, len));

        test_assert_err(ike_header_read(cut, &h, &err), &err, ERR_MALFORMED, "shorter than 28");
        free((void *)(uintptr_t)cut.p);
    }
    assert_int_equal(h.exchange, 77);
}

static void another_major_version_is_told_apart(void **state)
{
    struct ike_header h = { .version = 0x10, .length = 28 };
    struct err err;

    (void)state;
    test_assert_err(ike_header_check(&h, 28, &err), &err, ERR_UNSUPPORTED, "major version 1");
    h.version = 0x30;
    test_assert_err(ike_header_check(&h, 99, &err), &err, ERR_UNSUPPORTED, "major version 3");
    h.version = 0x2f; /* a higher minor version is ours all the same */
    assert_int_equal(ike_header_check(&h, 28, &err), 0);
}

static void the_length_must_be_that_of_the_datagram(void **state)
{
    struct ike_header h = { .version = IKE_VERSION_2, .length = 29 };
    struct err err;

    (void)state;
    test_assert_err(ike_header_check(&h, 28, &err), &err, ERR_MALFORMED, "length 29 in a datagram");
    test_assert_err(ike_header_check(&h, 30, &err), &err, ERR_MALFORMED, "of 30 bytes");
    h.length = IKE_MESSAGE_MAX;
    assert_int_equal(ike_header_check(&h, IKE_MESSAGE_MAX, &err), 0);
    h.length++;
    test_assert_err(ike_header_check(&h, IKE_MESSAGE_MAX + 1, &err), &err, ERR_MALFORMED,
                    "outside 28..10000");
    h.length = 27;
    test_assert_err(ike_header_check(&h, 27, &err), &err, ERR_MALFORMED, "outside 28..10000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_28_bytes_are_read_and_written),
        cmocka_unit_test(fewer_bytes_are_refused),
        cmocka_unit_test(another_major_version_is_told_apart),
        cmocka_unit_test(the_length_must_be_that_of_the_datagram),
    };
    return cmocka_run_group_tests_name("codec_header", tests, NULL, NULL);
}
