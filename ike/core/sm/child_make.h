/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child_make: the part that IKE_AUTH and all forms of CREATE_CHILD_SA share:
 * from selectors and proposals to an installed Child SA.  Each step goes on in
 * task->then, with task->child_error set if the Child SA is refused.
 *
 *   initiator  sm_child_prepare()  SPI, key pair  -> then: send the request
 *              sm_child_accept()   the answer's payloads, secret, keys, install -> then
 *   responder  sm_child_answer()   the request's payloads, SPI, key pair, secret,
 *                                  keys, install -> then: send the response
 */
#ifndef IKE_SM_CHILD_MAKE_H
#define IKE_SM_CHILD_MAKE_H

#include "ike/core/sm/send.h"

typedef int sm_then_fn(struct sm_task *task);

/* task->conf and task->conn are set; `with_ke`: a key exchange of its own. */
int sm_child_prepare(struct sm_task *task, bool with_ke, sm_then_fn *then);
/* SA, TSi, TSr and in CREATE_CHILD_SA Ni, KEi. */
void sm_child_put_request(struct sm_task *task, struct sm_out *out, bool with_ke);
/* Reads the response.  task->child_error is our own verdict then, never sent;
 * CHILD_SA_NOT_FOUND without a child: the peer has deleted it already. */
int sm_child_accept(struct sm_task *task, bool with_ke, sm_then_fn *then);

/* `old` NULL: a new one; else the Child SA that is rekeyed. */
int sm_child_answer(struct sm_task *task, bool with_ke, struct sm_child *old, sm_then_fn *then);
/* SA, Nr, KEr, TSi, TSr, or the notify that refuses. */
void sm_child_put_answer(struct sm_task *task, struct sm_out *out, bool with_ke);
/* The error notify that refuses a Child SA, with its data. */
void sm_child_put_error(struct sm_task *task, struct sm_out *out);

/* Installs task->child now that keys can be derived; used by collide.c's winner. */
int sm_child_install(struct sm_task *task);

#endif
