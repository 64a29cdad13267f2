/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker: a thread that carries packets between one queue of the TUN device
 * and one UDP socket, through the engine.
 *
 *   TUN  --read-->  engine_out  --sendmmsg-->  UDP 4500
 *   TUN  <-write--  engine_in   <-recvmmsg--   UDP 4500
 *
 * Nothing is allocated and no lock is taken for a packet.  With nothing to do
 * the thread sleeps in poll(), off line for the engine.
 */
#ifndef DP_WORKER_H
#define DP_WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "driver/soft/engine.h"
#include "utils/dp/ring.h"

struct worker_env {
    struct engine *engine;
    int stop_fd; /* readable once all workers shall end */
    int wake_fd; /* eventfd: events wait in a ring */
    int raw_fd;  /* bypassed packets */
    uint16_t port;
};

/* Written by the worker, read by the control thread. */
struct worker_counters {
    _Atomic uint64_t ike_rx, keepalive_rx, malformed, device_drops;
};

struct worker {
    const struct worker_env *env;
    int tun_fd, udp_fd;
    struct ring ring;
    struct worker_counters counters;
    struct worker_io *io;
    pthread_t thread;
    bool running;
};

/* The descriptors stay the caller's. */
int worker_start(struct worker *w, const struct worker_env *env, int tun_fd, int udp_fd,
                 struct err *err);
void worker_join(struct worker *w); /* after stop_fd became readable */

/* The engine's event function. On a worker's thread the event goes into its
 * ring; on any other it answers false, and the caller takes the event itself. */
bool worker_take_event(const struct nic_event *event);

#endif
