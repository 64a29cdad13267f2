/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alg: the tables behind enum nic_alg and enum nic_drop.  A new algorithm is
 * one row here; backends say in their capabilities whether they have it.
 */
#include "driver/core/attrs.h"

#include <stddef.h>

/* RFC 4106: an 8-byte IV on the wire, a 4-byte salt behind the key. */
static const struct nic_alg_info algs[NIC_ALG_N] = {
    [NIC_ALG_AES_GCM_128_ICV16] = { "aes128gcm16", 16, 4, 8, 16 },
    [NIC_ALG_AES_GCM_256_ICV16] = { "aes256gcm16", 32, 4, 8, 16 },
};

static const char *const drop_names[NIC_DROP_N] = {
    [NIC_DROP_INTEGRITY] = "integrity",
    [NIC_DROP_REPLAY] = "replay",
    [NIC_DROP_MALFORMED] = "malformed",
    [NIC_DROP_LIFETIME] = "lifetime",
    [NIC_DROP_SELECTOR] = "selector",
    [NIC_DROP_NO_SA] = "no-sa",
    [NIC_DROP_MTU] = "mtu",
    [NIC_DROP_DEVICE] = "device",
};

const struct nic_alg_info *nic_alg_info(enum nic_alg alg)
{
    if ((unsigned)alg >= NIC_ALG_N || !algs[alg].name)
        return NULL;
    return &algs[alg];
}

const char *nic_drop_name(enum nic_drop cause)
{
    return (unsigned)cause < NIC_DROP_N ? drop_names[cause] : "unknown";
}
