/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delete: the Delete payload, RFC 7296 section 3.11.
 *
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | Protocol ID   |   SPI Size    |          Num of SPIs          |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~               Security Parameter Index(es) (SPI)              ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
#include "ike/core/codec/delete.h"

static int check(const struct ike_delete *d, uint8_t spi_len, size_t spis_len, struct err *err)
{
    switch (d->proto) {
    case IKE_PROTO_IKE:
        if (spi_len || d->n_spis || spis_len)
            return err_set(err, ERR_MALFORMED, "D payload: IKE with SPI size %u and %u SPIs",
                           spi_len, d->n_spis);
        return 0;
    case IKE_PROTO_AH:
    case IKE_PROTO_ESP:
        break;
    default:
        return err_set(err, ERR_MALFORMED, "D payload: protocol %u", d->proto);
    }
    if (spi_len != 4)
        return err_set(err, ERR_MALFORMED, "D payload: SPI size %u instead of 4", spi_len);
    if (d->n_spis > IKE_DELETE_MAX)
        return err_set(err, ERR_MALFORMED, "D payload: %u SPIs, at most %d", d->n_spis,
                       IKE_DELETE_MAX);
    if (spis_len != 4u * d->n_spis)
        return err_set(err, ERR_MALFORMED, "D payload: %zu bytes for %u SPIs", spis_len, d->n_spis);
    return 0;
}

int ike_delete_read(struct span body, struct ike_delete *ret, struct err *err)
{
    struct ike_delete d;
    uint8_t spi_len;
    struct rd rd;
    int rc;

    rd_init(&rd, body.p, body.len);
    d.proto = rd_u8(&rd);
    spi_len = rd_u8(&rd);
    d.n_spis = rd_be16(&rd);
    if (rd.failed)
        return err_set(err, ERR_MALFORMED, "D payload: length %zu is shorter than the header",
                       body.len + IKE_PAYLOAD_HEADER_LEN);
    if ((rc = check(&d, spi_len, rd_left(&rd), err)))
        return rc;
    ret->proto = d.proto;
    ret->n_spis = d.n_spis;
    for (size_t i = 0; i < d.n_spis; i++)
        ret->spis[i] = rd_be32(&rd);
    return 0;
}

void ike_delete_write(struct ike_msg *msg, const struct ike_delete *del)
{
    ike_msg_open(msg, IKE_PL_DELETE);
    wr_u8(&msg->wr, del->proto);
    wr_u8(&msg->wr, del->proto == IKE_PROTO_IKE ? 0 : 4);
    wr_be16(&msg->wr, del->n_spis);
    for (size_t i = 0; i < del->n_spis; i++)
        wr_be32(&msg->wr, del->spis[i]);
    ike_msg_close(msg);
}

void ike_delete_put_ike(struct ike_msg *msg)
{
    const struct ike_delete del = { .proto = IKE_PROTO_IKE };

    ike_delete_write(msg, &del);
}

void ike_delete_put_esp(struct ike_msg *msg, uint32_t spi)
{
    const struct ike_delete del = { .proto = IKE_PROTO_ESP, .n_spis = 1, .spis = { spi } };

    ike_delete_write(msg, &del);
}
