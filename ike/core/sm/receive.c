/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receive: header, SA, integrity, window, payloads, table; in this order, so
 * that nothing of an IKE SA changes before its peer is known to have written
 * the message.  Each way out that gives up counts its cause.
 */
#include "ike/core/sm/receive.h"

#include "ike/core/crypto/skcipher.h"
#include "ike/core/sm/natt.h"
#include "ike/core/sm/rekey_ike.h"
#include "ike/core/sm/send.h"
#include "ike/core/sm/transitions.h"

#include <string.h>

static void rx_free(struct sm_rx *rx)
{
    if (rx)
        mem_free_secret(rx, sizeof *rx + rx->len);
}

static struct sm_rx *rx_new(const struct ike_header *h, const struct ike_path *path,
                            struct span datagram)
{
    struct sm_rx *rx = mem_zalloc(sizeof *rx + datagram.len);

    if (!rx)
        return NULL;
    rx->h = *h;
    rx->path = *path;
    rx->len = datagram.len;
    memcpy(rx->bytes, datagram.p, datagram.len);
    return rx;
}

/* A key for by_peer: same endpoint and SPIi, same key. */
static uint64_t peer_key(const struct ike_path *path, uint64_t spi_i)
{
    uint64_t key = spi_i ^ path->remote.port * 0x9e3779b97f4a7c15ull;

    for (size_t i = 0; i < sizeof path->remote.addr.b; i++)
        key = (key ^ path->remote.addr.b[i]) * 0x100000001b3ull;
    return key;
}

/* FNV-1a. It only tells a repeated IKE_SA_INIT from another one; who can choose
 * the bytes can only make us ignore his own message. */
static uint64_t message_hash(struct span message)
{
    uint64_t hash = 0xcbf29ce484222325ull;

    for (size_t i = 0; i < message.len; i++)
        hash = (hash ^ message.p[i]) * 0x100000001b3ull;
    return hash;
}

static bool is_repeated_init(struct ike_shard *shard, const struct ike_path *path, uint64_t key,
                             uint64_t hash)
{
    for (struct sm_index_node *node = sm_index_find(&shard->by_peer, key); node;
         node = sm_index_next_same(node)) {
        struct sm_sa *sa = CONTAINER_OF(node, struct sm_sa, by_peer);

        if (sa->init_hash != hash)
            continue;
        if (sa->state == SM_HALF_OPEN && sa->reply.p) {
            shard->stats.retransmits_rx++;
            sm_transmit(shard, sa, path, sm_blob_span(&sa->reply));
        }
        return true; /* in work, or long since answered */
    }
    return false;
}

/* Payloads of a message without protection; the row they lead to, or NULL
 * (dropped, counted, and answered where RFC 7296 2.5 asks for it). */
static const struct sm_transition *judge_first(struct ike_shard *shard, struct sm_rx *rx)
{
    const struct sm_transition *row;
    const struct ike_payload *critical;
    struct err err;
    bool state_ok;

    if (ike_payloads_read(rx->h.next_payload, span_of(rx->bytes, rx->len), IKE_HEADER_LEN, &rx->pl,
                          &err) < 0 ||
        ike_payloads_check(&rx->pl, &err) < 0) {
        sm_drop(shard, IKE_DROP_SYNTAX, &rx->path, err.text);
        return NULL;
    }
    critical = ike_payloads_critical(&rx->pl);
    if (critical) {
        sm_drop(shard, IKE_DROP_CRITICAL, &rx->path, "unknown critical payload");
        sm_reply_clear(shard, &rx->h, &rx->path, rx->len, IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD,
                       span_of(&critical->type, 1));
        return NULL;
    }
    row =
        sm_transition_request(IKE_SA_INIT, SM_NEW, sm_payload_set(&rx->pl, IKE_SA_INIT), &state_ok);
    if (!row)
        sm_drop(shard, IKE_DROP_SYNTAX, &rx->path, "not the payloads of an IKE_SA_INIT request");
    return row;
}

/* A responder's IKE SA with the task that answers `rx`, which it takes over. */
static struct sm_task *begin_responder(struct ike_shard *shard, struct sm_rx *rx, uint64_t key,
                                       uint64_t hash)
{
    struct sm_task *task;
    struct sm_sa *sa;

    if (sm_sa_new(shard, NULL, false, &sa) < 0)
        return NULL;
    if (sm_task_new(sa, SM_TASK_ANSWER, NULL, &task) < 0) {
        sm_sa_discard(sa);
        return NULL;
    }
    sa->spi_i = rx->h.spi_i;
    sa->path = rx->path;
    sa->init_hash = hash;
    sm_sa_link(sa);
    sm_sa_count_half_open(sa);
    sm_index_add(&shard->by_peer, &sa->by_peer, key);
    sm_deadline_set(&shard->deadlines, &sa->expire, shard->now + shard->settings.half_open_timeout);
    sa->in = task;
    task->rx = rx;
    return task;
}

/* The first message of a peer: HDR(A,0), SAi1, KEi, Ni.  All that can be judged
 * without an SA is judged before there is one. */
static void receive_first(struct ike_shard *shard, const struct ike_path *path,
                          const struct ike_header *h, struct span datagram)
{
    uint64_t key = peer_key(path, h->spi_i);
    uint64_t hash = message_hash(datagram);
    const struct sm_transition *row;
    struct sm_task *task = NULL;
    struct sm_rx *rx;

    if (h->spi_i == 0 || h->message_id != 0) {
        sm_drop(shard, IKE_DROP_MESSAGE_ID, path, "IKE_SA_INIT with a message id or without SPI");
        return;
    }
    if (is_repeated_init(shard, path, key, hash))
        return;
    if (shard->closing || shard->stats.half_open >= shard->settings.half_open_max ||
        shard->stats.ike_sas >= shard->settings.ike_sa_max) {
        sm_drop(shard, IKE_DROP_FULL, path, "too many half-open IKE SAs");
        return;
    }
    rx = rx_new(h, path, datagram);
    if (!rx)
        return;
    row = judge_first(shard, rx);
    if (row)
        task = begin_responder(shard, rx, key, hash);
    if (!task) {
        rx_free(rx);
        return;
    }
    task->row = row;
    sm_task_step(task, row->handler(task));
}

/* IKE_SA_INIT's response: nothing in it is protected yet. */
static void receive_init_response(struct sm_sa *sa, const struct ike_path *path,
                                  const struct ike_header *h, struct span datagram)
{
    struct ike_shard *shard = sa->shard;
    struct sm_task *task = sa->out;
    const struct sm_transition *row;
    struct sm_rx *rx;
    struct err err;

    if (sa->state != SM_INIT_SENT || !task || !task->sent || task->handling) {
        sm_drop(shard, IKE_DROP_STATE, path, "IKE_SA_INIT response that nobody waits for");
        return;
    }
    if (h->message_id != task->mid) {
        sm_drop(shard, IKE_DROP_MESSAGE_ID, path, "IKE_SA_INIT response with another message id");
        return;
    }
    rx = rx_new(h, path, datagram);
    if (!rx)
        return;
    if (ike_payloads_read(h->next_payload, span_of(rx->bytes, rx->len), IKE_HEADER_LEN, &rx->pl,
                          &err) < 0 ||
        ike_payloads_check(&rx->pl, &err) < 0) {
        sm_drop(shard, IKE_DROP_SYNTAX, path, err.text);
        rx_free(rx);
        return;
    }
    row = sm_transition_response(task->kind, sa->state, sm_payload_set(&rx->pl, IKE_SA_INIT));
    if (!row || ike_payloads_critical(&rx->pl)) {
        sm_drop(shard, row ? IKE_DROP_CRITICAL : IKE_DROP_SYNTAX, path,
                "not the payloads of an IKE_SA_INIT response");
        rx_free(rx);
        return;
    }
    rx_free(task->rx);
    task->rx = rx;
    task->row = row;
    task->handling = true;
    sm_task_step(task, row->handler(task));
}

enum opened {
    OPENED,
    OPENED_BAD, /* authentic, but its inside does not parse: rx->pl is empty */
    NOT_OPENED, /* dropped and counted */
};

/* Checks the ICV and decrypts into the message's own copy. */
static enum opened open_sk(struct sm_sa *sa, struct sm_rx *rx)
{
    struct ike_shard *shard = sa->shard;
    struct span message = span_of(rx->bytes, rx->len);
    const struct ike_payload *last;
    struct ike_sk_cipher cipher;
    struct ike_sk_lens lens;
    struct ike_sk sk;
    struct span inner;
    struct err err = { 0 };

    if (ike_payloads_read(rx->h.next_payload, message, IKE_HEADER_LEN, &rx->pl, &err) < 0) {
        sm_drop(shard, IKE_DROP_SYNTAX, &rx->path, err.text);
        return NOT_OPENED;
    }
    last = rx->pl.n ? &rx->pl.p[rx->pl.n - 1] : NULL;
    if (!last || last->type != IKE_PL_SK) {
        sm_drop(shard, IKE_DROP_SYNTAX, &rx->path, "not protected");
        return NOT_OPENED;
    }
    if (sm_sa_cipher(sa, false, &cipher, &lens) < 0) {
        sm_drop(shard, IKE_DROP_STATE, &rx->path, "protected, but there are no keys yet");
        return NOT_OPENED;
    }
    if (ike_sk_read(message, last, &lens, &sk, &err) < 0) {
        sm_drop(shard, IKE_DROP_SYNTAX, &rx->path, err.text);
        return NOT_OPENED;
    }
    if (ike_sk_unseal(&cipher, sk.aad, sk.iv, sk.text, sk.icv, rx->bytes + (sk.text.p - rx->bytes),
                      &err) < 0) {
        sm_drop(shard, IKE_DROP_INTEGRITY, &rx->path, "integrity check failed");
        return NOT_OPENED;
    }
    if (ike_sk_unpad(sk.text, &inner, &err) == 0 &&
        ike_payloads_read(sk.first, inner, 0, &rx->pl, &err) == 0 &&
        ike_payloads_check(&rx->pl, &err) == 0)
        return OPENED;
    sm_drop(shard, IKE_DROP_SYNTAX, &rx->path, err.text);
    rx->pl.n = 0;
    return OPENED_BAD;
}

/* An authentic request that we cannot serve is answered all the same, so that
 * the peer's window moves on. */
static int refuse(struct sm_task *task, uint16_t type, struct span data)
{
    struct sm_sa *sa = task->sa;
    bool setting_up = !sm_sa_is_up(sa);
    int rc = sm_reply_notify(task, type, data);

    if (rc < 0)
        return rc;
    sm_task_end(task, ERR_MALFORMED, ike_notify_name(type));
    if (setting_up || type == IKE_N_INVALID_SYNTAX) /* both fatal: RFC 7296 2.21 */
        sm_sa_end(sa, SM_END_LINGER, ERR_MALFORMED, ike_notify_name(type));
    return 0;
}

static bool deletes_ike(const struct ike_payloads *pl)
{
    struct ike_delete del;

    for (size_t i = 0; i < pl->n; i++)
        if (pl->p[i].type == IKE_PL_DELETE && ike_delete_read(pl->p[i].body, &del, NULL) == 0 &&
            del.proto == IKE_PROTO_IKE)
            return true;
    return false;
}

static int dispatch_request(struct sm_task *task, enum opened opened)
{
    struct sm_sa *sa = task->sa;
    struct ike_shard *shard = sa->shard;
    struct sm_rx *rx = task->rx;
    const struct ike_payload *critical = ike_payloads_critical(&rx->pl);
    bool state_ok = false;

    if (opened == OPENED_BAD)
        return refuse(task, IKE_N_INVALID_SYNTAX, span_of(NULL, 0));
    if (critical) {
        sm_drop(shard, IKE_DROP_CRITICAL, &rx->path, "unknown critical payload");
        return refuse(task, IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD, span_of(&critical->type, 1));
    }
    if (!deletes_ike(&rx->pl))
        sm_rekey_ike_used(sa);
    task->row = sm_transition_request(rx->h.exchange, sa->state,
                                      sm_payload_set(&rx->pl, rx->h.exchange), &state_ok);
    if (task->row)
        return task->row->handler(task);
    sm_drop(shard, state_ok ? IKE_DROP_SYNTAX : IKE_DROP_STATE, &rx->path,
            "no exchange with these payloads in this state");
    return refuse(task, sm_sa_is_up(sa) ? IKE_N_INVALID_SYNTAX : IKE_N_AUTHENTICATION_FAILED,
                  span_of(NULL, 0));
}

static void receive_request(struct sm_sa *sa, struct sm_rx *rx)
{
    struct ike_shard *shard = sa->shard;
    struct sm_task *task;
    enum opened opened;

    if (rx->h.message_id != sa->receive_id && rx->h.message_id + 1 != sa->receive_id) {
        sm_drop(shard, IKE_DROP_MESSAGE_ID, &rx->path, "request outside of the window");
        goto free_rx;
    }
    opened = open_sk(sa, rx);
    if (opened == NOT_OPENED)
        goto free_rx;
    sa->last_rx = shard->now;
    if (rx->h.message_id != sa->receive_id) {
        shard->stats.retransmits_rx++;
        if (sa->reply.p)
            sm_transmit(shard, sa, &rx->path, sm_blob_span(&sa->reply));
        goto free_rx;
    }
    if (sa->in) { /* being handled: its answer is on the way */
        shard->stats.retransmits_rx++;
        goto free_rx;
    }
    /* As initiator we may hear of the peer before its IKE_AUTH response comes:
     * it will repeat what it asks. */
    if (!sm_sa_is_up(sa) && !(sa->state == SM_HALF_OPEN && rx->h.exchange == IKE_AUTH)) {
        sm_drop(shard, IKE_DROP_STATE, &rx->path, "not in this state of the IKE SA");
        goto free_rx;
    }
    if (sm_task_new(sa, SM_TASK_ANSWER, NULL, &task) < 0)
        goto free_rx;
    task->rx = rx;
    sa->in = task;
    sm_natt_follow(sa, &rx->path);
    sm_task_step(task, dispatch_request(task, opened));
    return;
free_rx:
    rx_free(rx);
}

static void receive_response(struct sm_sa *sa, struct sm_rx *rx)
{
    struct ike_shard *shard = sa->shard;
    struct sm_task *task = sa->out;
    enum opened opened;

    if (!task || !task->sent || task->handling || task->mid != rx->h.message_id ||
        task->row->exchange != rx->h.exchange) {
        sm_drop(shard, IKE_DROP_MESSAGE_ID, &rx->path, "response that nobody waits for");
        rx_free(rx);
        return;
    }
    opened = open_sk(sa, rx);
    if (opened == NOT_OPENED) {
        rx_free(rx);
        return;
    }
    sa->last_rx = shard->now;
    sm_retransmit_stop(task);
    rx_free(task->rx);
    task->rx = rx;
    task->handling = true;
    sm_natt_follow(sa, &rx->path);
    task->row =
        opened == OPENED && !ike_payloads_critical(&rx->pl)
            ? sm_transition_response(task->kind, sa->state, sm_payload_set(&rx->pl, rx->h.exchange))
            : NULL;
    if (task->row) {
        sm_task_step(task, task->row->handler(task));
        return;
    }
    /* The two ends no longer agree on what there is; only a new start helps. */
    sm_log(shard, LOG_WARN, true, "%s: unusable response to a %s exchange", sa->conn->name,
           sm_kind_name(task->kind));
    sm_sa_end(sa, SM_END_NOW, ERR_MALFORMED, "the peer's response is not usable");
}

/* The SA a message is for, or NULL (dropped and counted). */
static struct sm_sa *find_sa(struct ike_shard *shard, const struct ike_path *path,
                             const struct ike_header *h)
{
    bool from_initiator = h->flags & IKE_FLAG_INITIATOR;
    struct sm_sa *sa = sm_sa_by_spi(shard, from_initiator ? h->spi_r : h->spi_i);

    if (!sa) {
        sm_drop(shard, IKE_DROP_NO_SA, path, "no such IKE SA");
        return NULL;
    }
    if (sa->initiator == from_initiator) {
        sm_drop(shard, IKE_DROP_FLAGS, path, "the Initiator flag does not fit");
        return NULL;
    }
    if (h->spi_i != sa->spi_i || (sa->spi_r != 0 && h->spi_r != sa->spi_r)) {
        sm_drop(shard, IKE_DROP_NO_SA, path, "no such IKE SA");
        return NULL;
    }
    return sa;
}

static void receive_in_sa(struct sm_sa *sa, const struct ike_path *path, const struct ike_header *h,
                          struct span datagram)
{
    bool response = h->flags & IKE_FLAG_RESPONSE;
    struct sm_rx *rx;

    if (h->exchange == IKE_SA_INIT) {
        if (response && sa->initiator)
            receive_init_response(sa, path, h, datagram);
        else
            sm_drop(sa->shard, IKE_DROP_EXCHANGE, path, "IKE_SA_INIT within an IKE SA");
        return;
    }
    rx = rx_new(h, path, datagram);
    if (!rx)
        return;
    if (response)
        receive_response(sa, rx);
    else
        receive_request(sa, rx);
}

void sm_receive(struct ike_shard *shard, const struct ike_path *path, struct span datagram)
{
    struct ike_header h;
    struct sm_sa *sa;
    struct err err;
    int rc;

    shard->stats.rx++;
    if (ike_header_read(datagram, &h, &err) < 0) {
        sm_drop(shard, IKE_DROP_SHORT, path, err.text);
        return;
    }
    rc = ike_header_check(&h, datagram.len, &err);
    if (rc == ERR_UNSUPPORTED) {
        sm_drop(shard, IKE_DROP_VERSION, path, err.text);
        if (h.version >> 4 > 2 && !(h.flags & IKE_FLAG_RESPONSE))
            sm_reply_clear(shard, &h, path, datagram.len, IKE_N_INVALID_MAJOR_VERSION,
                           span_of(NULL, 0));
        return;
    }
    if (rc < 0) {
        sm_drop(shard, IKE_DROP_LENGTH, path, err.text);
        return;
    }
    if (h.exchange < IKE_SA_INIT || h.exchange > IKE_INFORMATIONAL) {
        sm_drop(shard, IKE_DROP_EXCHANGE, path, "unknown exchange type");
        return;
    }
    if (h.exchange == IKE_SA_INIT && h.spi_r == 0 && (h.flags & IKE_FLAG_INITIATOR) &&
        !(h.flags & IKE_FLAG_RESPONSE)) {
        receive_first(shard, path, &h, datagram);
        return;
    }
    sa = find_sa(shard, path, &h);
    if (sa)
        receive_in_sa(sa, path, &h, datagram);
}
