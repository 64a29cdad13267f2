/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine: the software ESP data plane as a library, without processes,
 * sockets, clock or randomness.
 *
 * The engine holds inbound SAs by SPI (SAD), outbound rules (SPD) and the SAs
 * they name.  Callers hand it bursts of packets they own; the engine writes
 * the result in place and says per packet what became of it.
 *
 * Control calls (add, delete, move) come from one control thread.  Burst calls
 * may run on several worker threads at once, each registered by
 * engine_worker_new(): they take no lock and allocate nothing.  A deleted SA
 * is wiped and freed after every worker has passed a quiet point (QSBR,
 * engine_worker_quiet()).  Counters are kept per worker and summed on read.
 * At most 16 workers at a time.  An outbound packet that no rule matches is
 * dropped; an SA without selectors takes any packet.
 *
 * (key, IV) rule: the 8-byte IV is the 64-bit sequence number, taken from one
 * atomic counter per SA that starts at 1 and never goes back; an SA with a
 * given key is added once and never re-created (RFC 4106 section 3.1).
 */
#ifndef DRIVER_SOFT_ENGINE_H
#define DRIVER_SOFT_ENGINE_H

#include "driver/core/provider.h"

#define ENGINE_BURST_MAX 64
#define ENGINE_HEADROOM 64 /* needed before an inner packet: outer IP + UDP + ESP + IV */
#define ENGINE_TAILROOM 48 /* padding, trailer, ICV */

enum engine_verdict {
    ENGINE_PENDING = 0, /* in */
    ENGINE_SEND,        /* out: ready for the wire (an ESP packet, UDP payload) */
    ENGINE_DELIVER,     /* in: a clear inner packet */
    ENGINE_BYPASS,      /* out: a bypass rule matched, unchanged */
    ENGINE_DROP,        /* counted under `drop` */
    ENGINE_DUMMY,       /* in: a valid dummy packet (RFC 4303 2.6): forget it, no drop */
};

/* One packet in a caller's buffer.  [data, data+len) is the packet: an inner IP
 * packet outbound, an ESP packet from SPI on inbound (UDP header taken off).
 * The buffer must have ENGINE_HEADROOM before and ENGINE_TAILROOM behind it
 * outbound.  On ENGINE_SEND data/len cover SPI..ICV and local/remote are the
 * outer endpoints. On ENGINE_DELIVER they cover the inner packet. */
struct engine_pkt {
    uint8_t *data;
    uint32_t len;
    uint16_t headroom, tailroom; /* bytes free before and behind */
    uint8_t verdict;             /* enum engine_verdict */
    uint8_t drop;                /* enum nic_drop when verdict is ENGINE_DROP */
    uint8_t tos;                 /* out: outer TOS/ECN to use; in: outer TOS seen */
    bool udp_encap;              /* out: result goes into UDP; in: came in UDP */
    struct ip_endpoint local;    /* outer; in: where it arrived */
    struct ip_endpoint remote;   /* outer; in: where it came from */
    uint64_t sa;                 /* out result: SA id used, 0 = none */
};

struct engine;
struct engine_worker;

/* Events come on the worker's thread from within a burst call, or from
 * engine_tick() on the control thread; the callback must not block and must
 * not call the engine. Limited by the engine: soft/hard/high-water/first once
 * per SA; acquire, mapping, unknown SPI, integrity by a token bucket. */
typedef void engine_event_fn(void *user, const struct nic_event *event);

struct engine_opts {
    uint32_t sa_max;   /* default 1 << 20 */
    uint32_t rule_max; /* default 1 << 16 */
    engine_event_fn *event_fn;
    void *event_user;
    const char *cipher; /* "openssl", "ipsec-mb"; NULL: the fastest there is */
};

int engine_new(const struct engine_opts *opts, struct engine **ret, struct err *err);
void engine_free(struct engine *e); /* workers gone before; wipes keys */

/* On the worker's thread; NULL: no memory, or 16 workers already. */
struct engine_worker *engine_worker_new(struct engine *e);
void engine_worker_free(struct engine_worker *w);
void engine_worker_quiet(struct engine_worker *w); /* between bursts, and before sleeping: */
void engine_worker_sleep(struct engine_worker *w); /* offline while blocked in poll */
void engine_worker_wake(struct engine_worker *w);

/* Control thread. Ids are never reused. Attributes are validated by the caller
 * (nic_sa_validate). */
int engine_sa_add(struct engine *e, const struct nic_sa_attr *attr, const char *owner,
                  uint32_t generation, ns_time now, uint64_t *ret_id, struct err *err);
int engine_sa_del(struct engine *e, uint64_t id, struct err *err);
int engine_sa_get(struct engine *e, uint64_t id, ns_time now, struct nic_sa_info *ret,
                  struct err *err);
int engine_sa_endpoint(struct engine *e, uint64_t id, const struct ip_endpoint *remote,
                       struct err *err);
int engine_rule_add(struct engine *e, const struct nic_rule_attr *attr, const char *owner,
                    uint32_t generation, uint64_t *ret_id, struct err *err);
int engine_rule_move(struct engine *e, uint64_t id, uint64_t sa, struct err *err);
int engine_rule_del(struct engine *e, uint64_t id, struct err *err);
int engine_rule_get(struct engine *e, uint64_t id, struct nic_rule_info *ret, struct err *err);
int engine_sa_each(struct engine *e, ns_time now, int (*fn)(void *, const struct nic_sa_info *),
                   void *user);
int engine_rule_each(struct engine *e, int (*fn)(void *, const struct nic_rule_info *), void *user);
bool engine_spi_in_use(struct engine *e, uint32_t spi);
/* All-or-nothing, in order; fills ids of ADD ops.  Nothing of it is seen by
 * packets before all of it is sure to succeed.  An inbound SPI that the batch
 * deletes is free for others only after it.  Does not call batch->done. */
int engine_batch(struct engine *e, struct nic_batch *batch, const char *owner, uint32_t generation,
                 ns_time now, struct err *err);
void engine_device_counters(struct engine *e, struct nic_device_counters *ret);
/* Time limits and freed-SA reclaim; call at least every 100 ms. */
void engine_tick(struct engine *e, ns_time now);
void engine_caps(struct nic_caps *ret);

/* Worker threads. n <= ENGINE_BURST_MAX. */
void engine_out(struct engine_worker *w, struct engine_pkt *pkts, size_t n, ns_time now);
void engine_in(struct engine_worker *w, struct engine_pkt *pkts, size_t n, ns_time now);

#endif
