/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alg: the tables.  Sizes: AES-CBC RFC 3602, AES-GCM RFC 5282 (and RFC 4106,
 * same numbers), HMAC-SHA2 RFC 4868, groups RFC 3526, 5903, 8031; strengths
 * from the same documents and NIST SP 800-57 part 1, table 2.
 */
#include "ike/core/crypto/alg.h"

#define GCM(id_, bits, icv, name_)                                                                 \
    {                                                                                              \
        .id = (id_), .key_bits = (bits), .aead = true, .key_len = (bits) / 8, .salt_len = 4,       \
        .iv_len = 8, .block_len = 1, .icv_len = (icv), .strength = (bits), .name = (name_)         \
    }
#define CBC(bits, name_)                                                                           \
    {                                                                                              \
        .id = IKE_ENCR_AES_CBC, .key_bits = (bits), .key_len = (bits) / 8, .iv_len = 16,           \
        .block_len = 16, .strength = (bits), .name = (name_)                                       \
    }

static const struct ike_alg_encr encrs[] = {
    GCM(IKE_ENCR_AES_GCM_16, 128, 16, "AES_GCM_16_128"),
    GCM(IKE_ENCR_AES_GCM_16, 192, 16, "AES_GCM_16_192"),
    GCM(IKE_ENCR_AES_GCM_16, 256, 16, "AES_GCM_16_256"),
    GCM(IKE_ENCR_AES_GCM_12, 128, 12, "AES_GCM_12_128"),
    GCM(IKE_ENCR_AES_GCM_12, 192, 12, "AES_GCM_12_192"),
    GCM(IKE_ENCR_AES_GCM_12, 256, 12, "AES_GCM_12_256"),
    GCM(IKE_ENCR_AES_GCM_8, 128, 8, "AES_GCM_8_128"),
    GCM(IKE_ENCR_AES_GCM_8, 192, 8, "AES_GCM_8_192"),
    GCM(IKE_ENCR_AES_GCM_8, 256, 8, "AES_GCM_8_256"),
    CBC(128, "AES_CBC_128"),
    CBC(192, "AES_CBC_192"),
    CBC(256, "AES_CBC_256"),
};

static const struct ike_alg_prf prfs[] = {
    { IKE_PRF_HMAC_SHA2_256, 32, 256, "PRF_HMAC_SHA2_256" },
    { IKE_PRF_HMAC_SHA2_384, 48, 384, "PRF_HMAC_SHA2_384" },
    { IKE_PRF_HMAC_SHA2_512, 64, 512, "PRF_HMAC_SHA2_512" },
};

static const struct ike_alg_integ integs[] = {
    { IKE_INTEG_HMAC_SHA2_256_128, IKE_PRF_HMAC_SHA2_256, 32, 16, 128, "HMAC_SHA2_256_128" },
    { IKE_INTEG_HMAC_SHA2_384_192, IKE_PRF_HMAC_SHA2_384, 48, 24, 192, "HMAC_SHA2_384_192" },
    { IKE_INTEG_HMAC_SHA2_512_256, IKE_PRF_HMAC_SHA2_512, 64, 32, 256, "HMAC_SHA2_512_256" },
};

static const struct ike_alg_ke kes[] = {
    { IKE_KE_X25519, 32, 32, 128, "CURVE_25519" },
    { IKE_KE_ECP256, 64, 32, 128, "ECP_256" },
    { IKE_KE_MODP2048, 256, 256, 112, "MODP_2048" },
};

#define ROW_BY_ID(table, wanted)                                                                   \
    for (size_t i = 0; i < sizeof(table) / sizeof(table)[0]; i++)                                  \
        if ((table)[i].id == (wanted))                                                             \
            return &(table)[i];                                                                    \
    return NULL

const struct ike_alg_encr *ike_alg_encr(uint16_t id, uint16_t key_bits)
{
    for (size_t i = 0; i < sizeof encrs / sizeof encrs[0]; i++)
        if (encrs[i].id == id && encrs[i].key_bits == key_bits)
            return &encrs[i];
    return NULL;
}

const struct ike_alg_prf *ike_alg_prf(uint16_t id)
{
    ROW_BY_ID(prfs, id);
}

const struct ike_alg_integ *ike_alg_integ(uint16_t id)
{
    ROW_BY_ID(integs, id);
}

const struct ike_alg_ke *ike_alg_ke(uint16_t id)
{
    ROW_BY_ID(kes, id);
}

int ike_alg_of_suite(const struct ike_suite *suite, const struct ike_alg_encr **ret_encr,
                     const struct ike_alg_integ **ret_integ, struct err *err)
{
    const struct ike_alg_encr *encr = NULL;
    const struct ike_alg_integ *integ = NULL;
    bool wants_integ = suite->integ.type == IKE_TT_INTEG && suite->integ.id != IKE_INTEG_NONE;

    if (suite->encr.type == IKE_TT_ENCR)
        encr = ike_alg_encr(suite->encr.id, suite->encr.key_bits);
    if (!encr)
        return err_set(err, ERR_UNSUPPORTED, "encryption %u with %u key bits is not supported",
                       suite->encr.id, suite->encr.key_bits);
    if (wants_integ)
        integ = ike_alg_integ(suite->integ.id);
    if (wants_integ && !integ)
        return err_set(err, ERR_UNSUPPORTED, "integrity %u is not supported", suite->integ.id);
    if (encr->aead && integ)
        return err_set(err, ERR_UNSUPPORTED, "%s takes no integrity algorithm, %s was given",
                       encr->name, integ->name);
    if (!encr->aead && !integ)
        return err_set(err, ERR_UNSUPPORTED, "%s without an integrity algorithm", encr->name);
    *ret_encr = encr;
    *ret_integ = integ;
    return 0;
}
