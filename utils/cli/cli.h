/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli: what the commands of `ipsec-offload` share: the table of commands, of
 * options and of exit codes (the manual page is checked against all three),
 * the settings of one run, and how a failure is told.
 *
 * One process, one thread, one command.
 */
#ifndef UTILS_CLI_CLI_H
#define UTILS_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "utils/base/err.h"

#define CLI_SOCKET "/run/ipsec-offload/control.vici"
#define CLI_TIMEOUT_S 30

enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2,
    CLI_UNREACHABLE = 3,
    CLI_TIMEOUT = 4,
};

struct cli_exit_info {
    enum cli_exit code;
    const char *meaning;
};
extern const struct cli_exit_info cli_exits[];
extern const size_t cli_num_exits;

/* The settings of this run. */
struct cli {
    const char *socket;
    unsigned timeout_s;
    bool json;
    bool ike;   /* rekey: the IKE SA */
    bool force; /* down: without waiting for the peer */
    const struct cli_command *command;
    char **args; /* behind the command's name */
    int n_args;
};

struct cli_command {
    const char *name;
    int (*run)(const struct cli *cli); /* enum cli_exit */
    const char *args;                  /* "CONN[/CHILD]" */
    int min_args, max_args;
    const char *options; /* letters beyond -j and -s that it takes */
    const char *help;
};
extern const struct cli_command cli_commands[];
extern const size_t cli_num_commands;

int cli_status(const struct cli *cli);
int cli_list(const struct cli *cli);
int cli_up(const struct cli *cli);
int cli_down(const struct cli *cli);
int cli_rekey(const struct cli *cli);
int cli_devices(const struct cli *cli);
int cli_check(const struct cli *cli);
int cli_version(const struct cli *cli);

/* Splits "CONN/CHILD" at the first slash into `conn`; *ret_child is behind it
 * or NULL.  False if a part is empty or too long. */
bool cli_split(const char *arg, char *conn, size_t cap, const char **ret_child);

/* Tells an error on standard error and, with -j, as an object on standard
 * output; returns `code`. */
int cli_fail(const struct cli *cli, enum cli_exit code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The exit code that an error of the control socket deserves. */
enum cli_exit cli_exit_of(int code);

#endif
