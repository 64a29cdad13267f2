/* SPDX-License-Identifier: Apache-2.0 */
/*
 * life: what time and the data plane do to SAs: rekeying, hard limits, DPD,
 * and starting again what went down (RFC 7296 sections 2.4, 2.8).
 */
#ifndef IKE_SM_LIFE_H
#define IKE_SM_LIFE_H

#include "ike/core/sm/task.h"

#define SM_RETRY_AFTER (10 * NS_PER_S)     /* a delete that got no answer */
#define SM_RETRY_REKEY (2 * NS_PER_S)      /* a rekey that was refused for now */
#define SM_LOST_RETRY (500 * NS_PER_MS)    /* the same while there is no SA to go on with */
#define SM_STALE_AFTER (120 * NS_PER_S)    /* a replaced SA that its peer does not delete */
#define SM_REDUNDANT_AFTER (30 * NS_PER_S) /* one that lost a collision, likewise */
/* How long a Child SA that takes over from a forgotten IKE SA leaves traffic on the
 * old one: the peer, started anew, may never have had that one's inbound half. */
#define SM_STANDBY_MAX (300 * NS_PER_MS)
#define SM_RESTART_FIRST (2 * NS_PER_S) /* doubles with each try */
#define SM_RESTART_MAX (300 * NS_PER_S)

void sm_life_on_sa_rekey(struct sm_deadline *deadline);
void sm_life_on_sa_expire(struct sm_deadline *deadline);
void sm_life_on_dpd(struct sm_deadline *deadline);
void sm_life_on_child_rekey(struct sm_deadline *deadline);
void sm_life_on_child_expire(struct sm_deadline *deadline);
void sm_life_on_child_standby(struct sm_deadline *deadline);
/* Rekey of this SA did not work out: once more a little later. */
void sm_life_retry_child(struct sm_child *child);
void sm_life_retry_sa(struct sm_sa *sa);
void sm_life_event(struct sm_child *child, enum ike_child_event what);

/* The peer does not answer any more. */
void sm_life_lost(struct sm_sa *sa);
/* The peer deleted the IKE SA: close_action of each child. */
void sm_life_closed(struct sm_sa *sa);

/* restart.c: an initiation that is to happen by itself. */
struct sm_restart {
    struct list node;
    struct sm_deadline deadline;
    struct ike_shard *shard;
    struct ike_conn *conn;
    uint32_t attempt;
    char child[IKE_NAME_LEN];
};
/* Attempt 0 comes at once, later ones after a growing pause. */
void sm_restart_add(struct ike_shard *shard, struct ike_conn *conn, const char *child,
                    uint32_t attempt);
/* A set-up failed: again, if this connection is to be kept up. */
void sm_restart_failed_setup(struct sm_sa *sa);
void sm_restarts_free(struct ike_shard *shard);

#endif
