/* SPDX-License-Identifier: Apache-2.0 */
/* gcm: the list of cipher engines in this build, and the choice among them. */
#include "driver/soft/engine/gcm.h"

#include <string.h>

#include "driver/soft/engine/gcm_list.h"

const struct gcm_ops *const gcm_engines[] = {
#ifdef HAVE_IPSEC_MB
    &gcm_ipsecmb,
#endif
    &gcm_openssl,
    NULL,
};

const struct gcm_ops *gcm_choose(const char *name)
{
    for (size_t i = 0; gcm_engines[i]; i++) {
        if (name && strcmp(name, gcm_engines[i]->name) != 0)
            continue;
        if (gcm_engines[i]->usable())
            return gcm_engines[i];
    }
    return NULL;
}
