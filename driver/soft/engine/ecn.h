/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ecn: explicit congestion notification across the tunnel (RFC 6040).  Outbound
 * the inner field is copied (normal mode, section 4.1), which needs no code.
 */
#ifndef ENGINE_ECN_H
#define ENGINE_ECN_H

#include <stdbool.h>
#include <stdint.h>

enum ecn { ECN_NOT_ECT = 0, ECN_ECT_1 = 1, ECN_ECT_0 = 2, ECN_CE = 3 };

/* Combines the arriving outer TOS into an inner packet whose header has been
 * checked, inbound (section 4.2); false: the packet must be dropped. */
bool ecn_combine(uint8_t *inner, uint8_t outer_tos);

#endif
