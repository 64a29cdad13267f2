/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setup: opens what needs privileges, starts and ends the workers.
 */
#include "utils/dp/dp.h"

#include "driver/net/net_link.h"
#include "driver/net/net_tun.h"
#include "utils/dp/udp.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Runs on a worker's thread, or on the control thread for time limits. */
static void on_engine_event(void *user, const struct nic_event *ev)
{
    const struct dp *dp = user;

    if (!worker_take_event(ev) && dp->on_event)
        dp->on_event(dp->event_user, ev);
}

static int route_add(void *user, const struct net_route *route, struct err *err)
{
    return net_route_add(user, route, err);
}

static int route_del(void *user, const struct net_route *route, struct err *err)
{
    return net_route_del(user, route, err);
}

static int local_addr(void *user, const struct ip_range *range, struct ip_addr *ret)
{
    (void)user;
    return net_link_addr_in(range, ret);
}

static int engine_up(struct dp *dp, struct err *err)
{
    struct engine_opts opts = {
        .event_fn = on_engine_event,
        .event_user = dp,
        .cipher = dp->opts.engine,
    };

    engine_caps(&dp->caps);
    dp->caps.families = 1; /* the sockets here are IPv4 */
    dp->caps.raw_esp = false;
    dp->caps.owns_natt_port = true;
    dp->caps.mtu_overhead = (uint16_t)(dp->caps.mtu_overhead - 20); /* outer IPv4, not IPv6 */
    return engine_new(&opts, &dp->engine, err);
}

/* The inner MTU leaves room for all that goes around it on the narrowest link. */
static unsigned choose_mtu(const struct dp *dp)
{
    unsigned link, mtu = DP_MTU_DEFAULT;

    if (dp->opts.mtu)
        return dp->opts.mtu;
    if (!net_link_smallest_mtu(dp->opts.tun, &link) && link >= DP_MTU_MIN + dp->caps.mtu_overhead &&
        link - dp->caps.mtu_overhead < mtu)
        mtu = link - dp->caps.mtu_overhead;
    return mtu;
}

/* rp_filter: decrypted packets come from prefixes whose way back may be another
 * interface for this host (loose mode asks only that there is one).  IPv6 stays
 * off the device, so that the kernel sends no neighbour chatter into it. */
static int link_up(const struct dp *dp, struct err *err)
{
    const char *tun = dp->opts.tun;
    struct err why = { 0 };

    if (net_link_sysctl("ipv4", tun, "rp_filter", "2", &why))
        log_line(LOG_WARN, "dp", "%s: a strict reverse path filter may drop packets", why.text);
    (void)net_link_sysctl("ipv6", tun, "disable_ipv6", "1", NULL); /* no IPv6, no chatter */
    /* See net_guard.h: lets a strict filter judge marked packets by the
     * routes that marked packets take. */
    if (net_link_sysctl("ipv4", "all", "src_valid_mark", "1", &why))
        log_line(LOG_WARN, "dp", "%s: host-to-host tunnels need a loose reverse path filter",
                 why.text);
    return net_link_up(tun, choose_mtu(dp), err);
}

static int routes_up(struct dp *dp, struct err *err)
{
    struct steer_port port = { route_add, route_del, local_addr, NULL };
    int ifindex = 0;
    int rc = net_link_index(dp->opts.tun, &ifindex, err);

    if (!rc)
        rc = net_routes_open(&dp->routes, err);
    /* What a killed predecessor left behind goes first. */
    if (!rc)
        rc = net_route_flush(dp->routes, err);
    if (!rc)
        rc = net_rule_del(dp->routes, err);
    if (!rc)
        rc = net_rule_add(dp->routes, err);
    port.user = dp->routes;
    steer_init(&dp->steer, &port, ifindex);
    return rc;
}

/* One data plane for each network namespace: table, rule and port are one. An
 * abstract socket name is known in its namespace alone and dies with us. */
static int claim_namespace(struct dp *dp, struct err *err)
{
    static const char name[] = "\0ipsec-offload-dp";
    struct sockaddr_un sun = { .sun_family = AF_UNIX };

    dp->claim_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (dp->claim_fd < 0)
        return err_errno(err, errno, "socket");
    memcpy(sun.sun_path, name, sizeof name);
    if (!bind(dp->claim_fd, (struct sockaddr *)&sun,
              (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof name)))
        return 0;
    if (errno == EADDRINUSE)
        return err_set(err, ERR_BUSY, "another data plane runs in this network namespace");
    return err_errno(err, errno, "claim of the network namespace");
}

static int sockets_up(struct dp *dp, struct err *err)
{
    for (unsigned i = 0; i < dp->opts.n_workers; i++) {
        int rc = udp_open(dp->opts.port, NET_MARK, dp->opts.n_workers > 1, &dp->udp_fds[i], err);

        if (rc)
            return rc;
    }
    dp->env.port = dp->opts.port;
    return udp_open_raw(NET_MARK, &dp->env.raw_fd, err);
}

int dp_up(struct dp *dp, const struct dp_options *opts, struct err *err)
{
    int rc;

    *dp = (struct dp){ .opts = *opts,
                       .claim_fd = -1,
                       .env = { .stop_fd = -1, .wake_fd = -1, .raw_fd = -1 } };
    for (unsigned i = 0; i < DP_WORKERS_MAX; i++)
        dp->tun_fds[i] = dp->udp_fds[i] = -1;
    steer_init(&dp->steer, &(struct steer_port){ 0 }, 0);
    if ((rc = claim_namespace(dp, err)) || (rc = engine_up(dp, err)) ||
        (rc = sockets_up(dp, err)) ||
        (rc = net_tun_open(opts->tun, opts->n_workers, dp->tun_fds, err)) ||
        (rc = link_up(dp, err)) || (rc = routes_up(dp, err)))
        return rc;
    dp->env.engine = dp->engine;
    dp->env.stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    dp->env.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (dp->env.stop_fd < 0 || dp->env.wake_fd < 0)
        return err_errno(err, errno, "eventfd");
    return 0;
}

int dp_start_workers(struct dp *dp, struct err *err)
{
    while (dp->n_workers < dp->opts.n_workers) {
        unsigned i = dp->n_workers;
        int rc = worker_start(&dp->workers[i], &dp->env, dp->tun_fds[i], dp->udp_fds[i], err);

        if (rc)
            return rc;
        dp->n_workers++;
    }
    return 0;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* The drop rule is not ours to take away: it stands when we are gone. */
void dp_down(struct dp *dp)
{
    uint64_t one = 1;
    struct err err = { 0 };

    if (dp->env.stop_fd >= 0 && write(dp->env.stop_fd, &one, sizeof one) < 0)
        log_line(LOG_ERROR, "dp", "cannot stop the workers: %s", strerror(errno));
    for (unsigned i = 0; i < dp->n_workers; i++)
        worker_join(&dp->workers[i]);
    dp->n_workers = 0;
    if (dp->routes && (net_route_flush(dp->routes, &err) || net_rule_del(dp->routes, &err)))
        log_line(LOG_WARN, "dp", "%s", err.text);
    net_routes_close(dp->routes);
    dp->routes = NULL;
    steer_fini(&dp->steer);
    for (unsigned i = 0; i < DP_WORKERS_MAX; i++) {
        close_fd(&dp->tun_fds[i]);
        close_fd(&dp->udp_fds[i]);
    }
    close_fd(&dp->claim_fd);
    close_fd(&dp->env.raw_fd);
    close_fd(&dp->env.stop_fd);
    close_fd(&dp->env.wake_fd);
    if (dp->engine)
        engine_free(dp->engine);
    dp->engine = NULL;
}

void dp_counters(const struct dp *dp, struct nic_device_counters *ret)
{
    engine_device_counters(dp->engine, ret);
    ret->ike_tx = dp->ike_tx;
    for (unsigned i = 0; i < dp->n_workers; i++) {
        const struct worker_counters *c = &dp->workers[i].counters;

        ret->ike_rx += atomic_load_explicit(&c->ike_rx, memory_order_relaxed);
        ret->keepalive_rx += atomic_load_explicit(&c->keepalive_rx, memory_order_relaxed);
        ret->drops[NIC_DROP_MALFORMED] += atomic_load_explicit(&c->malformed, memory_order_relaxed);
        ret->drops[NIC_DROP_DEVICE] += atomic_load_explicit(&c->device_drops, memory_order_relaxed);
    }
}
