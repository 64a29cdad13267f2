/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rekey_ike: a new IKE SA in the place of the old one (RFC 7296 1.3.2, 2.18).
 *
 *   HDR, SK { SA (new SPIi), Ni, KEi }  -->
 *          <--  HDR, SK { SA (new SPIr), Nr, KEr }
 *   the Child SAs belong to the new IKE SA on both sides; message ids start
 *   again at 0; who began the rekey deletes the old IKE SA:
 *   HDR, SK { D(IKE) }  -->
 *          <--  HDR, SK { }
 */
#include "ike/core/sm/rekey_ike.h"

#include "ike/core/sm/child_make.h"
#include "ike/core/sm/collide.h"
#include "ike/core/sm/exchanges.h"
#include "ike/core/sm/jobs.h"
#include "ike/core/sm/life.h"
#include "ike/core/sm/negotiate.h"
#include "ike/core/sm/nonces.h"
#include "ike/core/sm/transitions.h"

static int derive(struct sm_task *task, struct span secret)
{
    struct sm_sa *old = task->sa, *sa = task->new_sa;
    const struct ike_keymat_in in = {
        .suite = &sa->suite,
        .secret = secret,
        .ni = sm_nonce_span(&task->ni),
        .nr = sm_nonce_span(&task->nr),
        .spi_i = sa->spi_i,
        .spi_r = sa->spi_r,
    };

    return ike_keymat_rekey(&in, old->suite.prf.id, ike_sk_key_span(&old->keys.d), &sa->keys, NULL);
}

static int make_sa(struct sm_task *task, bool initiator)
{
    struct sm_sa *old = task->sa, *sa;
    struct ike_conn *conn = sm_current_conn(old->shard, old->conn);
    int rc = sm_sa_new(old->shard, conn, initiator, &sa);

    if (rc < 0)
        return rc;
    task->new_sa = sa;
    sa->path = old->path;
    sa->nat_local = old->nat_local;
    sa->nat_remote = old->nat_remote;
    sa->nat_fake = old->nat_fake;
    sa->persist = old->persist;
    sa->local_id = mem_dup(old->local_id, sizeof *old->local_id);
    sa->remote_id = mem_dup(old->remote_id, sizeof *old->remote_id);
    return sa->local_id && sa->remote_id ? 0 : ERR_NOMEM;
}

/* The new IKE SA can be used from now on. */
static struct sm_sa *begin(struct sm_task *task)
{
    struct sm_sa *old = task->sa, *sa = task->new_sa;

    task->new_sa = NULL;
    sm_sa_link(sa);
    sm_sa_set_state(sa, SM_ESTABLISHED);
    sa->path = old->path;
    sa->established = sa->last_rx = sa->last_tx = sa->shard->now;
    mem_wipe(&sa->keys.pi, sizeof sa->keys.pi);
    mem_wipe(&sa->keys.pr, sizeof sa->keys.pr);
    sm_sa_start_timers(sa);
    sm_sa_log_keys(sa);
    return sa;
}

/* Our own rekey that decides whether `sa` inherits; NULL: none. */
static struct sm_task *rival_task(struct sm_sa *sa)
{
    struct sm_sa *old = sa->rival_of ? sm_sa_by_id(sa->shard, sa->rival_of) : NULL;

    return old && old->out && old->out->rival == sa->id ? old->out : NULL;
}

/* What the old IKE SA held goes on under the new one: Child SAs, and tasks that
 * had not begun. */
void sm_rekey_ike_hand_over(struct sm_sa *old, struct sm_sa *sa)
{
    struct ike_shard *shard = old->shard;
    struct sm_task *ours;

    LIST_FOR_EACH(node, &old->children)
    {
        struct sm_child *child = CONTAINER_OF(node, struct sm_child, node);

        if (child->state != SM_CHILD_LARVAL)
            sm_child_move(child, sa);
    }
    LIST_FOR_EACH(node, &old->queue)
    {
        struct sm_task *task = CONTAINER_OF(node, struct sm_task, node);

        list_remove(node);
        task->sa = sa;
        list_add_tail(&sa->queue, node);
    }
    ours = rival_task(old);
    if (ours) { /* what was to inherit is replaced itself */
        ours->rival = sa->id;
        sa->rival_of = old->rival_of;
    }
    old->successor = sa->id;
    sa->up_told = old->up_told;
    sm_deadline_clear(&shard->deadlines, &old->rekey);
    sm_deadline_clear(&shard->deadlines, &old->dpd);
    sm_deadline_clear(&shard->deadlines, &old->keepalive);
    /* Should the peer forget to delete it, we do. */
    sm_deadline_set(&shard->deadlines, &old->expire, shard->now + SM_STALE_AFTER);
    shard->stats.ike_rekeys++;
    sm_sa_tell(sa, IKE_CHANGE_REKEYED, "rekeyed");
    sm_task_next(sa);
}

bool sm_rekey_ike_yield(struct sm_task *ours)
{
    struct sm_sa *old = ours->sa;
    struct ike_shard *shard = old->shard;
    struct sm_sa *rival;

    if (ours->kind != SM_TASK_REKEY_IKE || !ours->rival)
        return false;
    rival = sm_sa_by_id(shard, ours->rival);
    if (old->successor) {
        /* handed over when the peer used it */
    } else if (rival && rival->state != SM_GONE) {
        sm_rekey_ike_hand_over(old, rival);
    } else { /* the peer has deleted it since, and with it what it had inherited there */
        LIST_FOR_EACH(node, &old->children)
        sm_child_remove(CONTAINER_OF(node, struct sm_child, node), "deleted by the peer");
        sm_deadline_set(&shard->deadlines, &old->expire, shard->now + SM_STALE_AFTER);
    }
    sm_sa_set_state(old, SM_REKEYED);
    return true;
}

void sm_rekey_ike_used(struct sm_sa *sa)
{
    struct sm_task *ours = rival_task(sa);

    if (ours && !ours->sa->successor)
        sm_rekey_ike_hand_over(ours->sa, sa);
}

/* It lost the collision; its maker deletes it.  A maker that gave its rekey up never
 * had it (RFC 7296 2.25.2), so in the end it goes without a word (life.c). */
static void set_redundant(struct sm_sa *sa)
{
    struct ike_shard *shard = sa->shard;

    sa->redundant = true;
    sm_deadline_clear(&shard->deadlines, &sa->rekey);
    sm_deadline_clear(&shard->deadlines, &sa->dpd);
    sm_deadline_clear(&shard->deadlines, &sa->keepalive);
    sm_deadline_set(&shard->deadlines, &sa->expire, shard->now + SM_REDUNDANT_AFTER);
}

/* ---- initiator ---- */

static int send_rekey(struct sm_task *task)
{
    struct ike_proposal proposals[IKE_PROPOSALS_MAX];
    const struct ike_ke ke = { .method = task->ke_method, .data = sm_blob_span(&task->ke_public) };
    struct sm_out out;
    size_t n;
    int rc = sm_out_begin(&out, task);

    if (rc < 0)
        return rc;
    n = sm_offer_ike(task->new_sa->conn, task->new_sa->spi_i, proposals);
    ike_sa_write(&out.msg, proposals, n);
    ike_nonce_write(&out.msg, sm_nonce_span(&task->ni));
    ike_ke_write(&out.msg, &ke);
    return sm_out_send(&out);
}

static int have_ke(struct sm_task *task, const struct sm_answer *answer)
{
    if (answer->code != 0)
        return answer->code;
    task->ke_held = true;
    task->ke_handle = answer->handle;
    if (sm_blob_set(&task->ke_public, answer->data) < 0)
        return ERR_NOMEM;
    return send_rekey(task);
}

static int prepare(struct sm_task *task)
{
    int rc = make_sa(task, true);

    if (rc < 0)
        return rc;
    sm_nonce_draw(task->sa, &task->ni);
    return sm_job_ke(task, task->ke_method, have_ke);
}

int sm_rekey_ike_start(struct sm_task *task)
{
    const struct ike_conn *conn = sm_current_conn(task->sa->shard, task->sa->conn);

    /* The group in use is the one the peer is known to take. */
    task->ke_method = task->sa->suite.ke.id;
    if (!sm_group_offered(conn->proposals, conn->n_proposals, task->ke_method))
        task->ke_method = sm_first_group(conn->proposals, conn->n_proposals);
    return prepare(task);
}

static int have_shared(struct sm_task *task, const struct sm_answer *answer)
{
    struct sm_sa *old = task->sa, *sa, *rival;
    int rc = answer->code;

    if (rc == 0)
        rc = derive(task, answer->data);
    if (rc < 0)
        return rc;
    sm_collide_abort_theirs(old, SM_TASK_REKEY_IKE, 0);
    sa = begin(task);
    if (old->successor || sm_collide_lost(task)) {
        set_redundant(sa);
        sm_rekey_ike_yield(task);
        sm_task_add(sa, SM_TASK_DELETE_IKE, 0, NULL);
        sm_task_done(task);
        return 0;
    }
    rival = sm_sa_by_id(old->shard, task->rival);
    if (rival && rival->state != SM_GONE)
        set_redundant(rival);
    sm_rekey_ike_hand_over(old, sa);
    sm_task_add(old, SM_TASK_DELETE_IKE, 0, NULL);
    sm_task_done(task);
    return 0;
}

int sm_rekey_ike_response(struct sm_task *task)
{
    struct sm_sa *sa = task->new_sa;
    struct ike_sa_payload theirs;
    struct ike_ke ke;
    uint8_t num;
    int rc;

    if (ike_sa_read(sm_body(task, IKE_PL_SA), &theirs, NULL) < 0 || !sm_is_answer(&theirs) ||
        sm_choose_ike(sa->conn, &theirs, true, &sa->suite, &num, &sa->spi_r) < 0 ||
        ike_ke_read(sm_body(task, IKE_PL_KE), &ke, NULL) < 0 || ke.method != task->ke_method ||
        sa->suite.ke.id != task->ke_method || sm_nonce_read(task, &task->nr) < 0)
        return ERR_MALFORMED;
    rc = sm_job_shared(task, task->ke_handle, ke.data, have_shared);
    if (rc == 0)
        task->ke_held = false;
    return rc;
}

int sm_rekey_ike_refused(struct sm_task *task)
{
    struct sm_sa *sa = task->sa;
    const struct ike_conn *conn = task->new_sa->conn;
    struct ike_notify_payload n;
    uint16_t group;

    if (!ike_notify_find_error(&task->rx->pl, &n))
        return ERR_MALFORMED;
    group =
        n.type == IKE_N_INVALID_KE_PAYLOAD && n.data.len == 2 ? get_be16(n.data.p) : IKE_KE_NONE;
    if (group != task->ke_method && task->n_groups < SM_GROUP_RETRIES &&
        sm_group_offered(conn->proposals, conn->n_proposals, group)) {
        task->n_groups++;
        task->ke_method = group;
        sm_task_rewind(task);
        return prepare(task);
    }
    sm_log(sa->shard, LOG_NOTICE, true, "%s: the peer refuses to rekey the IKE SA: %s",
           sa->conn->name, ike_notify_name(n.type));
    if (sm_rekey_ike_yield(task)) { /* it is rekeyed all the same */
        task->row = NULL;           /* its next state has been entered */
        sm_task_done(task);
        return 0;
    }
    sm_life_retry_sa(sa);
    sm_task_end(task, n.type == IKE_N_TEMPORARY_FAILURE ? ERR_BUSY : ERR_REFUSED,
                ike_notify_name(n.type));
    return 0;
}

/* ---- responder ---- */

static int refuse(struct sm_task *task, uint16_t type, struct span data)
{
    int rc = sm_reply_notify(task, type, data);

    if (rc == 0)
        sm_task_end(task, ERR_REFUSED, ike_notify_name(type));
    return rc;
}

static int answer(struct sm_task *task)
{
    struct sm_sa *old = task->sa, *sa = task->new_sa;
    const struct ike_ke ke = { .method = task->ke_method, .data = sm_blob_span(&task->ke_public) };
    struct sm_task *ours = sm_task_find(old, SM_TASK_REKEY_IKE, 0);
    struct sm_out out;
    int rc = sm_out_begin(&out, task);

    if (rc < 0)
        return rc;
    sm_put_answer_ike(&out.msg, &sa->suite, task->proposal_num, sa->spi_r);
    ike_nonce_write(&out.msg, sm_nonce_span(&task->nr));
    ike_ke_write(&out.msg, &ke);
    rc = sm_out_send(&out);
    if (rc < 0)
        return rc;
    sa = begin(task);
    if (ours && ours->sent) { /* who wins is seen when ours is answered */
        sm_collide_note(ours, sa->id, task);
        sa->rival_of = old->id;
    } else {
        sm_rekey_ike_hand_over(old, sa);
    }
    sm_task_done(task);
    return 0;
}

static int answer_shared(struct sm_task *task, const struct sm_answer *answered)
{
    int rc = answered->code;

    if (rc == ERR_MALFORMED)
        return refuse(task, IKE_N_INVALID_SYNTAX, span_of(NULL, 0));
    if (rc == 0)
        rc = derive(task, answered->data);
    return rc < 0 ? rc : answer(task);
}

static int answer_ke(struct sm_task *task, const struct sm_answer *answered)
{
    struct ike_ke ke;
    int rc;

    if (answered->code != 0)
        return answered->code;
    task->ke_held = true;
    task->ke_handle = answered->handle;
    if (sm_blob_set(&task->ke_public, answered->data) < 0)
        return ERR_NOMEM;
    rc = ike_ke_read(sm_body(task, IKE_PL_KE), &ke, NULL);
    if (rc == 0)
        rc = sm_job_shared(task, task->ke_handle, ke.data, answer_shared);
    if (rc == 0)
        task->ke_held = false;
    return rc;
}

int sm_rekey_ike_request(struct sm_task *task)
{
    struct sm_sa *old = task->sa, *sa;
    struct ike_sa_payload theirs;
    struct ike_ke ke;
    uint8_t group[2];
    int rc;

    if (sm_collide_child_busy(old)) /* RFC 7296 2.25.2 */
        return sm_refuse_for_now(task);
    if (ike_sa_read(sm_body(task, IKE_PL_SA), &theirs, NULL) < 0 ||
        ike_ke_read(sm_body(task, IKE_PL_KE), &ke, NULL) < 0 || sm_nonce_read(task, &task->ni) < 0)
        return sm_refuse_syntax(task);
    rc = make_sa(task, false);
    if (rc == ERR_FULL)
        return sm_refuse_for_now(task);
    if (rc < 0)
        return rc;
    sm_collide_yield(old, SM_TASK_REKEY_IKE, 0); /* now that nothing new begins after it */
    sa = task->new_sa;
    if (sm_choose_ike(sa->conn, &theirs, true, &sa->suite, &task->proposal_num, &sa->spi_i) < 0)
        return refuse(task, IKE_N_NO_PROPOSAL_CHOSEN, span_of(NULL, 0));
    task->ke_method = sa->suite.ke.id;
    if (ke.method != task->ke_method) {
        put_be16(group, task->ke_method);
        return refuse(task, IKE_N_INVALID_KE_PAYLOAD, span_of(group, sizeof group));
    }
    sm_nonce_draw(old, &task->nr);
    return sm_job_ke(task, task->ke_method, answer_ke);
}
