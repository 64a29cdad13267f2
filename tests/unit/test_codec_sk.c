/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ike_payload_bytes.h"

#include "ike/core/codec/nonce.h"
#include "ike/core/codec/sk.h"
#include "ike/core/codec/vendor.h"

static const struct ike_sk_lens gcm = { .iv = 8, .block = 1, .icv = 16 };
static const struct ike_sk_lens cbc = { .iv = 16, .block = 16, .icv = 16 };

/* A message with a vendor ID of `len` bytes inside SK. */
static struct span build(struct test_msg *m, const struct ike_sk_lens *lens, size_t len,
                         struct ike_sk_frame *frame)
{
    static const uint8_t id[64] = "vendor";
    struct span got;

    test_msg_begin(m);
    ike_sk_open(&m->msg, lens);
    if (len)
        ike_vendor_write(&m->msg, span_of(id, len));
    ike_sk_close(&m->msg, lens, frame);
    assert_int_equal(ike_msg_end(&m->msg, &got, NULL), 0);
    return got;
}

static void a_gcm_frame_has_these_bytes(void **state)
{
    struct ike_sk_frame f;
    struct test_msg m;
    struct span got = build(&m, &gcm, 3, &f);

    (void)state;
    memset(f.iv, 0x11, 8);
    memset(f.icv, 0x22, 16);
    assert_int_equal(f.text_len, 8);
    test_msg_is(&m, IKE_PL_SK,
                "2b 00 0024 1111111111111111  00 00 0007 76656e  00"
                "22222222222222222222222222222222");
    assert_true(f.aad.p == got.p && f.aad.len == 32);
    assert_true(f.authed.p == got.p && f.authed.len == got.len - 16);
    assert_ptr_equal(f.iv, got.p + 32);
    assert_ptr_equal(f.text, got.p + 40);
    assert_ptr_equal(f.icv, got.p + got.len - 16);
}

static void payloads_before_sk_and_many_inside_are_linked(void **state)
{
    struct ike_sk_frame f;
    struct test_msg m;

    (void)state;
    test_msg_begin(&m);
    ike_vendor_write(&m.msg, span_of("x", 1));
    ike_sk_open(&m.msg, &gcm);
    ike_vendor_write(&m.msg, span_of("y", 1));
    ike_nonce_write(&m.msg, span_of("z", 1));
    ike_sk_close(&m.msg, &gcm, &f);
    test_msg_is(&m, IKE_PL_VENDOR,
                "2e 00 0005 78"
                "2b 00 0027 0000000000000000  28 00 0005 79  00 00 0005 7a  00"
                "00000000000000000000000000000000");
    assert_int_equal(f.aad.len, 28 + 5 + 4);
}

/* What is written must be found again, whatever the length. */
static void reading_finds_what_writing_made(void **state)
{
    const struct ike_sk_lens *const kinds[] = { &gcm, &cbc };

    (void)state;
    for (size_t k = 0; k < 2; k++)
        for (size_t len = 0; len < 40; len++) {
            struct ike_payloads list, inside;
            struct ike_sk_frame f;
            struct test_msg m;
            struct span got = build(&m, kinds[k], len, &f), inner;
            struct ike_sk sk;

            assert_int_equal(ike_payloads_read(m.buf[16], got, IKE_HEADER_LEN, &list, NULL), 0);
            assert_int_equal(ike_sk_read(got, &list.p[0], kinds[k], &sk, NULL), 0);
            assert_true(sk.iv.p == f.iv && sk.iv.len == kinds[k]->iv);
            assert_true(sk.text.p == f.text && sk.text.len == f.text_len);
            assert_true(sk.icv.p == f.icv && sk.icv.len == kinds[k]->icv);
            assert_true(span_eq(sk.aad, f.aad) && sk.aad.p == f.aad.p);
            assert_true(span_eq(sk.authed, f.authed) && sk.authed.p == f.authed.p);
            assert_int_equal(sk.text.len % kinds[k]->block, 0);
            assert_int_equal(ike_sk_unpad(sk.text, &inner, NULL), 0);
            assert_int_equal(inner.len, len ? len + 4 : 0);
            assert_int_equal(ike_payloads_read(sk.first, inner, 0, &inside, NULL), 0);
            assert_int_equal(inside.n, len ? 1 : 0);
        }
}

static int read_body(size_t len, const struct ike_sk_lens *lens, struct err *err)
{
    static uint8_t bytes[IKE_HEADER_LEN + 4 + 64];
    const struct ike_payload p = { .type = IKE_PL_SK,
                                   .at = IKE_HEADER_LEN,
                                   .body = span_of(bytes + IKE_HEADER_LEN + 4, len) };
    struct ike_sk sk;

    return ike_sk_read(span_of(bytes, IKE_HEADER_LEN + 4 + len), &p, lens, &sk, err);
}

static void too_short_a_frame_is_refused(void **state)
{
    struct err err;

    (void)state;
    for (size_t len = 0; len <= 24; len++)
        test_assert_err(read_body(len, &gcm, &err), &err, ERR_MALFORMED,
                        "do not hold IV, pad length and ICV (25)");
    assert_int_equal(read_body(25, &gcm, &err), 0);
    test_assert_err(read_body(33, &cbc, &err), &err, ERR_MALFORMED,
                    "ciphertext of 1 bytes is not a multiple of 16");
    assert_int_equal(read_body(48, &cbc, &err), 0);
}

static void sk_must_be_last(void **state)
{
    static uint8_t bytes[100];
    const struct ike_payload p = { .type = IKE_PL_SK, .at = 28, .body = span_of(bytes + 32, 60) };
    struct ike_sk sk = { .first = 77 };
    struct err err;

    (void)state;
    test_assert_err(ike_sk_read(span_of(bytes, 93), &p, &gcm, &sk, &err), &err, ERR_MALFORMED,
                    "not the last of the message");
    assert_int_equal(sk.first, 77);
}

static void padding_must_fit(void **state)
{
    uint8_t plain[300] = { 0 };
    struct span inner = { 0 };
    struct err err;

    (void)state;
    test_assert_err(ike_sk_unpad(span_of(plain, 0), &inner, &err), &err, ERR_MALFORMED,
                    "no pad length");
    plain[9] = 10;
    test_assert_err(ike_sk_unpad(span_of(plain, 10), &inner, &err), &err, ERR_MALFORMED,
                    "pad length 10 in 10 bytes");
    assert_null(inner.p);
    plain[9] = 9;
    assert_int_equal(ike_sk_unpad(span_of(plain, 10), &inner, &err), 0);
    assert_int_equal(inner.len, 0);
    plain[299] = 255;
    assert_int_equal(ike_sk_unpad(span_of(plain, 300), &inner, &err), 0);
    assert_int_equal(inner.len, 44);
}

static void a_full_message_gives_no_frame(void **state)
{
    const struct ike_header h = { .version = IKE_VERSION_2 };
    uint8_t buf[28 + 4 + 16 + 16 + 16];

    (void)state;
    for (size_t cap = 0; cap <= sizeof buf; cap++) {
        struct ike_sk_frame f = { .text_len = 77 };
        struct ike_msg msg;
        struct span got;

        ike_msg_begin(&msg, buf, cap, &h);
        ike_sk_open(&msg, &cbc);
        ike_sk_close(&msg, &cbc, &f);
        if (cap == sizeof buf) {
            assert_int_equal(ike_msg_end(&msg, &got, NULL), 0);
            assert_int_equal(f.text_len, 16);
        } else {
            assert_int_equal(ike_msg_end(&msg, &got, NULL), ERR_FULL);
            assert_true(!f.iv && !f.text && !f.icv && !f.text_len);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gcm_frame_has_these_bytes),
        cmocka_unit_test(payloads_before_sk_and_many_inside_are_linked),
        cmocka_unit_test(reading_finds_what_writing_made),
        cmocka_unit_test(too_short_a_frame_is_refused),
        cmocka_unit_test(sk_must_be_last),
        cmocka_unit_test(padding_must_fit),
        cmocka_unit_test(a_full_message_gives_no_frame),
    };
    return cmocka_run_group_tests_name("codec_sk", tests, NULL, NULL);
}
