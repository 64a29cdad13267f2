/* SPDX-License-Identifier: Apache-2.0 */
/* ctl_commands: the tables of commands and events, and the events of the core. */
#include "ike/daemon/ctl.h"

#include <inttypes.h>
#include <stdio.h>

const struct ctl_command ctl_commands[] = {
    { "version", ctl_version },
    { "stats", ctl_stats },
    { "list-sas", ctl_list_sas },
    { "list-conns", ctl_list_conns },
    { "get-conns", ctl_get_conns },
    { "load-conn", ctl_load_conn },
    { "unload-conn", ctl_unload_conn },
    { "initiate", ctl_initiate },
    { "terminate", ctl_terminate },
    { "rekey", ctl_rekey },
    { "reload-settings", ctl_reload },
    { "get-devices", ctl_get_devices },
    { "get-drops", ctl_get_drops },
    { "load-shared", ctl_load_shared },
    { "get-shared", ctl_get_shared },
    { "get-keys", ctl_empty_keys },
    { "load-key", ctl_refuse_credential },
    { "load-cert", ctl_refuse_credential },
    { "get-pools", ctl_empty },
    { "get-authorities", ctl_empty },
    { 0 },
};

const char *const ctl_events[] = {
    "list-sa",   "list-conn",   "control-log", "ike-updown", "child-updown",
    "ike-rekey", "child-rekey", "device",      NULL,
};

void ctl_ike_event(struct ctl *ctl, enum ike_change what, const struct ike_sa_info *sa)
{
    const char *event = what == IKE_CHANGE_REKEYED ? "ike-rekey" : "ike-updown";
    struct vici_writer w;

    if (!ctl_anyone(ctl, event))
        return;
    vici_packet_begin(&w, VICI_EVENT, event);
    if (what == IKE_CHANGE_UP)
        vici_yes_no(&w, "up", true);
    ctl_write_ike(&w, NULL, sa, false);
    ctl_broadcast(ctl, event, &w);
}

static void write_child(struct vici_writer *w, const struct ike_child_info *child)
{
    char name[IKE_NAME_LEN + 24];

    snprintf(name, sizeof name, "%s-%" PRIu64, child->name, child->child);
    vici_section(w, name);
    vici_text(w, "name", child->name);
    vici_number(w, "uniqueid", child->child);
    vici_textf(w, "spi-in", "%08x", child->spi_in);
    vici_textf(w, "spi-out", "%08x", child->spi_out);
    vici_text(w, "state", child->state);
    vici_section_end(w);
}

void ctl_child_event(struct ctl *ctl, enum ike_change what, const struct ike_sa_info *sa,
                     const struct ike_child_info *child)
{
    const char *event = what == IKE_CHANGE_REKEYED ? "child-rekey" : "child-updown";
    struct vici_writer w;

    if (!ctl_anyone(ctl, event))
        return;
    vici_packet_begin(&w, VICI_EVENT, event);
    if (what == IKE_CHANGE_UP)
        vici_yes_no(&w, "up", true);
    vici_section(&w, sa->conn ? sa->conn : "(none)");
    vici_number(&w, "uniqueid", sa->ike);
    vici_text(&w, "state", sa->state);
    vici_section(&w, "child-sas");
    write_child(&w, child);
    vici_section_end(&w);
    vici_section_end(&w);
    ctl_broadcast(ctl, event, &w);
}
