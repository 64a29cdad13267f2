/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/vici/vici_msg.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "utils/base/mem.h"

/* Writer */

void vici_writer_init(struct vici_writer *w)
{
    memset(w, 0, sizeof *w);
}

void vici_writer_fini(struct vici_writer *w)
{
    mem_free_secret(w->buf, w->cap); /* load-shared carries a secret */
    memset(w, 0, sizeof *w);
}

static bool writer_grow(struct vici_writer *w, size_t more)
{
    size_t cap = w->cap ? w->cap : 256;
    uint8_t *buf;

    if (w->len - w->head + more > VICI_MESSAGE_MAX) {
        err_set(&w->err, ERR_FULL, "message is longer than %u bytes", VICI_MESSAGE_MAX);
        return false;
    }
    if (w->len + more <= w->cap)
        return true;
    while (cap < w->len + more)
        cap *= 2;
    buf = mem_zalloc(cap);
    if (!buf) {
        err_set(&w->err, ERR_NOMEM, "no memory for a message of %zu bytes", cap);
        return false;
    }
    if (w->len)
        memcpy(buf, w->buf, w->len);
    mem_free_secret(w->buf, w->cap);
    w->buf = buf;
    w->cap = cap;
    return true;
}

void vici_writer_raw(struct vici_writer *w, const void *p, size_t len)
{
    if (w->err.code || !writer_grow(w, len))
        return;
    if (len)
        memcpy(w->buf + w->len, p, len);
    w->len += len;
}

static void put_name(struct vici_writer *w, enum vici_element type, const char *name)
{
    size_t len = strlen(name);
    uint8_t head[2] = { (uint8_t)type, (uint8_t)len };

    if (w->err.code)
        return;
    if (len == 0 || len > VICI_NAME_MAX) {
        err_set(&w->err, ERR_INVALID, "name \"%.40s\" has %zu bytes, allowed are 1 to %d", name,
                len, VICI_NAME_MAX);
        return;
    }
    vici_writer_raw(w, head, sizeof head);
    vici_writer_raw(w, name, len);
}

static void put_value(struct vici_writer *w, struct span value)
{
    uint8_t head[2];

    if (w->err.code)
        return;
    if (value.len > VICI_VALUE_MAX) {
        err_set(&w->err, ERR_INVALID, "value has %zu bytes, allowed are %d", value.len,
                VICI_VALUE_MAX);
        return;
    }
    put_be16(head, (uint16_t)value.len);
    vici_writer_raw(w, head, sizeof head);
    vici_writer_raw(w, value.p, value.len);
}

static void put_type(struct vici_writer *w, enum vici_element type)
{
    uint8_t byte = (uint8_t)type;

    vici_writer_raw(w, &byte, 1);
}

/* Only items stand in a list, and items stand only there. */
static bool writer_in(struct vici_writer *w, bool list, const char *what)
{
    if (w->err.code)
        return false;
    if (w->in_list == list)
        return true;
    err_set(&w->err, ERR_STATE, "%s written %s a list", what, list ? "outside" : "inside");
    return false;
}

void vici_section(struct vici_writer *w, const char *name)
{
    if (!writer_in(w, false, "section"))
        return;
    if (w->depth == VICI_DEPTH_MAX) {
        err_set(&w->err, ERR_FULL, "section \"%.40s\" is nested deeper than %d", name,
                VICI_DEPTH_MAX);
        return;
    }
    put_name(w, VICI_SECTION_START, name);
    w->depth++;
}

void vici_section_end(struct vici_writer *w)
{
    if (!writer_in(w, false, "section end"))
        return;
    if (w->depth == 0) {
        err_set(&w->err, ERR_STATE, "section end written without a section");
        return;
    }
    put_type(w, VICI_SECTION_END);
    w->depth--;
}

void vici_value(struct vici_writer *w, const char *name, struct span value)
{
    if (!writer_in(w, false, "key"))
        return;
    put_name(w, VICI_KEY_VALUE, name);
    put_value(w, value);
}

void vici_text(struct vici_writer *w, const char *name, const char *value)
{
    vici_value(w, name, span_of(value, strlen(value)));
}

void vici_textf(struct vici_writer *w, const char *name, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    vici_text(w, name, text);
}

void vici_number(struct vici_writer *w, const char *name, uint64_t value)
{
    vici_textf(w, name, "%" PRIu64, value);
}

void vici_yes_no(struct vici_writer *w, const char *name, bool value)
{
    vici_text(w, name, value ? "yes" : "no");
}

void vici_list(struct vici_writer *w, const char *name)
{
    if (!writer_in(w, false, "list"))
        return;
    put_name(w, VICI_LIST_START, name);
    w->in_list = true;
}

void vici_item(struct vici_writer *w, struct span value)
{
    if (!writer_in(w, true, "list item"))
        return;
    put_type(w, VICI_LIST_ITEM);
    put_value(w, value);
}

void vici_item_text(struct vici_writer *w, const char *value)
{
    vici_item(w, span_of(value, strlen(value)));
}

void vici_list_end(struct vici_writer *w)
{
    if (!writer_in(w, true, "list end"))
        return;
    put_type(w, VICI_LIST_END);
    w->in_list = false;
}

int vici_writer_done(struct vici_writer *w, struct span *ret, struct err *err)
{
    if (!w->err.code && (w->depth || w->in_list))
        err_set(&w->err, ERR_STATE, "%s left open at the end of a message",
                w->in_list ? "list" : "section");
    if (w->err.code)
        return err_set(err, w->err.code, "%s", w->err.text);
    *ret = span_of(w->buf, w->len);
    return 0;
}

/* Reader */

void vici_reader_init(struct vici_reader *r, struct span message)
{
    memset(r, 0, sizeof *r);
    rd_init(&r->rd, message.p, message.len);
    r->len = message.len;
}

void vici_reader_init_list(struct vici_reader *r, struct span body)
{
    vici_reader_init(r, body);
    r->in_list = true;
    r->path[0] = span_of("", 0);
}

const char *vici_span_text(struct span s, char *buf, size_t cap)
{
    size_t len = s.len < cap ? s.len : cap - 1;

    for (size_t i = 0; i < len; i++)
        buf[i] = (char)(s.p[i] < 0x20 || s.p[i] == 0x7f ? '?' : s.p[i]);
    buf[len] = '\0';
    return buf;
}

/* "byte 17, section gw/children: what". */
static int bad_element(const struct vici_reader *r, size_t at, struct err *err, const char *what)
{
    char path[120] = "";
    size_t len = 0;
    unsigned n = r->depth + (r->in_list ? 1u : 0u);

    for (unsigned i = 0; i < n && len + 2 < sizeof path; i++) {
        if (i)
            path[len++] = '/';
        vici_span_text(r->path[i], path + len, sizeof path - len);
        len += strlen(path + len);
    }
    return err_set(err, ERR_MALFORMED, "message byte %zu, %s%s: %s", at, n ? "in " : "top level",
                   path, what);
}

static struct span read_name(struct vici_reader *r)
{
    uint8_t len = rd_u8(&r->rd);

    return span_of(rd_bytes(&r->rd, len), len);
}

static struct span read_value(struct vici_reader *r)
{
    uint16_t len = rd_be16(&r->rd);

    return span_of(rd_bytes(&r->rd, len), len);
}

/* The fields of an element; false on an unknown type. */
static bool read_element(struct vici_reader *r, struct vici_item *item)
{
    uint8_t type = rd_u8(&r->rd);

    if (type < VICI_SECTION_START || type > VICI_LIST_END)
        return false;
    item->type = (enum vici_element)type;
    if (type == VICI_SECTION_START || type == VICI_KEY_VALUE || type == VICI_LIST_START)
        item->name = read_name(r);
    if (type == VICI_KEY_VALUE || type == VICI_LIST_ITEM)
        item->value = read_value(r);
    return true;
}

/* NULL, or why this element may not stand here. */
static const char *misplaced(const struct vici_reader *r, const struct vici_item *item)
{
    bool for_list = item->type == VICI_LIST_ITEM || item->type == VICI_LIST_END;

    if (r->in_list && !for_list)
        return "only items may stand in a list";
    if (!r->in_list && for_list)
        return "list item or list end outside a list";
    if (item->type == VICI_SECTION_END && r->depth == 0)
        return "section end without a section";
    if (item->type == VICI_SECTION_START && r->depth == VICI_DEPTH_MAX)
        return "sections nested too deep (32 are allowed)";
    if ((item->type == VICI_SECTION_START || item->type == VICI_KEY_VALUE ||
         item->type == VICI_LIST_START) &&
        item->name.len == 0)
        return "empty name";
    return NULL;
}

int vici_next(struct vici_reader *r, struct vici_item *ret, struct err *err)
{
    size_t at = r->len - rd_left(&r->rd);
    struct vici_item item = { 0 };
    const char *fault;

    if (r->len > VICI_MESSAGE_MAX)
        return err_set(err, ERR_MALFORMED, "message has %zu bytes, allowed are %u", r->len,
                       VICI_MESSAGE_MAX);
    if (rd_left(&r->rd) == 0) {
        if (r->depth || r->in_list)
            return bad_element(r, at, err, "message ends inside");
        return 0;
    }
    if (!read_element(r, &item))
        return bad_element(r, at, err, "unknown element type");
    if (r->rd.failed)
        return bad_element(r, at, err, "element is cut short");
    fault = misplaced(r, &item);
    if (fault)
        return bad_element(r, at, err, fault);
    switch (item.type) {
    case VICI_SECTION_START:
        r->path[r->depth++] = item.name;
        break;
    case VICI_SECTION_END:
        r->depth--;
        break;
    case VICI_LIST_START:
        r->path[r->depth] = item.name;
        r->in_list = true;
        break;
    case VICI_LIST_END:
        r->in_list = false;
        break;
    case VICI_KEY_VALUE:
    case VICI_LIST_ITEM:
        break;
    }
    *ret = item;
    return 1;
}

int vici_check(struct span message, struct err *err)
{
    struct vici_reader r;
    struct vici_item item;
    int rc;

    vici_reader_init(&r, message);
    do
        rc = vici_next(&r, &item, err);
    while (rc > 0);
    return rc;
}

int vici_next_entry(struct vici_reader *r, struct vici_entry *ret, struct err *err)
{
    struct vici_item item;
    struct vici_entry entry;
    const uint8_t *start;
    int rc = vici_next(r, &item, err);

    if (rc <= 0)
        return rc;
    entry.name = item.name;
    if (item.type == VICI_KEY_VALUE) {
        entry.kind = VICI_VALUE;
        entry.body = item.value;
        *ret = entry;
        return 1;
    }
    entry.kind = item.type == VICI_LIST_START ? VICI_LIST : VICI_SECTION;
    start = r->rd.p;
    for (;;) {
        const uint8_t *end = r->rd.p;

        rc = vici_next(r, &item, err);
        if (rc <= 0)
            return rc < 0 ? rc : err_set(err, ERR_MALFORMED, "message ends inside a section");
        if (r->depth == 0 && !r->in_list) {
            entry.body = span_of(start, (size_t)(end - start));
            *ret = entry;
            return 1;
        }
    }
}

int vici_next_value(struct vici_reader *r, struct span *ret, struct err *err)
{
    struct vici_item item;
    int rc;

    if (rd_left(&r->rd) == 0)
        return 0;
    rc = vici_next(r, &item, err);
    if (rc < 0)
        return rc;
    if (rc == 0 || item.type != VICI_LIST_ITEM)
        return err_set(err, ERR_MALFORMED, "list holds something other than items");
    *ret = item.value;
    return 1;
}

/* Look-ups */

bool vici_span_is(struct span s, const char *text)
{
    return span_eq(s, span_of(text, strlen(text)));
}

bool vici_find(struct span message, enum vici_kind kind, const char *name, struct span *ret)
{
    struct vici_reader r;
    struct vici_entry entry;

    vici_reader_init(&r, message);
    while (vici_next_entry(&r, &entry, NULL) > 0)
        if (entry.kind == kind && vici_span_is(entry.name, name)) {
            *ret = entry.body;
            return true;
        }
    return false;
}

const char *vici_find_text(struct span message, const char *name, char *buf, size_t cap)
{
    struct span value = { 0 };

    if (!vici_find(message, VICI_VALUE, name, &value))
        value = span_of("", 0);
    return vici_span_text(value, buf, cap);
}

uint64_t vici_find_number(struct span message, const char *name, uint64_t otherwise)
{
    struct span s;
    uint64_t v = 0;

    if (!vici_find(message, VICI_VALUE, name, &s) || s.len == 0)
        return otherwise;
    for (size_t i = 0; i < s.len; i++) {
        unsigned digit = (unsigned)s.p[i] - '0';

        if (digit > 9 || v > (UINT64_MAX - digit) / 10)
            return otherwise;
        v = v * 10 + digit;
    }
    return v;
}
