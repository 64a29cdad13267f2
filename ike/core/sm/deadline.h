/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deadline: the timers of a shard as one pairing heap.  A deadline is embedded
 * in what it belongs to (an IKE SA, a Child SA, a request), so setting one
 * cannot fail.  Equal times fire in the order in which they were set, which
 * keeps runs repeatable.
 */
#ifndef IKE_SM_DEADLINE_H
#define IKE_SM_DEADLINE_H

#include "utils/base/clock.h"

struct sm_deadline {
    ns_time at; /* 0 = not set */
    uint64_t order;
    void (*fire)(struct sm_deadline *deadline); /* it is off when this is called */
    struct sm_deadline *child, *next, *prev;    /* prev: parent for a first child */
};

struct sm_deadlines {
    struct sm_deadline *root;
    uint64_t order;
};

/* Sets or moves; `fire` must have been filled in. at = 0 clears. */
void sm_deadline_set(struct sm_deadlines *heap, struct sm_deadline *deadline, ns_time at);
void sm_deadline_clear(struct sm_deadlines *heap, struct sm_deadline *deadline);
/* Takes off and gives the earliest one that is due, or NULL. */
struct sm_deadline *sm_deadline_pop(struct sm_deadlines *heap, ns_time now);
ns_time sm_deadline_first(const struct sm_deadlines *heap); /* 0 = none */

#endif
