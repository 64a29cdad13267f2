/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rekey_ike: what a crossing delete needs of it.
 */
#ifndef IKE_SM_REKEY_IKE_H
#define IKE_SM_REKEY_IKE_H

#include "ike/core/sm/ike_sa.h"

/* True while it is open whether this one takes over; it begins nothing then. */
bool sm_rekey_ike_unsettled(const struct sm_sa *sa);
/* The peer uses `sa`: so it has won. */
void sm_rekey_ike_settle(struct sm_sa *sa);
/* `old` ends while it is open: the IKE SA that takes over, or NULL. */
struct sm_sa *sm_rekey_ike_rival(const struct sm_sa *old);

/* `sa` takes over the Child SAs and waiting tasks of `old`. */
void sm_rekey_ike_hand_over(struct sm_sa *old, struct sm_sa *sa);

#endif
