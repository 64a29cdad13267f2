/* SPDX-License-Identifier: Apache-2.0 */
/*
 * informational: deletes and liveness (RFC 7296 1.4, 2.4, 2.25).
 *
 *   HDR, SK { [D(ESP, our inbound SPIs)] | D(IKE) | }  -->
 *          <--  HDR, SK { [D(ESP, the other halves)] }
 */
#include "ike/core/sm/collide.h"
#include "ike/core/sm/exchanges.h"
#include "ike/core/sm/life.h"
#include "ike/core/sm/negotiate.h"
#include "ike/core/sm/rekey_ike.h"
#include "ike/core/sm/send.h"

/* ---- ours ---- */

void sm_child_unwanted(struct sm_child *child)
{
    child->state = SM_CHILD_DELETING;
    /* Without memory for the task now, it is tried again when this goes off. */
    sm_deadline_set(&child->shard->deadlines, &child->expire, child->shard->now + SM_RETRY_AFTER);
    sm_task_add(child->sa, SM_TASK_DELETE_CHILD, child->id, NULL);
}

int sm_delete_child_start(struct sm_task *task)
{
    struct sm_child *child = sm_child_by_id(task->sa->shard, task->target);
    struct sm_out out;
    int rc;

    if (task->cmd && child && child->replaced_by) { /* rekeyed since it was asked for */
        task->target = child->replaced_by;
        child = sm_child_by_id(task->sa->shard, task->target);
    }
    if (!child || child->state == SM_CHILD_DRAINING) { /* the peer was first */
        sm_task_done(task);
        return 0;
    }
    rc = sm_out_begin(&out, task);
    if (rc < 0)
        return rc;
    ike_delete_put_esp(&out.msg, child->spi_in);
    rc = sm_out_send(&out);
    if (rc < 0)
        return rc;
    child->state = SM_CHILD_DELETING;
    sm_deadline_clear(&child->shard->deadlines, &child->rekey);
    sm_deadline_clear(&child->shard->deadlines, &child->expire);
    return 0;
}

int sm_delete_child_response(struct sm_task *task)
{
    struct sm_child *child = sm_child_by_id(task->sa->shard, task->target);

    if (child)
        sm_child_deleted(child, "deleted");
    sm_task_done(task);
    return 0;
}

int sm_delete_ike_start(struct sm_task *task)
{
    struct sm_out out;
    int rc = sm_out_begin(&out, task);

    if (rc < 0)
        return rc;
    ike_delete_put_ike(&out.msg);
    return sm_out_send(&out);
}

int sm_delete_ike_response(struct sm_task *task)
{
    sm_sa_end(task->sa, SM_END_NOW, 0, "deleted");
    return 0;
}

int sm_probe_start(struct sm_task *task)
{
    return sm_reply_empty(task);
}

int sm_probe_response(struct sm_task *task)
{
    sm_task_done(task);
    return 0;
}

/* ---- the peer's ---- */

/* The peer's inbound SPI is our outbound one.  The answer names our inbound SPIs,
 * except for SAs that we are deleting ourselves (2.25.1). */
static void delete_child(struct sm_sa *sa, uint32_t spi, struct ike_delete *ret)
{
    struct sm_child *child = sm_child_by_spi_out(sa, spi);
    struct sm_sa *successor = sm_sa_by_id(sa->shard, sa->successor);
    const struct ike_child_conf *conf;
    struct ike_conn *conn;
    bool replaced;

    if (!child && successor) /* the peer may not have moved it yet */
        child = sm_child_by_spi_out(sa = successor, spi);
    if (!child) {
        uint32_t early = sm_collide_early_delete(sa, spi);

        if (early)
            ret->spis[ret->n_spis++] = early;
        return;
    }
    if (child->state != SM_CHILD_DELETING)
        ret->spis[ret->n_spis++] = child->spi_in;
    sm_collide_yield(sa, SM_TASK_REKEY_CHILD, child->id);
    sm_current_conf(child, &conn, &conf);
    replaced = child->replaced_by != 0;
    if (!replaced && child->state == SM_CHILD_INSTALLED && conf->close_action == IKE_ACTION_START)
        sm_restart_add(sa->shard, conn, conf->name, 0);
    sm_child_deleted(child, "deleted by the peer");
}

static int answer_deletes(struct sm_task *task, struct ike_delete *dead)
{
    struct sm_out out;
    int rc = sm_out_begin(&out, task);

    if (rc < 0)
        return rc;
    dead->proto = IKE_PROTO_ESP;
    if (dead->n_spis)
        ike_delete_write(&out.msg, dead);
    rc = sm_out_send(&out);
    if (rc == 0)
        sm_task_done(task);
    return rc;
}

/* The peer ends the IKE SA.  If it is the one both of us are replacing, the
 * Child SAs go on under what the peer's rekey made (2.25.2). */
static int delete_ike(struct sm_task *task)
{
    struct sm_sa *sa = task->sa, *rival;
    int rc = sm_reply_empty(task);

    if (rc < 0)
        return rc;
    rival = sm_rekey_ike_rival(sa);
    if (rival)
        sm_rekey_ike_hand_over(sa, rival);
    else if (!sa->successor && !sa->redundant && sa->state != SM_DELETING)
        sm_life_closed(sa);
    sm_sa_end(sa, SM_END_LINGER, rival || sa->state == SM_DELETING ? 0 : ERR_REFUSED,
              "deleted by the peer");
    return 0;
}

int sm_informational_request(struct sm_task *task)
{
    struct ike_delete dead = { .proto = IKE_PROTO_ESP };
    struct sm_sa *sa = task->sa;
    const struct ike_payloads *pl = &task->rx->pl;
    struct ike_notify_payload n;

    for (size_t i = 0; i < pl->n; i++) {
        struct ike_delete del;

        if (pl->p[i].type != IKE_PL_DELETE || ike_delete_read(pl->p[i].body, &del, NULL) < 0)
            continue;
        if (del.proto == IKE_PROTO_IKE)
            return delete_ike(task);
    }
    sm_rekey_ike_settle(sa);
    for (size_t i = 0; i < pl->n; i++) {
        struct ike_delete del;

        if (pl->p[i].type != IKE_PL_DELETE || ike_delete_read(pl->p[i].body, &del, NULL) < 0)
            continue;
        if (del.proto != IKE_PROTO_ESP)
            continue;
        for (size_t j = 0; j < del.n_spis && dead.n_spis < IKE_DELETE_MAX; j++)
            delete_child(sa, del.spis[j], &dead);
    }
    if (ike_notify_find_error(pl, &n))
        sm_log(sa->shard, LOG_NOTICE, true, "%s: the peer reports %s", sa->conn->name,
               ike_notify_name(n.type));
    return answer_deletes(task, &dead);
}
