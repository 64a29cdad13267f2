/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main: command line of `ipsec-offload`: options and commands from the tables
 * of cli.c, then one command.
 */
#include <argp.h>
#include <jansson.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "utils/base/mem.h"
#include "utils/cli/cli.h"

const char *argp_program_version = "ipsec-offload " IOFF_VERSION;

static const struct argp_option options[] = {
    { "socket", 's', "PATH", 0, "control socket of the daemon (default " CLI_SOCKET ")", 0 },
    { "json", 'j', NULL, 0, "print JSON with stable keys", 0 },
    { "timeout", 't', "SECONDS", 0, "wait at most so long for the daemon (default 30)", 0 },
    { "ike", 'i', NULL, 0, "rekey: the IKE SA rather than its tunnels", 0 },
    { "force", 'f', NULL, 0, "down: do not wait for the peer's answer", 0 },
    { 0 },
};

static unsigned parse_seconds(const char *arg, struct argp_state *state)
{
    char *end;
    unsigned long v = strtoul(arg, &end, 10);

    if (arg[0] < '0' || arg[0] > '9' || *end || v < 1 || v > 3600)
        argp_error(state, "--timeout: \"%s\" is not a number of seconds (expected 1 to 3600)", arg);
    return (unsigned)v;
}

static const struct cli_command *find_command(const char *name)
{
    for (size_t i = 0; i < cli_num_commands; i++)
        if (strcmp(cli_commands[i].name, name) == 0)
            return &cli_commands[i];
    return NULL;
}

/* argp stops at the command's name, so that its own words stay in order. */
static void take_argument(struct cli *cli, char *arg, struct argp_state *state)
{
    if (cli->command) {
        cli->args[cli->n_args++] = arg;
        return;
    }
    cli->command = find_command(arg);
    if (!cli->command)
        argp_error(state, "no such command: %s", arg);
}

static void check_usage(const struct cli *cli, struct argp_state *state)
{
    const struct cli_command *c = cli->command;

    if (!c) {
        argp_error(state, "a command is missing");
        return;
    }
    if (cli->n_args < c->min_args || cli->n_args > c->max_args)
        argp_error(state, "usage: %s %s", c->name, c->args);
    if (cli->ike && !strchr(c->options, 'i'))
        argp_error(state, "--ike goes with rekey");
    if (cli->force && !strchr(c->options, 'f'))
        argp_error(state, "--force goes with down");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct cli *cli = state->input;

    switch (key) {
    case 's':
        cli->socket = arg;
        return 0;
    case 'j':
        cli->json = true;
        return 0;
    case 't':
        cli->timeout_s = parse_seconds(arg, state);
        return 0;
    case 'i':
        cli->ike = true;
        return 0;
    case 'f':
        cli->force = true;
        return 0;
    case ARGP_KEY_ARG:
        take_argument(cli, arg, state);
        return 0;
    case ARGP_KEY_END:
        check_usage(cli, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The list of commands and exit codes behind the options in --help. */
static char *help_filter(int key, const char *text, void *input)
{
    char *out = NULL;
    size_t len = 0;
    FILE *f;

    (void)input;
    if (key != ARGP_KEY_HELP_POST_DOC)
        return (char *)(uintptr_t)text;
    f = open_memstream(&out, &len);
    if (!f)
        return NULL;
    fprintf(f, "Commands:\n");
    for (size_t i = 0; i < cli_num_commands; i++)
        fprintf(f, "  %-8s %-14s %s\n", cli_commands[i].name, cli_commands[i].args,
                cli_commands[i].help);
    fprintf(f, "\nExit codes:\n");
    for (size_t i = 0; i < cli_num_exits; i++)
        fprintf(f, "  %d  %s\n", (int)cli_exits[i].code, cli_exits[i].meaning);
    if (fclose(f))
        return NULL;
    return out;
}

int main(int argc, char **argv)
{
    const struct argp argp = {
        .options = options,
        .parser = parse_option,
        .args_doc = "COMMAND [ARGUMENT]",
        .doc = "Operate ipsec-offloadd: tunnels, where they run and why there.\v ",
        .help_filter = help_filter,
    };
    struct cli cli = { .socket = CLI_SOCKET, .timeout_s = CLI_TIMEOUT_S };
    int rc;

    setlocale(LC_CTYPE, ""); /* only this: numbers and libraries' texts stay as they are */
    json_set_alloc_funcs(mem_zalloc, mem_free);
    argp_err_exit_status = CLI_USAGE;
    cli.args = mem_zalloc_array((size_t)argc, sizeof *cli.args);
    if (!cli.args)
        return CLI_FAILED;
    argp_parse(&argp, argc, argv, 0, NULL, &cli);
    rc = cli.command->run(&cli);
    mem_free(cli.args);
    return rc;
}
