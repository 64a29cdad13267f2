/* SPDX-License-Identifier: Apache-2.0 */
/* test_dp_options: the manual page names what the option table has, and no more. */
#include "tests/unit/dp_kit.h"
#include "utils/dp/options.h"

#define PAGE "utils/dp/ipsec-offload-dp.8.scd"

static char page[16384];

static int setup(void **state)
{
    FILE *f = fopen(PAGE, "r");
    size_t n;

    (void)state;
    if (!f)
        return -1;
    n = fread(page, 1, sizeof page - 1, f);
    fclose(f);
    page[n] = '\0';
    return 0;
}

static void each_option_of_the_table_is_in_the_manual(void **state)
{
    (void)state;
    for (const struct argp_option *o = dp_option_table; o->name; o++) {
        char want[128];

        snprintf(want, sizeof want, "\n*-%c*, *--%s*=_%s_\n", o->key, o->name, o->arg);
        if (!strstr(page, want))
            fail_msg("the manual lacks%s", want);
    }
}

static void each_option_of_the_manual_is_in_the_table(void **state)
{
    size_t n = 0, rows = 0;

    (void)state;
    for (const char *p = page; (p = strstr(p, "\n*-")); p++)
        n++;
    for (const struct argp_option *o = dp_option_table; o->name; o++)
        rows++;
    assert_int_equal(n, rows + 3); /* --help, --usage, --version are argp's own */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_option_of_the_table_is_in_the_manual),
        cmocka_unit_test(each_option_of_the_manual_is_in_the_table),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
