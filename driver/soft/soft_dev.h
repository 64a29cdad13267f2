/* SPDX-License-Identifier: Apache-2.0 */
/*
 * soft_dev: the backend "soft": a device that lives in another process.
 *
 * soft_dev.c has the ops, soft_conn.c the connection: connect, hello, requests
 * and their replies, loss and return; soft_provider.c is the way in.  Where the outside world
 * begins stands in struct soft_port, so that tests play the data plane, the clock and nft.
 *
 *   DOWN --connect--> HELLO --welcome--> UP --end of file, garbage--> DOWN
 *
 * A request is answered in the call: it waits for its reply at most
 * `deadline_ms`.  What arrives in between (events, replies to batches) waits in
 * the inbox for process().
 */
#ifndef SOFT_DEV_H
#define SOFT_DEV_H

#include "driver/core/provider.h"
#include "driver/net/net_guard.h"
#include "driver/soft/dpc/dpc.h"
#include "utils/base/list.h"

#define SOFT_INBOX_MAX 4096 /* records waiting for process() */
#define SOFT_PATH_LEN 108   /* as sun_path */

struct soft_port {
    /* A connected non-blocking SOCK_SEQPACKET descriptor in *ret_fd. */
    int (*connect)(void *user, const char *path, int *ret_fd, struct err *err);
    int (*guard)(void *user, const struct net_guard *guard, struct err *err);
    /* Changes with the addresses of this host, on which the guard depends. */
    uint64_t (*addrs)(void *user);
    ns_time (*now)(void *user);
    void *user;
    unsigned deadline_ms; /* for one reply */
};

enum soft_state { SOFT_DOWN, SOFT_HELLO, SOFT_UP };

/* A batch on its way. */
struct soft_pending {
    struct list link;
    uint32_t id;
    ns_time sent;
    struct nic_batch *batch;
};

/* One received record. */
struct soft_record {
    struct list link;
    struct dpc_header header;
    struct span payload; /* in bytes[] */
    uint8_t bytes[];
};

struct soft_dev {
    struct nic_device base;
    struct nic_ops ops;
    struct soft_port port;
    char path[SOFT_PATH_LEN];

    int fd; /* -1 in SOFT_DOWN */
    enum soft_state state;
    struct err why_down;
    uint32_t next_id, hello_id;
    ns_time hello_sent, retry_at, backoff;
    bool lost_due, back_due; /* events that process() still has to raise */
    bool told_lost;
    struct dpc_welcome welcome;

    struct list inbox; /* struct soft_record */
    size_t n_inbox;
    uint64_t n_lost_records;
    struct list pending; /* struct soft_pending, oldest first */

    struct nic_guard_entry *guard; /* as last set, for another TUN name */
    size_t n_guard;
    bool guard_due;
    uint64_t guard_addrs;  /* port.addrs() when it was loaded */
    ns_time guard_look_at; /* process() compares them at most once a second */
    uint8_t tx[DPC_FRAME_MAX];
    uint8_t rx[DPC_FRAME_MAX];
};

/* soft_dev.c: open with a port of the caller's. */
int soft_dev_open(const struct nic_open_params *params, const struct soft_port *port,
                  struct nic_device **ret, struct err *err);

/* soft_conn.c */
/* Connects and says hello; waits for the welcome if `wait`. */
int soft_conn_start(struct soft_dev *d, bool wait, struct err *err);
void soft_conn_down(struct soft_dev *d, const struct err *why);
int soft_conn_check(const struct soft_dev *d, struct err *err); /* 0 if up */
/* Begins a request in d->tx; returns its id. */
uint32_t soft_conn_begin(struct soft_dev *d, struct wr *wr, enum dpc_op op);
/* Sends what begin and the caller wrote, and wipes it. */
int soft_conn_send(struct soft_dev *d, struct wr *wr, struct err *err);
/* The same and waits; on success the caller frees *ret with mem_free(). A
 * reply that carries an error is that error. */
int soft_conn_call(struct soft_dev *d, struct wr *wr, uint32_t id, struct soft_record **ret,
                   struct err *err);
/* Moves what has arrived into the inbox; down on end of file or garbage. */
void soft_conn_pull(struct soft_dev *d);
struct soft_record *soft_conn_pop(struct soft_dev *d); /* NULL: inbox empty */
/* A reply that ends HELLO, either way. */
int soft_conn_welcome(struct soft_dev *d, const struct soft_record *record, struct err *err);
int soft_reply_error(const struct soft_record *record, struct err *err);

#endif
