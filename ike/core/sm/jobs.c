/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jobs: see jobs.h.
 *
 *   asked ──answer──> answered (in shard->work) ──queue runs──> continuation, freed
 *     └──task given up──> orphan ──answer──> what it carried is given back, freed
 */
#include "ike/core/sm/jobs.h"

#include <stdio.h>
#include <string.h>

enum job_kind { JOB_SPI, JOB_INSTALL, JOB_KE, JOB_SHARED, JOB_AUTH };

struct sm_job {
    struct sm_work work;
    struct sm_index_node by_job;
    uint8_t kind; /* enum job_kind */
    bool answered;
    struct sm_task *task; /* NULL: given up */
    sm_next_fn *next;
    uint64_t child; /* JOB_INSTALL */
    struct sm_answer answer;
    char text[ERR_TEXT_LEN];
    uint16_t len;
    uint8_t data[SM_JOB_DATA_MAX];
};

static void job_free(struct ike_shard *shard, struct sm_job *job)
{
    list_remove(&job->work.node);
    sm_index_remove(&shard->by_job, &job->by_job);
    mem_free_secret(job, sizeof *job);
}

static void give_back(struct ike_shard *shard, const struct sm_job *job)
{
    const struct ike_install_port *install = &shard->ports.install;

    if (job->kind == JOB_INSTALL && job->answer.code != 0)
        install->spi_release(install->user, job->answer.spi);
    if (job->answer.code != 0)
        return;
    switch ((enum job_kind)job->kind) {
    case JOB_SPI:
        install->spi_release(install->user, job->answer.spi);
        break;
    case JOB_INSTALL:
        install->remove(install->user, job->child);
        break;
    case JOB_KE:
        shard->ports.crypto.ke_release(shard->ports.crypto.user, job->answer.handle);
        break;
    case JOB_SHARED:
    case JOB_AUTH:
        break;
    }
}

static void job_run(struct ike_shard *shard, struct sm_work *work)
{
    struct sm_job *job = CONTAINER_OF(work, struct sm_job, work);
    struct sm_task *task = job->task;

    if (!task) {
        give_back(shard, job);
        job_free(shard, job);
        return;
    }
    task->job = NULL;
    job->answer.data = span_of(job->data, job->len);
    job->answer.text = job->text;
    sm_task_step(task, job->next(task, &job->answer));
    job_free(shard, job);
}

static struct sm_job *job_new(struct sm_task *task, enum job_kind kind, sm_next_fn *next)
{
    struct ike_shard *shard = task->sa->shard;
    struct sm_job *job = mem_zalloc(sizeof *job);

    if (!job)
        return NULL;
    job->work.run = job_run;
    job->kind = (uint8_t)kind;
    job->task = task;
    job->next = next;
    sm_index_add(&shard->by_job, &job->by_job, sm_next_id(shard));
    task->job = job;
    return job;
}

int sm_job_spi(struct sm_task *task, sm_next_fn *next)
{
    const struct ike_install_port *port = &task->sa->shard->ports.install;
    struct sm_job *job = job_new(task, JOB_SPI, next);

    if (!job)
        return ERR_NOMEM;
    port->spi_reserve(port->user, job->by_job.key);
    return 0;
}

int sm_job_install(struct sm_task *task, const struct ike_child_install *child, sm_next_fn *next)
{
    const struct ike_install_port *port = &task->sa->shard->ports.install;
    struct sm_job *job = job_new(task, JOB_INSTALL, next);

    if (!job)
        return ERR_NOMEM;
    job->child = child->child;
    job->answer.spi = child->spi_in;
    port->install(port->user, job->by_job.key, child);
    return 0;
}

int sm_job_ke(struct sm_task *task, uint16_t method, sm_next_fn *next)
{
    const struct ike_crypto_port *port = &task->sa->shard->ports.crypto;
    struct sm_job *job = job_new(task, JOB_KE, next);

    if (!job)
        return ERR_NOMEM;
    port->ke_generate(port->user, job->by_job.key, method);
    return 0;
}

int sm_job_shared(struct sm_task *task, uint64_t handle, struct span peer_public, sm_next_fn *next)
{
    const struct ike_crypto_port *port = &task->sa->shard->ports.crypto;
    struct sm_job *job = job_new(task, JOB_SHARED, next);

    if (!job)
        return ERR_NOMEM;
    port->ke_shared(port->user, job->by_job.key, handle, peer_public);
    return 0;
}

int sm_job_sign(struct sm_task *task, const struct ike_auth_request *req, sm_next_fn *next)
{
    const struct ike_crypto_port *port = &task->sa->shard->ports.crypto;
    struct sm_job *job = job_new(task, JOB_AUTH, next);

    if (!job)
        return ERR_NOMEM;
    port->auth_sign(port->user, job->by_job.key, req);
    return 0;
}

int sm_job_verify(struct sm_task *task, const struct ike_auth_request *req, uint8_t method,
                  struct span auth, sm_next_fn *next)
{
    const struct ike_crypto_port *port = &task->sa->shard->ports.crypto;
    struct sm_job *job = job_new(task, JOB_AUTH, next);

    if (!job)
        return ERR_NOMEM;
    port->auth_verify(port->user, job->by_job.key, req, method, auth);
    return 0;
}

void sm_job_orphan(struct sm_task *task)
{
    if (!task->job)
        return;
    task->job->task = NULL;
    task->job = NULL;
}

void sm_jobs_free_all(struct ike_shard *shard)
{
    for (size_t i = 0; i < shard->by_job.n_buckets; i++) {
        while (shard->by_job.buckets[i])
            job_free(shard, CONTAINER_OF(shard->by_job.buckets[i], struct sm_job, by_job));
    }
}

/* Finds the job an answer is for; NULL: none of that kind waits for one. */
static struct sm_job *answer_begin(struct ike_shard *shard, ike_job id, enum job_kind kind,
                                   int code)
{
    struct sm_index_node *node = sm_index_find(&shard->by_job, id);
    struct sm_job *job = node ? CONTAINER_OF(node, struct sm_job, by_job) : NULL;

    if (!job || job->answered || job->kind != kind)
        return NULL;
    job->answered = true;
    job->answer.code = code;
    return job;
}

static void answer_data(struct sm_job *job, struct span data)
{
    if (data.len > sizeof job->data) {
        job->answer.code = job->answer.code ? job->answer.code : ERR_FULL;
        return;
    }
    if (data.len)
        memcpy(job->data, data.p, data.len);
    job->len = (uint16_t)data.len;
}

static void answer_end(struct ike_shard *shard, ns_time now, struct sm_job *job)
{
    sm_queue(shard, &job->work);
    if (sm_enter(shard, now))
        sm_leave(shard);
}

void ike_shard_answer_spi(struct ike_shard *shard, ns_time now, ike_job id, int code, uint32_t spi)
{
    struct sm_job *job = answer_begin(shard, id, JOB_SPI, code);

    if (!job)
        return;
    job->answer.spi = spi;
    answer_end(shard, now, job);
}

void ike_shard_answer_install(struct ike_shard *shard, ns_time now, ike_job id, int code,
                              const char *text)
{
    struct sm_job *job = answer_begin(shard, id, JOB_INSTALL, code);

    if (!job)
        return;
    snprintf(job->text, sizeof job->text, "%s", text ? text : "");
    answer_end(shard, now, job);
}

void ike_shard_answer_ke(struct ike_shard *shard, ns_time now, ike_job id, int code,
                         uint64_t handle, struct span public_value)
{
    struct sm_job *job = answer_begin(shard, id, JOB_KE, code);

    if (!job)
        return;
    job->answer.handle = handle;
    answer_data(job, public_value);
    if (code == 0 && job->answer.code != 0)
        shard->ports.crypto.ke_release(shard->ports.crypto.user, handle);
    answer_end(shard, now, job);
}

void ike_shard_answer_shared(struct ike_shard *shard, ns_time now, ike_job id, int code,
                             struct span secret)
{
    struct sm_job *job = answer_begin(shard, id, JOB_SHARED, code);

    if (!job)
        return;
    answer_data(job, secret);
    answer_end(shard, now, job);
}

void ike_shard_answer_auth(struct ike_shard *shard, ns_time now, ike_job id, int code,
                           uint8_t method, struct span auth)
{
    struct sm_job *job = answer_begin(shard, id, JOB_AUTH, code);

    if (!job)
        return;
    job->answer.method = method;
    answer_data(job, auth);
    answer_end(shard, now, job);
}
