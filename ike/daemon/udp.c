/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/daemon/udp.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int set_int(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value);
}

static int open_family(int family, uint16_t port, struct err *err)
{
    struct ip_endpoint any = { .addr.family = family == AF_INET ? 4 : 6, .port = port };
    struct sockaddr_storage ss;
    socklen_t len = ip_to_sockaddr(&any, &ss);
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int rc = 0;

    if (fd < 0)
        return err_errno(err, errno, "UDP %u: socket", port);
    if (family == AF_INET6)
        rc = set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) ||
             set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    else
        rc = set_int(fd, IPPROTO_IP, IP_PKTINFO, 1);
    if (rc || set_int(fd, SOL_SOCKET, SO_MARK, UDP_SOCKET_MARK) ||
        bind(fd, (struct sockaddr *)&ss, len)) {
        int errnum = errno;

        close(fd);
        return err_errno(err, errnum, "UDP %u (IPv%c)", port, family == AF_INET ? '4' : '6');
    }
    return fd;
}

int udp_open(struct udp_socket *udp, uint16_t port, struct err *err)
{
    struct udp_socket s = { .port = port };

    s.fd4 = open_family(AF_INET, port, err);
    if (s.fd4 < 0)
        return s.fd4;
    s.fd6 = open_family(AF_INET6, port, NULL); /* a host without IPv6 is fine */
    *udp = s;
    return 0;
}

void udp_close(struct udp_socket *udp)
{
    if (udp->fd4 >= 0)
        close(udp->fd4);
    if (udp->fd6 >= 0)
        close(udp->fd6);
    udp->fd4 = udp->fd6 = -1;
}

union control {
    struct cmsghdr align;
    uint8_t room[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(struct in_pktinfo))];
};

static void local_address(struct msghdr *msg, struct ip_addr *ret)
{
    memset(ret, 0, sizeof *ret);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;

            memcpy(&info, CMSG_DATA(c), sizeof info);
            ret->family = 4;
            memcpy(ret->b, &info.ipi_addr, 4);
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;

            memcpy(&info, CMSG_DATA(c), sizeof info);
            ret->family = 6;
            memcpy(ret->b, &info.ipi6_addr, 16);
        }
    }
}

int udp_receive(const struct udp_socket *udp, int fd, uint8_t *buf, size_t cap, size_t *ret_len,
                struct ike_path *ret_path)
{
    struct sockaddr_storage from;
    union control control;
    struct iovec iov = { buf, cap };
    struct msghdr msg = { .msg_name = &from,
                          .msg_namelen = sizeof from,
                          .msg_iov = &iov,
                          .msg_iovlen = 1,
                          .msg_control = &control,
                          .msg_controllen = sizeof control };
    ssize_t n = recvmsg(fd, &msg, MSG_TRUNC);

    /* A pending ICMP error shows up here too; the peer's silence says the same. */
    if (n < 0 || (size_t)n > cap || ip_from_sockaddr((struct sockaddr *)&from, &ret_path->remote))
        return 0;
    local_address(&msg, &ret_path->local.addr);
    ret_path->local.port = udp->port;
    *ret_len = (size_t)n;
    return 1;
}

static void set_source(struct msghdr *msg, union control *control, const struct ip_addr *from)
{
    struct cmsghdr *c;

    if (!from->family || ip_addr_is_unset(from))
        return;
    memset(control, 0, sizeof *control);
    msg->msg_control = control;
    msg->msg_controllen = from->family == 4 ? CMSG_SPACE(sizeof(struct in_pktinfo))
                                            : CMSG_SPACE(sizeof(struct in6_pktinfo));
    c = CMSG_FIRSTHDR(msg);
    if (from->family == 4) {
        struct in_pktinfo info = { 0 };

        memcpy(&info.ipi_spec_dst, from->b, 4);
        c->cmsg_level = IPPROTO_IP;
        c->cmsg_type = IP_PKTINFO;
        c->cmsg_len = CMSG_LEN(sizeof info);
        memcpy(CMSG_DATA(c), &info, sizeof info);
    } else {
        struct in6_pktinfo info = { 0 };

        memcpy(&info.ipi6_addr, from->b, 16);
        c->cmsg_level = IPPROTO_IPV6;
        c->cmsg_type = IPV6_PKTINFO;
        c->cmsg_len = CMSG_LEN(sizeof info);
        memcpy(CMSG_DATA(c), &info, sizeof info);
    }
}

int udp_send(const struct udp_socket *udp, const struct ike_path *path, struct span data,
             struct err *err)
{
    struct sockaddr_storage to;
    union control control;
    struct iovec iov = { (void *)(uintptr_t)data.p, data.len };
    struct msghdr msg = { .msg_name = &to, .msg_iov = &iov, .msg_iovlen = 1 };
    int fd = path->remote.addr.family == 6 ? udp->fd6 : udp->fd4;
    char text[IP_TEXT_LEN];

    msg.msg_namelen = ip_to_sockaddr(&path->remote, &to);
    set_source(&msg, &control, &path->local.addr);
    if (sendmsg(fd, &msg, 0) < 0)
        return err_errno(err, errno, "send to %s", ip_endpoint_text(&path->remote, text));
    return 0;
}

int udp_source_address(const struct ip_addr *remote, struct ip_addr *ret, struct err *err)
{
    struct ip_endpoint to = { *remote, IKE_PORT }, own;
    struct sockaddr_storage ss;
    socklen_t len = ip_to_sockaddr(&to, &ss);
    char text[IP_TEXT_LEN];
    int fd, rc = 0;

    if (ip_addr_is_unset(remote))
        return err_set(err, ERR_INVALID, "no address to look for a route to");
    fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_errno(err, errno, "socket");
    /* The same mark as our datagrams: not the route into the tunnel. */
    if (set_int(fd, SOL_SOCKET, SO_MARK, UDP_SOCKET_MARK) ||
        connect(fd, (struct sockaddr *)&ss, len))
        rc = err_errno(err, errno, "no route to %s", ip_addr_text(remote, text));
    len = sizeof ss;
    if (!rc && getsockname(fd, (struct sockaddr *)&ss, &len))
        rc = err_errno(err, errno, "getsockname");
    close(fd);
    if (!rc)
        rc = ip_from_sockaddr((struct sockaddr *)&ss, &own);
    if (!rc)
        *ret = own.addr;
    return rc;
}
