/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of ike/core/crypto/evp.c: errors, the cache, and memory: every
 * allocation that OpenSSL makes inside each operation of the room fails once,
 * and all from the n-th on.
 */
#include "tests/unit/crypto_test.h"

#include "ike/core/crypto/auth.h"
#include "ike/core/crypto/evp.h"
#include "ike/core/crypto/ke.h"
#include "ike/core/crypto/keymat.h"
#include "ike/core/crypto/natd.h"
#include "ike/core/crypto/prf.h"
#include "ike/core/crypto/skcipher.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* --- OpenSSL's allocator, made to fail ---------------------------------- */

static unsigned long fail_at; /* 0 = off; else this many allocations from now */
static bool fail_on;          /* and all after it */
static bool has_failed;

static bool must_fail(void)
{
    if (fail_at == 0 || (fail_at > 1 && fail_at--))
        return false;
    if (!fail_on)
        fail_at = 0;
    has_failed = true;
    return true;
}

static void *ssl_malloc(size_t len, const char *file, int line)
{
    (void)file, (void)line;
    return must_fail() ? NULL : malloc(len);
}

static void *ssl_realloc(void *p, size_t len, const char *file, int line)
{
    (void)file, (void)line;
    return must_fail() ? NULL : realloc(p, len);
}

static void ssl_free(void *p, const char *file, int line)
{
    (void)file, (void)line;
    free(p);
}

/* --- Operations: each 0 with the right result, or a code with none ------- */

static const uint8_t bytes[300] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };

static int do_prf_plus(struct err *err)
{
    struct span seed = span_of(bytes, 40);
    uint8_t out[100];

    return ike_prf_plus(IKE_PRF_HMAC_SHA2_384, seed, &seed, 1, out, sizeof out, err);
}

static int do_keymat(struct err *err)
{
    struct ike_suite suite = { .encr = { IKE_TT_ENCR, 20, 256, false },
                               .prf = { IKE_TT_PRF, IKE_PRF_HMAC_SHA2_256, 0, false } };
    struct span some = span_of(bytes, 32);
    struct ike_keymat_in in = { &suite, some, some, some, 1, 2 };
    struct ike_keymat_child_in child = { &suite, 5, some, some, some, some };
    struct ike_keys keys = { .d.len = 9 };
    struct ike_child_keys a = { .encr_len = 9 }, b;
    int rc = ike_keymat_initial(&in, &keys, err);

    assert_int_equal(keys.d.len, rc ? 9 : 32);
    if (!rc)
        rc = ike_keymat_rekey(&in, 5, some, &keys, err);
    if (!rc) {
        rc = ike_keymat_child(&child, &a, &b, err);
        assert_int_equal(a.encr_len, rc ? 9 : 36);
    }
    return rc;
}

static int do_auth(struct err *err)
{
    struct span some = span_of(bytes, 32);
    struct ike_auth_octets_in in = { IKE_PRF_HMAC_SHA2_512, some, some, some, some };
    uint8_t buf[200], auth[IKE_PRF_LEN_MAX];
    size_t len = 0;
    struct wr wr;
    int rc;

    wr_init(&wr, buf, sizeof buf);
    rc = ike_auth_octets(&in, &wr, err);
    assert_int_equal(wr_len(&wr), rc ? 0 : 128);
    if (!rc)
        rc = ike_auth_psk(in.prf, some, wr_span_of(&wr), auth, &len, err);
    if (!rc)
        rc = ike_auth_psk_verify(in.prf, some, wr_span_of(&wr), span_of(auth, len), err);
    return rc;
}

static int do_natd(struct err *err)
{
    struct ip_endpoint ep = { .addr = ip_addr_v4(1), .port = 500 };
    uint8_t out[IKE_NATD_LEN];

    return ike_natd_hash(1, 2, &ep, out, err);
}

static int seal_and_open(uint16_t encr, uint16_t integ, uint8_t salt_len, struct err *err)
{
    struct ike_suite suite = { .encr = { IKE_TT_ENCR, encr, 128, false } };
    struct ike_keys keys = { .ei.len = (uint8_t)(16 + salt_len), .ai.len = integ ? 32 : 0 };
    struct ike_sk_cipher c;
    uint8_t body[32] = { 0 }, icv[IKE_SK_ICV_MAX];
    static const uint8_t zero[32];
    struct span aad = span_of(bytes, 32), iv;
    int rc;

    suite.integ = (struct ike_transform){ integ ? IKE_TT_INTEG : 0, integ, 0, false };
    assert_int_equal(ike_sk_cipher_of(&suite, &keys, true, &c, NULL), 0);
    iv = span_of(bytes, ike_sk_iv_len(&c));
    memset(body, 0x77, sizeof body);
    rc = ike_sk_seal(&c, aad, iv, body, sizeof body, icv, err);
    if (rc) {
        assert_memory_equal(body, zero, sizeof body); /* nothing in clear */
        return rc;
    }
    rc = ike_sk_unseal(&c, aad, iv, span_of(body, sizeof body), span_of(icv, ike_sk_icv_len(&c)),
                       body, err);
    for (size_t i = 0; i < sizeof body && !rc; i++)
        assert_int_equal(body[i], 0x77);
    return rc;
}

static int do_gcm(struct err *err)
{
    return seal_and_open(IKE_ENCR_AES_GCM_16, 0, 4, err);
}

static int do_cbc(struct err *err)
{
    return seal_and_open(IKE_ENCR_AES_CBC, IKE_INTEG_HMAC_SHA2_256_128, 0, err);
}

static int exchange(uint16_t method, struct err *err)
{
    struct script_rng script;
    struct rng rng = script_rng_init(&script, span_of(bytes, 250));
    struct ike_ke *ke = NULL;
    struct secret secret = { .len = 3 };
    int rc = ike_ke_generate(method, &rng, &ke, err);

    if (rc) {
        assert_null(ke);
        return rc;
    }
    rc = ike_ke_shared(ke, ike_ke_public(ke), &secret, err);
    assert_int_equal(secret.len, rc ? 3 : ike_alg_ke(method)->shared_len);
    ike_ke_free(ke);
    return rc;
}

static int do_x25519(struct err *err)
{
    return exchange(IKE_KE_X25519, err);
}

static int do_ecp256(struct err *err)
{
    return exchange(IKE_KE_ECP256, err);
}

static int do_modp2048(struct err *err)
{
    return exchange(IKE_KE_MODP2048, err);
}

static const struct {
    const char *name;
    int (*run)(struct err *err);
    unsigned long least; /* allocations it is known to make, or the sweep is void */
} operations[] = {
    { "prf+", do_prf_plus, 4 },     { "key material", do_keymat, 12 },
    { "AUTH", do_auth, 12 },        { "NAT detection", do_natd, 1 },
    { "GCM", do_gcm, 2 },           { "CBC", do_cbc, 6 },
    { "x25519", do_x25519, 6 },     { "ecp256", do_ecp256, 6 },
    { "modp2048", do_modp2048, 6 },
};

/* A look-up that runs out of memory says "unsupported" in OpenSSL.  What must
 * never come out is a code that blames the peer. */
static void sweep(size_t op, bool all_after)
{
    for (unsigned long n = 1;; n++) {
        struct err err = { 0 };
        int rc;

        fail_at = n;
        fail_on = all_after;
        has_failed = false;
        rc = operations[op].run(&err);
        fail_at = 0;
        if (rc != (err.code) || (rc != 0 && rc != ERR_NOMEM && rc != ERR_UNSUPPORTED) ||
            ERR_peek_error() != 0)
            fail_msg("%s, allocation %lu: code %d, text \"%s\", queue %lx", operations[op].name, n,
                     rc, err.text, ERR_peek_error());
        if (!has_failed) {
            assert_int_equal(rc, 0);
            if (n <= operations[op].least)
                fail_msg("%s makes only %lu allocations", operations[op].name, n - 1);
            return;
        }
    }
}

static void every_allocation_inside_openssl_may_fail(void **state)
{
    (void)state;
    for (size_t op = 0; op < ARRAY_LEN(operations); op++)
        assert_int_equal(operations[op].run(NULL), 0); /* fills the caches */
    for (size_t op = 0; op < ARRAY_LEN(operations); op++) {
        sweep(op, false);
        sweep(op, true);
        assert_int_equal(operations[op].run(NULL), 0); /* nothing stays broken */
    }
}

/* --- Errors --------------------------------------------------------------- */

static void errors_become_ours_and_leave_the_queue_empty(void **state)
{
    EVP_CIPHER *none = EVP_CIPHER_fetch(NULL, "AES-128-NOSUCH", NULL);
    struct err err = { 0 };

    (void)state;
    assert_null(none);
    assert_int_equal(evp_fail(&err, "thing"), ERR_UNSUPPORTED);
    assert_string_equal(err.text, "thing: crypto library failed: unsupported");
    assert_int_equal(ERR_peek_error(), 0);
    assert_int_equal(evp_fail(&err, "thing"), ERR_NOMEM); /* nothing known */
    assert_string_equal(err.text, "thing: crypto library failed: no memory");
    ERR_raise(ERR_LIB_EVP, ERR_R_MALLOC_FAILURE);
    ERR_raise(ERR_LIB_EVP, ERR_R_UNSUPPORTED);
    assert_int_equal(evp_fail(&err, "thing"), ERR_NOMEM); /* the root cause counts */
    assert_int_equal(ERR_peek_error(), 0);
    ERR_raise(ERR_LIB_EVP, ERR_R_UNSUPPORTED);
    assert_int_equal(evp_fail(NULL, "thing"), ERR_UNSUPPORTED);
}

static void only_a_bad_value_is_blamed_on_the_input(void **state)
{
    (void)state;
    assert_false(evp_blames_input());
    ERR_raise(ERR_LIB_EC, EC_R_POINT_IS_NOT_ON_CURVE);
    assert_true(evp_blames_input());
    ERR_clear_error();
    ERR_raise(ERR_LIB_EC, ERR_R_MALLOC_FAILURE);
    assert_false(evp_blames_input());
    ERR_raise(ERR_LIB_EC, EC_R_POINT_IS_NOT_ON_CURVE);
    assert_false(evp_blames_input()); /* a consequence */
    ERR_clear_error();
    ERR_raise(ERR_LIB_EVP, EC_R_POINT_IS_NOT_ON_CURVE); /* the same number elsewhere */
    assert_false(evp_blames_input());
    ERR_clear_error();
    ERR_raise(ERR_LIB_PROV, PROV_R_FAILED_DURING_DERIVATION);
    assert_true(evp_blames_input());
    ERR_clear_error();
}

/* --- The cache -------------------------------------------------------------- */

static atomic_int n_made, n_dropped, n_to_fail;

static void *make_counted(const void *arg)
{
    (void)arg;
    if (atomic_fetch_sub(&n_to_fail, 1) > 0)
        return NULL;
    atomic_fetch_add(&n_made, 1);
    return malloc(1);
}

static void drop_counted(void *obj)
{
    atomic_fetch_add(&n_dropped, 1);
    free(obj);
}

static void a_failed_fetch_is_tried_again(void **state)
{
    static evp_slot slot;
    void *obj;

    (void)state;
    atomic_store(&n_to_fail, 2);
    assert_null(evp_once(&slot, make_counted, NULL, drop_counted));
    assert_null(evp_once(&slot, make_counted, NULL, drop_counted));
    obj = evp_once(&slot, make_counted, NULL, drop_counted);
    assert_non_null(obj);
    assert_ptr_equal(evp_once(&slot, make_counted, NULL, drop_counted), obj);
    free(obj);
}

static evp_slot raced[200];
static pthread_barrier_t gate;

static void *race(void *arg)
{
    void **seen = arg;

    for (size_t i = 0; i < ARRAY_LEN(raced); i++) {
        pthread_barrier_wait(&gate);
        seen[i] = evp_once(&raced[i], make_counted, NULL, drop_counted);
    }
    return NULL;
}

static void threads_that_race_get_one_object(void **state)
{
    static void *seen[4][ARRAY_LEN(raced)];
    pthread_t threads[4];

    (void)state;
    atomic_store(&n_made, 0);
    atomic_store(&n_dropped, 0);
    pthread_barrier_init(&gate, NULL, 4);
    for (size_t t = 0; t < 4; t++)
        assert_int_equal(pthread_create(&threads[t], NULL, race, seen[t]), 0);
    for (size_t t = 0; t < 4; t++)
        pthread_join(threads[t], NULL);
    pthread_barrier_destroy(&gate);
    for (size_t i = 0; i < ARRAY_LEN(raced); i++) {
        assert_non_null(seen[0][i]);
        for (size_t t = 1; t < 4; t++)
            assert_ptr_equal(seen[t][i], seen[0][i]);
        free(seen[0][i]);
    }
    assert_int_equal(n_made - n_dropped, ARRAY_LEN(raced));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_become_ours_and_leave_the_queue_empty),
        cmocka_unit_test(only_a_bad_value_is_blamed_on_the_input),
        cmocka_unit_test(a_failed_fetch_is_tried_again),
        cmocka_unit_test(threads_that_race_get_one_object),
        cmocka_unit_test(every_allocation_inside_openssl_may_fail),
    };

    /* Before OpenSSL allocates for the first time. */
    if (CRYPTO_set_mem_functions(ssl_malloc, ssl_realloc, ssl_free) != 1)
        return 2;
    return cmocka_run_group_tests_name("crypto_evp", tests, NULL, NULL);
}
