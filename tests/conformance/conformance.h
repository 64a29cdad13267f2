/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conformance: one list of named cases that every device must pass, run
 * through the public SDK alone.
 *
 *   conformance inline
 *   conformance soft:/path/to/dp.sock
 *
 * A case that a device cannot show (packet cases where the device moves its
 * packets itself, adoption where nothing survives a close) is listed as not
 * applicable, with the reason, and does not run.  Whether it applies is asked
 * of the device, never of its name.
 *
 * A case finds an open device without SAs or rules of ours; what it leaves is
 * deleted afterwards, and counted: leftovers that cannot be deleted fail it.
 */
#ifndef TESTS_CONFORMANCE_H
#define TESTS_CONFORMANCE_H

#include <ipsec_offload/inline.h>
#include <ipsec_offload/sa.h>

#include "tests/lib/cmocka.h"

#define CONF_OWNER "conformance"

struct conf_event {
    enum ioff_event_kind kind;
    uint64_t sa_id, rule_id;
    uint32_t spi;
    char cause[IOFF_NAME_LEN];
    struct ioff_selector selector;
    struct ioff_endpoint remote;
};

#define CONF_EVENTS 64
struct conf {
    const char *spec;
    struct ioff_device *device;
    struct ioff_caps caps;
    bool bursts;   /* ioff_burst_out() answers */
    bool persists; /* SAs and rules outlive a close */
    struct conf_event events[CONF_EVENTS];
    size_t n_events;
};

struct conf_case {
    const char *name;
    void (*run)(struct conf *c);
    /* NULL if it applies, else the reason why not; NULL function: always. */
    const char *(*why_not)(const struct conf *c);
};
extern const struct conf_case conf_control[], conf_batch[], conf_packet[], conf_life[];

/* runner.c */
int conf_main(int argc, char **argv);
struct ioff_device *conf_open(struct conf *c); /* a fresh lease; events go to `c` */
const char *conf_needs_bursts(const struct conf *c);
const char *conf_needs_persistence(const struct conf *c);
size_t conf_count_events(const struct conf *c, enum ioff_event_kind kind);

/* helpers.c: each fails the case if the device says no. */
struct ioff_sa *conf_add(struct conf *c, enum ioff_dir dir, uint32_t spi);
struct ioff_sa *conf_add_opts(struct conf *c, const struct ioff_sa_opts *opts);
/* The code of an install that is expected to fail, and its text. */
int conf_try(struct conf *c, const struct ioff_sa_opts *opts, struct ioff_error *error);
struct ioff_rule *conf_rule(struct conf *c, enum ioff_action action, uint32_t priority,
                            struct ioff_sa *sa);
struct ioff_rule *conf_rule_opts(struct conf *c, const struct ioff_rule_opts *opts,
                                 struct ioff_sa *sa);
void conf_delete(struct conf *c, struct ioff_sa *sa);
void conf_delete_rule(struct conf *c, struct ioff_rule *rule);
void conf_move(struct conf *c, struct ioff_rule *rule, struct ioff_sa *sa);
struct ioff_sa_info conf_info(struct ioff_sa *sa);
/* What a walk says of one rule; fails if the rule is not there. */
struct ioff_rule_info conf_rule_info(struct conf *c, const struct ioff_rule *rule);
size_t conf_num_sas(struct conf *c);   /* of ours */
size_t conf_num_rules(struct conf *c); /* of ours */
/* Deletes all SAs and rules of ours; returns how many could not be. */
size_t conf_clean(struct ioff_device *device);

/* packets.c: end 1 (10.1.0.0/24) sends to end 2 (10.2.0.0/24). */
#define CONF_ROOM 256
#define CONF_INNER 1400
struct conf_packet {
    struct ioff_packet p;
    uint8_t buf[CONF_ROOM + CONF_INNER + CONF_ROOM];
};
/* An IPv4 UDP packet of `len` bytes from 10.1.0.1 to 10.2.0.1. */
void conf_udp(struct conf_packet *packet, uint16_t src_port, uint16_t dst_port, size_t len);
void conf_set_dst(struct conf_packet *packet, uint32_t dst); /* fixes the checksum */
/* Makes an ESP packet on its way out the one that arrives at the other end. */
void conf_arrive(struct conf_packet *packet);
enum ioff_verdict conf_out(struct ioff_device *device, struct conf_packet *packet);
enum ioff_verdict conf_in(struct ioff_device *device, struct conf_packet *packet);

/* Both ends of one tunnel: `c->device` is end 1, `far` end 2. */
struct conf_pair {
    struct conf far_conf;
    struct ioff_device *far;
    struct ioff_sa *out, *in; /* out in c->device, in in far */
    struct ioff_rule *rule;
};
void conf_pair(struct conf *c, struct conf_pair *pair, const struct ioff_sa_opts *out,
               const struct ioff_sa_opts *in);
void conf_pair_end(struct conf_pair *pair);

#endif
