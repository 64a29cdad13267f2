/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event: says to the caller what happened, and holds back what a peer could
 * make us say too often: per rule, SA or worker at most one event an interval.
 */
#include "driver/soft/engine/internal.h"

#include <string.h>

#define ACQUIRE_INTERVAL NS_PER_S
#define MAPPING_INTERVAL (100 * NS_PER_MS)
#define INTEGRITY_INTERVAL NS_PER_S
#define INTEGRITY_THRESHOLD 16u /* failures of one SA before it is said */
#define UNKNOWN_SPI_INTERVAL (100 * NS_PER_MS)

static void raise(const struct engine *e, const struct nic_event *event)
{
    if (e->opts.event_fn)
        e->opts.event_fn(e->opts.event_user, event);
}

static struct nic_event of_sa(const struct sa *sa, enum nic_event_kind kind)
{
    return (struct nic_event){
        .kind = kind,
        .id = sa->id,
        .tunnel = sa->attr.tunnel,
        .spi = sa->spi,
    };
}

/* True for one caller an interval. */
static bool due(_Atomic ns_time *next, ns_time now, ns_time interval)
{
    ns_time at = atomic_load_explicit(next, memory_order_relaxed);

    return now >= at && atomic_compare_exchange_strong_explicit(
                            next, &at, now + interval, memory_order_relaxed, memory_order_relaxed);
}

void event_sa(const struct engine *e, const struct sa *sa, enum nic_event_kind kind,
              const char *cause)
{
    struct nic_event event = of_sa(sa, kind);

    if (cause)
        strncpy(event.cause, cause, sizeof event.cause - 1);
    raise(e, &event);
}

void event_acquire(const struct engine *e, struct rule *rule, const struct flow *f, ns_time now)
{
    struct nic_event event = {
        .kind = NIC_EVENT_ACQUIRE,
        .id = rule->id,
        .tunnel = rule->attr.tunnel,
    };

    if (!due(&rule->next_acquire, now, ACQUIRE_INTERVAL))
        return;
    flow_selector(f, &event.sel);
    raise(e, &event);
}

void event_mapping(const struct engine *e, struct sa *sa, const struct engine_pkt *pkt, ns_time now)
{
    struct nic_event event = of_sa(sa, NIC_EVENT_MAPPING_CHANGE);

    if (!due(&sa->next_mapping, now, MAPPING_INTERVAL))
        return;
    event.local = pkt->local;
    event.remote = pkt->remote;
    raise(e, &event);
}

void event_integrity(const struct engine *e, struct sa *sa, ns_time now)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < QS_WORKERS_MAX; i++) {
        const struct sa_slot *slot = atomic_load_explicit(&sa->slots[i], memory_order_acquire);

        if (slot)
            n += atomic_load_explicit(&slot->drops[NIC_DROP_INTEGRITY], memory_order_relaxed);
    }
    if (n >= INTEGRITY_THRESHOLD && due(&sa->next_integrity, now, INTEGRITY_INTERVAL))
        event_sa(e, sa, NIC_EVENT_INTEGRITY, NULL);
}

void event_unknown_spi(struct engine_worker *w, uint32_t spi, const struct engine_pkt *pkt,
                       ns_time now)
{
    struct nic_event event = {
        .kind = NIC_EVENT_UNKNOWN_SPI,
        .spi = spi,
        .local = pkt->local,
        .remote = pkt->remote,
    };

    if (now < w->next_unknown)
        return;
    w->next_unknown = now + UNKNOWN_SPI_INTERVAL;
    raise(w->engine, &event);
}
