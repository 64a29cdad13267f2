/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sa: the Security Association payload, RFC 7296 section 3.3: proposals, in
 * them transforms, in them attributes.
 *
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | Last Substruc |   RESERVED    |         Proposal Length       |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | Proposal Num  |  Protocol ID  |    SPI Size   |Num  Transforms|
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                        SPI (variable)                         ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                        <Transforms>                           ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | Last Substruc |   RESERVED    |        Transform Length       |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |Transform Type |   RESERVED    |          Transform ID         |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                      Transform Attributes                     ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |A|       Attribute Type        |    AF=0  Attribute Length     |
 * |F|                             |    AF=1  Attribute Value      |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                   AF=0  Attribute Value                       ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
#include "ike/core/codec/sa.h"

#include <string.h>

#define PROPOSAL_HEADER_LEN 8
#define TRANSFORM_HEADER_LEN 8
#define LAST 0
#define MORE_PROPOSALS 2
#define MORE_TRANSFORMS 3
#define ATTR_TV 0x8000

/* The key length is the only attribute there is, and it is written TV; the same
 * number as TLV, a second one, or zero bits make the transform unusable, like
 * an attribute that we do not know. */
static int read_attributes(struct rd *rd, unsigned num, struct ike_transform *t, struct err *err)
{
    while (rd_left(rd)) {
        uint16_t type = rd_be16(rd), value = rd_be16(rd);

        if (!(type & ATTR_TV))
            rd_skip(rd, value);
        if (rd->failed)
            return err_set(err, ERR_MALFORMED,
                           "SA payload: proposal %u: an attribute ends beyond its transform", num);
        if (type == (ATTR_TV | IKE_ATTR_KEY_LENGTH) && value && !t->key_bits)
            t->key_bits = value;
        else
            t->unusable = true;
    }
    return 0;
}

static int read_transform(struct rd *rd, unsigned num, bool last, struct ike_transform *ret,
                          struct err *err)
{
    uint8_t more = rd_u8(rd);
    struct ike_transform t = { 0 };
    uint16_t len;
    struct rd sub;

    rd_skip(rd, 1);
    len = rd_be16(rd);
    if (rd->failed || len < TRANSFORM_HEADER_LEN || len - 4u > rd_left(rd))
        return err_set(err, ERR_MALFORMED, "SA payload: proposal %u: transform length does not fit",
                       num);
    if (more != (last ? LAST : MORE_TRANSFORMS))
        return err_set(err, ERR_MALFORMED,
                       "SA payload: proposal %u: transform's last marker is %u instead of %u", num,
                       more, last ? LAST : MORE_TRANSFORMS);
    sub = rd_sub(rd, len - 4u);
    t.type = rd_u8(&sub);
    rd_skip(&sub, 1);
    t.id = rd_be16(&sub);
    *ret = t;
    return read_attributes(&sub, num, ret, err);
}

/* 0: kept; 1: well-formed, but more transforms than we hold. */
static int read_transforms(struct rd *rd, uint8_t n, struct ike_proposal *p, struct err *err)
{
    struct ike_transform t;
    int rc;

    for (unsigned i = 0; i < n; i++) {
        if ((rc = read_transform(rd, p->num, i + 1 == n, &t, err)))
            return rc;
        if (i < IKE_TRANSFORMS_MAX)
            p->transforms[i] = t;
    }
    if (!rd_done(rd))
        return err_set(err, ERR_MALFORMED,
                       "SA payload: proposal %u: %zu bytes after its %u transforms", p->num,
                       rd_left(rd), n);
    p->n_transforms = n;
    return n > IKE_TRANSFORMS_MAX;
}

static bool spi_len_ok(uint8_t proto, uint8_t len)
{
    switch (proto) {
    case IKE_PROTO_IKE:
        return len == 0 || len == 8; /* 8 when an IKE SA is rekeyed */
    case IKE_PROTO_AH:
    case IKE_PROTO_ESP:
        return len == 4;
    default:
        return true; /* not ours to judge: the proposal is skipped */
    }
}

/* The body of one proposal. 0: kept; 1: well-formed, but not for us. */
static int read_proposal(struct rd *rd, struct ike_proposal *p, struct err *err)
{
    uint8_t n_transforms;
    bool known;
    int rc;

    p->num = rd_u8(rd);
    p->proto = rd_u8(rd);
    p->spi_len = rd_u8(rd);
    n_transforms = rd_u8(rd);
    known = p->proto >= IKE_PROTO_IKE && p->proto <= IKE_PROTO_ESP;
    if (!spi_len_ok(p->proto, p->spi_len))
        return err_set(err, ERR_MALFORMED, "SA payload: proposal %u: SPI size %u for protocol %u",
                       p->num, p->spi_len, p->proto);
    if (known)
        rd_copy(rd, p->spi, p->spi_len);
    else
        rd_skip(rd, p->spi_len);
    if (rd->failed)
        return err_set(err, ERR_MALFORMED, "SA payload: proposal %u: its SPI does not fit", p->num);
    if ((rc = read_transforms(rd, n_transforms, p, err)) < 0)
        return rc;
    return rc || !known;
}

/* Reads "last" marker and length; gives the rest as a reader of its own. */
static int enter_proposal(struct rd *rd, struct rd *ret, uint8_t *ret_more, struct err *err)
{
    uint8_t more = rd_u8(rd);
    uint16_t len;

    rd_skip(rd, 1);
    len = rd_be16(rd);
    if (rd->failed || len < PROPOSAL_HEADER_LEN || len - 4u > rd_left(rd))
        return err_set(err, ERR_MALFORMED, "SA payload: proposal length does not fit");
    *ret = rd_sub(rd, len - 4u);
    if (more != (rd_left(rd) ? MORE_PROPOSALS : LAST))
        return err_set(err, ERR_MALFORMED,
                       "SA payload: proposal's last marker is %u with %zu bytes to come", more,
                       rd_left(rd));
    *ret_more = more;
    return 0;
}

int ike_sa_read(struct span body, struct ike_sa_payload *ret, struct err *err)
{
    struct ike_sa_payload sa = { 0 };
    struct ike_proposal p;
    unsigned last_num = 0;
    struct rd rd, sub;
    uint8_t more;
    int rc;

    rd_init(&rd, body.p, body.len);
    do {
        if ((rc = enter_proposal(&rd, &sub, &more, err)))
            return rc;
        p = (struct ike_proposal){ 0 };
        if ((rc = read_proposal(&sub, &p, err)) < 0)
            return rc;
        /* A request counts from 1; an answer repeats the number it accepts. */
        if (!p.num || (last_num && p.num != last_num + 1))
            return err_set(err, ERR_MALFORMED, "SA payload: proposal number %u after %u", p.num,
                           last_num);
        last_num = p.num;
        if (!rc && sa.n < IKE_PROPOSALS_MAX)
            sa.proposals[sa.n++] = p;
        else
            sa.n_skipped++; /* at most 255 proposals: they are numbered in a byte */
    } while (more);
    *ret = sa;
    return 0;
}

static void write_transform(struct wr *wr, const struct ike_transform *t, bool last)
{
    wr_u8(wr, last ? LAST : MORE_TRANSFORMS);
    wr_u8(wr, 0);
    wr_be16(wr, TRANSFORM_HEADER_LEN + (t->key_bits ? 4 : 0));
    wr_u8(wr, t->type);
    wr_u8(wr, 0);
    wr_be16(wr, t->id);
    if (t->key_bits) {
        wr_be16(wr, ATTR_TV | IKE_ATTR_KEY_LENGTH);
        wr_be16(wr, t->key_bits);
    }
}

static void write_proposal(struct wr *wr, const struct ike_proposal *p, bool last)
{
    size_t at = wr_len(wr);

    wr_u8(wr, last ? LAST : MORE_PROPOSALS);
    wr_u8(wr, 0);
    wr_be16(wr, 0); /* patched below */
    wr_u8(wr, p->num);
    wr_u8(wr, p->proto);
    wr_u8(wr, p->spi_len);
    wr_u8(wr, p->n_transforms);
    wr_bytes(wr, p->spi, p->spi_len);
    for (size_t i = 0; i < p->n_transforms; i++)
        write_transform(wr, &p->transforms[i], i + 1u == p->n_transforms);
    wr_patch_be16(wr, at + 2, (uint16_t)(wr_len(wr) - at));
}

void ike_sa_write(struct ike_msg *msg, const struct ike_proposal *proposals, size_t n)
{
    ike_msg_open(msg, IKE_PL_SA);
    for (size_t i = 0; i < n; i++)
        write_proposal(&msg->wr, &proposals[i], i + 1 == n);
    ike_msg_close(msg);
}

void ike_sa_from_suite(const struct ike_suite *suite, uint8_t num, uint8_t proto, struct span spi,
                       struct ike_proposal *ret)
{
    const struct ike_transform *const all[] = { &suite->encr, &suite->prf, &suite->integ,
                                                &suite->ke, &suite->esn };
    struct ike_proposal p = { .num = num, .proto = proto };

    if (spi.len && spi.len <= sizeof p.spi) {
        p.spi_len = (uint8_t)spi.len;
        memcpy(p.spi, spi.p, spi.len);
    }
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i]->type)
            p.transforms[p.n_transforms++] = *all[i];
    *ret = p;
}
