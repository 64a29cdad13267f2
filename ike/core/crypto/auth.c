/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth: PSK authentication on top of the PRF.
 */
#include "ike/core/crypto/auth.h"

#include "ike/core/crypto/prf.h"
#include "utils/base/mem.h"

int ike_auth_octets(const struct ike_auth_octets_in *in, struct wr *wr, struct err *err)
{
    const struct ike_alg_prf *prf = ike_alg_prf(in->prf);
    uint8_t maced_id[IKE_PRF_LEN_MAX];
    int rc;

    if (!prf)
        return err_set(err, ERR_UNSUPPORTED, "PRF %u is not supported", in->prf);
    if (wr->failed || wr_room(wr) < in->message.len + in->nonce.len + prf->out_len)
        return err_set(err, ERR_INVALID, "no room for %zu signed octets",
                       in->message.len + in->nonce.len + prf->out_len);
    rc = ike_prf(in->prf, in->sk_p, &in->rest_of_id, 1, maced_id, err);
    if (rc)
        return rc;
    wr_span(wr, in->message);
    wr_span(wr, in->nonce);
    wr_bytes(wr, maced_id, prf->out_len);
    return 0;
}

int ike_auth_psk(uint16_t prf, struct span secret, struct span octets, uint8_t *ret,
                 size_t *ret_len, struct err *err)
{
    static const char pad[] = "Key Pad for IKEv2"; /* without its terminating zero */
    const struct ike_alg_prf *alg = ike_alg_prf(prf);
    const struct span pad_span = span_of(pad, sizeof pad - 1);
    uint8_t key[IKE_PRF_LEN_MAX];
    int rc;

    if (!alg)
        return err_set(err, ERR_UNSUPPORTED, "PRF %u is not supported", prf);
    if (secret.len == 0)
        return err_set(err, ERR_INVALID, "the pre-shared key is empty");
    rc = ike_prf(prf, secret, &pad_span, 1, key, err);
    if (!rc)
        rc = ike_prf(prf, span_of(key, alg->out_len), &octets, 1, ret, err);
    mem_wipe(key, sizeof key);
    if (!rc)
        *ret_len = alg->out_len;
    return rc;
}

int ike_auth_psk_verify(uint16_t prf, struct span secret, struct span octets, struct span auth,
                        struct err *err)
{
    uint8_t expected[IKE_PRF_LEN_MAX];
    size_t len = 0;
    int rc = ike_auth_psk(prf, secret, octets, expected, &len, err);

    if (!rc && (auth.len != len || !mem_equal_ct(auth.p, expected, len)))
        rc = err_set(err, ERR_AUTH, "AUTH payload does not match the pre-shared key");
    mem_wipe(expected, sizeof expected);
    return rc;
}
