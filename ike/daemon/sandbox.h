/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox: what the two processes give up once they have what they need.
 *
 *                     capabilities   system calls
 *   network process   NET_ADMIN      all               drop rule, socket mark
 *   key process       none           a short list      keyproc_child.c's loop
 *
 * Neither gains anything by an execve() any more.  Both stay user 0 in a
 * system's own start: user 0 without CAP_DAC_OVERRIDE reads root's files and
 * nobody else's, so a reload goes on working.
 */
#ifndef IKE_DAEMON_SANDBOX_H
#define IKE_DAEMON_SANDBOX_H

#include "utils/base/err.h"

/* Call when UDP 500 and the control socket are open. */
int sandbox_network(struct err *err) MUST_CHECK;
/* After this: read files, talk on the sockets that are open, take memory, end.
 * Anything else ends the process at once. */
int sandbox_keys(struct err *err) MUST_CHECK;

#endif
