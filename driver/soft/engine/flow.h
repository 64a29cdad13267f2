/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow: what policy sees of an inner packet, and selectors compiled for it.
 *
 * Addresses are 128-bit numbers (IPv4 in the low 32 bits), so a range is two
 * comparisons.  flow_match() gives what nic_selector_match() gives;
 * tests/unit/test_flow.c holds them against each other.
 */
#ifndef ENGINE_FLOW_H
#define ENGINE_FLOW_H

#include "driver/core/provider.h"

typedef unsigned __int128 u128;

struct flow {
    u128 local;
    u128 remote;
    uint16_t local_port; /* ICMP: type << 8 | code in both (RFC 7296 section 3.13.1) */
    uint16_t remote_port;
    uint8_t family; /* 4 or 6 */
    uint8_t proto;
    bool has_ports;
    uint8_t tos;  /* TOS or traffic class */
    uint32_t len; /* of the IP packet, from its header */
};

struct sel {
    u128 local_lo, local_hi;
    u128 remote_lo, remote_hi;
    uint16_t local_port_lo, local_port_hi;
    uint16_t remote_port_lo, remote_port_hi;
    uint8_t family;
    uint8_t proto; /* 0 = any */
    bool any_port;
};

u128 flow_addr(const struct ip_addr *a);
void sel_compile(const struct nic_selector *from, struct sel *ret);

/* Reads the headers of an IP packet; false if they are malformed or say more
 * than `len` bytes.  `out`: the source is the local side. */
bool flow_parse(const uint8_t *p, uint32_t len, bool out, struct flow *ret);
/* Back to the SDK's form: selectors of exactly this packet, for an acquire. */
void flow_selector(const struct flow *f, struct nic_selector *ret);

static inline bool flow_match(const struct sel *s, const struct flow *f)
{
    if (s->family != f->family || (s->proto && s->proto != f->proto))
        return false;
    if (f->local < s->local_lo || f->local > s->local_hi || f->remote < s->remote_lo ||
        f->remote > s->remote_hi)
        return false;
    if (s->any_port)
        return true;
    return f->has_ports && f->local_port >= s->local_port_lo && f->local_port <= s->local_port_hi &&
           f->remote_port >= s->remote_port_lo && f->remote_port <= s->remote_port_hi;
}

#endif
