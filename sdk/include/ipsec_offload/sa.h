/* SPDX-License-Identifier: Apache-2.0 */
/**
 * ipsec_offload/sa.h: Security Associations, outbound rules, batches,
 * counters, enumeration and adoption.
 */
#ifndef IPSEC_OFFLOAD_SA_H
#define IPSEC_OFFLOAD_SA_H

#include <ipsec_offload/device.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ioff_sa; /**< opaque; owned by its device, valid until deleted */
struct ioff_rule;
struct ioff_batch;

struct ioff_lifetime {
    uint64_t soft_bytes, hard_bytes; /**< inner bytes, 0 = no limit */
    uint64_t soft_packets, hard_packets;
    uint64_t soft_ns, hard_ns;
};

/** Start with IOFF_SA_OPTS_INIT.  A non-zero tail beyond what the library
 * knows is refused (IOFF_E_UNSUPPORTED). */
struct ioff_sa_opts {
    size_t size;
    enum ioff_dir dir;
    enum ioff_proto proto;
    enum ioff_mode mode;
    enum ioff_alg alg;
    uint32_t spi;       /**< in: from ioff_spi_reserve(); out: the peer's */
    const uint8_t *key; /**< borrowed; copied and wiped by the library */
    size_t key_len;
    const uint8_t *salt; /**< 4 bytes for GCM */
    size_t salt_len;
    bool esn;
    uint16_t replay_window; /**< packets; inbound only */
    bool udp_encap;
    struct ioff_endpoint local, remote;
    struct ioff_lifetime life;
    uint64_t seq_high_water; /**< 0 = three quarters of the sequence space */
    uint64_t tunnel;         /**< caller's tag */
    const char *label;       /**< "conn/child", < IOFF_LABEL_LEN bytes */
    const struct ioff_selector *selectors;
    size_t num_selectors;
    enum ioff_offload offload;
};
#define IOFF_SA_OPTS_INIT                                                                          \
    {                                                                                              \
        .size = sizeof(struct ioff_sa_opts), .proto = IOFF_PROTO_ESP, .mode = IOFF_MODE_TUNNEL     \
    }

struct ioff_rule_opts {
    size_t size;
    enum ioff_action action;
    uint32_t priority; /**< lower first */
    struct ioff_selector selector;
    uint64_t tunnel;
    const char *label;
};
#define IOFF_RULE_OPTS_INIT                                                                        \
    {                                                                                              \
        .size = sizeof(struct ioff_rule_opts)                                                      \
    }

/** A random, unused inbound SPI (>= 256), held for this owner until an SA uses
 * it or it is released. */
int ioff_spi_reserve(struct ioff_device *device, uint32_t *ret_spi, struct ioff_error *error);
int ioff_spi_release(struct ioff_device *device, uint32_t spi, struct ioff_error *error);

/*
 * Batches: all-or-nothing, carried out in order.  Put inbound before outbound.
 * A handle written through a ret_ pointer may be named by later ops of the same
 * batch at once; beyond the batch it is valid only after success.  An op on a
 * handle that is being deleted, is in another batch or belongs to another device
 * answers IOFF_E_STATE.  Handles of a lost device (IOFF_EVENT_DEVICE_LOST) stay
 * readable, as dead, until they are deleted, which asks nothing of the device.
 */
struct ioff_batch *ioff_batch_new(struct ioff_device *device); /* NULL: no memory */
void ioff_batch_free(struct ioff_batch *batch);                /* not submitted */
/** Each answers IOFF_E_INVALID and names the field if the options are wrong;
 * the batch is then unchanged. */
int ioff_batch_sa_add(struct ioff_batch *batch, const struct ioff_sa_opts *opts,
                      struct ioff_sa **ret_sa, struct ioff_error *error);
int ioff_batch_sa_delete(struct ioff_batch *batch, struct ioff_sa *sa);
/** `sa` may be one added earlier in this batch, or NULL: drop and raise acquire. */
int ioff_batch_rule_add(struct ioff_batch *batch, const struct ioff_rule_opts *opts,
                        struct ioff_sa *sa, struct ioff_rule **ret_rule, struct ioff_error *error);
int ioff_batch_rule_delete(struct ioff_batch *batch, struct ioff_rule *rule);
/** Points a protect rule at another SA, atomically (make before break). */
int ioff_batch_rule_move(struct ioff_batch *batch, struct ioff_rule *rule, struct ioff_sa *sa);
int ioff_batch_sa_endpoint(struct ioff_batch *batch, struct ioff_sa *sa,
                           const struct ioff_endpoint *remote);
typedef void ioff_done_fn(void *user, int code, const struct ioff_error *error);
/** Takes the batch over; `done` is called exactly once, maybe before this
 * returns, maybe from ioff_device_process(). */
void ioff_batch_submit(struct ioff_batch *batch, ioff_done_fn *done, void *user);
/** The same, waiting, at most 2 s; other events are delivered meanwhile.  After
 * IOFF_E_TIMEOUT, a batch that the device still carries out is undone: what it
 * added is deleted again. */
int ioff_batch_run(struct ioff_batch *batch, struct ioff_error *error);

struct ioff_sa_info {
    size_t size;
    uint64_t id;
    enum ioff_sa_state state;
    char owner[IOFF_NAME_LEN];
    uint32_t generation;
    char label[IOFF_LABEL_LEN];
    uint64_t tunnel;
    enum ioff_dir dir;
    enum ioff_proto proto;
    enum ioff_mode mode;
    enum ioff_alg alg;
    uint32_t spi;
    bool esn, udp_encap;
    uint16_t replay_window;
    struct ioff_endpoint local, remote;
    struct ioff_lifetime life;
    struct ioff_selector selectors[IOFF_SELECTORS_MAX];
    size_t num_selectors;
    uint64_t age_ns;
    uint64_t packets, bytes, seq, last_used_ns;
    uint64_t drops[IOFF_DROP_CAUSES];
    char engine[IOFF_NAME_LEN];
    struct ioff_placement placement;
};
uint64_t ioff_sa_id(const struct ioff_sa *sa);
uint64_t ioff_rule_id(const struct ioff_rule *rule);
int ioff_sa_get(struct ioff_sa *sa, struct ioff_sa_info *ret_info, struct ioff_error *error);

/** Walks all SAs in the device, of every owner and generation.  A non-zero
 * answer of the callback ends the walk and is returned.  The callback must not
 * call the device: collect ids, and act after the walk. */
int ioff_sa_each(struct ioff_device *device, int (*fn)(void *user, const struct ioff_sa_info *info),
                 void *user, struct ioff_error *error);
struct ioff_rule_info {
    size_t size;
    uint64_t id, sa_id, tunnel;
    uint32_t generation, priority;
    char owner[IOFF_NAME_LEN];
    char label[IOFF_LABEL_LEN];
    enum ioff_action action;
    struct ioff_selector selector;
};
int ioff_rule_each(struct ioff_device *device,
                   int (*fn)(void *user, const struct ioff_rule_info *info), void *user,
                   struct ioff_error *error);
/** A handle to an SA (rule) that an earlier process installed. */
int ioff_sa_adopt(struct ioff_device *device, uint64_t id, struct ioff_sa **ret_sa,
                  struct ioff_error *error);
int ioff_rule_adopt(struct ioff_device *device, uint64_t id, struct ioff_rule **ret_rule,
                    struct ioff_error *error);

#ifdef __cplusplus
}
#endif
#endif
