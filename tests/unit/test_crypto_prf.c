/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of ike/core/crypto/prf.c: RFC 4231, RFC 4868 and an independent prf+. */
#include "tests/unit/crypto_test.h"

#include "ike/core/crypto/prf.h"

static void every_vector_is_met(void **state)
{
    static uint8_t out[255 * IKE_PRF_LEN_MAX];
    struct vector_file v;
    unsigned n_prf = 0, n_plus = 0;

    (void)state;
    vector_open(&v, "tests/vectors/ike_prf.txt");
    while (vector_next(&v)) {
        uint16_t prf = (uint16_t)vector_num(&v, "prf");
        struct span key = vector_hex(&v, "key");

        if (strncmp(v.name, "prf+", 4) == 0) {
            struct span seed = vector_hex(&v, "seed"), want = vector_hex(&v, "plus");

            assert_int_equal(ike_prf_plus(prf, key, &seed, 1, out, want.len, NULL), 0);
            assert_bytes(span_of(out, want.len), want);
            n_plus++;
        } else {
            struct span data = vector_hex(&v, "data"), want = vector_hex(&v, "out");

            assert_int_equal(want.len, ike_alg_prf(prf)->out_len);
            assert_int_equal(ike_prf(prf, key, &data, 1, out, NULL), 0);
            assert_bytes(span_of(out, want.len), want);
            n_prf++;
        }
    }
    assert_int_equal(n_prf, 21);
    assert_int_equal(n_plus, 18);
}

static void parts_are_the_same_as_the_whole(void **state)
{
    static const char text[] = "one two three four";
    const struct span whole = span_of(text, 18);
    uint8_t want[32], got[32], want_plus[100], got_plus[100];

    (void)state;
    assert_int_equal(ike_prf(5, span_of("k", 1), &whole, 1, want, NULL), 0);
    assert_int_equal(ike_prf_plus(5, span_of("k", 1), &whole, 1, want_plus, 100, NULL), 0);
    for (size_t a = 0; a <= 18; a++) {
        for (size_t b = a; b <= 18; b++) {
            const struct span parts[] = { span_of(text, a), span_of(text + a, b - a),
                                          span_of(text + b, 18 - b) };

            assert_int_equal(ike_prf(5, span_of("k", 1), parts, 3, got, NULL), 0);
            assert_memory_equal(got, want, sizeof want);
            assert_int_equal(ike_prf_plus(5, span_of("k", 1), parts, 3, got_plus, 100, NULL), 0);
            assert_memory_equal(got_plus, want_plus, sizeof want_plus);
        }
    }
}

/* HMAC-SHA2-256 of nothing under no key, as many documents give it. */
static void an_empty_key_and_empty_data_are_taken(void **state)
{
    struct hex_bytes want =
        unhex("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    uint8_t got[32];

    (void)state;
    assert_int_equal(ike_prf(5, (struct span){ 0 }, NULL, 0, got, NULL), 0);
    assert_bytes(span_of(got, sizeof got), hex_span(&want));
}

static void an_unknown_prf_is_refused_by_number(void **state)
{
    struct span data = span_of("x", 1);
    uint8_t out[64] = { 7 };
    struct err err = { 0 };

    (void)state;
    assert_int_equal(ike_prf(2, data, &data, 1, out, &err), ERR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "PRF 2"));
    assert_int_equal(ike_prf_plus(9, data, &data, 1, out, 5, &err), ERR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "PRF 9"));
    assert_int_equal(out[0], 7);
}

static void prf_plus_ends_at_255_blocks_and_bounds_its_parts(void **state)
{
    static uint8_t out[255 * 32 + 1];
    struct span parts[8] = { 0 };

    (void)state;
    assert_int_equal(ike_prf_plus(5, parts[0], parts, 1, out, 255 * 32, NULL), 0);
    assert_int_equal(ike_prf_plus(5, parts[0], parts, 1, out, 255 * 32 + 1, NULL), ERR_INVALID);
    assert_int_equal(ike_prf_plus(5, parts[0], parts, 6, out, 32, NULL), 0);
    assert_int_equal(ike_prf_plus(5, parts[0], parts, 7, out, 32, NULL), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector_is_met),
        cmocka_unit_test(parts_are_the_same_as_the_whole),
        cmocka_unit_test(an_empty_key_and_empty_data_are_taken),
        cmocka_unit_test(an_unknown_prf_is_refused_by_number),
        cmocka_unit_test(prf_plus_ends_at_255_blocks_and_bounds_its_parts),
    };
    return cmocka_run_group_tests_name("crypto_prf", tests, NULL, NULL);
}
