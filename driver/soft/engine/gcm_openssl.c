/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gcm_openssl: AES-GCM through OpenSSL's EVP; runs everywhere.
 *
 * An EVP context carries the message in progress, so every worker has its own,
 * with the key already expanded; a packet only sets the nonce.
 */
#include "driver/soft/engine/gcm.h"

/* OpenSSL's ERR_STATE is a type, utils/base/err.h's an error code. */
#define ERR_STATE OPENSSL_ERR_STATE
#include <openssl/evp.h>
#undef ERR_STATE
#include <string.h>

#include "driver/soft/engine/gcm_list.h"
#include "utils/base/err.h"
#include "utils/base/mem.h"

/* The raw key stays, wiped with the SA: a worker that comes later needs it. */
struct gcm_key {
    size_t len;
    uint8_t p[32];
};

static bool openssl_usable(void)
{
    return true;
}

static int openssl_key_new(const uint8_t *key, size_t key_len, struct gcm_key **ret)
{
    struct gcm_key *k;

    if (key_len != 16 && key_len != 32)
        return ERR_INVALID;
    if (!(k = mem_zalloc(sizeof *k)))
        return ERR_NOMEM;
    k->len = key_len;
    memcpy(k->p, key, key_len);
    *ret = k;
    return 0;
}

static void openssl_key_free(struct gcm_key *key)
{
    mem_free_secret(key, sizeof *key);
}

static EVP_CIPHER_CTX *evp(struct gcm_ctx *ctx)
{
    return (EVP_CIPHER_CTX *)(void *)ctx;
}

static void openssl_ctx_free(struct gcm_ctx *ctx)
{
    EVP_CIPHER_CTX_free(evp(ctx)); /* cleanses the key schedule */
}

static int openssl_ctx_new(const struct gcm_key *key, bool seal, struct gcm_ctx **ret)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

    if (!ctx)
        return ERR_NOMEM;
    if (EVP_CipherInit_ex(ctx, key->len == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm(), NULL, key->p,
                          NULL, seal) != 1) {
        EVP_CIPHER_CTX_free(ctx);
        return ERR_DEVICE;
    }
    *ret = (struct gcm_ctx *)(void *)ctx;
    return 0;
}

static bool run(EVP_CIPHER_CTX *ctx, const uint8_t *nonce, const uint8_t *aad, size_t aad_len,
                uint8_t *data, size_t len)
{
    int n;

    return EVP_CipherInit_ex(ctx, NULL, NULL, NULL, nonce, -1) == 1 &&
           EVP_CipherUpdate(ctx, NULL, &n, aad, (int)aad_len) == 1 &&
           (len == 0 || EVP_CipherUpdate(ctx, data, &n, data, (int)len) == 1);
}

static bool openssl_seal(const struct gcm_key *key, struct gcm_ctx *ctx, const uint8_t *nonce,
                         const uint8_t *aad, size_t aad_len, uint8_t *data, size_t len,
                         uint8_t *icv)
{
    uint8_t none[16];
    int n;

    (void)key;
    return run(evp(ctx), nonce, aad, aad_len, data, len) &&
           EVP_CipherFinal_ex(evp(ctx), none, &n) == 1 &&
           EVP_CIPHER_CTX_ctrl(evp(ctx), EVP_CTRL_AEAD_GET_TAG, GCM_ICV_LEN, icv) == 1;
}

static bool openssl_open(const struct gcm_key *key, struct gcm_ctx *ctx, const uint8_t *nonce,
                         const uint8_t *aad, size_t aad_len, uint8_t *data, size_t len,
                         const uint8_t *icv)
{
    uint8_t tag[GCM_ICV_LEN], none[16];
    int n;

    (void)key;
    memcpy(tag, icv, sizeof tag); /* the control call takes no const */
    return run(evp(ctx), nonce, aad, aad_len, data, len) &&
           EVP_CIPHER_CTX_ctrl(evp(ctx), EVP_CTRL_AEAD_SET_TAG, GCM_ICV_LEN, tag) == 1 &&
           EVP_CipherFinal_ex(evp(ctx), none, &n) == 1;
}

const struct gcm_ops gcm_openssl = {
    .name = "openssl",
    .usable = openssl_usable,
    .key_new = openssl_key_new,
    .key_free = openssl_key_free,
    .ctx_new = openssl_ctx_new,
    .ctx_free = openssl_ctx_free,
    .seal = openssl_seal,
    .open = openssl_open,
};
