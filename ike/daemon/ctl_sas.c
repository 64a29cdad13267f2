/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ctl_sas: `list-sas`, with strongSwan's keys and ours: placement with reasons,
 * drops by cause, sequence numbers.
 */
#include "ike/daemon/ctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static uint64_t seconds_since(ns_time then)
{
    ns_time now = clock_now();

    return then && now > then ? (now - then) / NS_PER_S : 0;
}

static void write_seconds_until(struct vici_writer *w, const char *key, ns_time at)
{
    ns_time now = clock_now();

    if (at)
        vici_number(w, key, at > now ? (at - now) / NS_PER_S : 0);
}

static void write_place(struct vici_writer *w, const struct install_place *place)
{
    vici_text(w, "device", place->device);
    vici_text(w, "level", place->level);
    vici_text(w, "reason", place->reason);
    vici_text(w, "text", place->text);
}

static void write_direction_place(struct vici_writer *w, const char *dir,
                                  const struct install_sa_state *sa)
{
    vici_section(w, dir);
    write_place(w, &sa->actual);
    vici_text(w, "engine", sa->engine);
    vici_section_end(w);
}

static void write_placement(struct vici_writer *w, const struct install_child_state *state)
{
    vici_section(w, "placement");
    vici_text(w, "requested", state->out.requested);
    write_direction_place(w, "in", &state->in);
    write_direction_place(w, "out", &state->out);
    vici_section(w, "passed");
    for (size_t i = 0; i < state->out.n_passed; i++) {
        char name[24];

        snprintf(name, sizeof name, "%zu", i);
        vici_section(w, name);
        write_place(w, &state->out.passed[i]);
        vici_section_end(w);
    }
    vici_section_end(w);
    vici_section_end(w);
}

static void write_drops(struct vici_writer *w, const char *key, const uint64_t drops[INSTALL_DROPS])
{
    vici_section(w, key);
    for (unsigned i = 0; i < INSTALL_DROPS; i++)
        vici_number(w, install_drop_name(i), drops[i]);
    vici_section_end(w);
}

static void write_counters(struct vici_writer *w, const struct install_child_state *state)
{
    vici_number(w, "bytes-in", state->in.bytes);
    vici_number(w, "packets-in", state->in.packets);
    if (state->in.last_used)
        vici_number(w, "use-in", seconds_since(state->in.last_used));
    vici_number(w, "bytes-out", state->out.bytes);
    vici_number(w, "packets-out", state->out.packets);
    if (state->out.last_used)
        vici_number(w, "use-out", seconds_since(state->out.last_used));
    write_drops(w, "drops-in", state->in.drops);
    write_drops(w, "drops-out", state->out.drops);
    vici_number(w, "seq-in", state->in.seq);
    vici_number(w, "seq-out", state->out.seq);
    vici_textf(w, "seq-used-percent", "%.6f", state->out.seq_used_percent);
}

void ctl_write_ts(struct vici_writer *w, const char *key, const struct ike_ts_list *list)
{
    char text[IKE_TS_TEXT_LEN];

    vici_list(w, key);
    for (unsigned i = 0; list && i < list->n; i++)
        vici_item_text(w, ike_ts_text(&list->ts[i], text));
    vici_list_end(w);
}

static void write_transform(struct vici_writer *w, const char *key, const char *size_key,
                            const struct ike_transform *t)
{
    if (!t->type || !t->id)
        return;
    vici_text(w, key, ike_transform_name(t));
    if (size_key && t->key_bits)
        vici_number(w, size_key, t->key_bits);
}

static void write_child(struct vici_writer *w, struct daemon *d, const struct ike_child_info *child)
{
    struct install_child_state state;
    char name[IKE_NAME_LEN + 24];

    snprintf(name, sizeof name, "%s-%" PRIu64, child->name, child->child);
    vici_section(w, name);
    vici_text(w, "name", child->name);
    vici_number(w, "uniqueid", child->child);
    vici_number(w, "reqid", child->tunnel);
    vici_text(w, "state", child->state);
    vici_text(w, "mode", child->mode == IKE_MODE_TRANSPORT ? "TRANSPORT" : "TUNNEL");
    vici_text(w, "protocol", "ESP");
    if (child->udp_encap)
        vici_text(w, "encap", "yes");
    vici_textf(w, "spi-in", "%08x", child->spi_in);
    vici_textf(w, "spi-out", "%08x", child->spi_out);
    write_transform(w, "encr-alg", "encr-keysize", &child->suite.encr);
    write_transform(w, "integ-alg", NULL, &child->suite.integ);
    write_transform(w, "dh-group", NULL, &child->suite.ke);
    if (child->suite.esn.id == IKE_ESN_YES)
        vici_text(w, "esn", "1");
    if (install_child_query(d->install, child->child, &state)) {
        write_counters(w, &state);
        write_placement(w, &state);
    }
    write_seconds_until(w, "rekey-time", child->rekey_at);
    write_seconds_until(w, "life-time", child->expires_at);
    vici_number(w, "install-time", seconds_since(child->installed));
    ctl_write_ts(w, "local-ts", child->local_ts);
    ctl_write_ts(w, "remote-ts", child->remote_ts);
    vici_section_end(w);
}

static void write_endpoint(struct vici_writer *w, const char *side, const struct ip_endpoint *e,
                           const struct ike_id *id)
{
    char key[16], text[IP_TEXT_LEN], id_text[IKE_ID_TEXT_LEN];

    snprintf(key, sizeof key, "%s-host", side);
    vici_text(w, key, ip_addr_text(&e->addr, text));
    snprintf(key, sizeof key, "%s-port", side);
    vici_number(w, key, e->port);
    snprintf(key, sizeof key, "%s-id", side);
    if (id)
        vici_text(w, key, ike_id_text(id, id_text));
}

static void write_ike_values(struct vici_writer *w, const struct ike_sa_info *sa)
{
    vici_number(w, "uniqueid", sa->ike);
    vici_text(w, "version", "2");
    vici_text(w, "state", sa->state);
    write_endpoint(w, "local", &sa->path.local, sa->local_id);
    write_endpoint(w, "remote", &sa->path.remote, sa->remote_id);
    if (sa->initiator)
        vici_text(w, "initiator", "yes");
    vici_textf(w, "initiator-spi", "%016" PRIx64, sa->spi_i);
    vici_textf(w, "responder-spi", "%016" PRIx64, sa->spi_r);
    if (sa->nat_local)
        vici_text(w, "nat-local", "yes");
    if (sa->nat_remote)
        vici_text(w, "nat-remote", "yes");
    if (sa->nat_fake)
        vici_text(w, "nat-fake", "yes");
    write_transform(w, "encr-alg", "encr-keysize", &sa->suite.encr);
    write_transform(w, "integ-alg", NULL, &sa->suite.integ);
    write_transform(w, "prf-alg", NULL, &sa->suite.prf);
    write_transform(w, "dh-group", NULL, &sa->suite.ke);
    if (sa->established)
        vici_number(w, "established", seconds_since(sa->established));
    write_seconds_until(w, "rekey-time", sa->rekey_at);
    vici_number(w, "retransmits", sa->retransmits);
}

struct child_walk {
    struct vici_writer *w;
    struct daemon *d;
};

static int each_child(void *user, const struct ike_child_info *child)
{
    struct child_walk *walk = user;

    write_child(walk->w, walk->d, child);
    return 0;
}

void ctl_write_ike(struct vici_writer *w, struct daemon *d, const struct ike_sa_info *sa,
                   bool children)
{
    struct child_walk walk = { w, d };

    vici_section(w, sa->conn ? sa->conn : "(none)");
    write_ike_values(w, sa);
    vici_section(w, "child-sas");
    if (children)
        (void)ike_shard_each_child(d->shard, sa->ike, each_child, &walk);
    vici_section_end(w);
    vici_section_end(w);
}

struct sa_walk {
    const struct ctl_call *call;
    char conn[IKE_NAME_LEN];
    uint64_t ike;
};

static int each_sa(void *user, const struct ike_sa_info *sa)
{
    struct sa_walk *walk = user;
    struct vici_writer w;

    if (walk->conn[0] && (!sa->conn || strcmp(sa->conn, walk->conn)))
        return 0;
    if (walk->ike && walk->ike != sa->ike)
        return 0;
    vici_packet_begin(&w, VICI_EVENT, "list-sa");
    ctl_write_ike(&w, walk->call->daemon, sa, true);
    ctl_stream(walk->call->conn, "list-sa", &w);
    return 0;
}

void ctl_list_sas(const struct ctl_call *call)
{
    struct sa_walk walk = { .call = call, .ike = vici_find_number(call->args, "ike-id", 0) };
    struct vici_writer w;

    vici_find_text(call->args, "ike", walk.conn, sizeof walk.conn);
    (void)ike_shard_each(call->daemon->shard, each_sa, &walk);
    vici_packet_begin(&w, VICI_CMD_RESPONSE, NULL);
    ctl_respond(call->conn, &w);
}
