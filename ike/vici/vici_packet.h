/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vici_packet: VICI packets and their framing on a byte stream: a 32-bit
 * length, a type, for some types a name, then a message (vici_msg.h).
 */
#ifndef IKE_VICI_PACKET_H
#define IKE_VICI_PACKET_H

#include "ike/vici/vici_msg.h"

#define VICI_LENGTH_LEN 4

enum vici_packet_type {
    VICI_CMD_REQUEST = 0, /* client: name, message */
    VICI_CMD_RESPONSE = 1,
    VICI_CMD_UNKNOWN = 2,
    VICI_EVENT_REGISTER = 3,   /* client: name */
    VICI_EVENT_UNREGISTER = 4, /* client: name */
    VICI_EVENT_CONFIRM = 5,
    VICI_EVENT_UNKNOWN = 6,
    VICI_EVENT = 7, /* server: name, message */
};

struct vici_packet {
    enum vici_packet_type type;
    struct span name;    /* types 0, 3, 4, 7 */
    struct span message; /* checked by vici_check() */
};

/* Starts a packet in `w` (which is initialised here); write its message with
 * vici_section() & co.  `name` NULL for the types that have none. */
void vici_packet_begin(struct vici_writer *w, enum vici_packet_type type, const char *name);
/* Fills in the length; the bytes to send are borrowed from the writer. */
int vici_packet_end(struct vici_writer *w, struct span *ret, struct err *err) MUST_CHECK;

/* Reads one packet without its length. */
int vici_packet_parse(struct span segment, struct vici_packet *ret, struct err *err) MUST_CHECK;

/*
 * Incremental decoder.  Memory grows with the bytes that have arrived, never
 * with the length that was announced.  A zero state is ready for use.
 */
struct vici_decoder {
    uint8_t *buf; /* owned: the bytes of the current packet with its length */
    size_t len, cap;
    bool handed_out;
};

void vici_decoder_fini(struct vici_decoder *d);
/* Takes bytes from the front of *in until a packet is complete.  1: *ret is a
 * packet, borrowed until the next call, call again with what is left of *in;
 * 0: *in is used up; else an error, after which the stream must be closed. */
int vici_decoder_push(struct vici_decoder *d, struct span *in, struct vici_packet *ret,
                      struct err *err) MUST_CHECK;

#endif
