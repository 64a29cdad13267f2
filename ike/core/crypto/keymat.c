/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keymat: what prf+ yields, cut up in the order of the RFC.
 */
#include "ike/core/crypto/keymat.h"

#include "ike/core/crypto/prf.h"

#include <string.h>

#define N_SK 7

void ike_keys_wipe(struct ike_keys *keys)
{
    mem_wipe(keys, sizeof *keys);
}

void ike_child_keys_wipe(struct ike_child_keys *keys)
{
    mem_wipe(keys, sizeof *keys);
}

static int check_nonces(struct span ni, struct span nr, struct err *err)
{
    if (ni.len < IKE_NONCE_MIN || ni.len > IKE_NONCE_MAX)
        return err_set(err, ERR_INVALID, "initiator's nonce has %zu bytes", ni.len);
    if (nr.len < IKE_NONCE_MIN || nr.len > IKE_NONCE_MAX)
        return err_set(err, ERR_INVALID, "responder's nonce has %zu bytes", nr.len);
    return 0;
}

/* {SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr} =
 * prf+ (SKEYSEED, Ni | Nr | SPIi | SPIr), RFC 7296 section 2.14. */
static int expand_ike(const struct ike_keymat_in *in, struct span skeyseed, struct ike_keys *ret,
                      struct err *err)
{
    const struct ike_alg_encr *encr;
    const struct ike_alg_integ *integ;
    const struct ike_alg_prf *prf = ike_alg_prf(in->suite->prf.id);
    uint8_t spis[16];
    const struct span seed[] = { in->ni, in->nr, span_of(spis, sizeof spis) };
    uint8_t stream[N_SK * IKE_SK_KEY_MAX];
    struct ike_keys keys = { 0 };
    struct ike_sk_key *const order[N_SK] = { &keys.d,  &keys.ai, &keys.ar, &keys.ei,
                                             &keys.er, &keys.pi, &keys.pr };
    size_t at = 0;
    int rc = ike_alg_of_suite(in->suite, &encr, &integ, err);

    if (rc)
        return rc;
    if (!prf)
        return err_set(err, ERR_UNSUPPORTED, "PRF %u is not supported", in->suite->prf.id);
    put_be64(spis, in->spi_i);
    put_be64(spis + 8, in->spi_r);
    keys.d.len = keys.pi.len = keys.pr.len = prf->out_len;
    keys.ai.len = keys.ar.len = integ ? integ->key_len : 0;
    keys.ei.len = keys.er.len = (uint8_t)(encr->key_len + encr->salt_len);
    for (size_t i = 0; i < N_SK; i++)
        at += order[i]->len;
    rc = ike_prf_plus(prf->id, skeyseed, seed, sizeof seed / sizeof seed[0], stream, at, err);
    if (!rc) {
        at = 0;
        for (size_t i = 0; i < N_SK; at += order[i++]->len)
            memcpy(order[i]->p, stream + at, order[i]->len);
        *ret = keys;
    }
    mem_wipe(stream, sizeof stream);
    ike_keys_wipe(&keys);
    return rc;
}

int ike_keymat_initial(const struct ike_keymat_in *in, struct ike_keys *ret, struct err *err)
{
    const struct ike_alg_prf *prf = ike_alg_prf(in->suite->prf.id);
    uint8_t nonces[2 * IKE_NONCE_MAX];
    uint8_t skeyseed[IKE_PRF_LEN_MAX];
    int rc = check_nonces(in->ni, in->nr, err);

    if (rc)
        return rc;
    if (!prf)
        return err_set(err, ERR_UNSUPPORTED, "PRF %u is not supported", in->suite->prf.id);
    memcpy(nonces, in->ni.p, in->ni.len);
    memcpy(nonces + in->ni.len, in->nr.p, in->nr.len);
    rc = ike_prf(prf->id, span_of(nonces, in->ni.len + in->nr.len), &in->secret, 1, skeyseed, err);
    if (!rc)
        rc = expand_ike(in, span_of(skeyseed, prf->out_len), ret, err);
    mem_wipe(skeyseed, sizeof skeyseed);
    return rc;
}

int ike_keymat_rekey(const struct ike_keymat_in *in, uint16_t old_prf, struct span old_sk_d,
                     struct ike_keys *ret, struct err *err)
{
    const struct ike_alg_prf *prf = ike_alg_prf(old_prf);
    const struct span seed[] = { in->secret, in->ni, in->nr };
    uint8_t skeyseed[IKE_PRF_LEN_MAX];
    int rc = check_nonces(in->ni, in->nr, err);

    if (rc)
        return rc;
    if (!prf)
        return err_set(err, ERR_UNSUPPORTED, "PRF %u is not supported", old_prf);
    rc = ike_prf(old_prf, old_sk_d, seed, sizeof seed / sizeof seed[0], skeyseed, err);
    if (!rc)
        rc = expand_ike(in, span_of(skeyseed, prf->out_len), ret, err);
    mem_wipe(skeyseed, sizeof skeyseed);
    return rc;
}

static const uint8_t *cut(struct ike_child_keys *keys, size_t encr_len, size_t integ_len,
                          const uint8_t *p)
{
    mem_wipe(keys, sizeof *keys);
    keys->encr_len = (uint8_t)encr_len;
    keys->integ_len = (uint8_t)integ_len;
    memcpy(keys->encr, p, encr_len);
    memcpy(keys->integ, p + encr_len, integ_len);
    return p + encr_len + integ_len;
}

int ike_keymat_child(const struct ike_keymat_child_in *in, struct ike_child_keys *ret_i2r,
                     struct ike_child_keys *ret_r2i, struct err *err)
{
    const struct ike_alg_encr *encr;
    const struct ike_alg_integ *integ;
    const struct span seed[] = { in->secret, in->ni, in->nr }; /* an empty part adds nothing */
    uint8_t keymat[4 * IKE_CHILD_KEY_MAX];
    int rc = check_nonces(in->ni, in->nr, err);

    if (!rc)
        rc = ike_alg_of_suite(in->suite, &encr, &integ, err);
    if (rc)
        return rc;

    size_t encr_len = (size_t)encr->key_len + encr->salt_len;
    size_t integ_len = integ ? integ->key_len : 0;

    rc = ike_prf_plus(in->prf, in->sk_d, seed, sizeof seed / sizeof seed[0], keymat,
                      2 * (encr_len + integ_len), err);
    if (!rc)
        cut(ret_r2i, encr_len, integ_len, cut(ret_i2r, encr_len, integ_len, keymat));
    mem_wipe(keymat, sizeof keymat);
    return rc;
}
