/* SPDX-License-Identifier: Apache-2.0 */
/*
 * priv: what the process gives up, and what it keeps from others.
 */
#ifndef DP_PRIV_H
#define DP_PRIV_H

#include "utils/base/err.h"

/* No core dump, no reading by a debugger, no key on swap.  Failure to lock
 * memory is logged and no error. */
int priv_hide_keys(struct err *err);
/* Keeps CAP_NET_ADMIN (routes) and CAP_NET_RAW, drops the rest for good; as
 * `user` if not NULL.  Before any thread is started. */
int priv_drop(const char *user, struct err *err);

#endif
