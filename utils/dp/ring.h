/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring: events on their way from one worker to the control thread.
 *
 * One producer, one consumer, no lock: a worker never waits for the control
 * thread.  When the ring is full the event is counted and gone.  IKE datagrams
 * may fill only half of it, so that a flood of them cannot drown what the
 * engine has to say about SAs.
 */
#ifndef DP_RING_H
#define DP_RING_H

#include <stdatomic.h>

#include "driver/core/provider.h"

#define RING_SLOTS 256u /* a power of two */
#define RING_DATA_MAX 16384u

struct ring_slot {
    struct nic_event event;
    uint8_t data[RING_DATA_MAX];
};

struct ring {
    _Atomic uint32_t head; /* next to write; the producer's */
    _Atomic uint32_t tail; /* next to read; the consumer's */
    _Atomic uint64_t lost;
    struct ring_slot *slots;
};

int ring_init(struct ring *r); /* ERR_NOMEM */
void ring_fini(struct ring *r);
/* Copies the event and its data; false if it was lost. */
bool ring_push(struct ring *r, const struct nic_event *event);
/* The oldest event, or NULL; valid until ring_pop(). */
const struct nic_event *ring_peek(struct ring *r);
void ring_pop(struct ring *r);

#endif
