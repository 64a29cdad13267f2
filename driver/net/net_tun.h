/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_tun: a TUN device: whole IP packets, one read or write each, no header
 * of its own (IFF_NO_PI).  It lives as long as one of its descriptors is open.
 */
#ifndef NET_TUN_H
#define NET_TUN_H

#include "utils/base/err.h"

/* Opens `n` queues of one device; each is a non-blocking, close-on-exec
 * descriptor, written to ret_fds[0..n-1].  Needs CAP_NET_ADMIN. */
int net_tun_open(const char *name, unsigned n, int *ret_fds, struct err *err);

#endif
