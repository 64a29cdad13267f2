/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server: the control thread: the control socket, its clients, the lease, the
 * clock tick and events on their way to the lease holder.
 *
 * One client at a time holds the lease and may change things; others are
 * monitors.  The lease ends with the connection: reservations go, SAs and rules
 * stay and keep carrying traffic.  The next holder has a generation one higher.
 */
#ifndef DP_SERVER_H
#define DP_SERVER_H

#include "utils/dp/client.h"
#include "utils/dp/dp.h"

#define SERVER_CLIENTS_MAX 16

struct server {
    struct dp *dp;
    const char *path;
    int epoll_fd, listen_fd, signal_fd, timer_fd;
    bool ticking;
    unsigned idle_ticks;
    struct client clients[SERVER_CLIENTS_MAX];
    struct client *holder; /* NULL: the lease is free */
    uint32_t generation;   /* of the last lease */
    uint64_t instance;
    struct spi_set spis;
    uint64_t events_lost; /* nobody there, or too slow */
    size_t n_sas, n_rules;
    uint64_t n_refused;   /* connections */
    ns_time next_refusal; /* no log line about one before */
    uint8_t rx[DPC_FRAME_MAX], tx[DPC_FRAME_MAX];
};

/* Makes the socket; refuses if another process answers on it. */
int server_open(struct server *s, struct dp *dp, struct err *err);
int server_run(struct server *s, struct err *err); /* until SIGTERM or SIGINT */
void server_close(struct server *s);               /* removes the socket */
/* Time limits are watched for from now on. */
void server_tick_on(struct server *s);
/* The lease is free or its holder is gone and has been put away. */
bool server_lease_free(struct server *s);

/* session.c: carries out one request and queues its reply. */
void session_request(struct server *s, struct client *c, struct span frame);
/* Hands an event to the lease holder, or counts it. */
void session_event(struct server *s, const struct nic_event *ev);

#endif
