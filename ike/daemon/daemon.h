/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon: the network process as one object, and how its rooms meet.
 *
 *   main.c      start and stop in the right order
 *   daemon.c    the core's five ports on sockets, loop, SDK and key process
 *   udp.c       UDP 500                    install/   the SDK
 *   keyproc.c   the key process            keylog.c   --key-log
 *   sandbox.c   what both processes give up after the start
 *   load.c      configuration: read whole, then applied whole
 *   ctl.c       control socket; ctl_*.c its commands
 *
 * One thread, one libuv loop.
 */
#ifndef IKE_DAEMON_DAEMON_H
#define IKE_DAEMON_DAEMON_H

#include "ike/core/shard.h"
#include "ike/daemon/keylog.h"
#include "ike/daemon/keyproc.h"
#include "ike/daemon/options.h"
#include "ike/daemon/udp.h"
#include "ike/install/install.h"

#include <uv.h>

struct ctl;
struct ike_local_crypto;

struct daemon {
    struct daemon_options options;
    uv_loop_t loop;
    uv_timer_t shard_timer, install_timer;
    uv_prepare_t before_sleep;
    uv_poll_t udp4_poll, udp6_poll, keys_poll;
    uv_poll_t *install_poll; /* NULL: the data plane is not connected */
    int install_fd;
    uv_signal_t on_term, on_int, on_hup;
    struct udp_socket udp;
    struct keyproc *keys;
    struct keylog *keylog;
    struct ike_local_crypto *crypto; /* key exchanges; no secrets */
    struct ike_shard *shard;
    struct install *install;
    struct ctl *ctl;
    bool stopping;
    int exit_code;
    ns_time started;
    /* Connections in force, sorted by nothing; owned references. */
    struct ike_conn **conns;
    size_t n_conns;
};

/* daemon.c */
int daemon_open(struct daemon *d, const char *device, const struct ike_settings *settings,
                struct err *err);
void daemon_close(struct daemon *d);
void daemon_stop(struct daemon *d, int exit_code); /* deletes SAs politely, then ends the loop */

/* load.c */
struct ike_config;
int daemon_read_config(const char *path, struct ike_config **ret, struct err *err);
/* Secrets, then connections, then the drop rule: all of them or none. */
int daemon_apply_config(struct daemon *d, const struct ike_config *config, struct err *err);
int daemon_reload(struct daemon *d, struct err *err);
/* One connection from the control socket. Takes over nothing: adds a reference. */
int daemon_put_conn(struct daemon *d, struct ike_conn *conn, struct err *err);
/* Initiates what start_action = start asks for and is not up. */
void daemon_start_all(struct daemon *d);
int daemon_remove_conn(struct daemon *d, const char *name, struct err *err);

/* ctl.c */
int ctl_open(struct daemon *d, const char *path, struct ctl **ret, struct err *err);
void ctl_close(struct ctl *ctl);
/* Events for whoever registered; `what` as the core reports it. */
void ctl_ike_event(struct ctl *ctl, enum ike_change what, const struct ike_sa_info *sa);
void ctl_child_event(struct ctl *ctl, enum ike_change what, const struct ike_sa_info *sa,
                     const struct ike_child_info *child);

#endif
