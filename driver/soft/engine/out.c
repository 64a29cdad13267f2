/* SPDX-License-Identifier: Apache-2.0 */
/*
 * out: a burst of inner packets to ESP packets (RFC 4303 section 3.3).
 *
 * Pass 1 decides for each packet: rule, SA, or verdict.  Pass 2 takes sequence
 * numbers for a run of packets of one SA at once and writes headers and
 * trailers.  Pass 3 seals.
 */
#include "driver/soft/engine/internal.h"

#include <string.h>

#include "driver/soft/engine/wire.h"

/* What fits into one outer IPv4 packet behind its UDP header. */
#define ESP_LEN_MAX (65535u - 20 - 8)
#define PREFETCH_AHEAD 3

static struct flow_cached *cache_line(struct engine_worker *w, const struct flow *f)
{
    uint64_t h = (uint64_t)f->local ^ (uint64_t)f->remote * UINT64_C(0x9e3779b97f4a7c15);

    h ^= (uint64_t)f->local_port << 16 | (uint64_t)f->remote_port << 32 | f->proto;
    h *= UINT64_C(0xd6e8feb86659fd93);
    return &w->cache[h >> 32 & (FLOW_CACHE_SIZE - 1)];
}

static bool cached(const struct flow_cached *c, const struct flow *f, uint64_t gen)
{
    return c->gen == gen && c->local == f->local && c->remote == f->remote &&
           c->local_port == f->local_port && c->remote_port == f->remote_port &&
           c->family == f->family && c->proto == f->proto && c->has_ports == f->has_ports;
}

static const struct flow_cached *lookup(struct engine_worker *w, const struct flow *f, uint64_t gen)
{
    struct flow_cached *c = cache_line(w, f);
    struct rule *rule;
    struct sa *sa;

    if (cached(c, f, gen))
        return c;
    rule = spd_find(&w->engine->spd, f);
    sa = rule ? atomic_load_explicit(&rule->sa, memory_order_acquire) : NULL;
    *c = (struct flow_cached){
        .local = f->local,
        .remote = f->remote,
        .local_port = f->local_port,
        .remote_port = f->remote_port,
        .family = f->family,
        .proto = f->proto,
        .has_ports = f->has_ports,
        .sa_allows = sa && sa_allows(sa, f),
        .gen = gen,
        .rule = rule,
        .sa = sa,
    };
    return c;
}

static uint32_t pad_len(uint32_t inner_len)
{
    return -(inner_len + ESP_TRAILER_LEN) & 3;
}

static uint32_t esp_len(uint32_t inner_len)
{
    return ESP_HEADER_LEN + ESP_IV_LEN + inner_len + pad_len(inner_len) + ESP_TRAILER_LEN +
           GCM_ICV_LEN;
}

/* The rule's word on one packet; the SA to use, or NULL with a verdict set. */
static struct sa *decide(struct engine_worker *w, struct engine_pkt *pkt, const struct flow *f,
                         uint64_t gen, ns_time now)
{
    const struct flow_cached *c = lookup(w, f, gen);

    if (!c->rule || c->rule->action == NIC_ACTION_DISCARD) {
        engine_drop(w, NULL, pkt, NIC_DROP_SELECTOR);
        return NULL;
    }
    if (c->rule->action == NIC_ACTION_BYPASS) {
        pkt->verdict = ENGINE_BYPASS;
        return NULL;
    }
    if (!c->sa) {
        engine_drop(w, NULL, pkt, NIC_DROP_NO_SA);
        event_acquire(w->engine, c->rule, f, now);
        return NULL;
    }
    if (!c->sa_allows) {
        engine_drop(w, c->sa, pkt, NIC_DROP_SELECTOR);
        return NULL;
    }
    return c->sa;
}

static void classify(struct engine_worker *w, struct engine_pkt *pkt, size_t i, uint64_t gen,
                     ns_time now)
{
    struct burst *b = &w->burst;
    struct flow f;
    struct sa *sa;

    b->sa[i] = NULL;
    pkt->sa = 0;
    if (!flow_parse(pkt->data, pkt->len, true, &f)) {
        engine_drop(w, NULL, pkt, NIC_DROP_MALFORMED);
        return;
    }
    if (!(sa = decide(w, pkt, &f, gen, now)))
        return;
    if (esp_len(f.len) > ESP_LEN_MAX) {
        engine_drop(w, sa, pkt, NIC_DROP_MTU);
        return;
    }
    if (pkt->headroom < ENGINE_HEADROOM || pkt->tailroom < ENGINE_TAILROOM) {
        engine_drop(w, sa, pkt, NIC_DROP_DEVICE);
        return;
    }
    pkt->tos = f.tos; /* RFC 6040 section 4.1, normal mode */
    b->sa[i] = sa;
    b->len[i] = f.len;
    b->next[i] = f.family == 4 ? ESP_NEXT_IPV4 : ESP_NEXT_IPV6;
}

/* Header, IV and trailer around the inner packet; nonce and AAD for the seal. */
static void frame(struct burst *b, size_t i, struct engine_pkt *pkt, const struct sa *sa,
                  const struct sa_path *path, uint64_t seq)
{
    uint32_t len = b->len[i];
    uint32_t pad = pad_len(len);
    uint8_t *esp = pkt->data - ESP_HEADER_LEN - ESP_IV_LEN;
    uint8_t *trailer = pkt->data + len;

    wire_put32(esp, sa->spi);
    wire_put32(esp + 4, (uint32_t)seq);
    wire_put64(esp + ESP_HEADER_LEN, seq);
    for (uint32_t k = 0; k < pad; k++)
        *trailer++ = (uint8_t)(k + 1); /* RFC 4303 section 2.4 */
    trailer[0] = (uint8_t)pad;
    trailer[1] = b->next[i];

    memcpy(b->nonce[i], sa->salt, sizeof sa->salt);
    wire_put64(b->nonce[i] + sizeof sa->salt, seq);
    wire_put32(b->aad[i], sa->spi);
    if (sa->esn) { /* RFC 4106 section 5 */
        wire_put64(b->aad[i] + 4, seq);
    } else {
        wire_put32(b->aad[i] + 4, (uint32_t)seq);
    }
    pkt->data = esp;
    pkt->len = esp_len(len);
    pkt->headroom = (uint16_t)(pkt->headroom - ESP_HEADER_LEN - ESP_IV_LEN);
    pkt->tailroom = (uint16_t)(pkt->tailroom - pad - ESP_TRAILER_LEN - GCM_ICV_LEN);
    pkt->sa = sa->id;
    pkt->udp_encap = sa->udp_encap;
    pkt->local = path->local;
    pkt->remote = path->remote;
}

static bool seal(const struct burst *b, size_t i, struct engine_pkt *pkt, const struct sa *sa,
                 struct gcm_ctx *ctx)
{
    uint8_t *text = pkt->data + ESP_HEADER_LEN + ESP_IV_LEN;
    size_t len = pkt->len - ESP_HEADER_LEN - ESP_IV_LEN - GCM_ICV_LEN;

    return sa->gcm->seal(sa->key, ctx, b->nonce[i], b->aad[i], sa->esn ? 12 : 8, text, len,
                         text + len);
}

/* Packets [from, to) of the burst, all of one SA. */
static void seal_run(struct engine_worker *w, struct engine_pkt *pkts, size_t from, size_t to,
                     ns_time now)
{
    struct burst *b = &w->burst;
    struct sa *sa = b->sa[from];
    struct sa_slot *slot = engine_slot(w, sa);
    const struct sa_path *path = atomic_load_explicit(&sa->path, memory_order_acquire);
    uint64_t first = 0, packets = 0, bytes = 0;
    size_t end = from + life_take(w->engine, sa, b->len + from, to - from, now, &first);

    for (size_t i = from; i < end; i++)
        frame(b, i, &pkts[i], sa, path, first + (i - from));
    for (size_t i = from; i < end; i++) {
        if (!seal(b, i, &pkts[i], sa, slot->ctx)) {
            engine_drop(w, sa, &pkts[i], NIC_DROP_DEVICE);
            continue;
        }
        pkts[i].verdict = ENGINE_SEND;
        packets++;
        bytes += b->len[i];
    }
    for (size_t i = end; i < to; i++)
        engine_drop(w, sa, &pkts[i], NIC_DROP_LIFETIME);
    if (packets) {
        counter_add(&slot->packets, packets);
        counter_add(&slot->bytes, bytes);
        atomic_store_explicit(&slot->last_used, now, memory_order_relaxed);
    }
}

void engine_out(struct engine_worker *w, struct engine_pkt *pkts, size_t n, ns_time now)
{
    struct burst *b = &w->burst;
    uint64_t gen = atomic_load_explicit(&w->engine->spd.gen, memory_order_acquire);
    size_t to;

    counter_add(&w->tx_packets, n);
    for (size_t i = 0; i < n; i++) {
        if (i + PREFETCH_AHEAD < n)
            __builtin_prefetch(pkts[i + PREFETCH_AHEAD].data);
        classify(w, &pkts[i], i, gen, now);
    }
    for (size_t i = 0; i < n; i = to) {
        for (to = i + 1; to < n && b->sa[to] == b->sa[i]; to++)
            ;
        if (b->sa[i])
            seal_run(w, pkts, i, to, now);
    }
}
