/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: a whole IKE message.  It is parsed and dumped; what parses is
 * written again, and what we write must parse, and be its own canonical form.
 * Ciphertext of SK is taken as if decrypted by a cipher that does nothing, so
 * the inside is reached too.
 */
#include "tests/lib/ike_recode.h"

#include <string.h>

#define CHECK(what)                                                                                \
    do {                                                                                           \
        if (!(what))                                                                               \
            __builtin_trap();                                                                      \
    } while (0)

static const struct ike_sk_lens gcm = { .iv = 8, .block = 1, .icv = 16 };
static const struct ike_sk_lens cbc = { .iv = 16, .block = 16, .icv = 16 };

static void inside(struct span message, const struct ike_payloads *outer,
                   const struct ike_sk_lens *lens, struct ike_payloads *ret)
{
    const struct ike_payload *p = ike_payloads_find(outer, IKE_PL_SK);
    struct err err = { .text = "" };
    struct ike_sk sk;
    struct span inner;

    ret->n = 0;
    if (!p || ike_sk_read(message, p, lens, &sk, &err))
        return;
    CHECK(sk.text.len % lens->block == 0);
    CHECK(sk.iv.p + sk.iv.len == sk.text.p && sk.text.p + sk.text.len == sk.icv.p);
    CHECK(sk.icv.p + sk.icv.len == message.p + message.len);
    if (ike_sk_unpad(sk.text, &inner, &err) || ike_payloads_read(sk.first, inner, 0, ret, &err))
        CHECK(err.text[0]);
    else if (ike_payloads_check(ret, &err))
        CHECK(err.text[0]);
}

static void dump(const struct ike_header *h, const struct ike_payloads *outer,
                 const struct ike_payloads *inner)
{
    static char text[IKE_DUMP_LEN];

    ike_dump(h, outer, inner, text, sizeof text);
    for (const char *c = text; *c; c++)
        CHECK(*c == '\n' || (*c >= 0x20 && *c < 0x7f));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t once[IKE_MESSAGE_MAX], twice[IKE_MESSAGE_MAX];
    struct span message = span_of(data, len), a, b;
    struct ike_payloads outer, inner;
    struct err err = { .text = "" };
    struct ike_header h;

    if (ike_header_read(message, &h, &err)) {
        CHECK(err.text[0]);
        return 0;
    }
    h.length = (uint32_t)len; /* a fuzzer should not have to find this */
    if (ike_header_check(&h, len, &err) ||
        ike_payloads_read(h.next_payload, message, IKE_HEADER_LEN, &outer, &err)) {
        CHECK(err.text[0]);
        return 0;
    }
    (void)ike_payloads_critical(&outer);
    inside(message, &outer, &gcm, &inner);
    dump(&h, &outer, &inner);
    inside(message, &outer, &cbc, &inner);
    dump(&h, &outer, inner.n ? &inner : NULL);
    if (ike_payloads_check(&outer, &err)) {
        CHECK(err.text[0]);
        return 0;
    }
    CHECK(!ike_recode_list(&h, &outer, once, sizeof once, &a, &err));
    CHECK(a.len <= len);
    CHECK(!ike_recode(a, twice, sizeof twice, &b, &err));
    CHECK(span_eq(a, b));
    return 0;
}
