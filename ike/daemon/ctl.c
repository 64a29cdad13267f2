/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ctl: connections of the control socket: who may connect, framing, events,
 * and a bound on what a client that does not read can make us hold.
 */
#include "ike/daemon/ctl.h"

#include "utils/base/list.h"
#include "utils/base/log.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONNECTIONS_MAX 64
#define BACKLOG 16
#define QUEUE_MAX (16u << 20) /* bytes a slow reader may have waiting */
#define EVENTS_MAX 16
#define READ_CHUNK 65536

struct ctl {
    struct daemon *daemon;
    uv_pipe_t *listener;
    struct list conns;
    unsigned n_conns;
    char chunk[READ_CHUNK];
};

struct ctl_conn {
    struct list node;
    struct ctl *ctl; /* NULL: closed */
    unsigned refs;
    bool closing;
    uv_pipe_t pipe;
    struct vici_decoder decoder;
    bool events[EVENTS_MAX];
};

/* --- life of a connection --- */

struct ctl_conn *ctl_conn_ref(struct ctl_conn *conn)
{
    conn->refs++;
    return conn;
}

void ctl_conn_unref(struct ctl_conn *conn)
{
    if (--conn->refs)
        return;
    vici_decoder_fini(&conn->decoder);
    mem_free(conn);
}

static void on_conn_closed(uv_handle_t *handle)
{
    ctl_conn_unref(handle->data);
}

static void conn_close(struct ctl_conn *conn)
{
    if (conn->closing)
        return;
    conn->closing = true;
    if (conn->ctl)
        conn->ctl->n_conns--;
    conn->ctl = NULL;
    list_remove(&conn->node);
    uv_close((uv_handle_t *)&conn->pipe, on_conn_closed);
}

/* --- writing --- */

struct write {
    uv_write_t req;
    uint8_t data[];
};

static void on_written(uv_write_t *req, int status)
{
    struct ctl_conn *conn = req->data;

    if (status)
        conn_close(conn);
    mem_free(CONTAINER_OF(req, struct write, req));
    ctl_conn_unref(conn);
}

static void conn_send(struct ctl_conn *conn, struct span bytes)
{
    struct write *write;
    uv_buf_t buf;

    if (conn->closing)
        return;
    if (uv_stream_get_write_queue_size((uv_stream_t *)&conn->pipe) + bytes.len > QUEUE_MAX) {
        log_line(LOG_WARN, "ctl", "a client does not read its answers; closed");
        conn_close(conn);
        return;
    }
    write = mem_zalloc(sizeof *write + bytes.len);
    if (!write) {
        conn_close(conn);
        return;
    }
    memcpy(write->data, bytes.p, bytes.len);
    write->req.data = ctl_conn_ref(conn);
    buf = uv_buf_init((char *)write->data, (unsigned)bytes.len);
    if (uv_write(&write->req, (uv_stream_t *)&conn->pipe, &buf, 1, on_written)) {
        mem_free(write);
        ctl_conn_unref(conn);
        conn_close(conn);
    }
}

static void conn_send_packet(struct ctl_conn *conn, struct vici_writer *w)
{
    struct err err = { 0 };
    struct span bytes;

    if (vici_packet_end(w, &bytes, &err)) {
        log_line(LOG_ERROR, "ctl", "answer not written: %s", err.text);
        conn_close(conn); /* better than a client that waits for ever */
        return;
    }
    conn_send(conn, bytes);
}

static void send_bare(struct ctl_conn *conn, enum vici_packet_type type)
{
    struct vici_writer w;

    vici_packet_begin(&w, type, NULL);
    conn_send_packet(conn, &w);
    vici_writer_fini(&w);
}

void ctl_respond(struct ctl_conn *conn, struct vici_writer *w)
{
    conn_send_packet(conn, w);
    vici_writer_fini(w);
}

void ctl_respond_result(struct ctl_conn *conn, int code, const char *errmsg)
{
    struct vici_writer w;

    vici_packet_begin(&w, VICI_CMD_RESPONSE, NULL);
    vici_yes_no(&w, "success", code == 0);
    if (code) {
        vici_text(&w, "errmsg", errmsg && *errmsg ? errmsg : err_name(code));
        vici_text(&w, "code", err_name(code));
    }
    ctl_respond(conn, &w);
}

static int event_index(const char *name)
{
    for (int i = 0; ctl_events[i]; i++)
        if (strcmp(ctl_events[i], name) == 0)
            return i;
    return -1;
}

void ctl_stream(struct ctl_conn *conn, const char *event, struct vici_writer *w)
{
    int i = event_index(event);

    if (i >= 0 && conn->events[i])
        conn_send_packet(conn, w);
    vici_writer_fini(w);
}

bool ctl_anyone(struct ctl *ctl, const char *event)
{
    int i = event_index(event);

    LIST_FOR_EACH(node, &ctl->conns)
    if (i >= 0 && CONTAINER_OF(node, struct ctl_conn, node)->events[i])
        return true;
    return false;
}

void ctl_broadcast(struct ctl *ctl, const char *event, struct vici_writer *w)
{
    int i = event_index(event);

    LIST_FOR_EACH(node, &ctl->conns)
    {
        struct ctl_conn *conn = CONTAINER_OF(node, struct ctl_conn, node);

        if (i >= 0 && conn->events[i])
            conn_send_packet(conn, w);
    }
    vici_writer_fini(w);
}

/* --- reading --- */

static void run_command(struct ctl_conn *conn, const struct vici_packet *packet)
{
    struct ctl_call call = { conn->ctl->daemon, conn, packet->message };

    for (const struct ctl_command *c = ctl_commands; c->name; c++) {
        if (vici_span_is(packet->name, c->name)) {
            c->run(&call);
            return;
        }
    }
    send_bare(conn, VICI_CMD_UNKNOWN);
}

static void set_event(struct ctl_conn *conn, const struct vici_packet *packet, bool on)
{
    for (int i = 0; ctl_events[i]; i++) {
        if (vici_span_is(packet->name, ctl_events[i])) {
            conn->events[i] = on;
            send_bare(conn, VICI_EVENT_CONFIRM);
            return;
        }
    }
    send_bare(conn, VICI_EVENT_UNKNOWN);
}

static void handle_packet(struct ctl_conn *conn, const struct vici_packet *packet)
{
    switch (packet->type) {
    case VICI_CMD_REQUEST:
        run_command(conn, packet);
        return;
    case VICI_EVENT_REGISTER:
        set_event(conn, packet, true);
        return;
    case VICI_EVENT_UNREGISTER:
        set_event(conn, packet, false);
        return;
    case VICI_CMD_RESPONSE:
    case VICI_CMD_UNKNOWN:
    case VICI_EVENT_CONFIRM:
    case VICI_EVENT_UNKNOWN:
    case VICI_EVENT:
        break;
    }
    log_line(LOG_WARN, "ctl", "a client sent packet type %d; closed", (int)packet->type);
    conn_close(conn);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct ctl_conn *conn = handle->data;

    (void)suggested;
    *buf = conn->ctl ? uv_buf_init(conn->ctl->chunk, READ_CHUNK) : uv_buf_init(NULL, 0);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct ctl_conn *conn = ctl_conn_ref(stream->data);
    struct span in = span_of(buf->base, n > 0 ? (size_t)n : 0);
    struct vici_packet packet;
    struct err err = { 0 };
    int rc = 0;

    while (!conn->closing && n > 0 &&
           (rc = vici_decoder_push(&conn->decoder, &in, &packet, &err)) == 1)
        handle_packet(conn, &packet);
    if (n < 0 || rc < 0) {
        if (rc < 0)
            log_line(LOG_WARN, "ctl", "%s; client closed", err.text);
        conn_close(conn);
    }
    if (n > 0)
        mem_wipe(buf->base, (size_t)n); /* load-shared carries a secret */
    ctl_conn_unref(conn);
}

/* The socket's mode keeps others out; this holds even if someone widens it. */
static bool peer_allowed(uv_pipe_t *pipe)
{
    struct ucred cred;
    socklen_t len = sizeof cred;
    uv_os_fd_t fd;

    if (uv_fileno((uv_handle_t *)pipe, &fd) || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
        return false;
    return cred.uid == 0 || cred.uid == geteuid();
}

static void on_connect(uv_stream_t *listener, int status)
{
    struct ctl *ctl = listener->data;
    struct ctl_conn *conn;

    if (status)
        return;
    conn = mem_zalloc(sizeof *conn);
    if (!conn)
        return;
    conn->refs = 1;
    conn->ctl = ctl;
    uv_pipe_init(listener->loop, &conn->pipe, 0);
    conn->pipe.data = conn;
    list_add_tail(&ctl->conns, &conn->node);
    ctl->n_conns++;
    if (uv_accept(listener, (uv_stream_t *)&conn->pipe) || ctl->n_conns > CONNECTIONS_MAX ||
        !peer_allowed(&conn->pipe) || uv_read_start((uv_stream_t *)&conn->pipe, on_alloc, on_read))
        conn_close(conn);
}

/* --- the socket --- */

static void on_listener_closed(uv_handle_t *handle)
{
    mem_free(handle);
}

int ctl_open(struct daemon *d, const char *path, struct ctl **ret, struct err *err)
{
    struct ctl *ctl = mem_zalloc(sizeof *ctl);
    mode_t mask;
    int rc;

    if (!ctl)
        return err_set(err, ERR_NOMEM, "no memory for the control socket");
    ctl->daemon = d;
    list_init(&ctl->conns);
    ctl->listener = mem_zalloc(sizeof *ctl->listener);
    if (!ctl->listener) {
        mem_free(ctl);
        return err_set(err, ERR_NOMEM, "no memory for the control socket");
    }
    uv_pipe_init(&d->loop, ctl->listener, 0);
    ctl->listener->data = ctl;
    unlink(path); /* left by a run that was killed; UDP 500 tells if one still runs */
    mask = umask(0177);
    rc = uv_pipe_bind(ctl->listener, path);
    umask(mask);
    if (!rc)
        rc = uv_listen((uv_stream_t *)ctl->listener, BACKLOG, on_connect);
    if (rc) {
        err_set(err, ERR_IO, "control socket %s: %s", path, uv_strerror(rc));
        ctl_close(ctl);
        return ERR_IO;
    }
    *ret = ctl;
    return 0;
}

void ctl_close(struct ctl *ctl)
{
    if (!ctl)
        return;
    LIST_FOR_EACH(node, &ctl->conns)
    conn_close(CONTAINER_OF(node, struct ctl_conn, node));
    uv_close((uv_handle_t *)ctl->listener, on_listener_closed);
    mem_free(ctl);
}
