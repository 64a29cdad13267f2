/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ops_default: the body of every op that a backend does not have.
 *
 * nic_ops_fill() puts them in, so that no caller tests a pointer and every
 * "no" reads the same: which device, which op.  fd, process and next_wakeup
 * answer what a device without asynchronous work would answer.
 */
#include "driver/core/provider.h"

static int unsupported(const struct nic_device *dev, const char *op, struct err *err)
{
    return err_set(err, ERR_UNSUPPORTED, "device %s does not support %s", dev->name, op);
}

static int default_close(struct nic_device *dev)
{
    (void)dev;
    return ERR_UNSUPPORTED;
}

static int default_spi_reserve(struct nic_device *dev, uint32_t *ret_spi, struct err *err)
{
    (void)ret_spi;
    return unsupported(dev, "reserving an SPI", err);
}

static int default_spi_release(struct nic_device *dev, uint32_t spi, struct err *err)
{
    (void)spi;
    return unsupported(dev, "releasing an SPI", err);
}

static void default_submit(struct nic_device *dev, struct nic_batch *batch)
{
    struct err err = { 0 };

    nic_batch_done(batch, unsupported(dev, "SAs and rules", &err), &err);
}

static int default_sa_get(struct nic_device *dev, uint64_t id, struct nic_sa_info *ret,
                          struct err *err)
{
    (void)id;
    (void)ret;
    return unsupported(dev, "reading an SA", err);
}

static int default_rule_get(struct nic_device *dev, uint64_t id, struct nic_rule_info *ret,
                            struct err *err)
{
    (void)id;
    (void)ret;
    return unsupported(dev, "reading a rule", err);
}

static int default_enumerate(struct nic_device *dev,
                             int (*fn)(void *user, const struct nic_sa_info *sa),
                             int (*rule_fn)(void *user, const struct nic_rule_info *rule),
                             void *user, struct err *err)
{
    (void)fn;
    (void)rule_fn;
    (void)user;
    return unsupported(dev, "enumeration", err);
}

static int default_device_counters(struct nic_device *dev, struct nic_device_counters *ret,
                                   struct err *err)
{
    (void)ret;
    return unsupported(dev, "device counters", err);
}

static int default_fd(struct nic_device *dev)
{
    (void)dev;
    return -1;
}

static int default_process(struct nic_device *dev, ns_time now, struct err *err)
{
    (void)dev;
    (void)now;
    (void)err;
    return 0;
}

static ns_time default_next_wakeup(struct nic_device *dev)
{
    (void)dev;
    return 0;
}

static int default_ike_send(struct nic_device *dev, const struct ip_endpoint *local,
                            const struct ip_endpoint *remote, struct span data, struct err *err)
{
    (void)local;
    (void)remote;
    (void)data;
    return unsupported(dev, "sending IKE datagrams", err);
}

static int default_keepalive_send(struct nic_device *dev, const struct ip_endpoint *local,
                                  const struct ip_endpoint *remote, struct err *err)
{
    (void)local;
    (void)remote;
    return unsupported(dev, "sending NAT keepalives", err);
}

static int default_guard_set(struct nic_device *dev, const struct nic_guard_entry *entries,
                             size_t n, struct err *err)
{
    (void)entries;
    (void)n;
    return unsupported(dev, "a drop rule for protected prefixes", err);
}

static int default_burst(struct nic_device *dev, enum nic_dir dir, struct nic_pkt *pkts, size_t n,
                         ns_time now)
{
    (void)dev;
    (void)dir;
    (void)pkts;
    (void)n;
    (void)now;
    return ERR_UNSUPPORTED;
}

#define FILL(op)                                                                                   \
    do {                                                                                           \
        if (!ops->op)                                                                              \
            ops->op = default_##op;                                                                \
    } while (0)

void nic_ops_fill(struct nic_ops *ops)
{
    FILL(close);
    FILL(spi_reserve);
    FILL(spi_release);
    FILL(submit);
    FILL(sa_get);
    FILL(rule_get);
    FILL(enumerate);
    FILL(device_counters);
    FILL(fd);
    FILL(process);
    FILL(next_wakeup);
    FILL(ike_send);
    FILL(keepalive_send);
    FILL(guard_set);
    FILL(burst);
}
