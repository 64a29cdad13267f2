/* SPDX-License-Identifier: Apache-2.0 */
/* keyproto.c: exact bytes, round trips, every truncation, bounds. */
#include "ike/daemon/keyproto.h"

#include "tests/lib/cmocka.h"
#include "utils/base/mem.h"

#include <stdio.h>
#include <string.h>

static struct keyproto_msg sample(void)
{
    struct keyproto_msg msg = {
        .type = KEYPROTO_VERIFY,
        .job = 0x0102030405060708,
        .prf = 5,
        .method = 2,
        .code = -11,
        .name = "gw",
        .n_ids = 2,
        .octets = span_of("OCT", 3),
        .data = span_of("da", 2),
    };

    msg.ids[0] = (struct ike_id){ .type = 2, .len = 1, .data = "m" };
    msg.ids[1] = (struct ike_id){ .type = 11, .len = 0 };
    return msg;
}

static const uint8_t sample_bytes[] = {
    2,                                        /* VERIFY */
    1,    2,    3,    4,    5,   6,   7,   8, /* job */
    0,    5,                                  /* prf */
    2,                                        /* method */
    0xff, 0xff, 0xff, 0xf5,                   /* code */
    0,    0,    0,    2,    'g', 'w',         /* name */
    2,                                        /* identities */
    2,    0,    1,    'm',  11,  0,   0,      /* FQDN "m"; an empty key id */
    0,    0,    0,    3,    'O', 'C', 'T',    /* octets */
    0,    0,    0,    2,    'd', 'a',         /* data */
};

static size_t write_msg(uint8_t *buf, size_t cap, const struct keyproto_msg *msg)
{
    struct wr wr;

    wr_init(&wr, buf, cap);
    keyproto_write(&wr, msg);
    return wr.failed ? 0 : wr_len(&wr);
}

static void a_message_has_these_bytes(void **state)
{
    struct keyproto_msg msg = sample();
    uint8_t buf[256];

    (void)state;
    assert_int_equal(write_msg(buf, sizeof buf, &msg), sizeof sample_bytes);
    assert_memory_equal(buf, sample_bytes, sizeof sample_bytes);
    assert_int_equal(write_msg(buf, sizeof sample_bytes - 1, &msg), 0);
}

static void what_is_written_is_read_back(void **state)
{
    static const enum keyproto_type types[] = {
        KEYPROTO_SIGN,          KEYPROTO_VERIFY, KEYPROTO_SECRETS_BEGIN,
        KEYPROTO_SECRET_FILE,   KEYPROTO_SECRET, KEYPROTO_SECRETS_COMMIT,
        KEYPROTO_SECRETS_ABORT, KEYPROTO_AUTH,   KEYPROTO_RESULT,
    };
    static uint8_t buf[KEYPROTO_MAX], big[40000];
    struct keyproto_msg in = sample(), out;
    size_t len;

    (void)state;
    in.n_ids = KEYPROTO_IDS_MAX;
    for (unsigned i = 0; i < KEYPROTO_IDS_MAX; i++) {
        in.ids[i].type = IKE_ID_KEY;
        in.ids[i].len = IKE_ID_MAX;
        memset(in.ids[i].data, (int)i, IKE_ID_MAX);
    }
    memset(in.name, 'n', KEYPROTO_NAME_MAX);
    memset(big, 0x5a, sizeof big);
    in.octets = span_of(big, sizeof big);
    for (unsigned i = 0; i < sizeof types / sizeof types[0]; i++) {
        in.type = types[i];
        len = write_msg(buf, sizeof buf, &in);
        assert_true(len > sizeof big);
        assert_int_equal(keyproto_read(span_of(buf, len), &out, NULL), 0);
        assert_int_equal(out.type, in.type);
        assert_true(out.job == in.job && out.prf == in.prf && out.method == in.method &&
                    out.code == in.code);
        assert_string_equal(out.name, in.name);
        assert_int_equal(out.n_ids, in.n_ids);
        for (unsigned n = 0; n < in.n_ids; n++)
            assert_true(ike_id_eq(&out.ids[n], &in.ids[n]));
        assert_true(span_eq(out.octets, in.octets) && span_eq(out.data, in.data));
    }
}

static void every_truncation_and_every_extra_byte_is_refused(void **state)
{
    struct keyproto_msg out, before;
    uint8_t longer[sizeof sample_bytes + 1] = { 0 };

    (void)state;
    memset(&out, 0x77, sizeof out);
    before = out;
    for (size_t len = 0; len < sizeof sample_bytes; len++) {
        uint8_t *exact = mem_dup(sample_bytes, len); /* a sanitizer sees a byte too far */

        assert_int_equal(keyproto_read(span_of(exact, len), &out, NULL), ERR_MALFORMED);
        assert_memory_equal(&out, &before, sizeof out); /* unchanged */
        mem_free(exact);
    }
    memcpy(longer, sample_bytes, sizeof sample_bytes);
    assert_int_equal(keyproto_read(span_of(longer, sizeof longer), &out, NULL), ERR_MALFORMED);
    assert_int_equal(keyproto_read(span_of(longer, sizeof sample_bytes), &out, NULL), 0);
}

/* Changes one byte of the sample and reads it. */
static int with(size_t at, uint8_t value)
{
    uint8_t bytes[sizeof sample_bytes];
    struct keyproto_msg out;

    memcpy(bytes, sample_bytes, sizeof bytes);
    bytes[at] = value;
    return keyproto_read(span_of(bytes, sizeof bytes), &out, NULL);
}

static void bounds_are_kept(void **state)
{
    static const uint8_t unknown[] = { 0, 8, 15, 18, 255 };
    struct keyproto_msg msg = sample();
    static uint8_t buf[4096];
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof unknown; i++)
        assert_int_equal(with(0, unknown[i]), ERR_MALFORMED);
    assert_int_equal(with(20, '\0'), ERR_MALFORMED); /* a name with a NUL inside is another name */
    assert_int_equal(with(22, 17), ERR_MALFORMED);   /* identities */
    assert_int_equal(with(16, 0xff), ERR_MALFORMED); /* lengths beyond the end */
    assert_int_equal(with(24, 0xff), ERR_MALFORMED);
    assert_int_equal(with(30, 0xff), ERR_MALFORMED);
    assert_int_equal(with(37, 0xff), ERR_MALFORMED);
    /* 256 bytes of name, 257 bytes of identity */
    memset(buf, 'n', sizeof buf);
    memcpy(buf, sample_bytes, 16);
    put_be32(buf + 16, KEYPROTO_NAME_MAX + 1);
    len = 20 + KEYPROTO_NAME_MAX + 1;
    memset(buf + len, 0, 9);
    assert_int_equal(keyproto_read(span_of(buf, len + 9), &msg, NULL), ERR_MALFORMED);
    put_be32(buf + 16, KEYPROTO_NAME_MAX);
    memset(buf + len - 1, 0, 9);
    assert_int_equal(keyproto_read(span_of(buf, len - 1 + 9), &msg, NULL), 0);
    put_be32(buf + 16, 0);
    buf[20] = 1;
    buf[21] = IKE_ID_KEY;
    buf[22] = 1, buf[23] = 1; /* 257 */
    memset(buf + 24, 0, 300);
    assert_int_equal(keyproto_read(span_of(buf, 24 + 257 + 8), &msg, NULL), ERR_MALFORMED);
    buf[23] = 0;
    assert_int_equal(keyproto_read(span_of(buf, 24 + 256 + 8), &msg, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_has_these_bytes),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(every_truncation_and_every_extra_byte_is_refused),
        cmocka_unit_test(bounds_are_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
