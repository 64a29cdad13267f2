/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options: the daemon's command line, as one table that --help and the man
 * page's check are made from.  No option takes a secret.
 */
#ifndef IKE_DAEMON_OPTIONS_H
#define IKE_DAEMON_OPTIONS_H

#include "utils/base/log.h"

#include <argp.h>

#define DAEMON_CONFIG "/etc/ipsec-offload/ipsec-offload.conf"
#define DAEMON_CONTROL_SOCKET "/run/ipsec-offload/control.vici"

struct daemon_options {
    const char *config;         /* NULL: no file, connections come by VICI */
    const char *control_socket; /* NULL: the configuration's, else the default */
    const char *device;         /* NULL: the configuration's, else "soft" */
    const char *key_log;        /* directory; NULL: keys are written nowhere */
    int log_level;              /* enum log_level; -1: the configuration's */
};

extern const struct argp_option daemon_option_table[];

/* Exits the process on --help, --version and on a usage error (status 2). */
void daemon_options_parse(int argc, char **argv, struct daemon_options *ret);

#endif
