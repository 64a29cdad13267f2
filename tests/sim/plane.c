/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plane: a model of the data plane.  It knows SPIs, keys by their hash and
 * sequence numbers; the oracle reads it.  One tunnel has one outbound SA in use.
 */
#include "tests/sim/sim.h"

#include <stdlib.h>
#include <string.h>

#define STANDBY_MIN (300 * NS_PER_MS)
#define ORPHAN_DRAIN (5 * NS_PER_S) /* as ike/install's drain_time */

struct plane_sa *sim_plane_by_spi_in(struct plane *plane, uint32_t spi, bool live)
{
    for (size_t i = plane->n_sas; i-- > 0;)
        if (plane->sas[i].spi_in == spi && (!live || !plane->sas[i].removed))
            return &plane->sas[i];
    return NULL;
}

static struct plane_sa *by_key_in(struct plane *plane, uint32_t spi, uint64_t key)
{
    for (size_t i = plane->n_sas; i-- > 0;)
        if (plane->sas[i].spi_in == spi && plane->sas[i].key_in == key)
            return &plane->sas[i];
    return NULL;
}

static struct plane_sa *by_child(struct plane *plane, uint64_t child)
{
    for (size_t i = plane->n_sas; i-- > 0;)
        if (plane->sas[i].child == child && !plane->sas[i].removed)
            return &plane->sas[i];
    return NULL;
}

size_t sim_plane_live(const struct plane *plane)
{
    size_t n = 0;

    for (size_t i = 0; i < plane->n_sas; i++)
        n += !plane->sas[i].removed && !plane->sas[i].orphan;
    return n;
}

/* Either end has reported a hard limit: nothing may go over it any more. */
static bool is_spent(struct sim_node *node, const struct plane_sa *sa)
{
    struct plane *peer = &node->sim->nodes[1 - node->index].plane;
    const struct plane_sa *other = by_key_in(peer, sa->spi_out, sa->key_out);

    return sa->spent || (other && other->spent);
}

static int is_this(void *user, const struct ike_child_info *child)
{
    return child->child == *(const uint64_t *)user;
}

struct wanted {
    struct ike_shard *shard;
    uint64_t child;
};

static int has_this(void *user, const struct ike_sa_info *sa)
{
    struct wanted *wanted = user;

    return ike_shard_each_child(wanted->shard, sa->ike, is_this, &wanted->child);
}

/* It hangs on an IKE SA, and is not just left to drain. */
static bool is_known(struct sim_node *node, uint64_t child)
{
    struct wanted wanted = { node->shard, child };

    return ike_shard_each(node->shard, has_this, &wanted);
}

static bool same_selectors(const struct plane_sa *a, const struct plane_sa *b)
{
    return ike_ts_eq(&a->local_ts, &b->local_ts) && ike_ts_eq(&a->remote_ts, &b->remote_ts);
}

/* Traffic goes to the new SA; what an earlier life left for it drains. */
static void take_over(struct sim_node *node, const struct plane_sa *by)
{
    struct plane *plane = &node->plane;

    for (size_t i = 0; i < plane->n_sas; i++) {
        struct plane_sa *sa = &plane->sas[i];

        if (!sa->orphan || sa->removed || sa->orphan_drains || !same_selectors(sa, by))
            continue;
        sim_note(node->sim, "node %u: %08x takes over from %08x", node->index, by->spi_in,
                 sa->spi_in);
        sa->active_out = false;
        sa->orphan_drains = true;
        sim_queue_push(&node->sim->queue,
                       (struct sim_event){ .kind = SIM_ORPHAN_DROP,
                                           .node = node->index,
                                           .life = node->life,
                                           .key = sa->key_in,
                                           .id = sa->spi_in,
                                           .at = node->sim->now + ORPHAN_DRAIN },
                       span_of(NULL, 0));
    }
}

static void drop_orphan(struct sim_node *node, const struct sim_event *event)
{
    struct plane_sa *sa = by_key_in(&node->plane, (uint32_t)event->id, event->key);

    sa->removed = true;
    sa->removed_at = node->sim->now;
    sim_note(node->sim, "node %u removes orphan %08x", node->index, sa->spi_in);
}

static void make_active(struct sim_node *node, struct plane_sa *sa)
{
    struct plane *plane = &node->plane;

    sa->switched = node->sim->now;
    for (size_t i = 0; i < plane->n_sas; i++) {
        if (plane->sas[i].tunnel == sa->tunnel && plane->sas[i].active_out) {
            plane->sas[i].active_out = false;
            sa->had_older = true;
            sa->older_out = plane->sas[i].spi_out;
            sa->older_spent = is_spent(node, &plane->sas[i]);
            sa->older_dead = !sim_plane_by_spi_in(&node->sim->nodes[1 - node->index].plane,
                                                  sa->older_out, true) ||
                             !is_known(node, plane->sas[i].child);
        }
    }
    sa->active_out = true;
    take_over(node, sa);
}

/* --- SPIs --- */

static bool is_reserved(const struct plane *plane, uint32_t spi, size_t *ret)
{
    for (size_t i = 0; i < plane->n_reserved; i++) {
        if (plane->reserved[i] == spi) {
            *ret = i;
            return true;
        }
    }
    return false;
}

static void unreserve(struct plane *plane, uint32_t spi)
{
    size_t i;

    if (is_reserved(plane, spi, &i))
        plane->reserved[i] = plane->reserved[--plane->n_reserved];
}

void sim_plane_answer(struct sim_node *node, const struct sim_event *event)
{
    struct plane_sa *sa;

    if (event->life != node->life && event->kind != SIM_DATAGRAM && event->kind != SIM_ESP)
        return; /* who asked has crashed since */
    if (event->kind == SIM_ORPHAN_DROP) {
        drop_orphan(node, event);
        return;
    }
    if (event->kind == SIM_ANSWER_INSTALL && (sa = by_child(&node->plane, event->id))) {
        sa->live = true;
        if (!sa->standby)
            make_active(node, sa);
    }
    sim_node_deliver(node, event);
}

static void answer_later(struct sim_node *node, struct sim_event event)
{
    struct sim *sim = node->sim;

    event.node = node->index;
    event.life = node->life;
    event.at = sim->now + sim_random_time(sim, 0, sim->weather.answer_max);
    if (event.at == sim->now)
        sim_plane_answer(node, &event); /* in the same call: the core must cope */
    else
        sim_queue_push(&sim->queue, event, span_of(NULL, 0));
}

static void port_spi_reserve(void *user, ike_job job)
{
    struct sim_node *node = user;
    struct plane *plane = &node->plane;
    uint32_t spi, space = node->sim->weather.spi_space;
    size_t i;

    if (plane->n_reserved == PLANE_RESERVED_MAX)
        abort();
    do {
        rng_fill(&node->rng, &spi, sizeof spi);
        if (space)
            spi = 256 + spi % space;
    } while (spi < 256 || is_reserved(plane, spi, &i) ||
             sim_plane_by_spi_in(plane, spi, space != 0));
    plane->reserved[plane->n_reserved++] = spi;
    answer_later(node, (struct sim_event){ .kind = SIM_ANSWER_SPI, .job = job, .id = spi });
}

static void port_spi_release(void *user, uint32_t spi)
{
    struct sim_node *node = user;
    size_t i;

    if (!is_reserved(&node->plane, spi, &i))
        sim_violation(node->sim, "O11: node %u releases SPI %08x that it does not hold",
                      node->index, spi);
    unreserve(&node->plane, spi);
}

/* --- SAs --- */

static uint64_t key_hash(const struct ike_child_keys *keys)
{
    return sim_hash(span_of(keys->encr, keys->encr_len)) ^
           31 * sim_hash(span_of(keys->integ, keys->integ_len));
}

static struct plane_sa *new_sa(struct plane *plane)
{
    if (plane->n_sas == plane->cap_sas) {
        plane->cap_sas = plane->cap_sas ? 2 * plane->cap_sas : 32;
        plane->sas = realloc(plane->sas, plane->cap_sas * sizeof *plane->sas);
        if (!plane->sas)
            abort();
    }
    return &plane->sas[plane->n_sas++];
}

static void port_install(void *user, ike_job job, const struct ike_child_install *req)
{
    struct sim_node *node = user;
    struct plane *plane = &node->plane;
    struct plane_sa *sa;
    size_t i;

    if (!is_reserved(plane, req->spi_in, &i))
        sim_violation(node->sim, "O11: node %u installs SPI %08x that it did not reserve",
                      node->index, req->spi_in);
    unreserve(plane, req->spi_in);
    sa = new_sa(plane);
    *sa = (struct plane_sa){
        .child = req->child,
        .tunnel = req->tunnel,
        .spi_in = req->spi_in,
        .spi_out = req->spi_out,
        .key_in = key_hash(&req->key_in),
        .key_out = key_hash(&req->key_out),
        .suite = req->suite,
        .local_ts = req->local_ts,
        .remote_ts = req->remote_ts,
        .installed = node->sim->now,
        .standby = req->out_standby,
        .path = req->path,
    };
    sim_note(node->sim, "node %u installs child %llu: in %08x, out %08x%s", node->index,
             (unsigned long long)req->child, req->spi_in, req->spi_out,
             req->out_standby ? ", standby" : "");
    oracle_installed(node->sim, node->index, sa);
    answer_later(node,
                 (struct sim_event){ .kind = SIM_ANSWER_INSTALL, .job = job, .id = req->child });
}

static void port_activate_out(void *user, uint64_t child)
{
    struct sim_node *node = user;
    struct plane_sa *sa = by_child(&node->plane, child);

    if (!sa || sa->active_out)
        return;
    make_active(node, sa);
    sa->had_older = true;
    sim_note(node->sim, "node %u switches outbound to %08x", node->index, sa->spi_out);
}

static void port_remove(void *user, uint64_t child)
{
    struct sim_node *node = user;
    struct plane_sa *sa = by_child(&node->plane, child);

    if (!sa || !sa->live) {
        sim_violation(node->sim, "O11: node %u removes child %llu that is not installed",
                      node->index, (unsigned long long)child);
        return;
    }
    sa->removed = true;
    sa->active_out = false;
    sa->removed_at = node->sim->now;
    sim_note(node->sim, "node %u removes child %llu: in %08x", node->index,
             (unsigned long long)child, sa->spi_in);
}

static void port_update_path(void *user, uint64_t child, const struct ike_path *path,
                             bool udp_encap)
{
    struct plane_sa *sa = by_child(&((struct sim_node *)user)->plane, child);

    (void)udp_encap;
    if (sa)
        sa->path = *path;
}

struct ike_install_port sim_plane_port(struct sim_node *node)
{
    return (struct ike_install_port){
        .spi_reserve = port_spi_reserve,
        .spi_release = port_spi_release,
        .install = port_install,
        .activate_out = port_activate_out,
        .remove = port_remove,
        .update_path = port_update_path,
        .user = node,
    };
}

/* Nothing is left; tunnel numbers will begin again. */
void sim_plane_crash(struct plane *plane)
{
    for (size_t i = 0; i < plane->n_sas; i++) {
        plane->sas[i].removed = true;
        plane->sas[i].active_out = false;
        plane->sas[i].child = plane->sas[i].tunnel = 0;
    }
    plane->n_reserved = 0;
}

/* The core is gone and what it knew; SAs accept and send until taken over. */
void sim_plane_orphan(struct sim_node *node)
{
    struct plane *plane = &node->plane;

    for (size_t i = 0; i < plane->n_sas; i++) {
        struct plane_sa *sa = &plane->sas[i];

        if (!sa->live && !sa->removed) { /* its batch was not done */
            sa->removed = true;
            sa->removed_at = node->sim->now;
        }
        if (sa->removed || sa->orphan) {
            sa->orphan_drains = false; /* the next life has to see to it again */
            continue;
        }
        sa->orphan = true;
        sa->child = 0;
        sa->tunnel |= (uint64_t)node->life << 48; /* tunnel numbers begin again */
    }
    plane->n_reserved = 0;
}

void sim_plane_close(struct plane *plane)
{
    free(plane->sas);
}

/* --- packets --- */

void sim_plane_traffic(struct sim_node *node)
{
    if (sim_node_asleep(node))
        return;
    for (size_t i = 0; i < node->plane.n_sas; i++) {
        struct plane_sa *sa = &node->plane.sas[i];

        if (sa->active_out && !sa->removed) {
            sa->seq_out++;
            sim_send_esp(node->sim, node->index, sa);
        }
    }
}

/* A younger SA that was there when this one was removed has the tunnel's traffic. */
static bool replaced(const struct plane *plane, const struct plane_sa *was)
{
    for (size_t i = 0; i < plane->n_sas; i++) {
        const struct plane_sa *sa = &plane->sas[i];

        if (sa->active_out && sa->tunnel == was->tunnel && sa > was &&
            sa->installed < was->removed_at)
            return true;
    }
    return false;
}

/* The sender's tunnel goes on over another SA: the packet was in flight. */
static bool has_switched(const struct plane *plane, uint64_t key_out)
{
    const struct plane_sa *old = NULL;

    for (size_t i = 0; i < plane->n_sas; i++)
        if (plane->sas[i].key_out == key_out)
            old = &plane->sas[i];
    for (size_t i = 0; old && i < plane->n_sas; i++)
        if (plane->sas[i].active_out && plane->sas[i].tunnel == old->tunnel &&
            &plane->sas[i] != old)
            return true;
    return false;
}

/* Whether traffic goes over it: rules are one for each pair of selectors, so that a
 * younger SA, should it be gone again, has taken them along. */
static bool is_in_use(const struct plane *plane, uint64_t key_out)
{
    const struct plane_sa *last = NULL, *sa = NULL;

    for (size_t i = 0; i < plane->n_sas; i++)
        if (plane->sas[i].key_out == key_out)
            sa = &plane->sas[i];
    for (size_t i = 0; sa && i < plane->n_sas; i++)
        if (plane->sas[i].switched && same_selectors(&plane->sas[i], sa))
            last = &plane->sas[i];
    /* An orphan itself: nobody could switch it. */
    return sa && last == sa && sa->active_out && !sa->orphan;
}

/* The packet came for an SPI that is not there.  That is loss; whether it may
 * happen depends on why. */
static void missed(struct sim_node *node, const struct sim_event *event)
{
    struct sim *sim = node->sim;
    struct sim_node *sender = &sim->nodes[1 - node->index];
    struct plane_sa *was = by_key_in(&node->plane, (uint32_t)event->id, event->key);

    sim->counts.esp_late++;
    if (was && was->removed && was->orphan) {
        /* Its peer is told by the new life or by its own time-out; before that the
         * orphan stands.  A peer that slept through it has not been told. */
        if (sender->asleep_until == 0 && is_in_use(&sender->plane, event->key) &&
            was->orphan_drains)
            sim_violation(sim, "O13: node %u: orphan %08x went while its peer was using it",
                          node->index, was->spi_in);
        return;
    }
    if (was && was->removed) {
        if (!is_spent(node, was) && replaced(&node->plane, was) &&
            has_switched(&sender->plane, event->key))
            sim_violation(
                sim,
                "O10: node %u: a packet on replaced SPI %08x comes in %llu ms after its removal",
                node->index, was->spi_in,
                (unsigned long long)((sim->now - was->removed_at) / NS_PER_MS));
        return;
    }
    for (size_t i = 0; i < sender->plane.n_sas; i++) {
        struct plane_sa *sa = &sender->plane.sas[i];

        /* What it replaced led nowhere (the peer has started anew): after a while
         * in standby the new one is worth a try. */
        if (sa->older_spent || (sa->older_dead && sa->switched - sa->installed >= STANDBY_MIN))
            continue;
        /* Who installs second has our answer, which says that we are ready. */
        if (was && sa->spi_out == event->id && sa->key_out == event->key &&
            sa->installed > was->installed)
            sim_violation(sim, "O7: node %u answered before SPI %08x was live", node->index,
                          was->spi_in);
        if (sa->spi_out == event->id && sa->key_out == event->key && sa->had_older)
            sim_violation(sim, "O7: node %u sent on rekeyed SPI %08x before node %u had it",
                          1 - node->index, (unsigned)event->id, node->index);
    }
}

void sim_plane_esp(struct sim_node *node, const struct sim_event *event)
{
    struct plane_sa *sa = sim_plane_by_spi_in(&node->plane, (uint32_t)event->id, true);
    uint64_t bit = event->seq % (64 * PLANE_REPLAY_WORDS);

    if (!sa || !sa->live) {
        missed(node, event);
        return;
    }
    if (sa->key_in != event->key && node->sim->weather.spi_space)
        return; /* of an earlier SA of that SPI: does not authenticate */
    if (sa->key_in != event->key) {
        sim_violation(node->sim, "O4: node %u: SPI %08x has another key than its sender",
                      node->index, sa->spi_in);
        return;
    }
    if (sa->seen[bit / 64] >> bit % 64 & 1)
        return; /* the network's duplicate */
    sa->seen[bit / 64] |= 1ull << bit % 64;
    node->sim->counts.esp_delivered++;
    node->sim->counts.esp_orphan += sa->orphan;
    if (event->seq > sa->seq_in_max) {
        sa->seq_in_max = event->seq;
        if (!sa->orphan && !ip_endpoint_eq(&sa->path.remote, &event->path.remote))
            answer_later(node, (struct sim_event){
                                   .kind = SIM_CHILD_MOVED, .id = sa->child, .path = event->path });
        sa = by_key_in(&node->plane, (uint32_t)event->id, event->key);
    }
    if (sa->used || sa->orphan)
        return;
    sa->used = true;
    answer_later(node, (struct sim_event){ .kind = SIM_CHILD_EVENT,
                                           .id = sa->child,
                                           .code = IKE_CHILD_FIRST_PACKET });
}
