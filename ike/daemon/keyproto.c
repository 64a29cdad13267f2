/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/daemon/keyproto.h"

#include <string.h>

static void write_block(struct wr *wr, struct span s)
{
    wr_be32(wr, (uint32_t)s.len);
    wr_span(wr, s);
}

static struct span read_block(struct rd *rd)
{
    uint32_t len = rd_be32(rd);
    const uint8_t *p = rd_bytes(rd, len);

    return span_of(p, p ? len : 0);
}

static void write_id(struct wr *wr, const struct ike_id *id)
{
    wr_u8(wr, id->type);
    wr_be16(wr, id->len);
    wr_bytes(wr, id->data, id->len);
}

static void read_id(struct rd *rd, struct ike_id *id)
{
    id->type = rd_u8(rd);
    id->len = rd_be16(rd);
    if (id->len > IKE_ID_MAX) {
        rd->failed = true;
        id->len = 0;
    }
    rd_copy(rd, id->data, id->len);
}

static void read_name(struct rd *rd, char name[KEYPROTO_NAME_MAX + 1])
{
    struct span s = read_block(rd);

    if (s.len > KEYPROTO_NAME_MAX || (s.len && memchr(s.p, 0, s.len)))
        rd->failed = true;
    else if (s.len)
        memcpy(name, s.p, s.len);
}

void keyproto_write(struct wr *wr, const struct keyproto_msg *msg)
{
    wr_u8(wr, (uint8_t)msg->type);
    wr_be64(wr, msg->job);
    wr_be16(wr, msg->prf);
    wr_u8(wr, msg->method);
    wr_be32(wr, (uint32_t)msg->code);
    write_block(wr, span_of(msg->name, strlen(msg->name)));
    wr_u8(wr, msg->n_ids);
    for (unsigned i = 0; i < msg->n_ids; i++)
        write_id(wr, &msg->ids[i]);
    write_block(wr, msg->octets);
    write_block(wr, msg->data);
}

static bool type_is_known(uint8_t type)
{
    return (type >= KEYPROTO_SIGN && type <= KEYPROTO_SECRETS_ABORT) || type == KEYPROTO_AUTH ||
           type == KEYPROTO_RESULT;
}

static void read_fields(struct rd *rd, struct keyproto_msg *msg)
{
    msg->job = rd_be64(rd);
    msg->prf = rd_be16(rd);
    msg->method = rd_u8(rd);
    msg->code = (int32_t)rd_be32(rd);
    read_name(rd, msg->name);
    msg->n_ids = rd_u8(rd);
    if (msg->n_ids > KEYPROTO_IDS_MAX)
        rd->failed = true;
    for (unsigned i = 0; i < msg->n_ids && !rd->failed; i++)
        read_id(rd, &msg->ids[i]);
    msg->octets = read_block(rd);
    msg->data = read_block(rd);
}

int keyproto_read(struct span datagram, struct keyproto_msg *ret, struct err *err)
{
    struct keyproto_msg msg = { 0 };
    struct rd rd;
    uint8_t type;

    rd_init(&rd, datagram.p, datagram.len);
    type = rd_u8(&rd);
    if (!type_is_known(type))
        return err_set(err, ERR_MALFORMED, "key process message: type %u", type);
    msg.type = (enum keyproto_type)type;
    read_fields(&rd, &msg);
    if (msg.n_ids > KEYPROTO_IDS_MAX)
        return err_set(err, ERR_MALFORMED, "key process message: %u identities", msg.n_ids);
    if (!rd_done(&rd))
        return err_set(err, ERR_MALFORMED, "key process message of type %u: wrong length", type);
    *ret = msg;
    return 0;
}
