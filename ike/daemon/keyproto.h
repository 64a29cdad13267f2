/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keyproto: messages between the network process and the key process, one per
 * SOCK_SEQPACKET datagram.  Read and write of one message side by side in
 * keyproto.c.  Both sides check what they read: the key process must not trust
 * a network process that was taken over.
 */
#ifndef IKE_DAEMON_KEYPROTO_H
#define IKE_DAEMON_KEYPROTO_H

#include "ike/types/ident.h"
#include "utils/base/bytes.h"

#define KEYPROTO_MAX 65536  /* bytes in one message */
#define KEYPROTO_IDS_MAX 16 /* identities of one secret */
#define KEYPROTO_NAME_MAX 255
#define KEYPROTO_SECRET_MAX 512 /* bytes */

enum keyproto_type {
    KEYPROTO_SIGN = 1, /* -> key process */
    KEYPROTO_VERIFY = 2,
    KEYPROTO_SECRETS_BEGIN = 3, /* start a new set beside the one in use */
    KEYPROTO_SECRET_FILE = 4,   /* the key process reads and checks the file */
    KEYPROTO_SECRET = 5,        /* from the control socket; joins the set in use */
    KEYPROTO_SECRETS_COMMIT = 6,
    KEYPROTO_SECRETS_ABORT = 7,
    KEYPROTO_AUTH = 16, /* <- answers */
    KEYPROTO_RESULT = 17,
};

struct keyproto_msg {
    enum keyproto_type type;
    uint64_t job;                     /* of SIGN, VERIFY, AUTH; else a sequence number */
    uint16_t prf;                     /* SIGN, VERIFY */
    uint8_t method;                   /* VERIFY, AUTH */
    int32_t code;                     /* AUTH, RESULT */
    char name[KEYPROTO_NAME_MAX + 1]; /* connection; secret's name; file */
    uint8_t n_ids;
    struct ike_id ids[KEYPROTO_IDS_MAX]; /* SIGN, VERIFY: local, remote */
    struct span octets;                  /* SIGN, VERIFY: <SignedOctets>; borrowed */
    struct span data;                    /* AUTH data, secret, RESULT text; borrowed */
};

void keyproto_write(struct wr *wr, const struct keyproto_msg *msg);
int keyproto_read(struct span datagram, struct keyproto_msg *ret, struct err *err) MUST_CHECK;

#endif
