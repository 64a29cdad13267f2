/* SPDX-License-Identifier: Apache-2.0 */
/* net_nl: the handle that net_route.c and net_rule.c share. */
#ifndef NET_NL_H
#define NET_NL_H

#include <netlink/netlink.h>

struct net_routes {
    struct nl_sock *sk;
};

#endif
