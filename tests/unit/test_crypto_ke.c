/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of ike/core/crypto/ke.c: RFC 7748, RFC 5903, RFC 3526 with Python's
 * pow(), and every way a peer's value can be wrong. */
#include "tests/unit/crypto_test.h"

#include "ike/core/crypto/ke.h"

#define P256_P "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
#define P256_N "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"

static struct ike_ke *generate(uint16_t method, struct span private)
{
    struct script_rng script;
    struct rng rng = script_rng_init(&script, private);
    struct ike_ke *ke = NULL;

    assert_int_equal(ike_ke_generate(method, &rng, &ke, NULL), 0);
    assert_int_equal(ike_ke_method(ke), method);
    return ke;
}

/* The public value of `private`, and what it shares with `peer`. */
static void check(uint16_t method, struct span private, struct span public, struct span peer,
                  struct span shared)
{
    struct ike_ke *ke = generate(method, private);
    struct secret secret = { 0 };

    if (public.len)
        assert_bytes(ike_ke_public(ke), public);
    assert_int_equal(ike_ke_shared(ke, peer, &secret, NULL), 0);
    assert_bytes(span_of(secret.p, secret.len), shared);
    ike_ke_free(ke);
}

static void x25519_meets_rfc7748_section_5_2(void **state)
{
    static const char *const cases[][3] = {
        { "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
          "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
          "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552" },
        { "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
          "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
          "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct hex_bytes k = unhex(cases[i][0]), u = unhex(cases[i][1]), out = unhex(cases[i][2]);

        check(IKE_KE_X25519, hex_span(&k), (struct span){ 0 }, hex_span(&u), hex_span(&out));
    }
}

static void x25519_meets_a_thousand_rounds_of_rfc7748(void **state)
{
    struct hex_bytes one =
        unhex("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
    struct hex_bytes thousand =
        unhex("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
    uint8_t k[32] = { 9 }, u[32] = { 9 };

    (void)state;
    for (int i = 1; i <= 1000; i++) {
        struct ike_ke *ke = generate(IKE_KE_X25519, span_of(k, 32));
        struct secret secret = { 0 };

        assert_int_equal(ike_ke_shared(ke, span_of(u, 32), &secret, NULL), 0);
        memcpy(u, k, 32);
        memcpy(k, secret.p, 32);
        ike_ke_free(ke);
        if (i == 1)
            assert_memory_equal(k, one.b, 32);
    }
    assert_memory_equal(k, thousand.b, 32);
}

static void x25519_meets_rfc7748_section_6_1(void **state)
{
    struct hex_bytes a = unhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
    struct hex_bytes ga = unhex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    struct hex_bytes b = unhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
    struct hex_bytes gb = unhex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    struct hex_bytes k = unhex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");

    (void)state;
    check(IKE_KE_X25519, hex_span(&a), hex_span(&ga), hex_span(&gb), hex_span(&k));
    check(IKE_KE_X25519, hex_span(&b), hex_span(&gb), hex_span(&ga), hex_span(&k));
}

static void ecp256_meets_rfc5903_section_8_1(void **state)
{
    struct hex_bytes i =
        unhex("C88F01F5 10D9AC3F 70A292DA A2316DE5 44E9AAB8 AFE84049 C62A9C57 862D1433");
    struct hex_bytes gi =
        unhex("DAD0B653 94221CF9 B051E1FE CA5787D0 98DFE637 FC90B9EF 945D0C37 72581180"
              "5271A046 1CDB8252 D61F1C45 6FA3E59A B1F45B33 ACCF5F58 389E0577 B8990BB3");
    struct hex_bytes r =
        unhex("C6EF9C5D 78AE012A 011164AC B397CE20 88685D8F 06BF9BE0 B283AB46 476BEE53");
    struct hex_bytes gr =
        unhex("D12DFB52 89C8D4F8 1208B702 70398C34 2296970A 0BCCB74C 736FC755 4494BF63"
              "56FBF3CA 366CC23E 8157854C 13C58D6A AC23F046 ADA30F83 53E74F33 039872AB");
    struct hex_bytes gir =
        unhex("D6840F6B 42F6EDAF D13116E0 E1256520 2FEF8E9E CE7DCE03 812464D0 4B9442DE");

    (void)state;
    check(IKE_KE_ECP256, hex_span(&i), hex_span(&gi), hex_span(&gr), hex_span(&gir));
    check(IKE_KE_ECP256, hex_span(&r), hex_span(&gr), hex_span(&gi), hex_span(&gir));
}

static void modp2048_is_the_group_of_rfc3526(void **state)
{
    struct vector_file v;
    unsigned n = 0;

    (void)state;
    vector_open(&v, "tests/vectors/ike_ke.txt");
    assert_true(vector_next(&v)); /* the prime, for the tests below */
    for (; vector_next(&v); n++) {
        check(IKE_KE_MODP2048, vector_hex(&v, "a"), vector_hex(&v, "ga"), vector_hex(&v, "gb"),
              vector_hex(&v, "shared"));
        check(IKE_KE_MODP2048, vector_hex(&v, "b"), vector_hex(&v, "gb"), vector_hex(&v, "ga"),
              vector_hex(&v, "shared"));
    }
    assert_int_equal(n, 4);
}

static void two_ends_agree_and_a_seed_repeats(void **state)
{
    static const uint16_t methods[] = { IKE_KE_X25519, IKE_KE_ECP256, IKE_KE_MODP2048 };
    static const char seeds[2][12] = { "seed of one", "seed of two" };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        struct ike_ke *a = generate(methods[i], span_of(seeds[0], 11));
        struct ike_ke *b = generate(methods[i], span_of(seeds[1], 11));
        struct ike_ke *again = generate(methods[i], span_of(seeds[0], 11));
        struct secret ab = { 0 }, ba = { 0 };

        assert_bytes(ike_ke_public(a), ike_ke_public(again));
        assert_false(span_eq(ike_ke_public(a), ike_ke_public(b)));
        assert_int_equal(ike_ke_public(a).len, ike_alg_ke(methods[i])->public_len);
        assert_int_equal(ike_ke_shared(a, ike_ke_public(b), &ab, NULL), 0);
        assert_int_equal(ike_ke_shared(b, ike_ke_public(a), &ba, NULL), 0);
        assert_int_equal(ab.len, ike_alg_ke(methods[i])->shared_len);
        assert_bytes(span_of(ab.p, ab.len), span_of(ba.p, ba.len));
        ike_ke_free(a);
        ike_ke_free(b);
        ike_ke_free(again);
    }
}

static void ecp256_draws_again_until_the_scalar_is_in_range(void **state)
{
    struct hex_bytes draws =
        unhex(P256_N /* too large by one */
              "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
              "0000000000000000000000000000000000000000000000000000000000000000"
              "0000000000000000000000000000000000000000000000000000000000000001");
    struct hex_bytes g = unhex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                               "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5");
    struct ike_ke *ke = generate(IKE_KE_ECP256, hex_span(&draws));

    (void)state;
    assert_bytes(ike_ke_public(ke), hex_span(&g)); /* 1 * G */
    ike_ke_free(ke);
}

static void modp2048_draws_again_until_the_exponent_exceeds_one(void **state)
{
    uint8_t draws[3 * 40] = { 0 };
    struct ike_ke *ke;

    (void)state;
    draws[79] = 1;
    draws[119] = 2;
    ke = generate(IKE_KE_MODP2048, span_of(draws, sizeof draws));
    assert_int_equal(ike_ke_public(ke).p[255], 4); /* 2 ^ 2 */
    ike_ke_free(ke);
}

static void a_broken_random_source_is_an_error_and_no_endless_loop(void **state)
{
    static const uint16_t methods[] = { IKE_KE_ECP256, IKE_KE_MODP2048 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        struct script_rng script;
        struct rng rng = script_rng_init(&script, span_of("", 1)); /* zeros */
        struct ike_ke *ke = NULL;
        struct err err = { 0 };

        assert_int_equal(ike_ke_generate(methods[i], &rng, &ke, &err), ERR_INVALID);
        assert_non_null(strstr(err.text, "random source"));
        assert_null(ke);
    }
}

static void an_unknown_method_is_refused_by_number(void **state)
{
    struct ike_ke *ke = NULL;
    struct err err = { 0 };

    (void)state;
    assert_int_equal(ike_ke_generate(2, &rng_os, &ke, &err), ERR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "method 2"));
    assert_null(ke);
    ike_ke_free(NULL);
}

/* --- wrong values of a peer --------------------------------------------- */

static void refused(uint16_t method, const char *name, struct span peer, const char *says)
{
    struct ike_ke *ke = generate(method, span_of("some private key", 16));
    struct secret secret = { .len = 3 };
    struct err err = { 0 };
    int rc = ike_ke_shared(ke, peer, &secret, &err);

    if (rc != ERR_MALFORMED || secret.len != 3 || !strstr(err.text, says))
        fail_msg("%s: code %d, length %u, text \"%s\"", name, rc, secret.len, err.text);
    ike_ke_free(ke);
}

static void every_wrong_length_is_refused(void **state)
{
    static const uint16_t methods[] = { IKE_KE_X25519, IKE_KE_ECP256, IKE_KE_MODP2048 };
    uint8_t bytes[300];

    (void)state;
    memset(bytes, 9, sizeof bytes);
    for (size_t i = 0; i < ARRAY_LEN(methods); i++)
        for (size_t len = 0; len <= sizeof bytes; len++)
            if (len != ike_alg_ke(methods[i])->public_len)
                refused(methods[i], "length", span_of(bytes, len), "bytes instead of");
}

/* All points of small order and their representations above p. */
static void x25519_refuses_each_point_of_small_order(void **state)
{
    static const char *const cases[][2] = {
        { "zero", "0000000000000000000000000000000000000000000000000000000000000000" },
        { "one", "0100000000000000000000000000000000000000000000000000000000000000" },
        { "order 8, first", "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800" },
        { "order 8, second", "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157" },
        { "p - 1", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f" },
        { "p", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f" },
        { "p + 1", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f" },
        { "zero, top bit set", "0000000000000000000000000000000000000000000000000000000000000080" },
        { "p, top bit set", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct hex_bytes u = unhex(cases[i][1]);

        refused(IKE_KE_X25519, cases[i][0], hex_span(&u), "small order");
    }
}

static void ecp256_refuses_what_is_no_point_of_the_curve(void **state)
{
    static const char gx[] = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
    static const char gy[] = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
    static const char zero[] = "0000000000000000000000000000000000000000000000000000000000000000";
    static const char ones[] = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
    /* x = 0 is on the curve with this y, so x = p is the same number unreduced. */
    static const char y0[] = "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4";
    const struct {
        const char *name, *x, *y;
    } cases[] = {
        { "both zero", zero, zero }, { "y zero", gx, zero },      { "x zero, wrong y", zero, gy },
        { "swapped", gy, gx },       { "x too large", ones, gy }, { "y too large", gx, ones },
        { "x = p", P256_P, y0 },     { "y = p", gx, P256_P },     { "both p", P256_P, P256_P },
    };
    char good_text[129];
    struct hex_bytes good;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[129];
        struct hex_bytes point;

        snprintf(text, sizeof text, "%s%s", cases[i].x, cases[i].y);
        point = unhex(text);
        refused(IKE_KE_ECP256, cases[i].name, hex_span(&point), "not a point of the curve");
    }
    snprintf(good_text, sizeof good_text, "%s%s", gx, gy);
    good = unhex(good_text);
    for (size_t bit = 0; bit < 512; bit++) {
        good.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
        refused(IKE_KE_ECP256, "one bit changed", hex_span(&good), "not a point of the curve");
        good.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void ecp256_takes_the_point_whose_x_is_zero(void **state)
{
    struct hex_bytes point =
        unhex("0000000000000000000000000000000000000000000000000000000000000000"
              "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4");
    uint8_t one[32] = { 0 };

    (void)state;
    one[31] = 1; /* 1 * P = P: a secret of 32 zero bytes, full length */
    check(IKE_KE_ECP256, span_of(one, 32), (struct span){ 0 }, hex_span(&point),
          span_of(point.b, 32));
}

/* p plus a small number, big-endian. */
static void prime_plus(struct span p, int add, uint8_t out[256])
{
    int carry = add;

    for (size_t i = 256; i-- > 0;) {
        int digit = p.p[i] + carry;

        out[i] = (uint8_t)(digit & 0xff);
        carry = digit >> 8; /* arithmetic: -1 borrows */
    }
}

static void modp2048_refuses_what_is_out_of_range(void **state)
{
    static const struct {
        const char *name;
        int add;
    } around[] = { { "p - 1", -1 }, { "p", 0 }, { "p + 1", 1 }, { "p + 2", 2 } };
    uint8_t y[256] = { 0 };
    struct vector_file v;

    (void)state;
    refused(IKE_KE_MODP2048, "0", span_of(y, 256), "between 1 and p-1");
    y[255] = 1;
    refused(IKE_KE_MODP2048, "1", span_of(y, 256), "between 1 and p-1");
    memset(y, 0xff, sizeof y);
    refused(IKE_KE_MODP2048, "2^2048 - 1", span_of(y, 256), "between 1 and p-1");
    vector_open(&v, "tests/vectors/ike_ke.txt");
    assert_true(vector_next(&v));
    for (size_t i = 0; i < ARRAY_LEN(around); i++) {
        prime_plus(vector_hex(&v, "p"), around[i].add, y);
        refused(IKE_KE_MODP2048, around[i].name, span_of(y, 256), "between 1 and p-1");
    }
    prime_plus(vector_hex(&v, "p"), -2, y); /* = -2, the largest that is taken */
    {
        uint8_t two[40] = { 0 }, four[256] = { 0 };

        two[39] = 2;
        four[255] = 4;
        check(IKE_KE_MODP2048, span_of(two, 40), (struct span){ 0 }, span_of(y, 256),
              span_of(four, 256));
    }
    while (vector_next(&v))
        ;
}

static void memory_that_runs_out_leaves_no_key(void **state)
{
    struct ike_ke *ke = NULL;
    struct err err = { 0 };

    (void)state;
    mem_fail_nth(1);
    assert_int_equal(ike_ke_generate(IKE_KE_X25519, &rng_os, &ke, &err), ERR_NOMEM);
    mem_fail_nth(0);
    assert_null(ke);
    assert_int_equal(err.code, ERR_NOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(x25519_meets_rfc7748_section_5_2),
        cmocka_unit_test(x25519_meets_a_thousand_rounds_of_rfc7748),
        cmocka_unit_test(x25519_meets_rfc7748_section_6_1),
        cmocka_unit_test(ecp256_meets_rfc5903_section_8_1),
        cmocka_unit_test(modp2048_is_the_group_of_rfc3526),
        cmocka_unit_test(two_ends_agree_and_a_seed_repeats),
        cmocka_unit_test(ecp256_draws_again_until_the_scalar_is_in_range),
        cmocka_unit_test(modp2048_draws_again_until_the_exponent_exceeds_one),
        cmocka_unit_test(a_broken_random_source_is_an_error_and_no_endless_loop),
        cmocka_unit_test(an_unknown_method_is_refused_by_number),
        cmocka_unit_test(every_wrong_length_is_refused),
        cmocka_unit_test(x25519_refuses_each_point_of_small_order),
        cmocka_unit_test(ecp256_refuses_what_is_no_point_of_the_curve),
        cmocka_unit_test(ecp256_takes_the_point_whose_x_is_zero),
        cmocka_unit_test(modp2048_refuses_what_is_out_of_range),
        cmocka_unit_test(memory_that_runs_out_leaves_no_key),
    };
    return cmocka_run_group_tests_name("crypto_ke", tests, NULL, NULL);
}
