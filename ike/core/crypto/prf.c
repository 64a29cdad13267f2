/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prf: HMAC as the PRF, and its expansion.
 */
#include "ike/core/crypto/prf.h"

#include "ike/core/crypto/evp.h"
#include "utils/base/mem.h"

#include <string.h>

/* The longest list of the RFC is g^ir | Ni | Nr | SPIi | SPIr. */
#define SEED_PARTS_MAX 6

static int begin(uint16_t prf, struct span key, const struct ike_alg_prf **ret_alg,
                 EVP_MAC_CTX **ret_ctx, struct err *err)
{
    const struct ike_alg_prf *alg = ike_alg_prf(prf);

    if (!alg)
        return err_set(err, ERR_UNSUPPORTED, "PRF %u is not supported", prf);
    *ret_alg = alg;
    return evp_hmac_new(prf, key, ret_ctx, err);
}

int ike_prf(uint16_t prf, struct span key, const struct span *parts, size_t n_parts, uint8_t *ret,
            struct err *err)
{
    const struct ike_alg_prf *alg = NULL;
    EVP_MAC_CTX *ctx;
    int rc = begin(prf, key, &alg, &ctx, err);

    if (rc)
        return rc;
    rc = evp_hmac(ctx, parts, n_parts, ret, alg->out_len, err);
    EVP_MAC_CTX_free(ctx);
    return rc;
}

/* T1 = prf(K, S | 0x01), Tn = prf(K, Tn-1 | S | n); list[0] is the place of
 * Tn-1, the last entry that of the counter. */
static int expand(EVP_MAC_CTX *ctx, size_t block_len, struct span *list, size_t n_list,
                  uint8_t *ret, size_t len, struct err *err)
{
    uint8_t block[IKE_PRF_LEN_MAX];
    uint8_t counter = 0;
    int rc = 0;

    list[n_list - 1] = span_of(&counter, 1);
    while (len && !rc) {
        size_t take = len < block_len ? len : block_len;

        counter++;
        rc = evp_hmac(ctx, list, n_list, block, sizeof block, err);
        if (rc)
            break;
        list[0] = span_of(block, block_len);
        memcpy(ret, block, take);
        ret += take;
        len -= take;
    }
    mem_wipe(block, sizeof block);
    return rc;
}

int ike_prf_plus(uint16_t prf, struct span key, const struct span *parts, size_t n_parts,
                 uint8_t *ret, size_t len, struct err *err)
{
    struct span list[1 + SEED_PARTS_MAX + 1] = { 0 };
    const struct ike_alg_prf *alg = NULL;
    EVP_MAC_CTX *ctx;
    int rc = begin(prf, key, &alg, &ctx, err);

    if (rc)
        return rc;
    if (n_parts > SEED_PARTS_MAX || len > 255u * alg->out_len) {
        EVP_MAC_CTX_free(ctx);
        return err_set(err, ERR_INVALID, "prf+ of %zu parts to %zu bytes is out of bounds", n_parts,
                       len);
    }
    for (size_t i = 0; i < n_parts; i++)
        list[1 + i] = parts[i];
    rc = expand(ctx, alg->out_len, list, n_parts + 2, ret, len, err);
    if (rc)
        mem_wipe(ret, len);
    EVP_MAC_CTX_free(ctx);
    return rc;
}
