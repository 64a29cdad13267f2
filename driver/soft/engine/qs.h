/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qs: when is a thing that workers may still be reading free to go?
 *
 * Quiescent-state-based reclamation, one domain per engine.  The control thread
 * takes a thing out of every structure, then retires it under the next epoch;
 * each worker says between bursts which epoch it has seen.  What was retired
 * under an epoch that every awake worker has seen is freed by qs_poll(), which
 * never waits.
 *
 * Domains are per engine, not per process as in liburcu: a worker of another
 * engine in the same process, or a caller's thread that never comes back, does
 * not hold up this one, and the control thread never blocks on a worker.
 */
#ifndef ENGINE_QS_H
#define ENGINE_QS_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QS_WORKERS_MAX 16
#define QS_ASLEEP UINT64_MAX

struct qs_retired {
    struct qs_retired *next;
    uint64_t epoch;
    void (*free)(struct qs_retired *retired);
};

struct qs_worker {
    alignas(64) _Atomic uint64_t seen;
};

struct qs {
    struct qs_worker worker[QS_WORKERS_MAX];
    alignas(64) _Atomic uint64_t epoch;
    struct qs_retired *head;
    struct qs_retired **tail;
};

void qs_init(struct qs *qs); /* all workers asleep */
/* Frees everything at once: no worker may be left. */
void qs_fini(struct qs *qs);
/* Control thread, after the thing is out of reach for new readers. */
void qs_retire(struct qs *qs, struct qs_retired *retired, void (*fn)(struct qs_retired *));
void qs_poll(struct qs *qs);
bool qs_is_idle(const struct qs *qs); /* nothing waits to be freed */

void qs_wake(struct qs *qs, unsigned worker);
void qs_sleep(struct qs *qs, unsigned worker);

static inline void qs_quiet(struct qs *qs, unsigned worker)
{
    uint64_t epoch = atomic_load_explicit(&qs->epoch, memory_order_acquire);

    atomic_store_explicit(&qs->worker[worker].seen, epoch, memory_order_release);
}

#endif
