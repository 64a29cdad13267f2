/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rekey_ike: what a crossing delete needs of it.
 */
#ifndef IKE_SM_REKEY_IKE_H
#define IKE_SM_REKEY_IKE_H

#include "ike/core/sm/ike_sa.h"

/* `sa` takes over the Child SAs and waiting tasks of `old`. */
void sm_rekey_ike_hand_over(struct sm_sa *old, struct sm_sa *sa);

#endif
