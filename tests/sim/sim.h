/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim: two protocol cores, a manual clock, seeded randomness and a seeded bad
 * network in one process; years of rekeys in seconds.
 *
 *   queue.c     what happens when: a heap of events
 *   network.c   datagrams and ESP packets: loss, duplication, delay, reordering, a NAT
 *   node.c      one end: a shard with its ports, answers at once or late
 *   plane.c     a model of the data plane behind the install port
 *   oracle.c    what must hold, checked after every step
 *   schedule.c  one run: operations at random times, then a healed network
 *   weather.c   what a run draws: network, configuration, what may go wrong
 *   trial.c     on which everything has to work
 *   coverage.c  which rows of the core's table the runs have taken
 *
 * A violation ends the run and prints the seed that repeats it.  The transcript
 * of a run is a function of its seed, byte for byte.
 */
#ifndef TESTS_SIM_H
#define TESTS_SIM_H

#include "ike/core/crypto/local_port.h"
#include "ike/core/shard.h"
#include "tests/lib/seeded_rng.h"

#include <stdio.h>

#define SIM_NODES 2

/* --- queue.c --- */

enum sim_kind {
    SIM_DATAGRAM,
    SIM_ESP,
    SIM_ANSWER_SPI,
    SIM_ANSWER_INSTALL,
    SIM_ANSWER_KE,
    SIM_ANSWER_SHARED,
    SIM_ANSWER_AUTH,
    SIM_CHILD_EVENT,
    SIM_CHILD_MOVED,
    SIM_ORPHAN_DROP, /* what an earlier life left has drained */
    SIM_TRAFFIC,     /* each end sends one packet on each tunnel */
    SIM_OPERATE,     /* one operation of the schedule */
};

struct sim_event {
    ns_time at;
    uint64_t order; /* ties are broken by birth */
    enum sim_kind kind;
    unsigned node; /* the receiving end */
    unsigned life; /* answers and events: whose */
    ike_job job;
    uint64_t id; /* handle, SPI, child */
    int code;
    uint8_t method;
    struct ike_path path;
    uint64_t key; /* ESP: hash of the key it was sealed with */
    uint64_t seq;
    uint8_t *data; /* owned */
    size_t len;
};

struct sim_queue {
    struct sim_event *heap;
    size_t n, cap;
    uint64_t born;
};
void sim_queue_push(struct sim_queue *q, struct sim_event event, struct span data);
bool sim_queue_peek(const struct sim_queue *q, ns_time *ret_at);
struct sim_event sim_queue_pop(struct sim_queue *q); /* the caller frees data */
void sim_queue_free(struct sim_queue *q);

/* --- plane.c --- */

#define PLANE_REPLAY_WORDS 128

#define PLANE_RESERVED_MAX 256

struct plane_sa {
    uint64_t child, tunnel;
    uint32_t spi_in, spi_out;
    uint64_t key_in, key_out;
    struct ike_path path;
    bool orphan;         /* its core is gone, it still carries traffic (ike/install adopts it) */
    bool orphan_drains;  /* taken over: it accepts for a while yet */
    uint64_t seq_in_max; /* an address is believed only from what is newest */
    bool removed, active_out, had_older, used;
    bool live, standby; /* the install has been answered; asked to leave traffic on the old one */
    struct ike_suite suite;
    struct ike_ts_list local_ts, remote_ts;
    uint64_t seq_out;
    ns_time installed, switched, removed_at; /* installed: asked for; switched: outbound */
    uint32_t older_out; /* the outbound SPI it took the traffic from, 0 = none */
    bool older_dead;    /* whose inbound end was not there any more then, or whose IKE SA was not */
    bool older_spent;   /* or which was at a hard limit */
    bool spent;
    uint64_t seen[PLANE_REPLAY_WORDS]; /* sequence numbers accepted */
};

struct plane {
    struct plane_sa *sas; /* removed ones included */
    size_t n_sas, cap_sas;
    uint32_t reserved[PLANE_RESERVED_MAX];
    size_t n_reserved;
};

/* --- node.c --- */

struct sim;
struct sim_node {
    struct sim *sim;
    unsigned index;
    struct ip_addr addr;
    struct seeded_rng seeded;
    struct rng rng;
    struct ike_shard *shard;
    struct ike_local_crypto *crypto;
    struct plane plane;
    ns_time armed;
    ns_time asleep_until;   /* suspended: hears and does nothing, then its clock has jumped */
    unsigned life;          /* counts crashes: what is under way for an earlier one is lost */
    unsigned commands_open; /* asked and not yet answered */
    bool trial_failed;
    bool other_secret; /* than its peer has */
    /* The request being delivered, so that what answers it can be told. */
    bool in_request;
    uint64_t request_spis[2];
    uint32_t request_id;
};

void sim_node_open(struct sim *sim, unsigned index);
void sim_node_close(struct sim_node *node);
/* Starts anew; what its data plane carried goes with it, or stands. */
void sim_node_crash(struct sim_node *node, bool plane_stands);
bool sim_node_asleep(const struct sim_node *node);
void sim_node_deliver(struct sim_node *node, const struct sim_event *event);
struct ike_install_port sim_plane_port(struct sim_node *node);
void sim_plane_crash(struct plane *plane);
void sim_plane_orphan(struct sim_node *node);
void sim_plane_answer(struct sim_node *node, const struct sim_event *event);
void sim_plane_esp(struct sim_node *node, const struct sim_event *event);
void sim_plane_traffic(struct sim_node *node);
struct plane_sa *sim_plane_by_spi_in(struct plane *plane, uint32_t spi, bool live);
size_t sim_plane_live(const struct plane *plane);
void sim_plane_close(struct plane *plane);

/* --- the run --- */

struct sim_weather {
    unsigned loss, duplicate;     /* per 1000 */
    ns_time delay_min, delay_max; /* unequal delays reorder */
    ns_time answer_max;           /* ports answer within this; 0 = in the call */
    uint32_t spi_space;           /* the plane hands out so many SPIs, again and again; 0 = all */
    bool crashes, plane_stands;   /* plane_stands: a crash is the core's alone */
    bool naps;                    /* ends that are suspended for minutes to hours */
    bool lifetimes;               /* hours of nothing but what time does; no operator */
    bool calm;                    /* nothing goes wrong: nothing may go down */
    bool nat;                     /* nat_node's ports are mapped, and mapped anew */
    unsigned nat_node;
    bool secrets_change; /* an end's secret is another one for a while */
};

struct sim_counts {
    uint64_t steps, datagrams, lost, duplicated, esp_sent, esp_delivered, esp_late, esp_orphan;
    uint64_t ike_up, child_up, ike_rekeys, child_rekeys, operations, crossings, crashes, naps,
        rebindings;
};

struct sim {
    uint64_t seed;
    ns_time now;
    struct seeded_rng seeded; /* of network and schedule */
    struct rng rng;
    struct sim_queue queue;
    struct sim_weather weather;
    struct sim_node nodes[SIM_NODES];
    struct ike_conn *conns[SIM_NODES];
    struct oracle *oracle;
    struct sim_counts counts;
    uint16_t nat_port;   /* outer port of 500; that of 4500 is the next */
    FILE *transcript;    /* NULL: not wanted */
    char violation[512]; /* "" = none */
};

#define SIM_SETTLE (900 * NS_PER_S) /* healed: longer than all retransmissions and DPD */

ns_time sim_random_time(struct sim *sim, ns_time lo, ns_time hi);
bool sim_chance(struct sim *sim, unsigned per_1000);
void sim_note(struct sim *sim, const char *fmt, ...) PRINTF_LIKE(2, 3);
void sim_violation(struct sim *sim, const char *fmt, ...) PRINTF_LIKE(2, 3);
uint64_t sim_hash(struct span s); /* FNV-1a: to name bytes, not to protect them */

/* network.c */
void sim_send(struct sim *sim, unsigned from, const struct ike_path *path, struct span data);
void sim_send_esp(struct sim *sim, unsigned from, const struct plane_sa *sa);
/* Whether it reaches its end now; gives it the address that the end sees. */
bool sim_arrives(struct sim *sim, struct sim_event *event);
void sim_rebind(struct sim *sim); /* the NAT gives its node other ports */
uint16_t sim_outer_port(const struct sim *sim, unsigned node, uint16_t inner);

/* oracle.c */
void oracle_open(struct sim *sim);
void oracle_close(struct sim *sim);
void oracle_sent(struct sim *sim, unsigned from, struct span datagram);
void oracle_delivers(struct sim_node *node, struct span datagram);
void oracle_keys(struct sim *sim, unsigned node, const struct ike_keylog *keys);
void oracle_esp_sent(struct sim *sim, unsigned node, uint64_t key, uint64_t seq);
void oracle_installed(struct sim *sim, unsigned node, const struct plane_sa *sa);
void oracle_step(struct sim *sim);
void oracle_end(struct sim *sim); /* after the settled time */

/* trial.c */
enum sim_trial { SIM_TRIAL_SET_UP, SIM_TRIAL_REKEY_CHILD, SIM_TRIAL_REKEY_IKE };
void sim_trial(struct sim *sim);

/* weather.c */
void sim_draw_weather(struct sim *sim);
void sim_open_nodes(struct sim *sim);

/* coverage.c */
void sim_coverage_print(FILE *out);
bool sim_coverage_complete(FILE *out); /* names what was never taken and should be */

/* schedule.c */
void sim_run_until(struct sim *sim, ns_time end);
/* True if nothing was violated. */
bool sim_run(struct sim *sim, uint64_t seed);

#endif
