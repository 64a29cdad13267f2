/* SPDX-License-Identifier: Apache-2.0 */
/* handles: the table by id against a plain array. */
#include "sdk/src/internal.h"

#include <string.h>

#include "tests/lib/cmocka.h"
#include "utils/base/mem.h"

#define N 500

static struct handle pool[N];
static bool in[N]; /* the model */

static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void compare(const struct handles *table)
{
    size_t n = 0;

    for (size_t i = 0; i < N; i++) {
        n += in[i];
        assert_ptr_equal(handles_find(table, pool[i].id), in[i] ? &pool[i] : NULL);
    }
    assert_int_equal(table->n, n);
}

static void churn(struct handles *table, uint32_t seed, bool no_memory)
{
    print_message("seed %u\n", seed);
    memset(in, 0, sizeof in);
    for (size_t i = 0; i < N; i++)
        pool[i] = (struct handle){ .id = i % 3 ? i : i << 32 | 1u << 31 };
    for (int round = 0; round < 5000; round++) {
        uint32_t at = next_random(&seed) % N;

        if (in[at]) {
            handles_remove(table, &pool[at]);
        } else {
            mem_fail_nth(no_memory ? 1 : 0);
            handles_insert(table, &pool[at]);
            mem_fail_nth(0);
        }
        in[at] = !in[at];
        if (round % 50 == 0)
            compare(table);
    }
    while (handles_pop(table))
        continue;
    assert_int_equal(table->n, 0);
    assert_null(handles_find(table, pool[1].id));
}

static void the_table_agrees_with_a_plain_array(void **state)
{
    struct handles table;

    (void)state;
    assert_int_equal(handles_init(&table), 0);
    churn(&table, 2463534242u, false);
    assert_true(table.n_buckets > 16);
    handles_fini(&table);
}

static void a_table_that_cannot_grow_still_takes_handles(void **state)
{
    struct handles table;

    (void)state;
    assert_int_equal(handles_init(&table), 0);
    churn(&table, 88172645u, true);
    assert_int_equal(table.n_buckets, 16);
    handles_fini(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_agrees_with_a_plain_array),
        cmocka_unit_test(a_table_that_cannot_grow_still_takes_handles),
    };

    return cmocka_run_group_tests_name("sdk handles", tests, NULL, NULL);
}
