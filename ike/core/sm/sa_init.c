/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sa_init: IKE_SA_INIT, both sides (RFC 7296 1.2, 2.6, 2.10, 2.14).
 *
 *   Initiator                         Responder
 *   HDR, [N(COOKIE)], SAi1, KEi, Ni,
 *        N(NATD_S), N(NATD_D)  -->
 *                               <--   HDR, SAr1, KEr, Nr, N(NATD_S), N(NATD_D)
 *                               or    HDR, N(COOKIE) | N(INVALID_KE_PAYLOAD)
 *                                          | N(NO_PROPOSAL_CHOSEN)
 *
 * Nothing here is protected; IKE_AUTH signs both messages afterwards.
 */
#include "ike/core/sm/exchanges.h"
#include "ike/core/sm/jobs.h"
#include "ike/core/sm/natt.h"
#include "ike/core/sm/negotiate.h"
#include "ike/core/sm/nonces.h"
#include "ike/core/sm/send.h"

#define COOKIES_MAX 3     /* how often we come back with another one */
#define COOKIE_LEN_MAX 64 /* RFC 7296 2.6 */

/* SKEYSEED and the SK_* (2.14); tells the key log. */
static int derive(struct sm_sa *sa, struct span secret)
{
    const struct ike_keymat_in in = {
        .suite = &sa->suite,
        .secret = secret,
        .ni = sm_nonce_span(&sa->setup->ni),
        .nr = sm_nonce_span(&sa->setup->nr),
        .spi_i = sa->spi_i,
        .spi_r = sa->spi_r,
    };
    int rc = ike_keymat_initial(&in, &sa->keys, NULL);

    if (rc == 0)
        sm_sa_log_keys(sa);
    return rc;
}

/* ---- initiator ---- */

static int send_init(struct sm_task *task)
{
    struct ike_proposal proposals[IKE_PROPOSALS_MAX];
    struct sm_sa *sa = task->sa;
    struct sm_setup *setup = sa->setup;
    size_t n = sm_offer_ike(sa->conn, 0, proposals);
    const struct ike_ke ke = { .method = setup->ke_method,
                               .data = sm_blob_span(&setup->ke_public) };
    struct sm_out out;
    int rc = sm_out_begin(&out, task);

    if (rc < 0)
        return rc;
    if (setup->cookie.p)
        ike_notify_put(&out.msg, IKE_N_COOKIE, sm_blob_span(&setup->cookie));
    ike_sa_write(&out.msg, proposals, n);
    ike_ke_write(&out.msg, &ke);
    ike_nonce_write(&out.msg, sm_nonce_span(&setup->ni));
    sm_natt_put(&out, &sa->path);
    rc = sm_out_send(&out);
    return rc < 0 ? rc : sm_blob_set(&setup->init_request, sm_blob_span(&task->request));
}

static int have_ke(struct sm_task *task, const struct sm_answer *answer)
{
    if (answer->code != 0)
        return answer->code;
    task->ke_held = true;
    task->ke_handle = answer->handle;
    if (sm_blob_set(&task->sa->setup->ke_public, answer->data) < 0)
        return ERR_NOMEM;
    return send_init(task);
}

int sm_init_start(struct sm_task *task)
{
    struct sm_sa *sa = task->sa;

    sa->setup = mem_zalloc(sizeof *sa->setup);
    if (!sa->setup)
        return ERR_NOMEM;
    sa->setup->ke_method = sm_first_group(sa->conn->proposals, sa->conn->n_proposals);
    sm_nonce_draw(sa, &sa->setup->ni);
    return sm_job_ke(task, sa->setup->ke_method, have_ke);
}

/* Keys are there: IKE_AUTH follows on the same commands. */
static int have_shared(struct sm_task *task, const struct sm_answer *answer)
{
    struct sm_sa *sa = task->sa;
    struct sm_task *auth;
    int rc = answer->code;

    if (rc == 0)
        rc = derive(sa, answer->data);
    if (rc == 0)
        rc = sm_task_new(sa, SM_TASK_AUTH, task->cmd, &auth);
    if (rc < 0)
        return rc;
    sm_task_set_conf(auth, task->conn, task->conf);
    list_add_tail(sa->queue.next, &auth->node); /* in front; done() starts it */
    sm_natt_float(sa);
    sm_task_done(task);
    return 0;
}

int sm_init_response(struct sm_task *task)
{
    struct sm_sa *sa = task->sa;
    struct sm_setup *setup = sa->setup;
    struct ike_sa_payload theirs;
    struct ike_ke ke;
    uint64_t spi;
    uint8_t num;
    int rc;

    if (task->rx->h.spi_r == 0 || ike_sa_read(sm_body(task, IKE_PL_SA), &theirs, NULL) < 0 ||
        !sm_is_answer(&theirs) ||
        sm_choose_ike(sa->conn, &theirs, false, &sa->suite, &num, &spi) < 0 ||
        ike_ke_read(sm_body(task, IKE_PL_KE), &ke, NULL) < 0 || ke.method != setup->ke_method ||
        sa->suite.ke.id != setup->ke_method || sm_nonce_read(task, &setup->nr) < 0) {
        /* Not a response to what we sent; perhaps the true one is still to come. */
        sm_drop(sa->shard, IKE_DROP_SYNTAX, &task->rx->path, "does not answer our proposal");
        task->handling = false;
        return 0;
    }
    sm_retransmit_stop(task);
    rc = sm_blob_set(&setup->init_response, span_of(task->rx->bytes, task->rx->len));
    if (rc < 0)
        return rc;
    sa->spi_r = task->rx->h.spi_r;
    sa->last_rx = sa->shard->now;
    sa->path.local = task->rx->path.local;
    sm_natt_detect(sa, task->rx);
    rc = sm_job_shared(task, task->ke_handle, ke.data, have_shared);
    if (rc == 0)
        task->ke_held = false;
    return rc;
}

static int refused(struct sm_task *task, uint16_t type)
{
    sm_log(task->sa->shard, LOG_NOTICE, true, "%s: the peer refuses IKE_SA_INIT: %s",
           task->sa->conn->name, ike_notify_name(type));
    sm_task_end(task, ERR_REFUSED, ike_notify_name(type));
    return 0;
}

/* A copy of what we have acted upon already: the answer to what we sent since is
 * still to come. */
static int repeated(struct sm_task *task)
{
    sm_drop(task->sa->shard, IKE_DROP_STATE, &task->rx->path,
            "answers an IKE_SA_INIT request that we have replaced");
    task->handling = false;
    return 0;
}

static int again_with_cookie(struct sm_task *task, struct span cookie)
{
    struct sm_setup *setup = task->sa->setup;

    if (cookie.len && span_eq(cookie, sm_blob_span(&setup->cookie)))
        return repeated(task);
    if (cookie.len == 0 || cookie.len > COOKIE_LEN_MAX || setup->n_cookies >= COOKIES_MAX)
        return refused(task, IKE_N_COOKIE);
    setup->n_cookies++;
    if (sm_blob_set(&setup->cookie, cookie) < 0)
        return ERR_NOMEM;
    return send_init(task);
}

static int again_with_group(struct sm_task *task, struct span data)
{
    struct sm_sa *sa = task->sa;
    struct sm_setup *setup = sa->setup;
    uint16_t group = data.len == 2 ? get_be16(data.p) : IKE_KE_NONE;

    if (group == setup->ke_method && setup->n_groups)
        return repeated(task);
    if (group == setup->ke_method || setup->n_groups >= SM_GROUP_RETRIES ||
        !sm_group_offered(sa->conn->proposals, sa->conn->n_proposals, group))
        return refused(task, IKE_N_INVALID_KE_PAYLOAD);
    setup->n_groups++;
    setup->ke_method = group;
    sm_retransmit_stop(task);
    sa->shard->ports.crypto.ke_release(sa->shard->ports.crypto.user, task->ke_handle);
    task->ke_held = false;
    return sm_job_ke(task, group, have_ke);
}

int sm_init_refused(struct sm_task *task)
{
    struct ike_notify_payload n;

    if (ike_notify_find(&task->rx->pl, IKE_N_COOKIE, &n))
        return again_with_cookie(task, n.data);
    if (!ike_notify_find_error(&task->rx->pl, &n))
        return ERR_MALFORMED;
    if (n.type == IKE_N_INVALID_KE_PAYLOAD)
        return again_with_group(task, n.data);
    return refused(task, n.type);
}

/* ---- responder ---- */

/* Refuses without keeping state: the peer's own SPIs come back, ours is zero. */
static int refuse(struct sm_task *task, uint16_t type, struct span data, const char *why)
{
    struct ike_shard *shard = task->sa->shard;

    sm_log(shard, LOG_INFO, true, "IKE_SA_INIT refused: %s", why);
    sm_reply_clear(shard, &task->rx->h, &task->rx->path, task->rx->len, type, data);
    sm_task_end(task, ERR_REFUSED, why);
    return 0;
}

/* The first connection whose addresses fit and that takes one of the proposals;
 * IKE_AUTH looks again when the identities are known. */
static int choose_conn(struct sm_task *task, const struct ike_sa_payload *theirs, bool *ret_any)
{
    struct sm_sa *sa = task->sa;
    uint64_t spi;

    *ret_any = false;
    LIST_FOR_EACH(node, &sa->shard->conns)
    {
        struct ike_conn *conn = CONTAINER_OF(node, struct sm_conn, node)->conn;

        if (!sm_conn_fits_path(conn, &sa->path))
            continue;
        *ret_any = true;
        if (sm_choose_ike(conn, theirs, false, &sa->suite, &task->proposal_num, &spi) == 0) {
            sm_sa_set_conn(sa, conn);
            return 0;
        }
    }
    return ERR_NOTFOUND;
}

static int answer_init(struct sm_task *task)
{
    struct sm_sa *sa = task->sa;
    struct sm_setup *setup = sa->setup;
    const struct ike_ke ke = { .method = sa->suite.ke.id, .data = sm_blob_span(&setup->ke_public) };
    struct sm_out out;
    int rc = sm_out_begin(&out, task);

    if (rc < 0)
        return rc;
    sm_put_answer_ike(&out.msg, &sa->suite, task->proposal_num, 0);
    ike_ke_write(&out.msg, &ke);
    ike_nonce_write(&out.msg, sm_nonce_span(&setup->nr));
    sm_natt_put(&out, &sa->path);
    rc = sm_out_send(&out);
    if (rc == 0)
        sm_task_done(task);
    return rc;
}

static int answer_shared(struct sm_task *task, const struct sm_answer *answer)
{
    int rc = answer->code;

    if (rc == ERR_MALFORMED) {
        sm_drop(task->sa->shard, IKE_DROP_SYNTAX, &task->rx->path, "public value not valid");
        return refuse(task, IKE_N_INVALID_SYNTAX, span_of(NULL, 0), "public value not valid");
    }
    if (rc == 0)
        rc = derive(task->sa, answer->data);
    return rc < 0 ? rc : answer_init(task);
}

static int answer_ke(struct sm_task *task, const struct sm_answer *answer)
{
    struct ike_ke ke;
    int rc;

    if (answer->code != 0)
        return answer->code;
    task->ke_held = true;
    task->ke_handle = answer->handle;
    if (sm_blob_set(&task->sa->setup->ke_public, answer->data) < 0)
        return ERR_NOMEM;
    rc = ike_ke_read(sm_body(task, IKE_PL_KE), &ke, NULL);
    if (rc == 0)
        rc = sm_job_shared(task, task->ke_handle, ke.data, answer_shared);
    if (rc == 0)
        task->ke_held = false;
    return rc;
}

int sm_init_request(struct sm_task *task)
{
    struct sm_sa *sa = task->sa;
    struct ike_sa_payload theirs;
    struct ike_ke ke;
    uint8_t group[2];
    bool any;

    if (ike_sa_read(sm_body(task, IKE_PL_SA), &theirs, NULL) < 0 ||
        ike_ke_read(sm_body(task, IKE_PL_KE), &ke, NULL) < 0)
        return ERR_MALFORMED;
    if (choose_conn(task, &theirs, &any) < 0) {
        sm_drop(sa->shard, any ? IKE_DROP_PROPOSAL : IKE_DROP_NO_CONN, &task->rx->path,
                any ? "no proposal fits" : "no connection with these addresses");
        if (any)
            sm_log_offer(sa->shard, &sa->path, &theirs);
        return refuse(task, IKE_N_NO_PROPOSAL_CHOSEN, span_of(NULL, 0),
                      any ? "no proposal fits" : "no connection fits");
    }
    if (ke.method != sa->suite.ke.id) {
        put_be16(group, sa->suite.ke.id);
        return refuse(task, IKE_N_INVALID_KE_PAYLOAD, span_of(group, sizeof group),
                      "another group is wanted");
    }
    sa->setup = mem_zalloc(sizeof *sa->setup);
    if (!sa->setup || sm_nonce_read(task, &sa->setup->ni) < 0 ||
        sm_blob_set(&sa->setup->init_request, span_of(task->rx->bytes, task->rx->len)) < 0)
        return ERR_NOMEM;
    sm_nonce_draw(sa, &sa->setup->nr);
    sm_natt_detect(sa, task->rx);
    return sm_job_ke(task, sa->suite.ke.id, answer_ke);
}
