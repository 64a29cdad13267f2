/* SPDX-License-Identifier: Apache-2.0 */
/*
 * retransmit: the same bytes again until they are answered (RFC 7296 2.1, 2.4).
 * Waits grow by 1.7; a tenth of each is left to chance, so that many peers of
 * one gateway do not come back in step.
 */
#include "ike/core/sm/life.h"
#include "ike/core/sm/send.h"

static void arm(struct sm_task *task)
{
    struct ike_shard *shard = task->sa->shard;
    ns_time wait = sm_minus_random(shard, task->wait + task->wait / 20, task->wait / 10);

    sm_deadline_set(&shard->deadlines, &task->timer, shard->now + wait);
}

static void give_up(struct sm_task *task)
{
    struct sm_sa *sa = task->sa;

    sm_log(sa->shard, LOG_NOTICE, false, "%s: the peer does not answer (%s, %u tries)",
           sa->conn->name, sm_kind_name(task->kind), task->tries + 1u);
    if (sm_sa_is_up(sa))
        sm_life_lost(sa);
    else
        sm_task_end(task, ERR_TIMEOUT, "the peer does not answer");
}

static void on_timer(struct sm_deadline *deadline)
{
    struct sm_task *task = CONTAINER_OF(deadline, struct sm_task, timer);
    struct sm_sa *sa = task->sa;
    struct ike_shard *shard = sa->shard;
    ns_time limit = sm_sa_is_up(sa) ? sa->conn->dpd_timeout : 0;

    if (task->tries >= shard->settings.retransmit_tries ||
        (limit && shard->now - sa->last_rx >= limit)) {
        give_up(task);
        return;
    }
    task->tries++;
    task->wait += task->wait * 7 / 10;
    sa->retransmits++;
    shard->stats.retransmits_tx++;
    arm(task);
    sm_transmit(shard, sa, &sa->path, sm_blob_span(&task->request));
}

void sm_retransmit_start(struct sm_task *task)
{
    task->timer.fire = on_timer;
    task->tries = 0;
    task->wait = task->sa->shard->settings.retransmit_first;
    arm(task);
}

void sm_retransmit_stop(struct sm_task *task)
{
    sm_deadline_clear(&task->sa->shard->deadlines, &task->timer);
}
