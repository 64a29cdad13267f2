/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of ike/core/crypto/skcipher.c: the GCM specification, RFC 3602, frames
 * made by an independent AES, and every damaged byte and length. */
#include "tests/unit/crypto_test.h"

#include "ike/core/crypto/skcipher.h"

#define BODY_MAX 128

/* A sealed frame in its runs, with the cipher that made it. */
struct frame {
    struct ike_sk_cipher cipher;
    struct ike_keys keys;
    struct span aad, iv, plain, body, icv;
};

static void read_frame(struct vector_file *v, struct frame *f)
{
    struct span key = vector_hex(v, "encr_key"), integ_key = vector_hex(v, "integ_key");
    struct ike_suite suite = { .encr = { IKE_TT_ENCR, (uint16_t)vector_num(v, "encr"),
                                         (uint16_t)vector_num(v, "key_bits"), false } };

    *f = (struct frame){ .aad = vector_hex(v, "aad"),
                         .iv = vector_hex(v, "iv"),
                         .plain = vector_hex(v, "plain"),
                         .body = vector_hex(v, "body"),
                         .icv = vector_hex(v, "icv") };
    if (vector_num(v, "integ"))
        suite.integ =
            (struct ike_transform){ IKE_TT_INTEG, (uint16_t)vector_num(v, "integ"), 0, false };
    f->keys.ei.len = (uint8_t)key.len;
    memcpy(f->keys.ei.p, key.p, key.len);
    f->keys.ai.len = (uint8_t)integ_key.len;
    memcpy(f->keys.ai.p, integ_key.p, integ_key.len);
    assert_int_equal(ike_sk_cipher_of(&suite, &f->keys, true, &f->cipher, NULL), 0);
}

static int open_frame(const struct frame *f, uint8_t *plain)
{
    return ike_sk_unseal(&f->cipher, f->aad, f->iv, f->body, f->icv, plain, NULL);
}

static void every_vector_seals_and_opens(void **state)
{
    struct vector_file v;
    struct frame f;
    unsigned n = 0;

    (void)state;
    vector_open(&v, "tests/vectors/ike_sk.txt");
    for (; vector_next(&v); n++) {
        uint8_t body[BODY_MAX], icv[IKE_SK_ICV_MAX];

        read_frame(&v, &f);
        assert_int_equal(f.iv.len, ike_sk_iv_len(&f.cipher));
        assert_int_equal(f.icv.len, ike_sk_icv_len(&f.cipher));
        assert_int_equal(f.plain.len % ike_sk_block_len(&f.cipher), 0);
        memcpy(body, f.plain.p, f.plain.len);
        assert_int_equal(ike_sk_seal(&f.cipher, f.aad, f.iv, body, f.plain.len, icv, NULL), 0);
        assert_bytes(span_of(body, f.plain.len), f.body);
        assert_bytes(span_of(icv, f.icv.len), f.icv);
        memset(body, 0, sizeof body);
        assert_int_equal(open_frame(&f, body), 0);
        assert_bytes(span_of(body, f.plain.len), f.plain);
        memcpy(body, f.body.p, f.body.len); /* and in place */
        f.body.p = body;
        assert_int_equal(open_frame(&f, body), 0);
        assert_bytes(span_of(body, f.plain.len), f.plain);
    }
    assert_int_equal(n, 4 + 9 + 9);
}

/* Nothing of the plaintext may be found where it would have been written. */
static void refuses(const struct frame *f, struct span plain)
{
    uint8_t out[BODY_MAX];

    memset(out, 0xa5, sizeof out);
    assert_int_equal(open_frame(f, out), ERR_AUTH);
    for (size_t i = 0; i + 4 <= plain.len; i += 4)
        assert_memory_not_equal(out + i, plain.p + i, 4);
}

static void flip_each_bit(struct frame *f, struct span *run)
{
    uint8_t copy[BODY_MAX];
    struct span whole = *run;

    memcpy(copy, whole.p, whole.len);
    run->p = copy;
    for (size_t bit = 0; bit < whole.len * 8; bit++) {
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
        refuses(f, f->plain);
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    *run = whole;
}

static void cut_to_each_length(struct frame *f, struct span *run)
{
    struct span whole = *run;

    for (run->len = 0; run->len < whole.len; run->len++)
        refuses(f, f->plain);
    *run = whole;
}

static void every_flipped_bit_and_cut_run_is_refused(void **state)
{
    struct vector_file v;
    struct frame f;

    (void)state;
    vector_open(&v, "tests/vectors/ike_sk.txt");
    while (vector_next(&v)) {
        struct span *const runs[] = { &f.aad, &f.iv, &f.body, &f.icv };

        read_frame(&v, &f);
        for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
            flip_each_bit(&f, runs[i]);
            cut_to_each_length(&f, runs[i]);
        }
        assert_int_equal(open_frame(&f, (uint8_t[BODY_MAX]){ 0 }), 0);
    }
}

static void a_wrong_key_or_salt_is_refused(void **state)
{
    struct vector_file v;
    struct frame f;

    (void)state;
    vector_open(&v, "tests/vectors/ike_sk.txt");
    while (vector_next(&v)) {
        struct ike_sk_key *key;

        read_frame(&v, &f);
        key = f.keys.ai.len ? &f.keys.ai : &f.keys.ei;
        for (size_t i = 0; i < key->len; i++) {
            key->p[i] ^= 0x80;
            refuses(&f, f.plain);
            key->p[i] ^= 0x80;
        }
    }
}

static void forged_cbc_fails_alike_whatever_its_padding(void **state)
{
    struct ike_suite suite = { .encr = { IKE_TT_ENCR, IKE_ENCR_AES_CBC, 128, false },
                               .integ = { IKE_TT_INTEG, IKE_INTEG_HMAC_SHA2_256_128, 0, false } };
    struct ike_keys keys = { .er.len = 16, .ar.len = 32 };
    struct ike_sk_cipher c;
    uint8_t iv[16] = { 0 }, out[16];

    (void)state;
    assert_int_equal(ike_sk_cipher_of(&suite, &keys, false, &c, NULL), 0);
    for (unsigned last = 0; last < 256; last++) {
        uint8_t body[16] = { 0 }, icv[16];
        struct err err = { 0 };

        body[15] = (uint8_t)last; /* the pad length that a forger would probe */
        assert_int_equal(ike_sk_seal(&c, span_of("", 0), span_of(iv, 16), body, 16, icv, NULL), 0);
        icv[0] ^= 1;
        memset(out, 0xa5, sizeof out);
        assert_int_equal(ike_sk_unseal(&c, span_of("", 0), span_of(iv, 16), span_of(body, 16),
                                       span_of(icv, 16), out, &err),
                         ERR_AUTH);
        assert_string_equal(err.text, "integrity check of the encrypted payload failed");
        for (size_t i = 0; i < sizeof out; i++)
            assert_int_equal(out[i], 0xa5); /* not a byte was decrypted */
    }
}

static void sealing_refuses_lengths_it_cannot_take_and_wipes(void **state)
{
    struct ike_suite suite = { .encr = { IKE_TT_ENCR, IKE_ENCR_AES_CBC, 256, false },
                               .integ = { IKE_TT_INTEG, IKE_INTEG_HMAC_SHA2_256_128, 0, false } };
    struct ike_suite gcm = { .encr = { IKE_TT_ENCR, IKE_ENCR_AES_GCM_16, 256, false } };
    struct ike_keys keys = { .ei.len = 32, .ai.len = 32 };
    struct ike_keys gcm_keys = { .ei.len = 36 };
    static uint8_t body[70000];
    uint8_t icv[IKE_SK_ICV_MAX];
    struct ike_sk_cipher c, g;
    struct span none = span_of("", 0);

    (void)state;
    assert_int_equal(ike_sk_cipher_of(&suite, &keys, true, &c, NULL), 0);
    assert_int_equal(ike_sk_cipher_of(&gcm, &gcm_keys, true, &g, NULL), 0);
    memset(body, 0x55, sizeof body);
    assert_int_equal(ike_sk_seal(&c, none, span_of(icv, 16), body, 15, icv, NULL), ERR_INVALID);
    assert_int_equal(body[0] | body[14], 0);
    assert_int_equal(body[15], 0x55);
    assert_int_equal(ike_sk_seal(&c, none, span_of(icv, 16), body, 0, icv, NULL), ERR_INVALID);
    assert_int_equal(ike_sk_seal(&c, none, span_of(icv, 8), body, 16, icv, NULL), ERR_INVALID);
    assert_int_equal(ike_sk_seal(&g, none, span_of(icv, 16), body, 16, icv, NULL), ERR_INVALID);
    assert_int_equal(ike_sk_seal(&g, none, span_of(icv, 8), body, 0, icv, NULL), ERR_INVALID);
    assert_int_equal(ike_sk_seal(&g, none, span_of(icv, 8), body, 65536, icv, NULL), ERR_INVALID);
    assert_int_equal(ike_sk_seal(&g, span_of(body, 65536), span_of(icv, 8), body, 8, icv, NULL),
                     ERR_INVALID);
    assert_int_equal(ike_sk_seal(&g, none, span_of(icv, 8), body, 65535, icv, NULL), 0);
}

static void keys_of_the_wrong_size_are_refused(void **state)
{
    struct ike_suite gcm = { .encr = { IKE_TT_ENCR, IKE_ENCR_AES_GCM_16, 128, false } };
    struct ike_suite cbc = { .encr = { IKE_TT_ENCR, IKE_ENCR_AES_CBC, 128, false },
                             .integ = { IKE_TT_INTEG, IKE_INTEG_HMAC_SHA2_384_192, 0, false } };
    struct ike_keys keys = { .ei.len = 16, .er.len = 20, .ar.len = 32 };
    struct ike_sk_cipher c = { 0 };
    struct err err = { 0 };

    (void)state;
    assert_int_equal(ike_sk_cipher_of(&gcm, &keys, true, &c, &err), ERR_INVALID);
    assert_non_null(strstr(err.text, "SK_e has 16 bytes"));
    assert_int_equal(ike_sk_cipher_of(&gcm, &keys, false, &c, &err), ERR_INVALID);
    assert_non_null(strstr(err.text, "SK_a has 32 bytes"));
    keys.er.len = 16;
    assert_int_equal(ike_sk_cipher_of(&cbc, &keys, false, &c, &err), ERR_INVALID);
    assert_non_null(strstr(err.text, "takes 48"));
    cbc.integ.type = 0;
    assert_int_equal(ike_sk_cipher_of(&cbc, &keys, false, &c, &err), ERR_UNSUPPORTED);
    assert_null(c.encr);
}

static void each_direction_takes_its_own_keys(void **state)
{
    struct ike_suite cbc = { .encr = { IKE_TT_ENCR, IKE_ENCR_AES_CBC, 128, false },
                             .integ = { IKE_TT_INTEG, IKE_INTEG_HMAC_SHA2_256_128, 0, false } };
    struct ike_keys keys = { .ei.len = 16, .er.len = 16, .ai.len = 32, .ar.len = 32 };
    struct ike_sk_cipher c;

    (void)state;
    assert_int_equal(ike_sk_cipher_of(&cbc, &keys, true, &c, NULL), 0);
    assert_ptr_equal(c.encr_key.p, keys.ei.p);
    assert_ptr_equal(c.integ_key.p, keys.ai.p);
    assert_int_equal(ike_sk_cipher_of(&cbc, &keys, false, &c, NULL), 0);
    assert_ptr_equal(c.encr_key.p, keys.er.p);
    assert_ptr_equal(c.integ_key.p, keys.ar.p);
}

static void gcm_ivs_count_and_cbc_ivs_are_drawn(void **state)
{
    struct ike_sk_cipher gcm = { .encr = ike_alg_encr(IKE_ENCR_AES_GCM_16, 256) };
    struct ike_sk_cipher cbc = { .encr = ike_alg_encr(IKE_ENCR_AES_CBC, 256) };
    struct script_rng script;
    struct rng rng = script_rng_init(&script, span_of("0123456789abcdef", 16));
    uint64_t counter = 255;
    uint8_t iv[16] = { 0 };

    (void)state;
    assert_int_equal(ike_sk_iv(&gcm, &counter, &rng, iv, NULL), 0);
    assert_int_equal(get_be64(iv), 255);
    assert_int_equal(ike_sk_iv(&gcm, &counter, &rng, iv, NULL), 0);
    assert_int_equal(get_be64(iv), 256);
    assert_int_equal(script.at, 0); /* no randomness taken */
    counter = UINT64_MAX;
    assert_int_equal(ike_sk_iv(&gcm, &counter, &rng, iv, NULL), ERR_STATE);
    assert_int_equal(get_be64(iv), 256);
    assert_int_equal(ike_sk_iv(&cbc, &counter, &rng, iv, NULL), 0);
    assert_memory_equal(iv, "0123456789abcdef", 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector_seals_and_opens),
        cmocka_unit_test(every_flipped_bit_and_cut_run_is_refused),
        cmocka_unit_test(a_wrong_key_or_salt_is_refused),
        cmocka_unit_test(forged_cbc_fails_alike_whatever_its_padding),
        cmocka_unit_test(sealing_refuses_lengths_it_cannot_take_and_wipes),
        cmocka_unit_test(keys_of_the_wrong_size_are_refused),
        cmocka_unit_test(each_direction_takes_its_own_keys),
        cmocka_unit_test(gcm_ivs_count_and_cbc_ivs_are_drawn),
    };
    return cmocka_run_group_tests_name("crypto_skcipher", tests, NULL, NULL);
}
