/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child_sa: Child SAs from larval to removed.
 *
 * Order of a rekey: the new SA's inbound half is live before the peer can send
 * on it (the install answer comes before our response or our delete leaves);
 * the responder's outbound half stands by until the peer shows that it has the
 * new SA; the old inbound half accepts for settings.drain_time after its delete.
 */
#include "ike/core/sm/child_sa.h"

#include "ike/core/sm/life.h"
#include "ike/core/sm/natt.h"

#include <string.h>

static void run_events(struct ike_shard *shard, struct sm_work *work)
{
    struct sm_child *child = CONTAINER_OF(work, struct sm_child, work);
    uint8_t events = child->events;

    (void)shard;
    child->events = 0;
    for (int what = IKE_CHILD_SOFT_LIMIT; what <= IKE_CHILD_LOST; what++)
        if (!child->dead && (events & (1u << what)))
            sm_life_event(child, (enum ike_child_event)what);
    if (!child->dead && child->move_waiting && child->sa)
        sm_natt_moved(child->sa, &child->moved_to);
    child->move_waiting = false;
}

int sm_child_new(struct sm_sa *sa, const struct ike_child_conf *conf, struct sm_child **ret)
{
    struct ike_shard *shard = sa->shard;
    struct sm_child *child;

    if (sa->n_children >= shard->settings.child_max)
        return ERR_FULL;
    child = mem_zalloc(sizeof *child);
    if (!child)
        return ERR_NOMEM;
    child->shard = shard;
    child->sa = sa;
    child->conf = conf;
    child->id = sm_next_id(shard);
    child->tunnel = child->id;
    child->mode = IKE_MODE_TUNNEL;
    child->work.run = run_events;
    child->rekey.fire = sm_life_on_child_rekey;
    child->expire.fire = sm_life_on_child_expire;
    child->activate.fire = sm_life_on_child_standby;
    sm_index_add(&shard->by_child, &child->by_child, child->id);
    list_add_tail(&sa->children, &child->node);
    sa->n_children++;
    *ret = child;
    return 0;
}

int sm_child_set_ts(struct sm_child *child, const struct ike_ts_list *local,
                    const struct ike_ts_list *remote)
{
    struct ike_ts *ts = mem_zalloc_array((size_t)local->n + remote->n, sizeof *ts);

    if (!ts)
        return ERR_NOMEM;
    memcpy(ts, local->ts, local->n * sizeof *ts);
    memcpy(ts + local->n, remote->ts, remote->n * sizeof *ts);
    mem_free(child->ts);
    child->ts = ts;
    child->n_local = local->n;
    child->n_remote = remote->n;
    return 0;
}

void sm_child_ts(const struct sm_child *child, struct ike_ts_list *ret_local,
                 struct ike_ts_list *ret_remote)
{
    memset(ret_local, 0, sizeof *ret_local);
    memset(ret_remote, 0, sizeof *ret_remote);
    if (!child->ts)
        return;
    ret_local->n = child->n_local;
    ret_remote->n = child->n_remote;
    memcpy(ret_local->ts, child->ts, child->n_local * sizeof *child->ts);
    memcpy(ret_remote->ts, child->ts + child->n_local, child->n_remote * sizeof *child->ts);
}

static void release_spi(struct sm_child *child)
{
    const struct ike_install_port *port = &child->shard->ports.install;

    if (child->esp_spi_held)
        port->spi_release(port->user, child->spi_in);
    child->esp_spi_held = false;
}

void sm_child_free(struct sm_child *child)
{
    struct ike_shard *shard = child->shard;

    release_spi(child);
    sm_deadline_clear(&shard->deadlines, &child->rekey);
    sm_deadline_clear(&shard->deadlines, &child->expire);
    sm_deadline_clear(&shard->deadlines, &child->activate);
    list_remove(&child->work.node);
    list_remove(&child->node);
    sm_index_remove(&shard->by_child, &child->by_child);
    ike_conn_unref(child->conn);
    mem_free(child->ts);
    mem_free(child);
}

static void bury(struct sm_child *child)
{
    struct ike_shard *shard = child->shard;

    if (child->dead)
        return;
    child->dead = true;
    release_spi(child);
    sm_deadline_clear(&shard->deadlines, &child->rekey);
    sm_deadline_clear(&shard->deadlines, &child->expire);
    sm_deadline_clear(&shard->deadlines, &child->activate);
    sm_index_remove(&shard->by_child, &child->by_child);
    if (child->sa)
        child->sa->n_children--;
    list_remove(&child->node);
    list_add_tail(&shard->dead_children, &child->node);
}

void sm_child_discard(struct sm_child *child)
{
    if (!child)
        return;
    if (child->installed)
        child->shard->ports.install.remove(child->shard->ports.install.user, child->id);
    child->installed = false;
    bury(child);
}

struct sm_child *sm_child_by_id(struct ike_shard *shard, uint64_t id)
{
    struct sm_index_node *node = sm_index_find(&shard->by_child, id);

    return node ? CONTAINER_OF(node, struct sm_child, by_child) : NULL;
}

struct sm_child *sm_child_by_spi_out(struct sm_sa *sa, uint32_t spi_out)
{
    LIST_FOR_EACH(node, &sa->children)
    {
        struct sm_child *child = CONTAINER_OF(node, struct sm_child, node);

        if (child->spi_out == spi_out && child->state != SM_CHILD_LARVAL &&
            child->state != SM_CHILD_DRAINING)
            return child;
    }
    return NULL;
}

struct sm_child *sm_child_by_name(struct sm_sa *sa, const char *name)
{
    LIST_FOR_EACH(node, &sa->children)
    {
        struct sm_child *child = CONTAINER_OF(node, struct sm_child, node);

        if ((child->state == SM_CHILD_INSTALLED || child->state == SM_CHILD_REKEYING) &&
            strcmp(child->conf->name, name) == 0)
            return child;
    }
    return NULL;
}

/* A tunnel whose IKE SA was forgotten goes on in the child that takes its place. */
static void inherit_tunnel(struct sm_child *child)
{
    LIST_FOR_EACH(node, &child->shard->drains)
    {
        struct sm_child *old = CONTAINER_OF(node, struct sm_child, node);

        if (!old->replaced_by && strcmp(old->conn->name, child->conn->name) == 0 &&
            strcmp(old->conf->name, child->conf->name) == 0 && old->n_local == child->n_local &&
            old->n_remote == child->n_remote &&
            memcmp(old->ts, child->ts,
                   ((size_t)child->n_local + child->n_remote) * sizeof *child->ts) == 0) {
            old->replaced_by = child->id;
            child->tunnel = old->tunnel;
            child->takes_over = true;
            /* It carries the traffic until the new one does. */
            sm_deadline_set(&old->shard->deadlines, &old->expire,
                            old->shard->now + old->shard->settings.drain_time);
            return;
        }
    }
}

void sm_child_fill_install(struct sm_child *child, bool responder, struct ike_child_install *ret)
{
    struct sm_sa *sa = child->sa;
    bool standby;

    memset(ret, 0, sizeof *ret);
    if (child->tunnel == child->id)
        inherit_tunnel(child);
    standby = responder && child->tunnel != child->id;
    child->standby = standby;
    child->udp_encap = sm_natt_encap(sa);
    ret->child = child->id;
    ret->tunnel = child->tunnel;
    ret->conn = child->conn->name;
    ret->name = child->conf->name;
    ret->suite = child->suite;
    ret->mode = (enum ike_mode)child->mode;
    ret->spi_in = child->spi_in;
    ret->spi_out = child->spi_out;
    sm_child_ts(child, &ret->local_ts, &ret->remote_ts);
    ret->path = sa->path;
    child->path_stale = false;
    ret->udp_encap = child->udp_encap;
    ret->out_standby = standby;
    ret->conf = child->conf;
    ret->rekey_after =
        sm_minus_random(child->shard, child->conf->rekey_time, child->conf->rand_time);
    child->rekey_at = ret->rekey_after; /* until installed: how long after that */
}

void sm_child_installed(struct sm_child *child, bool rekeyed)
{
    struct ike_shard *shard = child->shard;
    const struct ike_install_port *port = &shard->ports.install;

    child->installed = true;
    child->state = SM_CHILD_INSTALLED;
    child->installed_at = shard->now;
    child->rekey_at = child->rekey_at ? shard->now + child->rekey_at : 0;
    child->expires_at = child->conf->life_time ? shard->now + child->conf->life_time : 0;
    sm_deadline_set(&shard->deadlines, &child->rekey, child->rekey_at);
    sm_deadline_set(&shard->deadlines, &child->expire, child->expires_at);
    if (child->standby && child->takes_over)
        sm_deadline_set(&shard->deadlines, &child->activate, shard->now + SM_STANDBY_MAX);
    shard->stats.children++;
    if (rekeyed)
        shard->stats.child_rekeys++;
    else
        shard->stats.child_up++;
    if (child->path_stale) /* the peer moved meanwhile */
        port->update_path(port->user, child->id, &child->sa->path, child->udp_encap);
    sm_child_tell(child, rekeyed ? IKE_CHANGE_REKEYED : IKE_CHANGE_UP, "installed");
}

/* What it takes over from accepts for the drain time from now on. */
static void drain_from_now(struct sm_child *child)
{
    struct ike_shard *shard = child->shard;

    LIST_FOR_EACH(node, &shard->drains)
    {
        struct sm_child *old = CONTAINER_OF(node, struct sm_child, node);

        if (old->replaced_by == child->id)
            sm_deadline_set(&shard->deadlines, &old->expire,
                            shard->now + shard->settings.drain_time);
    }
}

void sm_child_activate(struct sm_child *child)
{
    const struct ike_install_port *port = &child->shard->ports.install;
    struct sm_child *next;

    if (!child->standby || !child->installed || child->state == SM_CHILD_DELETING)
        return;
    child->standby = false;
    for (next = child; (next = sm_child_by_id(child->shard, next->replaced_by));)
        if (!next->standby)
            return; /* traffic is further on already */
    sm_deadline_clear(&child->shard->deadlines, &child->activate);
    port->activate_out(port->user, child->id);
    if (child->takes_over)
        drain_from_now(child);
}

void sm_child_replaced(struct sm_child *old, struct sm_child *child)
{
    struct ike_shard *shard = old->shard;

    old->state = SM_CHILD_REKEYED;
    old->replaced_by = child->id;
    sm_deadline_clear(&shard->deadlines, &old->rekey);
    /* Should the peer forget to delete it, we do. */
    if (!old->expire.at || old->expire.at > shard->now + SM_STALE_AFTER)
        sm_deadline_set(&shard->deadlines, &old->expire, shard->now + SM_STALE_AFTER);
}

static void start_drain(struct sm_child *child)
{
    struct ike_shard *shard = child->shard;

    child->state = SM_CHILD_DRAINING;
    shard->stats.children--;
    sm_deadline_clear(&shard->deadlines, &child->rekey);
    sm_deadline_set(&shard->deadlines, &child->expire, shard->now + shard->settings.drain_time);
}

void sm_child_deleted(struct sm_child *child, const char *reason)
{
    struct sm_child *next = sm_child_by_id(child->shard, child->replaced_by);

    if (child->state == SM_CHILD_DRAINING)
        return;
    if (!child->installed || !next) {
        sm_child_remove(child, reason);
        return;
    }
    sm_child_activate(next);
    start_drain(child);
}

/* Another Child SA has the tunnel: what goes is not missed. */
static bool tunnel_goes_on(const struct sm_child *child)
{
    if (child->replaced_by)
        return true;
    LIST_FOR_EACH(node, &child->sa->children)
    {
        const struct sm_child *other = CONTAINER_OF(node, struct sm_child, node);

        if (other != child && other->tunnel == child->tunnel && other->installed &&
            other->state != SM_CHILD_LARVAL && other->state != SM_CHILD_DRAINING)
            return true;
    }
    return false;
}

void sm_child_remove(struct sm_child *child, const char *reason)
{
    struct ike_shard *shard = child->shard;
    const struct ike_install_port *port = &shard->ports.install;

    if (child->dead)
        return;
    if (child->installed) {
        port->remove(port->user, child->id);
        if (child->state != SM_CHILD_DRAINING) {
            shard->stats.children--;
            if (!tunnel_goes_on(child))
                sm_child_tell(child, IKE_CHANGE_DOWN, reason);
        }
    }
    child->installed = false;
    bury(child);
}

void sm_child_drain(struct sm_child *child, const char *reason)
{
    if (!child->installed || child->dead)
        return;
    if (child->state != SM_CHILD_DRAINING) {
        start_drain(child);
        sm_child_tell(child, IKE_CHANGE_DOWN, reason);
    }
    child->sa->n_children--;
    child->sa = NULL;
    list_remove(&child->node);
    list_add_tail(&child->shard->drains, &child->node);
}

void sm_child_move(struct sm_child *child, struct sm_sa *to)
{
    child->sa->n_children--;
    list_remove(&child->node);
    child->sa = to;
    to->n_children++;
    list_add_tail(&to->children, &child->node);
}

void sm_child_tell(struct sm_child *child, enum ike_change what, const char *reason)
{
    struct ike_shard *shard = child->shard;
    struct ike_child_info info;
    struct sm_child_view view;
    struct ike_sa_info sa;

    if (!shard->observer.child_changed || !child->sa)
        return;
    sm_sa_info(child->sa, &sa);
    sm_child_info(child, &view, &info);
    shard->observer.child_changed(shard->observer.user, what, &sa, &info, reason);
}

void ike_shard_child_event(struct ike_shard *shard, ns_time now, uint64_t id,
                           enum ike_child_event what)
{
    struct sm_child *child = sm_child_by_id(shard, id);

    if (!child)
        return;
    child->events = (uint8_t)(child->events | 1u << what);
    sm_queue(shard, &child->work);
    if (sm_enter(shard, now))
        sm_leave(shard);
}

void ike_shard_child_moved(struct ike_shard *shard, ns_time now, uint64_t id,
                           const struct ip_endpoint *remote)
{
    struct sm_child *child = sm_child_by_id(shard, id);

    if (!child)
        return;
    child->moved_to = *remote;
    child->move_waiting = true;
    sm_queue(shard, &child->work);
    if (sm_enter(shard, now))
        sm_leave(shard);
}
