/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network: what the weather does to datagrams and ESP packets.
 *
 * The NAT maps the source ports of one end.  What comes for the ports 500 and 4500
 * of its outer address it passes on (a fixed forwarding), so that either end can
 * begin; what comes for a mapping that is no more is lost.
 */
#include "tests/sim/sim.h"

uint16_t sim_outer_port(const struct sim *sim, unsigned node, uint16_t inner)
{
    if (!sim->weather.nat || node != sim->weather.nat_node)
        return inner;
    return (uint16_t)(sim->nat_port + (inner == IKE_NATT_PORT));
}

void sim_rebind(struct sim *sim)
{
    sim->nat_port = (uint16_t)(10000 + 2 * rng_below(&sim->rng, 25000));
    sim->counts.rebindings++;
    sim_note(sim, "the NAT maps to ports %u and %u", sim->nat_port, sim->nat_port + 1);
}

bool sim_arrives(struct sim *sim, struct sim_event *event)
{
    uint16_t port = event->path.local.port;

    if (sim_node_asleep(&sim->nodes[event->node]))
        return false;
    if (!sim->weather.nat || event->node != sim->weather.nat_node || port == IKE_PORT ||
        port == IKE_NATT_PORT)
        return true;
    if (port != sim->nat_port && port != sim->nat_port + 1)
        return false;
    event->path.local.port = port == sim->nat_port ? IKE_PORT : IKE_NATT_PORT;
    return true;
}

static void carry(struct sim *sim, struct sim_event event, struct span data)
{
    unsigned copies = 1;

    if (sim_chance(sim, sim->weather.loss)) {
        sim->counts.lost++;
        copies = 0;
    } else if (sim_chance(sim, sim->weather.duplicate)) {
        sim->counts.duplicated++;
        copies = 2;
    }
    while (copies--) {
        event.at = sim->now + sim_random_time(sim, sim->weather.delay_min, sim->weather.delay_max);
        sim_queue_push(&sim->queue, event, data);
    }
}

void sim_send(struct sim *sim, unsigned from, const struct ike_path *path, struct span data)
{
    struct sim_event event = { .kind = SIM_DATAGRAM, .node = 1 - from };

    event.path.local = path->remote;
    event.path.remote = path->local;
    event.path.remote.port = sim_outer_port(sim, from, path->local.port);
    sim->counts.datagrams++;
    sim_note(sim, "node %u sends %zu bytes %016llx to port %u", from, data.len,
             (unsigned long long)sim_hash(data), path->remote.port);
    oracle_sent(sim, from, data);
    carry(sim, event, data);
}

void sim_send_esp(struct sim *sim, unsigned from, const struct plane_sa *sa)
{
    struct sim_event event = {
        .kind = SIM_ESP, .node = 1 - from, .id = sa->spi_out, .key = sa->key_out, .seq = sa->seq_out
    };

    event.path.local = sa->path.remote;
    event.path.remote = sa->path.local;
    event.path.remote.port = sim_outer_port(sim, from, sa->path.local.port);
    oracle_esp_sent(sim, from, sa->key_out, sa->seq_out);

    sim->counts.esp_sent++;
    carry(sim, event, span_of(NULL, 0));
}
