/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task: the queue of our exchanges, and how exchanges end.
 */
#include "ike/core/sm/task.h"

#include "ike/core/sm/child_make.h"
#include "ike/core/sm/jobs.h"
#include "ike/core/sm/life.h"
#include "ike/core/sm/rekey_ike.h"
#include "ike/core/sm/send.h"
#include "ike/core/sm/transitions.h"

#include <string.h>

int sm_task_new(struct sm_sa *sa, enum sm_kind kind, struct sm_command *cmd, struct sm_task **ret)
{
    struct sm_task *task = mem_zalloc(sizeof *task);

    if (!task)
        return ERR_NOMEM;
    task->sa = sa;
    task->kind = (uint8_t)kind;
    task->initiator = kind != SM_TASK_ANSWER;
    task->cmd = sm_command_share(cmd);
    *ret = task;
    return 0;
}

void sm_task_set_conf(struct sm_task *task, struct ike_conn *conn,
                      const struct ike_child_conf *conf)
{
    struct ike_conn *old = task->conn;

    task->conn = ike_conn_ref(conn);
    task->conf = conf;
    ike_conn_unref(old);
}

void sm_task_queue(struct sm_task *task, bool first)
{
    struct list *queue = &task->sa->queue;

    list_add_tail(first ? queue->next : queue, &task->node);
    sm_task_next(task->sa);
}

struct sm_task *sm_task_add(struct sm_sa *sa, enum sm_kind kind, uint64_t target,
                            struct sm_command *cmd)
{
    struct sm_task *task;

    if (sm_task_new(sa, kind, cmd, &task) < 0) {
        if (cmd)
            sm_command_end(sm_command_share(cmd), ERR_NOMEM, "no memory");
        return NULL;
    }
    task->target = target;
    sm_task_queue(task, false);
    return task;
}

/* The first one in line that may begin in this state; those that never can end. */
static struct sm_task *pick(struct sm_sa *sa)
{
    bool waits = SM_IN(sa->state) & (SM_IN(SM_NEW) | SM_IN(SM_INIT_SENT) | SM_IN(SM_INIT_DONE) |
                                     SM_IN(SM_AUTH_SENT) | SM_IN(SM_HALF_OPEN));

    if (sm_rekey_ike_unsettled(sa) || (sa->in && sa->in->new_sa))
        return NULL; /* the peer replaces this IKE SA: what waits goes on under the new one */
    LIST_FOR_EACH(node, &sa->queue)
    {
        struct sm_task *task = CONTAINER_OF(node, struct sm_task, node);
        const struct sm_transition *row = sm_transition_start(task->kind, sa->state);

        if (row) {
            list_remove(node);
            task->row = row;
            return task;
        }
        if (!waits)
            sm_task_end(task, ERR_STATE, "the IKE SA is going down");
    }
    return NULL;
}

void sm_task_next(struct sm_sa *sa)
{
    struct sm_task *task;

    if (sa->starting)
        return;
    sa->starting = true;
    while (!sa->out && sa->state != SM_GONE && (task = pick(sa))) {
        sa->out = task;
        sm_task_step(task, task->row->handler(task));
    }
    sa->starting = false;
}

static void release_held(struct sm_task *task)
{
    struct ike_shard *shard = task->sa->shard;

    sm_job_orphan(task);
    sm_retransmit_stop(task);
    if (task->ke_held)
        shard->ports.crypto.ke_release(shard->ports.crypto.user, task->ke_handle);
    task->ke_held = false;
    sm_child_discard(task->child);
    task->child = NULL;
    sm_sa_discard(task->new_sa);
    task->new_sa = NULL;
}

void sm_task_rewind(struct sm_task *task)
{
    release_held(task);
    task->sent = false;
    task->handling = false;
    task->row = sm_transition_start(task->kind, SM_ESTABLISHED);
}

void sm_task_free(struct sm_task *task)
{
    if (!task->dead)
        release_held(task);
    list_remove(&task->node);
    mem_free_secret(task->rx, task->rx ? sizeof *task->rx + task->rx->len : 0);
    sm_command_end(task->cmd, ERR_STATE, "the IKE core goes away");
    sm_blob_free(&task->ke_public);
    sm_blob_free(&task->auth);
    sm_blob_free(&task->request);
    ike_conn_unref(task->conn);
    mem_free_secret(task, sizeof *task);
}

/* Takes the task out of its SA, enters `next`, starts the next one. */
static void finish(struct sm_task *task, uint8_t next, int code, const char *text)
{
    struct sm_sa *sa = task->sa;
    struct sm_command *cmd = task->cmd;
    const struct sm_transition *row = task->row;

    if (task->dead)
        return;
    if (next == SM_GONE && code != 0 && task->initiator && !sm_sa_is_up(sa) && sa->state != SM_GONE)
        sm_restart_failed_setup(sa);
    release_held(task);
    task->dead = true;
    task->cmd = NULL;
    if (sa->out == task)
        sa->out = NULL;
    if (sa->in == task)
        sa->in = NULL;
    list_remove(&task->node);
    list_add_tail(&sa->shard->dead_tasks, &task->node);
    if (sa->state != SM_GONE && row && next != SM_STAY) {
        if (next == SM_GONE) {
            sm_sa_end(sa, SM_END_NOW, code, text);
        } else {
            sm_sa_set_state(sa, next);
            if (row->timer == SM_TIMER_HALF_OPEN)
                sm_deadline_set(&sa->shard->deadlines, &sa->expire,
                                sa->shard->now + sa->shard->settings.half_open_timeout);
        }
    }
    sm_command_end(cmd, code, text);
    sm_task_next(sa);
}

void sm_task_done(struct sm_task *task)
{
    finish(task, task->row ? task->row->next : SM_STAY, 0, "");
}

void sm_task_done_with(struct sm_task *task, int code, const char *text)
{
    finish(task, task->row ? task->row->next : SM_STAY, code, text);
}

void sm_task_end(struct sm_task *task, int code, const char *text)
{
    finish(task, task->row ? task->row->fail : SM_STAY, code, text);
}

void sm_task_quit(struct sm_task *task, int code, const char *text)
{
    finish(task, SM_STAY, code, text);
}

void sm_task_step(struct sm_task *task, int rc)
{
    struct sm_sa *sa = task->sa;
    struct sm_child *old;

    if (rc >= 0 || task->dead)
        return;
    sm_log(sa->shard, LOG_WARN, false, "%s: gave up a %s exchange: %s",
           sa->conn ? sa->conn->name : "(no connection yet)", sm_kind_name(task->kind),
           err_name(rc));
    if (task->kind == SM_TASK_REKEY_CHILD && (old = sm_child_by_id(sa->shard, task->target)))
        sm_life_retry_child(old);
    if (task->kind == SM_TASK_REKEY_IKE)
        sm_life_retry_sa(sa);
    sm_task_end(task, rc, err_name(rc));
}

struct sm_task *sm_task_find(struct sm_sa *sa, enum sm_kind kind, uint64_t target)
{
    if (sa->out && sa->out->kind == kind && sa->out->target == target)
        return sa->out;
    LIST_FOR_EACH(node, &sa->queue)
    {
        struct sm_task *task = CONTAINER_OF(node, struct sm_task, node);

        if (task->kind == kind && task->target == target)
            return task;
    }
    return NULL;
}

const char *sm_kind_name(enum sm_kind kind)
{
    static const char *const names[SM_KINDS] = {
        [SM_TASK_INIT] = "set-up",
        [SM_TASK_AUTH] = "authentication",
        [SM_TASK_NEW_CHILD] = "new Child SA",
        [SM_TASK_REKEY_CHILD] = "Child SA rekey",
        [SM_TASK_REKEY_IKE] = "IKE SA rekey",
        [SM_TASK_DELETE_CHILD] = "Child SA delete",
        [SM_TASK_DELETE_IKE] = "IKE SA delete",
        [SM_TASK_PROBE] = "liveness",
        [SM_TASK_ANSWER] = "peer's",
    };

    return names[kind];
}
