/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dpc_batch: a batch of operations and the ids it gives back.
 *
 * be16 count, then for each op its kind and what the kind needs.
 */
#include "driver/soft/dpc/dpc.h"

#include "utils/base/mem.h"

int dpc_put_batch(struct wr *wr, const struct nic_batch *batch, struct err *err)
{
    if (batch->n_ops == 0 || batch->n_ops > DPC_BATCH_MAX)
        return err_set(err, batch->n_ops ? ERR_FULL : ERR_INVALID,
                       "batch of %zu operations: 1 to %d fit in one", batch->n_ops, DPC_BATCH_MAX);
    wr_be16(wr, (uint16_t)batch->n_ops);
    for (size_t i = 0; i < batch->n_ops; i++) {
        const struct nic_batch_op *op = &batch->ops[i];

        wr_u8(wr, (uint8_t)op->kind);
        switch (op->kind) {
        case NIC_OP_SA_ADD:
            dpc_put_sa_attr(wr, op->sa_attr, true);
            break;
        case NIC_OP_RULE_ADD:
            dpc_put_rule_attr(wr, op->rule);
            break;
        case NIC_OP_SA_DEL:
        case NIC_OP_RULE_DEL:
            wr_be64(wr, op->id);
            break;
        case NIC_OP_RULE_MOVE:
            wr_be64(wr, op->id);
            wr_be64(wr, op->sa);
            break;
        case NIC_OP_SA_ENDPOINT:
            wr_be64(wr, op->id);
            dpc_put_endpoint(wr, &op->remote);
            break;
        }
    }
    return 0;
}

static void get_op(struct dpc_in *in, struct nic_batch_op *op, union dpc_op_attr *attr)
{
    uint8_t kind = dpc_u8(in, "op.kind");

    if (kind > NIC_OP_SA_ENDPOINT) {
        dpc_in_fail(in, "op.kind");
        return;
    }
    op->kind = (enum nic_batch_kind)kind;
    switch (op->kind) {
    case NIC_OP_SA_ADD:
        dpc_get_sa_attr(in, &attr->sa, true);
        op->sa_attr = &attr->sa;
        break;
    case NIC_OP_RULE_ADD:
        dpc_get_rule_attr(in, &attr->rule);
        op->rule = &attr->rule;
        break;
    case NIC_OP_SA_DEL:
    case NIC_OP_RULE_DEL:
        op->id = dpc_be64(in, "op.id");
        break;
    case NIC_OP_RULE_MOVE:
        op->id = dpc_be64(in, "op.id");
        op->sa = dpc_be64(in, "op.sa");
        break;
    case NIC_OP_SA_ENDPOINT:
        op->id = dpc_be64(in, "op.id");
        dpc_get_endpoint(in, "op.remote", &op->remote);
        break;
    }
}

int dpc_get_batch(struct dpc_in *in, struct dpc_batch *ret, struct err *err)
{
    uint16_t n = dpc_be16(in, "n-ops");

    if (n == 0 || n > DPC_BATCH_MAX)
        dpc_in_fail(in, "n-ops");
    if (in->bad)
        return dpc_in_end(in, "batch", err);
    ret->n_ops = n;
    ret->ops = mem_zalloc_array(n, sizeof *ret->ops);
    ret->attrs = mem_zalloc_array(n, sizeof *ret->attrs);
    if (!ret->ops || !ret->attrs)
        return err_set(err, ERR_NOMEM, "no memory for a batch of %u operations", n);
    for (size_t i = 0; i < n && !in->bad; i++)
        get_op(in, &ret->ops[i], &ret->attrs[i]);
    return dpc_in_end(in, "batch", err);
}

void dpc_batch_fini(struct dpc_batch *batch)
{
    mem_free_secret(batch->attrs, batch->n_ops * sizeof *batch->attrs);
    mem_free(batch->ops);
    *batch = (struct dpc_batch){ 0 };
}

static bool adds(const struct nic_batch_op *op)
{
    return op->kind == NIC_OP_SA_ADD || op->kind == NIC_OP_RULE_ADD;
}

void dpc_put_batch_ids(struct wr *wr, const struct nic_batch_op *ops, size_t n)
{
    wr_be16(wr, (uint16_t)n);
    for (size_t i = 0; i < n; i++)
        wr_be64(wr, adds(&ops[i]) ? ops[i].id : 0);
}

void dpc_get_batch_ids(struct dpc_in *in, struct nic_batch_op *ops, size_t n)
{
    if (dpc_be16(in, "n-ids") != n)
        dpc_in_fail(in, "n-ids");
    /* Two passes: outputs stay as they are unless every id is there. */
    if (rd_left(&in->rd) != 8 * n)
        dpc_in_fail(in, "ids");
    for (size_t i = 0; i < n && !in->bad; i++) {
        uint64_t id = dpc_be64(in, "ids");

        if (adds(&ops[i]))
            ops[i].id = id;
    }
}
