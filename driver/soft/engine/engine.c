/* SPDX-License-Identifier: Apache-2.0 */
/* engine: life of the engine and its workers, queries, and the clock tick. */
#include "driver/soft/engine.h"

#include <string.h>

#include "driver/soft/engine/internal.h"
#include "utils/base/mem.h"

#define SA_MAX_DEFAULT (1u << 20)
#define RULE_MAX_DEFAULT (1u << 16)

static int init_tables(struct engine *e)
{
    int rc;

    if ((rc = map_init(&e->sad)) || (rc = map_init(&e->sas_by_id)) ||
        (rc = map_init(&e->rules_by_id)))
        return rc;
    return spd_init(&e->spd);
}

int engine_new(const struct engine_opts *opts, struct engine **ret, struct err *err)
{
    const struct gcm_ops *gcm = gcm_choose(opts ? opts->cipher : NULL);
    struct engine *e;

    if (!gcm)
        return err_set(err, ERR_UNSUPPORTED, "cipher: no engine \"%s\" on this machine",
                       opts->cipher);
    if (!(e = mem_zalloc(sizeof *e)))
        return err_set(err, ERR_NOMEM, "no memory for an engine");
    if (opts)
        e->opts = *opts;
    if (!e->opts.sa_max)
        e->opts.sa_max = SA_MAX_DEFAULT;
    if (!e->opts.rule_max)
        e->opts.rule_max = RULE_MAX_DEFAULT;
    e->opts.cipher = gcm->name;
    e->gcm = gcm;
    pthread_mutex_init(&e->lock, NULL);
    qs_init(&e->qs);
    list_init(&e->sas);
    list_init(&e->rules);
    e->next_deadline = UINT64_MAX;
    if (init_tables(e)) {
        engine_free(e);
        return err_set(err, ERR_NOMEM, "no memory for the engine's tables");
    }
    *ret = e;
    return 0;
}

void engine_free(struct engine *e)
{
    if (!e)
        return;
    qs_fini(&e->qs);
    LIST_FOR_EACH(at, &e->rules)
    rule_free(CONTAINER_OF(at, struct rule, node));
    LIST_FOR_EACH(at, &e->sas)
    sa_free(CONTAINER_OF(at, struct sa, node));
    spd_fini(&e->spd);
    map_fini(&e->rules_by_id);
    map_fini(&e->sas_by_id);
    map_fini(&e->sad);
    for (unsigned i = 0; i < QS_WORKERS_MAX; i++)
        mem_free(e->workers[i]);
    pthread_mutex_destroy(&e->lock);
    mem_free(e);
}

/* A worker needs its slot in every SA before its first burst. */
static struct engine_worker *worker_claim(struct engine *e)
{
    unsigned index = 0;

    while (index < QS_WORKERS_MAX && e->workers[index] && e->workers[index]->used)
        index++;
    if (index == QS_WORKERS_MAX)
        return NULL;
    if (!e->workers[index] && !(e->workers[index] = mem_zalloc(sizeof *e->workers[index])))
        return NULL;
    LIST_FOR_EACH(at, &e->sas)
    if (sa_add_slot(CONTAINER_OF(at, struct sa, node), index))
        return NULL;
    if (index >= e->n_slots)
        e->n_slots = index + 1;
    e->workers[index]->engine = e;
    e->workers[index]->index = index;
    e->workers[index]->used = true;
    return e->workers[index];
}

struct engine_worker *engine_worker_new(struct engine *e)
{
    struct engine_worker *w;

    pthread_mutex_lock(&e->lock);
    w = worker_claim(e);
    pthread_mutex_unlock(&e->lock);
    if (w)
        qs_wake(&e->qs, w->index);
    return w;
}

/* Its counters and slots stay for the next worker with this index. */
void engine_worker_free(struct engine_worker *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->engine->lock);
    memset(w->cache, 0, sizeof w->cache);
    memset(&w->burst, 0, sizeof w->burst);
    w->used = false;
    qs_sleep(&w->engine->qs, w->index);
    pthread_mutex_unlock(&w->engine->lock);
}

void engine_worker_quiet(struct engine_worker *w)
{
    qs_quiet(&w->engine->qs, w->index);
}

void engine_worker_sleep(struct engine_worker *w)
{
    qs_sleep(&w->engine->qs, w->index);
}

void engine_worker_wake(struct engine_worker *w)
{
    qs_wake(&w->engine->qs, w->index);
}

struct sa *engine_sa_find(const struct engine *e, uint64_t id)
{
    struct sa *sa = map_get(&e->sas_by_id, id);

    return sa && !sa->doomed ? sa : NULL;
}

struct rule *engine_rule_find(const struct engine *e, uint64_t id)
{
    struct rule *rule = map_get(&e->rules_by_id, id);

    return rule && !rule->doomed ? rule : NULL;
}

int engine_sa_get(struct engine *e, uint64_t id, ns_time now, struct nic_sa_info *ret,
                  struct err *err)
{
    const struct sa *sa = engine_sa_find(e, id);

    if (!sa)
        return err_set(err, ERR_NOTFOUND, "no SA %llu", (unsigned long long)id);
    sa_info(sa, now, ret);
    return 0;
}

static void rule_info(const struct rule *rule, struct nic_rule_info *ret)
{
    const struct sa *sa = atomic_load_explicit(&rule->sa, memory_order_relaxed);

    memset(ret, 0, sizeof *ret);
    ret->id = rule->id;
    memcpy(ret->owner, rule->owner, sizeof ret->owner);
    ret->generation = rule->generation;
    ret->attr = rule->attr;
    ret->attr.sa = sa ? sa->id : 0;
}

int engine_rule_get(struct engine *e, uint64_t id, struct nic_rule_info *ret, struct err *err)
{
    const struct rule *rule = engine_rule_find(e, id);

    if (!rule)
        return err_set(err, ERR_NOTFOUND, "no rule %llu", (unsigned long long)id);
    rule_info(rule, ret);
    return 0;
}

int engine_sa_each(struct engine *e, ns_time now, int (*fn)(void *, const struct nic_sa_info *),
                   void *user)
{
    LIST_FOR_EACH(at, &e->sas)
    {
        struct nic_sa_info info;
        int rc;

        sa_info(CONTAINER_OF(at, struct sa, node), now, &info);
        if ((rc = fn(user, &info)))
            return rc;
    }
    return 0;
}

int engine_rule_each(struct engine *e, int (*fn)(void *, const struct nic_rule_info *), void *user)
{
    LIST_FOR_EACH(at, &e->rules)
    {
        struct nic_rule_info info;
        int rc;

        rule_info(CONTAINER_OF(at, struct rule, node), &info);
        if ((rc = fn(user, &info)))
            return rc;
    }
    return 0;
}

bool engine_spi_in_use(struct engine *e, uint32_t spi)
{
    return map_get(&e->sad, spi) != NULL;
}

void engine_device_counters(struct engine *e, struct nic_device_counters *ret)
{
    memset(ret, 0, sizeof *ret);
    pthread_mutex_lock(&e->lock);
    for (unsigned i = 0; i < e->n_slots; i++) {
        const struct engine_worker *w = e->workers[i];

        ret->rx_packets += atomic_load_explicit(&w->rx_packets, memory_order_relaxed);
        ret->tx_packets += atomic_load_explicit(&w->tx_packets, memory_order_relaxed);
        for (unsigned c = 0; c < NIC_DROP_N; c++)
            ret->drops[c] += atomic_load_explicit(&w->drops[c], memory_order_relaxed);
    }
    pthread_mutex_unlock(&e->lock);
}

void engine_tick(struct engine *e, ns_time now)
{
    life_tick(e, now);
    qs_poll(&e->qs);
}

void engine_caps(struct nic_caps *ret)
{
    *ret = (struct nic_caps){
        .level = NIC_LEVEL_SOFTWARE,
        .protos = 1 << 0, /* ESP */
        .modes = 1 << 0,  /* tunnel */
        .algs = 1 << NIC_ALG_AES_GCM_128_ICV16 | 1 << NIC_ALG_AES_GCM_256_ICV16,
        .families = 1 << 0 | 1 << 1,
        .esn = true,
        .replay_window_max = 4096,
        .raw_esp = true, /* outer headers are the caller's: either way */
        .udp_encap = true,
        .life_bytes = true,
        .life_packets = true,
        .life_time = true,
        .sa_max = SA_MAX_DEFAULT,
        .rule_max = RULE_MAX_DEFAULT,
        .counters_exact = true,
        /* ESP header, IV, padding, trailer, ICV; outer IPv6 and UDP */
        .mtu_overhead = ESP_HEADER_LEN + ESP_IV_LEN + 3 + ESP_TRAILER_LEN + GCM_ICV_LEN + 40 + 8,
    };
}

void engine_drop(struct engine_worker *w, struct sa *sa, struct engine_pkt *pkt,
                 enum nic_drop cause)
{
    pkt->verdict = ENGINE_DROP;
    pkt->drop = (uint8_t)cause;
    counter_add(sa ? &engine_slot(w, sa)->drops[cause] : &w->drops[cause], 1);
}
