/* SPDX-License-Identifier: Apache-2.0 */
/*
 * natd: data of the NAT_DETECTION_*_IP notifies (RFC 7296 section 2.23).  The
 * SHA-1 is what the RFC prescribes; nothing secret rests on it.
 */
#ifndef IKE_CORE_CRYPTO_NATD_H
#define IKE_CORE_CRYPTO_NATD_H

#include "utils/base/err.h"
#include "utils/base/ip.h"

#define IKE_NATD_LEN 20

/* SHA-1(SPIi | SPIr | address | port), SPIs in the order of the header.
 * ERR_INVALID: address unset.  Thread-safe. */
int ike_natd_hash(uint64_t spi_i, uint64_t spi_r, const struct ip_endpoint *ep,
                  uint8_t ret[IKE_NATD_LEN], struct err *err) MUST_CHECK;

#endif
