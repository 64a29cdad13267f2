/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify: tells the service manager that we are ready, as sd_notify(3) does,
 * without its library: one datagram to the socket named in the environment.
 */
#ifndef DP_NOTIFY_H
#define DP_NOTIFY_H

/* "READY=1", "STOPPING=1". Nothing happens without a service manager. */
void notify(const char *state);

#endif
