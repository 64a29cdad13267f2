/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/soft/engine/sa.h"

#include <string.h>

#include "utils/base/mem.h"

#define CACHE_LINE 64

/* calloc() aligns to 16; *ret_base is what to free. */
static void *zalloc_line(size_t len, void **ret_base)
{
    uint8_t *base = mem_zalloc(len + CACHE_LINE);

    if (!base)
        return NULL;
    *ret_base = base;
    return (void *)(((uintptr_t)base + CACHE_LINE - 1) & ~(uintptr_t)(CACHE_LINE - 1));
}

struct sa_path *sa_path_new(const struct ip_endpoint *local, const struct ip_endpoint *remote)
{
    struct sa_path *path = mem_zalloc(sizeof *path);

    if (path) {
        path->local = *local;
        path->remote = *remote;
    }
    return path;
}

void sa_path_retired_free(struct qs_retired *retired)
{
    mem_free(CONTAINER_OF(retired, struct sa_path, retired));
}

int sa_add_slot(struct sa *sa, unsigned index)
{
    struct sa_slot *slot;
    void *base;
    int rc;

    if (atomic_load_explicit(&sa->slots[index], memory_order_relaxed))
        return 0;
    if (!(slot = zalloc_line(sizeof *slot, &base)))
        return ERR_NOMEM;
    slot->base = base;
    if ((rc = sa->gcm->ctx_new(sa->key, !sa->in, &slot->ctx))) {
        mem_free(base);
        return rc;
    }
    atomic_store_explicit(&sa->slots[index], slot, memory_order_release);
    return 0;
}

static uint64_t min_limit(uint64_t a, uint64_t b)
{
    return a && a < b ? a : b;
}

static void init_limits(struct sa *sa, const struct nic_sa_attr *attr, ns_time now)
{
    uint64_t space = attr->esn ? UINT64_MAX : UINT32_MAX;

    sa->life = attr->life;
    sa->high_water = attr->seq_high_water ? attr->seq_high_water : space / 4 * 3;
    /* One number is one packet, so the counter of numbers also keeps the
     * packet limit, and the end of the space is a limit like it. */
    sa->seq_max = sa->in ? space : min_limit(attr->life.hard_packets, space);
    sa->seq_note = sa->high_water;
    if (!sa->in)
        sa->seq_note = min_limit(attr->life.soft_packets, sa->seq_note);
    sa->born = now;
    sa->hard_at = UINT64_MAX;
    if (attr->life.hard_time && attr->life.hard_time < UINT64_MAX - now)
        sa->hard_at = now + attr->life.hard_time;
}

static void init_attr(struct sa *sa, const struct nic_sa_attr *attr)
{
    sa->attr = *attr;
    mem_wipe(sa->attr.key, sizeof sa->attr.key);
    mem_wipe(sa->attr.salt, sizeof sa->attr.salt);
    sa->spi = attr->spi;
    memcpy(sa->salt, attr->salt, sizeof sa->salt);
    sa->in = attr->dir == NIC_DIR_IN;
    sa->esn = attr->esn;
    sa->udp_encap = attr->udp_encap;
    sa->n_sel = attr->n_sel;
    for (unsigned i = 0; i < attr->n_sel; i++)
        sel_compile(&attr->sel[i], &sa->sel[i]);
    atomic_init(&sa->state, NIC_SA_ACTIVE);
}

/* The struct, its selectors and its window are one allocation. */
static struct sa *sa_alloc(const struct nic_sa_attr *attr)
{
    uint32_t window = attr->dir == NIC_DIR_IN ? attr->replay_window : 0;
    size_t sel_len = attr->n_sel * sizeof(struct sel);
    size_t words_len = replay_words(window) * sizeof(uint64_t);
    struct sa *sa;
    void *base;

    if (!(sa = zalloc_line(sizeof *sa + sel_len + words_len, &base)))
        return NULL;
    sa->base = base;
    sa->sel = (struct sel *)(sa + 1);
    replay_init(&sa->replay, window, attr->esn,
                (_Atomic uint64_t *)(void *)((uint8_t *)(sa + 1) + sel_len));
    return sa;
}

int sa_new(const struct gcm_ops *gcm, const struct nic_sa_attr *attr, unsigned n_slots, ns_time now,
           struct sa **ret, struct err *err)
{
    const struct nic_alg_info *alg = nic_alg_info(attr->alg);
    struct sa_path *path;
    struct sa *sa;
    int rc = ERR_NOMEM;

    if (!alg)
        return err_set(err, ERR_UNSUPPORTED, "alg: %d is not one this engine has", (int)attr->alg);
    if (attr->n_sel > NIC_SELECTORS_MAX)
        return err_set(err, ERR_INVALID, "n_sel: more than %d selectors", NIC_SELECTORS_MAX);
    if (!(sa = sa_alloc(attr)))
        return err_set(err, ERR_NOMEM, "no memory for an SA");
    init_attr(sa, attr);
    init_limits(sa, attr, now);
    sa->gcm = gcm;
    if (!(path = sa_path_new(&attr->local, &attr->remote)))
        goto fail;
    atomic_init(&sa->path, path);
    if ((rc = gcm->key_new(attr->key, alg->key_len, &sa->key)))
        goto fail;
    for (unsigned i = 0; i < n_slots; i++)
        if ((rc = sa_add_slot(sa, i)))
            goto fail;
    *ret = sa;
    return 0;
fail:
    sa_free(sa);
    return err_set(err, rc, "SA with SPI 0x%08x: %s", attr->spi,
                   rc == ERR_NOMEM ? "no memory" : "the cipher library refused the key");
}

void sa_free(struct sa *sa)
{
    if (!sa)
        return;
    for (unsigned i = 0; i < QS_WORKERS_MAX; i++) {
        struct sa_slot *slot = atomic_load(&sa->slots[i]);

        if (slot) {
            sa->gcm->ctx_free(slot->ctx);
            mem_free(slot->base);
        }
    }
    if (sa->key)
        sa->gcm->key_free(sa->key);
    mem_free(atomic_load(&sa->path));
    mem_wipe(sa->salt, sizeof sa->salt);
    mem_free(sa->base);
}

void sa_retired_free(struct qs_retired *retired)
{
    sa_free(CONTAINER_OF(retired, struct sa, retired));
}

static void sum_slot(const struct sa_slot *slot, struct nic_counters *c)
{
    ns_time used = atomic_load_explicit(&slot->last_used, memory_order_relaxed);

    c->packets += atomic_load_explicit(&slot->packets, memory_order_relaxed);
    c->bytes += atomic_load_explicit(&slot->bytes, memory_order_relaxed);
    for (unsigned i = 0; i < NIC_DROP_N; i++)
        c->drops[i] += atomic_load_explicit(&slot->drops[i], memory_order_relaxed);
    if (used > c->last_used)
        c->last_used = used;
}

void sa_info(const struct sa *sa, ns_time now, struct nic_sa_info *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->id = sa->id;
    ret->state = atomic_load_explicit(&sa->state, memory_order_relaxed);
    memcpy(ret->owner, sa->owner, sizeof ret->owner);
    ret->generation = sa->generation;
    ret->age = now > sa->born ? now - sa->born : 0;
    ret->attr = sa->attr;
    for (unsigned i = 0; i < QS_WORKERS_MAX; i++) {
        const struct sa_slot *slot = atomic_load_explicit(&sa->slots[i], memory_order_acquire);

        if (slot)
            sum_slot(slot, &ret->counters);
    }
    ret->counters.seq =
        atomic_load_explicit(sa->in ? &sa->replay.top : &sa->seq, memory_order_relaxed);
    strncpy(ret->engine, sa->gcm->name, sizeof ret->engine - 1);
}
