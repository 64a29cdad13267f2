/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of ike/core/crypto/keymat.c: NIST's IKEv2 KDF vector, and an independent
 * derivation for each suite. */
#include "tests/unit/crypto_test.h"

#include "ike/core/crypto/keymat.h"
#include "ike/core/crypto/prf.h"

static struct ike_suite read_suite(struct vector_file *v)
{
    struct ike_suite suite = {
        .encr = { IKE_TT_ENCR, (uint16_t)vector_num(v, "encr"), (uint16_t)vector_num(v, "key_bits"),
                  false },
        .prf = { IKE_TT_PRF, (uint16_t)vector_num(v, "prf"), 0, false },
    };

    if (vector_num(v, "integ"))
        suite.integ =
            (struct ike_transform){ IKE_TT_INTEG, (uint16_t)vector_num(v, "integ"), 0, false };
    return suite;
}

static struct ike_keymat_in read_in(struct vector_file *v, const struct ike_suite *suite)
{
    return (struct ike_keymat_in){
        .suite = suite,
        .secret = vector_hex(v, "secret"),
        .ni = vector_hex(v, "ni"),
        .nr = vector_hex(v, "nr"),
        .spi_i = get_be64(vector_hex(v, "spi_i").p),
        .spi_r = get_be64(vector_hex(v, "spi_r").p),
    };
}

static void check_keys(struct vector_file *v, const char *prefix, const struct ike_keys *keys)
{
    const struct {
        const char *name;
        const struct ike_sk_key *key;
    } all[] = { { "d", &keys->d },   { "ai", &keys->ai }, { "ar", &keys->ar }, { "ei", &keys->ei },
                { "er", &keys->er }, { "pi", &keys->pi }, { "pr", &keys->pr } };

    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        char name[24];

        snprintf(name, sizeof name, "%s%s", prefix, all[i].name);
        assert_bytes(ike_sk_key_span(all[i].key), vector_hex(v, name));
    }
}

static void check_child(struct vector_file *v, const char *prefix, const char *direction,
                        const struct ike_child_keys *keys)
{
    char name[24];

    snprintf(name, sizeof name, "%s%s_encr", prefix, direction);
    assert_bytes(span_of(keys->encr, keys->encr_len), vector_hex(v, name));
    snprintf(name, sizeof name, "%s%s_integ", prefix, direction);
    assert_bytes(span_of(keys->integ, keys->integ_len), vector_hex(v, name));
}

static void every_suite_derives_what_python_derives(void **state)
{
    struct vector_file v;
    unsigned n = 0;

    (void)state;
    vector_open(&v, "tests/vectors/ike_keymat.txt");
    for (; vector_next(&v); n++) {
        struct ike_suite suite = read_suite(&v);
        struct ike_keymat_in in = read_in(&v, &suite);
        struct ike_keymat_child_in child = { &suite, suite.prf.id, { 0 }, { 0 }, in.ni, in.nr };
        struct ike_keys keys = { 0 }, again = { 0 };
        struct ike_child_keys i2r, r2i;

        assert_int_equal(ike_keymat_initial(&in, &keys, NULL), 0);
        check_keys(&v, "", &keys);
        assert_int_equal(ike_keymat_rekey(&in, (uint16_t)vector_num(&v, "old_prf"),
                                          vector_hex(&v, "old_d"), &again, NULL),
                         0);
        check_keys(&v, "rekey_", &again);
        child.sk_d = ike_sk_key_span(&keys.d);
        assert_int_equal(ike_keymat_child(&child, &i2r, &r2i, NULL), 0);
        check_child(&v, "", "i2r", &i2r);
        check_child(&v, "", "r2i", &r2i);
        child.secret = in.secret;
        assert_int_equal(ike_keymat_child(&child, &i2r, &r2i, NULL), 0);
        check_child(&v, "pfs_", "i2r", &i2r);
        check_child(&v, "pfs_", "r2i", &r2i);
    }
    assert_int_equal(n, 21);
}

/* The seven keys in a row, as they were cut from the stream. */
static size_t join(const struct ike_keys *keys, uint8_t *out)
{
    const struct ike_sk_key *const order[] = { &keys->d,  &keys->ai, &keys->ar, &keys->ei,
                                               &keys->er, &keys->pi, &keys->pr };
    size_t at = 0;

    for (size_t i = 0; i < ARRAY_LEN(order); at += order[i++]->len)
        memcpy(out + at, order[i]->p, order[i]->len);
    return at;
}

static size_t join_child(const struct ike_child_keys *a, const struct ike_child_keys *b,
                         uint8_t *out)
{
    const struct ike_child_keys *const order[] = { a, b };
    size_t at = 0;

    for (size_t i = 0; i < 2; i++) {
        memcpy(out + at, order[i]->encr, order[i]->encr_len);
        at += order[i]->encr_len;
        memcpy(out + at, order[i]->integ, order[i]->integ_len);
        at += order[i]->integ_len;
    }
    return at;
}

static void check_nist_children(struct vector_file *v, const struct ike_suite *suite,
                                const struct ike_keymat_in *in, struct span sk_d)
{
    struct ike_keymat_child_in child = { suite, suite->prf.id, sk_d, { 0 }, in->ni, in->nr };
    struct ike_child_keys i2r, r2i;
    uint8_t row[4 * IKE_CHILD_KEY_MAX];
    size_t len;

    assert_int_equal(ike_keymat_child(&child, &i2r, &r2i, NULL), 0);
    len = join_child(&i2r, &r2i, row);
    assert_int_equal(len, 2 * (32 + 64));
    assert_memory_equal(row, vector_hex(v, "child").p, len);
    child.secret = vector_hex(v, "gir_new");
    assert_int_equal(ike_keymat_child(&child, &i2r, &r2i, NULL), 0);
    len = join_child(&i2r, &r2i, row);
    assert_memory_equal(row, vector_hex(v, "child_dh").p, len);
}

static void check_nist_rekey(struct vector_file *v, const struct ike_keymat_in *in,
                             struct span sk_d)
{
    struct ike_keymat_in next = *in;
    uint8_t spis[16], want[IKE_PRF_LEN_MAX * 7], row[IKE_PRF_LEN_MAX * 7];
    const struct span seed[] = { in->ni, in->nr, span_of(spis, sizeof spis) };
    struct ike_keys keys;
    size_t len;

    next.secret = vector_hex(v, "gir_new");
    next.spi_i = 1;
    next.spi_r = 2;
    assert_int_equal(ike_keymat_rekey(&next, in->suite->prf.id, sk_d, &keys, NULL), 0);
    len = join(&keys, row);
    put_be64(spis, 1);
    put_be64(spis + 8, 2);
    assert_int_equal(ike_prf_plus(5, vector_hex(v, "skeyseed_rekey"), seed, 3, want, len, NULL), 0);
    assert_memory_equal(row, want, len);
}

static void the_vector_published_by_nist_is_met(void **state)
{
    struct ike_suite suite = { .encr = { IKE_TT_ENCR, IKE_ENCR_AES_CBC, 256, false },
                               .integ = { IKE_TT_INTEG, IKE_INTEG_HMAC_SHA2_512_256, 0, false },
                               .prf = { IKE_TT_PRF, IKE_PRF_HMAC_SHA2_256, 0, false } };
    struct vector_file v;
    struct ike_keymat_in in;
    struct ike_keys keys;
    uint8_t row[IKE_PRF_LEN_MAX * 7];

    (void)state;
    vector_open(&v, "tests/vectors/nist_ikev2_kdf.txt");
    assert_true(vector_next(&v));
    in = (struct ike_keymat_in){ &suite,
                                 vector_hex(&v, "gir"),
                                 vector_hex(&v, "ni"),
                                 vector_hex(&v, "nr"),
                                 get_be64(vector_hex(&v, "spi_i").p),
                                 get_be64(vector_hex(&v, "spi_r").p) };
    assert_int_equal(ike_keymat_initial(&in, &keys, NULL), 0);
    assert_int_equal(join(&keys, row), 3 * 32 + 2 * 64 + 2 * 32);
    assert_memory_equal(row, vector_hex(&v, "dkm").p, 3 * 32 + 2 * 64 + 2 * 32);
    check_nist_children(&v, &suite, &in, ike_sk_key_span(&keys.d));
    check_nist_rekey(&v, &in, ike_sk_key_span(&keys.d));
    assert_false(vector_next(&v));
}

static void a_nonce_out_of_bounds_is_refused_by_side(void **state)
{
    static const uint8_t bytes[IKE_NONCE_MAX + 1];
    static const size_t bad[] = { 0, 15, 257 };
    struct ike_suite suite = { .encr = { IKE_TT_ENCR, 20, 128, false },
                               .prf = { IKE_TT_PRF, 5, 0, false } };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct span good = span_of(bytes, 32), wrong = span_of(bytes, bad[i]);
        struct ike_keymat_in in = { &suite, good, wrong, good, 1, 2 };
        struct ike_keymat_child_in child = { &suite, 5, good, { 0 }, good, wrong };
        struct ike_keys keys = { .d.len = 9 };
        struct ike_child_keys a = { .encr_len = 9 }, b = { .encr_len = 9 };
        struct err err = { 0 };

        assert_int_equal(ike_keymat_initial(&in, &keys, &err), ERR_INVALID);
        assert_non_null(strstr(err.text, "initiator's nonce"));
        assert_int_equal(ike_keymat_rekey(&in, 5, good, &keys, &err), ERR_INVALID);
        assert_int_equal(ike_keymat_child(&child, &a, &b, &err), ERR_INVALID);
        assert_non_null(strstr(err.text, "responder's nonce"));
        assert_int_equal(keys.d.len + a.encr_len + b.encr_len, 27); /* unchanged */
    }
}

static void an_unknown_algorithm_leaves_the_keys_alone(void **state)
{
    static const uint8_t bytes[32];
    struct span some = span_of(bytes, 32);
    struct ike_suite no_prf = { .encr = { IKE_TT_ENCR, 20, 128, false },
                                .prf = { IKE_TT_PRF, 2, 0, false } };
    struct ike_suite no_encr = { .encr = { IKE_TT_ENCR, 99, 128, false },
                                 .prf = { IKE_TT_PRF, 5, 0, false } };
    struct ike_keymat_in a = { &no_prf, some, some, some, 1, 2 };
    struct ike_keymat_in b = { &no_encr, some, some, some, 1, 2 };
    struct ike_keymat_child_in c = { &no_encr, 5, some, some, some, some };
    struct ike_keys keys = { .d.len = 9 };
    struct ike_child_keys i2r, r2i;

    (void)state;
    assert_int_equal(ike_keymat_initial(&a, &keys, NULL), ERR_UNSUPPORTED);
    assert_int_equal(ike_keymat_initial(&b, &keys, NULL), ERR_UNSUPPORTED);
    assert_int_equal(ike_keymat_rekey(&a, 5, some, &keys, NULL), ERR_UNSUPPORTED);
    assert_int_equal(ike_keymat_rekey(&b, 2, some, &keys, NULL), ERR_UNSUPPORTED);
    assert_int_equal(ike_keymat_rekey(&b, 5, some, &keys, NULL), ERR_UNSUPPORTED);
    assert_int_equal(ike_keymat_child(&c, &i2r, &r2i, NULL), ERR_UNSUPPORTED);
    assert_int_equal(keys.d.len, 9);
}

static void wiping_leaves_zeros(void **state)
{
    static const struct ike_keys no_keys;
    static const struct ike_child_keys no_child_keys;
    struct ike_keys keys;
    struct ike_child_keys child;

    (void)state;
    memset(&keys, 0xa5, sizeof keys);
    memset(&child, 0xa5, sizeof child);
    ike_keys_wipe(&keys);
    ike_child_keys_wipe(&child);
    assert_memory_equal(&keys, &no_keys, sizeof keys);
    assert_memory_equal(&child, &no_child_keys, sizeof child);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_suite_derives_what_python_derives),
        cmocka_unit_test(the_vector_published_by_nist_is_met),
        cmocka_unit_test(a_nonce_out_of_bounds_is_refused_by_side),
        cmocka_unit_test(an_unknown_algorithm_leaves_the_keys_alone),
        cmocka_unit_test(wiping_leaves_zeros),
    };
    return cmocka_run_group_tests_name("crypto_keymat", tests, NULL, NULL);
}
