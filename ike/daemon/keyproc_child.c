/* SPDX-License-Identifier: Apache-2.0 */
/* keyproc_child: the key process itself. */
#include "ike/daemon/keyproc.h"

#include "ike/core/crypto/local_port.h"
#include "ike/daemon/sandbox.h"
#include "ike/daemon/secrets.h"
#include "utils/base/log.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

struct child {
    int fd;
    struct secret_set *in_use;
    struct secret_set *next; /* between BEGIN and COMMIT */
    unsigned n_files;        /* in it */
    struct ike_local_crypto *crypto;
    struct ike_crypto_port port;
    uint8_t buf[KEYPROTO_MAX];
    uint8_t out[KEYPROTO_MAX];
};

static void reply(struct child *c, const struct keyproto_msg *msg)
{
    struct wr wr;

    wr_init(&wr, c->out, sizeof c->out);
    keyproto_write(&wr, msg);
    if (!wr.failed && send(c->fd, c->out, wr_len(&wr), MSG_NOSIGNAL) < 0)
        log_line(LOG_ERROR, "keys", "answer not sent: %s", strerror(errno));
    mem_wipe(c->out, wr_len(&wr));
}

static void on_auth(void *user, ike_job job, int code, uint8_t method, struct span auth)
{
    struct child *c = user;
    struct keyproto_msg msg = {
        .type = KEYPROTO_AUTH, .job = job, .code = code, .method = method, .data = auth
    };

    reply(c, &msg);
}

/* The key process makes no key exchanges; the port asks for both halves. */
static void on_ke(void *user, ike_job job, int code, uint64_t handle, struct span public_value)
{
    (void)user, (void)job, (void)code, (void)handle, (void)public_value;
}

static void on_shared(void *user, ike_job job, int code, struct span secret)
{
    (void)user, (void)job, (void)code, (void)secret;
}

static int find_psk(void *user, const char *conn, const struct ike_id *local_id,
                    const struct ike_id *remote_id, struct secret *ret)
{
    struct child *c = user;

    (void)conn;
    return secret_set_find(c->in_use, local_id, remote_id, ret);
}

static void handle_auth(struct child *c, const struct keyproto_msg *msg)
{
    struct ike_auth_request req = {
        .conn = msg->name,
        .local_id = &msg->ids[0],
        .remote_id = &msg->ids[1],
        .prf = msg->prf,
        .octets = msg->octets,
    };

    if (msg->n_ids != 2) {
        on_auth(c, msg->job, ERR_MALFORMED, 0, span_of(NULL, 0));
        return;
    }
    if (msg->type == KEYPROTO_SIGN)
        c->port.auth_sign(c->port.user, msg->job, &req);
    else
        c->port.auth_verify(c->port.user, msg->job, &req, msg->method, msg->data);
}

static int secret_from_file(struct child *c, const struct keyproto_msg *msg, struct err *err)
{
    struct secret secret = { 0 };
    char name[KEYPROTO_NAME_MAX + 1];
    int rc;

    if (!c->next)
        return err_set(err, ERR_STATE, "no set of secrets begun");
    /* Peers may share one file: a name of its own keeps each of them. */
    snprintf(name, sizeof name, "%u %.*s", c->n_files++, (int)sizeof name - 12, msg->name);
    rc = secret_file_read(msg->name, &secret, err);
    if (!rc)
        rc =
            secret_set_add(c->next, name, msg->ids, msg->n_ids, span_of(secret.p, secret.len), err);
    secret_wipe(&secret);
    return rc;
}

static int change_secrets(struct child *c, const struct keyproto_msg *msg, struct err *err)
{
    switch (msg->type) {
    case KEYPROTO_SECRETS_BEGIN:
        secret_set_free(c->next);
        c->next = secret_set_new();
        c->n_files = 0;
        return c->next ? 0 : err_set(err, ERR_NOMEM, "no memory for secrets");
    case KEYPROTO_SECRET_FILE:
        return secret_from_file(c, msg, err);
    case KEYPROTO_SECRET:
        return secret_set_add(c->in_use, msg->name, msg->ids, msg->n_ids, msg->data, err);
    case KEYPROTO_SECRETS_COMMIT:
        if (!c->next)
            return err_set(err, ERR_STATE, "no set of secrets begun");
        secret_set_free(c->in_use);
        c->in_use = c->next;
        c->next = NULL;
        return 0;
    case KEYPROTO_SECRETS_ABORT:
        secret_set_free(c->next);
        c->next = NULL;
        return 0;
    case KEYPROTO_SIGN:
    case KEYPROTO_VERIFY:
    case KEYPROTO_AUTH:
    case KEYPROTO_RESULT:
        break;
    }
    return err_set(err, ERR_MALFORMED, "message of type %d", (int)msg->type);
}

static void handle(struct child *c, struct span datagram)
{
    struct keyproto_msg msg;
    struct err err = { 0 };
    int rc = keyproto_read(datagram, &msg, &err);

    if (rc) {
        log_line(LOG_ERROR, "keys", "%s", err.text);
        return;
    }
    if (msg.type == KEYPROTO_SIGN || msg.type == KEYPROTO_VERIFY) {
        handle_auth(c, &msg);
        return;
    }
    rc = change_secrets(c, &msg, &err);
    reply(c, &(struct keyproto_msg){ .type = KEYPROTO_RESULT,
                                     .job = msg.job,
                                     .code = rc,
                                     .data = span_of(err.text, strlen(err.text)) });
}

static int child_init(struct child *c, int fd, struct err *err)
{
    struct ike_local_crypto_opts opts = {
        .rng = rng_os,
        .secrets = { find_psk, c },
        .answers = { .ke = on_ke, .shared = on_shared, .auth = on_auth, .user = c },
    };
    int rc;

    c->fd = fd;
    c->in_use = secret_set_new();
    if (!c->in_use)
        return err_set(err, ERR_NOMEM, "no memory for secrets");
    rc = ike_local_crypto_new(&opts, &c->crypto, err);
    if (!rc)
        c->port = ike_local_crypto_port(c->crypto);
    return rc;
}

/* No core file, no other process of this user looks inside, no swap. */
static void harden(void)
{
    const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY }, none = { 0, 0 };

    if (prctl(PR_SET_DUMPABLE, 0) || setrlimit(RLIMIT_CORE, &none))
        log_line(LOG_WARN, "keys", "process could not be hardened: %s", strerror(errno));
    /* Without the limit raised, memory taken once the capability is gone would
     * be refused instead of locked. */
    if (setrlimit(RLIMIT_MEMLOCK, &all) || mlockall(MCL_CURRENT | MCL_FUTURE))
        log_line(LOG_DEBUG, "keys", "keys may be swapped out: %s", strerror(errno));
}

/* An empty datagram reads like the end of the stream. */
static bool peer_is_gone(int fd)
{
    struct pollfd pfd = { .fd = fd, .events = POLLRDHUP };

    return poll(&pfd, 1, 0) != 0;
}

int keyproc_child_run(int fd)
{
    static struct child c;
    struct err err = { 0 };
    ssize_t n;

    harden();
    if (child_init(&c, fd, &err) || sandbox_keys(&err)) {
        log_line(LOG_ERROR, "keys", "%s", err.text);
        return 1;
    }
    for (;;) {
        n = recv(fd, c.buf, sizeof c.buf, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || (n == 0 && peer_is_gone(fd)))
            break;
        handle(&c, span_of(c.buf, (size_t)n));
        mem_wipe(c.buf, (size_t)n);
    }
    ike_local_crypto_free(c.crypto);
    secret_set_free(c.in_use);
    secret_set_free(c.next);
    mem_wipe(&c, sizeof c);
    return 0;
}
