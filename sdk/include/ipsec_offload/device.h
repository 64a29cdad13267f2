/* SPDX-License-Identifier: Apache-2.0 */
/**
 * ipsec_offload/device.h: devices: list, open, capabilities, events, the
 * UDP 4500 port and the drop rule.
 *
 * Threads: all calls on one device, and on the SAs and rules in it, come from
 * one thread at a time.  Callbacks run inside ioff_device_process() or inside
 * the call that caused them.
 */
#ifndef IPSEC_OFFLOAD_DEVICE_H
#define IPSEC_OFFLOAD_DEVICE_H

#include <ipsec_offload/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ioff_device;

struct ioff_device_desc {
    char name[IOFF_NAME_LEN];     /**< to give to ioff_device_open() */
    char provider[IOFF_NAME_LEN]; /**< "soft", "inline" */
    enum ioff_level level;
    bool usable;
    char reason[128]; /**< why not usable, or one line about it */
};

/** Lists devices and the places this build has not, best place first. */
int ioff_device_list(struct ioff_device_desc *descs, size_t cap, size_t *ret_num,
                     struct ioff_error *error);

struct ioff_device_opts {
    size_t size;               /**< sizeof(struct ioff_device_opts) */
    const char *owner;         /**< lease name; one process holds a device at a time */
    bool monitor;              /**< read-only: no lease; install answers IOFF_E_STATE */
    enum ioff_offload offload; /**< for SAs that ask for none of their own */
};
#define IOFF_DEVICE_OPTS_INIT                                                                      \
    {                                                                                              \
        .size = sizeof(struct ioff_device_opts)                                                    \
    }

/** Opens "soft" (the data plane's default socket), "soft:/path/dp.sock" or
 * "inline" (the engine inside this process). */
int ioff_device_open(const char *spec, const struct ioff_device_opts *opts,
                     struct ioff_device **ret_device, struct ioff_error *error);
/** SAs and rules stay in the device, except for "inline". NULL accepted. */
void ioff_device_close(struct ioff_device *device);

struct ioff_caps {
    size_t size;
    enum ioff_level level;
    bool ipv4, ipv6, tunnel, transport, esp, ah, esn;
    uint32_t algs; /**< bit n = enum ioff_alg n */
    uint16_t replay_window_max;
    bool raw_esp, udp_encap;
    bool owns_natt_port; /**< IKE datagrams on UDP 4500 go through this device */
    bool life_bytes, life_packets, life_time;
    uint32_t sa_max, rule_max;
    bool counters_exact;
    uint16_t mtu_overhead;
};
int ioff_device_caps(struct ioff_device *device, struct ioff_caps *ret_caps);
const char *ioff_device_name(const struct ioff_device *device);
/** This lease holder's generation; SAs of lower ones come from an earlier run. */
uint32_t ioff_device_generation(const struct ioff_device *device);

enum ioff_event_kind {
    IOFF_EVENT_SOFT_LIFETIME,
    IOFF_EVENT_HARD_LIFETIME,
    IOFF_EVENT_SEQ_HIGH_WATER,
    IOFF_EVENT_FIRST_PACKET,   /**< first valid packet on an inbound SA */
    IOFF_EVENT_ACQUIRE,        /**< traffic met a protect rule that has no SA */
    IOFF_EVENT_MAPPING_CHANGE, /**< valid packet from another outer endpoint */
    IOFF_EVENT_UNKNOWN_SPI,
    IOFF_EVENT_DEVICE_LOST, /**< the device went away and all its SAs with it */
    IOFF_EVENT_DEVICE_BACK, /**< it is back, empty: install again with new keys */
    IOFF_EVENT_TABLE_FULL,
    IOFF_EVENT_INTEGRITY,
    IOFF_EVENT_IKE_DATAGRAM, /**< IKE message on UDP 4500, non-ESP marker taken off */
};

struct ioff_event {
    enum ioff_event_kind kind;
    uint64_t sa_id; /**< ids as of ioff_sa_id(), 0 = none */
    uint64_t rule_id;
    uint64_t tunnel;
    uint32_t spi;
    const char *cause; /**< lifetime: "bytes", "packets", "time" */
    struct ioff_selector selector;
    struct ioff_endpoint local, remote;
    const uint8_t *data; /**< borrowed for the call */
    size_t data_len;
};
typedef void ioff_event_fn(void *user, const struct ioff_event *event);
void ioff_device_on_event(struct ioff_device *device, ioff_event_fn *fn, void *user);

/** Descriptor to poll for reading (may change after DEVICE_LOST/BACK), -1 = none. */
int ioff_device_fd(struct ioff_device *device);
/** Nanoseconds (CLOCK_BOOTTIME) at which process() wants to run anyway; 0 = never. */
uint64_t ioff_device_next_wakeup(struct ioff_device *device);
/** Delivers completions and events; never blocks. */
int ioff_device_process(struct ioff_device *device, struct ioff_error *error);

/** Sends one IKE message (no marker) from the device's UDP 4500. */
int ioff_ike_send(struct ioff_device *device, const struct ioff_endpoint *local,
                  const struct ioff_endpoint *remote, const void *data, size_t len,
                  struct ioff_error *error);
/** RFC 3948 section 2.3. */
int ioff_keepalive_send(struct ioff_device *device, const struct ioff_endpoint *local,
                        const struct ioff_endpoint *remote, struct ioff_error *error);

struct ioff_guard_entry {
    struct ioff_selector selector;
    char label[IOFF_LABEL_LEN];
};
/** Replaces the drop rule for protected prefixes: what matches an entry and is
 * not carried by an SA is dropped, with or without a process of ours. */
int ioff_guard_set(struct ioff_device *device, const struct ioff_guard_entry *entries, size_t num,
                   struct ioff_error *error);

struct ioff_device_counters {
    size_t size;
    uint64_t drops[IOFF_DROP_CAUSES]; /**< packets that belong to no SA */
    uint64_t rx_packets, tx_packets, ike_rx, ike_tx, keepalive_rx;
};
int ioff_device_counters(struct ioff_device *device, struct ioff_device_counters *ret,
                         struct ioff_error *error);

#ifdef __cplusplus
}
#endif
#endif
