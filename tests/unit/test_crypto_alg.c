/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of ike/core/crypto/alg.c: sizes by the RFCs, and what is refused. */
#include "tests/unit/crypto_test.h"

#include "ike/core/crypto/alg.h"

static void gcm_sizes_are_those_of_rfc5282(void **state)
{
    static const struct {
        uint16_t id;
        uint8_t icv;
    } ids[] = { { 18, 8 }, { 19, 12 }, { 20, 16 } };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        for (uint16_t bits = 128; bits <= 256; bits = (uint16_t)(bits + 64)) {
            const struct ike_alg_encr *alg = ike_alg_encr(ids[i].id, bits);

            assert_non_null(alg);
            assert_true(alg->aead);
            assert_int_equal(alg->key_len, bits / 8);
            assert_int_equal(alg->salt_len, 4);
            assert_int_equal(alg->iv_len, 8);
            assert_int_equal(alg->block_len, 1);
            assert_int_equal(alg->icv_len, ids[i].icv);
            assert_int_equal(alg->strength, bits);
        }
    }
}

static void cbc_sizes_are_those_of_rfc3602(void **state)
{
    (void)state;
    for (uint16_t bits = 128; bits <= 256; bits = (uint16_t)(bits + 64)) {
        const struct ike_alg_encr *alg = ike_alg_encr(12, bits);

        assert_non_null(alg);
        assert_false(alg->aead);
        assert_int_equal(alg->key_len, bits / 8);
        assert_int_equal(alg->salt_len, 0);
        assert_int_equal(alg->iv_len, 16);
        assert_int_equal(alg->block_len, 16);
        assert_int_equal(alg->icv_len, 0);
    }
}

static void hmac_sizes_are_those_of_rfc4868(void **state)
{
    static const struct {
        uint16_t prf, integ;
        uint8_t len;
    } rows[] = { { 5, 12, 32 }, { 6, 13, 48 }, { 7, 14, 64 } };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(ike_alg_prf(rows[i].prf)->out_len, rows[i].len);
        assert_int_equal(ike_alg_integ(rows[i].integ)->key_len, rows[i].len);
        assert_int_equal(ike_alg_integ(rows[i].integ)->icv_len, rows[i].len / 2);
        assert_int_equal(ike_alg_integ(rows[i].integ)->prf, rows[i].prf);
    }
}

static void ke_sizes_are_those_of_the_groups(void **state)
{
    static const uint16_t rows[][3] = { { 31, 32, 32 }, { 19, 64, 32 }, { 14, 256, 256 } };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(ike_alg_ke(rows[i][0])->public_len, rows[i][1]);
        assert_int_equal(ike_alg_ke(rows[i][0])->shared_len, rows[i][2]);
    }
}

static void what_cannot_be_run_has_no_row(void **state)
{
    (void)state;
    assert_null(ike_alg_encr(IKE_ENCR_AES_GCM_16, 0));
    assert_null(ike_alg_encr(IKE_ENCR_AES_GCM_16, 512));
    assert_null(ike_alg_encr(3, 0)); /* 3DES */
    assert_null(ike_alg_prf(IKE_PRF_HMAC_SHA1));
    assert_null(ike_alg_prf(0));
    assert_null(ike_alg_integ(IKE_INTEG_NONE));
    assert_null(ike_alg_integ(2));
    assert_null(ike_alg_ke(IKE_KE_NONE));
    assert_null(ike_alg_ke(2));
}

static struct ike_suite suite_of(uint16_t encr, uint16_t bits, uint8_t integ_type, uint16_t integ)
{
    return (struct ike_suite){ .encr = { IKE_TT_ENCR, encr, bits, false },
                               .integ = { integ_type, integ, 0, false } };
}

static void a_suite_is_a_cipher_with_its_integrity(void **state)
{
    struct ike_suite gcm = suite_of(20, 256, 0, 0);
    struct ike_suite gcm_none = suite_of(20, 256, IKE_TT_INTEG, IKE_INTEG_NONE);
    struct ike_suite cbc = suite_of(12, 128, IKE_TT_INTEG, 13);
    const struct ike_alg_encr *encr;
    const struct ike_alg_integ *integ;

    (void)state;
    assert_int_equal(ike_alg_of_suite(&gcm, &encr, &integ, NULL), 0);
    assert_ptr_equal(encr, ike_alg_encr(20, 256));
    assert_null(integ);
    assert_int_equal(ike_alg_of_suite(&gcm_none, &encr, &integ, NULL), 0);
    assert_null(integ);
    assert_int_equal(ike_alg_of_suite(&cbc, &encr, &integ, NULL), 0);
    assert_ptr_equal(integ, ike_alg_integ(13));
}

static void a_suite_that_does_not_fit_is_refused_by_name(void **state)
{
    static const struct {
        struct ike_transform encr, integ;
        const char *names;
    } bad[] = {
        { { 0, 0, 0, false }, { 0, 0, 0, false }, "encryption 0" },
        { { IKE_TT_ENCR, 20, 100, false }, { 0, 0, 0, false }, "encryption 20 with 100" },
        { { IKE_TT_ENCR, 12, 128, false }, { IKE_TT_INTEG, 2, 0, false }, "integrity 2" },
        { { IKE_TT_ENCR, 12, 128, false }, { 0, 0, 0, false }, "AES_CBC_128 without" },
        { { IKE_TT_ENCR, 20, 128, false }, { IKE_TT_INTEG, 12, 0, false }, "HMAC_SHA2_256_128" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct ike_suite suite = { .encr = bad[i].encr, .integ = bad[i].integ };
        const struct ike_alg_encr *encr = (void *)&suite;
        const struct ike_alg_integ *integ = (void *)&suite;
        struct err err = { 0 };

        assert_int_equal(ike_alg_of_suite(&suite, &encr, &integ, &err), ERR_UNSUPPORTED);
        assert_non_null(strstr(err.text, bad[i].names));
        assert_ptr_equal(encr, &suite); /* outputs unchanged */
        assert_ptr_equal(integ, &suite);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gcm_sizes_are_those_of_rfc5282),
        cmocka_unit_test(cbc_sizes_are_those_of_rfc3602),
        cmocka_unit_test(hmac_sizes_are_those_of_rfc4868),
        cmocka_unit_test(ke_sizes_are_those_of_the_groups),
        cmocka_unit_test(what_cannot_be_run_has_no_row),
        cmocka_unit_test(a_suite_is_a_cipher_with_its_integrity),
        cmocka_unit_test(a_suite_that_does_not_fit_is_refused_by_name),
    };
    return cmocka_run_group_tests_name("crypto_alg", tests, NULL, NULL);
}
