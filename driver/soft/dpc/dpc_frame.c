/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dpc_frame: the header of a record, and the reader that names a wrong field.
 * What stands in the payloads is in the files beside this one.
 */
#include "driver/soft/dpc/dpc.h"

#define LEN_AT 12 /* offset of the payload length */

const char *dpc_op_name(uint16_t op)
{
    switch ((enum dpc_op)op) {
    case DPC_OP_HELLO:
        return "hello";
    case DPC_OP_BATCH:
        return "batch";
    case DPC_OP_SPI_RESERVE:
        return "spi-reserve";
    case DPC_OP_SPI_RELEASE:
        return "spi-release";
    case DPC_OP_SA_GET:
        return "sa-get";
    case DPC_OP_RULE_GET:
        return "rule-get";
    case DPC_OP_SA_LIST:
        return "sa-list";
    case DPC_OP_RULE_LIST:
        return "rule-list";
    case DPC_OP_COUNTERS:
        return "counters";
    case DPC_OP_IKE_SEND:
        return "ike-send";
    case DPC_OP_KEEPALIVE:
        return "keepalive";
    case DPC_OP_EVENT:
        return "event";
    }
    return "unknown";
}

void dpc_begin(struct wr *wr, void *buf, size_t cap, enum dpc_kind kind, uint16_t op, uint32_t id,
               int code)
{
    wr_init(wr, buf, cap < DPC_FRAME_MAX ? cap : DPC_FRAME_MAX);
    wr_u8(wr, DPC_VERSION);
    wr_u8(wr, (uint8_t)kind);
    wr_be16(wr, op);
    wr_be32(wr, id);
    wr_be32(wr, (uint32_t)code);
    wr_be32(wr, 0);
}

int dpc_end(struct wr *wr, struct span *ret_frame, struct err *err)
{
    if (!wr->failed)
        wr_patch_be32(wr, LEN_AT, (uint32_t)(wr_len(wr) - DPC_HEADER_LEN));
    if (wr->failed)
        return err_set(err, ERR_FULL, "message does not fit in a frame of %zu bytes",
                       (size_t)(wr->end - wr->start));
    *ret_frame = wr_span_of(wr);
    return 0;
}

int dpc_open(struct span frame, struct dpc_header *ret, struct span *ret_payload, struct err *err)
{
    struct dpc_header h;
    struct dpc_in in;
    uint8_t kind;

    dpc_in_init(&in, frame);
    if (dpc_u8(&in, "version") != DPC_VERSION)
        dpc_in_fail(&in, "version");
    kind = dpc_u8(&in, "kind");
    if (kind < DPC_REQUEST || kind > DPC_EVENT)
        dpc_in_fail(&in, "kind");
    h.kind = (enum dpc_kind)kind;
    h.op = dpc_be16(&in, "op");
    h.id = dpc_be32(&in, "id");
    h.code = (int)dpc_be32(&in, "code");
    if (h.code > 0 || (h.code && h.kind != DPC_REPLY))
        dpc_in_fail(&in, "code");
    h.payload_len = dpc_be32(&in, "length");
    if (!in.bad && h.payload_len != rd_left(&in.rd))
        dpc_in_fail(&in, "length");
    if (in.bad)
        return err_set(err, ERR_MALFORMED, "control message header: bad %s", in.bad);
    *ret = h;
    *ret_payload = rd_rest(&in.rd);
    return 0;
}

void dpc_in_init(struct dpc_in *in, struct span bytes)
{
    rd_init(&in->rd, bytes.p, bytes.len);
    in->bad = NULL;
}

void dpc_in_fail(struct dpc_in *in, const char *field)
{
    if (!in->bad)
        in->bad = field;
    in->rd.failed = true;
}

int dpc_in_end(struct dpc_in *in, const char *what, struct err *err)
{
    if (!in->bad && !rd_done(&in->rd))
        dpc_in_fail(in, "end: bytes left over");
    if (in->bad)
        return err_set(err, ERR_MALFORMED, "control message %s: bad %s", what, in->bad);
    return 0;
}

/* The first failure decides the name: later fields only see the sticky flag. */
static void note(struct dpc_in *in, const char *field)
{
    if (in->rd.failed)
        dpc_in_fail(in, field);
}

uint8_t dpc_u8(struct dpc_in *in, const char *field)
{
    uint8_t v = rd_u8(&in->rd);

    note(in, field);
    return v;
}

bool dpc_bool(struct dpc_in *in, const char *field)
{
    uint8_t v = dpc_u8(in, field);

    if (v > 1)
        dpc_in_fail(in, field);
    return v == 1;
}

uint16_t dpc_be16(struct dpc_in *in, const char *field)
{
    uint16_t v = rd_be16(&in->rd);

    note(in, field);
    return v;
}

uint32_t dpc_be32(struct dpc_in *in, const char *field)
{
    uint32_t v = rd_be32(&in->rd);

    note(in, field);
    return v;
}

uint64_t dpc_be64(struct dpc_in *in, const char *field)
{
    uint64_t v = rd_be64(&in->rd);

    note(in, field);
    return v;
}
