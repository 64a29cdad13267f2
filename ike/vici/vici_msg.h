/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vici_msg: the messages of VICI, strongSwan's control protocol: a tree of
 * sections, key/values and lists of values.  vici_packet.h wraps a message in
 * a packet and a length; vici_client.h carries packets over a socket.
 *
 * The bytes inside a section are a message of their own, so a reader needs no
 * tree in memory: an entry of a section is handed out as the span of its body
 * and read by a second reader.  Values are byte strings of at most 64 KiB - 1
 * and need not end in NUL; most are text.
 *
 * Both sides are bounded: VICI_MESSAGE_MAX bytes, VICI_DEPTH_MAX sections.
 * Neither is thread-safe; each belongs to one caller.
 */
#ifndef IKE_VICI_MSG_H
#define IKE_VICI_MSG_H

#include "utils/base/bytes.h"
#include "utils/base/err.h"

#define VICI_SEGMENT_MAX (512u * 1024) /* one packet without its length */
#define VICI_MESSAGE_MAX (VICI_SEGMENT_MAX - 2)
#define VICI_DEPTH_MAX 32
#define VICI_NAME_MAX 255
#define VICI_VALUE_MAX 65535

enum vici_element {
    VICI_SECTION_START = 1,
    VICI_SECTION_END = 2,
    VICI_KEY_VALUE = 3,
    VICI_LIST_START = 4,
    VICI_LIST_ITEM = 5,
    VICI_LIST_END = 6,
};

/*
 * Writer.  Sticky: after the first failure (no memory, a name or value too
 * long, wrong nesting) every later call does nothing and vici_writer_done()
 * says what it was.  vici_writer_fini() is due in any case; a zero state is
 * safe to fini.
 */
struct vici_writer {
    uint8_t *buf; /* owned */
    size_t len, cap;
    size_t head; /* bytes in front of the message: vici_packet_begin() */
    unsigned depth;
    bool in_list;
    struct err err;
};

void vici_writer_init(struct vici_writer *w);
void vici_writer_fini(struct vici_writer *w);
void vici_section(struct vici_writer *w, const char *name);
void vici_section_end(struct vici_writer *w);
void vici_value(struct vici_writer *w, const char *name, struct span value);
void vici_text(struct vici_writer *w, const char *name, const char *value);
void vici_textf(struct vici_writer *w, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);
void vici_number(struct vici_writer *w, const char *name, uint64_t value);
void vici_yes_no(struct vici_writer *w, const char *name, bool value);
void vici_list(struct vici_writer *w, const char *name);
void vici_item(struct vici_writer *w, struct span value);
void vici_item_text(struct vici_writer *w, const char *value);
void vici_list_end(struct vici_writer *w);
/* The finished bytes, borrowed until the next call on the writer. */
int vici_writer_done(struct vici_writer *w, struct span *ret, struct err *err) MUST_CHECK;
/* Raw bytes, for vici_packet.c. */
void vici_writer_raw(struct vici_writer *w, const void *p, size_t len);

/*
 * Reader by element: every element in order, ends included.  Checks types,
 * lengths, nesting and depth; an error names the element and where it stands.
 */
struct vici_item {
    enum vici_element type;
    struct span name;  /* SECTION_START, KEY_VALUE, LIST_START */
    struct span value; /* KEY_VALUE, LIST_ITEM */
};

struct vici_reader {
    struct rd rd;
    size_t len;
    unsigned depth;
    bool in_list;
    struct span path[VICI_DEPTH_MAX + 1]; /* names of the open sections and list */
};

void vici_reader_init(struct vici_reader *r, struct span message);
/* 1: *ret is the next element; 0: the message ended well; else an error. */
int vici_next(struct vici_reader *r, struct vici_item *ret, struct err *err) MUST_CHECK;
/* The whole message, once, so that later readers of it cannot fail. */
int vici_check(struct span message, struct err *err) MUST_CHECK;

/*
 * Reader by entry: the direct contents of one section (or of the message).
 */
enum vici_kind { VICI_VALUE, VICI_SECTION, VICI_LIST };
struct vici_entry {
    enum vici_kind kind;
    struct span name;
    struct span body; /* the value; a section's message; a list's items */
};
/* As vici_next(); do not mix the two on one reader. */
int vici_next_entry(struct vici_reader *r, struct vici_entry *ret, struct err *err) MUST_CHECK;
/* Reads the body of a VICI_LIST entry. */
void vici_reader_init_list(struct vici_reader *r, struct span body);
int vici_next_value(struct vici_reader *r, struct span *ret, struct err *err) MUST_CHECK;

/* Looks up a direct entry of a section; false if it is not there (or broken). */
bool vici_find(struct span message, enum vici_kind kind, const char *name, struct span *ret);
/* A value as a bounded C string with control bytes replaced by '?'; what does
 * not fit is cut.  "" if it is not there. Returns `buf`. */
const char *vici_find_text(struct span message, const char *name, char *buf, size_t cap);
const char *vici_span_text(struct span s, char *buf, size_t cap);
/* A value as an unsigned decimal number; `otherwise` if absent or no number. */
uint64_t vici_find_number(struct span message, const char *name, uint64_t otherwise);
bool vici_span_is(struct span s, const char *text);

#endif
