/* SPDX-License-Identifier: Apache-2.0 */
/* gcm_list: names the cipher engines for gcm.c alone. */
#ifndef ENGINE_GCM_LIST_H
#define ENGINE_GCM_LIST_H

#include "driver/soft/engine/gcm.h"

extern const struct gcm_ops gcm_openssl;
extern const struct gcm_ops gcm_ipsecmb; /* with HAVE_IPSEC_MB */

#endif
