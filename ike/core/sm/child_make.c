/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child_make: see child_make.h.  Every step either asks a port and names its
 * continuation, or goes on in task->then.
 */
#include "ike/core/sm/child_make.h"

#include "ike/core/sm/collide.h"
#include "ike/core/sm/jobs.h"
#include "ike/core/sm/negotiate.h"
#include "ike/core/sm/nonces.h"

static int refuse(struct sm_task *task, uint16_t notify)
{
    sm_child_discard(task->child);
    task->child = NULL;
    task->child_error = notify;
    return task->then(task);
}

/* Something failed on our side.  As responder we say "later, perhaps"; as
 * initiator we go on with the larval child, which the peer has already, so that
 * it is deleted there. */
static int fail(struct sm_task *task, int code)
{
    sm_log(task->sa->shard, LOG_WARN, false, "%s: a Child SA cannot be made: %s",
           task->sa->conn->name, err_name(code));
    if (!task->initiator)
        return refuse(task, code == ERR_MALFORMED ? IKE_N_INVALID_SYNTAX : IKE_N_TEMPORARY_FAILURE);
    task->child_error = IKE_N_TEMPORARY_FAILURE;
    return task->then(task);
}

/* As initiator: the answer is understood, or what it describes is installed.  By
 * now the peer may have deleted it again (RFC 7296 2.25.1). */
static int unless_gone(struct sm_task *task)
{
    if (task->initiator && sm_collide_gone(task)) {
        sm_child_discard(task->child);
        task->child = NULL;
        task->child_error = IKE_N_CHILD_SA_NOT_FOUND;
    }
    return task->then(task);
}

static int make_child(struct sm_task *task)
{
    int rc = sm_child_new(task->sa, task->conf, &task->child);

    if (rc == 0)
        task->child->conn = ike_conn_ref(task->conn);
    return rc;
}

/* ---- key exchange of its own ---- */

static int have_ke(struct sm_task *task, const struct sm_answer *answer, sm_then_fn *then)
{
    if (answer->code != 0)
        return answer->code;
    task->ke_held = true;
    task->ke_handle = answer->handle;
    if (sm_blob_set(&task->ke_public, answer->data) < 0)
        return ERR_NOMEM;
    return then(task);
}

/* ---- keys and installation ---- */

static int installed(struct sm_task *task, const struct sm_answer *answer)
{
    struct sm_child *child = task->child;

    if (answer->code != 0) {
        child->esp_spi_held = true;
        sm_log(task->sa->shard, LOG_WARN, false, "%s/%s: not installed: %s", child->conn->name,
               child->conf->name, answer->text[0] ? answer->text : err_name(answer->code));
        return fail(task, answer->code);
    }
    child->installed = true;
    return unless_gone(task);
}

static int install_with(struct sm_task *task, struct span secret)
{
    struct sm_sa *sa = task->sa;
    struct sm_child *child = task->child;
    struct ike_child_keys i2r, r2i;
    struct ike_child_install install;
    const struct ike_keymat_child_in in = {
        .suite = &child->suite,
        .prf = sa->suite.prf.id,
        .sk_d = ike_sk_key_span(&sa->keys.d),
        .secret = secret,
        .ni = sm_nonce_span(&task->ni),
        .nr = sm_nonce_span(&task->nr),
    };
    int rc = ike_keymat_child(&in, &i2r, &r2i, NULL);

    if (rc < 0)
        return fail(task, rc);
    sm_child_fill_install(child, !task->initiator, &install);
    install.key_out = task->initiator ? i2r : r2i;
    install.key_in = task->initiator ? r2i : i2r;
    rc = sm_job_install(task, &install, installed);
    if (rc == 0)
        child->esp_spi_held = false; /* the job has it until answered */
    ike_child_keys_wipe(&i2r);
    ike_child_keys_wipe(&r2i);
    ike_child_keys_wipe(&install.key_in);
    ike_child_keys_wipe(&install.key_out);
    if (rc < 0)
        return fail(task, rc);
    return 0;
}

static int have_shared(struct sm_task *task, const struct sm_answer *answer)
{
    if (answer->code != 0)
        return fail(task, answer->code);
    return install_with(task, answer->data);
}

static int ask_shared(struct sm_task *task)
{
    struct ike_ke ke;
    int rc;

    if (ike_ke_read(sm_body(task, IKE_PL_KE), &ke, NULL) < 0)
        return fail(task, ERR_MALFORMED);
    rc = sm_job_shared(task, task->ke_handle, ke.data, have_shared);
    if (rc < 0)
        return fail(task, rc);
    task->ke_held = false; /* used up */
    return 0;
}

int sm_child_install(struct sm_task *task)
{
    if (task->ke_method != IKE_KE_NONE)
        return ask_shared(task);
    return install_with(task, span_of(NULL, 0));
}

/* ---- initiator ---- */

static int prepared_ke(struct sm_task *task, const struct sm_answer *answer)
{
    return have_ke(task, answer, task->then);
}

static int prepared_spi(struct sm_task *task, const struct sm_answer *answer)
{
    if (answer->code != 0)
        return answer->code;
    task->child->spi_in = answer->spi;
    task->child->esp_spi_held = true;
    if (task->ke_method != IKE_KE_NONE)
        return sm_job_ke(task, task->ke_method, prepared_ke);
    return task->then(task);
}

int sm_child_prepare(struct sm_task *task, bool with_ke, sm_then_fn *then)
{
    int rc = make_child(task);

    if (rc < 0)
        return rc;
    task->then = then;
    if (!with_ke)
        task->ke_method = IKE_KE_NONE;
    else if (task->ke_method == IKE_KE_NONE)
        task->ke_method = sm_first_group(task->conf->esp_proposals, task->conf->n_esp_proposals);
    return sm_job_spi(task, prepared_spi);
}

void sm_child_put_request(struct sm_task *task, struct sm_out *out, bool with_ke)
{
    struct ike_proposal proposals[IKE_PROPOSALS_MAX];
    struct ike_ts_list local, remote;
    size_t n = sm_offer_esp(task->conf, task->child->spi_in, with_ke, proposals);

    ike_sa_write(&out->msg, proposals, n);
    if (with_ke)
        ike_nonce_write(&out->msg, sm_nonce_span(&task->ni));
    if (with_ke && task->ke_method != IKE_KE_NONE) {
        const struct ike_ke ke = { .method = task->ke_method,
                                   .data = sm_blob_span(&task->ke_public) };

        ike_ke_write(&out->msg, &ke);
    }
    sm_policy(task->sa, task->conf, &local, &remote);
    ike_ts_write(&out->msg, IKE_PL_TSI, &local);
    ike_ts_write(&out->msg, IKE_PL_TSR, &remote);
    if (task->conf->mode == IKE_MODE_TRANSPORT)
        ike_notify_put(&out->msg, IKE_N_USE_TRANSPORT_MODE, span_of(NULL, 0));
}

/* The responder's choice must be one of what we offered (2.7, 2.9). */
static uint16_t accept_answer(struct sm_task *task, bool with_ke)
{
    struct sm_child *child = task->child;
    struct ike_ts_list local, remote, ts_i, ts_r;
    struct ike_sa_payload sa;
    struct ike_ke ke;
    uint8_t num;

    if (ike_sa_read(sm_body(task, IKE_PL_SA), &sa, NULL) < 0 || !sm_is_answer(&sa) ||
        sm_choose_esp(task->conf, &sa, with_ke, &child->suite, &num, &child->spi_out) < 0)
        return IKE_N_NO_PROPOSAL_CHOSEN;
    sm_policy(task->sa, task->conf, &local, &remote);
    if (ike_ts_read(sm_body(task, IKE_PL_TSI), &ts_i, NULL, NULL) < 0 ||
        ike_ts_read(sm_body(task, IKE_PL_TSR), &ts_r, NULL, NULL) < 0 || ts_i.n == 0 ||
        ts_r.n == 0 || !ike_ts_covers(&local, &ts_i) || !ike_ts_covers(&remote, &ts_r))
        return IKE_N_TS_UNACCEPTABLE;
    if (sm_child_set_ts(child, &ts_i, &ts_r) < 0)
        return IKE_N_TEMPORARY_FAILURE;
    if (task->conf->mode == IKE_MODE_TRANSPORT &&
        ike_notify_find(&task->rx->pl, IKE_N_USE_TRANSPORT_MODE, NULL))
        child->mode = IKE_MODE_TRANSPORT;
    if (!with_ke)
        return 0;
    /* The peer took one of our proposals without a key exchange (1.3.1): its
     * answer has no KE, and our share goes unused. */
    if (child->suite.ke.id == IKE_KE_NONE)
        task->ke_method = IKE_KE_NONE;
    if (child->suite.ke.id != task->ke_method)
        return IKE_N_NO_PROPOSAL_CHOSEN;
    if (task->ke_method != IKE_KE_NONE &&
        (ike_ke_read(sm_body(task, IKE_PL_KE), &ke, NULL) < 0 || ke.method != task->ke_method))
        return IKE_N_INVALID_KE_PAYLOAD;
    return 0;
}

int sm_child_accept(struct sm_task *task, bool with_ke, sm_then_fn *then)
{
    task->then = then;
    if (with_ke && sm_nonce_read(task, &task->nr) < 0)
        return ERR_MALFORMED;
    task->child_error = accept_answer(task, with_ke);
    return unless_gone(task);
}

/* ---- responder ---- */

static int answered_ke(struct sm_task *task, const struct sm_answer *answer)
{
    if (answer->code != 0)
        return fail(task, answer->code);
    return have_ke(task, answer, ask_shared);
}

static int answered_spi(struct sm_task *task, const struct sm_answer *answer)
{
    if (answer->code != 0)
        return fail(task, answer->code);
    task->child->spi_in = answer->spi;
    task->child->esp_spi_held = true;
    if (task->ke_method != IKE_KE_NONE)
        return sm_job_ke(task, task->ke_method, answered_ke);
    return install_with(task, span_of(NULL, 0));
}

struct offer { /* what the peer asks for */
    struct ike_sa_payload sa;
    struct ike_ts_list ts_i, ts_r;
    bool transport;
};

struct match {
    struct ike_suite suite;
    uint8_t num;
    uint32_t spi_out;
    struct ike_ts_list local, remote;
};

enum fit { FIT_SAME, FIT_WHOLE, FIT_PART, FIT_N };

static bool fits(enum fit fit, const struct ike_ts_list *ours, const struct ike_ts_list *offered)
{
    return fit == FIT_PART ||
           (ike_ts_covers(ours, offered) && (fit == FIT_WHOLE || ike_ts_covers(offered, ours)));
}

/* 0, or the notify that says what does not fit. */
static uint16_t match_conf(struct sm_task *task, const struct ike_child_conf *conf, bool with_ke,
                           const struct offer *offer, enum fit fit, struct match *ret)
{
    struct ike_ts_list local, remote;

    sm_policy(task->sa, conf, &local, &remote);
    if (!fits(fit, &local, &offer->ts_r) || !fits(fit, &remote, &offer->ts_i))
        return IKE_N_TS_UNACCEPTABLE;
    ike_ts_narrow(&local, &offer->ts_r, &ret->local);
    ike_ts_narrow(&remote, &offer->ts_i, &ret->remote);
    if (ret->local.n == 0 || ret->remote.n == 0)
        return IKE_N_TS_UNACCEPTABLE;
    if (sm_choose_esp(conf, &offer->sa, with_ke, &ret->suite, &ret->num, &ret->spi_out) < 0)
        return IKE_N_NO_PROPOSAL_CHOSEN;
    return 0;
}

/* Which of our children is meant: one with these very selectors, else one that
 * takes all that is offered, else the first that takes part of it. */
static uint16_t find_conf(struct sm_task *task, struct ike_conn *conn, bool with_ke,
                          const struct offer *offer, struct match *ret)
{
    uint16_t worst = IKE_N_TS_UNACCEPTABLE;

    for (enum fit fit = FIT_SAME; fit < FIT_N; fit++) {
        for (size_t i = 0; i < conn->n_children; i++) {
            uint16_t rc = match_conf(task, &conn->children[i], with_ke, offer, fit, ret);

            if (rc == 0) {
                sm_task_set_conf(task, conn, &conn->children[i]);
                return 0;
            }
            if (rc == IKE_N_NO_PROPOSAL_CHOSEN)
                worst = rc;
        }
    }
    return worst;
}

static uint16_t choose(struct sm_task *task, bool with_ke, struct sm_child *old,
                       const struct offer *offer, struct match *match)
{
    struct ike_conn *conn;
    const struct ike_child_conf *conf;
    uint16_t rc;

    if (!old)
        return find_conf(task, task->sa->conn, with_ke, offer, match);
    sm_current_conf(old, &conn, &conf);
    rc = match_conf(task, conf, with_ke, offer, FIT_PART, match);
    if (rc == 0)
        sm_task_set_conf(task, conn, conf);
    return rc;
}

/* The group of the agreed suite must be the one in KEi (RFC 7296 1.3). */
static uint16_t check_group(struct sm_task *task, const struct ike_suite *suite)
{
    struct ike_ke ke;
    uint16_t group = suite->ke.type ? suite->ke.id : IKE_KE_NONE;

    task->ke_method = IKE_KE_NONE;
    if (group == IKE_KE_NONE)
        return 0;
    if (ike_ke_read(sm_body(task, IKE_PL_KE), &ke, NULL) < 0 || ke.method != group) {
        task->error_group = group;
        return IKE_N_INVALID_KE_PAYLOAD;
    }
    task->ke_method = group;
    return 0;
}

int sm_child_answer(struct sm_task *task, bool with_ke, struct sm_child *old, sm_then_fn *then)
{
    struct offer offer;
    struct match match;
    struct sm_child *child;
    uint16_t why;
    int rc;

    task->then = then;
    task->target = old ? old->id : 0;
    if (ike_sa_read(sm_body(task, IKE_PL_SA), &offer.sa, NULL) < 0 ||
        ike_ts_read(sm_body(task, IKE_PL_TSI), &offer.ts_i, NULL, NULL) < 0 ||
        ike_ts_read(sm_body(task, IKE_PL_TSR), &offer.ts_r, NULL, NULL) < 0)
        return refuse(task, IKE_N_INVALID_SYNTAX);
    offer.transport = ike_notify_find(&task->rx->pl, IKE_N_USE_TRANSPORT_MODE, NULL);
    why = choose(task, with_ke, old, &offer, &match);
    if (why == IKE_N_NO_PROPOSAL_CHOSEN)
        sm_log_offer(task->sa->shard, &task->sa->path, &offer.sa);
    if (why == 0 && with_ke)
        why = check_group(task, &match.suite);
    if (why != 0)
        return refuse(task, why);
    rc = make_child(task);
    if (rc == ERR_FULL)
        return refuse(task, IKE_N_NO_ADDITIONAL_SAS);
    if (rc < 0)
        return rc;
    child = task->child;
    child->suite = match.suite;
    child->spi_out = match.spi_out;
    task->proposal_num = match.num;
    if (offer.transport && task->conf->mode == IKE_MODE_TRANSPORT)
        child->mode = IKE_MODE_TRANSPORT;
    if (old)
        child->tunnel = old->tunnel;
    rc = sm_child_set_ts(child, &match.local, &match.remote);
    return rc < 0 ? rc : sm_job_spi(task, answered_spi);
}

void sm_child_put_error(struct sm_task *task, struct sm_out *out)
{
    uint8_t group[2];

    put_be16(group, task->error_group);
    ike_notify_put(&out->msg, task->child_error,
                   span_of(group, task->child_error == IKE_N_INVALID_KE_PAYLOAD ? 2 : 0));
}

void sm_child_put_answer(struct sm_task *task, struct sm_out *out, bool with_ke)
{
    struct sm_child *child = task->child;
    struct ike_ts_list local, remote;

    if (task->child_error) {
        sm_child_put_error(task, out);
        return;
    }
    sm_put_answer_esp(&out->msg, &child->suite, task->proposal_num, child->spi_in);
    if (with_ke)
        ike_nonce_write(&out->msg, sm_nonce_span(&task->nr));
    if (with_ke && task->ke_method != IKE_KE_NONE) {
        const struct ike_ke ke = { .method = task->ke_method,
                                   .data = sm_blob_span(&task->ke_public) };

        ike_ke_write(&out->msg, &ke);
    }
    sm_child_ts(child, &local, &remote);
    ike_ts_write(&out->msg, IKE_PL_TSI, &remote);
    ike_ts_write(&out->msg, IKE_PL_TSR, &local);
    if (child->mode == IKE_MODE_TRANSPORT)
        ike_notify_put(&out->msg, IKE_N_USE_TRANSPORT_MODE, span_of(NULL, 0));
}
