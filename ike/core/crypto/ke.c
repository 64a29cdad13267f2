/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ke: three groups behind one pair of operations.
 *
 * ecp256 and modp2048 are done with OpenSSL's point and number functions, not
 * with EVP_PKEY: those take a private key of ours without a key object around
 * it, skip the second validation that EVP repeats on a peer's point (a full
 * scalar multiplication; P-256 has cofactor 1, so "on the curve" is enough),
 * and share the group and the Montgomery form of p between calls.  Both run in
 * constant time: P-256 by its fixed-window code, modp by
 * BN_mod_exp_mont_consttime over the words of the prime-sized table.
 */
#include "ike/core/crypto/ke.h"

#include "ike/core/crypto/evp.h"

#include <string.h>

#define X25519_LEN 32
#define P256_LEN 32
#define MODP_LEN 256
#define MODP_EXPONENT_LEN 40
#define PRIVATE_MAX 40
/* A sound generator needs a second draw once in 2^32; this many means that it
 * is broken, and going round for ever would hide that. */
#define DRAWS_MAX 64

struct ops {
    uint16_t method;
    int (*generate)(struct ike_ke *ke, const struct rng *rng, struct err *err);
    int (*shared)(const struct ike_ke *ke, struct span peer, uint8_t *ret, struct err *err);
};

struct ike_ke {
    const struct ike_alg_ke *alg;
    const struct ops *ops;
    EVP_PKEY *pkey;               /* x25519 */
    uint8_t private[PRIVATE_MAX]; /* the others: big-endian scalar */
    uint8_t public[IKE_KE_PUBLIC_MAX];
};

/* OpenSSL would not take or use a peer's value. */
static int refuse_peer(struct err *err, const char *why)
{
    bool peers_fault = evp_blames_input();
    int rc = evp_fail(err, "peer's public value");

    return peers_fault ? err_set(err, ERR_MALFORMED, "%s", why) : rc;
}

/* --- x25519 ------------------------------------------------------------- */

static int x25519_generate(struct ike_ke *ke, const struct rng *rng, struct err *err)
{
    uint8_t seed[X25519_LEN];
    size_t len = X25519_LEN;

    rng_fill(rng, seed, sizeof seed);
    ke->pkey = EVP_PKEY_new_raw_private_key_ex(NULL, "X25519", NULL, seed, sizeof seed);
    mem_wipe(seed, sizeof seed);
    if (!ke->pkey || EVP_PKEY_get_raw_public_key(ke->pkey, ke->public, &len) != 1)
        return evp_fail(err, ke->alg->name);
    return 0;
}

static int x25519_shared(const struct ike_ke *ke, struct span peer, uint8_t *ret, struct err *err)
{
    EVP_PKEY *theirs = EVP_PKEY_new_raw_public_key_ex(NULL, "X25519", NULL, peer.p, peer.len);
    EVP_PKEY_CTX *ctx = theirs ? EVP_PKEY_CTX_new_from_pkey(NULL, ke->pkey, NULL) : NULL;
    size_t len = X25519_LEN;
    int rc = 0;

    if (!ctx || EVP_PKEY_derive_init(ctx) != 1 || EVP_PKEY_derive_set_peer_ex(ctx, theirs, 0) != 1)
        rc = evp_fail(err, ke->alg->name);
    else if (EVP_PKEY_derive(ctx, ret, &len) != 1)
        rc = refuse_peer(err, "x25519 public value of small order (the result is zero)");
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(theirs);
    return rc;
}

/* --- ecp256 ------------------------------------------------------------- */

static void *make_p256(const void *arg)
{
    (void)arg;
    return EC_GROUP_new_by_curve_name_ex(NULL, NULL, NID_X9_62_prime256v1);
}

static void drop_p256(void *group)
{
    EC_GROUP_free(group);
}

/* What one operation in the group needs; zero state safe to release. */
struct p256 {
    const EC_GROUP *group;
    BN_CTX *bn;
    BIGNUM *scalar;
    EC_POINT *point, *result;
};

static int p256_begin(struct p256 *w, struct err *err)
{
    static evp_slot slot;

    *w = (struct p256){ .group = evp_once(&slot, make_p256, NULL, drop_p256) };
    if (w->group) {
        w->bn = BN_CTX_new();
        w->scalar = BN_new();
        w->point = EC_POINT_new(w->group);
        w->result = EC_POINT_new(w->group);
    }
    if (!w->bn || !w->scalar || !w->point || !w->result)
        return evp_fail(err, "ECP_256");
    BN_set_flags(w->scalar, BN_FLG_CONSTTIME);
    return 0;
}

static void p256_end(struct p256 *w)
{
    EC_POINT_clear_free(w->result);
    EC_POINT_free(w->point);
    BN_clear_free(w->scalar);
    BN_CTX_free(w->bn);
}

static int p256_draw(struct ike_ke *ke, const struct rng *rng, struct p256 *w, struct err *err)
{
    for (int i = 0; i < DRAWS_MAX; i++) {
        rng_fill(rng, ke->private, P256_LEN);
        if (!BN_bin2bn(ke->private, P256_LEN, w->scalar))
            return evp_fail(err, ke->alg->name);
        if (!BN_is_zero(w->scalar) && BN_cmp(w->scalar, EC_GROUP_get0_order(w->group)) < 0)
            return 0;
    }
    return err_set(err, ERR_INVALID, "random source gives no private key for %s", ke->alg->name);
}

static int p256_generate(struct ike_ke *ke, const struct rng *rng, struct err *err)
{
    uint8_t octets[1 + 2 * P256_LEN]; /* 0x04 | x | y; RFC 5903 sends x | y */
    struct p256 w;
    int rc = p256_begin(&w, err);

    if (!rc)
        rc = p256_draw(ke, rng, &w, err);
    if (!rc && (EC_POINT_mul(w.group, w.result, w.scalar, NULL, NULL, w.bn) != 1 ||
                EC_POINT_point2oct(w.group, w.result, POINT_CONVERSION_UNCOMPRESSED, octets,
                                   sizeof octets, w.bn) != sizeof octets))
        rc = evp_fail(err, ke->alg->name);
    if (!rc)
        memcpy(ke->public, octets + 1, 2 * P256_LEN);
    p256_end(&w);
    return rc;
}

/* Coordinates in range and on the curve: oct2point checks both, and the point
 * at infinity has no form with two coordinates. */
static int p256_take_peer(struct p256 *w, struct span peer, struct err *err)
{
    uint8_t octets[1 + 2 * P256_LEN];

    octets[0] = POINT_CONVERSION_UNCOMPRESSED;
    memcpy(octets + 1, peer.p, 2 * P256_LEN);
    if (EC_POINT_oct2point(w->group, w->point, octets, sizeof octets, w->bn) != 1)
        return refuse_peer(err, "ECP_256 public value is not a point of the curve");
    return 0;
}

static int p256_shared(const struct ike_ke *ke, struct span peer, uint8_t *ret, struct err *err)
{
    struct p256 w;
    BIGNUM *x = NULL;
    int rc = p256_begin(&w, err);

    if (!rc)
        rc = p256_take_peer(&w, peer, err);
    if (!rc) {
        x = BN_new();
        if (!x || !BN_bin2bn(ke->private, P256_LEN, w.scalar) ||
            EC_POINT_mul(w.group, w.result, NULL, w.point, w.scalar, w.bn) != 1 ||
            EC_POINT_get_affine_coordinates(w.group, w.result, x, NULL, w.bn) != 1 ||
            BN_bn2binpad(x, ret, P256_LEN) != P256_LEN)
            rc = evp_fail(err, ke->alg->name);
    }
    BN_clear_free(x);
    p256_end(&w);
    return rc;
}

/* --- modp2048 ----------------------------------------------------------- */

struct modp {
    BIGNUM *p, *p_minus_1, *generator;
    BN_MONT_CTX *mont;
};

static void drop_modp(void *obj)
{
    struct modp *group = obj;

    BN_MONT_CTX_free(group->mont);
    BN_free(group->generator);
    BN_free(group->p_minus_1);
    BN_free(group->p);
    mem_free(group);
}

static void *make_modp(const void *arg)
{
    struct modp *group = mem_zalloc(sizeof *group);
    BN_CTX *bn = BN_CTX_new();
    bool ok = false;

    (void)arg;
    if (group && bn) {
        group->p = BN_get_rfc3526_prime_2048(NULL);
        group->p_minus_1 = BN_new();
        group->generator = BN_new();
        group->mont = BN_MONT_CTX_new();
        ok = group->p && group->p_minus_1 && group->generator && group->mont &&
             BN_sub(group->p_minus_1, group->p, BN_value_one()) &&
             BN_set_word(group->generator, 2) && BN_MONT_CTX_set(group->mont, group->p, bn);
    }
    BN_CTX_free(bn);
    if (ok)
        return group;
    if (group)
        drop_modp(group);
    return NULL;
}

static int modp_group(const struct modp **ret, struct err *err)
{
    static evp_slot slot;
    const struct modp *group = evp_once(&slot, make_modp, NULL, drop_modp);

    if (!group)
        return evp_fail(err, "MODP_2048");
    *ret = group;
    return 0;
}

/* base ^ private mod p, padded to the length of p (RFC 7296 section 2.14). */
static int modp_power(const struct modp *group, const BIGNUM *base, const uint8_t *private,
                      uint8_t *ret, struct err *err)
{
    BN_CTX *bn = BN_CTX_new();
    BIGNUM *result = BN_new();
    BIGNUM *exponent = BN_bin2bn(private, MODP_EXPONENT_LEN, NULL);
    int rc = 0;

    if (exponent)
        BN_set_flags(exponent, BN_FLG_CONSTTIME);
    if (!bn || !result || !exponent ||
        BN_mod_exp_mont_consttime(result, base, exponent, group->p, bn, group->mont) != 1 ||
        BN_bn2binpad(result, ret, MODP_LEN) != MODP_LEN)
        rc = evp_fail(err, "MODP_2048");
    BN_clear_free(exponent);
    BN_clear_free(result);
    BN_CTX_free(bn);
    return rc;
}

/* 0 and 1 are no exponents; all other 40-byte numbers are below the order. */
static int modp_draw(struct ike_ke *ke, const struct rng *rng, struct err *err)
{
    for (int i = 0; i < DRAWS_MAX; i++) {
        uint8_t high = 0;

        rng_fill(rng, ke->private, MODP_EXPONENT_LEN);
        for (size_t k = 0; k < MODP_EXPONENT_LEN - 1; k++)
            high |= ke->private[k];
        if (high || ke->private[MODP_EXPONENT_LEN - 1] > 1)
            return 0;
    }
    return err_set(err, ERR_INVALID, "random source gives no private key for %s", ke->alg->name);
}

static int modp_generate(struct ike_ke *ke, const struct rng *rng, struct err *err)
{
    const struct modp *group = NULL;
    int rc = modp_group(&group, err);

    if (!rc)
        rc = modp_draw(ke, rng, err);
    if (!rc)
        rc = modp_power(group, group->generator, ke->private, ke->public, err);
    return rc;
}

static int modp_shared(const struct ike_ke *ke, struct span peer, uint8_t *ret, struct err *err)
{
    const struct modp *group = NULL;
    BIGNUM *y;
    int rc = modp_group(&group, err);

    if (rc)
        return rc;
    y = BN_bin2bn(peer.p, MODP_LEN, NULL);
    if (!y)
        rc = evp_fail(err, ke->alg->name);
    else if (BN_cmp(y, BN_value_one()) <= 0 || BN_cmp(y, group->p_minus_1) >= 0)
        rc = err_set(err, ERR_MALFORMED, "MODP_2048 public value is not between 1 and p-1");
    else
        rc = modp_power(group, y, ke->private, ret, err);
    BN_free(y);
    return rc;
}

/* --- by method ---------------------------------------------------------- */

static const struct ops all_ops[] = {
    { IKE_KE_X25519, x25519_generate, x25519_shared },
    { IKE_KE_ECP256, p256_generate, p256_shared },
    { IKE_KE_MODP2048, modp_generate, modp_shared },
};

static const struct ops *ops_of(uint16_t method)
{
    for (size_t i = 0; i < sizeof all_ops / sizeof all_ops[0]; i++)
        if (all_ops[i].method == method)
            return &all_ops[i];
    return NULL;
}

int ike_ke_generate(uint16_t method, const struct rng *rng, struct ike_ke **ret, struct err *err)
{
    const struct ike_alg_ke *alg = ike_alg_ke(method);
    const struct ops *ops = ops_of(method);
    struct ike_ke *ke;
    int rc;

    if (!alg || !ops)
        return err_set(err, ERR_UNSUPPORTED, "key exchange method %u is not supported", method);
    ke = mem_zalloc(sizeof *ke);
    if (!ke)
        return err_set(err, ERR_NOMEM, "no memory for a %s key", alg->name);
    ke->alg = alg;
    ke->ops = ops;
    rc = ops->generate(ke, rng, err);
    ERR_clear_error(); /* a call that succeeds may leave what it got over */
    if (rc) {
        ike_ke_free(ke);
        return rc;
    }
    *ret = ke;
    return 0;
}

void ike_ke_free(struct ike_ke *ke)
{
    if (!ke)
        return;
    EVP_PKEY_free(ke->pkey); /* clears the private key */
    mem_free_secret(ke, sizeof *ke);
}

uint16_t ike_ke_method(const struct ike_ke *ke)
{
    return ke->alg->id;
}

struct span ike_ke_public(const struct ike_ke *ke)
{
    return span_of(ke->public, ke->alg->public_len);
}

int ike_ke_shared(const struct ike_ke *ke, struct span peer_public, struct secret *ret,
                  struct err *err)
{
    uint8_t shared[IKE_KE_SHARED_MAX];
    int rc;

    if (peer_public.len != ke->alg->public_len)
        return err_set(err, ERR_MALFORMED, "%s public value has %zu bytes instead of %u",
                       ke->alg->name, peer_public.len, ke->alg->public_len);
    ERR_clear_error(); /* only this call's errors say whether the peer is to blame */
    rc = ke->ops->shared(ke, peer_public, shared, err);
    ERR_clear_error();
    if (!rc)
        secret_set(ret, shared, ke->alg->shared_len);
    mem_wipe(shared, sizeof shared);
    return rc;
}
