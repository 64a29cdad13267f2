/* SPDX-License-Identifier: Apache-2.0 */
/* ctl_info: `version`, `stats`, `get-devices`, `get-drops`. */
#include "ike/daemon/ctl.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#define DEVICES_MAX 16

void ctl_version(const struct ctl_call *call)
{
    struct utsname uts;
    struct vici_writer w;

    vici_packet_begin(&w, VICI_CMD_RESPONSE, NULL);
    vici_text(&w, "daemon", "ipsec-offloadd");
    vici_text(&w, "version", IOFF_VERSION);
    if (uname(&uts) == 0) {
        vici_text(&w, "sysname", uts.sysname);
        vici_text(&w, "release", uts.release);
        vici_text(&w, "machine", uts.machine);
    }
    ctl_respond(call->conn, &w);
}

void ctl_stats(const struct ctl_call *call)
{
    struct ike_stats stats;
    struct vici_writer w;

    ike_shard_stats(call->daemon->shard, &stats);
    vici_packet_begin(&w, VICI_CMD_RESPONSE, NULL);
    vici_section(&w, "uptime");
    vici_textf(&w, "running", "%llu seconds", (clock_now() - call->daemon->started) / NS_PER_S);
    vici_section_end(&w);
    vici_section(&w, "ikesas");
    vici_number(&w, "total", stats.ike_sas);
    vici_number(&w, "half-open", stats.half_open);
    vici_section_end(&w);
    vici_number(&w, "children", stats.children);
    vici_section(&w, "messages");
    vici_number(&w, "rx", stats.rx);
    vici_number(&w, "tx", stats.tx);
    vici_number(&w, "retransmits-tx", stats.retransmits_tx);
    vici_number(&w, "retransmits-rx", stats.retransmits_rx);
    vici_section_end(&w);
    vici_section(&w, "events");
    vici_number(&w, "ike-up", stats.ike_up);
    vici_number(&w, "child-up", stats.child_up);
    vici_number(&w, "ike-rekeys", stats.ike_rekeys);
    vici_number(&w, "child-rekeys", stats.child_rekeys);
    vici_number(&w, "auth-failures", stats.auth_failures);
    vici_section_end(&w);
    ctl_respond(call->conn, &w);
}

void ctl_get_drops(const struct ctl_call *call)
{
    struct install_device_counters counters;
    struct ike_stats stats;
    struct vici_writer w;

    ike_shard_stats(call->daemon->shard, &stats);
    vici_packet_begin(&w, VICI_CMD_RESPONSE, NULL);
    vici_section(&w, "ike");
    for (unsigned i = 0; i < IKE_DROP_N; i++)
        vici_number(&w, ike_drop_name((enum ike_drop)i), stats.drops[i]);
    vici_section_end(&w);
    if (install_device_counters(call->daemon->install, &counters)) {
        vici_section(&w, "device");
        for (unsigned i = 0; i < INSTALL_DROPS; i++)
            vici_number(&w, install_drop_name(i), counters.drops[i]);
        vici_section_end(&w);
    }
    ctl_respond(call->conn, &w);
}

static void write_live(struct vici_writer *w, struct daemon *d)
{
    struct install_device_counters counters;

    if (!install_device_counters(d->install, &counters))
        return;
    vici_section(w, "counters");
    vici_number(w, "rx-packets", counters.rx_packets);
    vici_number(w, "tx-packets", counters.tx_packets);
    vici_number(w, "ike-rx", counters.ike_rx);
    vici_number(w, "ike-tx", counters.ike_tx);
    vici_number(w, "keepalive-rx", counters.keepalive_rx);
    vici_section(w, "drops");
    for (unsigned i = 0; i < INSTALL_DROPS; i++)
        vici_number(w, install_drop_name(i), counters.drops[i]);
    vici_section_end(w);
    vici_section_end(w);
    vici_number(w, "generation", counters.generation);
}

struct orphan_walk {
    struct vici_writer *w;
    unsigned n;
};

static void write_orphan(void *user, const struct install_orphan *o)
{
    struct orphan_walk *walk = user;
    char name[16];

    snprintf(name, sizeof name, "%u", walk->n++);
    vici_section(walk->w, name);
    vici_text(walk->w, "label", o->label);
    vici_text(walk->w, "dir", o->dir);
    vici_textf(walk->w, "spi", "%08x", o->spi);
    vici_number(walk->w, "generation", o->generation);
    vici_number(walk->w, "packets", o->packets);
    vici_number(walk->w, "bytes", o->bytes);
    vici_section_end(walk->w);
}

void ctl_get_devices(const struct ctl_call *call)
{
    struct install_device_desc descs[DEVICES_MAX];
    size_t n = install_devices(call->daemon->install, descs, DEVICES_MAX);
    struct vici_writer w;

    for (size_t i = 0; i < n; i++) {
        vici_packet_begin(&w, VICI_EVENT, "device");
        vici_text(&w, "name", descs[i].name);
        vici_text(&w, "provider", descs[i].provider);
        vici_text(&w, "level", descs[i].level);
        vici_yes_no(&w, "usable", descs[i].usable);
        vici_yes_no(&w, "in-use", descs[i].in_use);
        vici_text(&w, "reason", descs[i].reason);
        if (descs[i].in_use) {
            struct orphan_walk walk = { &w, 0 };

            write_live(&w, call->daemon);
            vici_section(&w, "adopted");
            install_each_orphan(call->daemon->install, write_orphan, &walk);
            vici_section_end(&w);
        }
        ctl_stream(call->conn, "device", &w);
    }
    vici_packet_begin(&w, VICI_CMD_RESPONSE, NULL);
    ctl_respond(call->conn, &w);
}
