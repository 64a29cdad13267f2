/* SPDX-License-Identifier: Apache-2.0 */
/*
 * natd: one hash over 22 or 34 bytes.
 */
#include "ike/core/crypto/natd.h"

#include "ike/core/crypto/evp.h"

#include <string.h>

int ike_natd_hash(uint64_t spi_i, uint64_t spi_r, const struct ip_endpoint *ep,
                  uint8_t ret[IKE_NATD_LEN], struct err *err)
{
    uint8_t text[8 + 8 + 16 + 2];
    uint8_t hash[IKE_NATD_LEN];
    size_t addr_len = ip_addr_len(&ep->addr);
    const EVP_MD *sha1;
    struct wr wr;
    int rc;

    if (addr_len == 0)
        return err_set(err, ERR_INVALID, "NAT detection hash of an unset address");
    rc = evp_sha1(&sha1, err);
    if (rc)
        return rc;
    wr_init(&wr, text, sizeof text);
    wr_be64(&wr, spi_i);
    wr_be64(&wr, spi_r);
    wr_bytes(&wr, ep->addr.b, addr_len);
    wr_be16(&wr, ep->port);
    if (EVP_Digest(text, wr_len(&wr), hash, NULL, sha1, NULL) != 1)
        return evp_fail(err, "SHA1");
    memcpy(ret, hash, sizeof hash);
    return 0;
}
