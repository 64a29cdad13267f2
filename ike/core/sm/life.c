/* SPDX-License-Identifier: Apache-2.0 */
/*
 * life: timers and data-plane events, see life.h.
 */
#include "ike/core/sm/life.h"

#include "ike/core/sm/negotiate.h"
#include "ike/core/sm/rekey_ike.h"

static void start_again(struct sm_sa *sa, enum ike_start_action (*wanted)(const struct sm_child *))
{
    LIST_FOR_EACH(node, &sa->children)
    {
        struct sm_child *child = CONTAINER_OF(node, struct sm_child, node);
        const struct ike_child_conf *conf;
        struct ike_conn *conn;

        if (child->state == SM_CHILD_LARVAL || child->state == SM_CHILD_DRAINING ||
            child->replaced_by || wanted(child) != IKE_ACTION_START)
            continue;
        sm_current_conf(child, &conn, &conf);
        sm_restart_add(sa->shard, conn, conf->name, 0);
    }
}

static enum ike_start_action on_close(const struct sm_child *child)
{
    return child->conf->close_action;
}

static enum ike_start_action on_dpd(const struct sm_child *child)
{
    return child->conf->dpd_action == IKE_DPD_RESTART ? IKE_ACTION_START : IKE_ACTION_NONE;
}

static enum ike_start_action on_start(const struct sm_child *child)
{
    return child->conf->start_action;
}

/* ---- IKE SA ---- */

void sm_life_on_sa_rekey(struct sm_deadline *deadline)
{
    struct sm_sa *sa = CONTAINER_OF(deadline, struct sm_sa, rekey);

    if (sa->state != SM_ESTABLISHED || sm_task_find(sa, SM_TASK_REKEY_IKE, 0))
        return;
    sm_life_retry_sa(sa); /* should there be no memory for the task */
    sm_task_add(sa, SM_TASK_REKEY_IKE, 0, NULL);
}

void sm_life_retry_sa(struct sm_sa *sa)
{
    struct ike_shard *shard = sa->shard;

    if (sa->conn->rekey_time)
        sm_deadline_set(&shard->deadlines, &sa->rekey,
                        shard->now + sm_minus_random(shard, SM_RETRY_REKEY, SM_RETRY_REKEY / 2));
}

void sm_life_on_sa_expire(struct sm_deadline *deadline)
{
    struct sm_sa *sa = CONTAINER_OF(deadline, struct sm_sa, expire);
    struct ike_shard *shard = sa->shard;

    if (!sm_sa_is_up(sa)) {
        sm_sa_end(sa, SM_END_NOW, ERR_TIMEOUT, "half-open for too long");
        return;
    }
    if (sa->redundant && sa->state == SM_ESTABLISHED) {
        /* Its maker has deleted it or, not having got our answer, never had it. */
        sm_sa_end(sa, SM_END_NOW, 0, "not needed");
        return;
    }
    if (sa->state == SM_ESTABLISHED) {
        sm_log(shard, LOG_NOTICE, false, "%s: the IKE SA is at the end of its life",
               sa->conn->name);
        start_again(sa, on_start);
    }
    sm_deadline_set(&shard->deadlines, &sa->expire, shard->now + SM_RETRY_AFTER);
    if (sa->state != SM_DELETING && !sm_task_find(sa, SM_TASK_DELETE_IKE, 0))
        sm_task_add(sa, SM_TASK_DELETE_IKE, 0, NULL);
}

void sm_life_on_dpd(struct sm_deadline *deadline)
{
    struct sm_sa *sa = CONTAINER_OF(deadline, struct sm_sa, dpd);
    struct ike_shard *shard = sa->shard;
    ns_time delay = sa->conn->dpd_delay;
    ns_time due = sa->last_rx + delay;

    if (due > shard->now) {
        sm_deadline_set(&shard->deadlines, &sa->dpd, due);
        return;
    }
    sm_deadline_set(&shard->deadlines, &sa->dpd, shard->now + delay);
    if (!sa->out && list_is_empty(&sa->queue)) /* an exchange under way is a probe as well */
        sm_task_add(sa, SM_TASK_PROBE, 0, NULL);
}

void sm_life_lost(struct sm_sa *sa)
{
    if (sa->out)
        sm_rekey_ike_yield(sa->out);
    if (!sa->successor && !sa->redundant)
        start_again(sa, on_dpd);
    sm_sa_end(sa, SM_END_NOW, ERR_TIMEOUT, "the peer does not answer");
}

void sm_life_closed(struct sm_sa *sa)
{
    start_again(sa, on_close);
}

/* ---- Child SA ---- */

static void rekey_child(struct sm_child *child)
{
    if (!child->sa || child->state != SM_CHILD_INSTALLED ||
        sm_task_find(child->sa, SM_TASK_REKEY_CHILD, child->id))
        return;
    sm_life_retry_child(child); /* should there be no memory for the task */
    sm_task_add(child->sa, SM_TASK_REKEY_CHILD, child->id, NULL);
}

void sm_life_on_child_rekey(struct sm_deadline *deadline)
{
    rekey_child(CONTAINER_OF(deadline, struct sm_child, rekey));
}

void sm_life_retry_child(struct sm_child *child)
{
    struct ike_shard *shard = child->shard;
    ns_time after = child->lost ? SM_LOST_RETRY : SM_RETRY_REKEY;

    sm_deadline_set(&shard->deadlines, &child->rekey,
                    shard->now + sm_minus_random(shard, after, after / 2));
}

/* Deletes it; what is to be up all the time is made anew. */
static void expire_child(struct sm_child *child)
{
    struct sm_sa *sa = child->sa;
    const struct ike_child_conf *conf;
    struct ike_conn *conn;

    sm_deadline_set(&child->shard->deadlines, &child->expire, child->shard->now + SM_RETRY_AFTER);
    if (sm_task_find(sa, SM_TASK_DELETE_CHILD, child->id))
        return;
    if (child->state == SM_CHILD_INSTALLED && !child->replaced_by &&
        child->conf->start_action == IKE_ACTION_START) {
        sm_current_conf(child, &conn, &conf);
        sm_restart_add(child->shard, conn, conf->name, 0);
    }
    sm_task_add(sa, SM_TASK_DELETE_CHILD, child->id, NULL);
}

void sm_life_on_child_expire(struct sm_deadline *deadline)
{
    struct sm_child *child = CONTAINER_OF(deadline, struct sm_child, expire);

    if (child->state == SM_CHILD_DRAINING || !child->sa)
        sm_child_remove(child, "drained");
    else
        expire_child(child);
}

void sm_life_on_child_standby(struct sm_deadline *deadline)
{
    sm_child_activate(CONTAINER_OF(deadline, struct sm_child, activate));
}

void sm_life_event(struct sm_child *child, enum ike_child_event what)
{
    if (!child->installed || child->state == SM_CHILD_LARVAL)
        return;
    switch (what) {
    case IKE_CHILD_LOST: /* new keys: the old sequence numbers are not known */
        child->lost = true;
        rekey_child(child);
        break;
    case IKE_CHILD_SOFT_LIMIT:
        rekey_child(child);
        break;
    case IKE_CHILD_HARD_LIMIT:
        if (child->sa && child->state != SM_CHILD_DRAINING)
            expire_child(child);
        break;
    case IKE_CHILD_FIRST_PACKET:
        sm_child_activate(child);
        break;
    }
}
