/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heap of timers (deadline.c): order, moves, clears from every place of the
 * heap.  test_sm_index runs it against a sorted list at random; here each shape
 * is made on purpose.
 */
#include "ike/core/sm/deadline.h"

#include "tests/lib/cmocka.h"

#define N 64
static struct sm_deadlines heap;
static struct sm_deadline d[N];

static int begin(void **state)
{
    (void)state;
    heap = (struct sm_deadlines){ 0 };
    for (unsigned i = 0; i < N; i++)
        d[i] = (struct sm_deadline){ 0 };
    return 0;
}

static void an_empty_heap_has_nothing(void **state)
{
    (void)state;
    assert_int_equal(sm_deadline_first(&heap), 0);
    assert_null(sm_deadline_pop(&heap, UINT64_MAX));
    sm_deadline_clear(&heap, &d[0]); /* not set: nothing to do */
    sm_deadline_set(&heap, &d[0], 0);
    assert_null(sm_deadline_pop(&heap, UINT64_MAX));
}

static void a_deadline_is_due_at_its_time_and_not_before(void **state)
{
    (void)state;
    sm_deadline_set(&heap, &d[0], 1000);
    assert_null(sm_deadline_pop(&heap, 999));
    assert_int_equal(sm_deadline_first(&heap), 1000);
    assert_ptr_equal(sm_deadline_pop(&heap, 1000), &d[0]);
    assert_int_equal(d[0].at, 0);
    assert_null(sm_deadline_pop(&heap, 2000));
}

static void equal_times_come_in_the_order_of_setting(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N; i++)
        sm_deadline_set(&heap, &d[i * 37 % N], 5);
    sm_deadline_set(&heap, &d[0], 5); /* set anew: now the last */
    for (unsigned i = 1; i < N; i++)
        assert_ptr_equal(sm_deadline_pop(&heap, 5), &d[i * 37 % N]);
    assert_ptr_equal(sm_deadline_pop(&heap, 5), &d[0]);
}

static void setting_again_moves_it_both_ways(void **state)
{
    (void)state;
    sm_deadline_set(&heap, &d[0], 50);
    sm_deadline_set(&heap, &d[1], 60);
    sm_deadline_set(&heap, &d[0], 70);
    assert_int_equal(sm_deadline_first(&heap), 60);
    sm_deadline_set(&heap, &d[0], 10);
    assert_int_equal(sm_deadline_first(&heap), 10);
    sm_deadline_set(&heap, &d[0], 0);
    assert_int_equal(sm_deadline_first(&heap), 60);
}

/* Heaps of each size, one taken out of each place: the rest comes in order. */
static void any_one_may_be_cleared_from_any_shape(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 24; n++) {
        for (unsigned out = 0; out < n; out++) {
            for (unsigned popped = 0; popped < n && popped < 4; popped++) {
                ns_time last = 0;
                unsigned left = 0;

                begin(state);
                for (unsigned i = 0; i < n; i++)
                    sm_deadline_set(&heap, &d[i], 1 + i * 7 % 11);
                for (unsigned i = 0; i < popped; i++) /* melds its children: a deeper shape */
                    assert_non_null(sm_deadline_pop(&heap, UINT64_MAX));
                sm_deadline_clear(&heap, &d[out]);
                assert_int_equal(d[out].at, 0);
                for (unsigned i = 0; i < n; i++)
                    left += d[i].at != 0;
                for (; left > 0; left--) {
                    ns_time first = sm_deadline_first(&heap);

                    assert_true(first >= last);
                    assert_non_null(sm_deadline_pop(&heap, first));
                    last = first;
                }
                assert_null(heap.root);
            }
        }
    }
}

static void one_that_fires_may_set_itself_again(void **state)
{
    unsigned n = 0;

    (void)state;
    sm_deadline_set(&heap, &d[0], 1);
    sm_deadline_set(&heap, &d[1], 10);
    for (ns_time now = 1; now <= 100; now++) {
        struct sm_deadline *due;

        while ((due = sm_deadline_pop(&heap, now))) {
            n += due == &d[0];
            sm_deadline_set(&heap, due, now + (due == &d[0] ? 1 : 10));
        }
    }
    assert_int_equal(n, 100);
    assert_int_equal(sm_deadline_first(&heap), 101);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup(f, begin)
        T(an_empty_heap_has_nothing),
        T(a_deadline_is_due_at_its_time_and_not_before),
        T(equal_times_come_in_the_order_of_setting),
        T(setting_again_moves_it_both_ways),
        T(any_one_may_be_cleared_from_any_shape),
        T(one_that_fires_may_set_itself_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
