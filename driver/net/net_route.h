/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_route: how protected packets come to the TUN device and the packets that
 * carry them do not.
 *
 * Routes to the remote side of protect rules stand in a table of our own.  One
 * policy rule sends every packet WITHOUT our mark to that table; our own
 * sockets (UDP 4500 of the data plane, UDP 500 of the daemon) set the mark and
 * so take the ordinary routes, even to an address that is itself protected (a
 * host-to-host tunnel).  A "throw" route sends the local side of a rule back to
 * the ordinary tables where the remote side would swallow it.
 *
 * Not thread-safe; one handle belongs to one thread.
 */
#ifndef NET_ROUTE_H
#define NET_ROUTE_H

#include "utils/base/err.h"
#include "utils/base/ip.h"

#define NET_MARK 0x1f5eu    /* SO_MARK of packets that carry protected ones */
#define NET_TABLE 0x1f5eu   /* routing table; 8030 in decimal, as ip(8) shows it */
#define NET_RULE_PRIO 8030u /* before the main table (32766), behind local (0) */

struct net_routes; /* a netlink socket */

enum net_route_kind {
    NET_ROUTE_TUN,   /* into the TUN device */
    NET_ROUTE_THROW, /* look on in the next table */
};

struct net_route {
    enum net_route_kind kind;
    struct ip_addr net;
    unsigned len;       /* prefix length, bits */
    int ifindex;        /* NET_ROUTE_TUN */
    struct ip_addr src; /* preferred source, unset = the kernel's choice */
};

int net_routes_open(struct net_routes **ret, struct err *err);
void net_routes_close(struct net_routes *nr); /* NULL accepted; changes nothing */
/* Adding what is there, and deleting what is gone, are no errors. */
int net_route_add(struct net_routes *nr, const struct net_route *route, struct err *err);
int net_route_del(struct net_routes *nr, const struct net_route *route, struct err *err);
/* Deletes all routes of our table, of an earlier run too. */
int net_route_flush(struct net_routes *nr, struct err *err);
/* The one policy rule. */
int net_rule_add(struct net_routes *nr, struct err *err);
int net_rule_del(struct net_routes *nr, struct err *err);

#endif
