/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/base/mem.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static atomic_ulong fail_countdown;

void mem_fail_nth(unsigned long n)
{
    atomic_store(&fail_countdown, n);
}

static bool must_fail(void)
{
    if (atomic_load_explicit(&fail_countdown, memory_order_relaxed) == 0)
        return false;
    return atomic_fetch_sub(&fail_countdown, 1) == 1;
}

void mem_wipe(void *p, size_t len)
{
    if (p && len)
        explicit_bzero(p, len);
}

bool mem_equal_ct(const void *a, const void *b, size_t len)
{
    const volatile uint8_t *x = a;
    const volatile uint8_t *y = b;
    uint8_t diff = 0;

    for (size_t i = 0; i < len; i++)
        diff |= x[i] ^ y[i];
    return diff == 0;
}

void *mem_zalloc(size_t len)
{
    if (must_fail())
        return NULL;
    return calloc(1, len ? len : 1);
}

void *mem_zalloc_array(size_t n, size_t size)
{
    size_t len;

    if (__builtin_mul_overflow(n, size, &len))
        return NULL;
    return mem_zalloc(len);
}

void *mem_dup(const void *p, size_t len)
{
    void *copy = mem_zalloc(len);

    if (copy && len)
        memcpy(copy, p, len);
    return copy;
}

char *mem_strdup(const char *s)
{
    return mem_dup(s, strlen(s) + 1);
}

void mem_free(void *p)
{
    free(p);
}

void mem_free_secret(void *p, size_t len)
{
    mem_wipe(p, len);
    free(p);
}

void secret_set(struct secret *s, const void *p, size_t len)
{
    assert(len <= SECRET_MAX);
    mem_wipe(s, sizeof *s);
    if (len)
        memcpy(s->p, p, len);
    s->len = (uint16_t)len;
}

void secret_wipe(struct secret *s)
{
    mem_wipe(s, sizeof *s);
}
