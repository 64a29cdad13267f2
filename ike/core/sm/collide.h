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
/* A Child SA is being made, rekeyed or deleted by us. */
bool sm_collide_child_busy(const struct sm_sa *sa);
/* Our own exchange for the same purpose has not been sent yet: drop it. */
void sm_collide_yield(struct sm_sa *sa, enum sm_kind kind, uint64_t target);
/* We are making a Child SA that the peer may know already (its answer is on the
 * way to us), so that it names an SPI we do not know yet. */
bool sm_collide_child_expected(const struct sm_sa *sa);
/* The peer deletes an SPI that we do not know. */
void sm_collide_note_gone(struct sm_sa *sa, uint32_t spi_out);
/* What `ours` was making the peer has deleted again. */
bool sm_collide_gone(const struct sm_task *ours);
/* The peer's handling of a rekey of the same SA cannot be finished any more. */
void sm_collide_abort_theirs(struct sm_sa *sa, enum sm_kind kind, uint64_t target);

#endif
