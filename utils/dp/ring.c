/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/dp/ring.h"

#include "utils/base/mem.h"

#include <string.h>

int ring_init(struct ring *r)
{
    *r = (struct ring){ 0 };
    r->slots = mem_zalloc_array(RING_SLOTS, sizeof *r->slots);
    return r->slots ? 0 : ERR_NOMEM;
}

void ring_fini(struct ring *r)
{
    mem_free(r->slots);
    r->slots = NULL;
}

bool ring_push(struct ring *r, const struct nic_event *event)
{
    uint32_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    uint32_t used = head - atomic_load_explicit(&r->tail, memory_order_acquire);
    uint32_t limit = event->kind == NIC_EVENT_IKE_DATAGRAM ? RING_SLOTS / 2 : RING_SLOTS;
    struct ring_slot *slot = &r->slots[head % RING_SLOTS];

    if (used >= limit || event->data.len > RING_DATA_MAX) {
        atomic_fetch_add_explicit(&r->lost, 1, memory_order_relaxed);
        return false;
    }
    slot->event = *event;
    if (event->data.len)
        memcpy(slot->data, event->data.p, event->data.len);
    slot->event.data.p = slot->data;
    atomic_store_explicit(&r->head, head + 1, memory_order_release);
    return true;
}

const struct nic_event *ring_peek(struct ring *r)
{
    uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

    if (tail == atomic_load_explicit(&r->head, memory_order_acquire))
        return NULL;
    return &r->slots[tail % RING_SLOTS].event;
}

void ring_pop(struct ring *r)
{
    uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

    atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
}
