/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backends: the only list of backends, best place first, and the places that
 * this version has not.  Nothing else in the tree names a backend.
 */
#include "driver/core/provider.h"

#include <stddef.h>

extern const struct nic_provider nic_provider_soft;   /* driver/soft/soft_provider.c */
extern const struct nic_provider nic_provider_inline; /* driver/soft/inline_dev.c */

const struct nic_provider *const nic_providers[] = {
    &nic_provider_soft,
    &nic_provider_inline,
    NULL,
};

const struct nic_absent_place nic_absent_places[] = {
    { "mlx5", NIC_LEVEL_PACKET, "this version has no mlx5 backend" },
    { "xfrm", NIC_LEVEL_CRYPTO, "this version has no xfrm backend" },
    { NULL, NIC_LEVEL_NONE, NULL },
};
