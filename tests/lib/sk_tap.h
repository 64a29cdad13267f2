/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sk_tap: a tap on the line between two_shards that has the keys of both.  It
 * writes down what passes as one line a message (the ladder) and as dumps
 * (codec/dump.h), and can be a peer that does not keep to the rules: it opens a
 * message, changes what is inside and seals it again, or writes one of its own.
 */
#ifndef TESTS_LIB_SK_TAP_H
#define TESTS_LIB_SK_TAP_H

#include "ike/core/codec/codec.h"
#include "tests/lib/two_shards.h"

#define SK_TAP_TEXT 32768

struct sk_message { /* one message, opened */
    struct ike_header h;
    struct ike_payloads pl; /* inside of SK, or of a clear message */
    bool clear;
    uint8_t bytes[IKE_MESSAGE_MAX];
};

/* Writes the payloads that stand in place of `was` (n = 0 if the tap writes a
 * message of its own). */
typedef void sk_write_fn(void *user, struct ike_msg *msg, const struct ike_payloads *was);

/* Messages that fit are rewritten: the first `times` of them (0 = all). */
struct sk_rule {
    int from;
    uint8_t exchange;
    bool response;
    unsigned times;
    sk_write_fn *write; /* NULL: no rule */
    void *user;
    unsigned n; /* rewritten so far */
};

struct sk_tap {
    struct two_shards *two;
    bool record;
    char ladder[SK_TAP_TEXT], dumps[SK_TAP_TEXT];
    struct sk_message last[2]; /* of each end */
    struct two_packet packet[2];
    unsigned n[2];
    struct sk_rule rule;
    unsigned lose[2]; /* so many of the next messages of that end are lost */
};

/* Becomes the filter of `two`; records from now on. */
void sk_tap_on(struct sk_tap *tap, struct two_shards *two);
void sk_tap_clear(struct sk_tap *tap); /* forgets what was recorded, and the rule */

void sk_open(struct two_shards *two, const struct two_packet *p, struct sk_message *ret);
/* Seals anew, with a fresh IV, what `write` makes of it. */
void sk_rewrite(struct two_shards *two, struct two_packet *p, sk_write_fn *write, void *user);
/* A request of that end, in its newest IKE SA and with its next message id, is
 * delivered, as if its peer had sent it.  The end itself knows nothing of it. */
void sk_request(struct two_shards *two, int from, uint8_t exchange, sk_write_fn *write, void *user);

/* For writers: a payload as it was; all but those of a type. */
void sk_copy(struct ike_msg *msg, const struct ike_payload *p);
void sk_copy_but(struct ike_msg *msg, const struct ike_payloads *was, uint8_t type);

/* What a table can say of a change; members that are zero change nothing. */
struct sk_change {
    uint8_t drop; /* payloads of this type are left out */
    uint8_t edit; /* in the first payload of this type ... */
    size_t at, n; /* ... `n` bytes from offset `at` of its body become `bytes` */
    uint8_t bytes[8];
    size_t cut;      /* ... and its body ends here */
    uint16_t notify; /* this notify is added, with `bytes` (n of them) if nothing is edited */
    uint8_t add;     /* an empty payload of this type is added */
    bool critical;   /* ... with the critical bit */
};
void sk_change_write(void *change, struct ike_msg *msg, const struct ike_payloads *was);
/* The rule that changes the first such message. */
void sk_change_next(struct sk_tap *tap, int from, uint8_t exchange, bool response,
                    const struct sk_change *change);

/* The ladder, or the dumps, is this text; both are shown if not. */
void sk_ladder_is(const struct sk_tap *tap, const char *want);
void sk_dumps_are(const struct sk_tap *tap, const char *want);
/* The last message of that end has this notify. */
bool sk_said(const struct sk_tap *tap, int end, uint16_t notify, struct ike_notify_payload *ret);

#endif
