/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vici_client: a blocking client of the control socket: one command at a time,
 * with the events that it streams.  For the CLI and for tests; the daemon's
 * side is in ike/daemon.  Not thread-safe.
 *
 * Codes: ERR_NOTFOUND, ERR_PERM, ERR_IO: no connection; ERR_DEVICE: the daemon
 * closed it; ERR_TIMEOUT; ERR_UNSUPPORTED: the daemon does not know the command
 * or event; ERR_MALFORMED: what it sent is not VICI.
 */
#ifndef IKE_VICI_CLIENT_H
#define IKE_VICI_CLIENT_H

#include "ike/vici/vici_packet.h"
#include "utils/base/clock.h"

struct vici_client;

/* `path` of a Unix stream socket. */
int vici_client_connect(const char *path, struct vici_client **ret, struct err *err) MUST_CHECK;
void vici_client_close(struct vici_client *client); /* NULL accepted */

/* Called for each event, `message` borrowed for the call.  A negative answer
 * is returned by vici_client_command() once the response is there. */
typedef int vici_event_fn(void *user, struct span message);

struct vici_command {
    const char *name;
    struct vici_writer *args; /* a bare message (vici_writer_init); NULL: none */
    const char *event;        /* streamed while the command runs; NULL: none */
    vici_event_fn *on_event;
    void *user;
    ns_time timeout; /* for the whole command; 0 = 10 s */
};

/* *ret_response (NULL accepted) is borrowed until the next call. */
int vici_client_command(struct vici_client *client, const struct vici_command *cmd,
                        struct span *ret_response, struct err *err) MUST_CHECK;

/* 0 if the response says success = yes (or says nothing about it), else
 * ERR_REFUSED with its errmsg. */
int vici_response_ok(struct span response, struct err *err) MUST_CHECK;

#endif
