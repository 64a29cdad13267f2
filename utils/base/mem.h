/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mem: memory that may hold secrets, and comparison that leaks no timing.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Overwrites with zeros; the compiler may not remove it. */
void mem_wipe(void *p, size_t len);

/* True if equal; time depends on `len` alone. */
bool mem_equal_ct(const void *a, const void *b, size_t len);

/* Zeroed allocations.  All allocations of the tree go through these two, so
 * that a test can make the n-th one fail (mem_fail_nth). NULL on failure. */
void *mem_zalloc(size_t len);
void *mem_zalloc_array(size_t n, size_t size); /* checks the product */
void *mem_dup(const void *p, size_t len);
char *mem_strdup(const char *s);
void mem_free(void *p); /* NULL accepted */
/* Wipes `len` bytes, then frees; NULL accepted. */
void mem_free_secret(void *p, size_t len);

/* Test hook: the n-th allocation from now (1 = next) fails, once; 0 = off. */
void mem_fail_nth(unsigned long n);

/* A secret of bounded size that lives inside its owner: zero state is empty.
 * SECRET_MAX fits every IKE key (SK_d of SHA-512) and MODP-4096 secrets. */
#define SECRET_MAX 512
struct secret {
    uint16_t len;
    uint8_t p[SECRET_MAX];
};
void secret_set(struct secret *s, const void *p, size_t len); /* len <= SECRET_MAX */
void secret_wipe(struct secret *s);

#endif
