/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trial: after a schedule the ends agree, which two dead ends would do as well.
 * So on the healed network everything is asked once more and has to work: set-up,
 * both rekeys from one end, both from both ends at once; after each of them there
 * are as many SAs as before, other ones, and every packet arrives.
 */
#include "tests/sim/sim.h"

#define TRIAL_STEP (40 * NS_PER_S) /* far less than what clears away forgotten SAs */

static void on_done(void *user, int code, const char *text)
{
    struct sim_node *node = user;

    sim_note(node->sim, "node %u: trial done, code %d %s", node->index, code, text ? text : "");
    node->commands_open--;
    if (code)
        node->trial_failed = true;
}

static void ask(struct sim *sim, unsigned index, enum sim_trial what)
{
    struct sim_node *node = &sim->nodes[index];
    const struct ike_target target = { .conn = "sim",
                                       .child_name = what == SIM_TRIAL_REKEY_CHILD ? "net" : NULL };

    node->commands_open++;
    if (what == SIM_TRIAL_SET_UP)
        ike_shard_initiate(node->shard, sim->now, "sim", "net", on_done, node);
    else
        ike_shard_rekey(node->shard, sim->now, &target, what == SIM_TRIAL_REKEY_CHILD, on_done,
                        node);
}

/* What an earlier life left stands, but its peer may be gone. */
static uint64_t n_orphans_sending(const struct sim *sim)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < SIM_NODES; i++)
        for (size_t j = 0; j < sim->nodes[i].plane.n_sas; j++)
            n += sim->nodes[i].plane.sas[j].orphan && sim->nodes[i].plane.sas[j].active_out;
    return n;
}

/* One packet each way on every tunnel; none is lost. */
static void check_traffic(struct sim *sim)
{
    uint64_t delivered = sim->counts.esp_delivered, sent = sim->counts.esp_sent;
    uint64_t orphans = sim->counts.esp_orphan;

    for (unsigned i = 0; i < SIM_NODES; i++)
        sim_plane_traffic(&sim->nodes[i]);
    sent = sim->counts.esp_sent - sent - n_orphans_sending(sim);
    sim_run_until(sim, sim->now + NS_PER_S);
    delivered += sim->counts.esp_orphan - orphans;
    if (sent == 0 || sim->counts.esp_delivered - delivered != sent)
        sim_violation(sim, "O9: %llu of %llu packets arrive on a healed network",
                      (unsigned long long)(sim->counts.esp_delivered - delivered),
                      (unsigned long long)sent);
}

static void run_trial(struct sim *sim, const char *name, enum sim_trial what, bool both)
{
    struct sim_node *nodes = sim->nodes;
    size_t before[SIM_NODES], installs[SIM_NODES];
    unsigned from = rng_below(&sim->rng, SIM_NODES);

    if (sim->violation[0])
        return;
    sim_note(sim, "trial: %s%s", name, both ? " from both ends" : "");
    for (unsigned i = 0; i < SIM_NODES; i++) {
        before[i] = sim_plane_live(&nodes[i].plane);
        installs[i] = nodes[i].plane.n_sas;
        nodes[i].trial_failed = false;
    }
    for (unsigned i = 0; i < SIM_NODES; i++)
        if (both || i == from)
            ask(sim, i, what);
    sim_run_until(sim, sim->now + TRIAL_STEP);
    oracle_end(sim);
    for (unsigned i = 0; i < SIM_NODES; i++) {
        if (nodes[i].trial_failed && !both) /* crossing, one may be told to wait */
            sim_violation(sim, "O9: %s fails on a healed network", name);
        if (what != SIM_TRIAL_SET_UP && sim_plane_live(&nodes[i].plane) != before[i])
            sim_violation(sim, "O9: node %u: %s makes %zu SAs of %zu", i, name,
                          sim_plane_live(&nodes[i].plane), before[i]);
        if (what == SIM_TRIAL_REKEY_CHILD && nodes[i].plane.n_sas == installs[i])
            sim_violation(sim, "O9: node %u: %s changes nothing", i, name);
    }
    check_traffic(sim);
}

static void check_followed(struct sim *sim)
{
    struct sim_node *far = &sim->nodes[1 - sim->weather.nat_node];
    uint16_t port = sim_outer_port(sim, sim->weather.nat_node, IKE_NATT_PORT);

    for (size_t i = 0; i < far->plane.n_sas; i++)
        if (far->plane.sas[i].active_out && !far->plane.sas[i].orphan &&
            far->plane.sas[i].path.remote.port != port)
            sim_violation(sim, "O14: node %u sends to port %u, not to %u", far->index,
                          far->plane.sas[i].path.remote.port, port);
}

/* The NAT's next mapping: one ESP packet from behind it, or one request, and all is
 * known. */
static void run_rebinding(struct sim *sim)
{
    unsigned inside = sim->weather.nat_node;

    if (sim->violation[0] || !sim->weather.nat)
        return;
    sim_rebind(sim);
    sim_run_until(sim, sim->now + NS_PER_S); /* what is in flight from the old one */
    sim_plane_traffic(&sim->nodes[inside]);
    sim_run_until(sim, sim->now + NS_PER_S);
    check_followed(sim);
    check_traffic(sim);
    sim_rebind(sim);
    sim_run_until(sim, sim->now + NS_PER_S);
    ask(sim, inside, SIM_TRIAL_REKEY_CHILD);
    sim_run_until(sim, sim->now + TRIAL_STEP);
    check_followed(sim);
    check_traffic(sim);
}

/* The mapping changes in the middle of a rekey whose ports answer late. */
static void run_rebinding_rekey(struct sim *sim)
{
    const ns_time answer_max = sim->weather.answer_max;

    if (sim->violation[0] || !sim->weather.nat)
        return;
    sim->weather.answer_max = 400 * NS_PER_MS;
    ask(sim, sim->weather.nat_node, SIM_TRIAL_REKEY_CHILD);
    sim_run_until(sim, sim->now + sim_random_time(sim, 0, 1500 * NS_PER_MS));
    sim_rebind(sim);
    sim_plane_traffic(&sim->nodes[sim->weather.nat_node]);
    sim_run_until(sim, sim->now + TRIAL_STEP);
    oracle_end(sim);
    check_followed(sim);
    sim->weather.answer_max = answer_max;
}

void sim_trial(struct sim *sim)
{
    if (sim->weather.lifetimes)
        return; /* what time does would count as done by the trial */
    run_trial(sim, "set-up", SIM_TRIAL_SET_UP, false);
    run_rebinding(sim);
    run_rebinding_rekey(sim);
    run_trial(sim, "a Child SA rekey", SIM_TRIAL_REKEY_CHILD, false);
    run_trial(sim, "a Child SA rekey", SIM_TRIAL_REKEY_CHILD, true);
    run_trial(sim, "an IKE SA rekey", SIM_TRIAL_REKEY_IKE, false);
    run_trial(sim, "an IKE SA rekey", SIM_TRIAL_REKEY_IKE, true);
}
