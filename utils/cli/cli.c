/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/cli/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "utils/cli/output.h"

const struct cli_exit_info cli_exits[] = {
    { CLI_OK, "done; all that was asked about is up" },
    { CLI_FAILED, "what was asked for failed, was refused or is down" },
    { CLI_USAGE, "wrong usage, or errors in the configuration file" },
    { CLI_UNREACHABLE, "the daemon cannot be reached or went away" },
    { CLI_TIMEOUT, "no answer in time" },
};
const size_t cli_num_exits = sizeof cli_exits / sizeof cli_exits[0];

const struct cli_command cli_commands[] = {
    { "status", cli_status, "[CONN[/CHILD]]", 0, 1, "t",
      "one line for each configured tunnel, up or down: where it runs and why there" },
    { "list", cli_list, "[CONN]", 0, 1, "t", "all Security Associations in detail" },
    { "up", cli_up, "CONN[/CHILD]", 1, 1, "t", "set up a tunnel, or all of a connection" },
    { "down", cli_down, "CONN[/CHILD]", 1, 1, "tf", "take down a tunnel or a connection" },
    { "rekey", cli_rekey, "CONN[/CHILD]", 1, 1, "ti", "give a tunnel new keys" },
    { "devices", cli_devices, "", 0, 0, "t", "places where an SA can run, and why not" },
    { "check", cli_check, "FILE", 1, 1, "", "check a configuration file, without a daemon" },
    { "version", cli_version, "", 0, 0, "t", "version of this program and of the daemon" },
};
const size_t cli_num_commands = sizeof cli_commands / sizeof cli_commands[0];

bool cli_split(const char *arg, char *conn, size_t cap, const char **ret_child)
{
    size_t len = strcspn(arg, "/");

    if (len == 0 || len >= cap || (arg[len] == '/' && arg[len + 1] == '\0'))
        return false;
    memcpy(conn, arg, len);
    conn[len] = '\0';
    *ret_child = arg[len] == '/' ? arg + len + 1 : NULL;
    return true;
}

int cli_fail(const struct cli *cli, enum cli_exit code, const char *fmt, ...)
{
    char text[2 * ERR_TEXT_LEN];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    fprintf(stderr, "ipsec-offload: %s\n", text);
    if (cli->json) {
        json_t *root = json_object();

        json_object_set_new(root, "ok", json_false());
        json_object_set_new(root, "exit_code", json_integer(code));
        json_object_set_new(root, "error", out_json_text(span_of(text, strlen(text))));
        out_json(cli, root);
    }
    return (int)code;
}

enum cli_exit cli_exit_of(int code)
{
    switch ((enum err_code)code) {
    case ERR_NONE:
        return CLI_OK;
    case ERR_TIMEOUT:
        return CLI_TIMEOUT;
    case ERR_DEVICE:
    case ERR_IO:
    case ERR_MALFORMED:
        return CLI_UNREACHABLE;
    case ERR_INVALID:
    case ERR_UNSUPPORTED:
    case ERR_NOMEM:
    case ERR_FULL:
    case ERR_NOTFOUND:
    case ERR_EXISTS:
    case ERR_BUSY:
    case ERR_AUTH:
    case ERR_PERM:
    case ERR_STATE:
    case ERR_REFUSED:
        return CLI_FAILED;
    }
    return CLI_FAILED;
}
