/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of utils/base/mem and list: allocation that can be made to fail, secrets. */
#include "tests/lib/cmocka.h"

#include <string.h>

#include "utils/base/list.h"
#include "utils/base/mem.h"

static void exactly_the_nth_allocation_fails(void **state)
{
    (void)state;
    for (unsigned long n = 1; n <= 5; n++) {
        mem_fail_nth(n);
        for (unsigned long i = 1; i <= 7; i++) {
            void *p = i % 2 ? mem_zalloc(8) : mem_zalloc_array(2, 4);

            if (i == n)
                assert_null(p);
            else
                assert_non_null(p);
            mem_free(p);
        }
    }
    mem_fail_nth(1);
    assert_null(mem_strdup("text"));
    mem_fail_nth(1);
    mem_fail_nth(0);
    mem_free(mem_dup("ab", 2));
}

static void memory_comes_zeroed_even_after_a_secret(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        uint8_t *p = mem_zalloc(48);

        assert_non_null(p);
        for (int k = 0; k < 48; k++)
            assert_int_equal(p[k], 0);
        memset(p, 0xaa, 48);
        mem_free_secret(p, 48);
    }
    mem_free_secret(NULL, 0);
}

static void a_product_that_overflows_is_refused(void **state)
{
    (void)state;
    assert_null(mem_zalloc_array(SIZE_MAX / 2, 3));
}

static void nothing_can_be_allocated_and_copied(void **state)
{
    void *p = mem_zalloc(0), *q = mem_dup("", 0);

    (void)state;
    assert_non_null(p); /* NULL means failure, nothing else */
    assert_non_null(q);
    mem_free(p);
    mem_free(q);
}

static void equality_looks_at_every_byte(void **state)
{
    uint8_t a[33], b[33];

    (void)state;
    memset(a, 0x5a, sizeof a);
    memcpy(b, a, sizeof b);
    assert_true(mem_equal_ct(a, b, sizeof a));
    for (size_t i = 0; i < sizeof a; i++)
        for (int bit = 0; bit < 8; bit++) {
            b[i] ^= (uint8_t)(1 << bit);
            assert_false(mem_equal_ct(a, b, sizeof a));
            b[i] = a[i];
        }
    assert_true(mem_equal_ct(a, b, 0));
}

static void a_secret_leaves_nothing_of_a_longer_one(void **state)
{
    struct secret s = { 0 };
    struct secret empty = { 0 };
    uint8_t key[SECRET_MAX];

    (void)state;
    memset(key, 0x77, sizeof key);
    secret_set(&s, key, sizeof key);
    assert_int_equal(s.len, SECRET_MAX);
    secret_set(&s, "ab", 2);
    assert_int_equal(s.len, 2);
    for (size_t i = 2; i < SECRET_MAX; i++)
        assert_int_equal(s.p[i], 0);
    secret_wipe(&s);
    assert_memory_equal(&s, &empty, sizeof s);
}

static void a_list_keeps_order_and_survives_removal_in_a_loop(void **state)
{
    struct item {
        int value;
        struct list node;
    } items[5] = { 0 };
    struct list head;
    int sum = 0;

    (void)state;
    list_init(&head);
    assert_true(list_is_empty(&head));
    for (int i = 0; i < 5; i++) {
        items[i].value = i;
        assert_false(list_is_linked(&items[i].node));
        list_add_tail(&head, &items[i].node);
    }
    LIST_FOR_EACH(node, &head)
    {
        struct item *item = CONTAINER_OF(node, struct item, node);

        sum = 10 * sum + item->value;
        if (item->value % 2)
            list_remove(node);
    }
    assert_int_equal(sum, 1234);
    list_remove(&items[1].node); /* harmless: not linked any more */
    assert_ptr_equal(head.next, &items[0].node);
    assert_ptr_equal(items[0].node.next, &items[2].node);
    assert_ptr_equal(items[2].node.prev, &items[0].node);
    assert_ptr_equal(head.prev, &items[4].node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exactly_the_nth_allocation_fails),
        cmocka_unit_test(memory_comes_zeroed_even_after_a_secret),
        cmocka_unit_test(a_product_that_overflows_is_refused),
        cmocka_unit_test(nothing_can_be_allocated_and_copied),
        cmocka_unit_test(equality_looks_at_every_byte),
        cmocka_unit_test(a_secret_leaves_nothing_of_a_longer_one),
        cmocka_unit_test(a_list_keeps_order_and_survives_removal_in_a_loop),
    };
    return cmocka_run_group_tests_name("mem", tests, NULL, NULL);
}
