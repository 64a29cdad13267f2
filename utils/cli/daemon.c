/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/cli/daemon.h"

#include <string.h>

#include "utils/base/mem.h"

/* The daemon answers a command that timed out itself; this is what it gets on
 * top before the connection counts as dead. */
#define GRACE_S 3

void events_free(struct events *events)
{
    for (size_t i = 0; i < events->n; i++)
        mem_free((void *)(uintptr_t)events->messages[i].p);
    mem_free(events->messages);
    memset(events, 0, sizeof *events);
}

int daemon_connect(const struct cli *cli, struct vici_client **ret)
{
    struct err err;

    if (vici_client_connect(cli->socket, ret, &err))
        return cli_fail(cli, CLI_UNREACHABLE, "%s (is ipsec-offloadd running?)", err.text);
    return CLI_OK;
}

static int keep_event(void *user, struct span message)
{
    struct events *events = user;
    void *copy;

    if (events->n == events->cap) {
        size_t cap = events->cap ? 2 * events->cap : 16;
        struct span *grown = mem_zalloc_array(cap, sizeof *grown);

        if (!grown)
            return ERR_NOMEM;
        if (events->n)
            memcpy(grown, events->messages, events->n * sizeof *grown);
        mem_free(events->messages);
        events->messages = grown;
        events->cap = cap;
    }
    copy = mem_dup(message.p, message.len);
    if (!copy)
        return ERR_NOMEM;
    events->messages[events->n++] = span_of(copy, message.len);
    return 0;
}

static int run(struct vici_client *client, const struct vici_command *cmd, struct err *err)
{
    struct span response;
    int rc = vici_client_command(client, cmd, &response, err);

    if (rc == ERR_NOMEM)
        return err_set(err, rc, "no memory");
    return rc ? rc : vici_response_ok(response, err);
}

static int tell(const struct cli *cli, const char *command, int rc, const struct err *err)
{
    if (!rc)
        return CLI_OK;
    /* VICI has no code for it: servers tell a timeout in words only */
    if (rc == ERR_REFUSED && (strstr(err->text, "timeout") || strstr(err->text, "time-out") ||
                              strstr(err->text, "timed out")))
        rc = ERR_TIMEOUT;
    return cli_fail(cli, cli_exit_of(rc), "%s: %s", command, err->text);
}

int daemon_stream(const struct cli *cli, struct vici_client *client, const char *command,
                  struct vici_writer *args, const char *event, struct events *ret, struct err *err)
{
    const struct vici_command cmd = {
        .name = command,
        .args = args,
        .event = event,
        .on_event = keep_event,
        .user = ret,
        .timeout = cli->timeout_s * NS_PER_S,
    };

    return run(client, &cmd, err);
}

int daemon_ask(const struct cli *cli, struct vici_client *client, const char *command,
               struct span *ret_response, struct err *err)
{
    const struct vici_command cmd = { .name = command, .timeout = cli->timeout_s * NS_PER_S };

    return vici_client_command(client, &cmd, ret_response, err);
}

int daemon_collect(const struct cli *cli, struct vici_client *client, const char *command,
                   struct vici_writer *args, const char *event, struct events *ret)
{
    struct err err = { 0 };
    int rc = daemon_stream(cli, client, command, args, event, ret, &err);

    return tell(cli, command, rc, &err);
}

int daemon_control(const struct cli *cli, struct vici_client *client, const char *command,
                   struct vici_writer *args, struct events *log)
{
    const struct vici_command cmd = {
        .name = command,
        .args = args,
        .event = log ? "control-log" : NULL,
        .on_event = keep_event,
        .user = log,
        .timeout = (cli->timeout_s + GRACE_S) * NS_PER_S,
    };
    struct err err = { 0 };
    int rc = run(client, &cmd, &err);

    return tell(cli, command, rc, &err);
}
