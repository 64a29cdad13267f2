/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index.c and deadline.c beside naive models.
 */
#include "ike/core/sm/deadline.h"
#include "ike/core/sm/index.h"

#include "tests/lib/cmocka.h"
#include "tests/lib/seeded_rng.h"
#include "utils/base/err.h"
#include "utils/base/mem.h"

#include <stdlib.h>

#define N 500

static struct seeded_rng seeded;
static struct rng rng;

static void the_index_agrees_with_a_plain_array(void **state)
{
    struct sm_index index;
    struct sm_index_node nodes[N] = { 0 };

    (void)state;
    assert_int_equal(sm_index_init(&index, 42), 0);
    for (unsigned step = 0; step < 20000; step++) {
        struct sm_index_node *node = &nodes[rng_below(&rng, N)];
        uint64_t key = rng_below(&rng, 100); /* many equal keys */
        unsigned want = 0, found = 0;

        if (node->linked)
            sm_index_remove(&index, node);
        else
            sm_index_add(&index, node, key);
        for (unsigned i = 0; i < N; i++)
            want += nodes[i].linked && nodes[i].key == key;
        for (struct sm_index_node *at = sm_index_find(&index, key); at;
             at = sm_index_next_same(at)) {
            assert_int_equal(at->key, key);
            found++;
        }
        assert_int_equal(found, want);
    }
    sm_index_fini(&index);
}

static void the_index_goes_on_when_it_cannot_grow(void **state)
{
    struct sm_index index;
    struct sm_index_node nodes[N] = { 0 };

    (void)state;
    assert_int_equal(sm_index_init(&index, 42), 0);
    for (unsigned i = 0; i < N; i++) {
        mem_fail_nth(1);
        sm_index_add(&index, &nodes[i], i);
    }
    mem_fail_nth(0);
    for (unsigned i = 0; i < N; i++)
        assert_ptr_equal(sm_index_find(&index, i), &nodes[i]);
    sm_index_fini(&index);
    mem_fail_nth(1);
    assert_int_equal(sm_index_init(&index, 42), ERR_NOMEM);
    mem_fail_nth(0);
}

static void the_heap_gives_deadlines_in_the_order_of_a_sorted_list(void **state)
{
    struct sm_deadlines heap = { 0 };
    struct sm_deadline d[N] = { 0 };
    ns_time now = 1;

    (void)state;
    for (unsigned step = 0; step < 50000; step++) {
        struct sm_deadline *one = &d[rng_below(&rng, N)], *want = NULL, *got;

        switch (rng_below(&rng, 4)) {
        case 0:
        case 1:
            sm_deadline_set(&heap, one, now + rng_below(&rng, 50));
            break;
        case 2:
            sm_deadline_clear(&heap, one);
            break;
        default:
            now += rng_below(&rng, 3);
            for (unsigned i = 0; i < N; i++)
                if (d[i].at && (!want || d[i].at < want->at ||
                                (d[i].at == want->at && d[i].order < want->order)))
                    want = &d[i];
            assert_int_equal(sm_deadline_first(&heap), want ? want->at : 0);
            if (want && want->at > now)
                want = NULL;
            got = sm_deadline_pop(&heap, now);
            assert_ptr_equal(got, want);
            if (got)
                assert_int_equal(got->at, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_index_agrees_with_a_plain_array),
        cmocka_unit_test(the_index_goes_on_when_it_cannot_grow),
        cmocka_unit_test(the_heap_gives_deadlines_in_the_order_of_a_sorted_list),
    };

    rng = seeded_rng_init(&seeded, seeded_rng_seed("test_sm_index"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
