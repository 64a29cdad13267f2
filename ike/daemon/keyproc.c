/* SPDX-License-Identifier: Apache-2.0 */
/* keyproc: the network process's side of the key process. */
#include "ike/daemon/keyproc.h"

#include "utils/base/log.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define REPLY_TIMEOUT_MS 5000

struct keyproc {
    int fd;
    pid_t pid;
    uint64_t sequence; /* of the last request that is waited for */
    bool result_is_there;
    struct err result; /* of that request */
    struct keyproc_answers answers;
    uint8_t buf[KEYPROTO_MAX];
    uint8_t out[KEYPROTO_MAX];
};

static void become_key_process(int fd)
{
    /* Ends with the network process: its socket then reads end of file. */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    prctl(PR_SET_NAME, "ipsec-keys");
    _exit(keyproc_child_run(fd));
}

int keyproc_start(struct keyproc **ret, struct err *err)
{
    struct keyproc *kp = mem_zalloc(sizeof *kp);
    int fds[2];

    if (!kp)
        return err_set(err, ERR_NOMEM, "no memory for the key process");
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds)) {
        mem_free(kp);
        return err_errno(err, errno, "key process: socketpair");
    }
    kp->pid = fork();
    if (kp->pid < 0) {
        int errnum = errno;

        close(fds[0]);
        close(fds[1]);
        mem_free(kp);
        return err_errno(err, errnum, "key process: fork");
    }
    if (kp->pid == 0) {
        close(fds[0]);
        become_key_process(fds[1]);
    }
    close(fds[1]);
    kp->fd = fds[0];
    *ret = kp;
    return 0;
}

void keyproc_stop(struct keyproc *kp)
{
    if (!kp)
        return;
    close(kp->fd);
    while (waitpid(kp->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    mem_free(kp);
}

void keyproc_on_answer(struct keyproc *kp, const struct keyproc_answers *answers)
{
    kp->answers = *answers;
}

int keyproc_fd(struct keyproc *kp)
{
    return kp->fd;
}

/* Reads one message. 1: *ret holds it; 0: nothing there; else an error. */
static int take(struct keyproc *kp, struct keyproto_msg *ret, struct err *err)
{
    ssize_t n;
    int rc;

    do
        n = recv(kp->fd, kp->buf, sizeof kp->buf, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN)
        return 0;
    if (n <= 0)
        return err_set(err, ERR_DEVICE, "the key process is gone");
    rc = keyproto_read(span_of(kp->buf, (size_t)n), ret, err);
    return rc ? rc : 1;
}

static void deliver(struct keyproc *kp, const struct keyproto_msg *msg)
{
    if (msg->type == KEYPROTO_AUTH) {
        kp->answers.auth(kp->answers.user, msg->job, msg->code, msg->method, msg->data);
    } else if (msg->type == KEYPROTO_RESULT && msg->job == kp->sequence) {
        kp->result_is_there = true;
        kp->result.code = 0;
        if (msg->code)
            err_set(&kp->result, msg->code, "%.*s", (int)msg->data.len, (const char *)msg->data.p);
    }
}

int keyproc_process(struct keyproc *kp, struct err *err)
{
    struct keyproto_msg msg;
    int rc;

    while ((rc = take(kp, &msg, err)) == 1)
        deliver(kp, &msg);
    return rc;
}

static int send_now(struct keyproc *kp, const struct keyproto_msg *msg)
{
    struct wr wr;
    ssize_t n;
    int errnum;

    wr_init(&wr, kp->out, sizeof kp->out);
    keyproto_write(&wr, msg);
    if (wr.failed)
        return EMSGSIZE;
    do
        n = send(kp->fd, kp->out, wr_len(&wr), MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    errnum = n < 0 ? errno : 0;
    mem_wipe(kp->out, wr_len(&wr));
    return errnum;
}

/* While the socket is full, answers are taken: the key process may be waiting for
 * that.  They may lead to requests of their own, from inside this one. */
static int post(struct keyproc *kp, const struct keyproto_msg *msg, struct err *err)
{
    struct pollfd pfd = { .fd = kp->fd, .events = POLLIN | POLLOUT };
    int errnum;

    while ((errnum = send_now(kp, msg)) == EAGAIN) {
        int rc = poll(&pfd, 1, REPLY_TIMEOUT_MS) == 0 ? ERR_TIMEOUT : keyproc_process(kp, err);

        if (rc == ERR_TIMEOUT)
            return err_set(err, rc, "the key process does not read");
        if (rc == ERR_DEVICE)
            return rc;
    }
    if (errnum == EMSGSIZE)
        return err_set(err, ERR_INVALID, "request to the key process is longer than %d bytes",
                       KEYPROTO_MAX);
    return errnum ? err_set(err, ERR_DEVICE, "key process: %s", strerror(errnum)) : 0;
}

static void fail_auth(struct keyproc *kp, ike_job job, int code)
{
    kp->answers.auth(kp->answers.user, job, code, 0, span_of(NULL, 0));
}

static void ask_auth(struct keyproc *kp, enum keyproto_type type, ike_job job,
                     const struct ike_auth_request *req, uint8_t method, struct span auth)
{
    struct keyproto_msg msg = {
        .type = type,
        .job = job,
        .prf = req->prf,
        .method = method,
        .n_ids = 2,
        .octets = req->octets,
        .data = auth,
    };
    struct err err = { 0 };
    int rc;

    msg.ids[0] = *req->local_id;
    msg.ids[1] = *req->remote_id;
    snprintf(msg.name, sizeof msg.name, "%s", req->conn);
    rc = post(kp, &msg, &err);
    if (rc) {
        log_line(LOG_ERROR, "keys", "%s", err.text);
        fail_auth(kp, job, rc);
    }
}

void keyproc_sign(struct keyproc *kp, ike_job job, const struct ike_auth_request *req)
{
    ask_auth(kp, KEYPROTO_SIGN, job, req, 0, span_of(NULL, 0));
}

void keyproc_verify(struct keyproc *kp, ike_job job, const struct ike_auth_request *req,
                    uint8_t method, struct span auth)
{
    ask_auth(kp, KEYPROTO_VERIFY, job, req, method, auth);
}

static int await_result(struct keyproc *kp, struct err *err)
{
    struct pollfd pfd = { .fd = kp->fd, .events = POLLIN };

    while (!kp->result_is_there) {
        int rc;

        if (poll(&pfd, 1, REPLY_TIMEOUT_MS) == 0)
            return err_set(err, ERR_TIMEOUT, "the key process did not answer");
        rc = keyproc_process(kp, err);
        if (rc < 0)
            return rc;
    }
    return kp->result.code ? err_set(err, kp->result.code, "%s", kp->result.text) : 0;
}

static int ask(struct keyproc *kp, struct keyproto_msg *msg, const char *name,
               const struct ike_id *ids, unsigned n_ids, struct err *err)
{
    int rc;

    if (strlen(name) > KEYPROTO_NAME_MAX)
        return err_set(err, ERR_INVALID, "secret: name or path is longer than %d bytes",
                       KEYPROTO_NAME_MAX);
    if (n_ids > KEYPROTO_IDS_MAX)
        return err_set(err, ERR_FULL, "secret %.100s: more than %d identities", name,
                       KEYPROTO_IDS_MAX);
    snprintf(msg->name, sizeof msg->name, "%s", name);
    msg->job = ++kp->sequence;
    kp->result_is_there = false;
    msg->n_ids = (uint8_t)n_ids;
    if (n_ids)
        memcpy(msg->ids, ids, n_ids * sizeof *ids);
    rc = post(kp, msg, err);
    return rc ? rc : await_result(kp, err);
}

int keyproc_secrets_begin(struct keyproc *kp, struct err *err)
{
    return ask(kp, &(struct keyproto_msg){ .type = KEYPROTO_SECRETS_BEGIN }, "", NULL, 0, err);
}

int keyproc_secret_file(struct keyproc *kp, const char *path, const struct ike_id *ids,
                        unsigned n_ids, struct err *err)
{
    return ask(kp, &(struct keyproto_msg){ .type = KEYPROTO_SECRET_FILE }, path, ids, n_ids, err);
}

int keyproc_secrets_commit(struct keyproc *kp, struct err *err)
{
    return ask(kp, &(struct keyproto_msg){ .type = KEYPROTO_SECRETS_COMMIT }, "", NULL, 0, err);
}

int keyproc_secrets_abort(struct keyproc *kp, struct err *err)
{
    return ask(kp, &(struct keyproto_msg){ .type = KEYPROTO_SECRETS_ABORT }, "", NULL, 0, err);
}

int keyproc_secret(struct keyproc *kp, const char *name, const struct ike_id *ids, unsigned n_ids,
                   struct span secret, struct err *err)
{
    return ask(kp, &(struct keyproto_msg){ .type = KEYPROTO_SECRET, .data = secret }, name, ids,
               n_ids, err);
}
