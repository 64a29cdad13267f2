/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ike_payload_bytes: one payload at a time, in exact bytes.  A payload under
 * test is the only one of its message, so its generic header is what follows
 * the 28 bytes of the IKE header.
 */
#ifndef TESTS_IKE_PAYLOAD_BYTES_H
#define TESTS_IKE_PAYLOAD_BYTES_H

#include "tests/lib/ike_bytes.h"

#include "ike/core/codec/payload.h"

struct test_msg {
    uint8_t buf[IKE_MESSAGE_MAX];
    struct ike_msg msg;
};

static inline void test_msg_begin(struct test_msg *m)
{
    const struct ike_header h = {
        .spi_i = 1, .spi_r = 2, .version = IKE_VERSION_2, .exchange = IKE_INFORMATIONAL
    };

    memset(m->buf, 0xee, sizeof m->buf); /* what is not written would show */
    ike_msg_begin(&m->msg, m->buf, sizeof m->buf, &h);
}

/* The message is this type and exactly these bytes after the IKE header. */
static inline void test_msg_is(struct test_msg *m, uint8_t first, const char *want_hex)
{
    struct span got;
    struct err err;

    if (ike_msg_end(&m->msg, &got, &err))
        fail_msg("%s", err.text);
    assert_int_equal(got.p[16], first);
    assert_int_equal(get_be32(got.p + 24), got.len);
    test_assert_bytes(span_of(got.p + IKE_HEADER_LEN, got.len - IKE_HEADER_LEN), want_hex);
}

/* Runs `read` on every proper prefix of the body, each on the heap in its own
 * size; none may be accepted. */
static inline void test_prefixes_refused(struct span body, int (*read)(struct span, struct err *))
{
    for (size_t len = 0; len < body.len; len++) {
        struct span cut = test_exact(span_of(body.p, len));
        struct err err = { 0 };

        if (read(cut, &err) != ERR_MALFORMED || !err.text[0])
            fail_msg("%zu of %zu bytes accepted", len, body.len);
        free((void *)(uintptr_t)cut.p);
    }
}

#endif
