/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle: what must hold.
 *
 *   O1  no outbound key is installed twice, by anyone, in either direction
 *   O2  no IKE message under one key repeats an IV with other bytes; a message that
 *       is repeated has the same bytes; what a request gets is its own answer
 *   O3  both ends of an IKE SA have the same keys
 *   O4  both ends of a Child SA have the same keys, suite and mirrored selectors
 *   O5  no live inbound SPI stands twice on one end
 *   O6  a tunnel has at most one outbound SA in use
 *   O7  a rekeyed outbound SA is used only when its inbound end is live (plane.c)
 *   O8  when the network has healed: both ends have the same IKE SAs and Child
 *       SAs, every Child SA is installed and no other; one outbound SA a tunnel
 *       is in use; no SPI is reserved, no private key held, no command unanswered
 *   O9  on the healed network all exchanges work, also crossing, leave as many SAs
 *       as there were, and no packet is lost (trial.c)
 *   O10 no packet in flight comes for a replaced SA after its removal (plane.c)
 *   O11 the install port is used as ports.h says (plane.c)
 *   O12 no ESP key meets a sequence number, which is its IV, twice; also over a crash
 *       that leaves the data plane standing (two lives of a core, one of an SA)
 *   O13 an SA that outlives its core goes only when its peer uses another (plane.c)
 *   O14 both ends follow a NAT that maps anew (trial.c), Child SAs with their IKE SA
 *   O15 for hours without loss nothing goes down: rekeys come before lifetimes end (node.c)
 */
#include "tests/sim/sim.h"

#include <stdlib.h>
#include <string.h>

#define SETS_LEN 65536 /* open addressing; a run inserts far fewer */
#define LIST_MAX 512

struct sealed {
    uint64_t name; /* of (SPIs, direction, IV); 0 = empty */
    uint64_t bytes;
};

struct ike_keys_seen {
    uint64_t spi_i, spi_r, hash;
};

struct oracle {
    struct sealed sealed[SETS_LEN];
    uint64_t keys_out[SETS_LEN];
    uint64_t last_seq[SETS_LEN]; /* of keys_out */
    struct ike_keys_seen ike[LIST_MAX * 8];
    size_t n_ike;
};

void oracle_open(struct sim *sim)
{
    sim->oracle = calloc(1, sizeof *sim->oracle);
    if (!sim->oracle)
        abort();
}

void oracle_close(struct sim *sim)
{
    free(sim->oracle);
}

/* --- O1, O2, O3: as it happens --- */

/* One name, one sequence of bytes. */
static bool is_same(struct sim *sim, struct span id, uint64_t bytes)
{
    uint64_t name = sim_hash(id) | 1;
    size_t i;

    for (i = name % SETS_LEN; sim->oracle->sealed[i].name; i = (i + 1) % SETS_LEN) {
        if (sim->oracle->sealed[i].name != name)
            continue;
        return sim->oracle->sealed[i].bytes == bytes;
    }
    sim->oracle->sealed[i] = (struct sealed){ name, bytes };
    return true;
}

void oracle_sent(struct sim *sim, unsigned from, struct span datagram)
{
    const struct sim_node *node = &sim->nodes[from];
    uint64_t bytes = sim_hash(datagram);
    uint8_t id[26];

    if (datagram.len < 40 || datagram.p[16] != IKE_PL_SK)
        return;
    memcpy(id, datagram.p, 16);
    memcpy(id + 16, datagram.p + 32, 8); /* the explicit IV */
    id[24] = (uint8_t)from;
    id[25] = 0xff; /* no value of the flags */
    if (!is_same(sim, span_of(id, sizeof id), bytes))
        sim_violation(sim, "O2: node %u sealed two IKE messages under one IV", from);
    memset(id + 16, 0, 8);
    memcpy(id + 16, datagram.p + 20, 4); /* the message id */
    id[25] = datagram.p[19];
    if (!is_same(sim, span_of(id, sizeof id), bytes))
        sim_violation(sim, "O2: node %u repeats an IKE message with other bytes", from);
    if ((datagram.p[19] & IKE_FLAG_RESPONSE) && node->in_request &&
        get_be64(datagram.p) == node->request_spis[0] &&
        get_be64(datagram.p + 8) == node->request_spis[1] &&
        get_be32(datagram.p + 20) != node->request_id)
        sim_violation(sim, "O2: node %u answers request %u with the answer to another one", from,
                      node->request_id);
}

/* Names the request that is being delivered, if it is one. */
void oracle_delivers(struct sim_node *node, struct span datagram)
{
    node->in_request = datagram.len >= 28 && !(datagram.p[19] & IKE_FLAG_RESPONSE);
    if (!node->in_request)
        return;
    node->request_spis[0] = get_be64(datagram.p);
    node->request_spis[1] = get_be64(datagram.p + 8);
    node->request_id = get_be32(datagram.p + 20);
}

void oracle_keys(struct sim *sim, unsigned node, const struct ike_keylog *keys)
{
    struct oracle *o = sim->oracle;
    uint64_t hash = sim_hash(keys->sk_ei) ^ 3 * sim_hash(keys->sk_er) ^ 5 * sim_hash(keys->sk_ai) ^
                    7 * sim_hash(keys->sk_ar);

    for (size_t i = 0; i < o->n_ike; i++) {
        if (o->ike[i].spi_i == keys->spi_i && o->ike[i].spi_r == keys->spi_r) {
            if (o->ike[i].hash != hash)
                sim_violation(sim, "O3: node %u has other keys for IKE SA %016llx than its peer",
                              node, (unsigned long long)keys->spi_i);
            return;
        }
        if (o->ike[i].hash == hash)
            sim_violation(sim, "O3: two IKE SAs share their keys");
    }
    if (o->n_ike == LIST_MAX * 8)
        abort();
    o->ike[o->n_ike++] = (struct ike_keys_seen){ keys->spi_i, keys->spi_r, hash };
}

void oracle_esp_sent(struct sim *sim, unsigned node, uint64_t key, uint64_t seq)
{
    struct oracle *o = sim->oracle;
    size_t i = (key | 1) % SETS_LEN;

    while (o->keys_out[i] && o->keys_out[i] != (key | 1))
        i = (i + 1) % SETS_LEN;
    if (!o->keys_out[i] || seq <= o->last_seq[i])
        sim_violation(sim, "O12: node %u seals a second packet under sequence number %llu", node,
                      (unsigned long long)seq);
    o->last_seq[i] = seq;
}

static void check_peer(struct sim *sim, unsigned node, const struct plane_sa *sa);

void oracle_installed(struct sim *sim, unsigned node, const struct plane_sa *sa)
{
    uint64_t key = sa->key_out | 1;
    size_t i;

    if (sa->key_in == sa->key_out)
        sim_violation(sim, "O1: node %u uses one key in both directions", node);
    for (i = key % SETS_LEN; sim->oracle->keys_out[i]; i = (i + 1) % SETS_LEN)
        if (sim->oracle->keys_out[i] == key)
            sim_violation(sim, "O1: node %u installs an outbound key a second time", node);
    sim->oracle->keys_out[i] = key;
    for (size_t n = 0; n + 1 < sim->nodes[node].plane.n_sas; n++)
        if (!sim->nodes[node].plane.sas[n].removed &&
            sim->nodes[node].plane.sas[n].spi_in == sa->spi_in)
            sim_violation(sim, "O5: node %u has inbound SPI %08x twice", node, sa->spi_in);
    check_peer(sim, node, sa);
}

/* --- O4, O6: after every step --- */

static void check_peer(struct sim *sim, unsigned node, const struct plane_sa *sa)
{
    const struct plane_sa *peer =
        sim_plane_by_spi_in(&sim->nodes[1 - node].plane, sa->spi_out, true);

    if (!peer || peer->spi_out != sa->spi_in)
        return;
    if (peer->key_in != sa->key_out || peer->key_out != sa->key_in)
        sim_violation(sim, "O4: Child SA %08x: the keys of the ends differ", sa->spi_in);
    else if (!ike_ts_eq(&peer->local_ts, &sa->remote_ts) ||
             !ike_ts_eq(&peer->remote_ts, &sa->local_ts))
        sim_violation(sim, "O4: Child SA %08x: the selectors of the ends differ", sa->spi_in);
    else if (memcmp(&peer->suite.encr, &sa->suite.encr, sizeof sa->suite.encr) ||
             peer->suite.esn.id != sa->suite.esn.id)
        sim_violation(sim, "O4: Child SA %08x: the suites of the ends differ", sa->spi_in);
}

static void check_one_in_use(struct sim *sim, unsigned node)
{
    const struct plane *plane = &sim->nodes[node].plane;

    for (size_t i = 0; i < plane->n_sas; i++)
        for (size_t j = i + 1; plane->sas[i].active_out && j < plane->n_sas; j++)
            if (plane->sas[j].active_out && plane->sas[j].tunnel == plane->sas[i].tunnel)
                sim_violation(sim, "O6: node %u uses two outbound SAs for one tunnel", node);
}

void oracle_step(struct sim *sim)
{
    for (unsigned node = 0; node < SIM_NODES; node++) {
        const struct plane *plane = &sim->nodes[node].plane;

        for (size_t i = 0; i < plane->n_sas; i++)
            if (!plane->sas[i].removed)
                check_peer(sim, node, &plane->sas[i]);
        check_one_in_use(sim, node);
    }
}

/* --- O8: at the end --- */

struct view {
    uint64_t ike[LIST_MAX][2];
    uint32_t child[LIST_MAX][2]; /* in, out */
    size_t n_ike, n_child;
    struct ike_path path; /* of the IKE SA being walked */
    struct sim_node *node;
};

static int view_child(void *user, const struct ike_child_info *child)
{
    struct view *view = user;
    const struct plane_sa *sa = sim_plane_by_spi_in(&view->node->plane, child->spi_in, true);

    if (sa && sa->live && !ip_endpoint_eq(&sa->path.remote, &view->path.remote))
        sim_violation(view->node->sim, "O14: node %u: child %08x sends elsewhere than its IKE SA",
                      view->node->index, child->spi_in);
    if (view->n_child == LIST_MAX)
        return -1;
    view->child[view->n_child][0] = child->spi_in;
    view->child[view->n_child++][1] = child->spi_out;
    if (strcmp(child->state, "INSTALLED"))
        sim_violation(view->node->sim,
                      "O8: node %u: child %08x is %s long after the network healed",
                      view->node->index, child->spi_in, child->state);
    return 0;
}

static int view_ike(void *user, const struct ike_sa_info *sa)
{
    struct view *view = user;

    if (view->n_ike == LIST_MAX)
        return -1;
    view->path = sa->path;
    view->ike[view->n_ike][0] = sa->spi_i;
    view->ike[view->n_ike++][1] = sa->spi_r;
    if (strcmp(sa->state, "ESTABLISHED"))
        sim_violation(view->node->sim,
                      "O8: node %u: IKE SA %016llx is %s long after the network healed",
                      view->node->index, (unsigned long long)sa->spi_i, sa->state);
    return ike_shard_each_child(view->node->shard, sa->ike, view_child, user);
}

static bool has_ike(const struct view *view, const uint64_t spis[2])
{
    for (size_t i = 0; i < view->n_ike; i++)
        if (view->ike[i][0] == spis[0] && view->ike[i][1] == spis[1])
            return true;
    return false;
}

static bool has_child(const struct view *view, uint32_t in, uint32_t out)
{
    for (size_t i = 0; i < view->n_child; i++)
        if (view->child[i][0] == in && view->child[i][1] == out)
            return true;
    return false;
}

static void compare(struct sim *sim, const struct view *a, const struct view *b)
{
    for (size_t i = 0; i < a->n_ike; i++)
        if (!has_ike(b, a->ike[i]))
            sim_violation(sim, "O8: IKE SA %016llx/%016llx is on node %u alone",
                          (unsigned long long)a->ike[i][0], (unsigned long long)a->ike[i][1],
                          a->node->index);
    for (size_t i = 0; i < a->n_child; i++)
        if (!has_child(b, a->child[i][1], a->child[i][0]))
            sim_violation(sim, "O8: Child SA %08x/%08x is on node %u alone", a->child[i][0],
                          a->child[i][1], a->node->index);
}

static bool tunnel_in_use(const struct plane *plane, uint64_t tunnel)
{
    for (size_t i = 0; i < plane->n_sas; i++)
        if (plane->sas[i].active_out && !plane->sas[i].removed && plane->sas[i].tunnel == tunnel)
            return true;
    return false;
}

static bool has_heir(const struct plane *plane, const struct plane_sa *orphan)
{
    for (size_t i = 0; i < plane->n_sas; i++) {
        const struct plane_sa *sa = &plane->sas[i];

        if (!sa->orphan && !sa->removed && sa->active_out &&
            ike_ts_eq(&sa->local_ts, &orphan->local_ts) &&
            ike_ts_eq(&sa->remote_ts, &orphan->remote_ts))
            return true;
    }
    return false;
}

static void check_plane(struct sim *sim, const struct view *view)
{
    struct sim_node *node = view->node;

    for (size_t i = 0; i < node->plane.n_sas; i++) {
        const struct plane_sa *sa = &node->plane.sas[i];

        if (sa->removed)
            continue;
        if (sa->orphan) { /* stands until there is something in its place */
            if (has_heir(&node->plane, sa))
                sim_violation(sim, "O13: node %u: orphan %08x stays after it was taken over",
                              node->index, sa->spi_in);
            continue;
        }
        if (!has_child(view, sa->spi_in, sa->spi_out))
            sim_violation(sim, "O8: node %u: SA %08x is installed but unknown to the core",
                          node->index, sa->spi_in);
        if (!tunnel_in_use(&node->plane, sa->tunnel))
            sim_violation(sim, "O8: node %u: no outbound SA of child %08x's tunnel is in use",
                          node->index, sa->spi_in);
    }
    if (sim_plane_live(&node->plane) != view->n_child)
        sim_violation(sim, "O8: node %u: %zu SAs installed, %zu known", node->index,
                      sim_plane_live(&node->plane), view->n_child);
    if (node->plane.n_reserved)
        sim_violation(sim, "O8: node %u: %zu SPIs reserved and forgotten", node->index,
                      node->plane.n_reserved);
    if (ike_local_crypto_handles(node->crypto))
        sim_violation(sim, "O8: node %u: %u private keys forgotten", node->index,
                      ike_local_crypto_handles(node->crypto));
    if (node->commands_open)
        sim_violation(sim, "O8: node %u: %u commands never answered", node->index,
                      node->commands_open);
}

void oracle_end(struct sim *sim)
{
    struct view *views = calloc(SIM_NODES, sizeof *views);

    if (!views)
        abort();
    for (unsigned i = 0; i < SIM_NODES; i++) {
        views[i].node = &sim->nodes[i];
        if (ike_shard_each(sim->nodes[i].shard, view_ike, &views[i]))
            sim_violation(sim, "O8: node %u has more SAs than the oracle can hold", i);
    }
    for (unsigned i = 0; i < SIM_NODES && !sim->violation[0]; i++) {
        compare(sim, &views[i], &views[1 - i]);
        check_plane(sim, &views[i]);
    }
    free(views);
}
