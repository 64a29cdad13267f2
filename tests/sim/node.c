/* SPDX-License-Identifier: Apache-2.0 */
/* node: one end: a shard, its ports, and the answers that come at once or late. */
#include "tests/sim/sim.h"

#include <stdlib.h>
#include <string.h>

/* --- ports --- */

static void port_datagram(void *user, const struct ike_path *path, struct span data)
{
    struct sim_node *node = user;

    sim_send(node->sim, node->index, path, data);
}

static void port_keepalive(void *user, const struct ike_path *path)
{
    (void)user, (void)path;
}

static void port_arm(void *user, ns_time at)
{
    struct sim_node *node = user;

    node->armed = at;
}

static void answer(struct sim_node *node, struct sim_event event, struct span data)
{
    struct sim *sim = node->sim;

    event.node = node->index;
    event.life = node->life;
    event.at = sim->now + sim_random_time(sim, 0, sim->weather.answer_max);
    if (event.at > sim->now) {
        sim_queue_push(&sim->queue, event, data);
        return;
    }
    event.data = (uint8_t *)(uintptr_t)data.p;
    event.len = data.len;
    sim_node_deliver(node, &event);
}

static void on_ke(void *user, ike_job job, int code, uint64_t handle, struct span public_value)
{
    answer(user,
           (struct sim_event){ .kind = SIM_ANSWER_KE, .job = job, .code = code, .id = handle },
           public_value);
}

static void on_shared(void *user, ike_job job, int code, struct span secret)
{
    answer(user, (struct sim_event){ .kind = SIM_ANSWER_SHARED, .job = job, .code = code }, secret);
}

static void on_auth(void *user, ike_job job, int code, uint8_t method, struct span auth)
{
    answer(
        user,
        (struct sim_event){ .kind = SIM_ANSWER_AUTH, .job = job, .code = code, .method = method },
        auth);
}

static int psk(void *user, const char *conn, const struct ike_id *local_id,
               const struct ike_id *remote_id, struct secret *ret)
{
    static const char secret[] = "a secret of the simulator, 32 by";
    const struct sim_node *node = user;

    (void)conn, (void)local_id, (void)remote_id;
    secret_set(ret, secret, sizeof secret - 1 - node->other_secret);
    return 0;
}

/* --- observers --- */

static void on_ike(void *user, enum ike_change what, const struct ike_sa_info *sa,
                   const char *reason)
{
    struct sim_node *node = user;

    if (node->sim->weather.calm && what == IKE_CHANGE_DOWN)
        sim_violation(node->sim, "O15: node %u: an IKE SA goes down: %s", node->index,
                      reason ? reason : "");
    node->sim->counts.ike_up += what == IKE_CHANGE_UP;
    node->sim->counts.ike_rekeys += what == IKE_CHANGE_REKEYED;
    sim_note(node->sim, "node %u: IKE SA %016llx/%016llx change %d %s", node->index,
             (unsigned long long)sa->spi_i, (unsigned long long)sa->spi_r, (int)what,
             reason ? reason : "");
}

static void on_child(void *user, enum ike_change what, const struct ike_sa_info *sa,
                     const struct ike_child_info *child, const char *reason)
{
    struct sim_node *node = user;

    (void)sa;
    if (node->sim->weather.calm && what == IKE_CHANGE_DOWN)
        sim_violation(node->sim, "O15: node %u: child %08x goes down: %s", node->index,
                      child->spi_in, reason ? reason : "");
    node->sim->counts.child_up += what == IKE_CHANGE_UP;
    node->sim->counts.child_rekeys += what == IKE_CHANGE_REKEYED;
    sim_note(node->sim, "node %u: child %08x/%08x change %d %s", node->index, child->spi_in,
             child->spi_out, (int)what, reason ? reason : "");
}

static void on_keys(void *user, const struct ike_keylog *keys)
{
    struct sim_node *node = user;

    oracle_keys(node->sim, node->index, keys);
}

static void on_log(void *user, int level, bool peer_caused, const char *text)
{
    struct sim_node *node = user;

    (void)level, (void)peer_caused;
    sim_note(node->sim, "node %u log: %s", node->index, text);
}

/* --- life --- */

static void open_crypto(struct sim_node *node)
{
    struct ike_local_crypto_opts opts = {
        .rng = node->rng,
        .secrets = { psk, node },
        .answers = { .ke = on_ke, .shared = on_shared, .auth = on_auth, .user = node },
        .handles_max = 4096,
    };

    if (ike_local_crypto_new(&opts, &node->crypto, NULL))
        abort();
}

static void open_shard(struct sim_node *node)
{
    struct ike_shard_opts opts = { .index = (uint8_t)node->index };
    struct err err;

    open_crypto(node);
    opts.ports = (struct ike_ports){
        .send = { port_datagram, port_keepalive, node },
        .timer = { port_arm, node },
        .rng = node->rng,
        .install = sim_plane_port(node),
        .crypto = ike_local_crypto_port(node->crypto),
    };
    opts.observer = (struct ike_observer){ on_ike, on_child, on_keys, on_log, node };
    if (ike_shard_new(&opts, &node->shard, &err))
        abort();
}

void sim_node_open(struct sim *sim, unsigned index)
{
    struct sim_node *node = &sim->nodes[index];

    memset(node, 0, sizeof *node);
    node->sim = sim;
    node->index = index;
    node->addr = ip_addr_v4(0xc6336401u + index); /* 198.51.100.1 and .2 */
    node->rng = seeded_rng_init(&node->seeded, sim->seed * 2 + index + 1000003);
    open_shard(node);
}

bool sim_node_asleep(const struct sim_node *node)
{
    return node->sim->now < node->asleep_until;
}

void sim_node_crash(struct sim_node *node, bool plane_stands)
{
    struct sim *sim = node->sim;

    sim_note(sim, "node %u crashes%s", node->index, plane_stands ? ", its data plane stands" : "");
    sim->counts.crashes++;
    node->life++;
    ike_shard_free(node->shard);
    ike_local_crypto_free(node->crypto);
    if (plane_stands)
        sim_plane_orphan(node);
    else
        sim_plane_crash(&node->plane);
    node->armed = 0;
    open_shard(node);
    if (ike_shard_conn_put(node->shard, sim->conns[node->index], NULL))
        abort();
}

void sim_node_close(struct sim_node *node)
{
    ike_shard_free(node->shard);
    ike_local_crypto_free(node->crypto);
    sim_plane_close(&node->plane);
}

void sim_node_deliver(struct sim_node *node, const struct sim_event *event)
{
    ns_time now = node->sim->now;
    struct span data = span_of(event->data, event->len);

    switch (event->kind) {
    case SIM_DATAGRAM:
        oracle_delivers(node, data);
        ike_shard_receive(node->shard, now, &event->path, data);
        node->in_request = false;
        break;
    case SIM_ESP:
        sim_plane_esp(node, event);
        break;
    case SIM_ANSWER_SPI:
        ike_shard_answer_spi(node->shard, now, event->job, event->code, (uint32_t)event->id);
        break;
    case SIM_ANSWER_INSTALL:
        ike_shard_answer_install(node->shard, now, event->job, event->code, "");
        break;
    case SIM_ANSWER_KE:
        ike_shard_answer_ke(node->shard, now, event->job, event->code, event->id, data);
        break;
    case SIM_ANSWER_SHARED:
        ike_shard_answer_shared(node->shard, now, event->job, event->code, data);
        break;
    case SIM_ANSWER_AUTH:
        ike_shard_answer_auth(node->shard, now, event->job, event->code, event->method, data);
        break;
    case SIM_CHILD_EVENT:
        ike_shard_child_event(node->shard, now, event->id, (enum ike_child_event)event->code);
        break;
    case SIM_CHILD_MOVED:
        ike_shard_child_moved(node->shard, now, event->id, &event->path.remote);
        break;
    case SIM_ORPHAN_DROP:
    case SIM_TRAFFIC:
    case SIM_OPERATE:
        break; /* plane.c, schedule.c */
    }
}
