/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/soft/engine/qs.h"

void qs_init(struct qs *qs)
{
    atomic_init(&qs->epoch, 1);
    for (unsigned i = 0; i < QS_WORKERS_MAX; i++)
        atomic_init(&qs->worker[i].seen, QS_ASLEEP);
    qs->head = NULL;
    qs->tail = &qs->head;
}

static void free_until(struct qs *qs, uint64_t epoch)
{
    struct qs_retired *at;

    while ((at = qs->head) && at->epoch <= epoch) {
        qs->head = at->next;
        if (!qs->head)
            qs->tail = &qs->head;
        at->free(at);
    }
}

void qs_fini(struct qs *qs)
{
    free_until(qs, UINT64_MAX);
}

void qs_retire(struct qs *qs, struct qs_retired *retired, void (*fn)(struct qs_retired *))
{
    /* Read-modify-write on both sides (see qs_wake): either the waking worker
     * sees what was unlinked before this, or qs_poll() sees the worker. */
    retired->epoch = atomic_fetch_add_explicit(&qs->epoch, 1, memory_order_acq_rel) + 1;
    retired->free = fn;
    retired->next = NULL;
    *qs->tail = retired;
    qs->tail = &retired->next;
}

void qs_poll(struct qs *qs)
{
    uint64_t min = UINT64_MAX;

    if (!qs->head)
        return;
    for (unsigned i = 0; i < QS_WORKERS_MAX; i++) {
        uint64_t seen = atomic_load_explicit(&qs->worker[i].seen, memory_order_acquire);

        if (seen < min)
            min = seen;
    }
    free_until(qs, min);
}

bool qs_is_idle(const struct qs *qs)
{
    return !qs->head;
}

void qs_wake(struct qs *qs, unsigned worker)
{
    uint64_t epoch;

    atomic_store_explicit(&qs->worker[worker].seen, 0, memory_order_relaxed);
    epoch = atomic_fetch_add_explicit(&qs->epoch, 0, memory_order_acq_rel);
    atomic_store_explicit(&qs->worker[worker].seen, epoch, memory_order_release);
}

void qs_sleep(struct qs *qs, unsigned worker)
{
    atomic_store_explicit(&qs->worker[worker].seen, QS_ASLEEP, memory_order_release);
}
