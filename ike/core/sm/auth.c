/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth: IKE_AUTH as initiator, and the signed octets of both sides (RFC 7296
 * 1.2, 2.15, 2.16).
 *
 *   HDR, SK { IDi, [IDr,] AUTH, [N(INITIAL_CONTACT),] SAi2, TSi, TSr }  -->
 *          <--  HDR, SK { IDr, AUTH, SAr2, TSi, TSr }
 *          or   HDR, SK { IDr, AUTH, N(why there is no Child SA) }
 *          or   HDR, SK { N(AUTHENTICATION_FAILED) }
 */
#include "ike/core/sm/auth.h"

#include "ike/core/crypto/auth.h"
#include "ike/core/sm/child_make.h"
#include "ike/core/sm/contact.h"
#include "ike/core/sm/exchanges.h"
#include "ike/core/sm/jobs.h"
#include "ike/core/sm/life.h"
#include "ike/core/sm/transitions.h"

#include <string.h>

int sm_auth_octets(const struct sm_sa *sa, bool of_initiator, struct span id_body,
                   struct sm_octets *ret)
{
    const struct sm_setup *setup = sa->setup;
    /* As responder our IKE_SA_INIT response still is in the reply cache. */
    const struct sm_blob *response = sa->initiator ? &setup->init_response : &sa->reply;
    const struct ike_auth_octets_in in = {
        .prf = sa->suite.prf.id,
        .sk_p = ike_sk_key_span(of_initiator ? &sa->keys.pi : &sa->keys.pr),
        .message = sm_blob_span(of_initiator ? &setup->init_request : response),
        .nonce = sm_nonce_span(of_initiator ? &setup->nr : &setup->ni),
        .rest_of_id = id_body,
    };
    struct wr wr;
    int rc;

    wr_init(&wr, ret->bytes, sizeof ret->bytes);
    rc = ike_auth_octets(&in, &wr, NULL);
    if (rc == 0)
        ret->len = wr_len(&wr);
    return rc;
}

/* Our identity: as configured, else our address. */
int sm_auth_set_local_id(struct sm_sa *sa)
{
    struct ike_id id = sa->conn->local.id;
    struct ike_id *copy;

    if (id.type == 0) {
        const struct ip_addr *addr = &sa->path.local.addr;

        id.type = addr->family == 6 ? IKE_ID_IPV6 : IKE_ID_IPV4;
        id.len = (uint16_t)ip_addr_len(addr);
        if (id.len == 0)
            return ERR_INVALID;
        memcpy(id.data, addr->b, id.len);
    }
    copy = mem_dup(&id, sizeof id);
    if (!copy)
        return ERR_NOMEM;
    mem_free(sa->local_id);
    sa->local_id = copy;
    return 0;
}

int sm_auth_set_remote_id(struct sm_sa *sa, const struct ike_id *id)
{
    struct ike_id *copy = mem_dup(id, sizeof *id);

    if (!copy)
        return ERR_NOMEM;
    mem_free(sa->remote_id);
    sa->remote_id = copy;
    return 0;
}

int sm_auth_sign(struct sm_task *task, sm_next_fn *next)
{
    struct sm_sa *sa = task->sa;
    uint8_t body[IKE_ID_BODY_MAX];
    size_t body_len = ike_id_body(sa->local_id, body);
    struct sm_octets octets;
    const struct ike_id *remote = sa->remote_id ? sa->remote_id : &sa->conn->remote.id;
    struct ike_auth_request req = {
        .conn = sa->conn->name,
        .local_id = sa->local_id,
        .remote_id = remote,
        .prf = sa->suite.prf.id,
    };
    int rc = sm_auth_octets(sa, sa->initiator, span_of(body, body_len), &octets);

    if (rc < 0)
        return rc;
    req.octets = span_of(octets.bytes, octets.len);
    return sm_job_sign(task, &req, next);
}

int sm_auth_verify(struct sm_task *task, struct span id_body, const struct ike_auth_data *auth,
                   sm_next_fn *next)
{
    struct sm_sa *sa = task->sa;
    struct sm_octets octets;
    struct ike_auth_request req = {
        .conn = sa->conn->name,
        .local_id = sa->local_id,
        .remote_id = sa->remote_id,
        .prf = sa->suite.prf.id,
    };
    int rc = sm_auth_octets(sa, !sa->initiator, id_body, &octets);

    if (rc < 0)
        return rc;
    req.octets = span_of(octets.bytes, octets.len);
    return sm_job_verify(task, &req, auth->method, auth->data, next);
}

/* ---- initiator's request ---- */

static int send_auth(struct sm_task *task)
{
    struct sm_sa *sa = task->sa;
    const struct ike_auth_data auth = { .method = task->auth_method,
                                        .data = sm_blob_span(&task->auth) };
    struct sm_out out;
    int rc = sm_out_begin(&out, task);

    if (rc < 0)
        return rc;
    ike_id_write(&out.msg, IKE_PL_IDI, sa->local_id);
    if (sa->conn->remote.id.type != 0)
        ike_id_write(&out.msg, IKE_PL_IDR, &sa->conn->remote.id);
    ike_auth_write(&out.msg, &auth);
    if (sm_contact_is_first(sa))
        ike_notify_put(&out.msg, IKE_N_INITIAL_CONTACT, span_of(NULL, 0));
    sm_child_put_request(task, &out, false);
    return sm_out_send(&out);
}

static int have_signature(struct sm_task *task, const struct sm_answer *answer)
{
    if (answer->code != 0)
        return answer->code;
    task->auth_method = answer->method;
    if (sm_blob_set(&task->auth, answer->data) < 0)
        return ERR_NOMEM;
    return send_auth(task);
}

static int prepared(struct sm_task *task)
{
    return sm_auth_sign(task, have_signature);
}

int sm_auth_start(struct sm_task *task)
{
    struct sm_sa *sa = task->sa;
    int rc = sm_auth_set_local_id(sa);

    if (rc < 0)
        return rc;
    task->ni = sa->setup->ni;
    task->nr = sa->setup->nr;
    return sm_child_prepare(task, false, prepared);
}

/* ---- initiator's view of the response ---- */

static void count_failure(struct sm_sa *sa, const char *why)
{
    sa->shard->stats.auth_failures++;
    sm_log(sa->shard, LOG_WARN, true, "%s: authentication failed: %s", sa->conn->name, why);
}

/* The peer did not convince us, but we have convinced it: what it made is
 * deleted, or it would send into a void (RFC 7296 2.21.2). */
static int authentication_failed(struct sm_task *task, const char *why)
{
    struct sm_sa *sa = task->sa;

    count_failure(sa, why);
    sm_restart_failed_setup(sa);
    if (!sm_task_add(sa, SM_TASK_DELETE_IKE, 0, NULL)) { /* no memory for that */
        sm_task_end(task, ERR_AUTH, why);
        return 0;
    }
    sm_task_quit(task, ERR_AUTH, why);
    return 0;
}

/* The Child SA is there, or not; the IKE SA is in either case (2.21.2). */
static int child_made(struct sm_task *task)
{
    struct sm_child *child = task->child;

    if (task->child_error) {
        task->child = NULL;
        if (child)
            sm_child_unwanted(child);
        sm_task_done_with(task, ERR_REFUSED, ike_notify_name(task->child_error));
        return 0;
    }
    task->child = NULL;
    sm_child_installed(child, false);
    sm_task_done(task);
    return 0;
}

static int child_accepted(struct sm_task *task)
{
    if (task->child_error)
        return child_made(task);
    task->then = child_made;
    return sm_child_install(task);
}

static int verified(struct sm_task *task, const struct sm_answer *answer)
{
    struct sm_sa *sa = task->sa;
    struct ike_notify_payload n;

    if (answer->code != 0)
        return authentication_failed(task, "the peer's AUTH does not verify");
    sm_sa_set_state(sa, task->row->next);
    sm_sa_established(sa);
    if (!ike_notify_find_error(&task->rx->pl, &n))
        return sm_child_accept(task, false, child_accepted);
    sm_log(sa->shard, LOG_NOTICE, true, "%s/%s: the peer refuses the Child SA: %s", sa->conn->name,
           task->conf->name, ike_notify_name(n.type));
    sm_child_discard(task->child);
    task->child = NULL;
    sm_task_done_with(task, ERR_REFUSED, ike_notify_name(n.type));
    return 0;
}

int sm_auth_response(struct sm_task *task)
{
    struct sm_sa *sa = task->sa;
    const struct ike_payload *idr = ike_payloads_find(&task->rx->pl, IKE_PL_IDR);
    const struct ike_payload *auth_pl = ike_payloads_find(&task->rx->pl, IKE_PL_AUTH);
    char text[IKE_ID_TEXT_LEN];
    struct ike_auth_data auth;
    struct ike_id id;

    if (!idr || !auth_pl || ike_id_read(idr->body, &id, NULL) < 0 ||
        ike_auth_read(auth_pl->body, &auth, NULL) < 0)
        return ERR_MALFORMED;
    if (!ike_id_match(&sa->conn->remote.id, &id)) {
        sm_log(sa->shard, LOG_WARN, true, "%s: the peer says it is %s", sa->conn->name,
               ike_id_text(&id, text));
        return authentication_failed(task, "the peer has another identity");
    }
    if (sm_auth_set_remote_id(sa, &id) < 0)
        return ERR_NOMEM;
    return sm_auth_verify(task, idr->body, &auth, verified);
}

int sm_auth_response_childless(struct sm_task *task)
{
    return sm_auth_response(task);
}

int sm_auth_refused(struct sm_task *task)
{
    struct ike_notify_payload n;

    if (!ike_notify_find_error(&task->rx->pl, &n))
        return ERR_MALFORMED;
    count_failure(task->sa, ike_notify_name(n.type));
    sm_task_end(task, ERR_AUTH, ike_notify_name(n.type));
    return 0;
}
