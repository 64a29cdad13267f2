/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ike_bytes: what every test of ike/types and ike/core/codec needs: cmocka
 * with its prerequisites, hex written as in the diagrams, exact-size heap
 * copies (so that AddressSanitizer sees a read of one byte too many), and a
 * small seeded generator.
 */
#ifndef TESTS_IKE_BYTES_H
#define TESTS_IKE_BYTES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "utils/base/bytes.h"
#include "utils/base/err.h"

struct test_bytes {
    size_t len;
    uint8_t b[16384];
};

/* Hex digits; blanks and newlines are for the reader. */
static inline struct test_bytes test_hex(const char *text)
{
    struct test_bytes out = { 0 };
    char pair[3] = "";
    size_t n = 0;

    for (; *text; text++) {
        if (*text == ' ' || *text == '\n')
            continue;
        pair[n++] = *text;
        if (n == 2) {
            if (!hex_decode(&out.b[out.len], 1, pair))
                fail_msg("bad hex '%s'", pair);
            out.len++;
            n = 0;
        }
    }
    assert_int_equal(n, 0);
    return out;
}

static inline struct span test_span(const struct test_bytes *bytes)
{
    return span_of(bytes->b, bytes->len);
}

/* To be freed with free((void *)span.p). */
static inline struct span test_exact(struct span s)
{
    uint8_t *copy = malloc(s.len ? s.len : 1);

    assert_non_null(copy);
    if (s.len)
        memcpy(copy, s.p, s.len);
    return span_of(copy, s.len);
}

static inline void test_assert_bytes(struct span got, const char *want_hex)
{
    struct test_bytes want = test_hex(want_hex);

    assert_int_equal(got.len, want.len);
    assert_memory_equal(got.p, want.b, want.len);
}

static inline void test_assert_err(int rc, const struct err *err, int code, const char *part)
{
    assert_int_equal(rc, code);
    assert_int_equal(err->code, code);
    if (!strstr(err->text, part))
        fail_msg("'%s' does not say '%s'", err->text, part);
}

/* xorshift64*: the same on every machine. */
static inline uint32_t test_random(uint64_t *seed, uint32_t bound)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return (uint32_t)((*seed * UINT64_C(0x2545F4914F6CDD1D)) >> 33) % bound;
}

#endif
