/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collide: exchanges of both peers that cross (RFC 7296 sections 2.8.1, 2.8.2
 * and 2.25).
 */
#ifndef IKE_SM_COLLIDE_H
#define IKE_SM_COLLIDE_H

#include "ike/core/sm/task.h"

/* The peer's rekey made `rival` while ours of the same SA is out. */
void sm_collide_note(struct sm_task *ours, uint64_t rival, const struct sm_task *theirs);
/* Ours is answered: true if the lowest of the four nonces is in it, so that
 * what we made is redundant. */
bool sm_collide_lost(const struct sm_task *ours);
/* A request of the peer names an SPI that may be of the Child SA we are making.
 * The second one keeps that in mind and gives the SPI of ours, or 0. */
bool sm_collide_making_child(const struct sm_sa *sa);
uint32_t sm_collide_early_delete(struct sm_sa *sa, uint32_t spi);
/* The Child SA this task makes was deleted by the peer before it was there. */
bool sm_collide_deleted_early(const struct sm_task *task);

/* A Child SA is being made, rekeyed or deleted by us. */
bool sm_collide_child_busy(const struct sm_sa *sa);
/* Our own exchange for the same purpose has not been sent yet: drop it. */
void sm_collide_yield(struct sm_sa *sa, enum sm_kind kind, uint64_t target);
/* The peer's handling of a rekey of the same SA cannot be finished any more. */
void sm_collide_abort_theirs(struct sm_sa *sa, enum sm_kind kind, uint64_t target);

#endif
