/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/base/bytes.h"

#include <string.h>

bool span_eq(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

uint16_t get_be16(const void *p)
{
    const uint8_t *b = p;
    return (uint16_t)(b[0] << 8 | b[1]);
}

uint32_t get_be32(const void *p)
{
    const uint8_t *b = p;
    return (uint32_t)get_be16(b) << 16 | get_be16(b + 2);
}

uint64_t get_be64(const void *p)
{
    const uint8_t *b = p;
    return (uint64_t)get_be32(b) << 32 | get_be32(b + 4);
}

void put_be16(void *p, uint16_t v)
{
    uint8_t *b = p;
    b[0] = (uint8_t)(v >> 8);
    b[1] = (uint8_t)v;
}

void put_be32(void *p, uint32_t v)
{
    put_be16(p, (uint16_t)(v >> 16));
    put_be16((uint8_t *)p + 2, (uint16_t)v);
}

void put_be64(void *p, uint64_t v)
{
    put_be32(p, (uint32_t)(v >> 32));
    put_be32((uint8_t *)p + 4, (uint32_t)v);
}

void rd_init(struct rd *rd, const void *p, size_t len)
{
    rd->p = p;
    rd->end = len ? rd->p + len : rd->p;
    rd->failed = false;
}

size_t rd_left(const struct rd *rd)
{
    return rd->failed ? 0 : (size_t)(rd->end - rd->p);
}

const uint8_t *rd_bytes(struct rd *rd, size_t len)
{
    const uint8_t *at = rd->p;

    if (rd->failed || len > (size_t)(rd->end - rd->p)) {
        rd->failed = true;
        return NULL;
    }
    if (len)
        rd->p += len;
    return at;
}

uint8_t rd_u8(struct rd *rd)
{
    const uint8_t *b = rd_bytes(rd, 1);
    return b ? b[0] : 0;
}

uint16_t rd_be16(struct rd *rd)
{
    const uint8_t *b = rd_bytes(rd, 2);
    return b ? get_be16(b) : 0;
}

uint32_t rd_be32(struct rd *rd)
{
    const uint8_t *b = rd_bytes(rd, 4);
    return b ? get_be32(b) : 0;
}

uint64_t rd_be64(struct rd *rd)
{
    const uint8_t *b = rd_bytes(rd, 8);
    return b ? get_be64(b) : 0;
}

void rd_copy(struct rd *rd, void *dst, size_t len)
{
    const uint8_t *b = rd_bytes(rd, len);

    if (!len)
        return;
    if (b)
        memcpy(dst, b, len);
    else
        memset(dst, 0, len);
}

void rd_skip(struct rd *rd, size_t len)
{
    (void)rd_bytes(rd, len);
}

struct rd rd_sub(struct rd *rd, size_t len)
{
    struct rd sub = { 0 };
    const uint8_t *b = rd_bytes(rd, len);

    if (rd->failed)
        sub.failed = true;
    else
        rd_init(&sub, b, len);
    return sub;
}

struct span rd_rest(struct rd *rd)
{
    size_t len = rd_left(rd);
    return span_of(rd_bytes(rd, len), len);
}

bool rd_done(const struct rd *rd)
{
    return !rd->failed && rd->p == rd->end;
}

void wr_init(struct wr *wr, void *p, size_t cap)
{
    wr->start = wr->p = p;
    wr->end = cap ? wr->start + cap : wr->start;
    wr->failed = false;
}

size_t wr_len(const struct wr *wr)
{
    return (size_t)(wr->p - wr->start);
}

size_t wr_room(const struct wr *wr)
{
    return wr->failed ? 0 : (size_t)(wr->end - wr->p);
}

uint8_t *wr_reserve(struct wr *wr, size_t len)
{
    uint8_t *at = wr->p;

    if (wr->failed || len > (size_t)(wr->end - wr->p)) {
        wr->failed = true;
        return NULL;
    }
    if (len)
        wr->p += len;
    return at;
}

void wr_u8(struct wr *wr, uint8_t v)
{
    uint8_t *b = wr_reserve(wr, 1);
    if (b)
        b[0] = v;
}

void wr_be16(struct wr *wr, uint16_t v)
{
    uint8_t *b = wr_reserve(wr, 2);
    if (b)
        put_be16(b, v);
}

void wr_be32(struct wr *wr, uint32_t v)
{
    uint8_t *b = wr_reserve(wr, 4);
    if (b)
        put_be32(b, v);
}

void wr_be64(struct wr *wr, uint64_t v)
{
    uint8_t *b = wr_reserve(wr, 8);
    if (b)
        put_be64(b, v);
}

void wr_bytes(struct wr *wr, const void *p, size_t len)
{
    uint8_t *b = wr_reserve(wr, len);
    if (b && len)
        memcpy(b, p, len);
}

void wr_span(struct wr *wr, struct span s)
{
    wr_bytes(wr, s.p, s.len);
}

void wr_zero(struct wr *wr, size_t len)
{
    uint8_t *b = wr_reserve(wr, len);
    if (b && len)
        memset(b, 0, len);
}

void wr_patch_be16(struct wr *wr, size_t at, uint16_t v)
{
    if (!wr->failed && wr_len(wr) >= 2 && at <= wr_len(wr) - 2)
        put_be16(wr->start + at, v);
    else
        wr->failed = true;
}

void wr_patch_be32(struct wr *wr, size_t at, uint32_t v)
{
    if (!wr->failed && wr_len(wr) >= 4 && at <= wr_len(wr) - 4)
        put_be32(wr->start + at, v);
    else
        wr->failed = true;
}

struct span wr_span_of(const struct wr *wr)
{
    return span_of(wr->start, wr_len(wr));
}

void hex_encode(char *out, const void *p, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *b = p;

    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[b[i] >> 4];
        out[2 * i + 1] = digits[b[i] & 15];
    }
    out[2 * len] = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool hex_decode(void *out, size_t len, const char *hex)
{
    uint8_t *b = out;

    if (strlen(hex) != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (hex_digit(hex[2 * i]) < 0 || hex_digit(hex[2 * i + 1]) < 0)
            return false;
    for (size_t i = 0; i < len; i++)
        b[i] = (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
    return true;
}
