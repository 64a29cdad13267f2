/* SPDX-License-Identifier: Apache-2.0 */
/*
 * header: the IKE header, RFC 7296 section 3.1.
 *
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                       IKE SA Initiator's SPI                  |
 * |                                                               |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                       IKE SA Responder's SPI                  |
 * |                                                               |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |  Next Payload | MjVer | MnVer | Exchange Type |     Flags     |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                          Message ID                           |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                            Length                             |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
#include "ike/core/codec/header.h"

int ike_header_read(struct span datagram, struct ike_header *ret, struct err *err)
{
    struct ike_header h;
    struct rd rd;

    rd_init(&rd, datagram.p, datagram.len);
    h.spi_i = rd_be64(&rd);
    h.spi_r = rd_be64(&rd);
    h.next_payload = rd_u8(&rd);
    h.version = rd_u8(&rd);
    h.exchange = rd_u8(&rd);
    h.flags = rd_u8(&rd);
    h.message_id = rd_be32(&rd);
    h.length = rd_be32(&rd);
    if (rd.failed)
        return err_set(err, ERR_MALFORMED, "IKE header: %zu bytes are shorter than %d",
                       datagram.len, IKE_HEADER_LEN);
    *ret = h;
    return 0;
}

int ike_header_check(const struct ike_header *h, size_t datagram_len, struct err *err)
{
    /* A higher minor version is to be taken as ours (section 2.5). */
    if (h->version >> 4 != IKE_VERSION_2 >> 4)
        return err_set(err, ERR_UNSUPPORTED, "IKE header: major version %d is not 2",
                       h->version >> 4);
    if (h->length != datagram_len)
        return err_set(err, ERR_MALFORMED, "IKE header: length %u in a datagram of %zu bytes",
                       h->length, datagram_len);
    if (h->length < IKE_HEADER_LEN || h->length > IKE_MESSAGE_MAX)
        return err_set(err, ERR_MALFORMED, "IKE header: length %u is outside %d..%d", h->length,
                       IKE_HEADER_LEN, IKE_MESSAGE_MAX);
    return 0;
}

void ike_header_write(struct wr *wr, const struct ike_header *h)
{
    wr_be64(wr, h->spi_i);
    wr_be64(wr, h->spi_r);
    wr_u8(wr, h->next_payload);
    wr_u8(wr, h->version);
    wr_u8(wr, h->exchange);
    wr_u8(wr, h->flags);
    wr_be32(wr, h->message_id);
    wr_be32(wr, h->length);
}
