/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shard: the IKEv2 core as a caller sees it.  A shard holds IKE SAs and their
 * Child SAs; its index stands in the top byte of each local IKE SPI, so a
 * receiver finds the shard of a datagram without a look-up and shards can run
 * on threads.  One thread at a time per shard.  Inputs are (time, datagram |
 * command | port answer | data-plane event); outputs go through the ports,
 * also from inside these calls.  Calls may come from inside a port's request:
 * they are queued and handled when the outer call is done.
 */
#ifndef IKE_CORE_SHARD_H
#define IKE_CORE_SHARD_H

#include "ike/core/ports.h"

struct ike_shard;

struct ike_settings {          /* 0 = the default in brackets */
    ns_time retransmit_first;  /* [1 s] */
    uint32_t retransmit_tries; /* [7]; each wait is 1.7 times the last: about 100 s in all */
    ns_time half_open_timeout; /* [30 s] responder, IKE_SA_INIT to IKE_AUTH */
    uint32_t half_open_max;    /* [1000] further IKE_SA_INITs are dropped and counted */
    uint32_t ike_sa_max;       /* [100000] */
    uint32_t child_max;        /* per IKE SA [256] */
    ns_time drain_time;        /* [5 s] how long a replaced inbound SA still accepts */
};

struct ike_shard_opts {
    uint8_t index;
    struct ike_ports ports;
    struct ike_observer observer;
    struct ike_settings settings;
};

int ike_shard_new(const struct ike_shard_opts *opts, struct ike_shard **ret, struct err *err);
void ike_shard_free(struct ike_shard *shard); /* wipes; sends nothing */

/* Index of the shard a datagram belongs to: by our SPI, or by a hash of the
 * initiator's SPI for a first IKE_SA_INIT.  ERR_MALFORMED: not an IKE message. */
int ike_shard_of(struct span datagram, unsigned n_shards, unsigned *ret_index) MUST_CHECK;

void ike_shard_receive(struct ike_shard *shard, ns_time now, const struct ike_path *path,
                       struct span datagram);
void ike_shard_tick(struct ike_shard *shard, ns_time now); /* when the armed time is reached */

/* Connections. The shard takes a reference of its own.  Replacing one leaves
 * running SAs on the old one until they are rekeyed or go down. */
int ike_shard_conn_put(struct ike_shard *shard, struct ike_conn *conn, struct err *err);
int ike_shard_conn_remove(struct ike_shard *shard, const char *name, struct err *err);
struct ike_conn *ike_shard_conn_get(struct ike_shard *shard, const char *name); /* borrowed */

/* Commands.  `done` (NULL accepted) is called exactly once with the outcome. */
typedef void ike_done_fn(void *user, int code, const char *text);
void ike_shard_initiate(struct ike_shard *shard, ns_time now, const char *conn, const char *child,
                        ike_done_fn *done, void *user); /* child NULL: all its children */
struct ike_target {      /* whichever are set must match; names may be NULL */
    uint64_t ike, child; /* ids, 0 = any */
    const char *conn, *child_name;
    bool force; /* terminate without waiting for the peer */
};
void ike_shard_terminate(struct ike_shard *shard, ns_time now, const struct ike_target *target,
                         ike_done_fn *done, void *user); /* child set: Child SAs, else IKE SAs */
void ike_shard_rekey(struct ike_shard *shard, ns_time now, const struct ike_target *target,
                     bool child, ike_done_fn *done, void *user);
/* Deletes all IKE SAs politely (daemon stop). */
void ike_shard_shutdown(struct ike_shard *shard, ns_time now, ike_done_fn *done, void *user);

/* Answers to port requests. */
void ike_shard_answer_spi(struct ike_shard *shard, ns_time now, ike_job job, int code,
                          uint32_t spi);
void ike_shard_answer_install(struct ike_shard *shard, ns_time now, ike_job job, int code,
                              const char *text);
void ike_shard_answer_ke(struct ike_shard *shard, ns_time now, ike_job job, int code,
                         uint64_t handle, struct span public_value);
void ike_shard_answer_shared(struct ike_shard *shard, ns_time now, ike_job job, int code,
                             struct span secret);
void ike_shard_answer_auth(struct ike_shard *shard, ns_time now, ike_job job, int code,
                           uint8_t method, struct span auth);

/* Data-plane events. */
enum ike_child_event {
    IKE_CHILD_SOFT_LIMIT,   /* rekey it */
    IKE_CHILD_HARD_LIMIT,   /* it is dead: delete */
    IKE_CHILD_FIRST_PACKET, /* the peer uses it: switch outbound */
    IKE_CHILD_LOST,         /* the device lost it: replace with new keys */
};
void ike_shard_child_event(struct ike_shard *shard, ns_time now, uint64_t child,
                           enum ike_child_event what);
/* A valid ESP packet of this child came from elsewhere (RFC 7296 2.23). */
void ike_shard_child_moved(struct ike_shard *shard, ns_time now, uint64_t child,
                           const struct ip_endpoint *remote);

/* What there is. Borrowed for the callback; non-zero ends the walk. */
struct ike_child_info {
    uint64_t child, tunnel;
    const char *name;
    const char *state; /* "INSTALLED", "REKEYING", "REKEYED", "DELETING" ... (VICI's) */
    enum ike_mode mode;
    uint32_t spi_in, spi_out;
    struct ike_suite suite;
    bool udp_encap;
    const struct ike_ts_list *local_ts, *remote_ts;
    ns_time installed, rekey_at, expires_at; /* 0 = none */
};
struct ike_sa_info {
    uint64_t ike;
    const char *conn;
    const char *state; /* "CONNECTING", "ESTABLISHED", "REKEYING", "DELETING" */
    bool initiator;
    uint64_t spi_i, spi_r;
    struct ike_path path;
    const struct ike_id *local_id, *remote_id; /* NULL until known */
    struct ike_suite suite;
    bool nat_local, nat_remote, nat_fake;
    ns_time established, rekey_at;
    uint32_t n_children;
    uint32_t retransmits;
};
int ike_shard_each(struct ike_shard *shard, int (*fn)(void *user, const struct ike_sa_info *sa),
                   void *user);
int ike_shard_each_child(struct ike_shard *shard, uint64_t ike,
                         int (*fn)(void *user, const struct ike_child_info *child), void *user);

/* Messages and drops by cause since the start. */
enum ike_drop {
    IKE_DROP_SHORT,
    IKE_DROP_VERSION,
    IKE_DROP_LENGTH,
    IKE_DROP_NO_SA,
    IKE_DROP_EXCHANGE,
    IKE_DROP_FLAGS,
    IKE_DROP_MESSAGE_ID,
    IKE_DROP_INTEGRITY,
    IKE_DROP_SYNTAX,
    IKE_DROP_CRITICAL,
    IKE_DROP_STATE,
    IKE_DROP_FULL,
    IKE_DROP_NO_CONN,
    IKE_DROP_PROPOSAL,
    IKE_DROP_N
};
const char *ike_drop_name(enum ike_drop cause);
struct ike_stats {
    uint64_t rx, tx, retransmits_tx, retransmits_rx; /* rx: answered from the reply cache */
    uint64_t drops[IKE_DROP_N];
    uint64_t ike_up, child_up, ike_rekeys, child_rekeys, auth_failures;
    uint32_t ike_sas, half_open, children;
};
void ike_shard_stats(const struct ike_shard *shard, struct ike_stats *ret);

#endif
