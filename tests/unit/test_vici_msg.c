/* SPDX-License-Identifier: Apache-2.0 */
/* test_vici_msg: exact bytes, limits and every kind of malformed message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ike/vici/vici_msg.h"
#include "utils/base/mem.h"

/* The encoding example of strongSwan's VICI description ("Encoding example"). */
static const uint8_t published[] = {
    3,   4,   'k', 'e', 'y', '1', 0,   6,   'v', 'a', 'l', 'u', 'e', '1', 1,   8,
    's', 'e', 'c', 't', 'i', 'o', 'n', '1', 1,   11,  's', 'u', 'b', '-', 's', 'e',
    'c', 't', 'i', 'o', 'n', 3,   4,   'k', 'e', 'y', '2', 0,   6,   'v', 'a', 'l',
    'u', 'e', '2', 2,   4,   5,   'l', 'i', 's', 't', '1', 5,   0,   5,   'i', 't',
    'e', 'm', '1', 5,   0,   5,   'i', 't', 'e', 'm', '2', 6,   2,
};

static void write_published(struct vici_writer *w)
{
    vici_text(w, "key1", "value1");
    vici_section(w, "section1");
    vici_section(w, "sub-section");
    vici_text(w, "key2", "value2");
    vici_section_end(w);
    vici_list(w, "list1");
    vici_item_text(w, "item1");
    vici_item_text(w, "item2");
    vici_list_end(w);
    vici_section_end(w);
}

static void the_published_example_is_written_byte_for_byte(void **state)
{
    struct vici_writer w;
    struct span out;

    (void)state;
    vici_writer_init(&w);
    write_published(&w);
    assert_int_equal(vici_writer_done(&w, &out, NULL), 0);
    assert_int_equal(out.len, sizeof published);
    assert_memory_equal(out.p, published, sizeof published);
    vici_writer_fini(&w);
}

static void the_published_example_is_read_element_by_element(void **state)
{
    static const struct {
        enum vici_element type;
        const char *name, *value;
    } want[] = {
        { VICI_KEY_VALUE, "key1", "value1" },
        { VICI_SECTION_START, "section1", "" },
        { VICI_SECTION_START, "sub-section", "" },
        { VICI_KEY_VALUE, "key2", "value2" },
        { VICI_SECTION_END, "", "" },
        { VICI_LIST_START, "list1", "" },
        { VICI_LIST_ITEM, "", "item1" },
        { VICI_LIST_ITEM, "", "item2" },
        { VICI_LIST_END, "", "" },
        { VICI_SECTION_END, "", "" },
    };
    struct vici_reader r;
    struct vici_item item;

    (void)state;
    vici_reader_init(&r, span_of(published, sizeof published));
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        assert_int_equal(vici_next(&r, &item, NULL), 1);
        assert_int_equal(item.type, want[i].type);
        assert_true(vici_span_is(item.name, want[i].name));
        assert_true(vici_span_is(item.value, want[i].value));
    }
    assert_int_equal(vici_next(&r, &item, NULL), 0);
}

static void a_section_is_read_entry_by_entry_without_a_tree(void **state)
{
    struct span section, sub, list, value;
    struct vici_reader r;
    struct vici_entry entry;
    char text[16];

    (void)state;
    vici_reader_init(&r, span_of(published, sizeof published));
    assert_int_equal(vici_next_entry(&r, &entry, NULL), 1);
    assert_int_equal(entry.kind, VICI_VALUE);
    assert_int_equal(vici_next_entry(&r, &entry, NULL), 1);
    assert_int_equal(entry.kind, VICI_SECTION);
    assert_true(vici_span_is(entry.name, "section1"));
    assert_int_equal(vici_next_entry(&r, &entry, NULL), 0);
    section = entry.body;
    assert_true(vici_find(section, VICI_SECTION, "sub-section", &sub));
    assert_string_equal(vici_find_text(sub, "key2", text, sizeof text), "value2");
    assert_string_equal(vici_find_text(sub, "key2", text, 4), "val");
    assert_string_equal(vici_find_text(section, "key2", text, sizeof text), "");
    assert_true(vici_find(section, VICI_LIST, "list1", &list));
    vici_reader_init_list(&r, list);
    assert_int_equal(vici_next_value(&r, &value, NULL), 1);
    assert_true(vici_span_is(value, "item1"));
    assert_int_equal(vici_next_value(&r, &value, NULL), 1);
    assert_true(vici_span_is(value, "item2"));
    assert_int_equal(vici_next_value(&r, &value, NULL), 0);
}

static void every_truncation_of_a_message_is_refused_or_ends_between_entries(void **state)
{
    struct err err;

    (void)state;
    for (size_t len = 0; len <= sizeof published; len++) {
        /* Whole after nothing, after key1, and at its end: nowhere else. */
        bool whole = len == 0 || len == 14 || len == sizeof published;
        uint8_t *exact = mem_dup(published, len); /* so that ASan sees an overrun */

        assert_int_equal(vici_check(span_of(exact, len), &err), whole ? 0 : ERR_MALFORMED);
        mem_free(exact);
    }
}

static void a_malformed_message_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *text;
    } bad[] = {
        { "\x00", 1, "message byte 0, top level: unknown element type" },
        { "\x07", 1, "message byte 0, top level: unknown element type" },
        { "\x02", 1, "message byte 0, top level: section end without a section" },
        { "\x05\x00\x01x", 4, "message byte 0, top level: list item or list end outside a list" },
        { "\x06", 1, "message byte 0, top level: list item or list end outside a list" },
        { "\x03\x00\x00\x00", 4, "message byte 0, top level: empty name" },
        { "\x01\x02gw\x03\x01k\x00\x05"
          "abc",
          12, "message byte 4, in gw: element is cut short" },
        { "\x01\x02gw\x04\x01l\x03\x01k\x00\x00", 12,
          "message byte 7, in gw/l: only items may stand in a list" },
        { "\x01\x02gw\x04\x01l\x04\x01m\x06\x06\x02", 13,
          "message byte 7, in gw/l: only items may stand in a list" },
        { "\x01\x02gw\x04\x01l\x02", 8, "message byte 7, in gw/l: only items may stand in a list" },
        { "\x01\x02gw\x01\x03net", 9, "message byte 9, in gw/net: message ends inside" },
        { "\x01\x03g\x1bw\x09", 6, "message byte 5, in g?w: unknown element type" },
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(vici_check(span_of(bad[i].bytes, bad[i].len), &err), ERR_MALFORMED);
        assert_string_equal(err.text, bad[i].text);
    }
}

static void depth_32_is_read_and_written_and_33_is_not(void **state)
{
    uint8_t deep[33 * 4];
    struct vici_writer w;
    struct span out;
    struct err err;
    size_t len = 0;

    (void)state;
    vici_writer_init(&w);
    for (int i = 0; i < 32; i++)
        vici_section(&w, "s");
    for (int i = 0; i < 32; i++)
        vici_section_end(&w);
    assert_int_equal(vici_writer_done(&w, &out, NULL), 0);
    assert_int_equal(vici_check(out, NULL), 0);
    vici_writer_fini(&w);

    vici_writer_init(&w);
    for (int i = 0; i < 33; i++)
        vici_section(&w, "s");
    assert_int_equal(vici_writer_done(&w, &out, &err), ERR_FULL);
    vici_writer_fini(&w);

    for (int i = 0; i < 33; i++) {
        memcpy(deep + len, "\x01\x01s", 3);
        len += 3;
    }
    memset(deep + len, 2, 33);
    assert_int_equal(vici_check(span_of(deep, len + 33), &err), ERR_MALFORMED);
    assert_non_null(strstr(err.text, "nested too deep"));
}

static void longest_name_and_value_pass_and_one_byte_more_fails(void **state)
{
    char name[VICI_NAME_MAX + 2];
    static uint8_t value[VICI_VALUE_MAX + 1];
    struct vici_writer w;
    struct span out, found;

    (void)state;
    memset(name, 'n', sizeof name);
    name[VICI_NAME_MAX] = '\0';
    vici_writer_init(&w);
    vici_value(&w, name, span_of(value, VICI_VALUE_MAX));
    assert_int_equal(vici_writer_done(&w, &out, NULL), 0);
    assert_true(vici_find(out, VICI_VALUE, name, &found));
    assert_int_equal(found.len, VICI_VALUE_MAX);
    vici_value(&w, "k", span_of(value, VICI_VALUE_MAX + 1));
    assert_int_equal(vici_writer_done(&w, &out, NULL), ERR_INVALID);
    vici_writer_fini(&w);

    name[VICI_NAME_MAX] = 'n';
    name[VICI_NAME_MAX + 1] = '\0';
    vici_writer_init(&w);
    vici_section(&w, name);
    assert_int_equal(vici_writer_done(&w, &out, NULL), ERR_INVALID);
    vici_writer_fini(&w);
}

static void a_message_of_more_than_512_kib_is_neither_written_nor_read(void **state)
{
    static uint8_t value[60000];
    static uint8_t huge[VICI_MESSAGE_MAX + 1];
    struct vici_writer w;
    struct span out;

    (void)state;
    vici_writer_init(&w);
    for (int i = 0; i < 9; i++)
        vici_value(&w, "k", span_of(value, sizeof value));
    assert_int_equal(vici_writer_done(&w, &out, NULL), ERR_FULL);
    vici_writer_fini(&w);
    assert_int_equal(vici_check(span_of(huge, sizeof huge), NULL), ERR_MALFORMED);
}

static void wrong_nesting_by_the_writer_is_an_error_not_bad_bytes(void **state)
{
    struct span out;

    (void)state;
    for (int i = 0; i < 6; i++) {
        struct vici_writer w;

        vici_writer_init(&w);
        if (i == 0)
            vici_section_end(&w);
        if (i == 1)
            vici_item_text(&w, "x");
        if (i == 2) {
            vici_list(&w, "l");
            vici_text(&w, "k", "v");
        }
        if (i == 3)
            vici_section(&w, "left open");
        if (i == 4)
            vici_list(&w, "left open");
        if (i == 5)
            vici_list_end(&w);
        assert_int_equal(vici_writer_done(&w, &out, NULL), ERR_STATE);
        vici_writer_fini(&w);
    }
}

static void a_failed_allocation_is_reported_and_leaks_nothing(void **state)
{
    int failures = 0;

    (void)state;
    for (unsigned long n = 1;; n++) {
        static uint8_t value[5000];
        struct vici_writer w;
        struct span out;
        int rc;

        mem_fail_nth(n);
        vici_writer_init(&w);
        for (int i = 0; i < 3; i++)
            vici_value(&w, "k", span_of(value, sizeof value));
        rc = vici_writer_done(&w, &out, NULL);
        mem_fail_nth(0);
        vici_writer_fini(&w);
        if (rc == 0)
            break;
        assert_int_equal(rc, ERR_NOMEM);
        failures++;
    }
    assert_true(failures > 1);
}

static void numbers_are_decimal_bounded_and_otherwise_the_default(void **state)
{
    struct vici_writer w;
    struct span out;

    (void)state;
    vici_writer_init(&w);
    vici_number(&w, "max", UINT64_MAX);
    vici_text(&w, "over", "18446744073709551616");
    vici_text(&w, "signed", "-1");
    vici_text(&w, "empty", "");
    vici_yes_no(&w, "flag", true);
    assert_int_equal(vici_writer_done(&w, &out, NULL), 0);
    assert_true(vici_find_number(out, "max", 7) == UINT64_MAX);
    assert_int_equal(vici_find_number(out, "over", 7), 7);
    assert_int_equal(vici_find_number(out, "signed", 7), 7);
    assert_int_equal(vici_find_number(out, "empty", 7), 7);
    assert_int_equal(vici_find_number(out, "absent", 7), 7);
    vici_writer_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_example_is_written_byte_for_byte),
        cmocka_unit_test(the_published_example_is_read_element_by_element),
        cmocka_unit_test(a_section_is_read_entry_by_entry_without_a_tree),
        cmocka_unit_test(every_truncation_of_a_message_is_refused_or_ends_between_entries),
        cmocka_unit_test(a_malformed_message_is_refused_with_its_place),
        cmocka_unit_test(depth_32_is_read_and_written_and_33_is_not),
        cmocka_unit_test(longest_name_and_value_pass_and_one_byte_more_fails),
        cmocka_unit_test(a_message_of_more_than_512_kib_is_neither_written_nor_read),
        cmocka_unit_test(wrong_nesting_by_the_writer_is_an_error_not_bad_bytes),
        cmocka_unit_test(a_failed_allocation_is_reported_and_leaks_nothing),
        cmocka_unit_test(numbers_are_decimal_bounded_and_otherwise_the_default),
    };
    return cmocka_run_group_tests_name("vici_msg", tests, NULL, NULL);
}
