/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rekey_ike: what crossing exchanges need of it.
 */
#ifndef IKE_SM_REKEY_IKE_H
#define IKE_SM_REKEY_IKE_H

#include "ike/core/sm/task.h"

/* `sa` takes over the Child SAs and waiting tasks of `old`. */
void sm_rekey_ike_hand_over(struct sm_sa *old, struct sm_sa *sa);
/* Our rekey comes to nothing.  If the peer's crossed it, what that one made takes
 * over, and true is returned; else nothing happens. */
bool sm_rekey_ike_yield(struct sm_task *ours);
/* The peer uses `sa` for more than to delete it: for the peer the collision, if
 * there was one, is decided, and the Child SAs are here. */
void sm_rekey_ike_used(struct sm_sa *sa);

#endif
