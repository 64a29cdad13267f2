/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_guard: "what is protected never travels in clear", as one nftables table
 * (inet ipsec_offload) that stays in the kernel when every process of ours is
 * gone.  The table is replaced in one transaction: there is no moment without.
 *
 *   leaving   local -> remote of an entry, on any device but the TUN: dropped,
 *             unless the packet carries our mark (it is ESP or IKE of ours).
 *             Looked at before and after source NAT, so that neither side of a
 *             translation is a way around.
 *   own       this host -> remote of an entry, from any address of the host,
 *             where the host itself has an address on the local side: without
 *             the route into the TUN device the kernel would choose another
 *             source address, and the same connection would go out in clear.
 *   arriving  remote -> local of an entry, on any device but the TUN: dropped,
 *             unless it is IKE or ESP-in-UDP to this host (UDP 500, 4500);
 *             that is given our mark, so that a strict rp_filter with
 *             src_valid_mark accepts it in a host-to-host tunnel.  A fragment
 *             behind the first is never let in: it could complete a datagram
 *             whose first one came through the tunnel.  So the path of a
 *             host-to-host tunnel must carry its outer packets whole.
 *
 * Text generation is apart from loading, so that tests compare it exactly.
 */
#ifndef NET_GUARD_H
#define NET_GUARD_H

#include "driver/core/provider.h"

#define NET_GUARD_TABLE "ipsec_offload"
#define NET_GUARD_MAX 8192 /* entries */

struct net_guard {
    const struct nic_guard_entry *entries; /* borrowed */
    size_t n;                              /* 0 removes the table */
    const bool *own; /* [n]: this host is inside entries[i].sel.local; NULL = none */
    const char *tun; /* the one device let through; NULL = none */
    uint32_t mark;
};

/* Commands for nft(8), in a string that the caller frees with mem_free(). */
int net_guard_text(const struct net_guard *guard, char **ret, struct err *err);
/* Loads them, and finds out itself which entries are `own`.  Needs
 * CAP_NET_ADMIN. On failure the old table stands. */
int net_guard_apply(const struct net_guard *guard, struct err *err);

#endif
