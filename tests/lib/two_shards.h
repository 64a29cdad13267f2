/* SPDX-License-Identifier: Apache-2.0 */
/*
 * two_shards: two IKE cores joined by a network in memory, with a manual clock
 * and seeded randomness.  Ports answer in the same call, or (`delay`) later and
 * in random order.  What is installed is recorded and compared between the ends.
 *
 *     struct two_shards t;
 *     two_shards_init(&t, seed);
 *     two_shards_conn(&t, "x25519", ...) ...
 *     two_shards_initiate(&t, 0);
 *     two_shards_run(&t);             deliver until nothing moves
 *     two_shards_advance(&t, 10 * NS_PER_S);
 *     two_shards_fini(&t);            checks that nothing is left over
 */
#ifndef TESTS_LIB_TWO_SHARDS_H
#define TESTS_LIB_TWO_SHARDS_H

#include "ike/core/crypto/local_port.h"
#include "ike/core/shard.h"
#include "tests/lib/manual_clock.h"
#include "tests/lib/seeded_rng.h"

#define TWO_INSTALLS_MAX 512
#define TWO_PACKETS_MAX 512
#define TWO_ANSWERS_MAX 256
#define TWO_IVS_MAX 65536

struct two_install { /* one Child SA as the device has it */
    struct ike_child_install sa;
    bool removed;
    bool out_active;
};

struct two_packet {
    int from;             /* end */
    struct ike_path path; /* as its receiver will see it */
    size_t len;
    uint8_t bytes[IKE_MESSAGE_MAX];
};

enum two_answer_kind { TWO_SPI, TWO_INSTALL, TWO_KE, TWO_SHARED, TWO_AUTH };
struct two_answer { /* waiting to be given */
    int end;
    enum two_answer_kind kind;
    ike_job job;
    int code;
    uint32_t spi;
    uint64_t handle;
    uint8_t method;
    size_t len;
    uint8_t data[1024];
};

struct two_shards;
struct two_end {
    struct two_shards *all;
    int me;
    struct ip_endpoint addr;
    struct ike_shard *shard;
    struct ike_local_crypto *crypto;
    struct seeded_rng core_seed, crypto_seed;
    const char *psk;
    ns_time armed;
    uint32_t last_spi, n_reserved;
    unsigned n_installs;
    struct two_install installs[TWO_INSTALLS_MAX];
    int fail_install, fail_spi; /* the next one answers this code */
    unsigned n_keepalives, n_path_updates, n_activated;
    unsigned n_ike_up, n_ike_down, n_child_up, n_child_down, n_ike_rekeyed, n_child_rekeyed;
    unsigned n_sent;
    size_t last_secret_len; /* the last g^ir, as a key log would have it */
    uint8_t last_secret[SECRET_MAX];
};

struct two_shards {
    struct manual_clock clock;
    struct seeded_rng seeded;
    struct rng rng;
    struct two_end end[2];
    struct ike_settings settings;
    bool delay;
    unsigned n_packets, n_answers;
    struct two_packet *packets[TWO_PACKETS_MAX];
    struct two_answer *answers[TWO_ANSWERS_MAX];
    /* Sees each datagram before it is queued; false: it is lost. May change it. */
    bool (*filter)(void *user, struct two_packet *packet);
    void *filter_user;
    /* Every (SPIs, direction, IV) that left with its message's hash. */
    unsigned n_ivs;
    struct two_iv {
        uint64_t spi_i, spi_r, iv, hash;
        bool from_initiator;
    } * ivs;
    bool iv_reused;
    bool verbose; /* TEST_VERBOSE in the environment */
};

void two_shards_init(struct two_shards *t, uint64_t seed);
void two_shards_init_with(struct two_shards *t, uint64_t seed, const struct ike_settings *settings);
/* Ends both; fails the test on a leaked key handle or reserved SPI. */
void two_shards_fini(struct two_shards *t);

/* That end forgets all, as after a crash; the other one does not know. */
void two_shards_restart(struct two_shards *t, int me);

/* A connection "gw" with one child "net" for end `me`, with these proposals
 * (NULL: aes256gcm16-prfsha384-x25519, aes256gcm16-esn); not put yet. */
struct ike_conn *two_shards_conn(const struct two_shards *t, int me, const char *ike,
                                 const char *esp);
void two_shards_put(struct two_shards *t, int me, struct ike_conn *conn); /* takes the reference */
void two_shards_put_both(struct two_shards *t, const char *ike, const char *esp);

struct two_outcome { /* zero: not yet */
    unsigned n;      /* times `done` was called */
    int code;
    char text[256];
};
void two_outcome_set(void *user, int code, const char *text); /* an ike_done_fn */

bool two_shards_step(struct two_shards *t); /* one datagram or answer; false: none waits */
/* Delivers datagrams and answers until nothing moves; time stands still. */
void two_shards_run(struct two_shards *t);
/* As above, going from timer to timer for `by`. */
void two_shards_advance(struct two_shards *t, ns_time by);
/* Time goes on by `by`, timers fire, but nothing is delivered or answered. */
void two_shards_advance_slowly(struct two_shards *t, ns_time by);
/* Starts "gw" from that end, runs, gives the outcome. */
int two_shards_up(struct two_shards *t, int me);
/* Commands for "gw" of that end; the outcome comes to `ret` when things run. */
void two_rekey(struct two_shards *t, int me, bool child, struct two_outcome *ret);
void two_terminate(struct two_shards *t, int me, bool child, bool force, struct two_outcome *ret);
void two_child_event(struct two_shards *t, int me,
                     enum ike_child_event what); /* to the active one */
unsigned two_ike_count(struct two_end *end);     /* IKE SAs that are not being replaced */
uint64_t two_ike_id(struct two_end *end);        /* the newest of them; 0 = none */
ns_time two_shards_now(const struct two_shards *t);

/* Live installs of an end; the newest active one. */
unsigned two_live(const struct two_end *end);
struct two_install *two_active(struct two_end *end);
struct two_install *two_by_child(struct two_end *end, uint64_t child);
/* NULL, or what the two devices disagree on. */
const char *two_disagree(struct two_shards *t);
void two_print(struct two_shards *t); /* live installs and IKE SAs, to standard error */
struct ike_stats two_stats(const struct two_end *end);

/* Hands a copy of bytes to an end as if from its peer. */
void two_inject(struct two_shards *t, int to, const void *bytes, size_t len);

#endif
