/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skcipher: AES-GCM, and AES-CBC with HMAC in encrypt-then-MAC order.
 */
#include "ike/core/crypto/skcipher.h"

#include "ike/core/crypto/evp.h"
#include "utils/base/mem.h"

#include <string.h>

#define RUN_LEN_MAX 65535 /* an IKE payload's length is 16 bits */

int ike_sk_cipher_of(const struct ike_suite *suite, const struct ike_keys *keys,
                     bool from_initiator, struct ike_sk_cipher *ret, struct err *err)
{
    const struct ike_alg_encr *encr;
    const struct ike_alg_integ *integ;
    struct span encr_key = ike_sk_key_span(from_initiator ? &keys->ei : &keys->er);
    struct span integ_key = ike_sk_key_span(from_initiator ? &keys->ai : &keys->ar);
    int rc = ike_alg_of_suite(suite, &encr, &integ, err);

    if (rc)
        return rc;
    if (encr_key.len != (size_t)encr->key_len + encr->salt_len)
        return err_set(err, ERR_INVALID, "SK_e has %zu bytes, %s takes %u", encr_key.len,
                       encr->name, encr->key_len + encr->salt_len);
    if (integ_key.len != (integ ? integ->key_len : 0u))
        return err_set(err, ERR_INVALID, "SK_a has %zu bytes, %s takes %u", integ_key.len,
                       integ ? integ->name : encr->name, integ ? integ->key_len : 0u);
    *ret = (struct ike_sk_cipher){ encr, integ, encr_key, integ_key };
    return 0;
}

size_t ike_sk_iv_len(const struct ike_sk_cipher *c)
{
    return c->encr->iv_len;
}

size_t ike_sk_block_len(const struct ike_sk_cipher *c)
{
    return c->encr->block_len;
}

size_t ike_sk_icv_len(const struct ike_sk_cipher *c)
{
    return c->integ ? c->integ->icv_len : c->encr->icv_len;
}

int ike_sk_iv(const struct ike_sk_cipher *c, uint64_t *counter, const struct rng *rng,
              uint8_t *ret_iv, struct err *err)
{
    if (!c->encr->aead) {
        rng_fill(rng, ret_iv, c->encr->iv_len);
        return 0;
    }
    if (*counter == UINT64_MAX)
        return err_set(err, ERR_STATE, "all IVs of this key are used up");
    put_be64(ret_iv, (*counter)++);
    return 0;
}

static bool lengths_fit(const struct ike_sk_cipher *c, struct span aad, struct span iv,
                        size_t body_len)
{
    /* The pad length byte is always there, so no body is empty. */
    return aad.len <= RUN_LEN_MAX && iv.len == c->encr->iv_len && body_len > 0 &&
           body_len <= RUN_LEN_MAX && body_len % c->encr->block_len == 0;
}

/* A context keyed and set to the IV. */
static int start(const struct ike_sk_cipher *c, struct span iv, bool encrypt, EVP_CIPHER_CTX **ret,
                 struct err *err)
{
    uint8_t nonce[IKE_SK_IV_MAX]; /* GCM: salt | IV, 12 bytes */
    const EVP_CIPHER *cipher;
    EVP_CIPHER_CTX *ctx;
    bool ok;
    int rc = evp_cipher_of(c->encr, &cipher, err);

    if (rc)
        return rc;
    memcpy(nonce, c->encr_key.p + c->encr->key_len, c->encr->salt_len);
    memcpy(nonce + c->encr->salt_len, iv.p, iv.len);
    ctx = EVP_CIPHER_CTX_new();
    ok = ctx && EVP_CipherInit_ex2(ctx, cipher, c->encr_key.p, nonce, encrypt, NULL) == 1 &&
         EVP_CIPHER_CTX_set_padding(ctx, 0) == 1;
    mem_wipe(nonce, sizeof nonce);
    if (!ok) {
        EVP_CIPHER_CTX_free(ctx);
        return evp_fail(err, c->encr->name);
    }
    *ret = ctx;
    return 0;
}

static int hmac_icv(const struct ike_sk_cipher *c, struct span aad, struct span iv,
                    struct span body, uint8_t *ret_icv, struct err *err)
{
    const struct span parts[] = { aad, iv, body };
    uint8_t mac[IKE_PRF_LEN_MAX];
    EVP_MAC_CTX *ctx;
    int rc = evp_hmac_new(c->integ->prf, c->integ_key, &ctx, err);

    if (rc)
        return rc;
    rc = evp_hmac(ctx, parts, sizeof parts / sizeof parts[0], mac, sizeof mac, err);
    EVP_MAC_CTX_free(ctx);
    if (!rc)
        memcpy(ret_icv, mac, c->integ->icv_len);
    mem_wipe(mac, sizeof mac);
    return rc;
}

/* Runs the cipher over the body; with AEAD, AAD first. */
static bool run(EVP_CIPHER_CTX *ctx, bool aead, struct span aad, const uint8_t *in, size_t len,
                uint8_t *out)
{
    int n;

    if (aead && aad.len && EVP_CipherUpdate(ctx, NULL, &n, aad.p, (int)aad.len) != 1)
        return false;
    return EVP_CipherUpdate(ctx, out, &n, in, (int)len) == 1 && n == (int)len;
}

/* Ends a run; what it would add is always empty. */
static bool finish(EVP_CIPHER_CTX *ctx)
{
    uint8_t rest[IKE_SK_IV_MAX];
    int n = 0;

    return EVP_CipherFinal_ex(ctx, rest, &n) == 1 && n == 0;
}

int ike_sk_seal(const struct ike_sk_cipher *c, struct span aad, struct span iv, uint8_t *body,
                size_t body_len, uint8_t *ret_icv, struct err *err)
{
    EVP_CIPHER_CTX *ctx = NULL;
    int rc = 0;

    if (!lengths_fit(c, aad, iv, body_len))
        rc = err_set(err, ERR_INVALID, "%s cannot seal %zu bytes with an IV of %zu", c->encr->name,
                     body_len, iv.len);
    if (!rc)
        rc = start(c, iv, true, &ctx, err);
    if (!rc && (!run(ctx, c->encr->aead, aad, body, body_len, body) || !finish(ctx)))
        rc = evp_fail(err, c->encr->name);
    if (!rc && c->integ)
        rc = hmac_icv(c, aad, iv, span_of(body, body_len), ret_icv, err);
    else if (!rc && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, c->encr->icv_len, ret_icv) != 1)
        rc = evp_fail(err, c->encr->name);
    EVP_CIPHER_CTX_free(ctx);
    if (rc)
        mem_wipe(body, body_len); /* it must not leave in clear by mistake */
    return rc;
}

static int refuse(struct err *err)
{
    return err_set(err, ERR_AUTH, "integrity check of the encrypted payload failed");
}

static int open_cbc(const struct ike_sk_cipher *c, struct span aad, struct span iv,
                    struct span body, struct span icv, uint8_t *ret_plain, struct err *err)
{
    uint8_t expected[IKE_SK_ICV_MAX];
    EVP_CIPHER_CTX *ctx;
    int rc = hmac_icv(c, aad, iv, body, expected, err);

    if (!rc && !mem_equal_ct(expected, icv.p, icv.len))
        rc = refuse(err);
    mem_wipe(expected, sizeof expected);
    if (!rc)
        rc = start(c, iv, false, &ctx, err);
    if (rc)
        return rc;
    if (!run(ctx, false, aad, body.p, body.len, ret_plain) || !finish(ctx)) {
        mem_wipe(ret_plain, body.len);
        rc = evp_fail(err, c->encr->name);
    }
    EVP_CIPHER_CTX_free(ctx);
    return rc;
}

static int open_gcm(const struct ike_sk_cipher *c, struct span aad, struct span iv,
                    struct span body, struct span icv, uint8_t *ret_plain, struct err *err)
{
    uint8_t tag[IKE_SK_ICV_MAX]; /* OpenSSL's control takes it writable */
    EVP_CIPHER_CTX *ctx;
    int rc = start(c, iv, false, &ctx, err);

    if (rc)
        return rc;
    memcpy(tag, icv.p, icv.len);
    if (EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)icv.len, tag) != 1 ||
        !run(ctx, true, aad, body.p, body.len, ret_plain))
        rc = evp_fail(err, c->encr->name);
    else if (!finish(ctx))
        rc = refuse(err); /* a wrong tag */
    ERR_clear_error();
    if (rc)
        mem_wipe(ret_plain, body.len);
    EVP_CIPHER_CTX_free(ctx);
    return rc;
}

int ike_sk_unseal(const struct ike_sk_cipher *c, struct span aad, struct span iv, struct span body,
                  struct span icv, uint8_t *ret_plain, struct err *err)
{
    if (!lengths_fit(c, aad, iv, body.len) || icv.len != ike_sk_icv_len(c))
        return refuse(err);
    return c->integ ? open_cbc(c, aad, iv, body, icv, ret_plain, err)
                    : open_gcm(c, aad, iv, body, icv, ret_plain, err);
}
