/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ctl: the control socket as its commands see it.  The protocol is VICI
 * (ike/vici); commands are in ctl_*.c, listed in one table in ctl_commands.c.
 *
 * A command answers exactly once, now or later.  A command that answers later
 * holds its connection by ctl_conn_ref(): a client that hangs up meanwhile
 * leaves it dead, and what is written to it goes nowhere.
 */
#ifndef IKE_DAEMON_CTL_H
#define IKE_DAEMON_CTL_H

#include "ike/daemon/daemon.h"
#include "ike/vici/vici_packet.h"

struct ctl_conn;

struct ctl_call {
    struct daemon *daemon;
    struct ctl_conn *conn;
    struct span args; /* checked by vici_check(); borrowed for the call */
};

struct ctl_command {
    const char *name;
    void (*run)(const struct ctl_call *call);
};
extern const struct ctl_command ctl_commands[]; /* ends with name NULL */
extern const char *const ctl_events[];          /* ends with NULL */

struct ctl_conn *ctl_conn_ref(struct ctl_conn *conn);
void ctl_conn_unref(struct ctl_conn *conn);

/* Begin with vici_packet_begin(w, VICI_EVENT, name) / (w, VICI_CMD_RESPONSE,
 * NULL); these end, send and finish the writer. */
void ctl_stream(struct ctl_conn *conn, const char *event,
                struct vici_writer *w); /* if registered */
void ctl_respond(struct ctl_conn *conn, struct vici_writer *w);
/* success = yes, or no with errmsg. */
void ctl_respond_result(struct ctl_conn *conn, int code, const char *errmsg);
/* To every connection that registered. */
void ctl_broadcast(struct ctl *ctl, const char *event, struct vici_writer *w);
bool ctl_anyone(struct ctl *ctl, const char *event);

/* ctl_sas.c */
void ctl_list_sas(const struct ctl_call *call);
void ctl_write_ike(struct vici_writer *w, struct daemon *d, const struct ike_sa_info *sa,
                   bool children);
/* A list of selectors in swanctl's form; `list` NULL: an empty one. */
void ctl_write_ts(struct vici_writer *w, const char *key, const struct ike_ts_list *list);
/* ctl_conns.c */
void ctl_list_conns(const struct ctl_call *call);
void ctl_get_conns(const struct ctl_call *call);
void ctl_load_conn(const struct ctl_call *call);
void ctl_unload_conn(const struct ctl_call *call);
/* ctl_actions.c */
void ctl_initiate(const struct ctl_call *call);
void ctl_terminate(const struct ctl_call *call);
void ctl_rekey(const struct ctl_call *call);
void ctl_reload(const struct ctl_call *call);
/* ctl_creds.c */
void ctl_load_shared(const struct ctl_call *call);
void ctl_get_shared(const struct ctl_call *call);
void ctl_empty_keys(const struct ctl_call *call);
void ctl_empty(const struct ctl_call *call);
void ctl_refuse_credential(const struct ctl_call *call);
/* ctl_info.c */
void ctl_version(const struct ctl_call *call);
void ctl_stats(const struct ctl_call *call);
void ctl_get_devices(const struct ctl_call *call);
void ctl_get_drops(const struct ctl_call *call);

#endif
