/* SPDX-License-Identifier: Apache-2.0 */
/*
 * send: building, sealing and sending one message of a task; the exact bytes
 * are kept for retransmission (a request) or in the reply cache (a response).
 */
#ifndef IKE_SM_SEND_H
#define IKE_SM_SEND_H

#include "ike/core/sm/task.h"

struct sm_out {
    struct sm_task *task;
    struct ike_msg msg; /* payloads are appended here */
    struct ike_sk_lens lens;
    bool sk;
    uint8_t buf[IKE_MESSAGE_MAX];
};

/* Starts the task's request or response; all but IKE_SA_INIT get an SK payload. */
int sm_out_begin(struct sm_out *out, struct sm_task *task);
/* Ends, seals, keeps and sends it.  A request enters the state of its row and
 * is retransmitted until answered; a response moves the window on.  On failure
 * nothing was sent and the windows stand where they were. */
int sm_out_send(struct sm_out *out);

/* Whole responses. */
int sm_reply_empty(struct sm_task *task);
int sm_reply_notify(struct sm_task *task, uint16_t type, struct span data);

/* An unprotected notify that keeps no state (RFC 7296 2.5, 2.6, 1.5).  Nothing leaves if it
 * is longer than the request: the sender's address may be a victim's. */
void sm_reply_clear(struct ike_shard *shard, const struct ike_header *h,
                    const struct ike_path *path, size_t request_len, uint16_t type,
                    struct span data);

/* Sends bytes as they are. */
void sm_transmit(struct ike_shard *shard, struct sm_sa *sa, const struct ike_path *path,
                 struct span data);

/* retransmit.c: arms the first wait; stops; repeats now. */
void sm_retransmit_start(struct sm_task *task);
void sm_retransmit_stop(struct sm_task *task);
/* The IKE SA's ciphers. ERR_UNSUPPORTED, ERR_INVALID. */
struct ike_sk_cipher;
int sm_sa_cipher(const struct sm_sa *sa, bool ours, struct ike_sk_cipher *ret,
                 struct ike_sk_lens *ret_lens);

#endif
