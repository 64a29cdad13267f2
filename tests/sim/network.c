/* SPDX-License-Identifier: Apache-2.0 */
/* network: what the weather does to datagrams and ESP packets. */
#include "tests/sim/sim.h"

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
    sim->counts.datagrams++;
    sim_note(sim, "node %u sends %zu bytes %016llx to port %u", from, data.len,
             (unsigned long long)sim_hash(data), path->remote.port);
    oracle_sent(sim, from, data);
    carry(sim, event, data);
}

void sim_send_esp(struct sim *sim, unsigned from, uint32_t spi, uint64_t key, uint64_t seq)
{
    struct sim_event event = { .kind = SIM_ESP, .node = 1 - from, .id = spi, .key = key, .seq = seq };

    sim->counts.esp_sent++;
    carry(sim, event, span_of(NULL, 0));
}
