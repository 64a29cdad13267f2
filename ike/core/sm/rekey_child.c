/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rekey_child: a new Child SA in the place of one that is there (RFC 7296
 * 1.3.3, 2.8).
 *
 *   HDR, SK { N(REKEY_SA, our inbound SPI), SA, Ni, [KEi,] TSi, TSr }  -->
 *          the responder has the new inbound SA live, sends on the old one
 *          <--  HDR, SK { SA, Nr, [KEr,] TSi, TSr }
 *   both halves of the new SA are in use here
 *   HDR, SK { D(old) }  -->
 *          the responder sends on the new one
 *          <--  HDR, SK { D(old) }
 */
#include "ike/core/sm/child_make.h"
#include "ike/core/sm/collide.h"
#include "ike/core/sm/exchanges.h"
#include "ike/core/sm/life.h"
#include "ike/core/sm/negotiate.h"
#include "ike/core/sm/nonces.h"
#include "ike/core/sm/transitions.h"

/* ---- initiator ---- */

static int send_rekey(struct sm_task *task)
{
    struct sm_child *old = sm_child_by_id(task->sa->shard, task->target);
    struct ike_notify_payload rekey = { .proto = IKE_PROTO_ESP, .type = IKE_N_REKEY_SA };
    struct sm_out out;
    uint8_t spi[4];
    int rc;

    if (!old)
        return ERR_NOTFOUND; /* deleted while we prepared */
    rc = sm_out_begin(&out, task);
    if (rc < 0)
        return rc;
    put_be32(spi, old->spi_in);
    rekey.spi = span_of(spi, sizeof spi);
    ike_notify_write(&out.msg, &rekey);
    sm_child_put_request(task, &out, true);
    rc = sm_out_send(&out);
    if (rc == 0 && old->state == SM_CHILD_INSTALLED)
        old->state = SM_CHILD_REKEYING;
    return rc;
}

static int prepare(struct sm_task *task, struct sm_child *old)
{
    int rc;

    sm_nonce_draw(task->sa, &task->ni);
    rc = sm_child_prepare(task, true, send_rekey);
    if (rc == 0)
        task->child->tunnel = old->tunnel;
    return rc;
}

int sm_rekey_child_start(struct sm_task *task)
{
    struct sm_child *old = sm_child_by_id(task->sa->shard, task->target);
    const struct ike_child_conf *conf;
    struct ike_conn *conn;

    /* The peer was first, or is about to be. */
    if (!old || old->state != SM_CHILD_INSTALLED ||
        (task->sa->in && task->sa->in->target == old->id)) {
        sm_task_done(task);
        return 0;
    }
    sm_current_conf(old, &conn, &conf);
    sm_task_set_conf(task, conn, conf);
    return prepare(task, old);
}

/* The old one stays in use; once more a little later. */
static void unchanged(struct sm_task *task)
{
    struct sm_child *old = sm_child_by_id(task->sa->shard, task->target);

    if (old && old->state == SM_CHILD_REKEYING) {
        old->state = SM_CHILD_INSTALLED;
        sm_life_retry_child(old);
    }
}

static int made(struct sm_task *task)
{
    struct sm_sa *sa = task->sa;
    struct sm_child *child = task->child;
    struct sm_child *old = sm_child_by_id(sa->shard, task->target);

    task->child = NULL;
    if (task->child_error) {
        if (child) {
            sm_child_unwanted(child);
            unchanged(task);
        } else if (old && old->state != SM_CHILD_DRAINING) { /* the peer wants neither */
            old->replaced_by = 0;                            /* what crossed ours has lost */
            sm_task_add(sa, SM_TASK_DELETE_CHILD, old->id, NULL);
        }
        sm_task_end(task, ERR_REFUSED, ike_notify_name(task->child_error));
        return 0;
    }
    sm_child_installed(child, true);
    if (old && old->state == SM_CHILD_DRAINING)
        old->replaced_by = child->id;
    else if (old) {
        sm_child_replaced(old, child);
        sm_task_add(sa, SM_TASK_DELETE_CHILD, old->id, NULL);
    }
    sm_task_done(task);
    return 0;
}

static int accepted(struct sm_task *task)
{
    struct sm_child *child = task->child;

    if (sm_collide_lost(task)) {
        /* What the peer made takes the place; ours never came into use. */
        task->child = NULL;
        if (child)
            sm_child_unwanted(child);
        sm_task_done(task);
        return 0;
    }
    if (task->child_error)
        return made(task);
    sm_collide_abort_theirs(task->sa, SM_TASK_REKEY_CHILD, task->target);
    task->then = made;
    return sm_child_install(task);
}

int sm_rekey_child_response(struct sm_task *task)
{
    return sm_child_accept(task, true, accepted);
}

/* RFC 7296 2.25: what the peer does not know is to be made anew; TEMPORARY_FAILURE
 * may mean that its own rekey or delete of this SA is on the way. */
int sm_rekey_child_refused(struct sm_task *task)
{
    struct sm_sa *sa = task->sa;
    struct sm_child *old = sm_child_by_id(sa->shard, task->target);
    struct ike_notify_payload n;
    struct sm_task *anew;

    if (!ike_notify_find_error(&task->rx->pl, &n))
        return ERR_MALFORMED;
    if (!old || old->replaced_by || old->state == SM_CHILD_DRAINING) {
        sm_task_done(task);
        return 0;
    }
    if (n.type == IKE_N_INVALID_KE_PAYLOAD && sm_child_other_group(task, n.data) == 0) {
        sm_task_rewind(task);
        return prepare(task, old);
    }
    sm_log(sa->shard, LOG_NOTICE, true, "%s/%s: the peer refuses to rekey: %s", sa->conn->name,
           old->conf->name, ike_notify_name(n.type));
    if (n.type == IKE_N_CHILD_SA_NOT_FOUND &&
        sm_task_new(sa, SM_TASK_NEW_CHILD, task->cmd, &anew) == 0) {
        sm_task_set_conf(anew, task->conn, task->conf);
        sm_child_remove(old, "the peer does not know it");
        sm_task_queue(anew, true);
        sm_task_done(task);
        return 0;
    }
    unchanged(task);
    sm_task_end(task, n.type == IKE_N_TEMPORARY_FAILURE ? ERR_BUSY : ERR_REFUSED,
                ike_notify_name(n.type));
    return 0;
}

/* ---- responder ---- */

static bool is_going(const struct sm_child *old)
{
    return old->state == SM_CHILD_REKEYED || old->state == SM_CHILD_DELETING ||
           old->state == SM_CHILD_DRAINING;
}

static int answer(struct sm_task *task)
{
    struct sm_sa *sa = task->sa;
    struct sm_child *child = task->child;
    struct sm_child *old = sm_child_by_id(sa->shard, task->target);
    struct sm_task *ours = sm_task_find(sa, SM_TASK_REKEY_CHILD, task->target);
    struct sm_out out;
    int rc;

    if (child && (!old || is_going(old))) { /* replaced or deleted while we worked */
        sm_child_discard(child);
        task->child = child = NULL;
        task->child_error = IKE_N_TEMPORARY_FAILURE;
    }
    rc = sm_out_begin(&out, task);
    if (rc < 0)
        return rc;
    sm_child_put_answer(task, &out, true);
    rc = sm_out_send(&out);
    if (rc < 0)
        return rc;
    task->child = NULL;
    if (child) {
        sm_child_installed(child, true);
        if (ours && ours->sent)
            sm_collide_note(ours, child->id, task);
        sm_child_replaced(old, child);
    }
    sm_task_done(task);
    return 0;
}

static int refuse(struct sm_task *task, uint16_t type, uint32_t spi)
{
    struct ike_notify_payload n = { .proto = IKE_PROTO_ESP, .type = type };
    struct sm_out out;
    uint8_t bytes[4];
    int rc = sm_out_begin(&out, task);

    if (rc < 0)
        return rc;
    put_be32(bytes, spi);
    n.spi = span_of(bytes, sizeof bytes);
    ike_notify_write(&out.msg, &n);
    rc = sm_out_send(&out);
    if (rc == 0)
        sm_task_done(task);
    return rc;
}

int sm_rekey_child_request(struct sm_task *task)
{
    struct sm_sa *sa = task->sa;
    struct ike_notify_payload n;
    struct sm_child *old;
    struct sm_task *ours;
    uint32_t spi;

    if (!ike_notify_find(&task->rx->pl, IKE_N_REKEY_SA, &n) || n.spi.len != 4 ||
        sm_nonce_read(task, &task->ni) < 0)
        return sm_refuse_syntax(task);
    spi = get_be32(n.spi.p);
    old = n.proto == IKE_PROTO_ESP ? sm_child_by_spi_out(sa, spi) : NULL; /* we have no AH */
    if (!old && sm_collide_child_expected(sa))
        return sm_refuse_for_now(task);
    if (!old)
        return refuse(task, IKE_N_CHILD_SA_NOT_FOUND, spi);
    ours = sm_task_find(sa, SM_TASK_REKEY_CHILD, old->id);
    if (is_going(old) || (ours && ours->handling)) /* ours is answered and being installed */
        return sm_refuse_for_now(task);
    sm_collide_yield(sa, SM_TASK_REKEY_CHILD, old->id);
    sm_nonce_draw(sa, &task->nr);
    return sm_child_answer(task, true, old, answer);
}
