/* SPDX-License-Identifier: Apache-2.0 */
/*
 * textbuf: appends formatted text to a caller's buffer of fixed size.  What no
 * longer fits is cut and the end replaced by "...".  Used by every text form
 * in ike/types and by ike/core/codec/dump.c.
 */
#ifndef IKE_TYPES_TEXTBUF_H
#define IKE_TYPES_TEXTBUF_H

#include "utils/base/bytes.h"
#include "utils/base/err.h"

struct textbuf {
    char *buf;
    size_t cap; /* with the terminating NUL; at least 4 */
    size_t len;
    bool cut;
};

void textbuf_init(struct textbuf *tb, char *buf, size_t cap);
void textbuf_add(struct textbuf *tb, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Foreign bytes: printable ASCII as it is, all else and the backslash as \xNN. */
void textbuf_add_bytes(struct textbuf *tb, struct span bytes);
void textbuf_add_hex(struct textbuf *tb, struct span bytes);

#endif
