/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of utils/base/err: codes, texts, and texts that do not fit. */
#include "tests/lib/cmocka.h"

#include <errno.h>
#include <string.h>

#include "utils/base/err.h"

static void a_code_is_returned_with_and_without_a_carrier(void **state)
{
    struct err err = { 0 };

    (void)state;
    assert_int_equal(err_set(NULL, ERR_BUSY, "unseen"), ERR_BUSY);
    assert_int_equal(err_set(&err, ERR_FULL, "sa_max %d", 7), ERR_FULL);
    assert_int_equal(err.code, ERR_FULL);
    assert_string_equal(err.text, "sa_max 7");
}

static void errno_chooses_the_code_and_ends_the_text(void **state)
{
    static const struct {
        int errnum, code;
    } rows[] = { { EACCES, ERR_PERM },     { EPERM, ERR_PERM },    { ENOMEM, ERR_NOMEM },
                 { ENOENT, ERR_NOTFOUND }, { EEXIST, ERR_EXISTS }, { EPIPE, ERR_IO } };
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(err_errno(&err, rows[i].errnum, "open %s", "a.conf"), rows[i].code);
        assert_int_equal(err.code, rows[i].code);
        assert_memory_equal(err.text, "open a.conf: ", 13);
        assert_string_equal(err.text + 13, strerror(rows[i].errnum));
    }
}

static void a_prefix_keeps_code_and_text(void **state)
{
    struct err err;

    (void)state;
    err_set(&err, ERR_INVALID, "remote_ts: not a prefix");
    assert_int_equal(err_prefix(&err, "%s:%d", "a.conf", 12), ERR_INVALID);
    assert_string_equal(err.text, "a.conf:12: remote_ts: not a prefix");
}

static void a_text_may_be_built_from_the_old_one(void **state)
{
    struct err err;

    (void)state;
    err_set(&err, ERR_IO, "inner");
    err_set(&err, ERR_IO, "outer: %s", err.text);
    assert_string_equal(err.text, "outer: inner");
}

static void long_texts_are_cut_and_terminated(void **state)
{
    char longer[2 * ERR_TEXT_LEN];
    struct err err;

    (void)state;
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    err_set(&err, ERR_INVALID, "%s", longer);
    assert_int_equal(strlen(err.text), ERR_TEXT_LEN - 1);
    err_prefix(&err, "%s", longer);
    assert_true(strlen(err.text) < ERR_TEXT_LEN);
    assert_non_null(strstr(err.text, ": x")); /* both parts are still there */
    err_errno(&err, ENOENT, "%s", longer);
    assert_non_null(strstr(err.text, strerror(ENOENT)));
}

static void every_code_has_its_own_name(void **state)
{
    (void)state;
    for (int a = 0; a >= ERR_REFUSED; a--) {
        assert_string_not_equal(err_name(a), "unknown");
        for (int b = 0; b > a; b--)
            assert_string_not_equal(err_name(a), err_name(b));
    }
    assert_string_equal(err_name(ERR_NOTFOUND), "not-found");
    assert_string_equal(err_name(ERR_REFUSED - 1), "unknown");
    assert_string_equal(err_name(1), "unknown");
    assert_string_equal(err_name(INT32_MIN), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_is_returned_with_and_without_a_carrier),
        cmocka_unit_test(errno_chooses_the_code_and_ends_the_text),
        cmocka_unit_test(a_prefix_keeps_code_and_text),
        cmocka_unit_test(a_text_may_be_built_from_the_old_one),
        cmocka_unit_test(long_texts_are_cut_and_terminated),
        cmocka_unit_test(every_code_has_its_own_name),
    };
    return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
