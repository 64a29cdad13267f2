/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attrs: the normalised SA, rule and capability structs that every backend
 * receives.  driver/core validates and normalises once (validate.c); a backend
 * never sees an SDK option struct and never checks a field a second time.
 */
#ifndef DRIVER_CORE_ATTRS_H
#define DRIVER_CORE_ATTRS_H

#include "utils/base/bytes.h"
#include "utils/base/clock.h"
#include "utils/base/err.h"
#include "utils/base/ip.h"

#define NIC_KEY_MAX 64   /* AES-256-CBC + HMAC-SHA-512 keys are kept apart */
#define NIC_NAME_LEN 32  /* device, provider, owner names with NUL */
#define NIC_LABEL_LEN 64 /* operator's name of the tunnel, for adoption */
#define NIC_SELECTORS_MAX 16
#define NIC_PLACES_MAX 8

enum nic_proto { NIC_PROTO_ESP = 50, NIC_PROTO_AH = 51 };
enum nic_mode { NIC_MODE_TUNNEL = 1, NIC_MODE_TRANSPORT = 2 };
enum nic_dir { NIC_DIR_OUT = 0, NIC_DIR_IN = 1 };

/* Algorithms as installed: cipher with key size and ICV length. */
enum nic_alg {
    NIC_ALG_NONE = 0,
    NIC_ALG_AES_GCM_128_ICV16 = 1, /* RFC 4106 */
    NIC_ALG_AES_GCM_256_ICV16 = 2,
    NIC_ALG_N
};

struct nic_alg_info {
    const char *name; /* "aes128gcm16": the configuration keyword */
    uint8_t key_len;  /* bytes, without salt */
    uint8_t salt_len; /* bytes */
    uint8_t iv_len;   /* bytes on the wire */
    uint8_t icv_len;  /* bytes */
};
const struct nic_alg_info *nic_alg_info(enum nic_alg alg); /* NULL if unknown */

/* Limits; 0 = no limit.  A soft limit raises an event once, a hard limit stops
 * the SA: not one packet beyond it. */
struct nic_lifetime {
    uint64_t soft_bytes, hard_bytes; /* inner packet bytes */
    uint64_t soft_packets, hard_packets;
    ns_time soft_time, hard_time; /* ns after the SA became active */
};

/* RFC 4301 section 4.4.1.1, one selector pair as seen from this host. */
struct nic_selector {
    struct ip_range local;
    struct ip_range remote;
    uint8_t proto;                         /* 0 = any */
    uint16_t local_port_lo, local_port_hi; /* 0..65535 = any */
    uint16_t remote_port_lo, remote_port_hi;
};

struct nic_sa_attr {
    enum nic_dir dir;
    enum nic_proto proto;
    enum nic_mode mode;
    enum nic_alg alg;
    uint32_t spi;
    uint8_t key[NIC_KEY_MAX]; /* alg's key_len bytes; wiped by core after install */
    uint8_t salt[4];
    bool esn;
    uint16_t replay_window;   /* packets, 0 = off (out: ignored) */
    bool udp_encap;           /* RFC 3948 */
    struct ip_endpoint local; /* outer; ports used with udp_encap */
    struct ip_endpoint remote;
    struct nic_lifetime life;
    uint64_t seq_high_water;   /* event once the sequence number passes it; 0 = default 3/4 */
    uint64_t tunnel;           /* caller's tag: SAs of one tunnel share it */
    char label[NIC_LABEL_LEN]; /* "conn/child" */
    /* Selectors that an inbound SA's decrypted packets must match, and the
     * outbound SA's too: checked both ways. */
    struct nic_selector sel[NIC_SELECTORS_MAX];
    uint8_t n_sel;
};

enum nic_action { NIC_ACTION_PROTECT = 1, NIC_ACTION_BYPASS = 2, NIC_ACTION_DISCARD = 3 };

/* An outbound rule: first match in (priority, rule id) order decides. */
struct nic_rule_attr {
    enum nic_action action;
    uint32_t priority; /* lower first */
    struct nic_selector sel;
    uint64_t sa; /* protect: device SA id; 0 = no SA yet: drop and raise acquire */
    uint64_t tunnel;
    char label[NIC_LABEL_LEN];
};

enum nic_level {
    NIC_LEVEL_NONE = 0,
    NIC_LEVEL_SOFTWARE = 1,
    NIC_LEVEL_CRYPTO = 2,
    NIC_LEVEL_PACKET = 3
};

struct nic_caps {
    enum nic_level level;
    uint32_t protos;   /* bit 0 ESP, bit 1 AH */
    uint32_t modes;    /* bit 0 tunnel, bit 1 transport */
    uint32_t algs;     /* bit n = enum nic_alg n */
    uint32_t families; /* bit 0 IPv4, bit 1 IPv6 (inner and outer) */
    bool esn;
    uint16_t replay_window_max;
    bool raw_esp; /* IP protocol 50 on the wire */
    bool udp_encap;
    bool owns_natt_port; /* the device holds UDP 4500 and hands IKE datagrams up */
    bool life_bytes, life_packets, life_time;
    uint32_t sa_max, rule_max;
    bool counters_exact;
    uint16_t mtu_overhead; /* bytes added to an inner packet, worst case */
};

/* Per SA; drops by cause. */
enum nic_drop {
    NIC_DROP_INTEGRITY,
    NIC_DROP_REPLAY,
    NIC_DROP_MALFORMED,
    NIC_DROP_LIFETIME,
    NIC_DROP_SELECTOR,
    NIC_DROP_NO_SA,
    NIC_DROP_MTU,
    NIC_DROP_DEVICE,
    NIC_DROP_N
};
const char *nic_drop_name(enum nic_drop cause); /* "integrity", "no-sa" ... */

struct nic_counters {
    uint64_t packets, bytes;
    uint64_t drops[NIC_DROP_N];
    uint64_t seq;      /* highest sequence number sent or accepted */
    ns_time last_used; /* device clock, 0 = never */
};

enum nic_sa_state { NIC_SA_LARVAL = 0, NIC_SA_ACTIVE = 1, NIC_SA_DRAINING = 2, NIC_SA_DEAD = 3 };

/* One SA as a device reports it: everything but the key. */
struct nic_sa_info {
    uint64_t id; /* device's id, never reused while the device lives */
    enum nic_sa_state state;
    char owner[NIC_NAME_LEN];
    uint32_t generation;     /* the owner's start counter at install */
    ns_time age;             /* ns since it became active */
    struct nic_sa_attr attr; /* key and salt zero */
    struct nic_counters counters;
    char engine[NIC_NAME_LEN]; /* what runs the cipher: "openssl", "ipsec-mb" */
};

struct nic_rule_info {
    uint64_t id;
    char owner[NIC_NAME_LEN];
    uint32_t generation;
    struct nic_rule_attr attr;
};

/* Device-wide counters: packets that belong to no SA. */
struct nic_device_counters {
    uint64_t drops[NIC_DROP_N];
    uint64_t rx_packets, tx_packets;
    uint64_t ike_rx, ike_tx, keepalive_rx;
};

#endif
