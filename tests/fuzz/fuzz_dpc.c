/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_dpc: any record on the data plane's control socket, from either side.
 *
 * What a reader accepts, its writer must write the same way again: byte for
 * byte, for there is one encoding of each value.
 */
#include <stdlib.h>
#include <string.h>

#include "driver/soft/dpc/dpc.h"

static uint8_t again[DPC_FRAME_MAX];

static void copy_batch(struct dpc_in *in, struct wr *wr)
{
    struct dpc_batch b = { 0 };
    struct err err = { 0 };

    if (!dpc_get_batch(in, &b, &err)) {
        struct nic_batch batch = { .ops = b.ops, .n_ops = b.n_ops };

        if (dpc_put_batch(wr, &batch, &err))
            abort();
    } else if (!err.text[0]) {
        abort(); /* a refusal says why */
    }
    dpc_batch_fini(&b);
}

static void copy_sa_list(struct dpc_in *in, struct wr *wr)
{
    bool more = dpc_bool(in, "more");
    uint16_t n = dpc_be16(in, "n");

    dpc_put_bool(wr, more);
    wr_be16(wr, n);
    for (uint16_t i = 0; i < n && !in->bad; i++) {
        struct nic_sa_info info;

        dpc_get_sa_info(in, &info);
        dpc_put_sa_info(wr, &info);
    }
}

static void copy_rule_info(struct dpc_in *in, struct wr *wr)
{
    struct nic_rule_info info;

    dpc_get_rule_info(in, &info);
    dpc_put_rule_info(wr, &info);
}

static void copy_hello(struct dpc_in *in, struct wr *wr)
{
    struct dpc_hello m;

    dpc_get_hello(in, &m);
    dpc_put_hello(wr, &m);
}

static void copy_welcome(struct dpc_in *in, struct wr *wr)
{
    struct dpc_welcome m;

    dpc_get_welcome(in, &m);
    dpc_put_welcome(wr, &m);
}

static void copy_event(struct dpc_in *in, struct wr *wr)
{
    struct nic_event ev;

    dpc_get_event(in, &ev);
    dpc_put_event(wr, &ev);
}

static void copy_counters(struct dpc_in *in, struct wr *wr)
{
    struct nic_device_counters c;

    dpc_get_counters(in, &c);
    dpc_put_counters(wr, &c);
}

static void copy_datagram(struct dpc_in *in, struct wr *wr)
{
    struct dpc_datagram m;

    dpc_get_datagram(in, &m);
    dpc_put_datagram(wr, &m);
}

/* By op and direction, as the two ends choose their readers. */
static void copy(const struct dpc_header *h, struct dpc_in *in, struct wr *wr)
{
    if (h->op == DPC_OP_HELLO && h->kind == DPC_REQUEST)
        copy_hello(in, wr);
    else if (h->op == DPC_OP_HELLO)
        copy_welcome(in, wr);
    else if (h->op == DPC_OP_BATCH)
        copy_batch(in, wr);
    else if (h->op == DPC_OP_SA_LIST)
        copy_sa_list(in, wr);
    else if (h->op == DPC_OP_RULE_GET)
        copy_rule_info(in, wr);
    else if (h->op == DPC_OP_EVENT)
        copy_event(in, wr);
    else if (h->op == DPC_OP_COUNTERS)
        copy_counters(in, wr);
    else
        copy_datagram(in, wr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span frame = span_of(data, size), payload;
    struct err err = { 0 };
    struct dpc_header h;
    struct dpc_in in;
    struct wr wr;

    if (dpc_open(frame, &h, &payload, &err))
        return 0;
    dpc_in_init(&in, payload);
    wr_init(&wr, again, sizeof again);
    copy(&h, &in, &wr);
    if (dpc_in_end(&in, "fuzz", &err))
        return 0;
    if (wr.failed || wr_len(&wr) != payload.len ||
        (payload.len && memcmp(again, payload.p, payload.len)))
        abort();
    return 0;
}
