/* SPDX-License-Identifier: Apache-2.0 */
/*
 * demux: what a datagram on UDP 4500 is (RFC 3948 section 2).
 */
#ifndef DP_DEMUX_H
#define DP_DEMUX_H

#include <stddef.h>
#include <stdint.h>

#define DEMUX_MARKER_LEN 4 /* non-ESP marker: four zero bytes in the place of an SPI */
#define DEMUX_KEEPALIVE_BYTE 0xff

enum demux_kind {
    DEMUX_ESP,       /* from the SPI on */
    DEMUX_IKE,       /* behind the marker */
    DEMUX_KEEPALIVE, /* one 0xff byte: only there to keep a NAT open */
    DEMUX_BAD,       /* too short to be any of them */
};

enum demux_kind demux_of(const uint8_t *p, size_t len);

#endif
