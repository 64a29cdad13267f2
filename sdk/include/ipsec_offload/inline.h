/* SPDX-License-Identifier: Apache-2.0 */
/**
 * ipsec_offload/inline.h: the software engine on packets that the caller owns
 * (a device opened as "inline").  No process, socket or thread of ours.
 */
#ifndef IPSEC_OFFLOAD_INLINE_H
#define IPSEC_OFFLOAD_INLINE_H

#include <ipsec_offload/device.h>

#ifdef __cplusplus
extern "C" {
#endif

#define IOFF_BURST_MAX 64
#define IOFF_HEADROOM 64
#define IOFF_TAILROOM 48

enum ioff_verdict {
    IOFF_PENDING = 0,
    IOFF_SEND,    /**< out: ready for the wire */
    IOFF_DELIVER, /**< in: a clear inner packet */
    IOFF_BYPASS,  /**< out: unchanged, a bypass rule matched */
    IOFF_DROPPED, /**< counted under `drop` */
    IOFF_DUMMY,   /**< in: a valid dummy packet (RFC 4303 section 2.6): forget it */
};

/** Layout-compatible with the engine's packet; see IOFF_HEADROOM. Outbound:
 * data is an inner IP packet, becomes SPI..ICV.  Inbound: the reverse. */
struct ioff_packet {
    uint8_t *data;
    uint32_t len;
    uint16_t headroom, tailroom; /**< bytes free before and behind data */
    uint8_t verdict;             /**< enum ioff_verdict */
    uint8_t drop;                /**< cause index when IOFF_DROPPED */
    uint8_t tos;
    bool udp_encap;
    struct ioff_endpoint local, remote; /**< outer */
    uint64_t sa_id;
};

/** num <= IOFF_BURST_MAX.  now_ns: CLOCK_BOOTTIME.  One thread per device, the
 * same for every burst (else IOFF_E_STATE).  0, and a verdict in each packet;
 * or an error, and no packet touched: IOFF_E_UNSUPPORTED from a device that
 * moves its packets itself.  Events are raised before the call returns.
 * A packet that matches a protect rule without an SA is dropped; packets that
 * never reach the engine are the caller's, so ioff_guard_set() is refused. */
int ioff_burst_out(struct ioff_device *device, struct ioff_packet *packets, size_t num,
                   uint64_t now_ns);
int ioff_burst_in(struct ioff_device *device, struct ioff_packet *packets, size_t num,
                  uint64_t now_ns);

#ifdef __cplusplus
}
#endif
#endif
