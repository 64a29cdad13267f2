/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evp: the cache of fetched algorithms and the translation of OpenSSL's errors.
 */
#include "ike/core/crypto/evp.h"

#include <stdatomic.h>

int evp_fail(struct err *err, const char *what)
{
    unsigned long last = 0;
    bool unsupported = false, no_memory = false;

    for (unsigned long e; (e = ERR_get_error()) != 0; last = e) {
        unsupported |= ERR_GET_REASON(e) == ERR_R_UNSUPPORTED;
        no_memory |= ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE;
    }

    const char *reason = last ? ERR_reason_error_string(last) : NULL;

    return err_set(err, unsupported && !no_memory ? ERR_UNSUPPORTED : ERR_NOMEM,
                   "%s: crypto library failed: %s", what, reason ? reason : "no memory");
}

bool evp_blames_input(void)
{
    static const struct {
        int lib, reason;
    } blames[] = {
        { ERR_LIB_EC, EC_R_POINT_IS_NOT_ON_CURVE },
        { ERR_LIB_EC, EC_R_INVALID_ENCODING },
        { ERR_LIB_PROV, PROV_R_FAILED_DURING_DERIVATION },
    };
    unsigned long e = ERR_peek_last_error();

    if (e != ERR_peek_error())
        return false; /* short memory on the way ends in "not on curve", too */
    for (size_t i = 0; i < sizeof blames / sizeof blames[0]; i++)
        if (ERR_GET_LIB(e) == blames[i].lib && ERR_GET_REASON(e) == blames[i].reason)
            return true;
    return false;
}

void *evp_once(evp_slot *slot, void *(*make)(const void *arg), const void *arg,
               void (*drop)(void *obj))
{
    void *obj = atomic_load_explicit(slot, memory_order_acquire);
    void *other = NULL;

    if (obj)
        return obj;
    obj = make(arg);
    if (!obj)
        return NULL;
    if (atomic_compare_exchange_strong(slot, &other, obj))
        return obj;
    drop(obj);
    return other;
}

static void *make_cipher(const void *name)
{
    return EVP_CIPHER_fetch(NULL, name, NULL);
}

static void drop_cipher(void *cipher)
{
    EVP_CIPHER_free(cipher);
}

int evp_cipher_of(const struct ike_alg_encr *alg, const EVP_CIPHER **ret, struct err *err)
{
    static const struct {
        bool aead;
        uint16_t key_bits;
        const char *name;
    } known[] = {
        { true, 128, "AES-128-GCM" },  { true, 192, "AES-192-GCM" },  { true, 256, "AES-256-GCM" },
        { false, 128, "AES-128-CBC" }, { false, 192, "AES-192-CBC" }, { false, 256, "AES-256-CBC" },
    };
    static evp_slot slots[sizeof known / sizeof known[0]];
    const EVP_CIPHER *cipher = NULL;

    for (size_t i = 0; i < sizeof known / sizeof known[0] && !cipher; i++) {
        if (known[i].aead != alg->aead || known[i].key_bits != alg->key_bits)
            continue;
        cipher = evp_once(&slots[i], make_cipher, known[i].name, drop_cipher);
    }
    if (!cipher)
        return evp_fail(err, alg->name);
    *ret = cipher;
    return 0;
}

static void *make_md(const void *name)
{
    return EVP_MD_fetch(NULL, name, NULL);
}

static void drop_md(void *md)
{
    EVP_MD_free(md);
}

int evp_sha1(const EVP_MD **ret, struct err *err)
{
    static evp_slot slot;
    const EVP_MD *md = evp_once(&slot, make_md, "SHA1", drop_md);

    if (!md)
        return evp_fail(err, "SHA1");
    *ret = md;
    return 0;
}

static void *make_mac(const void *name)
{
    return EVP_MAC_fetch(NULL, name, NULL);
}

static void drop_mac(void *mac)
{
    EVP_MAC_free(mac);
}

/* A context that has its hash already: copying it spares a look-up of the hash
 * by name in each call.  OpenSSL 3.0 copies only a context that has a key, so
 * it gets a public one, which evp_hmac_new() replaces in the copy. */
static void *make_hmac(const void *hash)
{
    static evp_slot hmac_slot;
    static const uint8_t no_key[1];
    EVP_MAC *mac = evp_once(&hmac_slot, make_mac, OSSL_MAC_NAME_HMAC, drop_mac);
    EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)hash, 0),
        OSSL_PARAM_construct_end(),
    };

    if (ctx && !EVP_MAC_init(ctx, no_key, sizeof no_key, params)) {
        EVP_MAC_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

static void drop_hmac(void *ctx)
{
    EVP_MAC_CTX_free(ctx);
}

static const EVP_MAC_CTX *hmac_start(uint16_t prf)
{
    static const struct {
        uint16_t prf;
        const char *hash;
    } known[] = {
        { IKE_PRF_HMAC_SHA2_256, "SHA256" },
        { IKE_PRF_HMAC_SHA2_384, "SHA384" },
        { IKE_PRF_HMAC_SHA2_512, "SHA512" },
    };
    static evp_slot slots[sizeof known / sizeof known[0]];

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].prf == prf)
            return evp_once(&slots[i], make_hmac, known[i].hash, drop_hmac);
    return NULL;
}

int evp_hmac_new(uint16_t prf, struct span key, EVP_MAC_CTX **ret, struct err *err)
{
    const EVP_MAC_CTX *start = hmac_start(prf);
    EVP_MAC_CTX *ctx = start ? EVP_MAC_CTX_dup(start) : NULL;
    /* An empty key is a key; OpenSSL tells "none" by the pointer. */
    const uint8_t *key_bytes = key.len ? key.p : (const uint8_t *)"";

    if (!ctx || EVP_MAC_init(ctx, key_bytes, key.len, NULL) != 1) {
        EVP_MAC_CTX_free(ctx);
        return evp_fail(err, "HMAC");
    }
    *ret = ctx;
    return 0;
}

int evp_hmac(EVP_MAC_CTX *ctx, const struct span *parts, size_t n_parts, uint8_t *ret,
             size_t ret_cap, struct err *err)
{
    size_t len = 0;
    bool ok = EVP_MAC_init(ctx, NULL, 0, NULL) == 1;

    for (size_t i = 0; i < n_parts && ok; i++)
        ok = parts[i].len == 0 || EVP_MAC_update(ctx, parts[i].p, parts[i].len) == 1;
    if (!ok || EVP_MAC_final(ctx, ret, &len, ret_cap) != 1)
        return evp_fail(err, "HMAC");
    return 0;
}
