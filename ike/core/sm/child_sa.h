/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child_sa: one Child SA (a pair of ESP SAs) from its reserved SPI to its
 * removal, and its place in a tunnel that lives through rekeys.
 *
 *   LARVAL     negotiated, not installed; belongs to a task
 *   INSTALLED  carries traffic, or stands by for it (RFC 7296 2.8)
 *   REKEYING   our rekey is out
 *   REKEYED    replaced; waits for its delete
 *   DELETING   our delete is out
 *   DRAINING   deleted by agreement; inbound still accepts what is in flight
 */
#ifndef IKE_SM_CHILD_SA_H
#define IKE_SM_CHILD_SA_H

#include "ike/core/sm/ike_sa.h"

enum sm_child_state {
    SM_CHILD_LARVAL,
    SM_CHILD_INSTALLED,
    SM_CHILD_REKEYING,
    SM_CHILD_REKEYED,
    SM_CHILD_DELETING,
    SM_CHILD_DRAINING,
};

struct sm_child {
    struct list node; /* sa->children, shard->drains or the graveyard */
    struct sm_index_node by_child;
    struct sm_work work; /* events that came while the shard was busy */
    struct ike_shard *shard;
    struct sm_sa *sa; /* NULL: draining, its IKE SA is gone */
    struct ike_conn *conn;
    const struct ike_child_conf *conf; /* in conn */
    uint64_t id, tunnel;
    uint8_t state;  /* enum sm_child_state */
    uint8_t events; /* waiting, a bit each of enum ike_child_event */
    bool move_waiting;
    bool installed;  /* the install port has it */
    bool path_stale; /* the peer moved while the port was installing it */
    bool lost;       /* the data plane has lost it: nothing flows until it is replaced */
    bool standby;    /* its outbound SA is not used yet */
    bool takes_over; /* its tunnel comes from an IKE SA that was forgotten */
    bool dead;
    uint8_t mode; /* enum ike_mode */
    bool udp_encap;
    bool esp_spi_held; /* spi_in reserved, not installed */
    uint8_t n_local, n_remote;
    struct ike_ts *ts; /* n_local, then n_remote */
    uint32_t spi_in, spi_out;
    struct ike_suite suite;
    uint64_t replaced_by; /* id, 0 = none */
    ns_time installed_at, rekey_at, expires_at;
    struct ip_endpoint moved_to;
    struct sm_deadline rekey, expire; /* `expire` also ends the drain */
    struct sm_deadline activate;      /* of one that took over a forgotten IKE SA's tunnel */
};

/* A larval child. ERR_NOMEM, ERR_FULL (settings.child_max). */
int sm_child_new(struct sm_sa *sa, const struct ike_child_conf *conf, struct sm_child **ret);
int sm_child_set_ts(struct sm_child *child, const struct ike_ts_list *local,
                    const struct ike_ts_list *remote);
void sm_child_ts(const struct sm_child *child, struct ike_ts_list *ret_local,
                 struct ike_ts_list *ret_remote);
/* Ends a larval one; gives back its SPI, or what was just installed. NULL accepted. */
void sm_child_discard(struct sm_child *child);

/*
 * What the install port is given; keys are left to the caller.  As responder a
 * child that replaces another one stands by: the peer may not have its inbound
 * half yet.  It comes into use with the first packet on it, when the old one is
 * deleted, or, if the old one's IKE SA was forgotten, after SM_STANDBY_MAX.
 */
void sm_child_fill_install(struct sm_child *child, bool responder, struct ike_child_install *ret);
/* The port has installed it: lifetimes, counters, observers. */
void sm_child_installed(struct sm_child *child, bool rekeyed);
/* The peer uses it, or the old one is going: traffic moves here. */
void sm_child_activate(struct sm_child *child);
/* `old` is replaced by `child`, which has its tunnel. */
void sm_child_replaced(struct sm_child *old, struct sm_child *child);
/* Its delete is agreed: inbound drains if it was replaced, else it goes now. */
void sm_child_deleted(struct sm_child *child, const char *reason);
void sm_child_remove(struct sm_child *child, const char *reason);
/* Its IKE SA ends without talk, but packets may be in flight (INITIAL_CONTACT). */
void sm_child_drain(struct sm_child *child, const char *reason);
void sm_child_move(struct sm_child *child, struct sm_sa *to);
void sm_child_free(struct sm_child *child);

/* The peer has it, we cannot use it: it is deleted there (informational.c). */
void sm_child_unwanted(struct sm_child *child);

struct sm_child *sm_child_by_id(struct ike_shard *shard, uint64_t id);
struct sm_child *sm_child_by_spi_out(struct sm_sa *sa, uint32_t spi_out);
/* The installed child of this configuration that is not being replaced. */
struct sm_child *sm_child_by_name(struct sm_sa *sa, const char *name);

const char *sm_child_state_name(enum sm_child_state state);
struct sm_child_view { /* storage that ike_child_info borrows from */
    struct ike_ts_list local, remote;
};
void sm_child_info(const struct sm_child *child, struct sm_child_view *view,
                   struct ike_child_info *ret);
void sm_child_tell(struct sm_child *child, enum ike_change what, const char *reason);

#endif
