/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch: the gate between a caller's batch and a backend's submit(), and the
 * way back.
 *
 * Attributes were validated when they were put into the batch; here only what
 * spans ops is checked, so that a backend may trust every reference it meets.
 */
#include "driver/core/provider.h"

void nic_batch_done(struct nic_batch *batch, int code, const struct err *err)
{
    struct err own = { .code = code };

    if (code && !err) {
        err_set(&own, code, "the device gave no reason (%s)", err_name(code));
        err = &own;
    }
    batch->done(batch, code, err);
}

/* A reference by position must name an earlier op that adds an SA. */
static int check_reference(const struct nic_batch *batch, size_t at, uint64_t sa, struct err *err)
{
    uint64_t target = sa & ~NIC_SA_OF_OP(0);

    if (!(sa & NIC_SA_OF_OP(0)))
        return 0;
    if (target >= at || batch->ops[target].kind != NIC_OP_SA_ADD)
        return err_set(err, ERR_INVALID, "op %zu: names op %llu, which is no earlier sa-add", at,
                       (unsigned long long)target);
    return 0;
}

static int check_op(const struct nic_batch *batch, size_t at, struct err *err)
{
    const struct nic_batch_op *op = &batch->ops[at];

    switch (op->kind) {
    case NIC_OP_SA_ADD:
        if (!op->sa_attr)
            return err_set(err, ERR_INVALID, "op %zu: sa-add without attributes", at);
        return 0;
    case NIC_OP_RULE_ADD:
        if (!op->rule)
            return err_set(err, ERR_INVALID, "op %zu: rule-add without attributes", at);
        return check_reference(batch, at, op->rule->sa, err);
    case NIC_OP_RULE_MOVE:
        return check_reference(batch, at, op->sa, err);
    case NIC_OP_SA_DEL:
    case NIC_OP_RULE_DEL:
    case NIC_OP_SA_ENDPOINT:
        return 0;
    }
    return err_set(err, ERR_INVALID, "op %zu: unknown kind %d", at, (int)op->kind);
}

static int check(const struct nic_device *dev, const struct nic_batch *batch, struct err *err)
{
    if (dev->monitor)
        return err_set(err, ERR_STATE, "device %s is open for monitoring only", dev->name);
    if (!batch->n_ops)
        return err_set(err, ERR_INVALID, "the batch is empty");
    for (size_t i = 0; i < batch->n_ops; i++) {
        int code = check_op(batch, i, err);

        if (code)
            return code;
    }
    return 0;
}

void nic_submit(struct nic_device *dev, struct nic_batch *batch)
{
    struct err err = { 0 };
    int code = check(dev, batch, &err);

    if (code)
        nic_batch_done(batch, code, &err);
    else
        dev->ops->submit(dev, batch);
}
