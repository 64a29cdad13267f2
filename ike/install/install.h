/* SPDX-License-Identifier: Apache-2.0 */
/*
 * install: the core's install port over the SDK, and the only room of the
 * daemon that knows the SDK.
 *
 *   install.c   the port: reserve, install, activate, remove
 *   rules.c     outbound rules: found again by selector, moved, never duplicated
 *   device.c    the device: open, events, loss and return, adoption, UDP 4500
 *   convert.c   IKE values to SDK values and back
 *   query.c     what `list-sas` and `get-devices` show of the device
 *
 * A rule is found by (label, selector), not by Child SA: so a rekey, a peer that
 * reconnects and a daemon that comes back after a crash all move the rule that
 * is there to their new SA, and no packet falls between two rules.
 *
 * Single-threaded: everything runs on the daemon's loop.
 */
#ifndef IKE_INSTALL_INSTALL_H
#define IKE_INSTALL_INSTALL_H

#include "ike/core/ports.h"
#include "ike/core/shard.h"

struct install;

/* What the room reports to the daemon. */
struct install_events {
    void (*spi)(void *user, ike_job job, int code, uint32_t spi);
    void (*installed)(void *user, ike_job job, int code, const char *text);
    void (*child)(void *user, uint64_t child, enum ike_child_event what);
    void (*child_moved)(void *user, uint64_t child, const struct ip_endpoint *remote);
    /* Traffic met a protected selector without an SA. */
    void (*acquire)(void *user, const char *label);
    void (*ike_datagram)(void *user, const struct ike_path *path, struct span data);
    void (*device)(void *user, bool up);
    /* Keys of a Child SA that was just installed (only called when asked for). */
    void (*keys)(void *user, const struct ike_child_install *child);
    /* The descriptor to poll changed, or the wake-up time did. */
    void (*poll_changed)(void *user);
    void *user;
};

struct install_opts {
    const char *device; /* SDK device spec, e.g. "soft:/run/ipsec-offload/dp.sock" */
    const char *owner;
    struct install_events events;
    bool want_keys;     /* call events.keys */
    ns_time drain_time; /* how long replaced SAs of an earlier run stay */
};

int install_new(const struct install_opts *opts, struct install **ret, struct err *err);
void install_free(struct install *in); /* SAs stay in the device */
struct ike_install_port install_port(struct install *in);

/* Event loop hooks. */
int install_fd(struct install *in);
ns_time install_next_wakeup(struct install *in); /* 0 = none */
void install_process(struct install *in, ns_time now);

/* True: IKE on UDP 4500 goes through the device; raw ESP is not to be had, so
 * the core must force UDP encapsulation. */
bool install_owns_natt_port(struct install *in);
bool install_has_raw_esp(struct install *in);
int install_ike_send(struct install *in, const struct ike_path *path, struct span data,
                     struct err *err);
void install_keepalive(struct install *in, const struct ike_path *path);

/* The drop rule for everything the connections protect; replaces the old one.
 * Also forgets adopted SAs of children that are configured no longer. */
int install_guard(struct install *in, struct ike_conn *const *conns, size_t n_conns,
                  struct err *err);

/* --- what runs where, for the control socket --- */
struct install_place {
    char device[32], level[16], reason[24], text[128];
};
#define INSTALL_PLACES_MAX 8
#define INSTALL_DROPS 8
struct install_sa_state {
    bool known;
    uint64_t packets, bytes, seq, last_used;
    uint64_t drops[INSTALL_DROPS];
    double seq_used_percent;
    char engine[32];
    char requested[16];
    struct install_place actual;
    size_t n_passed;
    struct install_place passed[INSTALL_PLACES_MAX];
};
struct install_child_state {
    struct install_sa_state in, out;
};
/* Asks the device; false if it does not know the child (any more). */
bool install_child_query(struct install *in, uint64_t child, struct install_child_state *ret);
const char *install_drop_name(unsigned cause);

/* SAs of an earlier run that still carry traffic. */
struct install_orphan {
    const char *label;
    const char *dir;
    uint32_t spi;
    uint32_t generation;
    uint64_t packets, bytes;
};
void install_each_orphan(struct install *in, void (*fn)(void *user, const struct install_orphan *o),
                         void *user);

struct install_device_desc {
    char name[32], provider[32], level[16], reason[128];
    bool usable, in_use;
};
size_t install_devices(struct install *in, struct install_device_desc *descs, size_t cap);
struct install_device_counters {
    uint64_t drops[INSTALL_DROPS];
    uint64_t rx_packets, tx_packets, ike_rx, ike_tx, keepalive_rx;
    uint32_t generation;
    bool up;
};
bool install_device_counters(struct install *in, struct install_device_counters *ret);

#endif
