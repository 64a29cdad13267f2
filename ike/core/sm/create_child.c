/* SPDX-License-Identifier: Apache-2.0 */
/*
 * create_child: a further Child SA (RFC 7296 1.3.1).
 *
 *   HDR, SK { SA, Ni, [KEi,] TSi, TSr }  -->
 *          <--  HDR, SK { SA, Nr, [KEr,] TSi, TSr }
 *          or   HDR, SK { N(why not) }
 */
#include "ike/core/sm/child_make.h"
#include "ike/core/sm/exchanges.h"
#include "ike/core/sm/negotiate.h"
#include "ike/core/sm/nonces.h"
#include "ike/core/sm/transitions.h"

/* ---- initiator ---- */

static int send_new(struct sm_task *task)
{
    struct sm_out out;
    int rc = sm_out_begin(&out, task);

    if (rc < 0)
        return rc;
    sm_child_put_request(task, &out, true);
    return sm_out_send(&out);
}

int sm_new_child_start(struct sm_task *task)
{
    if (sm_child_by_name(task->sa, task->conf->name)) { /* came up meanwhile */
        sm_task_done(task);
        return 0;
    }
    sm_nonce_draw(task->sa, &task->ni);
    return sm_child_prepare(task, true, send_new);
}

static int made(struct sm_task *task)
{
    struct sm_child *child = task->child;

    task->child = NULL;
    if (task->child_error) {
        if (child)
            sm_child_unwanted(child);
        sm_task_end(task, ERR_REFUSED, ike_notify_name(task->child_error));
        return 0;
    }
    sm_child_installed(child, false);
    sm_task_done(task);
    return 0;
}

static int accepted(struct sm_task *task)
{
    if (task->child_error)
        return made(task);
    task->then = made;
    return sm_child_install(task);
}

int sm_new_child_response(struct sm_task *task)
{
    return sm_child_accept(task, true, accepted);
}

int sm_child_other_group(struct sm_task *task, struct span data)
{
    const struct ike_child_conf *conf = task->conf;
    uint16_t group = data.len == 2 ? get_be16(data.p) : IKE_KE_NONE;

    if (group == task->ke_method || task->n_groups >= SM_GROUP_RETRIES ||
        !sm_group_offered(conf->esp_proposals, conf->n_esp_proposals, group))
        return ERR_REFUSED;
    task->n_groups++;
    task->ke_method = group;
    return 0;
}

int sm_new_child_refused(struct sm_task *task)
{
    struct ike_notify_payload n;

    if (!ike_notify_find_error(&task->rx->pl, &n))
        return ERR_MALFORMED;
    if (n.type == IKE_N_INVALID_KE_PAYLOAD && sm_child_other_group(task, n.data) == 0) {
        sm_task_rewind(task);
        return sm_child_prepare(task, true, send_new);
    }
    sm_log(task->sa->shard, LOG_NOTICE, true, "%s/%s: the peer refuses the Child SA: %s",
           task->sa->conn->name, task->conf->name, ike_notify_name(n.type));
    sm_task_end(task, n.type == IKE_N_TEMPORARY_FAILURE ? ERR_BUSY : ERR_REFUSED,
                ike_notify_name(n.type));
    return 0;
}

/* ---- responder ---- */

static int answer(struct sm_task *task)
{
    struct sm_child *child = task->child;
    struct sm_out out;
    int rc = sm_out_begin(&out, task);

    if (rc < 0)
        return rc;
    sm_child_put_answer(task, &out, true);
    rc = sm_out_send(&out);
    if (rc < 0)
        return rc;
    task->child = NULL;
    if (child)
        sm_child_installed(child, false);
    sm_task_done(task);
    return 0;
}

int sm_new_child_request(struct sm_task *task)
{
    if (sm_nonce_read(task, &task->ni) < 0)
        return ERR_MALFORMED;
    sm_nonce_draw(task->sa, &task->nr);
    return sm_child_answer(task, true, NULL, answer);
}
