/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restart: initiations that nobody asks for: keyingtries after a set-up that
 * failed, dpd_action = restart, close_action = start, lifetimes.
 */
#include "ike/core/sm/life.h"

#include <stdio.h>
#include <string.h>

static void restart_free(struct sm_restart *restart)
{
    sm_deadline_clear(&restart->shard->deadlines, &restart->deadline);
    list_remove(&restart->node);
    ike_conn_unref(restart->conn);
    mem_free(restart);
}

static void fire(struct sm_deadline *deadline)
{
    struct sm_restart *restart = CONTAINER_OF(deadline, struct sm_restart, deadline);
    struct ike_shard *shard = restart->shard;
    /* Taken out of the configuration meanwhile: not to be started again. */
    struct ike_conn *conn = ike_shard_conn_get(shard, restart->conn->name);
    struct sm_sa *sa;

    if (conn && ike_conn_child(conn, restart->child)) {
        sm_initiate(shard, conn, restart->child, restart->attempt, NULL);
        sa = sm_sa_for_conn(shard, conn->name);
        if (sa)
            sa->persist = true;
    }
    restart_free(restart);
}

static ns_time pause_before(struct ike_shard *shard, uint32_t attempt)
{
    ns_time wait = SM_RESTART_FIRST;

    if (attempt == 0)
        return 0;
    while (--attempt > 0 && wait < SM_RESTART_MAX)
        wait *= 2;
    if (wait > SM_RESTART_MAX)
        wait = SM_RESTART_MAX;
    return sm_minus_random(shard, wait, wait / 4);
}

void sm_restart_add(struct ike_shard *shard, struct ike_conn *conn, const char *child,
                    uint32_t attempt)
{
    struct sm_restart *restart;

    if (shard->closing)
        return;
    LIST_FOR_EACH(node, &shard->restarts)
    {
        struct sm_restart *other = CONTAINER_OF(node, struct sm_restart, node);

        if (strcmp(other->conn->name, conn->name) == 0 && strcmp(other->child, child) == 0)
            return;
    }
    restart = mem_zalloc(sizeof *restart);
    if (!restart) {
        sm_log(shard, LOG_ERROR, false, "%s/%s: no memory to start it again", conn->name, child);
        return;
    }
    restart->shard = shard;
    restart->conn = ike_conn_ref(conn);
    restart->attempt = attempt;
    restart->deadline.fire = fire;
    snprintf(restart->child, sizeof restart->child, "%s", child);
    list_add_tail(&shard->restarts, &restart->node);
    sm_deadline_set(&shard->deadlines, &restart->deadline,
                    shard->now + pause_before(shard, attempt));
}

static void failed_child(struct sm_sa *sa, const struct sm_task *task)
{
    uint32_t tries = sa->conn->keyingtries;

    if (!task || !task->conf)
        return;
    if (!sa->persist && task->conf->start_action != IKE_ACTION_START)
        return;
    if (tries && sa->attempt + 1 >= tries)
        return;
    sm_restart_add(sa->shard, task->conn, task->conf->name, sa->attempt + 1);
}

void sm_restart_failed_setup(struct sm_sa *sa)
{
    failed_child(sa, sa->out);
    LIST_FOR_EACH(node, &sa->queue)
    failed_child(sa, CONTAINER_OF(node, struct sm_task, node));
}

void sm_restarts_free(struct ike_shard *shard)
{
    LIST_FOR_EACH(node, &shard->restarts)
    restart_free(CONTAINER_OF(node, struct sm_restart, node));
}
