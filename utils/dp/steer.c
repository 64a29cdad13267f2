/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/dp/steer.h"

#include "utils/base/log.h"
#include "utils/base/mem.h"

struct entry {
    struct list link;
    struct net_route route;
    uint64_t n_users;
};

/* ip_range_each_prefix() calls back without a way to stop: the first failure
 * stays, and `n_done` says how many to take back. */
struct walk {
    struct steer *s;
    enum net_route_kind kind;
    struct ip_addr src;
    bool undo;
    size_t n_todo; /* undo: how many */
    size_t n_done;
    struct err *err;
    int rc;
};

void steer_init(struct steer *s, const struct steer_port *port, int ifindex)
{
    *s = (struct steer){ .port = *port, .ifindex = ifindex };
    for (size_t i = 0; i < STEER_BUCKETS; i++)
        list_init(&s->buckets[i]);
}

void steer_fini(struct steer *s)
{
    for (size_t i = 0; i < STEER_BUCKETS; i++)
        LIST_FOR_EACH(node, &s->buckets[i])
        {
            list_remove(node);
            mem_free(CONTAINER_OF(node, struct entry, link));
        }
    s->n_routes = 0;
}

static struct list *bucket_of(struct steer *s, const struct ip_addr *net, unsigned len)
{
    uint32_t h = len * 2654435761u;

    for (size_t i = 0; i < ip_addr_len(net); i++)
        h = (h ^ net->b[i]) * 16777619u;
    return &s->buckets[(h >> 8) % STEER_BUCKETS];
}

static struct entry *find(struct steer *s, enum net_route_kind kind, const struct ip_addr *net,
                          unsigned len)
{
    LIST_FOR_EACH(node, bucket_of(s, net, len))
    {
        struct entry *e = CONTAINER_OF(node, struct entry, link);

        if (e->route.kind == kind && e->route.len == len && ip_addr_eq(&e->route.net, net))
            return e;
    }
    return NULL;
}

static int use(const struct walk *w, const struct ip_addr *net, unsigned len)
{
    struct steer *s = w->s;
    struct entry *e = find(s, w->kind, net, len);
    int rc;

    if (e) {
        e->n_users++;
        return 0;
    }
    e = mem_zalloc(sizeof *e);
    if (!e)
        return err_set(w->err, ERR_NOMEM, "no memory for a route");
    e->route = (struct net_route){ w->kind, *net, len, s->ifindex, w->src };
    e->n_users = 1;
    rc = s->port.add(s->port.user, &e->route, w->err);
    if (rc) {
        mem_free(e);
        return rc;
    }
    list_add_tail(bucket_of(s, net, len), &e->link);
    s->n_routes++;
    return 0;
}

static void unuse(const struct walk *w, const struct ip_addr *net, unsigned len)
{
    struct steer *s = w->s;
    struct entry *e = find(s, w->kind, net, len);
    struct err err = { 0 };

    if (!e || --e->n_users)
        return;
    if (s->port.del(s->port.user, &e->route, &err))
        log_line(LOG_WARN, "dp", "%s", err.text);
    list_remove(&e->link);
    mem_free(e);
    s->n_routes--;
}

static void each_prefix(void *user, const struct ip_addr *net, unsigned len)
{
    struct walk *w = user;

    if (w->undo) {
        if (w->n_done++ < w->n_todo)
            unuse(w, net, len);
    } else if (!w->rc) {
        w->rc = use(w, net, len);
        w->n_done += !w->rc;
    }
}

static void take_back(struct steer *s, enum net_route_kind kind, const struct ip_range *range,
                      size_t n)
{
    struct walk w = { .s = s, .kind = kind, .undo = true, .n_todo = n };

    ip_range_each_prefix(range, each_prefix, &w);
}

static int take(struct steer *s, enum net_route_kind kind, const struct ip_range *range,
                const struct ip_addr *src, struct err *err)
{
    struct walk w = { .s = s, .kind = kind, .src = *src, .err = err };

    ip_range_each_prefix(range, each_prefix, &w);
    if (w.rc)
        take_back(s, kind, range, w.n_done);
    return w.rc;
}

/* Remote 0.0.0.0/0 with local 10.1.0.0/24: packets to 10.1.0.7 are not for the
 * TUN device, where they may just have come from. */
static bool needs_way_back(const struct nic_selector *sel)
{
    struct ip_range r;

    return ip_range_intersect(&sel->local, &sel->remote, &r);
}

int steer_add(struct steer *s, const struct nic_selector *sel, struct err *err)
{
    struct ip_addr src = { 0 }, none = { 0 };
    int rc;

    if (s->port.local_addr(s->port.user, &sel->local, &src))
        src = none; /* a gateway without an address inside: the kernel chooses */
    if (needs_way_back(sel)) {
        rc = take(s, NET_ROUTE_THROW, &sel->local, &none, err);
        if (rc)
            return rc;
    }
    rc = take(s, NET_ROUTE_TUN, &sel->remote, &src, err);
    if (rc && needs_way_back(sel))
        take_back(s, NET_ROUTE_THROW, &sel->local, SIZE_MAX);
    return rc;
}

void steer_del(struct steer *s, const struct nic_selector *sel)
{
    take_back(s, NET_ROUTE_TUN, &sel->remote, SIZE_MAX);
    if (needs_way_back(sel))
        take_back(s, NET_ROUTE_THROW, &sel->local, SIZE_MAX);
}
