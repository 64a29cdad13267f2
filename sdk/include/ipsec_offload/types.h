/* SPDX-License-Identifier: Apache-2.0 */
/**
 * ipsec_offload/types.h: plain values of the API: addresses, selectors,
 * algorithms, placement.  Addresses are in network byte order, ports in host
 * byte order, times in nanoseconds, sizes in bytes.
 */
#ifndef IPSEC_OFFLOAD_TYPES_H
#define IPSEC_OFFLOAD_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ipsec_offload/error.h>

#ifdef __cplusplus
extern "C" {
#endif

#define IOFF_NAME_LEN 32
#define IOFF_LABEL_LEN 64
#define IOFF_SELECTORS_MAX 16

struct ioff_addr {
    uint8_t family; /**< 4 or 6; 0 = unset */
    uint8_t b[16];
};

struct ioff_endpoint {
    struct ioff_addr addr;
    uint16_t port;
};

/** RFC 4301 section 4.4.1.1: inclusive ranges, as seen from this host. */
struct ioff_selector {
    struct ioff_addr local_lo, local_hi;
    struct ioff_addr remote_lo, remote_hi;
    uint8_t proto;                         /**< IP protocol, 0 = any */
    uint16_t local_port_lo, local_port_hi; /**< 0..65535 = any */
    uint16_t remote_port_lo, remote_port_hi;
};

enum ioff_dir { IOFF_DIR_OUT = 0, IOFF_DIR_IN = 1 };
enum ioff_proto { IOFF_PROTO_ESP = 50, IOFF_PROTO_AH = 51 };
enum ioff_mode { IOFF_MODE_TUNNEL = 1, IOFF_MODE_TRANSPORT = 2 };
enum ioff_alg {
    IOFF_ALG_AES_GCM_128_ICV16 = 1, /**< RFC 4106, 16-byte key, 4-byte salt */
    IOFF_ALG_AES_GCM_256_ICV16 = 2, /**< 32-byte key, 4-byte salt */
};
enum ioff_action { IOFF_ACTION_PROTECT = 1, IOFF_ACTION_BYPASS = 2, IOFF_ACTION_DISCARD = 3 };
enum ioff_sa_state {
    IOFF_SA_LARVAL = 0,
    IOFF_SA_ACTIVE = 1,
    IOFF_SA_DRAINING = 2,
    IOFF_SA_DEAD = 3
};

/** How much of the work a place does. */
enum ioff_level {
    IOFF_LEVEL_NONE = 0,
    IOFF_LEVEL_SOFTWARE = 1,
    IOFF_LEVEL_CRYPTO = 2,
    IOFF_LEVEL_PACKET = 3
};
/** DEFAULT is the zero of an option struct: for an SA what its device was opened
 * with, for a device PREFER.  Answers never carry DEFAULT. */
enum ioff_offload {
    IOFF_OFFLOAD_DEFAULT = 0,
    IOFF_OFFLOAD_OFF = 1,     /**< no hardware, even where it could */
    IOFF_OFFLOAD_PREFER = 2,  /**< hardware where it can, with a reason where not */
    IOFF_OFFLOAD_REQUIRE = 3, /**< hardware, or the install is refused */
};

/** Why a place was passed over, or chosen. */
enum ioff_reason {
    IOFF_REASON_CHOSEN = 0,
    IOFF_REASON_NOT_BUILT = 1,  /**< this build has no such backend */
    IOFF_REASON_NO_DEVICE = 2,  /**< none present, or not opened */
    IOFF_REASON_POLICY = 3,     /**< offload = off, or a better place was taken */
    IOFF_REASON_CAPABILITY = 4, /**< the device lacks something; text names it */
    IOFF_REASON_LIMIT = 5,      /**< a table or number is exhausted */
    IOFF_REASON_REFUSED = 6,    /**< device, firmware or kernel said no; text is its own */
    IOFF_REASON_LOST = 7,       /**< the device went away */
};

struct ioff_place {
    char device[IOFF_NAME_LEN]; /**< "soft", "mlx5", "xfrm", or a device's name */
    enum ioff_level level;
    enum ioff_reason reason;
    char text[128]; /**< the failed limit, or the place's own words */
};

#define IOFF_PLACES_MAX 8
struct ioff_placement {
    enum ioff_offload requested;
    struct ioff_place actual;                  /**< where the SA runs, and why there */
    struct ioff_place passed[IOFF_PLACES_MAX]; /**< best first */
    size_t num_passed;
};

#define IOFF_DROP_CAUSES 8
/** "integrity", "replay", "malformed", "lifetime", "selector", "no-sa", "mtu", "device". */
const char *ioff_drop_name(unsigned cause);
const char *ioff_reason_name(enum ioff_reason reason);
const char *ioff_level_name(enum ioff_level level);
const char *ioff_alg_name(enum ioff_alg alg);

#ifdef __cplusplus
}
#endif
#endif
