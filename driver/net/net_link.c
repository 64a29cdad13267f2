/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/net/net_link.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netlink/route/link.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Packets that wait in a TUN device: the kernel's default of 500 is less than
 * one TCP connection has on its way, and what does not fit is dropped. */
#define QUEUE_LEN 1000

bool net_link_name_ok(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len >= IFNAMSIZ || !strcmp(name, ".") || !strcmp(name, ".."))
        return false;
    return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == len;
}

int net_link_index(const char *name, int *ret_index, struct err *err)
{
    unsigned index = if_nametoindex(name);

    if (!index)
        return err_set(err, ERR_NOTFOUND, "no interface %.32s", name);
    *ret_index = (int)index;
    return 0;
}

int net_link_up(const char *name, unsigned mtu, struct err *err)
{
    struct nl_sock *sk = nl_socket_alloc();
    struct rtnl_link *old = NULL, *change = rtnl_link_alloc();
    int rc = -NLE_NOMEM;

    if (sk && change && !(rc = nl_connect(sk, NETLINK_ROUTE)) &&
        !(rc = rtnl_link_get_kernel(sk, 0, name, &old))) {
        rtnl_link_set_mtu(change, mtu);
        rtnl_link_set_txqlen(change, QUEUE_LEN);
        rtnl_link_set_flags(change, IFF_UP);
        rc = rtnl_link_change(sk, old, change, 0);
    }
    rtnl_link_put(old);
    rtnl_link_put(change);
    nl_socket_free(sk);
    if (rc)
        return err_set(err, ERR_IO, "interface %s: up with MTU %u: %s", name, mtu, nl_geterror(rc));
    return 0;
}

static unsigned mtu_of(int fd, const char *name)
{
    struct ifreq ifr = { 0 };

    snprintf(ifr.ifr_name, sizeof ifr.ifr_name, "%s", name);
    return ioctl(fd, SIOCGIFMTU, &ifr) < 0 || ifr.ifr_mtu <= 0 ? 0 : (unsigned)ifr.ifr_mtu;
}

int net_link_smallest_mtu(const char *except, unsigned *ret_mtu)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifaddrs *all;
    unsigned best = 0;

    if (fd < 0)
        return ERR_IO;
    if (getifaddrs(&all) < 0) {
        close(fd);
        return ERR_IO;
    }
    for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
        unsigned mtu;

        if (!(i->ifa_flags & IFF_UP) || i->ifa_flags & IFF_LOOPBACK || !strcmp(i->ifa_name, except))
            continue;
        mtu = mtu_of(fd, i->ifa_name);
        if (mtu && (!best || mtu < best))
            best = mtu;
    }
    freeifaddrs(all);
    close(fd);
    if (!best)
        return ERR_NOTFOUND;
    *ret_mtu = best;
    return 0;
}

static bool is_loopback(const struct ip_addr *a)
{
    static const struct ip_addr v6 = { .family = 6, .b = { [15] = 1 } };

    return a->family == 4 ? a->b[0] == 127 : ip_addr_eq(a, &v6);
}

int net_link_addr_in(const struct ip_range *range, struct ip_addr *ret)
{
    struct ifaddrs *all;
    int rc = ERR_NOTFOUND;

    if (getifaddrs(&all) < 0)
        return ERR_IO;
    for (const struct ifaddrs *i = all; i && rc; i = i->ifa_next) {
        struct ip_endpoint e;

        /* A router keeps its own addresses on lo: only 127/8 and ::1 are nobody's. */
        if (!i->ifa_addr || ip_from_sockaddr(i->ifa_addr, &e) || is_loopback(&e.addr))
            continue;
        if (ip_range_contains(range, &e.addr)) {
            *ret = e.addr;
            rc = 0;
        }
    }
    freeifaddrs(all);
    return rc;
}

/* Order does not count, and no address cancels out another of its kind. */
uint64_t net_link_addrs_stamp(void)
{
    struct ifaddrs *all;
    uint64_t sum = 1;

    if (getifaddrs(&all) < 0)
        return 0;
    for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
        uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */
        struct ip_endpoint e;

        if (!i->ifa_addr || ip_from_sockaddr(i->ifa_addr, &e))
            continue;
        for (size_t k = 0; k < ip_addr_len(&e.addr); k++)
            h = (h ^ e.addr.b[k]) * UINT64_C(1099511628211);
        sum += h;
    }
    freeifaddrs(all);
    return sum;
}

int net_link_sysctl(const char *family, const char *name, const char *key, const char *value,
                    struct err *err)
{
    char path[128];
    size_t len = strlen(value);
    ssize_t n;
    int fd;

    snprintf(path, sizeof path, "/proc/sys/net/%.8s/conf/%.16s/%.40s", family, name, key);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, errno, "%s", path);
    n = write(fd, value, len);
    if (n != (ssize_t)len) {
        int rc = err_errno(err, n < 0 ? errno : EIO, "%s", path);

        close(fd);
        return rc;
    }
    close(fd);
    return 0;
}
