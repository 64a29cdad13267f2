/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control: up, down and rekey: the commands that change something.
 */
#include <stdio.h>
#include <string.h>

#include "ike/types/conn.h"
#include "utils/cli/cli.h"
#include "utils/cli/fields.h"
#include "utils/cli/tunnels.h"

/* The daemon's log of this command, line by line. */
static int print(const struct cli *cli, const struct events *log)
{
    char text[512];
    json_t *root, *lines;

    if (!cli->json) {
        for (size_t i = 0; i < log->n; i++)
            printf("%s\n", vici_find_text(log->messages[i], "msg", text, sizeof text));
        printf("%s %s: done\n", cli->command->name, cli->args[0]);
        return fflush(stdout) ? CLI_FAILED : CLI_OK;
    }
    root = json_object();
    lines = json_array();
    for (size_t i = 0; i < log->n; i++) {
        vici_find_text(log->messages[i], "msg", text, sizeof text);
        json_array_append_new(lines, out_json_text(span_of(text, strlen(text))));
    }
    json_object_set_new(root, "ok", json_true());
    json_object_set_new(root, "command", json_string(cli->command->name));
    json_object_set_new(root, "target", out_json_text(span_of(cli->args[0], strlen(cli->args[0]))));
    json_object_set_new(root, "log", lines);
    return out_json(cli, root);
}

static int bad_target(const struct cli *cli)
{
    return cli_fail(cli, CLI_USAGE, "%s: \"%s\" is not CONN or CONN/CHILD", cli->command->name,
                    cli->args[0]);
}

static void write_target(struct vici_writer *args, const char *conn, const char *child)
{
    vici_writer_init(args);
    vici_text(args, "ike", conn);
    if (child)
        vici_text(args, "child", child);
}

/* initiate and terminate: one command with a time limit and a log. */
static int with_log(const struct cli *cli, const char *command)
{
    char conn[IKE_NAME_LEN];
    const char *child;
    struct events log = { 0 };
    struct vici_client *client;
    struct vici_writer args;
    int rc;

    if (!cli_split(cli->args[0], conn, sizeof conn, &child))
        return bad_target(cli);
    rc = daemon_connect(cli, &client);
    if (rc)
        return rc;
    write_target(&args, conn, child);
    vici_number(&args, "timeout", (uint64_t)cli->timeout_s * 1000);
    vici_number(&args, "loglevel", 1);
    if (cli->force)
        vici_yes_no(&args, "force", true);
    rc = daemon_control(cli, client, command, &args, &log);
    vici_writer_fini(&args);
    vici_client_close(client);
    if (!rc)
        rc = print(cli, &log);
    events_free(&log);
    return rc;
}

int cli_up(const struct cli *cli)
{
    return with_log(cli, "initiate");
}

int cli_down(const struct cli *cli)
{
    return with_log(cli, "terminate");
}

static int rekey_one(const struct cli *cli, struct vici_client *client, const char *conn,
                     const char *child)
{
    struct vici_writer args;
    int rc;

    write_target(&args, conn, child);
    vici_number(&args, "timeout", (uint64_t)cli->timeout_s * 1000);
    rc = daemon_control(cli, client, "rekey", &args, NULL);
    vici_writer_fini(&args);
    return rc;
}

/* Each tunnel of a connection that is up. */
static int rekey_children(const struct cli *cli, struct vici_client *client, const char *conn)
{
    struct tunnels tunnels;
    size_t n = 0;
    int rc = tunnels_get(cli, conn, NULL, &tunnels);

    if (rc)
        return rc;
    for (size_t i = 0; i < tunnels.n && !rc; i++)
        if (tunnel_is_up(&tunnels.list[i])) {
            rc = rekey_one(cli, client, conn, tunnels.list[i].child);
            n++;
        }
    tunnels_free(&tunnels);
    if (!rc && n == 0)
        return cli_fail(cli, CLI_FAILED, "rekey: no tunnel of %s is up", conn);
    return rc;
}

int cli_rekey(const struct cli *cli)
{
    const struct events no_log = { 0 };
    char conn[IKE_NAME_LEN];
    const char *child;
    struct vici_client *client;
    int rc;

    if (!cli_split(cli->args[0], conn, sizeof conn, &child))
        return bad_target(cli);
    if (cli->ike && child)
        return cli_fail(cli, CLI_USAGE, "rekey: --ike takes a connection, not CONN/CHILD");
    rc = daemon_connect(cli, &client);
    if (rc)
        return rc;
    if (cli->ike || child)
        rc = rekey_one(cli, client, conn, child);
    else
        rc = rekey_children(cli, client, conn);
    vici_client_close(client);
    return rc ? rc : print(cli, &no_log);
}
