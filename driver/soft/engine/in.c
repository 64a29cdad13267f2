/* SPDX-License-Identifier: Apache-2.0 */
/*
 * in: a burst of ESP packets to inner packets (RFC 4303 section 3.4).
 *
 * Pass 1 finds the SA, checks length, life and replay, and writes nonce and
 * AAD.  Pass 2 opens; then, for a packet whose ICV is right, takes its sequence
 * number and looks at what was inside.  The window moves only there (section
 * 3.4.3), so nobody without the key can move it.
 */
#include "driver/soft/engine/internal.h"

#include <string.h>

#include "driver/soft/engine/ecn.h"
#include "driver/soft/engine/wire.h"

/* Header, IV, ICV around the smallest text: a trailer filled up to 4 bytes. */
#define ESP_LEN_MIN (ESP_HEADER_LEN + ESP_IV_LEN + 4 + GCM_ICV_LEN)
#define PREFETCH_AHEAD 3

static struct sa *find_sa(struct engine_worker *w, struct engine_pkt *pkt, ns_time now)
{
    uint32_t spi;
    struct sa *sa;

    if (pkt->len < ESP_HEADER_LEN) {
        engine_drop(w, NULL, pkt, NIC_DROP_MALFORMED);
        return NULL;
    }
    spi = wire_get32(pkt->data);
    if (!(sa = map_get(&w->engine->sad, spi))) {
        engine_drop(w, NULL, pkt, NIC_DROP_NO_SA);
        event_unknown_spi(w, spi, pkt, now);
    }
    return sa;
}

static void prepare_open(struct burst *b, size_t i, const struct engine_pkt *pkt, struct sa *sa,
                         uint64_t seq)
{
    memcpy(b->nonce[i], sa->salt, sizeof sa->salt);
    memcpy(b->nonce[i] + sizeof sa->salt, pkt->data + ESP_HEADER_LEN, ESP_IV_LEN);
    wire_put32(b->aad[i], sa->spi);
    if (sa->esn)
        wire_put64(b->aad[i] + 4, seq);
    else
        wire_put32(b->aad[i] + 4, (uint32_t)seq);
    b->seq[i] = seq;
    b->sa[i] = sa;
}

static void admit(struct engine_worker *w, struct engine_pkt *pkt, size_t i, ns_time now)
{
    struct sa *sa = find_sa(w, pkt, now);
    uint64_t seq;

    w->burst.sa[i] = NULL;
    pkt->sa = 0;
    if (!sa)
        return;
    pkt->sa = sa->id;
    /* Text and trailer end on a 4-byte boundary (section 2.4). */
    if (pkt->len < ESP_LEN_MIN || pkt->len % 4 != 0)
        engine_drop(w, sa, pkt, NIC_DROP_MALFORMED);
    else if (!life_is_on(w->engine, sa, now))
        engine_drop(w, sa, pkt, NIC_DROP_LIFETIME);
    else if (!replay_number(&sa->replay, wire_get32(pkt->data + 4), &seq) ||
             !replay_check(&sa->replay, seq))
        engine_drop(w, sa, pkt, NIC_DROP_REPLAY);
    else
        prepare_open(&w->burst, i, pkt, sa, seq);
}

/* Takes the trailer off; false: malformed.  Padding is checked (section 2.4). */
static bool unpad(const uint8_t *text, uint32_t len, uint32_t *ret_len, uint8_t *ret_next)
{
    uint32_t pad = text[len - 2];
    const uint8_t *at;

    if (pad > len - ESP_TRAILER_LEN)
        return false;
    at = text + len - ESP_TRAILER_LEN - pad;
    for (uint32_t k = 0; k < pad; k++)
        if (at[k] != k + 1)
            return false;
    *ret_len = len - ESP_TRAILER_LEN - pad;
    *ret_next = text[len - 1];
    return true;
}

/* What is inside, after the ICV was found right: 0 and the packet trimmed to
 * the inner one, or a drop cause + 1. */
static int inspect(const struct sa *sa, struct engine_pkt *pkt, uint8_t *text, uint32_t len,
                   uint8_t next)
{
    struct flow f;

    if (next != ESP_NEXT_IPV4 && next != ESP_NEXT_IPV6)
        return NIC_DROP_MALFORMED + 1;
    /* Bytes behind the inner packet are traffic flow padding (section 2.7). */
    if (!flow_parse(text, len, false, &f) || (f.family == 4) != (next == ESP_NEXT_IPV4))
        return NIC_DROP_MALFORMED + 1;
    if (!sa_allows(sa, &f))
        return NIC_DROP_SELECTOR + 1;
    if (!ecn_combine(text, pkt->tos))
        return NIC_DROP_MALFORMED + 1;
    pkt->headroom = (uint16_t)(pkt->headroom + (text - pkt->data));
    pkt->tailroom = (uint16_t)(pkt->tailroom + (pkt->data + pkt->len - (text + f.len)));
    pkt->data = text;
    pkt->len = f.len;
    return 0;
}

static void count(struct engine_worker *w, const struct sa *sa, uint32_t bytes, ns_time now)
{
    struct sa_slot *slot = engine_slot(w, sa);

    counter_add(&slot->packets, 1);
    counter_add(&slot->bytes, bytes);
    atomic_store_explicit(&slot->last_used, now, memory_order_relaxed);
}

static void deliver(struct engine_worker *w, struct sa *sa, struct engine_pkt *pkt, ns_time now)
{
    uint8_t *text = pkt->data + ESP_HEADER_LEN + ESP_IV_LEN;
    uint32_t len = pkt->len - ESP_HEADER_LEN - ESP_IV_LEN - GCM_ICV_LEN;
    uint8_t next;
    int refused;

    if (!unpad(text, len, &len, &next)) {
        engine_drop(w, sa, pkt, NIC_DROP_MALFORMED);
        return;
    }
    if (next != ESP_NEXT_NONE && (refused = inspect(sa, pkt, text, len, next))) {
        engine_drop(w, sa, pkt, (enum nic_drop)(refused - 1));
        return;
    }
    len = next == ESP_NEXT_NONE ? 0 : pkt->len;
    if (!life_admit(w->engine, sa, len)) {
        engine_drop(w, sa, pkt, NIC_DROP_LIFETIME);
        return;
    }
    pkt->verdict = next == ESP_NEXT_NONE ? ENGINE_DUMMY : ENGINE_DELIVER;
    count(w, sa, len, now);
}

static void accept_one(struct engine_worker *w, struct engine_pkt *pkt, size_t i, ns_time now)
{
    struct burst *b = &w->burst;
    struct sa *sa = b->sa[i];
    uint8_t *text = pkt->data + ESP_HEADER_LEN + ESP_IV_LEN;
    size_t len = pkt->len - ESP_HEADER_LEN - ESP_IV_LEN - GCM_ICV_LEN;
    enum replay_result result;

    if (!sa->gcm->open(sa->key, engine_slot(w, sa)->ctx, b->nonce[i], b->aad[i], sa->esn ? 12 : 8,
                       text, len, text + len)) {
        engine_drop(w, sa, pkt, NIC_DROP_INTEGRITY);
        event_integrity(w->engine, sa, now);
        return;
    }
    result = replay_accept(&sa->replay, b->seq[i]);
    if (result == REPLAY_REFUSED) {
        engine_drop(w, sa, pkt, NIC_DROP_REPLAY);
        return;
    }
    life_note_seq(w->engine, sa, b->seq[i]);
    /* Only the newest packet tells where the peer is now: an old one may have
     * been held back and sent again from elsewhere (RFC 7296 section 2.23). */
    if (result == REPLAY_HIGHEST && sa->udp_encap && pkt->udp_encap) {
        const struct sa_path *path = atomic_load_explicit(&sa->path, memory_order_acquire);

        if (!ip_endpoint_eq(&path->remote, &pkt->remote))
            event_mapping(w->engine, sa, pkt, now);
    }
    deliver(w, sa, pkt, now);
}

void engine_in(struct engine_worker *w, struct engine_pkt *pkts, size_t n, ns_time now)
{
    counter_add(&w->rx_packets, n);
    for (size_t i = 0; i < n; i++) {
        if (i + PREFETCH_AHEAD < n)
            __builtin_prefetch(pkts[i + PREFETCH_AHEAD].data);
        admit(w, &pkts[i], i, now);
    }
    for (size_t i = 0; i < n; i++)
        if (w->burst.sa[i])
            accept_one(w, &pkts[i], i, now);
}
