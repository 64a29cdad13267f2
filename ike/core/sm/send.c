/* SPDX-License-Identifier: Apache-2.0 */
/*
 * send: one message from its header to the wire.
 *
 * A message is built and sealed once.  What is repeated later are the same
 * bytes, so no IV is ever used for two plaintexts (RFC 7296 2.1, RFC 5282 3).
 */
#include "ike/core/sm/send.h"

#include "ike/core/crypto/skcipher.h"
#include "ike/core/sm/transitions.h"

int sm_sa_cipher(const struct sm_sa *sa, bool ours, struct ike_sk_cipher *ret,
                 struct ike_sk_lens *ret_lens)
{
    int rc = ike_sk_cipher_of(&sa->suite, &sa->keys, ours == sa->initiator, ret, NULL);

    if (rc < 0)
        return rc;
    ret_lens->iv = (uint8_t)ike_sk_iv_len(ret);
    ret_lens->block = (uint8_t)ike_sk_block_len(ret);
    ret_lens->icv = (uint8_t)ike_sk_icv_len(ret);
    return 0;
}

void sm_transmit(struct ike_shard *shard, struct sm_sa *sa, const struct ike_path *path,
                 struct span data)
{
    shard->stats.tx++;
    if (sa)
        sa->last_tx = shard->now;
    shard->ports.send.datagram(shard->ports.send.user, path, data);
}

int sm_out_begin(struct sm_out *out, struct sm_task *task)
{
    struct sm_sa *sa = task->sa;
    struct ike_header h = {
        .spi_i = sa->spi_i,
        .spi_r = sa->spi_r,
        .version = IKE_VERSION_2,
        .exchange = task->initiator ? task->row->exchange : task->rx->h.exchange,
        .flags = sa->initiator ? IKE_FLAG_INITIATOR : 0,
    };

    if (task->initiator)
        h.message_id = task->sent ? task->mid : sa->send_id;
    else
        h.message_id = task->rx->h.message_id;
    if (!task->initiator)
        h.flags |= IKE_FLAG_RESPONSE;
    out->task = task;
    out->sk = h.exchange != IKE_SA_INIT;
    ike_msg_begin(&out->msg, out->buf, sizeof out->buf, &h);
    if (out->sk) {
        struct ike_sk_cipher cipher;
        int rc = sm_sa_cipher(sa, true, &cipher, &out->lens);

        if (rc < 0)
            return rc;
        ike_sk_open(&out->msg, &out->lens);
    }
    return 0;
}

static int seal(struct sm_out *out, const struct ike_sk_frame *frame)
{
    struct sm_sa *sa = out->task->sa;
    struct ike_sk_cipher cipher;
    struct ike_sk_lens lens;
    int rc;

    rc = sm_sa_cipher(sa, true, &cipher, &lens);
    if (rc < 0)
        return rc;
    rc = ike_sk_iv(&cipher, &sa->iv_counter, &sa->shard->ports.rng, frame->iv, NULL);
    if (rc < 0)
        return rc;
    return ike_sk_seal(&cipher, frame->aad, span_of(frame->iv, lens.iv), frame->text,
                       frame->text_len, frame->icv, NULL);
}

/* A request: kept in the task, repeated until answered. */
static int send_request(struct sm_task *task, struct span message)
{
    struct sm_sa *sa = task->sa;
    int rc = sm_blob_set(&task->request, message);

    if (rc < 0)
        return rc;
    if (!task->sent)
        task->mid = sa->send_id++;
    task->sent = true;
    task->handling = false;
    if (task->row->next != SM_STAY)
        sm_sa_set_state(sa, task->row->next);
    sm_retransmit_start(task);
    sm_transmit(sa->shard, sa, &sa->path, message);
    return 0;
}

/* A response: kept in the reply cache, sent to where the request came from
 * (RFC 7296 2.11). */
static int send_response(struct sm_task *task, struct span message)
{
    struct sm_sa *sa = task->sa;
    int rc = sm_blob_set(&sa->reply, message);

    if (rc < 0)
        return rc;
    task->sent = true;
    sa->receive_id = task->rx->h.message_id + 1;
    sm_transmit(sa->shard, sa, &task->rx->path, message);
    return 0;
}

int sm_out_send(struct sm_out *out)
{
    struct sm_task *task = out->task;
    struct ike_sk_frame frame = { 0 };
    struct span message;
    int rc;

    if (out->sk)
        ike_sk_close(&out->msg, &out->lens, &frame);
    rc = ike_msg_end(&out->msg, &message, NULL);
    if (rc == 0 && out->sk)
        rc = seal(out, &frame);
    if (rc == 0)
        rc = task->initiator ? send_request(task, message) : send_response(task, message);
    if (rc < 0 && out->sk) /* what stands there may still be plaintext */
        mem_wipe(out->buf, sizeof out->buf);
    return rc;
}

int sm_reply_empty(struct sm_task *task)
{
    struct sm_out out;
    int rc = sm_out_begin(&out, task);

    return rc < 0 ? rc : sm_out_send(&out);
}

int sm_reply_notify(struct sm_task *task, uint16_t type, struct span data)
{
    struct sm_out out;
    int rc = sm_out_begin(&out, task);

    if (rc < 0)
        return rc;
    ike_notify_put(&out.msg, type, data);
    return sm_out_send(&out);
}

void sm_reply_clear(struct ike_shard *shard, const struct ike_header *h,
                    const struct ike_path *path, size_t request_len, uint16_t type,
                    struct span data)
{
    uint8_t buf[128];
    struct ike_msg msg;
    struct span message;
    struct ike_header reply = {
        .spi_i = h->spi_i,
        .spi_r = h->spi_r,
        .version = IKE_VERSION_2,
        .exchange = h->exchange,
        .flags = IKE_FLAG_RESPONSE | (h->flags & IKE_FLAG_INITIATOR ? 0 : IKE_FLAG_INITIATOR),
        .message_id = h->message_id,
    };

    ike_msg_begin(&msg, buf, sizeof buf, &reply);
    ike_notify_put(&msg, type, data);
    if (ike_msg_end(&msg, &message, NULL) == 0 && message.len <= request_len)
        sm_transmit(shard, NULL, path, message);
}
