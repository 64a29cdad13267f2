/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: a stream of control messages.  The first byte says into which
 * pieces the stream is cut.  The encoding is unique, so what was read gives the
 * same bytes when it is written again, element by element and entry by entry.
 */
#include <string.h>

#include "ike/vici/vici_packet.h"
#include "utils/base/mem.h"

#define CHECK(what)                                                                                \
    do {                                                                                           \
        if (!(what))                                                                               \
            __builtin_trap();                                                                      \
    } while (0)

/* Names may hold any byte but NUL for the writer; false if one does. */
static bool name_text(struct span name, char text[VICI_NAME_MAX + 1])
{
    memcpy(text, name.p, name.len);
    text[name.len] = '\0';
    return strlen(text) == name.len;
}

static bool write_elements(struct vici_writer *w, struct span message)
{
    struct vici_reader r;
    struct vici_item item;
    char name[VICI_NAME_MAX + 1];

    vici_reader_init(&r, message);
    while (vici_next(&r, &item, NULL) > 0) {
        bool named = item.type == VICI_SECTION_START || item.type == VICI_KEY_VALUE ||
                     item.type == VICI_LIST_START;

        if (named && !name_text(item.name, name))
            return false;
        switch (item.type) {
        case VICI_SECTION_START:
            vici_section(w, name);
            break;
        case VICI_SECTION_END:
            vici_section_end(w);
            break;
        case VICI_KEY_VALUE:
            vici_value(w, name, item.value);
            break;
        case VICI_LIST_START:
            vici_list(w, name);
            break;
        case VICI_LIST_ITEM:
            vici_item(w, item.value);
            break;
        case VICI_LIST_END:
            vici_list_end(w);
            break;
        }
    }
    return true;
}

static void write_items(struct vici_writer *w, struct span list)
{
    struct vici_reader r;
    struct span value;

    vici_reader_init_list(&r, list);
    while (vici_next_value(&r, &value, NULL) > 0)
        vici_item(w, value);
}

static void write_entries(struct vici_writer *w, struct span message)
{
    struct vici_reader r;
    struct vici_entry entry;
    char name[VICI_NAME_MAX + 1];
    int rc;

    vici_reader_init(&r, message);
    while ((rc = vici_next_entry(&r, &entry, NULL)) > 0) {
        CHECK(name_text(entry.name, name));
        switch (entry.kind) {
        case VICI_VALUE:
            vici_value(w, name, entry.body);
            break;
        case VICI_SECTION:
            vici_section(w, name);
            write_entries(w, entry.body);
            vici_section_end(w);
            break;
        case VICI_LIST:
            vici_list(w, name);
            write_items(w, entry.body);
            vici_list_end(w);
            break;
        }
    }
    CHECK(rc == 0);
}

static void check_packet(const struct vici_packet *p)
{
    struct vici_writer elements, entries;
    struct span a, b;

    vici_writer_init(&elements);
    vici_writer_init(&entries);
    if (write_elements(&elements, p->message)) {
        write_entries(&entries, p->message);
        CHECK(vici_writer_done(&elements, &a, NULL) == 0);
        CHECK(vici_writer_done(&entries, &b, NULL) == 0);
        CHECK(span_eq(a, p->message));
        CHECK(span_eq(b, p->message));
    }
    vici_writer_fini(&elements);
    vici_writer_fini(&entries);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct vici_decoder d = { 0 };
    size_t piece, at = 1;
    bool closed = false;

    if (len == 0)
        return 0;
    piece = data[0] ? data[0] : len;
    while (at < len && !closed) {
        size_t n = len - at < piece ? len - at : piece;
        uint8_t *copy = mem_dup(data + at, n); /* so that an overrun shows */
        struct span in = span_of(copy, n);
        struct vici_packet p;
        int rc;

        CHECK(copy);
        while ((rc = vici_decoder_push(&d, &in, &p, NULL)) > 0)
            check_packet(&p);
        closed = rc < 0;
        CHECK(closed || in.len == 0);
        mem_free(copy);
        at += n;
    }
    vici_decoder_fini(&d);
    return 0;
}
