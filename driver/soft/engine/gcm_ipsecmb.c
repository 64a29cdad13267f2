/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gcm_ipsecmb: AES-GCM through libipsec-mb's direct interface, one call a
 * packet.  The manager is only a table of functions chosen for the processor;
 * the expanded key is read-only and the message state lives on the stack, so
 * workers share both.
 */
#include "driver/soft/engine/gcm.h"

#include <intel-ipsec-mb.h>
#include <pthread.h>

#include "driver/soft/engine/gcm_list.h"
#include "utils/base/err.h"
#include "utils/base/mem.h"

#define KEY_ALIGN 64

struct gcm_key {
    bool wide;                 /* 256-bit */
    size_t size;               /* of the whole allocation, for the wipe */
    struct gcm_key_data *data; /* KEY_ALIGN-aligned, inside this allocation */
};

static IMB_MGR *mgr;
static pthread_once_t mgr_once = PTHREAD_ONCE_INIT;

static void mgr_init(void)
{
    mgr = alloc_mb_mgr(0);
    if (!mgr)
        return;
    init_mb_mgr_auto(mgr, NULL);
    if (imb_get_errno(mgr) != 0) {
        free_mb_mgr(mgr);
        mgr = NULL;
    }
}

/* Without AES instructions the library falls back to table look-ups, which
 * leak the key through the cache: OpenSSL's bit-sliced code is then better. */
static bool ipsecmb_usable(void)
{
    pthread_once(&mgr_once, mgr_init);
    return mgr && (mgr->features & IMB_FEATURE_AESNI) && (mgr->features & IMB_FEATURE_PCLMULQDQ);
}

static int ipsecmb_key_new(const uint8_t *key, size_t key_len, struct gcm_key **ret)
{
    size_t size = sizeof(struct gcm_key) + sizeof(struct gcm_key_data) + KEY_ALIGN;
    struct gcm_key *k;

    if (key_len != 16 && key_len != 32)
        return ERR_INVALID;
    if (!(k = mem_zalloc(size)))
        return ERR_NOMEM;
    k->size = size;
    k->wide = key_len == 32;
    k->data =
        (struct gcm_key_data *)(((uintptr_t)(k + 1) + KEY_ALIGN - 1) & ~(uintptr_t)(KEY_ALIGN - 1));
    if (k->wide)
        IMB_AES256_GCM_PRE(mgr, key, k->data);
    else
        IMB_AES128_GCM_PRE(mgr, key, k->data);
    *ret = k;
    return 0;
}

static void ipsecmb_key_free(struct gcm_key *key)
{
    if (key)
        mem_free_secret(key, key->size);
}

static int ipsecmb_ctx_new(const struct gcm_key *key, bool seal, struct gcm_ctx **ret)
{
    (void)key;
    (void)seal;
    *ret = NULL;
    return 0;
}

static void ipsecmb_ctx_free(struct gcm_ctx *ctx)
{
    (void)ctx;
}

static bool ipsecmb_seal(const struct gcm_key *key, struct gcm_ctx *ctx, const uint8_t *nonce,
                         const uint8_t *aad, size_t aad_len, uint8_t *data, size_t len,
                         uint8_t *icv)
{
    struct gcm_context_data message;

    (void)ctx;
    if (key->wide)
        IMB_AES256_GCM_ENC(mgr, key->data, &message, data, data, len, nonce, aad, aad_len, icv,
                           GCM_ICV_LEN);
    else
        IMB_AES128_GCM_ENC(mgr, key->data, &message, data, data, len, nonce, aad, aad_len, icv,
                           GCM_ICV_LEN);
    return true;
}

static bool ipsecmb_open(const struct gcm_key *key, struct gcm_ctx *ctx, const uint8_t *nonce,
                         const uint8_t *aad, size_t aad_len, uint8_t *data, size_t len,
                         const uint8_t *icv)
{
    struct gcm_context_data message;
    uint8_t tag[GCM_ICV_LEN] = { 0 };

    (void)ctx;
    if (key->wide)
        IMB_AES256_GCM_DEC(mgr, key->data, &message, data, data, len, nonce, aad, aad_len, tag,
                           GCM_ICV_LEN);
    else
        IMB_AES128_GCM_DEC(mgr, key->data, &message, data, data, len, nonce, aad, aad_len, tag,
                           GCM_ICV_LEN);
    return mem_equal_ct(tag, icv, GCM_ICV_LEN);
}

const struct gcm_ops gcm_ipsecmb = {
    .name = "ipsec-mb",
    .usable = ipsecmb_usable,
    .key_new = ipsecmb_key_new,
    .key_free = ipsecmb_key_free,
    .ctx_new = ipsecmb_ctx_new,
    .ctx_free = ipsecmb_ctx_free,
    .seal = ipsecmb_seal,
    .open = ipsecmb_open,
};
