/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth_responder: IKE_AUTH as responder (RFC 7296 1.2, 2.15, 2.21.2).
 *
 *   HDR, SK { IDi, [IDr,] AUTH, [N(INITIAL_CONTACT),] SAi2, TSi, TSr }  -->
 *          verify AUTH, sign ours, make the Child SA
 *          <--  HDR, SK { IDr, AUTH, SAr2, TSi, TSr }
 *          or   HDR, SK { IDr, AUTH, N(why there is no Child SA) }
 *          or   HDR, SK { N(AUTHENTICATION_FAILED) }
 */
#include "ike/core/sm/auth.h"

#include "ike/core/sm/child_make.h"
#include "ike/core/sm/contact.h"
#include "ike/core/sm/exchanges.h"
#include "ike/core/sm/negotiate.h"
#include "ike/core/sm/transitions.h"

/* One answer for all causes: the peer learns nothing about our identities.
 * id: who the peer says it is; NULL if it could not be read. */
static int authentication_failed(struct sm_task *task, const struct ike_id *id, const char *why)
{
    struct sm_sa *sa = task->sa;
    char from[IP_TEXT_LEN], name[IKE_ID_TEXT_LEN];
    int rc = sm_reply_notify(task, IKE_N_AUTHENTICATION_FAILED, span_of(NULL, 0));

    if (rc < 0)
        return rc;
    sa->shard->stats.auth_failures++;
    sm_log(sa->shard, LOG_WARN, true, "authentication of %s as %s failed: %s",
           ip_endpoint_text(&sa->path.remote, from), id ? ike_id_text(id, name) : "(unknown)", why);
    sm_sa_end(sa, SM_END_LINGER, ERR_AUTH, why);
    return 0;
}

static int answer(struct sm_task *task)
{
    struct sm_sa *sa = task->sa;
    struct sm_child *child = task->child;
    const struct ike_auth_data auth = { .method = task->auth_method,
                                        .data = sm_blob_span(&task->auth) };
    struct sm_out out;
    int rc = sm_out_begin(&out, task);

    if (rc < 0)
        return rc;
    ike_id_write(&out.msg, IKE_PL_IDR, sa->local_id);
    ike_auth_write(&out.msg, &auth);
    sm_child_put_answer(task, &out, false);
    rc = sm_out_send(&out);
    if (rc < 0)
        return rc;
    sm_sa_set_state(sa, task->row->next);
    sm_sa_established(sa);
    task->child = NULL;
    if (child)
        sm_child_installed(child, false);
    else
        sm_log(sa->shard, LOG_NOTICE, true, "%s: no Child SA: %s", sa->conn->name,
               ike_notify_name(task->child_error));
    sm_task_done(task);
    return 0;
}

static int have_signature(struct sm_task *task, const struct sm_answer *answered)
{
    struct sm_sa *sa = task->sa;

    if (answered->code == ERR_NOMEM)
        return ERR_NOMEM;
    if (answered->code != 0)
        return authentication_failed(task, sa->remote_id, "we cannot authenticate ourselves");
    task->auth_method = answered->method;
    if (sm_blob_set(&task->auth, answered->data) < 0)
        return ERR_NOMEM;
    if (ike_notify_find(&task->rx->pl, IKE_N_INITIAL_CONTACT, NULL))
        sm_contact_honour(sa);
    task->ni = sa->setup->ni;
    task->nr = sa->setup->nr;
    return sm_child_answer(task, false, NULL, answer);
}

static int verified(struct sm_task *task, const struct sm_answer *answered)
{
    if (answered->code == ERR_NOMEM)
        return ERR_NOMEM; /* the peer sends it again */
    if (answered->code != 0)
        return authentication_failed(task, task->sa->remote_id, "AUTH does not verify");
    return sm_auth_sign(task, have_signature);
}

static bool conn_fits(const struct ike_conn *conn, const struct sm_sa *sa,
                      const struct ike_id *id_i, const struct ike_id *id_r)
{
    return sm_conn_fits_path(conn, &sa->path) && sm_suite_allowed(conn, &sa->suite) &&
           ike_id_match(&conn->remote.id, id_i) &&
           (!id_r || conn->local.id.type == 0 || ike_id_eq(&conn->local.id, id_r));
}

/* The connection chosen by address and proposal, if the identities fit it; else
 * the first that fits in all. */
static int choose_conn(struct sm_sa *sa, const struct ike_id *id_i, const struct ike_id *id_r)
{
    if (conn_fits(sa->conn, sa, id_i, id_r))
        return 0;
    LIST_FOR_EACH(node, &sa->shard->conns)
    {
        struct ike_conn *conn = CONTAINER_OF(node, struct sm_conn, node)->conn;

        if (conn_fits(conn, sa, id_i, id_r)) {
            sm_sa_set_conn(sa, conn);
            return 0;
        }
    }
    return ERR_NOTFOUND;
}

int sm_auth_request(struct sm_task *task)
{
    struct sm_sa *sa = task->sa;
    const struct ike_payload *idi = ike_payloads_find(&task->rx->pl, IKE_PL_IDI);
    const struct ike_payload *idr = ike_payloads_find(&task->rx->pl, IKE_PL_IDR);
    const struct ike_payload *auth_pl = ike_payloads_find(&task->rx->pl, IKE_PL_AUTH);
    struct ike_auth_data auth;
    struct ike_id id_i, id_r;

    if (ike_id_read(idi->body, &id_i, NULL) < 0 || ike_auth_read(auth_pl->body, &auth, NULL) < 0 ||
        (idr && ike_id_read(idr->body, &id_r, NULL) < 0))
        return authentication_failed(task, NULL, "identity or AUTH cannot be read");
    if (choose_conn(sa, &id_i, idr ? &id_r : NULL) < 0)
        return authentication_failed(task, &id_i, "no connection for these identities");
    if (sm_auth_set_local_id(sa) < 0 || sm_auth_set_remote_id(sa, &id_i) < 0)
        return ERR_NOMEM;
    return sm_auth_verify(task, idi->body, &auth, verified);
}
