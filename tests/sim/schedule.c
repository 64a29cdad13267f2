/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schedule: one run.  Weather, configuration and operations are drawn from the
 * seed: set-up from either side or both, both rekeys from either side or both at
 * once, new and deleted Child SAs, deleted IKE SAs, limits and losses reported by
 * the data plane, ends that crash and forget all; in some runs SPIs are few and
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

/* --- configuration --- */

static void parse_or_die(int rc)
{
    if (rc)
        abort();
}

static void child_conf(struct ike_child_conf *child, const char *name, const char *local, const char *remote,
                       const char *esp)
{
    ike_child_conf_init(child, name);
    child->local_ts.n = child->remote_ts.n = 1;
    parse_or_die(ike_ts_parse(local, &child->local_ts.ts[0], NULL));
    parse_or_die(ike_ts_parse(remote, &child->remote_ts.ts[0], NULL));
    parse_or_die(ike_proposal_parse(esp, IKE_PROTO_ESP, &child->esp_proposals[0], NULL));
    child->n_esp_proposals = 1;
    child->rekey_time = child->life_time = 0; /* the schedule rekeys */
}

/* x25519 mostly: the others cost a hundred times more and add no states. */
static struct ike_conn *make_conn(unsigned node, const char *ike, const char *esp)
{
    static const char *const ids[] = { "a.example", "b.example" };
    static const char *const nets[] = { "10.1.0.0/16", "10.2.0.0/16" };
    static const char *const others[] = { "10.3.0.0/16", "10.4.0.0/16" };
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
    conn->encap = true;
    conn->rekey_time = 0;
    conn->dpd_delay = 20 * NS_PER_S; /* what tells an end that the other has given up */
    child_conf(&conn->children[0], "net", nets[node], nets[1 - node], esp);
    child_conf(&conn->children[1], "other", others[node], others[1 - node], esp);
    conn->n_children = 2;
    return conn;
}

static void draw_weather(struct sim *sim)
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
    };
}

static void open_nodes(struct sim *sim)
{
    static const char *const ikes[] = { "aes256gcm16-prfsha384-x25519", "aes128gcm16-prfsha256-x25519",
                                        "aes256-sha256-prfsha256-x25519", "aes128gcm16-prfsha256-ecp256" };
    static const char *const esps[] = { "aes128gcm16", "aes256gcm16-x25519", "aes128gcm16-x25519-esn" };
    const char *ike = ikes[rng_below(&sim->rng, 4)];
    const char *esp = esps[rng_below(&sim->rng, 3)];

    for (unsigned i = 0; i < SIM_NODES; i++) {
        sim_node_open(sim, i);
        sim->conns[i] = make_conn(i, ike, esp);
        parse_or_die(ike_shard_conn_put(sim->nodes[i].shard, sim->conns[i], NULL));
    }
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
    static const enum ike_child_event what[] = { IKE_CHILD_SOFT_LIMIT, IKE_CHILD_SOFT_LIMIT, IKE_CHILD_LOST,
                                                 IKE_CHILD_HARD_LIMIT };
    size_t n = node->plane.n_sas;
    struct plane_sa *sa = n ? &node->plane.sas[rng_below(&sim->rng, (uint32_t)n)] : NULL;

    enum ike_child_event event;

    if (!sa || !sa->live || sa->removed)
        return;
    event = what[rng_below(&sim->rng, 4)];
    sa->spent |= event == IKE_CHILD_HARD_LIMIT;
    ike_shard_child_event(node->shard, sim->now, sa->child, event);
}

static void operate_on(struct sim *sim, unsigned index, unsigned what)
{
    struct sim_node *node = &sim->nodes[index];

    if (what == 12 && !sim->weather.crashes)
        what = 11;
    sim->counts.operations++;
    sim_note(sim, "node %u: operation %u", index, what);
    if (what == 11)
        disturb(sim, node);
    else if (what == 12)
        sim_node_crash(node);
    else
        command(sim, node, what);
}

static void operate(struct sim *sim)
{
    unsigned node = rng_below(&sim->rng, SIM_NODES);
    unsigned what = rng_below(&sim->rng, 13);

    operate_on(sim, node, what);
    if (sim_chance(sim, 300)) { /* both ends at once */
        sim->counts.crossings++;
        operate_on(sim, 1 - node, sim_chance(sim, 600) ? what : rng_below(&sim->rng, 13));
    }
}

static void plan(struct sim *sim)
{
    unsigned n = OPERATIONS_MIN + rng_below(&sim->rng, OPERATIONS_MAX - OPERATIONS_MIN);
    ns_time at = sim->now;

    operate_on(sim, rng_below(&sim->rng, SIM_NODES), 0);
    for (unsigned i = 0; i < n; i++) {
        /* Close together (crossing), or far apart (settled in between). */
        at += sim_chance(sim, 500) ? sim_random_time(sim, 0, NS_PER_S) : sim_random_time(sim, 0, 30 * NS_PER_S);
        sim_queue_push(&sim->queue, (struct sim_event){ .at = at, .kind = SIM_OPERATE }, span_of(NULL, 0));
    }
    for (ns_time t = sim->now; t < at + 60 * NS_PER_S; t += sim_random_time(sim, 50 * NS_PER_MS, 900 * NS_PER_MS))
        sim_queue_push(&sim->queue, (struct sim_event){ .at = t, .kind = SIM_TRAFFIC }, span_of(NULL, 0));
}

/* --- time --- */

static bool next_time(struct sim *sim, ns_time *ret_at, int *ret_timer)
{
    bool any = sim_queue_peek(&sim->queue, ret_at);

    *ret_timer = -1;
    for (int i = 0; i < SIM_NODES; i++) {
        ns_time armed = sim->nodes[i].armed;

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
    else
        sim_plane_answer(&sim->nodes[event.node], &event);
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

bool sim_run(struct sim *sim, uint64_t seed)
{
    sim->seed = seed;
    sim->now = 1000 * NS_PER_S;
    sim->violation[0] = '\0';
    sim->queue = (struct sim_queue){ 0 };
    sim->rng = seeded_rng_init(&sim->seeded, seed);
    draw_weather(sim);
    oracle_open(sim);
    open_nodes(sim);
    plan(sim);
    while (operations_left(sim) && !sim->violation[0])
        sim_run_until(sim, sim->now + NS_PER_S);
    sim->weather.loss = sim->weather.duplicate = 0;
    sim->weather.delay_max = 20 * NS_PER_MS;
    sim_note(sim, "the network heals");
    sim_run_until(sim, sim->now + SIM_SETTLE);
    if (!sim->violation[0])
        oracle_end(sim);
    sim_trial(sim);
    for (unsigned i = 0; i < SIM_NODES; i++) {
        sim_node_close(&sim->nodes[i]);
        ike_conn_unref(sim->conns[i]);
    }
    sim_queue_free(&sim->queue);
    oracle_close(sim);
    return !sim->violation[0];
}
