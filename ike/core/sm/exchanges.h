/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exchanges: the handlers that transitions.c names.  Each stands in the file
 * of its exchange, under the message diagram of RFC 7296.
 */
#ifndef IKE_SM_EXCHANGES_H
#define IKE_SM_EXCHANGES_H

#include "ike/core/sm/task.h"

int sm_init_start(struct sm_task *task); /* sa_init.c */
int sm_init_request(struct sm_task *task);
int sm_init_response(struct sm_task *task);
int sm_init_refused(struct sm_task *task);

int sm_auth_start(struct sm_task *task); /* auth.c */
int sm_auth_response(struct sm_task *task);
int sm_auth_response_childless(struct sm_task *task);
int sm_auth_refused(struct sm_task *task);
int sm_auth_request(struct sm_task *task); /* auth_responder.c */

int sm_new_child_start(struct sm_task *task); /* create_child.c */
int sm_new_child_request(struct sm_task *task);
int sm_new_child_response(struct sm_task *task);
int sm_new_child_refused(struct sm_task *task);

int sm_rekey_child_start(struct sm_task *task); /* rekey_child.c */
int sm_rekey_child_request(struct sm_task *task);
int sm_rekey_child_response(struct sm_task *task);
int sm_rekey_child_refused(struct sm_task *task);

int sm_rekey_ike_start(struct sm_task *task); /* rekey_ike.c */
int sm_rekey_ike_request(struct sm_task *task);
int sm_rekey_ike_response(struct sm_task *task);
int sm_rekey_ike_refused(struct sm_task *task);

int sm_refuse_for_now(struct sm_task *task); /* collide.c: TEMPORARY_FAILURE */
int sm_refuse_syntax(struct sm_task *task);

int sm_delete_child_start(struct sm_task *task); /* informational.c */
int sm_delete_child_response(struct sm_task *task);
int sm_delete_ike_start(struct sm_task *task);
int sm_delete_ike_response(struct sm_task *task);
int sm_probe_start(struct sm_task *task);
int sm_probe_response(struct sm_task *task);
int sm_informational_request(struct sm_task *task);

#endif
