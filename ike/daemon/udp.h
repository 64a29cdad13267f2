/* SPDX-License-Identifier: Apache-2.0 */
/*
 * udp: the daemon's own UDP socket (port 500, both families), with the local
 * address of each datagram.  UDP 4500 belongs to the data plane.
 */
#ifndef IKE_DAEMON_UDP_H
#define IKE_DAEMON_UDP_H

#include "ike/core/ports.h"

/* Packets of ours carry this mark: routing takes them around the tunnel and
 * the drop rule lets them pass. The same as driver/net's. */
#define UDP_SOCKET_MARK 0x1f5e

struct udp_socket {
    int fd4, fd6; /* -1 = this host has no such family */
    uint16_t port;
};

int udp_open(struct udp_socket *udp, uint16_t port, struct err *err);
void udp_close(struct udp_socket *udp);
/* One datagram; 0: none there. *ret_len and *ret_path are set on 1. */
int udp_receive(const struct udp_socket *udp, int fd, uint8_t *buf, size_t cap, size_t *ret_len,
                struct ike_path *ret_path);
int udp_send(const struct udp_socket *udp, const struct ike_path *path, struct span data,
             struct err *err);
/* The source address that routing would choose towards `remote`. */
int udp_source_address(const struct ip_addr *remote, struct ip_addr *ret, struct err *err);

#endif
