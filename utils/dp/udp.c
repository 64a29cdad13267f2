/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/dp/udp.h"

#include "utils/base/mem.h"

#include <errno.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define SOCKET_BUF (4 << 20)
#define WAIT_MS 2            /* for room in a full send buffer, before packets are dropped */
#define GSO_BYTES_MAX 65000u /* one joined send stays below 64 KB with its headers */

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

static int set_int(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value);
}

static int refuse(int fd, struct err *err, const char *what)
{
    int rc = err_errno(err, errno, "%s", what);

    close(fd);
    return rc;
}

int udp_open(uint16_t port, uint32_t mark, bool reuse, int *ret_fd, struct err *err)
{
    struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return err_errno(err, errno, "UDP socket");
    if (set_int(fd, SOL_SOCKET, SO_MARK, (int)mark) < 0)
        return refuse(fd, err, "UDP socket: SO_MARK");
    if (set_int(fd, IPPROTO_IP, IP_PKTINFO, 1) < 0 || set_int(fd, IPPROTO_IP, IP_RECVTOS, 1) < 0)
        return refuse(fd, err, "UDP socket: IP_PKTINFO, IP_RECVTOS");
    if (reuse && set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1) < 0)
        return refuse(fd, err, "UDP socket: SO_REUSEPORT");
    /* Outer fragments rather than a black hole: the DF bit stays off (RFC 4301
     * section 8.1 leaves the choice to us).  A path MTU from an ICMP error is
     * not believed: anybody can forge one, and what it cuts up may not arrive. */
    if (set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT) < 0)
        return refuse(fd, err, "UDP socket: IP_MTU_DISCOVER");
    /* Speed only: without them everything works, slower. */
    if (set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_BUF) < 0)
        (void)set_int(fd, SOL_SOCKET, SO_RCVBUF, SOCKET_BUF);
    if (set_int(fd, SOL_SOCKET, SO_SNDBUFFORCE, SOCKET_BUF) < 0)
        (void)set_int(fd, SOL_SOCKET, SO_SNDBUF, SOCKET_BUF);
    (void)set_int(fd, IPPROTO_UDP, UDP_GRO, 1);
    if (bind(fd, (struct sockaddr *)&sin, sizeof sin) < 0) {
        int rc = err_errno(err, errno, "UDP port %u", port);

        close(fd);
        return rc;
    }
    *ret_fd = fd;
    return 0;
}

int udp_open_raw(uint32_t mark, int *ret_fd, struct err *err)
{
    int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);

    if (fd < 0)
        return err_errno(err, errno, "raw socket");
    if (set_int(fd, SOL_SOCKET, SO_MARK, (int)mark) < 0)
        return refuse(fd, err, "raw socket: SO_MARK");
    *ret_fd = fd;
    return 0;
}

int udp_rx_init(struct udp_rx_burst *b)
{
    b->mem = mem_zalloc_array(UDP_RX_MSGS, UDP_RX_BUF);
    if (!b->mem)
        return ERR_NOMEM;
    for (size_t i = 0; i < UDP_RX_MSGS; i++)
        b->iov[i] = (struct iovec){ b->mem + i * UDP_RX_BUF, UDP_RX_BUF };
    return 0;
}

void udp_rx_fini(struct udp_rx_burst *b)
{
    mem_free(b->mem);
    b->mem = NULL;
}

/* The kernel pads each control message: values are copied out, never cast. */
static void read_control(struct msghdr *h, uint16_t port, struct udp_rx *rx)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;

            memcpy(&info, CMSG_DATA(c), sizeof info);
            rx->local.addr = ip_addr_v4(ntohl(info.ipi_addr.s_addr));
            rx->local.port = port;
        } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) {
            rx->tos = *CMSG_DATA(c);
        } else if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
            int segment;

            memcpy(&segment, CMSG_DATA(c), sizeof segment);
            if (segment > 0 && (size_t)segment < rx->len)
                rx->segment = (size_t)segment;
        }
    }
}

size_t udp_recv(int fd, uint16_t port, struct udp_rx_burst *b)
{
    int n;

    for (size_t i = 0; i < UDP_RX_MSGS; i++)
        b->msgs[i].msg_hdr = (struct msghdr){
            .msg_name = &b->from[i],
            .msg_namelen = sizeof b->from[i],
            .msg_iov = &b->iov[i],
            .msg_iovlen = 1,
            .msg_control = b->control[i],
            .msg_controllen = UDP_CONTROL_LEN,
        };
    n = recvmmsg(fd, b->msgs, UDP_RX_MSGS, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; i++) {
        struct udp_rx *rx = &b->rx[i];

        *rx = (struct udp_rx){ .data = b->iov[i].iov_base, .len = b->msgs[i].msg_len };
        rx->segment = rx->len;
        rx->remote.addr = ip_addr_v4(ntohl(b->from[i].sin_addr.s_addr));
        rx->remote.port = ntohs(b->from[i].sin_port);
        rx->truncated = b->msgs[i].msg_hdr.msg_flags & MSG_TRUNC;
        read_control(&b->msgs[i].msg_hdr, port, rx);
    }
    return n > 0 ? (size_t)n : 0; /* errors are of earlier sends (ICMP), or EAGAIN */
}

void udp_queue(struct udp_tx_burst *b, const struct engine_pkt *pkt)
{
    b->iov[b->n] = (struct iovec){ pkt->data, pkt->len };
    b->pkts[b->n++] = pkt;
}

static void put_control(struct msghdr *h, int level, int type, const void *value, size_t len)
{
    struct cmsghdr *c = (struct cmsghdr *)(void *)((uint8_t *)h->msg_control + h->msg_controllen);

    c->cmsg_level = level;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(len);
    memcpy(CMSG_DATA(c), value, len);
    h->msg_controllen += CMSG_SPACE(len);
}

static void put_addresses(struct msghdr *h, struct sockaddr_in *to, const struct ip_endpoint *local,
                          const struct ip_endpoint *remote)
{
    *to = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(remote->port) };
    memcpy(&to->sin_addr, remote->addr.b, 4);
    h->msg_name = to;
    h->msg_namelen = sizeof *to;
    if (local->addr.family == 4) {
        struct in_pktinfo info = { 0 };

        memcpy(&info.ipi_spec_dst, local->addr.b, 4);
        put_control(h, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    }
}

static bool same_flow(const struct engine_pkt *a, const struct engine_pkt *b)
{
    return a->tos == b->tos && ip_endpoint_eq(&a->remote, &b->remote) &&
           ip_addr_eq(&a->local.addr, &b->local.addr);
}

/* How many packets from `at` on can leave in one joined send: one flow, one
 * size, the last may be shorter. */
static size_t run_len(const struct udp_tx_burst *b, size_t at)
{
    const struct engine_pkt *first = b->pkts[at];
    size_t bytes = first->len, n = 1;

    while (!b->no_gso && at + n < b->n && b->pkts[at + n - 1]->len == first->len) {
        const struct engine_pkt *next = b->pkts[at + n];

        if (next->len > first->len || bytes + next->len > GSO_BYTES_MAX || !same_flow(first, next))
            break;
        bytes += next->len;
        n++;
    }
    return n;
}

static size_t build(struct udp_tx_burst *b, size_t from)
{
    size_t n_msgs = 0;

    for (size_t at = from; at < b->n; n_msgs++) {
        const struct engine_pkt *first = b->pkts[at];
        struct msghdr *h = &b->msgs[n_msgs].msg_hdr;
        size_t n = run_len(b, at);
        int tos = first->tos;

        *h = (struct msghdr){
            .msg_iov = &b->iov[at],
            .msg_iovlen = n,
            .msg_control = b->control[n_msgs],
        };
        memset(b->control[n_msgs], 0, UDP_CONTROL_LEN);
        put_addresses(h, &b->to[n_msgs], &first->local, &first->remote);
        put_control(h, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
        if (n > 1) {
            uint16_t segment = (uint16_t)first->len;

            put_control(h, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment);
        }
        at += n;
    }
    return n_msgs;
}

/* A full send buffer is given a moment, so that the TUN queue and not the wire
 * side of it pushes back; then packets are dropped. */
static bool wait_room(int fd)
{
    struct pollfd pfd = { .fd = fd, .events = POLLOUT };

    return poll(&pfd, 1, WAIT_MS) > 0;
}

size_t udp_flush(int fd, struct udp_tx_burst *b)
{
    size_t refused = 0, from = 0, n_msgs = b->n ? build(b, 0) : 0, at = 0;
    bool waited = false;

    while (at < n_msgs) {
        int n = sendmmsg(fd, b->msgs + at, (unsigned)(n_msgs - at), MSG_DONTWAIT);
        size_t run = b->msgs[at].msg_hdr.msg_iovlen;

        if (n > 0) {
            for (int i = 0; i < n; i++)
                from += b->msgs[at++].msg_hdr.msg_iovlen;
            continue;
        }
        if (errno == EINTR || (errno == EAGAIN && !waited && (waited = wait_room(fd))))
            continue;
        if (run > 1 && (errno == EIO || errno == EINVAL || errno == EOPNOTSUPP)) {
            b->no_gso = true; /* no segmentation on the way out: one by one */
            n_msgs = build(b, from);
            at = 0;
            continue;
        }
        refused += run; /* no route, ICMP error, no room: this one is lost */
        from += run;
        at++;
    }
    b->n = 0;
    return refused;
}

int udp_send_one(int fd, const struct ip_endpoint *local, const struct ip_endpoint *remote,
                 struct span head, struct span body, struct err *err)
{
    uint8_t control[UDP_CONTROL_LEN] __attribute__((aligned(8))) = { 0 };
    struct iovec iov[2] = { { (void *)(uintptr_t)head.p, head.len },
                            { (void *)(uintptr_t)body.p, body.len } };
    struct msghdr h = { .msg_iov = iov, .msg_iovlen = 2, .msg_control = control };
    struct sockaddr_in to;
    char text[IP_TEXT_LEN];

    if (remote->addr.family != 4 || !remote->port)
        return err_set(err, ERR_INVALID, "remote: an IPv4 address and a port are needed");
    put_addresses(&h, &to, local, remote);
    if (!h.msg_controllen)
        h.msg_control = NULL;
    /* The first call may report an ICMP error of an earlier datagram. */
    for (int i = 0; i < 2; i++) {
        if (sendmsg(fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
            return 0;
        if (errno != ECONNREFUSED && errno != EHOSTUNREACH && errno != EINTR)
            break;
    }
    return err_errno(err, errno, "send to %s", ip_endpoint_text(remote, text));
}
