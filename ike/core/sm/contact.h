/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contact: INITIAL_CONTACT (RFC 7296 section 2.4).
 */
#ifndef IKE_SM_CONTACT_H
#define IKE_SM_CONTACT_H

#include "ike/core/sm/ike_sa.h"

/* No other IKE SA with this peer: say so. */
bool sm_contact_is_first(const struct sm_sa *sa);
/* The authenticated peer has no other IKE SA with us: forget older ones. */
void sm_contact_honour(struct sm_sa *sa);

#endif
