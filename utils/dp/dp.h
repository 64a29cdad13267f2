/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dp: everything that the process ipsec-offload-dp owns.
 *
 * main.c   start, privileges, end      setup.c    engine, TUN, sockets, routes
 * server.c control socket, events      session.c  one request, one reply
 * worker.c packets                     steer.c    what goes into the TUN device
 */
#ifndef DP_H
#define DP_H

#include "driver/soft/engine.h"
#include "utils/dp/options.h"
#include "utils/dp/spi.h"
#include "utils/dp/steer.h"
#include "utils/dp/worker.h"

struct dp {
    struct dp_options opts;
    struct nic_caps caps;
    struct engine *engine;
    struct net_routes *routes;
    struct steer steer;
    int tun_fds[DP_WORKERS_MAX], udp_fds[DP_WORKERS_MAX]; /* -1: not open */
    int claim_fd;                                         /* see claim_namespace() */
    struct worker_env env;
    struct worker workers[DP_WORKERS_MAX];
    unsigned n_workers; /* running */
    uint64_t ike_tx;
    engine_event_fn *on_event; /* events raised on the control thread */
    void *event_user;
};

/* setup.c: each undone by dp_down(), also after a failure half-way. */
int dp_up(struct dp *dp, const struct dp_options *opts, struct err *err);
int dp_start_workers(struct dp *dp, struct err *err);
void dp_down(struct dp *dp);

/* The engine's counters and the process's own. */
void dp_counters(const struct dp *dp, struct nic_device_counters *ret);

#endif
