/* SPDX-License-Identifier: Apache-2.0 */
/*
 * steer: which prefixes the host sends into the TUN device, counted by the
 * protect rules that want them.
 */
#ifndef DP_STEER_H
#define DP_STEER_H

#include "driver/core/attrs.h"
#include "driver/net/net_route.h"
#include "utils/base/list.h"

#define STEER_BUCKETS 1024u

/* What changes the kernel's table; tests bring their own. */
struct steer_port {
    int (*add)(void *user, const struct net_route *route, struct err *err);
    int (*del)(void *user, const struct net_route *route, struct err *err);
    int (*local_addr)(void *user, const struct ip_range *range, struct ip_addr *ret);
    void *user;
};

struct steer {
    struct steer_port port;
    int ifindex;
    size_t n_routes;
    struct list buckets[STEER_BUCKETS];
};

void steer_init(struct steer *s, const struct steer_port *port, int ifindex);
void steer_fini(struct steer *s); /* frees; the kernel's routes go with the TUN device */
/* All prefixes of one rule's remote side, and a way back for the local side
 * where the remote side contains it.  On failure nothing has changed. */
int steer_add(struct steer *s, const struct nic_selector *sel, struct err *err);
/* Takes back one steer_add() of the same selector. Failures of the kernel are
 * logged: there is nobody to hand them to. */
void steer_del(struct steer *s, const struct nic_selector *sel);

#endif
