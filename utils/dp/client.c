/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/dp/client.h"

#include "utils/base/mem.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct queued {
    struct list link;
    size_t len;
    uint8_t bytes[];
};

void client_init(struct client *c, int fd, pid_t pid)
{
    *c = (struct client){ .fd = fd, .pid = pid };
    list_init(&c->queue);
}

static void drop_first(struct client *c)
{
    struct queued *q = CONTAINER_OF(c->queue.next, struct queued, link);

    list_remove(&q->link);
    c->n_queued--;
    c->queued_bytes -= q->len;
    mem_free(q);
}

void client_fini(struct client *c)
{
    while (c->n_queued)
        drop_first(c);
    mem_free(c->sas.ids);
    mem_free(c->rules.ids);
    close(c->fd);
    *c = (struct client){ .fd = -1 };
}

bool client_waits(const struct client *c)
{
    return c->n_queued > 0;
}

/* 0, ERR_BUSY if the socket is full, or ERR_DEVICE. */
static int try_send(struct client *c, const void *p, size_t len)
{
    ssize_t n;

    do {
        n = send(c->fd, p, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n >= 0)
        return 0;
    if (errno == EAGAIN || errno == ENOBUFS)
        return ERR_BUSY;
    c->broken = true;
    return ERR_DEVICE;
}

int client_send(struct client *c, struct span frame)
{
    struct queued *q;
    int rc = client_waits(c) ? ERR_BUSY : try_send(c, frame.p, frame.len);

    if (rc != ERR_BUSY)
        return rc;
    if (c->n_queued >= CLIENT_QUEUE_MAX || c->queued_bytes + frame.len > CLIENT_QUEUE_BYTES)
        return ERR_FULL;
    q = mem_zalloc(sizeof *q + frame.len);
    if (!q)
        return ERR_FULL;
    q->len = frame.len;
    memcpy(q->bytes, frame.p, frame.len);
    list_add_tail(&c->queue, &q->link);
    c->n_queued++;
    c->queued_bytes += frame.len;
    return 0;
}

void client_flush(struct client *c)
{
    while (client_waits(c)) {
        struct queued *q = CONTAINER_OF(c->queue.next, struct queued, link);

        if (try_send(c, q->bytes, q->len))
            return;
        drop_first(c);
    }
}
