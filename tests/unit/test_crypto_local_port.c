/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of ike/core/crypto/local_port.c: two ports that talk to each other, and
 * every wrong use of a handle. */
#include "tests/unit/crypto_test.h"

#include "ike/core/crypto/auth.h"
#include "ike/core/crypto/local_port.h"

/* The last answer, and what the port may look up. */
struct end {
    struct ike_local_crypto *crypto;
    struct ike_crypto_port port;
    struct script_rng script;
    const char *psk; /* NULL: unknown pair */
    unsigned n_answers;
    ike_job job;
    int code;
    uint64_t handle;
    uint8_t method;
    struct hex_bytes data;
    char why[ERR_TEXT_LEN];
};

static void note(struct end *end, ike_job job, int code, struct span data)
{
    end->n_answers++;
    end->job = job;
    end->code = code;
    end->data.len = data.len;
    if (data.len)
        memcpy(end->data.b, data.p, data.len);
}

static void on_ke(void *user, ike_job job, int code, uint64_t handle, struct span public_value)
{
    struct end *end = user;

    end->handle = handle;
    note(end, job, code, public_value);
}

static void on_shared(void *user, ike_job job, int code, struct span secret)
{
    note(user, job, code, secret);
}

static void on_auth(void *user, ike_job job, int code, uint8_t method, struct span auth)
{
    struct end *end = user;

    end->method = method;
    note(end, job, code, auth);
}

static void on_failed(void *user, ike_job job, const struct err *why)
{
    struct end *end = user;

    (void)job;
    snprintf(end->why, sizeof end->why, "%s", why->text);
}

static int find_psk(void *user, const char *conn, const struct ike_id *local_id,
                    const struct ike_id *remote_id, struct secret *ret)
{
    struct end *end = user;

    assert_string_equal(conn, "gw");
    assert_non_null(local_id);
    assert_non_null(remote_id);
    if (!end->psk)
        return ERR_NOTFOUND;
    secret_set(ret, end->psk, strlen(end->psk));
    return 0;
}

static void end_init(struct end *end, const char *seed, uint32_t handles_max)
{
    struct ike_local_crypto_opts opts = {
        .secrets = { find_psk, end },
        .answers = { on_ke, on_shared, on_auth, on_failed, end },
        .handles_max = handles_max,
    };

    *end = (struct end){ .psk = "the secret" };
    opts.rng = script_rng_init(&end->script, span_of(seed, strlen(seed)));
    assert_int_equal(ike_local_crypto_new(&opts, &end->crypto, NULL), 0);
    end->port = ike_local_crypto_port(end->crypto);
}

static void end_fini(struct end *end)
{
    ike_local_crypto_free(end->crypto);
}

static void two_ports_share_a_secret_and_use_up_their_keys(void **state)
{
    static const uint16_t methods[] = { IKE_KE_X25519, IKE_KE_ECP256, IKE_KE_MODP2048 };
    struct end a, b;

    (void)state;
    end_init(&a, "seed a", 0);
    end_init(&b, "seed b", 0);
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        struct hex_bytes public_a, public_b;

        a.port.ke_generate(a.port.user, 10, methods[i]);
        b.port.ke_generate(b.port.user, 11, methods[i]);
        assert_int_equal(a.job, 10);
        assert_int_equal(a.code | b.code, 0);
        assert_int_equal(ike_local_crypto_handles(a.crypto), 1);
        public_a = a.data;
        public_b = b.data;
        a.port.ke_shared(a.port.user, 12, a.handle, hex_span(&public_b));
        b.port.ke_shared(b.port.user, 13, b.handle, hex_span(&public_a));
        assert_int_equal(a.code | b.code, 0);
        assert_bytes(hex_span(&a.data), hex_span(&b.data));
        assert_int_equal(ike_local_crypto_handles(a.crypto), 0);
    }
    end_fini(&a);
    end_fini(&b);
}

static void a_used_or_released_handle_names_nothing(void **state)
{
    struct end a;
    struct hex_bytes public_a;
    uint64_t old;

    (void)state;
    end_init(&a, "seed", 1);
    a.port.ke_generate(a.port.user, 1, IKE_KE_X25519);
    old = a.handle;
    public_a = a.data;
    a.port.ke_release(a.port.user, old);
    a.port.ke_release(a.port.user, old); /* twice is harmless */
    assert_int_equal(ike_local_crypto_handles(a.crypto), 0);
    a.port.ke_generate(a.port.user, 2, IKE_KE_X25519); /* the same slot */
    assert_int_equal(a.code, 0);
    assert_int_not_equal(a.handle, old);
    a.port.ke_shared(a.port.user, 3, old, hex_span(&public_a));
    assert_int_equal(a.code, ERR_NOTFOUND);
    assert_int_equal(a.data.len, 0);
    assert_non_null(strstr(a.why, "no private key"));
    a.port.ke_release(a.port.user, old);
    assert_int_equal(ike_local_crypto_handles(a.crypto), 1); /* the new key is untouched */
    end_fini(&a);
}

static void made_up_handles_name_nothing(void **state)
{
    static const uint64_t made_up[] = { 0, 2, 5, UINT64_MAX, UINT64_C(1) << 32, 0xffffffff, 1 };
    struct end a;

    (void)state;
    end_init(&a, "seed", 4);
    a.port.ke_generate(a.port.user, 1, IKE_KE_X25519);
    for (size_t i = 0; i < ARRAY_LEN(made_up); i++) {
        a.port.ke_release(a.port.user, made_up[i]);
        a.port.ke_shared(a.port.user, 2, made_up[i], span_of("", 0));
        assert_int_equal(a.code, ERR_NOTFOUND);
    }
    assert_int_equal(ike_local_crypto_handles(a.crypto), 1);
    end_fini(&a);
}

static void the_table_is_bounded_and_recovers(void **state)
{
    struct end a;
    uint64_t first = 0;

    (void)state;
    end_init(&a, "seed", 3);
    for (int i = 0; i < 3; i++) {
        a.port.ke_generate(a.port.user, 1, IKE_KE_X25519);
        assert_int_equal(a.code, 0);
        first = first ? first : a.handle;
    }
    a.port.ke_generate(a.port.user, 2, IKE_KE_X25519);
    assert_int_equal(a.code, ERR_FULL);
    assert_int_equal(a.handle, 0);
    assert_non_null(strstr(a.why, "3 private keys"));
    a.port.ke_release(a.port.user, first);
    a.port.ke_generate(a.port.user, 3, IKE_KE_X25519);
    assert_int_equal(a.code, 0);
    end_fini(&a); /* frees the three that are held */
}

static void a_failed_request_is_answered_once_and_explained(void **state)
{
    struct end a;
    uint8_t zero[32] = { 0 };

    (void)state;
    end_init(&a, "seed", 0);
    a.port.ke_generate(a.port.user, 1, 99);
    assert_int_equal(a.code, ERR_UNSUPPORTED);
    assert_int_equal(a.n_answers, 1);
    assert_non_null(strstr(a.why, "method 99"));
    a.port.ke_generate(a.port.user, 2, IKE_KE_X25519);
    a.port.ke_shared(a.port.user, 3, a.handle, span_of(zero, 32));
    assert_int_equal(a.code, ERR_MALFORMED);
    assert_int_equal(a.n_answers, 3);
    assert_non_null(strstr(a.why, "small order"));
    assert_int_equal(ike_local_crypto_handles(a.crypto), 0); /* used up all the same */
    end_fini(&a);
}

static struct ike_id fqdn(const char *name)
{
    struct ike_id id = { .type = IKE_ID_FQDN, .len = (uint16_t)strlen(name) };

    memcpy(id.data, name, id.len);
    return id;
}

static void what_one_end_signs_the_other_verifies(void **state)
{
    struct ike_id us = fqdn("us.example"), them = fqdn("them.example");
    struct ike_auth_request req = { "gw", &us, &them, IKE_PRF_HMAC_SHA2_384, span_of("octets", 6) };
    uint8_t want[IKE_PRF_LEN_MAX];
    struct hex_bytes auth;
    struct end a, b;
    size_t len;

    (void)state;
    end_init(&a, "seed", 0);
    end_init(&b, "seed", 0);
    a.port.auth_sign(a.port.user, 5, &req);
    assert_int_equal(a.code, 0);
    assert_int_equal(a.method, IKE_AUTH_PSK);
    assert_int_equal(ike_auth_psk(req.prf, span_of("the secret", 10), req.octets, want, &len, NULL),
                     0);
    assert_bytes(hex_span(&a.data), span_of(want, len));
    auth = a.data;
    b.port.auth_verify(b.port.user, 6, &req, IKE_AUTH_PSK, hex_span(&auth));
    assert_int_equal(b.code, 0);
    assert_int_equal(b.job, 6);
    b.psk = "another secret";
    b.port.auth_verify(b.port.user, 7, &req, IKE_AUTH_PSK, hex_span(&auth));
    assert_int_equal(b.code, ERR_AUTH);
    assert_null(strstr(b.why, "secret\""));
    end_fini(&a);
    end_fini(&b);
}

static void an_unknown_pair_or_method_is_refused_by_name(void **state)
{
    struct ike_id us = fqdn("us.example"), them = fqdn("them.example");
    struct ike_auth_request req = { "gw", &us, &them, IKE_PRF_HMAC_SHA2_256, span_of("octets", 6) };
    struct end a;

    (void)state;
    end_init(&a, "seed", 0);
    a.port.auth_verify(a.port.user, 1, &req, IKE_AUTH_RSA, req.octets);
    assert_int_equal(a.code, ERR_UNSUPPORTED);
    assert_non_null(strstr(a.why, "method 1"));
    a.psk = NULL;
    a.port.auth_sign(a.port.user, 2, &req);
    assert_int_equal(a.code, ERR_NOTFOUND);
    assert_int_equal(a.data.len, 0);
    assert_non_null(strstr(a.why, "us.example"));
    assert_non_null(strstr(a.why, "them.example"));
    a.port.auth_verify(a.port.user, 3, &req, IKE_AUTH_PSK, req.octets);
    assert_int_equal(a.code, ERR_NOTFOUND);
    req.prf = 2;
    a.psk = "the secret";
    a.port.auth_sign(a.port.user, 4, &req);
    assert_int_equal(a.code, ERR_UNSUPPORTED);
    assert_int_equal(a.n_answers, 4);
    end_fini(&a);
}

static void equal_seeds_give_equal_answers(void **state)
{
    struct end a, b;

    (void)state;
    end_init(&a, "the same seed", 0);
    end_init(&b, "the same seed", 0);
    for (ike_job job = 1; job <= 6; job++) {
        static const uint16_t methods[] = { IKE_KE_X25519, IKE_KE_ECP256, IKE_KE_MODP2048 };

        a.port.ke_generate(a.port.user, job, methods[job % 3]);
        b.port.ke_generate(b.port.user, job, methods[job % 3]);
        assert_int_equal(a.handle, b.handle);
        assert_bytes(hex_span(&a.data), hex_span(&b.data));
    }
    end_fini(&a);
    end_fini(&b);
}

static void memory_and_limits_are_checked_at_the_start(void **state)
{
    struct ike_local_crypto_opts opts = { .handles_max = (1u << 20) + 1 };
    struct ike_local_crypto *crypto = NULL;
    struct err err = { 0 };

    (void)state;
    assert_int_equal(ike_local_crypto_new(&opts, &crypto, &err), ERR_INVALID);
    assert_non_null(strstr(err.text, "handles_max"));
    opts.handles_max = 2;
    for (unsigned long n = 1; n <= 2; n++) {
        mem_fail_nth(n);
        assert_int_equal(ike_local_crypto_new(&opts, &crypto, &err), ERR_NOMEM);
        assert_null(crypto);
    }
    mem_fail_nth(0);
    ike_local_crypto_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_ports_share_a_secret_and_use_up_their_keys),
        cmocka_unit_test(a_used_or_released_handle_names_nothing),
        cmocka_unit_test(made_up_handles_name_nothing),
        cmocka_unit_test(the_table_is_bounded_and_recovers),
        cmocka_unit_test(a_failed_request_is_answered_once_and_explained),
        cmocka_unit_test(what_one_end_signs_the_other_verifies),
        cmocka_unit_test(an_unknown_pair_or_method_is_refused_by_name),
        cmocka_unit_test(equal_seeds_give_equal_answers),
        cmocka_unit_test(memory_and_limits_are_checked_at_the_start),
    };
    return cmocka_run_group_tests_name("crypto_local_port", tests, NULL, NULL);
}
