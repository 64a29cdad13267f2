/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state: the shard object as the files of this room see it, and what all of
 * them use: entering and leaving, the queue for calls from inside a port, the
 * graveyard, operator lines.
 *
 * Life of memory: IKE SAs, Child SAs and tasks that end inside a call are put
 * in the graveyard and freed when the outermost call returns, so that no
 * function further up the stack holds a dangling pointer.
 */
#ifndef IKE_SM_STATE_H
#define IKE_SM_STATE_H

#include "ike/core/shard.h"
#include "ike/core/sm/deadline.h"
#include "ike/core/sm/index.h"
#include "utils/base/list.h"
#include "utils/base/log.h"

/* Something to be done when the outermost call is through.  Embedded in its
 * owner; `run` takes it over and it is no longer linked then. */
struct sm_work {
    struct list node;
    void (*run)(struct ike_shard *shard, struct sm_work *work);
    void (*drop)(struct sm_work *work); /* shard is being freed; NULL: owner frees itself */
};

struct sm_conn { /* an entry of shard->conns */
    struct list node;
    struct ike_conn *conn;
};

struct ike_shard {
    uint8_t index;
    bool busy;
    bool closing; /* ike_shard_shutdown(): nothing new is started */
    struct ike_ports ports;
    struct ike_observer observer;
    struct ike_settings settings;
    ns_time now; /* of the call being handled */

    struct list work;
    struct list sas;      /* struct sm_sa, oldest first */
    struct list conns;    /* struct sm_conn */
    struct list drains;   /* struct sm_child that outlive their IKE SA */
    struct list restarts; /* struct sm_restart */
    struct list dead_sas, dead_children, dead_tasks;

    struct sm_index by_spi;  /* our SPI -> struct sm_sa */
    struct sm_index by_peer; /* endpoint and SPIi -> struct sm_sa made as responder */
    struct sm_index by_ike;  /* id -> struct sm_sa */
    struct sm_index by_child;
    struct sm_index by_job;

    struct sm_deadlines deadlines;
    ns_time armed;
    uint64_t last_id; /* of IKE SAs, Child SAs, tunnels and jobs alike */
    struct ike_stats stats;
};

/* True if the caller may go on; false: the shard is busy, queue the input. */
bool sm_enter(struct ike_shard *shard, ns_time now);
/* Runs the queue, frees the dead, moves the timer. */
void sm_leave(struct ike_shard *shard);
void sm_queue(struct ike_shard *shard, struct sm_work *work);
uint64_t sm_next_id(struct ike_shard *shard);

void sm_drop(struct ike_shard *shard, enum ike_drop cause, const struct ike_path *path,
             const char *why);
/* One line to the observer. */
void sm_log(struct ike_shard *shard, enum log_level level, bool peer_caused, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
/* at - rand in [0, spread) */
ns_time sm_minus_random(struct ike_shard *shard, ns_time span, ns_time spread);

#endif
