/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ike_sa: one IKE SA: keys, windows, path and what hangs on it.
 *
 *   NEW          made, nothing sent (initiator) or answered (responder) yet
 *   INIT_SENT    initiator: IKE_SA_INIT is out
 *   INIT_DONE    initiator: keys are there, IKE_AUTH is being prepared
 *   AUTH_SENT    initiator: IKE_AUTH is out
 *   HALF_OPEN    responder: IKE_SA_INIT answered, peer not yet authenticated
 *   ESTABLISHED  both authenticated
 *   REKEYING     our IKE rekey is out
 *   REKEYED      a new IKE SA took the children; this one waits for its delete
 *   DELETING     our delete is out
 *   GONE         over; kept only to answer retransmissions of the last request
 *
 * The SA owns its tasks and children; the shard owns the SA.
 */
#ifndef IKE_SM_IKE_SA_H
#define IKE_SM_IKE_SA_H

#include "ike/core/crypto/keymat.h"
#include "ike/core/sm/state.h"

struct sm_task;
struct sm_child;

enum sm_state {
    SM_NEW,
    SM_INIT_SENT,
    SM_INIT_DONE,
    SM_AUTH_SENT,
    SM_HALF_OPEN,
    SM_ESTABLISHED,
    SM_REKEYING,
    SM_REKEYED,
    SM_DELETING,
    SM_GONE,
    SM_STATES
};
#define SM_IN(state) (1u << (state))

/* A run of bytes that its holder owns. */
struct sm_blob {
    uint8_t *p;
    size_t len;
};
int sm_blob_set(struct sm_blob *blob, struct span from); /* ERR_NOMEM leaves it as it was */
void sm_blob_free(struct sm_blob *blob);
static inline struct span sm_blob_span(const struct sm_blob *blob)
{
    return span_of(blob->p, blob->len);
}

struct sm_nonce {
    uint16_t len;
    uint8_t p[IKE_NONCE_MAX];
};
static inline struct span sm_nonce_span(const struct sm_nonce *nonce)
{
    return span_of(nonce->p, nonce->len);
}

/* What only the set-up needs (RFC 7296 2.15); freed once established. */
struct sm_setup {
    struct sm_nonce ni, nr;
    struct sm_blob init_request, init_response; /* RealMessage1; initiator: RealMessage2 */
    struct sm_blob cookie;
    struct sm_blob ke_public;    /* ours */
    uint16_t ke_method;          /* initiator: the group to offer */
    uint8_t n_cookies, n_groups; /* retries, bounded */
};

struct sm_sa {
    struct list node;
    struct sm_index_node by_spi, by_peer, by_ike;
    struct ike_shard *shard;
    struct ike_conn *conn;
    uint64_t id;
    uint64_t spi_i, spi_r;
    uint8_t state;  /* enum sm_state */
    bool initiator; /* of this IKE SA: sets the I flag and the directions of keys */
    bool counted_half_open, up_told;
    bool nat_local, nat_remote, nat_fake;
    bool natt_off;      /* the peer does not do NAT traversal */
    bool first_contact; /* the peer's INITIAL_CONTACT is in its IKE_AUTH */
    bool redundant;     /* made by the rekey that lost a collision */
    bool linked;        /* counted in stats.ike_sas */
    bool starting;      /* in sm_task_next() */
    bool persist;       /* a failed set-up is tried again (keyingtries) */
    struct ike_path path;
    struct ike_suite suite;
    struct ike_keys keys;
    uint64_t iv_counter; /* of our direction */
    struct ike_id *local_id, *remote_id;
    struct sm_setup *setup;

    uint32_t send_id;         /* message id of our next request */
    uint32_t receive_id;      /* message id of the peer's next request */
    struct sm_blob reply;     /* answer to request receive_id - 1 */
    uint64_t init_hash;       /* responder: of the peer's IKE_SA_INIT */
    struct sm_task *out, *in; /* the exchange under way in each direction */
    struct list queue;        /* struct sm_task waiting for `out` */
    struct list children;
    uint32_t n_children;
    uint64_t successor; /* id of the IKE SA that replaced this one */
    uint64_t rival_of;  /* id of the one it replaces, if our own rekey of that comes to nothing */

    ns_time created, established, rekey_at, expires_at;
    ns_time last_rx, last_tx;
    uint32_t retransmits;
    uint32_t attempt; /* of keyingtries */
    struct sm_deadline rekey, expire, dpd, keepalive;
};

/* ERR_NOMEM, ERR_FULL. Draws the local SPI; `conn` NULL: chosen later. */
int sm_sa_new(struct ike_shard *shard, struct ike_conn *conn, bool initiator, struct sm_sa **ret);
/* Puts an SA in the shard's lists, so that it is found by SPI. */
void sm_sa_link(struct sm_sa *sa);
/* Frees one that was never linked. */
void sm_sa_discard(struct sm_sa *sa);
void sm_sa_set_conn(struct sm_sa *sa, struct ike_conn *conn);
static inline uint64_t sm_sa_local_spi(const struct sm_sa *sa)
{
    return sa->initiator ? sa->spi_i : sa->spi_r;
}
static inline bool sm_sa_is_up(const struct sm_sa *sa)
{
    return SM_IN(sa->state) &
           (SM_IN(SM_ESTABLISHED) | SM_IN(SM_REKEYING) | SM_IN(SM_REKEYED) | SM_IN(SM_DELETING));
}

/* A responder's SA from its first message on: work for a stranger, be the state
 * SM_NEW (ports are asked) or SM_HALF_OPEN. */
void sm_sa_count_half_open(struct sm_sa *sa);
/* State change; an SA that leaves SM_HALF_OPEN no longer counts as such. */
void sm_sa_set_state(struct sm_sa *sa, enum sm_state state);
/* Both sides are authenticated: lifetimes, DPD, keepalive, observers. */
void sm_sa_established(struct sm_sa *sa);
/* Starts the timers of an established SA (also after a rekey). */
void sm_sa_start_timers(struct sm_sa *sa);

/* How an IKE SA ends.  All children go, tasks end with `code` and `text`. */
enum sm_end {
    SM_END_LINGER, /* keep answering retransmissions for a while */
    SM_END_NOW,
};
void sm_sa_end(struct sm_sa *sa, enum sm_end how, int code, const char *text);
void sm_sa_free(struct sm_sa *sa); /* from the graveyard or with the shard */

struct sm_sa *sm_sa_by_spi(struct ike_shard *shard, uint64_t local_spi);
struct sm_sa *sm_sa_by_id(struct ike_shard *shard, uint64_t id);
const char *sm_state_name(enum sm_state state);

void sm_sa_info(const struct sm_sa *sa, struct ike_sa_info *ret);
void sm_sa_log_keys(const struct sm_sa *sa); /* to observer.keys */
void sm_sa_tell(struct sm_sa *sa, enum ike_change what, const char *reason);

#endif
