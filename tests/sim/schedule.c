/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schedule: one run.  Operations are drawn from the seed: set-up from either side or both, both
 * rekeys from either side or both at once, new and deleted Child SAs, deleted IKE SAs, limits and
 * losses reported by the data plane, ends that crash and forget all; in some runs SPIs are few and
 * come again.  Then the network heals, nothing more is asked, and long after that
 * the oracle compares the ends.
 */
#include "tests/sim/sim.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define OPERATIONS_MIN 4
#define OPERATIONS_MAX 16
#define STEPS_MAX 400000 /* a run that goes on longer is a loop */
#define QUIET_TRIES 60   /* with lifetimes on: so often a rekey may be under way at the end */

/* What may be asked of a run: commands (see command()), then what befalls an end. */
enum operation { OP_DISTURB = 11, OP_CRASH, OP_NAP, OP_REBIND, OP_SECRET, OP_LONELY };

ns_time sim_random_time(struct sim *sim, ns_time lo, ns_time hi)
{
    uint64_t v;

    if (hi <= lo)
        return lo;
    rng_fill(&sim->rng, &v, sizeof v);
    return lo + v % (hi - lo + 1);
}

bool sim_chance(struct sim *sim, unsigned per_1000)
{
    return rng_below(&sim->rng, 1000) < per_1000;
}

uint64_t sim_hash(struct span s)
{
    uint64_t h = 0xcbf29ce484222325ull;

    for (size_t i = 0; i < s.len; i++)
        h = (h ^ s.p[i]) * 0x100000001b3ull;
    return h;
}

void sim_note(struct sim *sim, const char *fmt, ...)
{
    va_list ap;

    if (!sim->transcript)
        return;
    fprintf(sim->transcript, "%13.6f ", (double)sim->now / 1e9);
    va_start(ap, fmt);
    vfprintf(sim->transcript, fmt, ap);
    va_end(ap);
    fputc('\n', sim->transcript);
}

void sim_violation(struct sim *sim, const char *fmt, ...)
{
    va_list ap;

    if (sim->violation[0])
        return; /* the first one tells most */
    va_start(ap, fmt);
    vsnprintf(sim->violation, sizeof sim->violation, fmt, ap);
    va_end(ap);
    sim_note(sim, "VIOLATION %s", sim->violation);
}

/* --- operations --- */

static void on_done(void *user, int code, const char *text)
{
    struct sim_node *node = user;

    sim_note(node->sim, "node %u: command done, code %d %s", node->index, code, text ? text : "");
    if (node->commands_open == 0)
        sim_violation(node->sim, "node %u: a command was answered twice", node->index);
    else
        node->commands_open--;
}

static void command(struct sim *sim, struct sim_node *node, unsigned what)
{
    struct ike_target all = { .conn = "sim" };
    struct ike_target net = { .conn = "sim", .child_name = "net" };

    node->commands_open++;
    switch (what) {
    case 0:
    case 1:
        ike_shard_initiate(node->shard, sim->now, "sim", "net", on_done, node);
        return;
    case 2:
        ike_shard_initiate(node->shard, sim->now, "sim", "other", on_done, node);
        return;
    case OP_LONELY: /* the peer has nothing of the kind */
        ike_shard_initiate(node->shard, sim->now, "sim", "lonely", on_done, node);
        return;
    case 3:
    case 4:
    case 5:
        ike_shard_rekey(node->shard, sim->now, &net, true, on_done, node);
        return;
    case 6:
    case 7:
    case 8:
        ike_shard_rekey(node->shard, sim->now, &all, false, on_done, node);
        return;
    case 9:
        ike_shard_terminate(node->shard, sim->now, &net, on_done, node);
        return;
    default:
        ike_shard_terminate(node->shard, sim->now, &all, on_done, node);
        return;
    }
}

/* What a data plane reports of any of its SAs. */
static void disturb(struct sim *sim, struct sim_node *node)
{
    static const enum ike_child_event what[] = { IKE_CHILD_SOFT_LIMIT, IKE_CHILD_SOFT_LIMIT,
                                                 IKE_CHILD_LOST, IKE_CHILD_HARD_LIMIT };
    size_t n = node->plane.n_sas;
    struct plane_sa *sa = n ? &node->plane.sas[rng_below(&sim->rng, (uint32_t)n)] : NULL;

    enum ike_child_event event;

    if (!sa || !sa->live || sa->removed)
        return;
    event = what[rng_below(&sim->rng, 4)];
    sa->spent |= event == IKE_CHILD_HARD_LIMIT;
    ike_shard_child_event(node->shard, sim->now, sa->child, event);
}

/* A lid that is closed: minutes, or hours. */
static void nap(struct sim *sim, struct sim_node *node)
{
    ns_time longest = sim_chance(sim, 500) ? 5 * 60 * NS_PER_S : 3 * 3600 * NS_PER_S;

    node->asleep_until = sim->now + sim_random_time(sim, NS_PER_S, longest);
    sim->counts.naps++;
    sim_note(sim, "node %u sleeps until %.3f", node->index, (double)node->asleep_until / 1e9);
}

/* The daemon starts what is to be up, as after every start. */
static void crash(struct sim *sim, struct sim_node *node)
{
    sim_node_crash(node, sim->weather.plane_stands);
    node->commands_open = 0;
    if (sim->weather.lifetimes)
        command(sim, node, 0);
}

static void operate_on(struct sim *sim, unsigned index, unsigned what)
{
    const struct sim_weather *weather = &sim->weather;
    struct sim_node *node = &sim->nodes[index];

    if (sim_node_asleep(node))
        return;
    if ((what == OP_CRASH && !weather->crashes) || (what == OP_NAP && !weather->naps) ||
        (what == OP_REBIND && !weather->nat) || (what == OP_SECRET && !weather->secrets_change))
        what = OP_DISTURB;
    sim->counts.operations++;
    sim_note(sim, "node %u: operation %u", index, what);
    if (what == OP_DISTURB)
        disturb(sim, node);
    else if (what == OP_CRASH)
        crash(sim, node);
    else if (what == OP_NAP)
        nap(sim, node);
    else if (what == OP_REBIND)
        sim_rebind(sim);
    else if (what == OP_SECRET)
        node->other_secret = !node->other_secret;
    else
        command(sim, node, what);
}

static void operate(struct sim *sim)
{
    unsigned node = rng_below(&sim->rng, SIM_NODES);
    unsigned lowest = sim->weather.lifetimes ? OP_DISTURB : 0; /* no operator */
    unsigned highest = sim->weather.lifetimes ? OP_SECRET : OP_LONELY;
    unsigned what = lowest + rng_below(&sim->rng, highest + 1 - lowest);

    if (sim->weather.calm)
        return; /* the one that marks the end */
    operate_on(sim, node, what);
    if (sim_chance(sim, 300)) { /* both ends at once */
        sim->counts.crossings++;
        operate_on(sim, 1 - node,
                   sim_chance(sim, 600) ? what
                                        : lowest + rng_below(&sim->rng, highest + 1 - lowest));
    }
}

/* Hours in which only time does anything, and now and then the world. */
static void plan_hours(struct sim *sim)
{
    ns_time end = sim->now + sim_random_time(sim, 3600 * NS_PER_S, 6 * 3600 * NS_PER_S);

    for (unsigned i = 0; i < SIM_NODES; i++)
        if (i == 0 || sim_chance(sim, 500))
            operate_on(sim, i, 0);
    for (ns_time t = sim->now + 120 * NS_PER_S; !sim->weather.calm && t < end;
         t += sim_random_time(sim, NS_PER_S, 3600 * NS_PER_S))
        sim_queue_push(&sim->queue, (struct sim_event){ .at = t, .kind = SIM_OPERATE },
                       span_of(NULL, 0));
    sim_queue_push(&sim->queue, (struct sim_event){ .at = end, .kind = SIM_OPERATE },
                   span_of(NULL, 0));
    for (ns_time t = sim->now; t < end; t += sim_random_time(sim, NS_PER_S, 60 * NS_PER_S))
        sim_queue_push(&sim->queue, (struct sim_event){ .at = t, .kind = SIM_TRAFFIC },
                       span_of(NULL, 0));
}

static void plan(struct sim *sim)
{
    unsigned n = OPERATIONS_MIN + rng_below(&sim->rng, OPERATIONS_MAX - OPERATIONS_MIN);
    ns_time at = sim->now;

    operate_on(sim, rng_below(&sim->rng, SIM_NODES), 0);
    for (unsigned i = 0; i < n; i++) {
        /* Close together (crossing), or far apart (settled in between). */
        at += sim_chance(sim, 500) ? sim_random_time(sim, 0, NS_PER_S)
                                   : sim_random_time(sim, 0, 30 * NS_PER_S);
        sim_queue_push(&sim->queue, (struct sim_event){ .at = at, .kind = SIM_OPERATE },
                       span_of(NULL, 0));
    }
    for (ns_time t = sim->now; t < at + 60 * NS_PER_S;
         t += sim_random_time(sim, 50 * NS_PER_MS, 900 * NS_PER_MS))
        sim_queue_push(&sim->queue, (struct sim_event){ .at = t, .kind = SIM_TRAFFIC },
                       span_of(NULL, 0));
}

/* --- time --- */

static bool next_time(struct sim *sim, ns_time *ret_at, int *ret_timer)
{
    bool any = sim_queue_peek(&sim->queue, ret_at);

    *ret_timer = -1;
    for (int i = 0; i < SIM_NODES; i++) {
        const struct sim_node *node = &sim->nodes[i];
        ns_time armed =
            node->armed && node->armed < node->asleep_until ? node->asleep_until : node->armed;

        if (armed && (!any || armed < *ret_at)) {
            *ret_at = armed;
            *ret_timer = i;
            any = true;
        }
    }
    return any;
}

static void step_event(struct sim *sim)
{
    struct sim_event event = sim_queue_pop(&sim->queue);

    if (event.kind == SIM_OPERATE)
        operate(sim);
    else if (event.kind == SIM_TRAFFIC)
        for (unsigned i = 0; i < SIM_NODES; i++)
            sim_plane_traffic(&sim->nodes[i]);
    else if (event.kind == SIM_DATAGRAM || event.kind == SIM_ESP) {
        if (sim_arrives(sim, &event))
            sim_plane_answer(&sim->nodes[event.node], &event);
    } else if (sim_node_asleep(&sim->nodes[event.node])) {
        event.at = sim->nodes[event.node].asleep_until;
        sim_queue_push(&sim->queue, event, span_of(event.data, event.len));
    } else {
        sim_plane_answer(&sim->nodes[event.node], &event);
    }
    free(event.data);
}

static void step(struct sim *sim, ns_time at, int timer)
{
    if (at > sim->now)
        sim->now = at;
    sim->counts.steps++;
    if (timer >= 0) {
        sim->nodes[timer].armed = 0;
        ike_shard_tick(sim->nodes[timer].shard, sim->now);
    } else {
        step_event(sim);
    }
    oracle_step(sim);
}

void sim_run_until(struct sim *sim, ns_time end)
{
    uint64_t limit = sim->counts.steps + STEPS_MAX;
    ns_time at;
    int timer;

    while (!sim->violation[0] && next_time(sim, &at, &timer) && at <= end) {
        step(sim, at, timer);
        if (sim->counts.steps > limit)
            sim_violation(sim, "more than %d steps: it goes in circles", STEPS_MAX);
    }
    if (!sim->violation[0] && sim->now < end)
        sim->now = end;
}

static bool operations_left(const struct sim *sim)
{
    for (size_t i = 0; i < sim->queue.n; i++)
        if (sim->queue.heap[i].kind == SIM_OPERATE)
            return true;
    return false;
}

/* With lifetimes on, the ends may be just in the middle of a rekey. */
static void end_in_agreement(struct sim *sim)
{
    if (sim->violation[0])
        return;
    oracle_end(sim);
    for (unsigned i = 0; sim->weather.lifetimes && sim->violation[0] && i < QUIET_TRIES; i++) {
        sim->violation[0] = '\0';
        sim_run_until(sim, sim->now + 2 * NS_PER_S);
        if (sim->violation[0])
            return; /* of another kind */
        oracle_end(sim);
    }
}

static void heal(struct sim *sim)
{
    ns_time awake = sim->now;

    sim->weather.loss = sim->weather.duplicate = 0;
    sim->weather.delay_max = 20 * NS_PER_MS;
    sim_note(sim, "the network heals");
    for (unsigned i = 0; i < SIM_NODES; i++) {
        sim->nodes[i].other_secret = false;
        if (sim->nodes[i].asleep_until > awake)
            awake = sim->nodes[i].asleep_until;
    }
    sim_run_until(sim, awake + SIM_SETTLE);
}

bool sim_run(struct sim *sim, uint64_t seed)
{
    sim->seed = seed;
    sim->now = 1000 * NS_PER_S;
    sim->violation[0] = '\0';
    sim->queue = (struct sim_queue){ 0 };
    sim->rng = seeded_rng_init(&sim->seeded, seed);
    sim_draw_weather(sim);
    oracle_open(sim);
    sim_open_nodes(sim);
    if (sim->weather.lifetimes)
        plan_hours(sim);
    else
        plan(sim);
    while (operations_left(sim) && !sim->violation[0])
        sim_run_until(sim, sim->now + NS_PER_S);
    heal(sim);
    end_in_agreement(sim);
    sim_trial(sim);
    sim->weather.calm = false; /* now all goes down */
    for (unsigned i = 0; i < SIM_NODES; i++) {
        sim_node_close(&sim->nodes[i]);
        ike_conn_unref(sim->conns[i]);
    }
    sim_queue_free(&sim->queue);
    oracle_close(sim);
    return !sim->violation[0];
}
