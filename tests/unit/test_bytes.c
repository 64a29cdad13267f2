/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "utils/base/bytes.h"

static void reading_past_the_end_is_sticky(void **state)
{
    struct rd rd;

    (void)state;
    rd_init(&rd, "\x01\x02\x03", 3);
    assert_int_equal(rd_be16(&rd), 0x0102);
    assert_int_equal(rd_be16(&rd), 0);
    assert_true(rd.failed);
    assert_int_equal(rd_u8(&rd), 0);
    assert_false(rd_done(&rd));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading_past_the_end_is_sticky),
    };
    return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}
