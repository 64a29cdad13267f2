/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/dp/options.h"

#include "driver/net/net_link.h"
#include "driver/soft/dpc/dpc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *argp_program_version = "ipsec-offload-dp 0.1.0";

enum {
    OPT_SOCKET = 's',
    OPT_TUN = 't',
    OPT_MTU = 'm',
    OPT_PORT = 'p',
    OPT_WORKERS = 'w',
    OPT_LOG = 'l',
    OPT_USER = 'u',
    OPT_ENGINE = 'e'
};

const struct argp_option dp_option_table[] = {
    { "socket", OPT_SOCKET, "PATH", 0, "Control socket (" DPC_SOCKET_DEFAULT ")", 0 },
    { "tun", OPT_TUN, "NAME", 0, "TUN device to make (" DPC_TUN_DEFAULT ")", 0 },
    { "mtu", OPT_MTU, "BYTES", 0, "MTU of the TUN device (fits the links, at most 1400)", 0 },
    { "port", OPT_PORT, "PORT", 0, "UDP port for ESP and IKE (4500)", 0 },
    { "workers", OPT_WORKERS, "N", 0, "Worker threads (1)", 0 },
    { "engine", OPT_ENGINE, "NAME", 0, "Cipher library: openssl or ipsec-mb (the fastest)", 0 },
    { "user", OPT_USER, "NAME", 0, "Run as this user once everything is open", 0 },
    { "log-level", OPT_LOG, "LEVEL", 0, "error, warn, notice, info or debug (info)", 0 },
    { 0 },
};

static unsigned number(struct argp_state *state, const char *name, const char *arg, unsigned lo,
                       unsigned hi)
{
    char *end;
    unsigned long v;

    errno = 0;
    v = strtoul(arg, &end, 10);
    if (arg[0] < '0' || arg[0] > '9' || *end || errno || v < lo || v > hi)
        argp_error(state, "--%s %s: a number from %u to %u is needed", name, arg, lo, hi);
    return (unsigned)v;
}

static enum log_level level(struct argp_state *state, const char *arg)
{
    static const char *const names[] = { "error", "warn", "notice", "info", "debug" };

    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(arg, names[i]))
            return (enum log_level)i;
    argp_error(state, "--log-level %s: error, warn, notice, info or debug is needed", arg);
    return LOG_INFO;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct dp_options *o = state->input;

    switch (key) {
    case OPT_SOCKET:
        if (arg[0] != '/')
            argp_error(state, "--socket %s: an absolute path is needed", arg);
        o->socket_path = arg;
        return 0;
    case OPT_TUN:
        if (!net_link_name_ok(arg))
            argp_error(state, "--tun %s: not an interface name", arg);
        o->tun = arg;
        return 0;
    case OPT_MTU:
        o->mtu = number(state, "mtu", arg, DP_MTU_MIN, DP_MTU_MAX);
        return 0;
    case OPT_PORT:
        o->port = (uint16_t)number(state, "port", arg, 1, UINT16_MAX);
        return 0;
    case OPT_WORKERS:
        o->n_workers = number(state, "workers", arg, 1, DP_WORKERS_MAX);
        return 0;
    case OPT_ENGINE:
        o->engine = arg; /* engine_new() knows which there are */
        return 0;
    case OPT_USER:
        o->user = arg;
        return 0;
    case OPT_LOG:
        o->log_level = level(state, arg);
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "%s: no arguments are taken, only options", arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void dp_options_parse(int argc, char **argv, struct dp_options *ret)
{
    static const struct argp argp = {
        .options = dp_option_table,
        .parser = parse,
        .doc = "The software data plane of ipsec-offload: it carries packets between a TUN "
               "device and ESP in UDP, with the Security Associations that are installed "
               "through its control socket.",
    };
    struct dp_options o = {
        .socket_path = DPC_SOCKET_DEFAULT,
        .tun = DPC_TUN_DEFAULT,
        .port = 4500,
        .n_workers = 1,
        .log_level = LOG_INFO,
    };

    argp_parse(&argp, argc, argv, 0, NULL, &o);
    *ret = o;
}
