/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto_test: what the tests of ike/core/crypto share: comparison of byte runs, bytes written as
 * text, and a random source that hands out given bytes.
 */
#ifndef TESTS_UNIT_CRYPTO_TEST_H
#define TESTS_UNIT_CRYPTO_TEST_H

#include "tests/lib/cmocka.h"
#include "tests/unit/vector_file.h"
#include "utils/base/bytes.h"
#include "utils/base/rng.h"

#include <string.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof(a)[0])

/* Both runs are the same, byte for byte. */
#define assert_bytes(got, want)                                                                    \
    do {                                                                                           \
        struct span got_ = (got), want_ = (want);                                                  \
        assert_int_equal(got_.len, want_.len);                                                     \
        if (want_.len)                                                                             \
            assert_memory_equal(got_.p, want_.p, want_.len);                                       \
    } while (0)

struct hex_bytes {
    size_t len;
    uint8_t b[520];
};

/* Hexadecimal text with blanks anywhere. */
static inline struct hex_bytes unhex(const char *text)
{
    struct hex_bytes out = { 0 };
    char digits[2 * sizeof out.b + 1];
    size_t n = 0;

    for (; *text; text++)
        if (*text != ' ')
            digits[n++] = *text;
    digits[n] = '\0';
    out.len = n / 2;
    assert_true(hex_decode(out.b, out.len, digits));
    return out;
}

static inline struct span hex_span(const struct hex_bytes *h)
{
    return span_of(h->b, h->len);
}

/* A random source that gives these bytes, over and over. */
struct script_rng {
    struct span bytes;
    size_t at;
};

static inline void script_fill(void *user, void *p, size_t len)
{
    struct script_rng *script = user;
    uint8_t *out = p;

    for (size_t i = 0; i < len; i++)
        out[i] = script->bytes.p[script->at++ % script->bytes.len];
}

static inline struct rng script_rng_init(struct script_rng *script, struct span bytes)
{
    *script = (struct script_rng){ .bytes = bytes };
    return (struct rng){ .fill = script_fill, .user = script };
}

#endif
