/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shard: making and freeing the shard, its queue, its connections, and the way
 * in for datagrams and time.
 */
#include "ike/core/shard.h"

#include "ike/core/sm/ike_sa.h"
#include "ike/core/sm/jobs.h"
#include "ike/core/sm/life.h"
#include "ike/core/sm/receive.h"
#include "ike/core/sm/state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void settings_default(struct ike_settings *s)
{
    if (!s->retransmit_first)
        s->retransmit_first = NS_PER_S;
    if (!s->retransmit_tries)
        s->retransmit_tries = 7;
    if (!s->half_open_timeout)
        s->half_open_timeout = 30 * NS_PER_S;
    if (!s->half_open_max)
        s->half_open_max = 1000;
    if (!s->ike_sa_max)
        s->ike_sa_max = 100000;
    if (!s->child_max)
        s->child_max = 256;
    if (!s->drain_time)
        s->drain_time = 5 * NS_PER_S;
}

static int indexes_init(struct ike_shard *shard)
{
    struct sm_index *all[] = { &shard->by_spi, &shard->by_peer, &shard->by_ike, &shard->by_child,
                               &shard->by_job };
    uint64_t seed;

    rng_fill(&shard->ports.rng, &seed, sizeof seed);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        int rc = sm_index_init(all[i], seed);

        if (rc < 0)
            return rc;
    }
    return 0;
}

int ike_shard_new(const struct ike_shard_opts *opts, struct ike_shard **ret, struct err *err)
{
    struct ike_shard *shard;

    if (!opts->ports.send.datagram || !opts->ports.timer.arm || !opts->ports.rng.fill ||
        !opts->ports.install.install || !opts->ports.crypto.ke_generate)
        return err_set(err, ERR_INVALID, "a shard needs all five ports");
    shard = mem_zalloc(sizeof *shard);
    if (!shard)
        return err_set(err, ERR_NOMEM, "no memory for an IKE shard");
    shard->index = opts->index;
    shard->ports = opts->ports;
    shard->observer = opts->observer;
    shard->settings = opts->settings;
    settings_default(&shard->settings);
    list_init(&shard->work);
    list_init(&shard->sas);
    list_init(&shard->conns);
    list_init(&shard->drains);
    list_init(&shard->restarts);
    list_init(&shard->dead_sas);
    list_init(&shard->dead_children);
    list_init(&shard->dead_tasks);
    if (indexes_init(shard) < 0) {
        ike_shard_free(shard);
        return err_set(err, ERR_NOMEM, "no memory for an IKE shard");
    }
    *ret = shard;
    return 0;
}

static void reap(struct ike_shard *shard)
{
    LIST_FOR_EACH(node, &shard->dead_tasks)
    sm_task_free(CONTAINER_OF(node, struct sm_task, node));
    LIST_FOR_EACH(node, &shard->dead_children)
    sm_child_free(CONTAINER_OF(node, struct sm_child, node));
    LIST_FOR_EACH(node, &shard->dead_sas)
    sm_sa_free(CONTAINER_OF(node, struct sm_sa, node));
}

static void conn_entry_free(struct sm_conn *entry)
{
    list_remove(&entry->node);
    ike_conn_unref(entry->conn);
    mem_free(entry);
}

void ike_shard_free(struct ike_shard *shard)
{
    if (!shard)
        return;
    LIST_FOR_EACH(node, &shard->work)
    {
        struct sm_work *work = CONTAINER_OF(node, struct sm_work, node);

        list_remove(node);
        if (work->drop)
            work->drop(work);
    }
    LIST_FOR_EACH(node, &shard->sas)
    sm_sa_free(CONTAINER_OF(node, struct sm_sa, node));
    LIST_FOR_EACH(node, &shard->drains)
    sm_child_free(CONTAINER_OF(node, struct sm_child, node));
    reap(shard);
    sm_restarts_free(shard);
    if (shard->by_job.buckets)
        sm_jobs_free_all(shard);
    LIST_FOR_EACH(node, &shard->conns)
    conn_entry_free(CONTAINER_OF(node, struct sm_conn, node));
    sm_index_fini(&shard->by_spi);
    sm_index_fini(&shard->by_peer);
    sm_index_fini(&shard->by_ike);
    sm_index_fini(&shard->by_child);
    sm_index_fini(&shard->by_job);
    mem_free(shard);
}

bool sm_enter(struct ike_shard *shard, ns_time now)
{
    if (now > shard->now)
        shard->now = now;
    if (shard->busy)
        return false;
    shard->busy = true;
    return true;
}

void sm_queue(struct ike_shard *shard, struct sm_work *work)
{
    if (!list_is_linked(&work->node))
        list_add_tail(&shard->work, &work->node);
}

void sm_leave(struct ike_shard *shard)
{
    ns_time first;

    while (!list_is_empty(&shard->work)) {
        struct sm_work *work = CONTAINER_OF(shard->work.next, struct sm_work, node);

        list_remove(&work->node);
        work->run(shard, work);
    }
    reap(shard);
    shard->busy = false;
    first = sm_deadline_first(&shard->deadlines);
    if (first != shard->armed) {
        shard->armed = first;
        shard->ports.timer.arm(shard->ports.timer.user, first);
    }
}

uint64_t sm_next_id(struct ike_shard *shard)
{
    return ++shard->last_id;
}

void sm_log(struct ike_shard *shard, enum log_level level, bool peer_caused, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    if (!shard->observer.log)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    shard->observer.log(shard->observer.user, (int)level, peer_caused, text);
}

void sm_drop(struct ike_shard *shard, enum ike_drop cause, const struct ike_path *path,
             const char *why)
{
    char from[IP_TEXT_LEN];

    shard->stats.drops[cause]++;
    sm_log(shard, LOG_INFO, true, "dropped a message from %s: %s: %s",
           ip_endpoint_text(&path->remote, from), ike_drop_name(cause), why);
}

ns_time sm_minus_random(struct ike_shard *shard, ns_time span, ns_time spread)
{
    uint64_t ms = spread / NS_PER_MS;

    if (span == 0 || ms == 0)
        return span;
    if (ms > UINT32_MAX)
        ms = UINT32_MAX;
    spread = rng_below(&shard->ports.rng, (uint32_t)ms) * NS_PER_MS;
    return spread < span ? span - spread : span;
}

/* ---- datagrams and time ---- */

struct queued_datagram {
    struct sm_work work;
    struct ike_path path;
    size_t len;
    uint8_t bytes[];
};

static void datagram_drop(struct sm_work *work)
{
    mem_free(CONTAINER_OF(work, struct queued_datagram, work));
}

static void datagram_run(struct ike_shard *shard, struct sm_work *work)
{
    struct queued_datagram *q = CONTAINER_OF(work, struct queued_datagram, work);

    sm_receive(shard, &q->path, span_of(q->bytes, q->len));
    mem_free(q);
}

void ike_shard_receive(struct ike_shard *shard, ns_time now, const struct ike_path *path,
                       struct span datagram)
{
    struct queued_datagram *q;

    if (sm_enter(shard, now)) {
        sm_receive(shard, path, datagram);
        sm_leave(shard);
        return;
    }
    if (datagram.len > IKE_MESSAGE_MAX) {
        sm_drop(shard, IKE_DROP_LENGTH, path, "longer than we read");
        return;
    }
    q = mem_zalloc(sizeof *q + datagram.len);
    if (!q)
        return; /* a datagram may get lost; the peer repeats it */
    q->work = (struct sm_work){ .run = datagram_run, .drop = datagram_drop };
    q->path = *path;
    q->len = datagram.len;
    memcpy(q->bytes, datagram.p, datagram.len);
    sm_queue(shard, &q->work);
}

void ike_shard_tick(struct ike_shard *shard, ns_time now)
{
    struct sm_deadline *due;

    if (!sm_enter(shard, now)) {
        shard->armed = 0; /* from inside a port: sm_leave() arms it again */
        return;
    }
    while ((due = sm_deadline_pop(&shard->deadlines, shard->now)))
        due->fire(due);
    shard->armed = 0; /* the port's timer has gone off */
    sm_leave(shard);
}

/* ---- connections ---- */

static struct sm_conn *conn_entry(struct ike_shard *shard, const char *name)
{
    LIST_FOR_EACH(node, &shard->conns)
    {
        struct sm_conn *entry = CONTAINER_OF(node, struct sm_conn, node);

        if (strcmp(entry->conn->name, name) == 0)
            return entry;
    }
    return NULL;
}

int ike_shard_conn_put(struct ike_shard *shard, struct ike_conn *conn, struct err *err)
{
    struct sm_conn *entry = conn_entry(shard, conn->name);

    if (entry) {
        struct ike_conn *old = entry->conn;

        entry->conn = ike_conn_ref(conn);
        ike_conn_unref(old);
        return 0;
    }
    entry = mem_zalloc(sizeof *entry);
    if (!entry)
        return err_set(err, ERR_NOMEM, "no memory for connection %s", conn->name);
    entry->conn = ike_conn_ref(conn);
    list_add_tail(&shard->conns, &entry->node);
    return 0;
}

int ike_shard_conn_remove(struct ike_shard *shard, const char *name, struct err *err)
{
    struct sm_conn *entry = conn_entry(shard, name);

    if (!entry)
        return err_set(err, ERR_NOTFOUND, "no connection named %s", name);
    conn_entry_free(entry);
    return 0;
}

struct ike_conn *ike_shard_conn_get(struct ike_shard *shard, const char *name)
{
    struct sm_conn *entry = conn_entry(shard, name);

    return entry ? entry->conn : NULL;
}

int ike_shard_of(struct span datagram, unsigned n_shards, unsigned *ret_index)
{
    uint64_t spi_i, spi_r;
    uint8_t flags;

    if (datagram.len < IKE_HEADER_LEN || n_shards == 0)
        return ERR_MALFORMED;
    spi_i = get_be64(datagram.p);
    spi_r = get_be64(datagram.p + 8);
    flags = datagram.p[19];
    if (!(flags & IKE_FLAG_INITIATOR))
        *ret_index = (unsigned)(spi_i >> 56) % n_shards;
    else if (spi_r != 0)
        *ret_index = (unsigned)(spi_r >> 56) % n_shards;
    else
        *ret_index = (unsigned)((spi_i * 0x9e3779b97f4a7c15ull) >> 32) % n_shards;
    return 0;
}

void ike_shard_stats(const struct ike_shard *shard, struct ike_stats *ret)
{
    *ret = shard->stats;
}
