/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ike_sa: making, finding, establishing and ending IKE SAs.
 */
#include "ike/core/sm/ike_sa.h"

#include "ike/core/sm/life.h"
#include "ike/core/sm/natt.h"
#include "ike/core/sm/task.h"

#include <string.h>

int sm_blob_set(struct sm_blob *blob, struct span from)
{
    uint8_t *p = mem_dup(from.p, from.len);

    if (!p)
        return ERR_NOMEM;
    sm_blob_free(blob);
    *blob = (struct sm_blob){ .p = p, .len = from.len };
    return 0;
}

void sm_blob_free(struct sm_blob *blob)
{
    mem_free_secret(blob->p, blob->len);
    *blob = (struct sm_blob){ 0 };
}

static void setup_free(struct sm_setup *setup)
{
    if (!setup)
        return;
    sm_blob_free(&setup->init_request);
    sm_blob_free(&setup->init_response);
    sm_blob_free(&setup->cookie);
    sm_blob_free(&setup->ke_public);
    mem_free_secret(setup, sizeof *setup);
}

/* Our SPI: random but for the shard's index on top (RFC 7296 2.6: unique here). */
static uint64_t draw_spi(struct ike_shard *shard)
{
    uint64_t spi;

    do {
        uint8_t bytes[8];

        rng_fill(&shard->ports.rng, bytes, sizeof bytes);
        bytes[0] = shard->index;
        spi = get_be64(bytes);
    } while (spi == 0 || sm_index_find(&shard->by_spi, spi));
    return spi;
}

int sm_sa_new(struct ike_shard *shard, struct ike_conn *conn, bool initiator, struct sm_sa **ret)
{
    struct sm_sa *sa;

    if (shard->stats.ike_sas >= shard->settings.ike_sa_max)
        return ERR_FULL;
    sa = mem_zalloc(sizeof *sa);
    if (!sa)
        return ERR_NOMEM;
    sa->shard = shard;
    sa->id = sm_next_id(shard);
    sa->initiator = initiator;
    sa->created = sa->last_rx = sa->last_tx = shard->now;
    if (initiator)
        sa->spi_i = draw_spi(shard);
    else
        sa->spi_r = draw_spi(shard);
    list_init(&sa->queue);
    list_init(&sa->children);
    sa->rekey.fire = sm_life_on_sa_rekey;
    sa->expire.fire = sm_life_on_sa_expire;
    sa->dpd.fire = sm_life_on_dpd;
    sa->keepalive.fire = sm_natt_on_keepalive;
    if (conn)
        sa->conn = ike_conn_ref(conn);
    *ret = sa;
    return 0;
}

void sm_sa_set_conn(struct sm_sa *sa, struct ike_conn *conn)
{
    struct ike_conn *old = sa->conn;

    sa->conn = conn ? ike_conn_ref(conn) : NULL;
    ike_conn_unref(old);
}

void sm_sa_link(struct sm_sa *sa)
{
    struct ike_shard *shard = sa->shard;

    list_add_tail(&shard->sas, &sa->node);
    sm_index_add(&shard->by_spi, &sa->by_spi, sm_sa_local_spi(sa));
    sm_index_add(&shard->by_ike, &sa->by_ike, sa->id);
    sa->linked = true;
    shard->stats.ike_sas++;
}

static void unindex(struct sm_sa *sa)
{
    struct ike_shard *shard = sa->shard;

    list_remove(&sa->node);
    sm_index_remove(&shard->by_spi, &sa->by_spi);
    sm_index_remove(&shard->by_peer, &sa->by_peer);
    sm_index_remove(&shard->by_ike, &sa->by_ike);
}

static void stop_timers(struct sm_sa *sa)
{
    struct sm_deadlines *heap = &sa->shard->deadlines;

    sm_deadline_clear(heap, &sa->rekey);
    sm_deadline_clear(heap, &sa->expire);
    sm_deadline_clear(heap, &sa->dpd);
    sm_deadline_clear(heap, &sa->keepalive);
}

void sm_sa_free(struct sm_sa *sa)
{
    stop_timers(sa);
    if (sa->out)
        sm_task_free(sa->out);
    if (sa->in)
        sm_task_free(sa->in);
    LIST_FOR_EACH(node, &sa->queue)
    sm_task_free(CONTAINER_OF(node, struct sm_task, node));
    LIST_FOR_EACH(node, &sa->children)
    sm_child_free(CONTAINER_OF(node, struct sm_child, node));
    unindex(sa);
    setup_free(sa->setup);
    sm_blob_free(&sa->reply);
    mem_free(sa->local_id);
    mem_free(sa->remote_id);
    ike_conn_unref(sa->conn);
    mem_free_secret(sa, sizeof *sa);
}

void sm_sa_discard(struct sm_sa *sa)
{
    if (sa)
        sm_sa_free(sa);
}

struct sm_sa *sm_sa_by_spi(struct ike_shard *shard, uint64_t local_spi)
{
    struct sm_index_node *node = sm_index_find(&shard->by_spi, local_spi);

    return node ? CONTAINER_OF(node, struct sm_sa, by_spi) : NULL;
}

struct sm_sa *sm_sa_by_id(struct ike_shard *shard, uint64_t id)
{
    struct sm_index_node *node = sm_index_find(&shard->by_ike, id);

    return node ? CONTAINER_OF(node, struct sm_sa, by_ike) : NULL;
}

void sm_sa_count_half_open(struct sm_sa *sa)
{
    sa->counted_half_open = true;
    sa->shard->stats.half_open++;
}

void sm_sa_set_state(struct sm_sa *sa, enum sm_state state)
{
    if (state != SM_HALF_OPEN && sa->counted_half_open) {
        sa->counted_half_open = false;
        sa->shard->stats.half_open--;
    }
    sa->state = (uint8_t)state;
}

void sm_sa_start_timers(struct sm_sa *sa)
{
    struct ike_shard *shard = sa->shard;
    const struct ike_conn *conn = sa->conn;
    ns_time now = shard->now;

    sa->rekey_at = 0;
    sa->expires_at = 0;
    if (conn->rekey_time) {
        sa->rekey_at = now + sm_minus_random(shard, conn->rekey_time, conn->rand_time);
        if (conn->over_time)
            sa->expires_at = now + conn->rekey_time + conn->over_time;
    }
    sm_deadline_set(&shard->deadlines, &sa->rekey, sa->rekey_at);
    sm_deadline_set(&shard->deadlines, &sa->expire, sa->expires_at);
    if (conn->dpd_delay)
        sm_deadline_set(&shard->deadlines, &sa->dpd, now + conn->dpd_delay);
    sm_natt_keepalive_start(sa);
}

void sm_sa_established(struct sm_sa *sa)
{
    struct ike_shard *shard = sa->shard;

    sa->established = shard->now;
    setup_free(sa->setup);
    sa->setup = NULL;
    mem_wipe(&sa->keys.pi, sizeof sa->keys.pi); /* they have signed */
    mem_wipe(&sa->keys.pr, sizeof sa->keys.pr);
    shard->stats.ike_up++;
    sm_sa_start_timers(sa);
    sa->up_told = true;
    sm_sa_tell(sa, IKE_CHANGE_UP, "authenticated");
}

/* An end as it was wanted is a success for deletes alone: what was to make or
 * replace something has not. */
static void end_task(struct sm_task *task, int code, const char *text)
{
    bool wanted = task->kind == SM_TASK_DELETE_IKE || task->kind == SM_TASK_DELETE_CHILD ||
                  (task->kind == SM_TASK_REKEY_IKE && task->rival); /* the peer's took its place */

    sm_task_end(task, code == 0 && !wanted ? ERR_STATE : code, text);
}

static void end_tasks(struct sm_sa *sa, int code, const char *text)
{
    if (sa->out)
        end_task(sa->out, code, text);
    if (sa->in)
        sm_task_end(sa->in, ERR_STATE, text);
    while (!list_is_empty(&sa->queue))
        end_task(CONTAINER_OF(sa->queue.next, struct sm_task, node), code, text);
}

static void bury(struct sm_sa *sa)
{
    if (sa->counted_half_open)
        sa->shard->stats.half_open--;
    sa->counted_half_open = false;
    stop_timers(sa);
    unindex(sa);
    list_add_tail(&sa->shard->dead_sas, &sa->node);
}

void sm_sa_end(struct sm_sa *sa, enum sm_end how, int code, const char *text)
{
    struct ike_shard *shard = sa->shard;
    bool half_open = sa->counted_half_open;

    if (sa->state == SM_GONE) { /* lingering: its time is up */
        if (sa->linked && how == SM_END_NOW) {
            sa->linked = false;
            bury(sa);
        }
        return;
    }
    sm_sa_set_state(sa, SM_GONE);
    stop_timers(sa);
    end_tasks(sa, code, text);
    LIST_FOR_EACH(node, &sa->children)
    sm_child_remove(CONTAINER_OF(node, struct sm_child, node), text);
    if (sa->up_told && !sa->successor && !sa->redundant)
        sm_sa_tell(sa, IKE_CHANGE_DOWN, text);
    if (!sa->linked)
        return; /* never was in the lists; whoever made it frees it */
    shard->stats.ike_sas--;
    setup_free(sa->setup);
    sa->setup = NULL;
    if (how == SM_END_LINGER && sa->reply.p) {
        mem_wipe(&sa->keys.d, sizeof sa->keys.d);
        if (half_open) /* a peer that fails to authenticate goes on filling that limit */
            sm_sa_count_half_open(sa);
        sm_deadline_set(&shard->deadlines, &sa->expire,
                        shard->now + shard->settings.half_open_timeout);
        return;
    }
    sa->linked = false;
    bury(sa);
}

void sm_sa_tell(struct sm_sa *sa, enum ike_change what, const char *reason)
{
    struct ike_shard *shard = sa->shard;
    struct ike_sa_info info;

    if (!shard->observer.ike_changed)
        return;
    sm_sa_info(sa, &info);
    shard->observer.ike_changed(shard->observer.user, what, &info, reason);
}
