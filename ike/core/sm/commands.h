/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands: what a caller of shard.h asked for, until all its parts are
 * through.  Each task that works for a command holds one share of it; when the
 * last share is given back the caller's `done` is called, once, with the first
 * failure or with success.
 */
#ifndef IKE_SM_COMMANDS_H
#define IKE_SM_COMMANDS_H

#include "ike/core/sm/ike_sa.h"

struct sm_command {
    ike_done_fn *done;
    void *user;
    uint32_t shares;
    int code;
    char text[ERR_TEXT_LEN];
};

/* One share for the caller. NULL: no memory, `done` has been told. */
struct sm_command *sm_command_new(ike_done_fn *done, void *user);
struct sm_command *sm_command_share(struct sm_command *cmd); /* NULL accepted */
/* Gives one share back with its outcome. NULL accepted. */
void sm_command_end(struct sm_command *cmd, int code, const char *text);

/* Brings up `child` of `conn` (NULL: all): on an IKE SA that is there, or on a
 * new one.  `attempt` counts keyingtries. */
void sm_initiate(struct ike_shard *shard, struct ike_conn *conn, const char *child,
                 uint32_t attempt, struct sm_command *cmd);
/* The first IKE SA of this connection that can take another child, or NULL. */
struct sm_sa *sm_sa_for_conn(struct ike_shard *shard, const char *conn);

#endif
