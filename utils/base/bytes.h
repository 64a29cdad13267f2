/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bytes: bounded reader and writer for wire formats.
 *
 * Both have a sticky failure: after the first access that does not fit, every
 * later call does nothing (reads give zeros or NULL) and `failed` stays true.
 * So a parser reads a whole structure and checks once.  All integers are
 * big-endian, as everything in IKE, ESP and NIC command layouts is.
 *
 * Neither owns its memory; a pointer returned by rd_bytes() lives as long as
 * the buffer given to rd_init().  Not thread-safe; each belongs to one caller.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rd {
    const uint8_t *p;
    const uint8_t *end;
    bool failed;
};

struct wr {
    uint8_t *start;
    uint8_t *p;
    uint8_t *end;
    bool failed;
};

/* A borrowed run of bytes. */
struct span {
    const uint8_t *p;
    size_t len;
};

static inline struct span span_of(const void *p, size_t len)
{
    return (struct span){ (const uint8_t *)p, len };
}
bool span_eq(struct span a, struct span b); /* not constant-time: no secrets */

void rd_init(struct rd *rd, const void *p, size_t len);
size_t rd_left(const struct rd *rd);
uint8_t rd_u8(struct rd *rd);
uint16_t rd_be16(struct rd *rd);
uint32_t rd_be32(struct rd *rd);
uint64_t rd_be64(struct rd *rd);
/* Returns a pointer to the next `len` bytes and steps over them, or NULL. */
const uint8_t *rd_bytes(struct rd *rd, size_t len);
void rd_copy(struct rd *rd, void *dst, size_t len); /* zero-fills on failure */
void rd_skip(struct rd *rd, size_t len);
/* The next `len` bytes as a reader of their own (failed if they do not fit). */
struct rd rd_sub(struct rd *rd, size_t len);
struct span rd_rest(struct rd *rd); /* all that is left; steps over it */
bool rd_done(const struct rd *rd);  /* not failed and nothing left */

void wr_init(struct wr *wr, void *p, size_t cap);
size_t wr_len(const struct wr *wr); /* bytes written so far */
size_t wr_room(const struct wr *wr);
void wr_u8(struct wr *wr, uint8_t v);
void wr_be16(struct wr *wr, uint16_t v);
void wr_be32(struct wr *wr, uint32_t v);
void wr_be64(struct wr *wr, uint64_t v);
void wr_bytes(struct wr *wr, const void *p, size_t len);
void wr_span(struct wr *wr, struct span s);
void wr_zero(struct wr *wr, size_t len);
/* Reserves `len` bytes to be filled later; NULL if they do not fit. */
uint8_t *wr_reserve(struct wr *wr, size_t len);
/* Overwrites a big-endian number at `at` bytes from the start. */
void wr_patch_be16(struct wr *wr, size_t at, uint16_t v);
void wr_patch_be32(struct wr *wr, size_t at, uint32_t v);
struct span wr_span_of(const struct wr *wr); /* what has been written */

uint16_t get_be16(const void *p);
uint32_t get_be32(const void *p);
uint64_t get_be64(const void *p);
void put_be16(void *p, uint16_t v);
void put_be32(void *p, uint32_t v);
void put_be64(void *p, uint64_t v);

/* Lower-case hexadecimal of `len` bytes into `out` (2*len+1 bytes needed). */
void hex_encode(char *out, const void *p, size_t len);
/* Decodes exactly `len` bytes from 2*len digits; false on any other input. */
bool hex_decode(void *out, size_t len, const char *hex);

#endif
