/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client: one connection to the control socket and what waits to be sent on it.
 *
 * Sending never blocks: what the socket does not take waits in a bounded queue.
 * While anything waits, the server reads no further request of this client, so
 * replies cannot pile up; events beyond the bound are counted and dropped.
 */
#ifndef DP_CLIENT_H
#define DP_CLIENT_H

#include <sys/types.h>

#include "driver/soft/dpc/dpc.h"
#include "utils/base/list.h"

#define CLIENT_QUEUE_MAX 256u /* records */
#define CLIENT_QUEUE_BYTES (1u << 20)

/* The ids of a list that a client is walking through. */
struct client_walk {
    uint64_t *ids;
    size_t n, next;
};

struct client {
    int fd; /* -1: slot is free */
    pid_t pid;
    bool greeted, monitor;
    bool broken; /* to be closed once the current message is done with */
    char owner[NIC_NAME_LEN];
    struct list queue;
    size_t n_queued, queued_bytes;
    uint64_t events_lost;
    struct client_walk sas, rules;
};

void client_init(struct client *c, int fd, pid_t pid);
void client_fini(struct client *c);        /* closes */
bool client_waits(const struct client *c); /* something is queued */
/* ERR_FULL: dropped; other errors mark the client broken. */
int client_send(struct client *c, struct span frame);
void client_flush(struct client *c);

#endif
