/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/types/textbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void textbuf_init(struct textbuf *tb, char *buf, size_t cap)
{
    *tb = (struct textbuf){ .buf = buf, .cap = cap };
    buf[0] = '\0';
}

void textbuf_add(struct textbuf *tb, const char *fmt, ...)
{
    va_list ap;
    int n;

    if (tb->cut)
        return;
    va_start(ap, fmt);
    n = vsnprintf(tb->buf + tb->len, tb->cap - tb->len, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < tb->cap - tb->len) {
        tb->len += (size_t)n;
        return;
    }
    tb->cut = true;
    tb->len = tb->cap - 1;
    memcpy(tb->buf + tb->cap - 4, "...", 4);
}

void textbuf_add_bytes(struct textbuf *tb, struct span bytes)
{
    for (size_t i = 0; i < bytes.len && !tb->cut; i++) {
        uint8_t c = bytes.p[i];

        if (c > 0x20 && c < 0x7f && c != '\\')
            textbuf_add(tb, "%c", c);
        else
            textbuf_add(tb, "\\x%02x", c);
    }
}

void textbuf_add_hex(struct textbuf *tb, struct span bytes)
{
    for (size_t i = 0; i < bytes.len && !tb->cut; i++)
        textbuf_add(tb, "%02x", bytes.p[i]);
}
