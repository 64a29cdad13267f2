/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options: the command line of ipsec-offload-dp.  The argp table is visible, so
 * that the manual page can be checked against it.
 */
#ifndef DP_OPTIONS_H
#define DP_OPTIONS_H

#include <argp.h>

#include "utils/base/log.h"

#define DP_WORKERS_MAX 16
#define DP_MTU_MIN 576u /* RFC 791: every IPv4 link carries this much */
#define DP_MTU_MAX 9216u
#define DP_MTU_DEFAULT 1400u

struct dp_options {
    const char *socket_path;
    const char *tun;
    const char *engine; /* cipher library, NULL: the fastest there is */
    const char *user;   /* NULL: stay who we are, without capabilities */
    unsigned mtu;       /* 0 = choose */
    uint16_t port;
    unsigned n_workers;
    enum log_level log_level;
};

extern const struct argp_option dp_option_table[]; /* ends with a zero entry */

/* Exits with status 64 (EX_USAGE) and a message on a wrong command line. */
void dp_options_parse(int argc, char **argv, struct dp_options *ret);

#endif
