/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dpc: the data plane control protocol, between the soft backend
 * (driver/soft/soft_dev.c) and the process ipsec-offload-dp (utils/dp).
 *
 * Transport: a Unix SOCK_SEQPACKET socket; one message is one record.  Bytes
 * only here: no sockets, no clock.  All integers are big-endian.
 *
 *   0      1      2         4            8              12
 *   +------+------+---------+------------+--------------+----------------+
 *   | ver  | kind |   op    |     id     |     code     |  payload length |
 *   +------+------+---------+------------+--------------+----------------+
 *
 * A request carries an id of the client's choice; its reply repeats op and id.
 * code is 0 or a negative enum err_code; a reply with a code carries the
 * operator's text as payload and nothing else.  Events have id 0, come without
 * being asked, and only to the lease holder.
 *
 * | op          | request payload             | reply payload                    |
 * | hello       | struct dpc_hello            | struct dpc_welcome               |
 * | batch       | ops (dpc_put_batch)         | ids, 0 for an op that adds none  |
 * | spi-reserve | -                           | be32 spi                         |
 * | spi-release | be32 spi                    | -                                |
 * | sa-get      | be64 id                     | struct nic_sa_info               |
 * | rule-get    | be64 id                     | struct nic_rule_info             |
 * | sa-list     | u8 restart                  | u8 more, be16 n, n infos         |
 * | rule-list   | u8 restart                  | u8 more, be16 n, n infos         |
 * | counters    | -                           | struct nic_device_counters       |
 * | ike-send    | local, remote, datagram     | -                                |
 * | keepalive   | local, remote               | -                                |
 * | event       | struct nic_event, unasked   | none                             |
 *
 * A list is pulled page by page, so that a slow client costs the data plane
 * one page and never a queue.
 *
 * Every dpc_put_x() stands beside its dpc_get_x() in one file.  Writers fail
 * stickily in `struct wr`.  Readers fail stickily in `struct dpc_in`, which
 * keeps the name of the first field that was wrong or missing.
 */
#ifndef SOFT_DPC_H
#define SOFT_DPC_H

#include "driver/core/provider.h"
#include "utils/base/bytes.h"

#define DPC_SOCKET_DEFAULT "/run/ipsec-offload/dp.sock"
#define DPC_TUN_DEFAULT "ipsec0"

#define DPC_VERSION 1
#define DPC_HEADER_LEN 16
#define DPC_FRAME_MAX 65536u /* bytes, header included */
#define DPC_BATCH_MAX 256    /* ops in one batch */
#define DPC_IKE_MAX 16384    /* bytes of one IKE message, marker not counted */
#define DPC_PAGE_MAX 32      /* entries in one list reply */

enum dpc_kind { DPC_REQUEST = 1, DPC_REPLY = 2, DPC_EVENT = 3 };

enum dpc_op {
    DPC_OP_HELLO = 1,
    DPC_OP_BATCH = 2,
    DPC_OP_SPI_RESERVE = 3,
    DPC_OP_SPI_RELEASE = 4,
    DPC_OP_SA_GET = 5,
    DPC_OP_RULE_GET = 6,
    DPC_OP_SA_LIST = 7,
    DPC_OP_RULE_LIST = 8,
    DPC_OP_COUNTERS = 9,
    DPC_OP_IKE_SEND = 10,
    DPC_OP_KEEPALIVE = 11,
    DPC_OP_EVENT = 64,
};

struct dpc_header {
    enum dpc_kind kind;
    uint16_t op; /* not checked against enum dpc_op: an unknown one gets a reply */
    uint32_t id;
    int code;
    uint32_t payload_len;
};

/* A reader that remembers which field failed first. */
struct dpc_in {
    struct rd rd;
    const char *bad; /* NULL while all is well */
};

void dpc_in_init(struct dpc_in *in, struct span bytes);
/* 0, or ERR_MALFORMED with a text naming `what` and the field; trailing bytes
 * are a failure too. */
int dpc_in_end(struct dpc_in *in, const char *what, struct err *err);
void dpc_in_fail(struct dpc_in *in, const char *field);
uint8_t dpc_u8(struct dpc_in *in, const char *field);
bool dpc_bool(struct dpc_in *in, const char *field); /* 0 or 1, nothing else */
uint16_t dpc_be16(struct dpc_in *in, const char *field);
uint32_t dpc_be32(struct dpc_in *in, const char *field);
uint64_t dpc_be64(struct dpc_in *in, const char *field);

/* dpc_frame.c: begin writes a header whose length end() fills in. end answers
 * the frame, or ERR_FULL if it did not fit. */
void dpc_begin(struct wr *wr, void *buf, size_t cap, enum dpc_kind kind, uint16_t op, uint32_t id,
               int code);
int dpc_end(struct wr *wr, struct span *ret_frame, struct err *err);
/* Takes one record apart; *ret_payload is borrowed from it. */
int dpc_open(struct span frame, struct dpc_header *ret, struct span *ret_payload, struct err *err);
const char *dpc_op_name(uint16_t op); /* "sa-get", or "unknown" */

/* dpc_value.c */
void dpc_put_bool(struct wr *wr, bool v);
void dpc_put_text(struct wr *wr, const char *s); /* at most 255 bytes are sent */
void dpc_get_text(struct dpc_in *in, const char *field, char *ret, size_t cap);
void dpc_put_addr(struct wr *wr, const struct ip_addr *a);
void dpc_get_addr(struct dpc_in *in, const char *field, struct ip_addr *ret);
void dpc_put_endpoint(struct wr *wr, const struct ip_endpoint *e);
void dpc_get_endpoint(struct dpc_in *in, const char *field, struct ip_endpoint *ret);
void dpc_put_selector(struct wr *wr, const struct nic_selector *s);
void dpc_get_selector(struct dpc_in *in, struct nic_selector *ret);

/* dpc_sa.c: keys go one way only, from the owner to the data plane. */
void dpc_put_sa_attr(struct wr *wr, const struct nic_sa_attr *a, bool with_key);
void dpc_get_sa_attr(struct dpc_in *in, struct nic_sa_attr *ret, bool with_key);
void dpc_put_rule_attr(struct wr *wr, const struct nic_rule_attr *a);
void dpc_get_rule_attr(struct dpc_in *in, struct nic_rule_attr *ret);
void dpc_put_sa_info(struct wr *wr, const struct nic_sa_info *info);
void dpc_get_sa_info(struct dpc_in *in, struct nic_sa_info *ret);
void dpc_put_rule_info(struct wr *wr, const struct nic_rule_info *info);
void dpc_get_rule_info(struct dpc_in *in, struct nic_rule_info *ret);

/* dpc_batch.c */
union dpc_op_attr {
    struct nic_sa_attr sa;
    struct nic_rule_attr rule;
};
struct dpc_batch {
    size_t n_ops;
    struct nic_batch_op *ops;
    union dpc_op_attr *attrs; /* one for each op; keys inside */
};
int dpc_put_batch(struct wr *wr, const struct nic_batch *batch, struct err *err);
/* Allocates; dpc_batch_fini() wipes and frees, also after a failure. */
int dpc_get_batch(struct dpc_in *in, struct dpc_batch *ret, struct err *err);
void dpc_batch_fini(struct dpc_batch *batch); /* zero state accepted */
void dpc_put_batch_ids(struct wr *wr, const struct nic_batch_op *ops, size_t n);
/* Fills ops[].id of the ops that add; wrong count is a failure. */
void dpc_get_batch_ids(struct dpc_in *in, struct nic_batch_op *ops, size_t n);

/* dpc_msg.c */
struct dpc_hello {
    uint16_t version;
    bool monitor;
    char owner[NIC_NAME_LEN];
};
struct dpc_welcome {
    uint16_t version;
    uint32_t generation; /* 0 for a monitor */
    uint64_t instance;   /* random, new with each start of the data plane */
    uint32_t pid;
    uint32_t mark; /* SO_MARK of what must not go through the tunnel */
    char tun[NIC_NAME_LEN];
    struct nic_caps caps;
};
struct dpc_datagram {
    struct ip_endpoint local, remote;
    struct span data; /* borrowed */
};
void dpc_put_hello(struct wr *wr, const struct dpc_hello *m);
void dpc_get_hello(struct dpc_in *in, struct dpc_hello *ret);
void dpc_put_welcome(struct wr *wr, const struct dpc_welcome *m);
void dpc_get_welcome(struct dpc_in *in, struct dpc_welcome *ret);
void dpc_put_datagram(struct wr *wr, const struct dpc_datagram *m);
void dpc_get_datagram(struct dpc_in *in, struct dpc_datagram *ret);
void dpc_put_event(struct wr *wr, const struct nic_event *ev);
void dpc_get_event(struct dpc_in *in, struct nic_event *ret); /* data borrowed */
void dpc_put_counters(struct wr *wr, const struct nic_device_counters *c);
void dpc_get_counters(struct dpc_in *in, struct nic_device_counters *ret);

#endif
