/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon: the commands' way to the daemon: connect, run one VICI command and
 * keep the events that it streams.  Each call tells its failure (cli_fail) and
 * returns the exit code.
 */
#ifndef UTILS_CLI_DAEMON_H
#define UTILS_CLI_DAEMON_H

#include "ike/vici/vici_client.h"
#include "utils/cli/cli.h"

/* Messages of the events of one command; owned. */
struct events {
    struct span *messages;
    size_t n, cap;
};
void events_free(struct events *events);

int daemon_connect(const struct cli *cli, struct vici_client **ret);
/* Streams `event` into *ret; `args` may be NULL. */
int daemon_collect(const struct cli *cli, struct vici_client *client, const char *command,
                   struct vici_writer *args, const char *event, struct events *ret);
/* The same without telling: an error code. */
int daemon_stream(const struct cli *cli, struct vici_client *client, const char *command,
                  struct vici_writer *args, const char *event, struct events *ret, struct err *err);
/* A command without arguments or events; the response is borrowed from the
 * client.  Does not tell: an error code. */
int daemon_ask(const struct cli *cli, struct vici_client *client, const char *command,
               struct span *ret_response, struct err *err);
/* Runs a command that answers success = yes|no; `log` (may be NULL) gets the
 * control-log events. */
int daemon_control(const struct cli *cli, struct vici_client *client, const char *command,
                   struct vici_writer *args, struct events *log);

#endif
