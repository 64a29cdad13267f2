/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conn: a connection as configured: what ike/config and VICI fill and ike/core
 * reads.  Names of members are swanctl's keys.  Immutable once handed to the
 * core; shared by reference count, so a reload never changes a running SA.
 */
#ifndef IKE_TYPES_CONN_H
#define IKE_TYPES_CONN_H

#include "ike/types/ident.h"
#include "ike/types/proposal.h"
#include "ike/types/ts.h"
#include "utils/base/clock.h"

#include <stdatomic.h>

#define IKE_NAME_LEN 48
#define IKE_CHILDREN_MAX 32  /* in one connection */
#define IKE_ADDRS_MAX 4      /* local_addrs, remote_addrs */

enum ike_start_action { IKE_ACTION_NONE, IKE_ACTION_START, IKE_ACTION_TRAP };
enum ike_dpd_action { IKE_DPD_CLEAR, IKE_DPD_TRAP, IKE_DPD_RESTART };
enum ike_offload { IKE_OFFLOAD_OFF, IKE_OFFLOAD_PREFER, IKE_OFFLOAD_REQUIRE };
enum ike_mode { IKE_MODE_TUNNEL = 1, IKE_MODE_TRANSPORT = 2 };

struct ike_child_conf {
    char name[IKE_NAME_LEN];
    struct ike_ts_list local_ts, remote_ts;
    uint8_t n_esp_proposals;
    struct ike_proposal esp_proposals[IKE_PROPOSALS_MAX];
    enum ike_mode mode;
    enum ike_start_action start_action;
    enum ike_start_action close_action; /* when the peer deletes it */
    enum ike_dpd_action dpd_action;
    enum ike_offload offload;
    ns_time rekey_time, life_time, rand_time; /* 0 = off; life_time is hard */
    uint64_t rekey_bytes, life_bytes, rekey_packets, life_packets;
    uint16_t replay_window; /* packets; 64 where swanctl has 32: free, and kinder to reordering */
};

struct ike_peer_auth {
    enum ike_auth_method auth; /* IKE_AUTH_PSK */
    struct ike_id id;          /* local: own, %any = the local address; remote: expectation */
};

struct ike_conn {
    atomic_int refs;
    char name[IKE_NAME_LEN];
    uint8_t n_local_addrs, n_remote_addrs;
    struct ip_addr local_addrs[IKE_ADDRS_MAX];   /* none = any */
    struct ip_range remote_addrs[IKE_ADDRS_MAX]; /* initiate to the first single address */
    uint16_t local_port, remote_port;            /* 500 */
    uint8_t n_proposals;
    struct ike_proposal proposals[IKE_PROPOSALS_MAX];
    struct ike_peer_auth local, remote;
    bool encap;                /* force UDP encapsulation by a fake NAT hash */
    ns_time rekey_time;        /* IKE SA; 0 = off */
    ns_time over_time;         /* hard: rekey_time + over_time */
    ns_time rand_time;         /* subtracted at random from rekey times */
    ns_time dpd_delay;         /* 0 = off */
    ns_time dpd_timeout;       /* 0 = by retransmission */
    ns_time keepalive;         /* NAT keepalive interval; 0 = off */
    uint32_t keyingtries;      /* 0 = for ever */
    uint8_t n_children;
    struct ike_child_conf children[IKE_CHILDREN_MAX];
};

/* 1 to IKE_NAME_LEN - 1 printable characters without '/'. */
int ike_name_check(const char *name, struct err *err) MUST_CHECK;
/* Defaults (swanctl's where it has them), one reference.  NULL: no memory.
 * A name that is too long comes out empty; ike_conn_validate() refuses it. */
struct ike_conn *ike_conn_new(const char *name);
void ike_child_conf_init(struct ike_child_conf *child, const char *name);
struct ike_conn *ike_conn_ref(struct ike_conn *conn);
void ike_conn_unref(struct ike_conn *conn); /* NULL accepted */
const struct ike_child_conf *ike_conn_child(const struct ike_conn *conn, const char *name);
/* What only the whole shows wrong: no children, lifetimes in the wrong order,
 * no address to initiate to with start_action = start ...; names the key. */
int ike_conn_validate(const struct ike_conn *conn, struct err *err);
bool ike_conn_eq(const struct ike_conn *a, const struct ike_conn *b);

#endif
