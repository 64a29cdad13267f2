/* SPDX-License-Identifier: Apache-2.0 */
/*
 * internal: the engine's own structs, shared by its files and its tests.
 *
 *   engine.c   life of engine and workers, queries, tick
 *   batch.c    every change: prepared whole, then carried out
 *   out.c in.c bursts
 *   life.c     limits and what is said about them; event.c says it
 */
#ifndef ENGINE_INTERNAL_H
#define ENGINE_INTERNAL_H

#include <pthread.h>

#include "driver/soft/engine.h"
#include "driver/soft/engine/map.h"
#include "driver/soft/engine/sa.h"
#include "driver/soft/engine/spd.h"

#define ESP_HEADER_LEN 8u
#define ESP_IV_LEN 8u
#define ESP_TRAILER_LEN 2u /* pad length, next header */
#define FLOW_CACHE_SIZE 256u

enum { ESP_NEXT_IPV4 = 4, ESP_NEXT_IPV6 = 41, ESP_NEXT_NONE = 59 };

/* Rule and SA that a flow met last; good while `gen` is the spd's. */
struct flow_cached {
    u128 local, remote;
    uint16_t local_port, remote_port;
    uint8_t family, proto;
    bool has_ports;
    bool sa_allows;
    uint64_t gen;
    struct rule *rule;
    struct sa *sa;
};

/* A burst on its way through the passes. Headers for the cipher are written one
 * pass before they are read, so no load waits for a narrower store. */
struct burst {
    struct sa *sa[ENGINE_BURST_MAX];
    uint64_t seq[ENGINE_BURST_MAX];
    uint32_t len[ENGINE_BURST_MAX]; /* inner */
    uint8_t next[ENGINE_BURST_MAX]; /* next header */
    uint8_t nonce[ENGINE_BURST_MAX][16];
    uint8_t aad[ENGINE_BURST_MAX][16];
};

struct engine_worker {
    struct engine *engine;
    unsigned index;
    bool used;
    ns_time next_unknown; /* no unknown-SPI event before */
    _Atomic uint64_t rx_packets, tx_packets;
    _Atomic uint64_t drops[NIC_DROP_N]; /* packets of no SA */
    struct burst burst;
    struct flow_cached cache[FLOW_CACHE_SIZE];
};

struct engine {
    struct engine_opts opts;
    const struct gcm_ops *gcm;
    /* Between the control thread's changes and worker_new/worker_free, which
     * run on a worker's thread.  Bursts never take it. */
    pthread_mutex_t lock;
    struct qs qs;
    struct map sad; /* inbound SAs by SPI */
    struct map sas_by_id;
    struct map rules_by_id;
    struct spd spd;
    struct list sas;
    struct list rules;
    size_t n_sas, n_rules;
    uint64_t last_id;
    ns_time next_deadline; /* of any SA's time limits */
    struct engine_worker *workers[QS_WORKERS_MAX];
    unsigned n_slots; /* workers there ever were at once */
};

struct sa *engine_sa_find(const struct engine *e, uint64_t id);
struct rule *engine_rule_find(const struct engine *e, uint64_t id);

/* Puts verdict and cause on a packet and counts it, at its SA if it has one. */
void engine_drop(struct engine_worker *w, struct sa *sa, struct engine_pkt *pkt,
                 enum nic_drop cause);

static inline struct sa_slot *engine_slot(const struct engine_worker *w, const struct sa *sa)
{
    return atomic_load_explicit(&sa->slots[w->index], memory_order_acquire);
}

/* event.c */
void event_sa(const struct engine *e, const struct sa *sa, enum nic_event_kind kind,
              const char *cause);
void event_acquire(const struct engine *e, struct rule *rule, const struct flow *f, ns_time now);
void event_mapping(const struct engine *e, struct sa *sa, const struct engine_pkt *pkt,
                   ns_time now);
void event_integrity(const struct engine *e, struct sa *sa, ns_time now);
void event_unknown_spi(struct engine_worker *w, uint32_t spi, const struct engine_pkt *pkt,
                       ns_time now);

/* life.c */
/* Outbound: takes as many of `n` packets as the limits let through, as numbers
 * *ret_first and up. */
size_t life_take(struct engine *e, struct sa *sa, const uint32_t *lens, size_t n, ns_time now,
                 uint64_t *ret_first);
/* Inbound: may one more packet be delivered?  Counts it if so. */
bool life_admit(struct engine *e, struct sa *sa, uint32_t len);
/* False, and the SA dead, once its hard time has come. */
bool life_is_on(struct engine *e, struct sa *sa, ns_time now);
/* After `seq` was taken or accepted: high water, and inbound the first packet. */
void life_note_seq(struct engine *e, struct sa *sa, uint64_t seq);
/* Time limits of all SAs, from the control thread. */
void life_tick(struct engine *e, ns_time now);
ns_time life_deadline(const struct sa *sa); /* the next time limit; UINT64_MAX: none */

#endif
