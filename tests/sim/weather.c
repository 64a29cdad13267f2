/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weather: what a run draws from its seed before it begins: the network, the
 * configuration of both ends, and what may go wrong with them.
 */
#include "tests/sim/sim.h"

#include <stdlib.h>
#include <string.h>

static void parse_or_die(int rc)
{
    if (rc)
        abort();
}

static void child_conf(struct ike_child_conf *child, const char *name, const char *local,
                       const char *remote, const char *esp)
{
    ike_child_conf_init(child, name);
    child->local_ts.n = child->remote_ts.n = 1;
    parse_or_die(ike_ts_parse(local, &child->local_ts.ts[0], NULL));
    parse_or_die(ike_ts_parse(remote, &child->remote_ts.ts[0], NULL));
    parse_or_die(ike_proposal_parse(esp, IKE_PROTO_ESP, &child->esp_proposals[0], NULL));
    child->n_esp_proposals = 1;
    child->rekey_time = child->life_time = 0; /* the schedule rekeys */
}

/* Minutes, the same at both ends or nearly, as operators have them. */
static void put_lifetimes(struct sim *sim, struct ike_conn *conn)
{
    conn->rekey_time = sim_random_time(sim, 300 * NS_PER_S, 1200 * NS_PER_S);
    conn->rand_time = sim_random_time(sim, 0, conn->rekey_time / 4);
    conn->over_time = 300 * NS_PER_S;
    for (unsigned i = 0; i < conn->n_children; i++) {
        struct ike_child_conf *child = &conn->children[i];

        child->rekey_time = sim_random_time(sim, 120 * NS_PER_S, 600 * NS_PER_S);
        child->rand_time = sim_random_time(sim, 0, child->rekey_time / 4);
        child->life_time = child->rekey_time + 300 * NS_PER_S;
        child->start_action = IKE_ACTION_START;
    }
}

/* x25519 mostly: the others cost a hundred times more and add no states. */
static struct ike_conn *make_conn(struct sim *sim, unsigned node, const char *ike, const char *esp)
{
    static const char *const ids[] = { "a.example", "b.example" };
    static const char *const nets[] = { "10.1.0.0/16", "10.2.0.0/16" };
    static const char *const others[] = { "10.3.0.0/16", "10.4.0.0/16" };
    static const char *const lonely[] = { "10.5.0.0/16", "10.6.0.0/16" };
    struct ike_conn *conn = ike_conn_new("sim");

    if (!conn)
        abort();
    conn->local_addrs[0] = ip_addr_v4(0xc6336401u + node);
    conn->remote_addrs[0].lo = conn->remote_addrs[0].hi = ip_addr_v4(0xc6336402u - node);
    conn->n_local_addrs = conn->n_remote_addrs = 1;
    parse_or_die(ike_proposal_parse(ike, IKE_PROTO_IKE, &conn->proposals[0], NULL));
    conn->n_proposals = 1;
    parse_or_die(ike_id_parse(ids[node], &conn->local.id, NULL));
    parse_or_die(ike_id_parse(ids[1 - node], &conn->remote.id, NULL));
    conn->local.auth = conn->remote.auth = IKE_AUTH_PSK;
    conn->encap = !sim->weather.nat || sim_chance(sim, 500);
    conn->rekey_time = 0;
    conn->dpd_delay = 20 * NS_PER_S; /* what tells an end that the other has given up */
    child_conf(&conn->children[0], "net", nets[node], nets[1 - node], esp);
    child_conf(&conn->children[1], "other", others[node], others[1 - node], esp);
    child_conf(&conn->children[2], "lonely", lonely[node], lonely[node], esp); /* not the peer's */
    conn->n_children = 3;
    for (unsigned i = 0; i < conn->n_children; i++)
        if (sim_chance(sim, 300))
            conn->children[i].dpd_action = IKE_DPD_RESTART;
    if (sim->weather.lifetimes)
        put_lifetimes(sim, conn);
    return conn;
}

void sim_draw_weather(struct sim *sim)
{
    static const ns_time delays[] = { NS_PER_MS, 20 * NS_PER_MS, 300 * NS_PER_MS, 3 * NS_PER_S };
    static const ns_time answers[] = { 0, 0, 2 * NS_PER_MS, 400 * NS_PER_MS };

    sim->weather = (struct sim_weather){
        .loss = sim_chance(sim, 250) ? 0 : rng_below(&sim->rng, 300),
        .duplicate = rng_below(&sim->rng, 200),
        .delay_min = NS_PER_MS / 2,
        .delay_max = delays[rng_below(&sim->rng, 4)],
        .answer_max = answers[rng_below(&sim->rng, 4)],
        .spi_space = sim_chance(sim, 200) ? 64 : 0,
        .crashes = sim_chance(sim, 200),
        .plane_stands = sim_chance(sim, 500),
        .naps = sim_chance(sim, 150),
        .nat = sim_chance(sim, 250),
        .nat_node = rng_below(&sim->rng, SIM_NODES),
        .lifetimes = sim_chance(sim, 50),
        .secrets_change = sim_chance(sim, 150),
    };
    if (sim->weather.lifetimes && sim_chance(sim, 500)) {
        sim->weather.calm = true;
        sim->weather.loss = 0;
        sim->weather.crashes = sim->weather.naps = sim->weather.nat = false;
    }
    if (sim->weather.nat)
        sim_rebind(sim);
}

void sim_open_nodes(struct sim *sim)
{
    static const char *const ikes[] = { "aes256gcm16-prfsha384-x25519",
                                        "aes128gcm16-prfsha256-x25519",
                                        "aes256-sha256-prfsha256-x25519",
                                        "aes128gcm16-prfsha256-ecp256" };
    static const char *const esps[] = { "aes128gcm16", "aes256gcm16-x25519",
                                        "aes128gcm16-x25519-esn" };
    const char *ike = ikes[rng_below(&sim->rng, 4)];
    const char *esp = esps[rng_below(&sim->rng, 3)];
    const char *guess = strstr(ike, "ecp256") ? "aes128gcm16-prfsha256-x25519-ecp256" : ike;

    for (unsigned i = 0; i < SIM_NODES; i++) {
        sim_node_open(sim, i);
        sim->conns[i] = make_conn(sim, i, i ? ike : guess, esp);
        parse_or_die(ike_shard_conn_put(sim->nodes[i].shard, sim->conns[i], NULL));
    }
}
