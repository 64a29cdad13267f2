/* SPDX-License-Identifier: Apache-2.0 */
/* ctl_actions: `initiate`, `terminate`, `rekey`, `reload-settings`. */
#include "ike/daemon/ctl.h"

#include "utils/base/log.h"

#include <stdio.h>
#include <string.h>

/* A command under way: answered by the core, or by its own time-out. */
struct action {
    uv_timer_t timer;
    struct daemon *daemon;
    struct ctl_conn *conn; /* NULL: already answered */
};

static void on_timer_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static void respond_once(struct action *action, int code, const char *text)
{
    struct vici_writer w;

    if (!action->conn)
        return;
    if (text && *text) {
        vici_packet_begin(&w, VICI_EVENT, "control-log");
        vici_text(&w, "group", "IKE");
        vici_number(&w, "level", 1);
        vici_text(&w, "msg", text);
        ctl_stream(action->conn, "control-log", &w);
    }
    ctl_respond_result(action->conn, code, text);
    ctl_conn_unref(action->conn);
    action->conn = NULL;
}

static void on_timeout(uv_timer_t *timer)
{
    /* The core goes on; only the client is told not to wait. */
    respond_once(timer->data, ERR_TIMEOUT, "not done within the time-out; it goes on");
}

static void on_done(void *user, int code, const char *text)
{
    struct action *action = user;

    respond_once(action, code, text);
    uv_close((uv_handle_t *)&action->timer, on_timer_closed);
}

static struct action *action_new(const struct ctl_call *call)
{
    uint64_t timeout_ms = vici_find_number(call->args, "timeout", 0);
    struct action *action = mem_zalloc(sizeof *action);

    if (!action) {
        ctl_respond_result(call->conn, ERR_NOMEM, "no memory");
        return NULL;
    }
    action->daemon = call->daemon;
    action->conn = ctl_conn_ref(call->conn);
    uv_timer_init(&call->daemon->loop, &action->timer);
    action->timer.data = action;
    if (timeout_ms)
        uv_timer_start(&action->timer, on_timeout, timeout_ms, 0);
    return action;
}

/* swanctl names a child alone; the connection that has it is looked up. */
static const char *conn_of_child(struct daemon *d, const char *child)
{
    for (size_t i = 0; i < d->n_conns; i++)
        if (ike_conn_child(d->conns[i], child))
            return d->conns[i]->name;
    return NULL;
}

void ctl_initiate(const struct ctl_call *call)
{
    char ike[IKE_NAME_LEN], child[IKE_NAME_LEN];
    const char *conn = ike;
    struct action *action;

    vici_find_text(call->args, "ike", ike, sizeof ike);
    vici_find_text(call->args, "child", child, sizeof child);
    if (!ike[0])
        conn = conn_of_child(call->daemon, child);
    if (!conn || !ike_shard_conn_get(call->daemon->shard, conn)) {
        ctl_respond_result(call->conn, ERR_NOTFOUND, "no such connection or child");
        return;
    }
    action = action_new(call);
    if (action)
        ike_shard_initiate(call->daemon->shard, clock_now(), conn, child[0] ? child : NULL, on_done,
                           action);
}

static void target_of(const struct ctl_call *call, struct ike_target *ret, char ike[IKE_NAME_LEN],
                      char child[IKE_NAME_LEN])
{
    char force[8];

    vici_find_text(call->args, "ike", ike, IKE_NAME_LEN);
    vici_find_text(call->args, "child", child, IKE_NAME_LEN);
    vici_find_text(call->args, "force", force, sizeof force);
    *ret = (struct ike_target){
        .ike = vici_find_number(call->args, "ike-id", 0),
        .child = vici_find_number(call->args, "child-id", 0),
        .conn = ike[0] ? ike : NULL,
        .child_name = child[0] ? child : NULL,
        .force = strcmp(force, "yes") == 0,
    };
}

static bool target_is_empty(const struct ike_target *t)
{
    return !t->ike && !t->child && !t->conn && !t->child_name;
}

void ctl_terminate(const struct ctl_call *call)
{
    char ike[IKE_NAME_LEN], child[IKE_NAME_LEN];
    struct ike_target target;
    struct action *action;

    target_of(call, &target, ike, child);
    if (target_is_empty(&target)) {
        ctl_respond_result(call->conn, ERR_INVALID,
                           "one of ike, child, ike-id, child-id is expected");
        return;
    }
    action = action_new(call);
    if (action)
        ike_shard_terminate(call->daemon->shard, clock_now(), &target, on_done, action);
}

void ctl_rekey(const struct ctl_call *call)
{
    char ike[IKE_NAME_LEN], child[IKE_NAME_LEN], reauth[8];
    struct ike_target target;
    struct action *action;

    target_of(call, &target, ike, child);
    vici_find_text(call->args, "reauth", reauth, sizeof reauth);
    if (strcmp(reauth, "yes") == 0) {
        ctl_respond_result(call->conn, ERR_UNSUPPORTED,
                           "reauth: not supported in this version; terminate and initiate");
        return;
    }
    if (target_is_empty(&target)) {
        ctl_respond_result(call->conn, ERR_INVALID,
                           "one of ike, child, ike-id, child-id is expected");
        return;
    }
    action = action_new(call);
    if (action)
        ike_shard_rekey(call->daemon->shard, clock_now(), &target,
                        target.child || target.child_name, on_done, action);
}

void ctl_reload(const struct ctl_call *call)
{
    struct err err = { 0 };
    int rc = daemon_reload(call->daemon, &err);

    if (rc)
        log_line(LOG_ERROR, "daemon", "reload refused, the running configuration stays: %s",
                 err.text);
    ctl_respond_result(call->conn, rc, err.text);
}
