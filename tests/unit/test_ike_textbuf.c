/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ike_bytes.h"

#include "ike/types/textbuf.h"

static void text_is_appended(void **state)
{
    struct textbuf tb;
    char buf[32];

    (void)state;
    textbuf_init(&tb, buf, sizeof buf);
    assert_string_equal(buf, "");
    textbuf_add(&tb, "%s-%d", "a", 7);
    textbuf_add_hex(&tb, span_of("\x0a\xff", 2));
    assert_string_equal(buf, "a-70aff");
}

static void a_full_buffer_ends_with_dots(void **state)
{
    struct textbuf tb;
    char buf[8];

    (void)state;
    textbuf_init(&tb, buf, sizeof buf);
    textbuf_add(&tb, "1234567");
    assert_string_equal(buf, "1234567");
    assert_false(tb.cut);
    textbuf_add(&tb, "8");
    assert_string_equal(buf, "1234...");
    textbuf_add(&tb, "9");
    textbuf_add_hex(&tb, span_of("abc", 3));
    textbuf_add_bytes(&tb, span_of("abc", 3));
    assert_string_equal(buf, "1234...");
}

static void foreign_bytes_are_made_printable(void **state)
{
    struct textbuf tb;
    char buf[64];

    (void)state;
    textbuf_init(&tb, buf, sizeof buf);
    textbuf_add_bytes(&tb, span_of("a b\\\n\x7f\x00z%s", 10));
    assert_string_equal(buf, "a\\x20b\\x5c\\x0a\\x7f\\x00z%s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_appended),
        cmocka_unit_test(a_full_buffer_ends_with_dots),
        cmocka_unit_test(foreign_bytes_are_made_printable),
    };
    return cmocka_run_group_tests_name("ike_textbuf", tests, NULL, NULL);
}
