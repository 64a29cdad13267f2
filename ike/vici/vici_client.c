/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/vici/vici_client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "utils/base/mem.h"

#define DEFAULT_TIMEOUT (10 * NS_PER_S)
#define READ_LEN 16384

struct vici_client {
    int fd;
    ns_time deadline;
    struct vici_decoder decoder;
    struct span pending; /* read from the socket, not yet decoded; in `in` */
    uint8_t *response;   /* owned copy of the last one */
    size_t response_len;
    uint8_t in[READ_LEN];
};

int vici_client_connect(const char *path, struct vici_client **ret, struct err *err)
{
    struct sockaddr_un sun = { .sun_family = AF_UNIX };
    struct vici_client *client;

    if (strlen(path) >= sizeof sun.sun_path)
        return err_set(err, ERR_INVALID, "socket path \"%.60s...\" is longer than %zu bytes", path,
                       sizeof sun.sun_path - 1);
    memcpy(sun.sun_path, path, strlen(path) + 1);
    client = mem_zalloc(sizeof *client);
    if (!client)
        return err_set(err, ERR_NOMEM, "no memory for a client");
    client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->fd < 0 || connect(client->fd, (const struct sockaddr *)&sun, sizeof sun)) {
        int rc = err_errno(err, errno, "control socket %s", path);

        vici_client_close(client);
        return rc;
    }
    *ret = client;
    return 0;
}

void vici_client_close(struct vici_client *client)
{
    if (!client)
        return;
    if (client->fd >= 0)
        close(client->fd);
    vici_decoder_fini(&client->decoder);
    mem_free_secret(client->response, client->response_len);
    mem_free_secret(client, sizeof *client);
}

/* Waits until the socket is ready for `events` or the deadline has passed. */
static int wait_for(struct vici_client *client, short events, struct err *err)
{
    for (;;) {
        struct pollfd pfd = { .fd = client->fd, .events = events };
        ns_time now = clock_now();
        uint64_t left_ms;
        int n;

        if (now >= client->deadline)
            return err_set(err, ERR_TIMEOUT, "the daemon did not answer in time");
        left_ms = (client->deadline - now + NS_PER_MS - 1) / NS_PER_MS;
        n = poll(&pfd, 1, left_ms > 3600000 ? 3600000 : (int)left_ms);
        if (n > 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return err_errno(err, errno, "control socket");
    }
}

static int send_all(struct vici_client *client, struct span data, struct err *err)
{
    while (data.len) {
        ssize_t n = send(client->fd, data.p, data.len, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n >= 0) {
            data = span_of(data.p + n, data.len - (size_t)n);
        } else if (errno == EAGAIN) {
            int rc = wait_for(client, POLLOUT, err);

            if (rc)
                return rc;
        } else if (errno == EPIPE || errno == ECONNRESET) {
            return err_set(err, ERR_DEVICE, "the daemon closed the control socket");
        } else if (errno != EINTR) {
            return err_errno(err, errno, "control socket");
        }
    }
    return 0;
}

static int send_packet(struct vici_client *client, enum vici_packet_type type, const char *name,
                       struct span message, struct err *err)
{
    struct vici_writer w;
    struct span packet;
    int rc;

    vici_packet_begin(&w, type, name);
    vici_writer_raw(&w, message.p, message.len);
    rc = vici_packet_end(&w, &packet, err);
    if (!rc)
        rc = send_all(client, packet, err);
    vici_writer_fini(&w);
    return rc;
}

static int receive_packet(struct vici_client *client, struct vici_packet *ret, struct err *err)
{
    for (;;) {
        int rc = vici_decoder_push(&client->decoder, &client->pending, ret, err);
        ssize_t n;

        if (rc)
            return rc < 0 ? rc : 0;
        rc = wait_for(client, POLLIN, err);
        if (rc)
            return rc;
        n = recv(client->fd, client->in, sizeof client->in, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno == ECONNRESET))
            return err_set(err, ERR_DEVICE, "the daemon closed the control socket");
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return err_errno(err, errno, "control socket");
        if (n > 0)
            client->pending = span_of(client->in, (size_t)n);
    }
}

/* What to do with events that arrive while a packet is awaited. */
struct stream {
    const struct vici_command *cmd;
    int result; /* first negative answer of the callback */
};

/* Hands out events until another packet comes. */
static int receive_answer(struct vici_client *client, struct stream *stream,
                          struct vici_packet *ret, struct err *err)
{
    for (;;) {
        struct vici_packet packet;
        int rc = receive_packet(client, &packet, err);

        if (rc)
            return rc;
        if (packet.type != VICI_EVENT) {
            *ret = packet;
            return 0;
        }
        if (stream->result == 0 && stream->cmd->event &&
            vici_span_is(packet.name, stream->cmd->event)) {
            rc = stream->cmd->on_event(stream->cmd->user, packet.message);
            if (rc < 0)
                stream->result = rc;
        }
    }
}

static int set_event(struct vici_client *client, struct stream *stream, bool on, struct err *err)
{
    const char *event = stream->cmd->event;
    struct vici_packet packet;
    int rc = send_packet(client, on ? VICI_EVENT_REGISTER : VICI_EVENT_UNREGISTER, event,
                         span_of(NULL, 0), err);

    if (!rc)
        rc = receive_answer(client, stream, &packet, err);
    if (rc)
        return rc;
    if (packet.type == VICI_EVENT_UNKNOWN)
        return err_set(err, ERR_UNSUPPORTED, "the daemon does not know the event %s", event);
    if (packet.type != VICI_EVENT_CONFIRM)
        return err_set(err, ERR_MALFORMED, "the daemon answered event %s with packet type %d",
                       event, (int)packet.type);
    return 0;
}

/* Keeps the response: the packets that follow it reuse the decoder's buffer. */
static int keep_response(struct vici_client *client, struct span message, struct err *err)
{
    uint8_t *copy = mem_dup(message.p, message.len);

    if (!copy)
        return err_set(err, ERR_NOMEM, "no memory for a response of %zu bytes", message.len);
    mem_free_secret(client->response, client->response_len);
    client->response = copy;
    client->response_len = message.len;
    return 0;
}

static int request(struct vici_client *client, struct stream *stream, struct err *err)
{
    const struct vici_command *cmd = stream->cmd;
    struct span args = { 0 };
    struct vici_packet packet;
    int rc = 0;

    if (cmd->args)
        rc = vici_writer_done(cmd->args, &args, err);
    if (!rc)
        rc = send_packet(client, VICI_CMD_REQUEST, cmd->name, args, err);
    if (!rc)
        rc = receive_answer(client, stream, &packet, err);
    if (rc)
        return rc;
    if (packet.type == VICI_CMD_UNKNOWN)
        return err_set(err, ERR_UNSUPPORTED, "the daemon does not know the command %s", cmd->name);
    if (packet.type != VICI_CMD_RESPONSE)
        return err_set(err, ERR_MALFORMED, "the daemon answered %s with packet type %d", cmd->name,
                       (int)packet.type);
    return keep_response(client, packet.message, err);
}

int vici_client_command(struct vici_client *client, const struct vici_command *cmd,
                        struct span *ret_response, struct err *err)
{
    struct stream stream = { .cmd = cmd };
    int rc = 0, off;

    client->deadline = clock_now() + (cmd->timeout ? cmd->timeout : DEFAULT_TIMEOUT);
    if (cmd->event)
        rc = set_event(client, &stream, true, err);
    if (rc)
        return rc;
    rc = request(client, &stream, err);
    if (cmd->event && (rc == 0 || rc == ERR_UNSUPPORTED)) {
        off = set_event(client, &stream, false, rc ? NULL : err);
        rc = rc ? rc : off;
    }
    if (!rc)
        rc = stream.result;
    if (!rc && ret_response)
        *ret_response = span_of(client->response, client->response_len);
    return rc;
}

int vici_response_ok(struct span response, struct err *err)
{
    struct span success;
    char text[ERR_TEXT_LEN];

    if (!vici_find(response, VICI_VALUE, "success", &success) || vici_span_is(success, "yes"))
        return 0;
    vici_find_text(response, "errmsg", text, sizeof text);
    return err_set(err, ERR_REFUSED, "%s", text[0] ? text : "the daemon gave no reason");
}
