/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/net/net_route.h"

#include "driver/net/net_nl.h"
#include "utils/base/mem.h"

#include <netlink/route/route.h>

/* A throw route loses against a TUN route to the same prefix. */
enum { PRIO_TUN = 100, PRIO_THROW = 200 };

int net_routes_open(struct net_routes **ret, struct err *err)
{
    struct net_routes *nr = mem_zalloc(sizeof *nr);
    int rc;

    if (!nr)
        return err_set(err, ERR_NOMEM, "no memory for a netlink socket");
    nr->sk = nl_socket_alloc();
    rc = nr->sk ? nl_connect(nr->sk, NETLINK_ROUTE) : -NLE_NOMEM;
    if (rc) {
        net_routes_close(nr);
        return err_set(err, ERR_IO, "netlink: %s", nl_geterror(rc));
    }
    *ret = nr;
    return 0;
}

void net_routes_close(struct net_routes *nr)
{
    if (!nr)
        return;
    nl_socket_free(nr->sk);
    mem_free(nr);
}

static struct nl_addr *nl_addr_of(const struct ip_addr *a, unsigned len)
{
    struct nl_addr *addr = nl_addr_build(a->family == 4 ? AF_INET : AF_INET6, a->b, ip_addr_len(a));

    if (addr)
        nl_addr_set_prefixlen(addr, (int)len);
    return addr;
}

/* libnl copies addresses by reference count: ours are put back right away. */
static int set_addrs(struct rtnl_route *r, const struct net_route *route)
{
    struct nl_addr *dst = nl_addr_of(&route->net, route->len);
    struct nl_addr *src = NULL;
    int rc = dst ? rtnl_route_set_dst(r, dst) : -NLE_NOMEM;

    if (!rc && !ip_addr_is_unset(&route->src)) {
        src = nl_addr_of(&route->src, (unsigned)(8 * ip_addr_len(&route->src)));
        rc = src ? rtnl_route_set_pref_src(r, src) : -NLE_NOMEM;
    }
    nl_addr_put(dst);
    nl_addr_put(src);
    return rc;
}

static int build(const struct net_route *route, struct rtnl_route **ret)
{
    struct rtnl_route *r = rtnl_route_alloc();
    struct rtnl_nexthop *nh = NULL;
    int rc;

    if (!r)
        return -NLE_NOMEM;
    rtnl_route_set_family(r, route->net.family == 4 ? AF_INET : AF_INET6);
    rtnl_route_set_table(r, NET_TABLE);
    rtnl_route_set_protocol(r, RTPROT_STATIC);
    rc = set_addrs(r, route);
    if (!rc && route->kind == NET_ROUTE_TUN) {
        nh = rtnl_route_nh_alloc();
        rc = nh ? 0 : -NLE_NOMEM;
    }
    if (rc) {
        rtnl_route_put(r);
        return rc;
    }
    if (nh) {
        rtnl_route_nh_set_ifindex(nh, route->ifindex);
        rtnl_route_add_nexthop(r, nh);
    }
    rtnl_route_set_type(r, nh ? RTN_UNICAST : RTN_THROW);
    rtnl_route_set_priority(r, nh ? PRIO_TUN : PRIO_THROW);
    rtnl_route_set_scope(r, nh ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE);
    *ret = r;
    return 0;
}

static int answer(int rc, const char *what, const struct net_route *route, struct err *err)
{
    char text[IP_TEXT_LEN];

    if (!rc)
        return 0;
    return err_set(err, ERR_IO, "%s route %s/%u: %s", what, ip_addr_text(&route->net, text),
                   route->len, nl_geterror(rc));
}

int net_route_add(struct net_routes *nr, const struct net_route *route, struct err *err)
{
    struct rtnl_route *r;
    int rc = build(route, &r);

    if (!rc) {
        rc = rtnl_route_add(nr->sk, r, NLM_F_REPLACE);
        rtnl_route_put(r);
    }
    return answer(rc, "add", route, err);
}

int net_route_del(struct net_routes *nr, const struct net_route *route, struct err *err)
{
    struct rtnl_route *r;
    int rc = build(route, &r);

    if (!rc) {
        rc = rtnl_route_delete(nr->sk, r, 0);
        rtnl_route_put(r);
    }
    if (rc == -NLE_OBJ_NOTFOUND || rc == -NLE_NODEV)
        rc = 0;
    return answer(rc, "delete", route, err);
}

int net_route_flush(struct net_routes *nr, struct err *err)
{
    struct nl_cache *cache;
    int rc = rtnl_route_alloc_cache(nr->sk, AF_UNSPEC, 0, &cache);

    if (rc)
        return err_set(err, ERR_IO, "list routes: %s", nl_geterror(rc));
    for (struct nl_object *o = nl_cache_get_first(cache); o; o = nl_cache_get_next(o)) {
        struct rtnl_route *r = (struct rtnl_route *)o;

        if (rtnl_route_get_table(r) == NET_TABLE && !rc)
            rc = rtnl_route_delete(nr->sk, r, 0);
        if (rc == -NLE_OBJ_NOTFOUND)
            rc = 0; /* went away between the listing and now */
    }
    nl_cache_free(cache);
    if (rc)
        return err_set(err, ERR_IO, "delete routes of table %u: %s", NET_TABLE, nl_geterror(rc));
    return 0;
}
