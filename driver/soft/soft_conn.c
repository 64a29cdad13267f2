/* SPDX-License-Identifier: Apache-2.0 */
/*
 * soft_conn: the backend's connection to the data plane process.
 */
#include "driver/soft/soft_dev.h"

#include "utils/base/mem.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKOFF_MIN (100 * NS_PER_MS)
#define BACKOFF_MAX (1000 * NS_PER_MS)
#define PULL_MAX 64 /* records taken in one go */

int soft_conn_check(const struct soft_dev *d, struct err *err)
{
    if (d->state == SOFT_UP)
        return 0;
    return err_set(err, ERR_DEVICE, "data plane at %s: %s", d->path,
                   d->state == SOFT_HELLO ? "no welcome yet" : d->why_down.text);
}

static void fail_pending(struct soft_dev *d, const struct err *why)
{
    struct list mine;

    /* A completion may submit again: only what was on its way now is failed. */
    list_init(&mine);
    LIST_FOR_EACH(node, &d->pending)
    {
        list_remove(node);
        list_add_tail(&mine, node);
    }
    LIST_FOR_EACH(node, &mine)
    {
        struct soft_pending *p = CONTAINER_OF(node, struct soft_pending, link);
        struct nic_batch *batch = p->batch;

        list_remove(node);
        mem_free(p);
        nic_batch_done(batch, ERR_DEVICE, why);
    }
}

void soft_conn_down(struct soft_dev *d, const struct err *why)
{
    struct err text = { 0 };
    bool was_up = d->state == SOFT_UP;
    ns_time now = d->port.now(d->port.user);

    err_set(&text, ERR_DEVICE, "data plane at %s: %.120s", d->path, why->text);
    if (d->fd >= 0)
        close(d->fd);
    d->fd = -1;
    d->state = SOFT_DOWN;
    d->why_down = *why;
    if (was_up || !d->backoff)
        d->backoff = BACKOFF_MIN;
    d->retry_at = now + d->backoff;
    d->backoff = d->backoff * 2 > BACKOFF_MAX ? BACKOFF_MAX : d->backoff * 2;
    if (!d->told_lost)
        d->lost_due = true;
    d->back_due = false;
    fail_pending(d, &text);
}

uint32_t soft_conn_begin(struct soft_dev *d, struct wr *wr, enum dpc_op op)
{
    uint32_t id = ++d->next_id;

    if (!id) /* 0 stands for "not asked" */
        id = ++d->next_id;
    dpc_begin(wr, d->tx, sizeof d->tx, DPC_REQUEST, (uint16_t)op, id, 0);
    return id;
}

int soft_conn_send(struct soft_dev *d, struct wr *wr, struct err *err)
{
    struct span frame;
    struct err why = { 0 };
    ssize_t n;
    int rc = dpc_end(wr, &frame, err);

    if (rc)
        goto out;
    do {
        n = send(d->fd, frame.p, frame.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n >= 0)
        goto out;
    if (errno == EAGAIN) {
        rc = err_set(err, ERR_BUSY, "data plane at %s does not read its requests", d->path);
        goto out;
    }
    err_errno(&why, errno, "connection lost");
    soft_conn_down(d, &why);
    rc = err_set(err, ERR_DEVICE, "data plane at %s: %.120s", d->path, why.text);
out:
    mem_wipe(d->tx, wr_len(wr)); /* may hold keys */
    return rc;
}

/* Takes one record off the socket.  NULL with *ret_code 0: nothing there. */
static struct soft_record *take(struct soft_dev *d, int *ret_code, struct err *why)
{
    struct soft_record *r;
    struct span payload;
    struct dpc_header header;
    ssize_t n;

    *ret_code = 0;
    do {
        n = recv(d->fd, d->rx, sizeof d->rx, MSG_DONTWAIT | MSG_TRUNC);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN)
        return NULL;
    if (n <= 0) {
        *ret_code = n ? err_errno(why, errno, "connection lost")
                      : err_set(why, ERR_DEVICE, "connection closed by the data plane");
        return NULL;
    }
    if ((size_t)n > sizeof d->rx) {
        *ret_code = err_set(why, ERR_MALFORMED, "message of %zd bytes", n);
        return NULL;
    }
    *ret_code = dpc_open(span_of(d->rx, (size_t)n), &header, &payload, why);
    if (!*ret_code && header.kind == DPC_REQUEST)
        *ret_code = err_set(why, ERR_MALFORMED, "control message header: bad kind");
    if (*ret_code)
        return NULL;
    r = mem_zalloc(sizeof *r + payload.len);
    if (!r) {
        *ret_code = err_set(why, ERR_NOMEM, "no memory for a message");
        return NULL;
    }
    r->header = header;
    if (payload.len)
        memcpy(r->bytes, payload.p, payload.len);
    r->payload = span_of(r->bytes, payload.len);
    return r;
}

static void queue(struct soft_dev *d, struct soft_record *r)
{
    if (d->n_inbox >= SOFT_INBOX_MAX && r->header.kind == DPC_EVENT) {
        d->n_lost_records++;
        mem_free(r);
        return;
    }
    list_add_tail(&d->inbox, &r->link);
    d->n_inbox++;
}

void soft_conn_pull(struct soft_dev *d)
{
    struct err why = { 0 };
    int code = 0;

    for (int i = 0; i < PULL_MAX && d->fd >= 0 && d->n_inbox < SOFT_INBOX_MAX; i++) {
        struct soft_record *r = take(d, &code, &why);

        if (code)
            soft_conn_down(d, &why);
        if (!r)
            return;
        queue(d, r);
    }
}

struct soft_record *soft_conn_pop(struct soft_dev *d)
{
    struct list *node = d->inbox.next;

    if (list_is_empty(&d->inbox))
        return NULL;
    list_remove(node);
    d->n_inbox--;
    return CONTAINER_OF(node, struct soft_record, link);
}

/* Waits for the reply to `id`; NULL on loss or when the time is up. */
static struct soft_record *wait_reply(struct soft_dev *d, uint32_t id, struct err *err)
{
    ns_time start = d->port.now(d->port.user);
    ns_time deadline = start + d->port.deadline_ms * NS_PER_MS;

    while (d->fd >= 0) {
        struct err why = { 0 };
        int code;
        struct soft_record *r = take(d, &code, &why);
        struct pollfd pfd = { .fd = d->fd, .events = POLLIN };
        ns_time now;

        if (code) {
            soft_conn_down(d, &why);
            err_set(err, ERR_DEVICE, "data plane at %s: %.120s", d->path, why.text);
            return NULL;
        }
        if (r && r->header.kind == DPC_REPLY && r->header.id == id)
            return r;
        if (r) {
            queue(d, r);
            continue;
        }
        now = d->port.now(d->port.user);
        if (now >= deadline)
            break;
        if (poll(&pfd, 1, (int)((deadline - now) / NS_PER_MS) + 1) == 0)
            break;
    }
    err_set(err, ERR_TIMEOUT, "data plane at %s: no answer within %u ms", d->path,
            d->port.deadline_ms);
    return NULL;
}

int soft_reply_error(const struct soft_record *record, struct err *err)
{
    size_t len = record->payload.len;

    if (!record->header.code)
        return 0;
    return err_set(err, record->header.code, "%.*s",
                   (int)(len < ERR_TEXT_LEN ? len : ERR_TEXT_LEN - 1),
                   len ? (const char *)record->payload.p : "");
}

int soft_conn_call(struct soft_dev *d, struct wr *wr, uint32_t id, struct soft_record **ret,
                   struct err *err)
{
    struct err own = { 0 };
    struct soft_record *r;
    int rc = soft_conn_send(d, wr, err);

    if (rc)
        return rc;
    r = wait_reply(d, id, &own);
    if (!r) {
        if (err)
            *err = own;
        return own.code;
    }
    rc = soft_reply_error(r, err);
    if (rc)
        mem_free(r);
    else
        *ret = r;
    return rc;
}

int soft_conn_welcome(struct soft_dev *d, const struct soft_record *record, struct err *err)
{
    struct dpc_welcome w;
    struct dpc_in in;
    struct err why = { 0 };
    int rc = soft_reply_error(record, &why);

    if (!rc) {
        dpc_in_init(&in, record->payload);
        dpc_get_welcome(&in, &w);
        rc = dpc_in_end(&in, "welcome", &why);
    }
    if (!rc && w.version != DPC_VERSION)
        rc = err_set(&why, ERR_UNSUPPORTED, "speaks protocol version %u, this backend %u",
                     w.version, DPC_VERSION);
    if (rc) {
        soft_conn_down(d, &why);
        return err_set(err, rc, "data plane at %s: %.120s", d->path, why.text);
    }
    d->guard_due = d->n_guard && strcmp(w.tun, d->welcome.tun) != 0;
    d->welcome = w;
    d->base.caps = w.caps;
    d->base.generation = w.generation;
    d->state = SOFT_UP;
    d->backoff = 0;
    d->lost_due = false;
    d->back_due = d->told_lost;
    return 0;
}

int soft_conn_start(struct soft_dev *d, bool wait, struct err *err)
{
    struct dpc_hello hello = { .version = DPC_VERSION, .monitor = d->base.monitor };
    struct soft_record *r;
    struct err why = { 0 };
    struct wr wr;
    int rc = d->port.connect(d->port.user, d->path, &d->fd, &why);

    if (rc) {
        d->fd = -1;
        soft_conn_down(d, &why);
        return err_set(err, ERR_DEVICE, "data plane at %s: %.120s", d->path, why.text);
    }
    d->state = SOFT_HELLO;
    d->hello_sent = d->port.now(d->port.user);
    snprintf(hello.owner, sizeof hello.owner, "%s", d->base.owner);
    d->hello_id = soft_conn_begin(d, &wr, DPC_OP_HELLO);
    dpc_put_hello(&wr, &hello);
    rc = soft_conn_send(d, &wr, err);
    if (rc || !wait)
        return rc;
    r = wait_reply(d, d->hello_id, &why);
    if (!r) {
        if (d->state != SOFT_DOWN)
            soft_conn_down(d, &why);
        return err_set(err, why.code, "%s", why.text);
    }
    rc = soft_conn_welcome(d, r, err);
    mem_free(r);
    return rc;
}
