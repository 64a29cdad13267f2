/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of utils/base/bytes: nothing is read or written outside, failure sticks. */
#include "tests/lib/cmocka.h"

#include <string.h>

#include "utils/base/bytes.h"

static const uint8_t fifteen[15] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
                                     0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f };

static void numbers_are_read_big_endian(void **state)
{
    struct rd rd;

    (void)state;
    rd_init(&rd, fifteen, sizeof fifteen);
    assert_int_equal(rd_u8(&rd), 0x01);
    assert_int_equal(rd_be16(&rd), 0x0203);
    assert_int_equal(rd_be32(&rd), 0x04050607);
    assert_true(rd_be64(&rd) == UINT64_C(0x08090a0b0c0d0e0f));
    assert_true(rd_done(&rd));
}

static void numbers_are_written_big_endian(void **state)
{
    uint8_t buf[15];
    struct wr wr;

    (void)state;
    wr_init(&wr, buf, sizeof buf);
    wr_u8(&wr, 0x01);
    wr_be16(&wr, 0x0203);
    wr_be32(&wr, 0x04050607);
    wr_be64(&wr, UINT64_C(0x08090a0b0c0d0e0f));
    assert_false(wr.failed);
    assert_int_equal(wr_room(&wr), 0);
    assert_memory_equal(buf, fifteen, sizeof buf);
    assert_true(span_eq(wr_span_of(&wr), span_of(fifteen, sizeof fifteen)));
}

static void reading_past_the_end_is_sticky(void **state)
{
    struct rd rd;

    (void)state;
    rd_init(&rd, fifteen, 3);
    assert_int_equal(rd_be16(&rd), 0x0102);
    assert_int_equal(rd_be16(&rd), 0);
    assert_true(rd.failed);
    assert_int_equal(rd_u8(&rd), 0); /* one byte is left, but no longer given out */
    assert_int_equal(rd_left(&rd), 0);
    assert_int_equal(rd_rest(&rd).len, 0);
    assert_false(rd_done(&rd));
}

static void a_length_that_would_wrap_is_refused(void **state)
{
    uint8_t buf[4] = { 0 };
    struct rd rd;
    struct wr wr;

    (void)state;
    rd_init(&rd, fifteen, 4);
    assert_null(rd_bytes(&rd, SIZE_MAX));
    assert_true(rd.failed);
    wr_init(&wr, buf, sizeof buf);
    assert_null(wr_reserve(&wr, SIZE_MAX));
    assert_true(wr.failed);
    wr_init(&wr, buf, sizeof buf);
    wr_zero(&wr, 4);
    wr_patch_be16(&wr, SIZE_MAX - 1, 0xffff);
    assert_true(wr.failed);
}

static void a_failed_copy_leaves_zeros(void **state)
{
    uint8_t dst[4] = { 9, 9, 9, 9 };
    struct rd rd;

    (void)state;
    rd_init(&rd, fifteen, 3);
    rd_copy(&rd, dst, sizeof dst);
    assert_true(rd.failed);
    assert_memory_equal(dst, "\0\0\0\0", 4);
}

static void a_sub_reader_ends_where_it_was_told(void **state)
{
    struct rd rd, sub;

    (void)state;
    rd_init(&rd, fifteen, sizeof fifteen);
    rd_skip(&rd, 1);
    sub = rd_sub(&rd, 2);
    assert_int_equal(rd_be16(&sub), 0x0203);
    assert_true(rd_done(&sub));
    assert_int_equal(rd_u8(&sub), 0);
    assert_true(sub.failed);
    assert_false(rd.failed); /* the parent goes on behind it */
    assert_int_equal(rd_u8(&rd), 0x04);
    sub = rd_sub(&rd, 100);
    assert_true(sub.failed);
    assert_true(rd.failed);
}

static void a_writer_never_writes_behind_its_end(void **state)
{
    uint8_t buf[8];
    struct wr wr;

    (void)state;
    memset(buf, 0xee, sizeof buf);
    wr_init(&wr, buf, 5);
    wr_be32(&wr, 0x01020304);
    wr_be16(&wr, 0x0506); /* one byte of room: none of it is written */
    assert_true(wr.failed);
    wr_u8(&wr, 0x07); /* would fit, but failure sticks */
    assert_int_equal(wr_len(&wr), 4);
    assert_int_equal(wr_room(&wr), 0);
    assert_memory_equal(buf, "\x01\x02\x03\x04\xee\xee\xee\xee", 8);
}

static void a_patch_stays_inside_what_was_written(void **state)
{
    uint8_t buf[8] = { 0 };
    struct wr wr;

    (void)state;
    wr_init(&wr, buf, sizeof buf);
    wr_zero(&wr, 6);
    wr_patch_be32(&wr, 2, 0x11223344);
    wr_patch_be16(&wr, 0, 0xaabb);
    assert_false(wr.failed);
    assert_memory_equal(buf, "\xaa\xbb\x11\x22\x33\x44\0\0", 8);
    wr_patch_be32(&wr, 3, 0xffffffff); /* its last byte is not written yet */
    assert_true(wr.failed);
    assert_memory_equal(buf, "\xaa\xbb\x11\x22\x33\x44\0\0", 8);
}

static void empty_buffers_are_no_special_case(void **state)
{
    struct rd rd;
    struct wr wr;

    (void)state;
    rd_init(&rd, NULL, 0);
    assert_true(rd_done(&rd));
    assert_int_equal(rd_rest(&rd).len, 0);
    assert_false(rd.failed);
    wr_init(&wr, NULL, 0);
    wr_bytes(&wr, NULL, 0);
    assert_false(wr.failed);
    wr_u8(&wr, 1);
    assert_true(wr.failed);
    assert_true(span_eq(span_of(NULL, 0), span_of("x", 0)));
}

static void hexadecimal_goes_both_ways_and_is_strict(void **state)
{
    char text[9];
    uint8_t out[4] = { 1, 2, 3, 4 };
    static const char *const wrong[] = { "",          "0009faf",   "0009faff0", "0009fafg",
                                         "0009 faff", "0x09faff0", " 009faff" };

    (void)state;
    hex_encode(text, "\x00\x09\xfa\xff", 4);
    assert_string_equal(text, "0009faff");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(hex_decode(out, 4, wrong[i]));
    assert_memory_equal(out, "\1\2\3\4", 4); /* unchanged on failure */
    assert_true(hex_decode(out, 4, "0009FaFf"));
    assert_memory_equal(out, "\x00\x09\xfa\xff", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_read_big_endian),
        cmocka_unit_test(numbers_are_written_big_endian),
        cmocka_unit_test(reading_past_the_end_is_sticky),
        cmocka_unit_test(a_length_that_would_wrap_is_refused),
        cmocka_unit_test(a_failed_copy_leaves_zeros),
        cmocka_unit_test(a_sub_reader_ends_where_it_was_told),
        cmocka_unit_test(a_writer_never_writes_behind_its_end),
        cmocka_unit_test(a_patch_stays_inside_what_was_written),
        cmocka_unit_test(empty_buffers_are_no_special_case),
        cmocka_unit_test(hexadecimal_goes_both_ways_and_is_strict),
    };
    return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}
