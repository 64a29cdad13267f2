/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/daemon/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_USAGE 2

const struct argp_option daemon_option_table[] = {
    { "config", 'c', "FILE", 0,
      "Configuration file (default " DAEMON_CONFIG "); \"none\" for no file", 0 },
    { "socket", 's', "PATH", 0, "Control socket (default " DAEMON_CONTROL_SOCKET ")", 0 },
    { "device", 'd', "SPEC", 0, "Where SAs are installed: soft or soft:/path/to/dp.sock", 0 },
    { "key-log", 'K', "DIR", 0,
      "Write session keys to DIR in Wireshark's own table formats. Whoever reads them reads all "
      "traffic",
      0 },
    { "log-level", 'l', "LEVEL", 0, "error, warning, notice, info or debug (default info)", 0 },
    { 0 },
};

static int parse_level(const char *text)
{
    static const char *const names[] = { "error", "warning", "notice", "info", "debug" };

    for (int i = 0; i < 5; i++)
        if (strcmp(text, names[i]) == 0)
            return i;
    return -1;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct daemon_options *opts = state->input;

    switch (key) {
    case 'c':
        opts->config = strcmp(arg, "none") == 0 ? NULL : arg;
        return 0;
    case 's':
        opts->control_socket = arg;
        return 0;
    case 'd':
        opts->device = arg;
        return 0;
    case 'K':
        opts->key_log = arg;
        return 0;
    case 'l':
        opts->log_level = parse_level(arg);
        if (opts->log_level < 0)
            argp_error(state, "--log-level: \"%s\" is none of error, warning, notice, info, debug",
                       arg);
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "unexpected argument \"%s\"", arg);
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void daemon_options_parse(int argc, char **argv, struct daemon_options *ret)
{
    const struct argp argp = {
        .options = daemon_option_table,
        .parser = parse_option,
        .doc = "Negotiates IPsec Security Associations by IKEv2 and installs them where they run "
               "fastest.",
    };

    *ret = (struct daemon_options){ .config = DAEMON_CONFIG, .log_level = -1 };
    argp_program_version = "ipsec-offloadd " IOFF_VERSION;
    argp_err_exit_status = EXIT_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, ret);
}
