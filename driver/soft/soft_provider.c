/* SPDX-License-Identifier: Apache-2.0 */
/*
 * soft_provider: the provider "soft", and the world outside as soft_dev.c asks
 * for it: a Unix socket, nftables, the clock.
 */
#include "driver/soft/soft_dev.h"

#include "driver/net/net_link.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define DEADLINE_MS 1000
#define SOCKET_BUF (1 << 20)

static int unix_connect(void *user, const char *path, int *ret_fd, struct err *err)
{
    struct sockaddr_un sun = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int size = SOCKET_BUF;

    (void)user;
    if (fd < 0)
        return err_errno(err, errno, "socket");
    snprintf(sun.sun_path, sizeof sun.sun_path, "%s", path);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size); /* best effort */
    if (connect(fd, (struct sockaddr *)&sun, sizeof sun) < 0) {
        int rc = err_errno(err, errno, "not running (connect)");

        close(fd);
        return rc;
    }
    *ret_fd = fd;
    return 0;
}

static int nft_guard(void *user, const struct net_guard *guard, struct err *err)
{
    (void)user;
    return net_guard_apply(guard, err);
}

static uint64_t host_addrs(void *user)
{
    (void)user;
    return net_link_addrs_stamp();
}

static ns_time boot_now(void *user)
{
    (void)user;
    return clock_now();
}

static const struct soft_port os_port = {
    .connect = unix_connect,
    .guard = nft_guard,
    .addrs = host_addrs,
    .now = boot_now,
    .deadline_ms = DEADLINE_MS,
};

static int soft_probe(struct nic_device_desc *descs, size_t cap, size_t *n_desc)
{
    struct nic_device_desc desc = { .name = "soft",
                                    .provider = "soft",
                                    .level = NIC_LEVEL_SOFTWARE };
    struct err err = { 0 };
    int fd;

    if (*n_desc >= cap)
        return 0;
    desc.usable = !unix_connect(NULL, DPC_SOCKET_DEFAULT, &fd, &err);
    if (desc.usable) {
        close(fd);
        snprintf(desc.reason, sizeof desc.reason, "data plane at %s", DPC_SOCKET_DEFAULT);
    } else {
        snprintf(desc.reason, sizeof desc.reason, "data plane at %s: %.80s", DPC_SOCKET_DEFAULT,
                 err.text);
    }
    descs[(*n_desc)++] = desc;
    return 0;
}

static int soft_open(const struct nic_open_params *params, struct nic_device **ret, struct err *err)
{
    return soft_dev_open(params, &os_port, ret, err);
}

const struct nic_provider nic_provider_soft = {
    .name = "soft",
    .level = NIC_LEVEL_SOFTWARE,
    .probe = soft_probe,
    .open = soft_open,
};
