/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider: the contract between the shim and a backend.
 *
 * A backend is one ops table over one device.  It embeds `struct nic_device`
 * as its first member and overlays the ops it has; ops_default.c gives every
 * other one a body that answers ERR_UNSUPPORTED, so no caller tests for NULL.
 *
 * Life cycle        who calls   may block    notes
 *   probe           core        <= 100 ms    lists devices without touching them
 *   open            core        <= 1 s       takes the lease, fills caps
 *   submit          core        no           batch; completes by nic_batch_done()
 *   process         core        no           called when fd() is readable
 *   enumerate, ...  core        <= 1 s       answers in the call
 *   close           core        <= 1 s       SAs and rules stay in the device;
 *                                            batches in flight end with ERR_DEVICE
 *
 * Ownership: attribute structs are borrowed for the call; a backend copies
 * what it keeps and wipes key copies once the device has them.  A batch belongs
 * to the backend from submit() until it calls nic_batch_done(), which may be
 * before submit() returns.
 *
 * Threads: all calls on one device come from one thread at a time.  Callbacks
 * (done, event_fn) may call the device again, but never close it.
 *
 * One process holds a device's lease at a time (`owner`).  A new lease holder
 * gets generation = last + 1 and adopts what enumerate() shows: SAs of earlier
 * generations keep carrying traffic until it deletes them.
 */
#ifndef DRIVER_CORE_PROVIDER_H
#define DRIVER_CORE_PROVIDER_H

#include "driver/core/attrs.h"

struct nic_device;

enum nic_batch_kind {
    NIC_OP_SA_ADD,      /* in: attr, spi reserved before or free; out: id */
    NIC_OP_SA_DEL,      /* in: id; the key is wiped in the device */
    NIC_OP_RULE_ADD,    /* in: rule attr; out: id */
    NIC_OP_RULE_DEL,    /* in: id */
    NIC_OP_RULE_MOVE,   /* in: id, sa: points a protect rule at another SA, atomically */
    NIC_OP_SA_ENDPOINT, /* in: id, attr->remote: NAT mapping changed (RFC 7296 2.23) */
};

struct nic_batch_op {
    enum nic_batch_kind kind;
    uint64_t id;                       /* in (DEL, MOVE, ENDPOINT) or out (ADD) */
    const struct nic_sa_attr *sa_attr; /* SA_ADD */
    const struct nic_rule_attr *rule;  /* RULE_ADD; rule->sa may be NIC_SA_OF_OP(n) */
    uint64_t sa;                       /* RULE_MOVE: target id or NIC_SA_OF_OP(n) */
    struct ip_endpoint remote;         /* SA_ENDPOINT */
};

/* Names the SA that op number n of the same batch adds. */
#define NIC_SA_OF_OP(n) (UINT64_C(1) << 63 | (uint64_t)(n))

/* All-or-nothing: on failure every op that was carried out is undone.  Ops are
 * carried out in order; callers put inbound before outbound. */
struct nic_batch {
    struct nic_batch_op *ops;
    size_t n_ops;
    void (*done)(struct nic_batch *batch, int code, const struct err *err);
    void *user;
};

enum nic_event_kind {
    NIC_EVENT_SOFT_LIFETIME,
    NIC_EVENT_HARD_LIFETIME,
    NIC_EVENT_SEQ_HIGH_WATER,
    NIC_EVENT_FIRST_PACKET,   /* first valid packet on an inbound SA */
    NIC_EVENT_ACQUIRE,        /* traffic met a protect rule without an SA */
    NIC_EVENT_MAPPING_CHANGE, /* valid packet from another outer endpoint */
    NIC_EVENT_UNKNOWN_SPI,    /* rate-limited by the device */
    NIC_EVENT_DEVICE_LOST,    /* all SAs of the device are gone */
    NIC_EVENT_DEVICE_BACK,    /* reconnected, empty or with what enumerate shows */
    NIC_EVENT_TABLE_FULL,
    NIC_EVENT_INTEGRITY,    /* failures passed the device's threshold */
    NIC_EVENT_IKE_DATAGRAM, /* on UDP 4500 with the non-ESP marker taken off */
};

struct nic_event {
    enum nic_event_kind kind;
    uint64_t id; /* SA or rule id */
    uint64_t tunnel;
    uint32_t spi;
    char cause[NIC_NAME_LEN];         /* lifetime: "bytes", "packets", "time" */
    struct nic_selector sel;          /* ACQUIRE: the packet's selectors */
    struct ip_endpoint local, remote; /* MAPPING_CHANGE, IKE_DATAGRAM, UNKNOWN_SPI */
    struct span data;                 /* IKE_DATAGRAM: borrowed for the call */
};

/* What "prefix p is protected" means while no SA exists or no process runs. */
struct nic_guard_entry {
    struct nic_selector sel;
    char label[NIC_LABEL_LEN];
};

/* A packet in the caller's buffer, for burst().  The public struct ioff_packet
 * and the engine's own struct have this very layout: each neighbour asserts its
 * side (sdk/src/inline.c, driver/soft/inline_dev.c), so no packet is translated. */
#define NIC_BURST_MAX 64
enum nic_verdict {
    NIC_VERDICT_PENDING = 0,
    NIC_VERDICT_SEND,    /* out: ready for the wire */
    NIC_VERDICT_DELIVER, /* in: a clear inner packet */
    NIC_VERDICT_BYPASS,  /* out: unchanged, a bypass rule matched */
    NIC_VERDICT_DROP,    /* counted under `drop` */
    NIC_VERDICT_DUMMY,   /* in: a valid dummy packet (RFC 4303 section 2.6) */
};
struct nic_pkt {
    uint8_t *data;
    uint32_t len;
    uint16_t headroom, tailroom;
    uint8_t verdict; /* enum nic_verdict */
    uint8_t drop;    /* enum nic_drop */
    uint8_t tos;
    bool udp_encap;
    struct ip_endpoint local, remote;
    uint64_t sa;
};

struct nic_ops {
    int (*close)(struct nic_device *dev);
    int (*spi_reserve)(struct nic_device *dev, uint32_t *ret_spi, struct err *err);
    int (*spi_release)(struct nic_device *dev, uint32_t spi, struct err *err);
    void (*submit)(struct nic_device *dev, struct nic_batch *batch);
    int (*sa_get)(struct nic_device *dev, uint64_t id, struct nic_sa_info *ret, struct err *err);
    int (*rule_get)(struct nic_device *dev, uint64_t id, struct nic_rule_info *ret,
                    struct err *err);
    /* Calls back for every SA (rule) in the device, of all owners; a non-zero
     * answer of the callback ends the walk and is returned.  Either function
     * may be NULL: that table is then not walked. */
    int (*enumerate)(struct nic_device *dev, int (*fn)(void *user, const struct nic_sa_info *sa),
                     int (*rule_fn)(void *user, const struct nic_rule_info *rule), void *user,
                     struct err *err);
    int (*device_counters)(struct nic_device *dev, struct nic_device_counters *ret,
                           struct err *err);
    /* File descriptor to poll for reading, or -1: no asynchronous events. */
    int (*fd)(struct nic_device *dev);
    /* Delivers completions and events by nic_batch_done() and nic_event_raise(). */
    int (*process)(struct nic_device *dev, ns_time now, struct err *err);
    /* When process() wants to run without fd readiness (reconnect); 0 = never. */
    ns_time (*next_wakeup)(struct nic_device *dev);
    /* Sends one IKE datagram from the device's UDP 4500 (owns_natt_port). */
    int (*ike_send)(struct nic_device *dev, const struct ip_endpoint *local,
                    const struct ip_endpoint *remote, struct span data, struct err *err);
    /* Sends one NAT keepalive (RFC 3948 section 2.3, a single 0xff byte). */
    int (*keepalive_send)(struct nic_device *dev, const struct ip_endpoint *local,
                          const struct ip_endpoint *remote, struct err *err);
    /* Replaces the whole drop rule for protected prefixes, atomically.  It
     * stands before the first SA and outlives every process of ours. */
    int (*guard_set)(struct nic_device *dev, const struct nic_guard_entry *entries, size_t n,
                     struct err *err);
    /* Inline use, for callers who own their packets: n <= NIC_BURST_MAX; the
     * answer is 0 and a verdict in each packet, or an error and no packet touched. */
    int (*burst)(struct nic_device *dev, enum nic_dir dir, struct nic_pkt *pkts, size_t n,
                 ns_time now);
};

/* The base object; a backend embeds it first. */
struct nic_device {
    const struct nic_ops *ops; /* complete after nic_ops_fill() */
    struct nic_caps caps;
    char name[NIC_NAME_LEN];     /* "soft:/run/ipsec-offload/dp.sock" is cut to "soft0" style */
    char provider[NIC_NAME_LEN]; /* "soft", "inline" */
    char owner[NIC_NAME_LEN];
    uint32_t generation; /* set by open */
    bool monitor;        /* read-only: nic_submit() refuses */
    void (*event_fn)(void *user, const struct nic_event *event);
    void *event_user;
};

struct nic_device_desc {
    char name[NIC_NAME_LEN];
    char provider[NIC_NAME_LEN];
    enum nic_level level;
    bool usable;
    char reason[128]; /* why not, or a one-line description */
};

struct nic_open_params {
    const char *address; /* what follows "provider:"; NULL = the default */
    const char *owner;   /* lease name; "ipsec-offloadd" */
    bool monitor;        /* read-only: no lease, no submit (CLI) */
};

struct nic_provider {
    const char *name;
    enum nic_level level;
    /* Appends up to *n_desc..cap entries. */
    int (*probe)(struct nic_device_desc *descs, size_t cap, size_t *n_desc);
    int (*open)(const struct nic_open_params *params, struct nic_device **ret, struct err *err);
};

/* driver/backends.c: the only list of backends, best place first; ends with NULL. */
extern const struct nic_provider *const nic_providers[];
/* Places this build or version has not, each with an honest reason. */
struct nic_absent_place {
    const char *provider;
    enum nic_level level; /* what it would do if it were here */
    const char *reason;
};
extern const struct nic_absent_place nic_absent_places[]; /* ends with provider NULL */

/* Completes `ops` from the defaults. */
void nic_ops_fill(struct nic_ops *ops);

/* registry.c */
const struct nic_provider *nic_provider_find(const char *name, size_t len); /* NULL: none */
/* Devices of all providers, then absent places, of each level in turn, best
 * level first.  At most `cap` entries; *ret_n says how many there were. */
int nic_device_list(struct nic_device_desc *descs, size_t cap, size_t *ret_n, struct err *err);
/* `spec` is "provider" or "provider:address"; owner NULL means "sdk". */
int nic_device_open(const char *spec, const char *owner, bool monitor, struct nic_device **ret,
                    struct err *err);
int nic_device_close(struct nic_device *dev); /* NULL accepted */
/* One step of the placement ladder: a provider or an absent place. */
struct nic_place {
    const char *name;
    enum nic_level level;
    const char *absent; /* why it is not here; NULL: a provider of this build */
};
/* All places of this build, best first; returns how many there are. */
size_t nic_places(struct nic_place *places, size_t cap);

/* batch.c: the only way to a backend's submit().  Refuses a monitor, an empty
 * batch and references to an op that adds no SA before they reach a backend. */
void nic_submit(struct nic_device *dev, struct nic_batch *batch);
void nic_batch_done(struct nic_batch *batch, int code, const struct err *err);
void nic_event_raise(struct nic_device *dev, const struct nic_event *event);

/* validate.c: one place that checks a struct and names the wrong field. */
int nic_sa_validate(const struct nic_sa_attr *attr, const struct nic_caps *caps, struct err *err);
int nic_rule_validate(const struct nic_rule_attr *attr, const struct nic_caps *caps,
                      struct err *err);
/* `field` is what errors call the selector: "sel[3]", "entry 2". */
int nic_selector_validate(const struct nic_selector *sel, const struct nic_caps *caps,
                          const char *field, struct err *err);
bool nic_selector_match(const struct nic_selector *sel, const struct ip_addr *local,
                        const struct ip_addr *remote, uint8_t proto, uint16_t local_port,
                        uint16_t remote_port, bool has_ports);
/* text.c */
const char *nic_level_name(enum nic_level level);     /* "software", "packet" ... */
const char *nic_event_name(enum nic_event_kind kind); /* "soft-lifetime" ... */
const char *nic_op_name(enum nic_batch_kind kind);    /* "sa-add" ... */
#define NIC_SELECTOR_TEXT_LEN 256
const char *nic_selector_text(const struct nic_selector *sel, char buf[NIC_SELECTOR_TEXT_LEN]);

#endif
