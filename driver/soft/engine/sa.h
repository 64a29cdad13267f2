/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sa: one Security Association inside the engine, from sa_new() to sa_free().
 *
 * First what packets read and nobody writes, then what workers write together,
 * then what the control thread alone uses.  What each worker writes for itself
 * (counters, cipher context) is a slot of its own.
 */
#ifndef ENGINE_SA_H
#define ENGINE_SA_H

#include "driver/soft/engine/flow.h"
#include "driver/soft/engine/gcm.h"
#include "driver/soft/engine/qs.h"
#include "driver/soft/engine/replay.h"
#include "utils/base/list.h"

struct engine;

/* One worker's share: only that worker writes. */
struct sa_slot {
    _Atomic uint64_t packets;
    _Atomic uint64_t bytes;
    _Atomic uint64_t last_used;
    _Atomic uint64_t drops[NIC_DROP_N];
    struct gcm_ctx *ctx;
    void *base; /* the allocation */
};

/* Outer endpoints; replaced as a whole when a NAT mapping changes. */
struct sa_path {
    struct qs_retired retired;
    struct ip_endpoint local;
    struct ip_endpoint remote;
};

/* What has been said once, in sa->noted. */
enum sa_note {
    NOTE_SOFT_BYTES = 1 << 0,
    NOTE_SOFT_PACKETS = 1 << 1,
    NOTE_SOFT_TIME = 1 << 2,
    NOTE_HARD = 1 << 3,
    NOTE_HIGH_WATER = 1 << 4,
    NOTE_FIRST = 1 << 5,
};

struct sa {
    uint64_t id;
    const struct gcm_ops *gcm;
    struct gcm_key *key;
    struct sel *sel; /* n_sel compiled selectors; none = anything */
    uint32_t spi;
    uint8_t salt[4];
    uint8_t n_sel;
    bool in, esn, udp_encap;
    ns_time hard_at;   /* dead from then on; UINT64_MAX = never */
    uint64_t seq_max;  /* out: the last number that may be sent */
    uint64_t seq_note; /* the lowest number worth a look at life.c's notes */
    uint64_t high_water;
    struct nic_lifetime life;
    _Atomic(struct sa_path *) path;
    _Atomic(struct sa_slot *) slots[QS_WORKERS_MAX];

    alignas(64) _Atomic uint64_t seq; /* out: last number taken */
    _Atomic uint64_t bytes;           /* kept only with a byte limit */
    _Atomic uint64_t packets;         /* in, kept only with a packet limit */
    _Atomic uint32_t noted;           /* bits of enum sa_note */
    _Atomic uint8_t state;            /* enum nic_sa_state */
    _Atomic ns_time next_mapping;     /* no such event before */
    _Atomic ns_time next_integrity;
    struct replay replay;

    alignas(64) struct list node; /* in engine.sas, in id order */
    struct qs_retired retired;
    struct nic_sa_attr attr; /* key and salt zero; remote as installed last */
    char owner[NIC_NAME_LEN];
    uint32_t generation;
    ns_time born;
    size_t n_rules; /* protect rules that point here */
    bool doomed;    /* deleted by the batch being prepared */
    void *base;     /* the allocation */
};

/* ERR_NOMEM, ERR_UNSUPPORTED or ERR_DEVICE.  Gives every worker below n_slots
 * its slot.  Not yet in any table. */
int sa_new(const struct gcm_ops *gcm, const struct nic_sa_attr *attr, unsigned n_slots, ns_time now,
           struct sa **ret, struct err *err);
void sa_free(struct sa *sa); /* wipes; NULL accepted */
void sa_retired_free(struct qs_retired *retired);
void sa_path_retired_free(struct qs_retired *retired);
int sa_add_slot(struct sa *sa, unsigned index);
struct sa_path *sa_path_new(const struct ip_endpoint *local, const struct ip_endpoint *remote);
void sa_info(const struct sa *sa, ns_time now, struct nic_sa_info *ret);

static inline bool sa_allows(const struct sa *sa, const struct flow *f)
{
    for (unsigned i = 0; i < sa->n_sel; i++)
        if (flow_match(&sa->sel[i], f))
            return true;
    return sa->n_sel == 0;
}

static inline bool sa_is_dead(const struct sa *sa)
{
    return atomic_load_explicit(&sa->state, memory_order_relaxed) == NIC_SA_DEAD;
}

/* A counter with one writer: no locked instruction. */
static inline void counter_add(_Atomic uint64_t *c, uint64_t n)
{
    atomic_store_explicit(c, atomic_load_explicit(c, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

#endif
