/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jobs: requests to the install and crypto ports and where their answers go
 * on.  Everything an answer needs is allocated with the request, so taking one
 * in cannot fail.  Answers are always handled from the shard's queue, never
 * from inside the request, so a function that made one has finished before its
 * continuation runs.
 *
 * When a task is given up, its job stays behind until answered, and what the
 * answer brings (a key handle, a reserved SPI, an installed SA) is given back.
 */
#ifndef IKE_SM_JOBS_H
#define IKE_SM_JOBS_H

#include "ike/core/sm/task.h"

#define SM_JOB_DATA_MAX 1024 /* bytes of a public value, shared secret or AUTH */

struct sm_answer {
    int code; /* 0 or enum err_code */
    uint32_t spi;
    uint64_t handle;
    uint8_t method;
    struct span data;
    const char *text; /* of a failed install; never NULL */
};

typedef int sm_next_fn(struct sm_task *task, const struct sm_answer *answer);

/* Each returns 0 (the answer will come to `next`) or ERR_NOMEM. */
int sm_job_spi(struct sm_task *task, sm_next_fn *next);
int sm_job_install(struct sm_task *task, const struct ike_child_install *child, sm_next_fn *next);
int sm_job_ke(struct sm_task *task, uint16_t method, sm_next_fn *next);
int sm_job_shared(struct sm_task *task, uint64_t handle, struct span peer_public, sm_next_fn *next);
int sm_job_sign(struct sm_task *task, const struct ike_auth_request *req, sm_next_fn *next);
int sm_job_verify(struct sm_task *task, const struct ike_auth_request *req, uint8_t method,
                  struct span auth, sm_next_fn *next);

/* The task is given up; see above. */
void sm_job_orphan(struct sm_task *task);
void sm_jobs_free_all(struct ike_shard *shard);

#endif
