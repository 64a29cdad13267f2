/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands: initiate, terminate, rekey, shutdown (shard.h), and their way back
 * to the caller.
 */
#include "ike/core/sm/commands.h"

#include "ike/core/sm/child_make.h"
#include "ike/core/sm/life.h"
#include "ike/core/sm/task.h"

#include <stdio.h>
#include <string.h>

struct sm_command *sm_command_new(ike_done_fn *done, void *user)
{
    struct sm_command *cmd = mem_zalloc(sizeof *cmd);

    if (!cmd) {
        if (done)
            done(user, ERR_NOMEM, "no memory");
        return NULL;
    }
    cmd->done = done;
    cmd->user = user;
    cmd->shares = 1;
    return cmd;
}

struct sm_command *sm_command_share(struct sm_command *cmd)
{
    if (cmd)
        cmd->shares++;
    return cmd;
}

void sm_command_end(struct sm_command *cmd, int code, const char *text)
{
    if (!cmd)
        return;
    if (code != 0 && cmd->code == 0) {
        cmd->code = code;
        snprintf(cmd->text, sizeof cmd->text, "%s", text && text[0] ? text : err_name(code));
    }
    if (--cmd->shares > 0)
        return;
    if (cmd->done)
        cmd->done(cmd->user, cmd->code, cmd->text);
    mem_free(cmd);
}

/* ---- initiate ---- */

static const struct ip_addr *remote_address(const struct ike_conn *conn)
{
    for (size_t i = 0; i < conn->n_remote_addrs; i++)
        if (ip_addr_eq(&conn->remote_addrs[i].lo, &conn->remote_addrs[i].hi) &&
            !ip_addr_is_unset(&conn->remote_addrs[i].lo))
            return &conn->remote_addrs[i].lo;
    return NULL;
}

struct sm_sa *sm_sa_for_conn(struct ike_shard *shard, const char *conn)
{
    struct sm_sa *found = NULL;

    LIST_FOR_EACH(node, &shard->sas)
    {
        struct sm_sa *sa = CONTAINER_OF(node, struct sm_sa, node);

        if (!sa->conn || sa->redundant || strcmp(sa->conn->name, conn) != 0)
            continue;
        if (sa->state == SM_ESTABLISHED || sa->state == SM_REKEYING)
            return sa;
        if (sa->initiator && !sm_sa_is_up(sa) && sa->state != SM_GONE)
            found = sa;
    }
    return found;
}

/* A task of `kind` that makes this child, queued or running. */
static bool being_made(struct sm_sa *sa, const char *name)
{
    const struct sm_task *out = sa->out;

    if (out && out->conf && out->kind != SM_TASK_REKEY_CHILD && strcmp(out->conf->name, name) == 0)
        return true;
    LIST_FOR_EACH(node, &sa->queue)
    {
        struct sm_task *task = CONTAINER_OF(node, struct sm_task, node);

        if (task->conf && task->kind != SM_TASK_REKEY_CHILD && strcmp(task->conf->name, name) == 0)
            return true;
    }
    return false;
}

static int add_child(struct sm_sa *sa, struct ike_conn *conn, const struct ike_child_conf *conf,
                     struct sm_command *cmd)
{
    struct sm_task *task;
    int rc;

    if (sm_child_by_name(sa, conf->name))
        return 0;
    /* A second command for the same child waits its turn and finds it up. */
    if (!cmd && being_made(sa, conf->name))
        return 0;
    rc = sm_task_new(sa, SM_TASK_NEW_CHILD, cmd, &task);
    if (rc < 0)
        return rc;
    sm_task_set_conf(task, conn, conf);
    sm_task_queue(task, false);
    return 0;
}

static int new_sa(struct ike_shard *shard, struct ike_conn *conn,
                  const struct ike_child_conf *first, uint32_t attempt, struct sm_command *cmd,
                  struct sm_sa **ret)
{
    const struct ip_addr *remote = remote_address(conn);
    struct sm_task *task;
    struct sm_sa *sa;
    int rc;

    if (!remote)
        return ERR_INVALID;
    rc = sm_sa_new(shard, conn, true, &sa);
    if (rc < 0)
        return rc;
    rc = sm_task_new(sa, SM_TASK_INIT, cmd, &task);
    if (rc < 0) {
        sm_sa_discard(sa);
        return rc;
    }
    sa->path.remote = (struct ip_endpoint){ .addr = *remote, .port = conn->remote_port };
    sa->path.local.port = conn->local_port;
    for (size_t i = 0; i < conn->n_local_addrs; i++)
        if (conn->local_addrs[i].family == remote->family && !sa->path.local.addr.family)
            sa->path.local.addr = conn->local_addrs[i];
    sa->attempt = attempt;
    sm_task_set_conf(task, conn, first);
    sm_sa_link(sa);
    list_add_tail(&sa->queue, &task->node); /* started when all children are in line */
    *ret = sa;
    return 0;
}

static int initiate(struct ike_shard *shard, struct ike_conn *conn, const char *child,
                    uint32_t attempt, struct sm_command *cmd)
{
    struct sm_sa *sa = sm_sa_for_conn(shard, conn->name);
    bool fresh = false;
    int rc = ERR_NOTFOUND;

    if (shard->closing)
        return ERR_STATE;
    for (size_t i = 0; i < conn->n_children; i++) {
        const struct ike_child_conf *conf = &conn->children[i];

        if (child && strcmp(child, conf->name) != 0)
            continue;
        if (!sa) {
            rc = new_sa(shard, conn, conf, attempt, cmd, &sa);
            fresh = rc == 0;
        } else {
            rc = add_child(sa, conn, conf, cmd);
        }
        if (rc < 0)
            break;
    }
    if (fresh)
        sm_task_next(sa);
    return rc;
}

void sm_initiate(struct ike_shard *shard, struct ike_conn *conn, const char *child,
                 uint32_t attempt, struct sm_command *cmd)
{
    int rc = initiate(shard, conn, child, attempt, cmd);
    const char *why = rc == ERR_INVALID    ? "remote_addrs has no single address to initiate to"
                      : rc == ERR_NOTFOUND ? "the connection has no such child"
                      : rc == ERR_STATE    ? "shutting down"
                      : rc == ERR_FULL     ? "too many IKE SAs"
                                           : err_name(rc);

    if (rc < 0 && cmd)
        sm_command_end(sm_command_share(cmd), rc, why);
}

/* ---- terminate and rekey ---- */

static bool name_fits(const char *want, const char *name)
{
    return !want || strcmp(want, name) == 0;
}

static bool sa_fits(const struct ike_target *target, const struct sm_sa *sa)
{
    return sa->state != SM_GONE && sa->state != SM_REKEYED && !sa->redundant &&
           (!target->ike || target->ike == sa->id) &&
           (!target->conn || (sa->conn && name_fits(target->conn, sa->conn->name)));
}

static bool child_fits(const struct ike_target *target, const struct sm_child *child)
{
    return (child->state == SM_CHILD_INSTALLED || child->state == SM_CHILD_REKEYING) &&
           (!target->child || target->child == child->id) &&
           name_fits(target->child_name, child->conf->name);
}

static void terminate_child(struct sm_child *child, bool force, struct sm_command *cmd)
{
    struct sm_task *task;

    task = sm_task_add(child->sa, SM_TASK_DELETE_CHILD, child->id, cmd);
    if (!force)
        return;
    if (task && !task->dead)
        sm_task_end(task, 0, "");
    sm_child_remove(child, "terminated by force");
}

static void terminate_sa(struct sm_sa *sa, bool force, struct sm_command *cmd)
{
    static const char why[] = "terminated while connecting";
    struct sm_task *task;

    /* After IKE_AUTH has left the peer may have an IKE SA already. */
    if (sa->state == SM_AUTH_SENT && sa->out && !force &&
        sm_task_new(sa, SM_TASK_DELETE_IKE, cmd, &task) == 0) {
        list_add_tail(sa->queue.next, &task->node);
        sm_task_quit(sa->out, ERR_STATE, why);
        return;
    }
    if (!sm_sa_is_up(sa)) {
        sm_sa_end(sa, SM_END_NOW, ERR_STATE, why);
        return;
    }
    if (sa->state == SM_DELETING && sa->out && sa->out->kind == SM_TASK_DELETE_IKE && !force) {
        if (!sa->out->cmd)
            sa->out->cmd = sm_command_share(cmd);
        return;
    }
    if (sm_task_new(sa, SM_TASK_DELETE_IKE, cmd, &task) == 0)
        sm_task_queue(task, true);
    else if (!force)
        sm_command_end(sm_command_share(cmd), ERR_NOMEM, "no memory");
    if (force) /* one delete has gone out if the window was free */
        sm_sa_end(sa, SM_END_NOW, 0, "terminated by force");
}

static unsigned terminate(struct ike_shard *shard, const struct ike_target *target,
                          struct sm_command *cmd)
{
    bool children = target->child || target->child_name;
    unsigned n = 0;

    LIST_FOR_EACH(node, &shard->sas)
    {
        struct sm_sa *sa = CONTAINER_OF(node, struct sm_sa, node);

        if (!sa_fits(target, sa))
            continue;
        if (!children) {
            n++;
            terminate_sa(sa, target->force, cmd);
            continue;
        }
        LIST_FOR_EACH(child_node, &sa->children)
        {
            struct sm_child *child = CONTAINER_OF(child_node, struct sm_child, node);

            if (!child_fits(target, child))
                continue;
            n++;
            terminate_child(child, target->force, cmd);
        }
    }
    return n;
}

static unsigned rekey(struct ike_shard *shard, const struct ike_target *target, bool children,
                      struct sm_command *cmd)
{
    unsigned n = 0;

    LIST_FOR_EACH(node, &shard->sas)
    {
        struct sm_sa *sa = CONTAINER_OF(node, struct sm_sa, node);

        if (!sa_fits(target, sa) || !sm_sa_is_up(sa))
            continue;
        if (!children) {
            n++;
            sm_task_add(sa, SM_TASK_REKEY_IKE, 0, cmd);
            continue;
        }
        LIST_FOR_EACH(child_node, &sa->children)
        {
            struct sm_child *child = CONTAINER_OF(child_node, struct sm_child, node);

            if (!child_fits(target, child))
                continue;
            n++;
            sm_task_add(sa, SM_TASK_REKEY_CHILD, child->id, cmd);
        }
    }
    return n;
}

/* ---- from the caller, perhaps from inside a port's request ---- */

enum verb { VERB_INITIATE, VERB_TERMINATE, VERB_REKEY, VERB_SHUTDOWN };

struct call {
    struct sm_work work;
    enum verb verb;
    bool children;
    bool has_conn, has_child;
    struct ike_target target;
    ike_done_fn *done;
    void *user;
    char conn[IKE_NAME_LEN], child[IKE_NAME_LEN];
};

static void call_drop(struct sm_work *work)
{
    struct call *call = CONTAINER_OF(work, struct call, work);

    if (call->done)
        call->done(call->user, ERR_STATE, "the IKE core goes away");
    mem_free(call);
}

static void shutdown_all(struct ike_shard *shard, struct sm_command *cmd)
{
    shard->closing = true;
    sm_restarts_free(shard);
    LIST_FOR_EACH(node, &shard->sas)
    {
        struct sm_sa *sa = CONTAINER_OF(node, struct sm_sa, node);

        if (sa->state != SM_GONE)
            terminate_sa(sa, false, cmd);
    }
}

static void call_execute(struct ike_shard *shard, const struct call *call)
{
    struct sm_command *cmd = sm_command_new(call->done, call->user);
    struct ike_conn *conn;
    unsigned n = 1;
    int code = 0;

    if (!cmd)
        return;
    switch (call->verb) {
    case VERB_INITIATE:
        conn = ike_shard_conn_get(shard, call->conn);
        if (conn)
            sm_initiate(shard, conn, call->has_child ? call->child : NULL, 0, cmd);
        else
            n = 0;
        break;
    case VERB_TERMINATE:
        n = terminate(shard, &call->target, cmd);
        break;
    case VERB_REKEY:
        n = rekey(shard, &call->target, call->children, cmd);
        break;
    case VERB_SHUTDOWN:
        shutdown_all(shard, cmd);
        break;
    }
    if (n == 0)
        code = ERR_NOTFOUND;
    sm_command_end(cmd, code,
                   call->verb == VERB_INITIATE ? "no such connection" : "nothing matches");
}

static void call_run(struct ike_shard *shard, struct sm_work *work)
{
    struct call *call = CONTAINER_OF(work, struct call, work);

    call_execute(shard, call);
    mem_free(call);
}

static void copy_name(char to[IKE_NAME_LEN], const char *from, bool *ret_has)
{
    *ret_has = from != NULL;
    if (from)
        snprintf(to, IKE_NAME_LEN, "%s", from);
}

/* Names are copied, so that the call can wait in the queue. */
static void submit(struct ike_shard *shard, ns_time now, struct call *call, const char *conn,
                   const char *child)
{
    struct call *later;

    copy_name(call->conn, conn, &call->has_conn);
    copy_name(call->child, child, &call->has_child);
    if (sm_enter(shard, now)) {
        call->target.conn = call->has_conn ? call->conn : NULL;
        call->target.child_name = call->has_child ? call->child : NULL;
        call_execute(shard, call);
        sm_leave(shard);
        return;
    }
    later = mem_dup(call, sizeof *call);
    if (!later) {
        if (call->done)
            call->done(call->user, ERR_NOMEM, "no memory");
        return;
    }
    later->target.conn = call->has_conn ? later->conn : NULL;
    later->target.child_name = call->has_child ? later->child : NULL;
    later->work = (struct sm_work){ .run = call_run, .drop = call_drop };
    sm_queue(shard, &later->work);
}

void ike_shard_initiate(struct ike_shard *shard, ns_time now, const char *conn, const char *child,
                        ike_done_fn *done, void *user)
{
    struct call call = { .verb = VERB_INITIATE, .done = done, .user = user };

    submit(shard, now, &call, conn, child);
}

void ike_shard_terminate(struct ike_shard *shard, ns_time now, const struct ike_target *target,
                         ike_done_fn *done, void *user)
{
    struct call call = { .verb = VERB_TERMINATE, .target = *target, .done = done, .user = user };

    submit(shard, now, &call, target->conn, target->child_name);
}

void ike_shard_rekey(struct ike_shard *shard, ns_time now, const struct ike_target *target,
                     bool child, ike_done_fn *done, void *user)
{
    struct call call = {
        .verb = VERB_REKEY, .target = *target, .children = child, .done = done, .user = user
    };

    submit(shard, now, &call, target->conn, target->child_name);
}

void ike_shard_shutdown(struct ike_shard *shard, ns_time now, ike_done_fn *done, void *user)
{
    struct call call = { .verb = VERB_SHUTDOWN, .done = done, .user = user };

    submit(shard, now, &call, NULL, NULL);
}
