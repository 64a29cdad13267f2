/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keyproc: the process that holds the pre-shared keys, and the network
 * process's handle to it.  The secrets are read, kept and used there; what
 * comes back is AUTH data and yes or no.  The network process never sees one.
 */
#ifndef IKE_DAEMON_KEYPROC_H
#define IKE_DAEMON_KEYPROC_H

#include "ike/core/ports.h"
#include "ike/daemon/keyproto.h"

struct keyproc;

struct keyproc_answers {
    void (*auth)(void *user, ike_job job, int code, uint8_t method, struct span auth);
    void *user;
};

/* Forks the key process. Call before any thread, socket or file is open that
 * it must not have. */
int keyproc_start(struct keyproc **ret, struct err *err);
void keyproc_stop(struct keyproc *kp); /* it ends when its socket closes; waits for it */

void keyproc_on_answer(struct keyproc *kp, const struct keyproc_answers *answers);
int keyproc_fd(struct keyproc *kp);
/* Reads answers; ERR_DEVICE: the key process is gone, and with it all keys. */
int keyproc_process(struct keyproc *kp, struct err *err);

/* The two requests of the crypto port that need a secret.  Answers to others may
 * come from inside the call: while the key process's socket is full. */
void keyproc_sign(struct keyproc *kp, ike_job job, const struct ike_auth_request *req);
void keyproc_verify(struct keyproc *kp, ike_job job, const struct ike_auth_request *req,
                    uint8_t method, struct span auth);

/* Secrets: a new set is built beside the one in use and swapped in whole.
 * These wait for the answer, at most 5 s. */
int keyproc_secrets_begin(struct keyproc *kp, struct err *err);
int keyproc_secret_file(struct keyproc *kp, const char *path, const struct ike_id *ids,
                        unsigned n_ids, struct err *err);
int keyproc_secrets_commit(struct keyproc *kp, struct err *err);
int keyproc_secrets_abort(struct keyproc *kp, struct err *err);
/* One secret from the control socket (swanctl --load-creds), by name. */
int keyproc_secret(struct keyproc *kp, const char *name, const struct ike_id *ids, unsigned n_ids,
                   struct span secret, struct err *err);

/* The key process's own loop, in keyproc_child.c; returns its exit status. */
int keyproc_child_run(int fd);

#endif
