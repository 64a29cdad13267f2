/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/net/net_tun.h"

#include "driver/net/net_link.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int open_queue(const char *name, bool multi, int *ret_fd, struct err *err)
{
    struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return err_errno(err, errno, "/dev/net/tun");
    if (multi)
        ifr.ifr_flags |= IFF_MULTI_QUEUE;
    snprintf(ifr.ifr_name, sizeof ifr.ifr_name, "%s", name);
    if (ioctl(fd, TUNSETIFF, &ifr) < 0) {
        int rc = err_errno(err, errno, "TUN device %s", name);

        close(fd);
        return rc;
    }
    *ret_fd = fd;
    return 0;
}

int net_tun_open(const char *name, unsigned n, int *ret_fds, struct err *err)
{
    if (!net_link_name_ok(name))
        return err_set(err, ERR_INVALID, "TUN device name \"%.32s\" is not an interface name",
                       name);
    for (unsigned i = 0; i < n; i++) {
        int rc = open_queue(name, n > 1, &ret_fds[i], err);

        if (rc) {
            while (i-- > 0)
                close(ret_fds[i]);
            return rc;
        }
    }
    return 0;
}
