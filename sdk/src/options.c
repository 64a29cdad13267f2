/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options: structs that begin with their size, so that programs and libraries
 * of different ages meet.
 *
 * Read: an older caller's shorter struct leaves the defaults in the fields it
 * does not know.  A newer caller's longer one is taken if it asks for nothing
 * we do not know, which is to say that its tail is zero.
 * Write: the caller's size decides how much is written; a tail we do not know
 * is zeroed.
 */
#include "sdk/src/internal.h"

#include <string.h>

#define SIZE_LIMIT 65536 /* above it, the size field was never set */

/* 0, and a text, if the size cannot be right. */
static size_t read_size(const void *p, const char *what, struct err *err)
{
    size_t size;

    memcpy(&size, p, sizeof size);
    if (size >= sizeof size && size <= SIZE_LIMIT)
        return size;
    err_set(err, ERR_INVALID, "%s.size: is %zu, must be sizeof(struct %s)", what, size, what);
    return 0;
}

int options_read(void *dst, size_t known, const void *src, const char *what, struct err *err)
{
    const uint8_t *bytes = src;
    size_t size = read_size(src, what, err);

    if (!size)
        return ERR_INVALID;
    for (size_t i = known; i < size; i++)
        if (bytes[i])
            return err_set(err, ERR_UNSUPPORTED,
                           "%s: byte %zu is set, but this library knows only the first %zu", what,
                           i, known);
    memcpy(dst, src, size < known ? size : known);
    return 0;
}

int options_write(void *dst, const void *src, size_t known, const char *what, struct err *err)
{
    size_t size = read_size(dst, what, err);

    if (!size)
        return ERR_INVALID;
    memcpy((uint8_t *)dst + sizeof size, (const uint8_t *)src + sizeof size,
           (size < known ? size : known) - sizeof size);
    if (size > known)
        memset((uint8_t *)dst + known, 0, size - known);
    return 0;
}
