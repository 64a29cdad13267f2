/* SPDX-License-Identifier: Apache-2.0 */
/*
 * udp: the UDP 4500 socket, in bursts.
 *
 * One wildcard IPv4 socket for each worker (SO_REUSEPORT).  IP_PKTINFO says to
 * which local address a datagram came and from which one an answer leaves;
 * IP_RECVTOS brings the outer TOS byte.  Segmentation and receive offload
 * (UDP_SEGMENT, UDP_GRO) carry many packets of one size in one system call,
 * where the kernel has them.
 */
#ifndef DP_UDP_H
#define DP_UDP_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "driver/soft/engine.h"

#define UDP_RX_MSGS 16
#define UDP_RX_BUF 65536u /* one datagram, or many joined by UDP_GRO */
#define UDP_TX_PKTS ENGINE_BURST_MAX
#define UDP_CONTROL_LEN 128

/* One received datagram or joined run of datagrams. */
struct udp_rx {
    uint8_t *data;
    size_t len;
    size_t segment; /* length of each but the last; == len if not joined */
    struct ip_endpoint local, remote;
    uint8_t tos;
    bool truncated;
};

struct udp_rx_burst {
    uint8_t *mem; /* UDP_RX_MSGS * UDP_RX_BUF */
    struct udp_rx rx[UDP_RX_MSGS];
    struct mmsghdr msgs[UDP_RX_MSGS];
    struct iovec iov[UDP_RX_MSGS];
    struct sockaddr_in from[UDP_RX_MSGS];
    uint8_t control[UDP_RX_MSGS][UDP_CONTROL_LEN] __attribute__((aligned(8)));
};

struct udp_tx_burst {
    size_t n;
    bool no_gso; /* the kernel or a device refused once */
    struct iovec iov[UDP_TX_PKTS];
    const struct engine_pkt *pkts[UDP_TX_PKTS];
    struct mmsghdr msgs[UDP_TX_PKTS];
    struct sockaddr_in to[UDP_TX_PKTS];
    uint8_t control[UDP_TX_PKTS][UDP_CONTROL_LEN] __attribute__((aligned(8)));
};

int udp_open(uint16_t port, uint32_t mark, bool reuse, int *ret_fd, struct err *err);
/* A raw socket for packets that a bypass rule lets through in clear. */
int udp_open_raw(uint32_t mark, int *ret_fd, struct err *err);

int udp_rx_init(struct udp_rx_burst *b); /* ERR_NOMEM */
void udp_rx_fini(struct udp_rx_burst *b);
/* Returns the number of entries filled in rx[], 0 if nothing is there. */
size_t udp_recv(int fd, uint16_t port, struct udp_rx_burst *b);

/* The packet is borrowed until udp_flush(). At most UDP_TX_PKTS in one burst. */
void udp_queue(struct udp_tx_burst *b, const struct engine_pkt *pkt);
/* Sends and empties the burst; returns how many packets the kernel refused. */
size_t udp_flush(int fd, struct udp_tx_burst *b);

/* One datagram of two pieces, from the control thread. */
int udp_send_one(int fd, const struct ip_endpoint *local, const struct ip_endpoint *remote,
                 struct span head, struct span body, struct err *err);

#endif
