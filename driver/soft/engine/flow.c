/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/soft/engine/flow.h"

#include <string.h>

#include "driver/soft/engine/wire.h"

/* More extension headers than any sender has use for. */
#define IPV6_EXT_MAX 8

enum {
    IPPROTO_NUM_HOPOPTS = 0,
    IPPROTO_NUM_ICMP = 1,
    IPPROTO_NUM_TCP = 6,
    IPPROTO_NUM_UDP = 17,
    IPPROTO_NUM_DCCP = 33,
    IPPROTO_NUM_ROUTING = 43,
    IPPROTO_NUM_FRAGMENT = 44,
    IPPROTO_NUM_AH = 51,
    IPPROTO_NUM_ICMPV6 = 58,
    IPPROTO_NUM_DSTOPTS = 60,
    IPPROTO_NUM_SCTP = 132,
    IPPROTO_NUM_UDPLITE = 136,
};

u128 flow_addr(const struct ip_addr *a)
{
    if (a->family == 4)
        return wire_get32(a->b);
    return (u128)wire_get64(a->b) << 64 | wire_get64(a->b + 8);
}

static bool any_port(uint16_t lo, uint16_t hi)
{
    return lo == 0 && hi == UINT16_MAX;
}

void sel_compile(const struct nic_selector *from, struct sel *ret)
{
    *ret = (struct sel){
        .local_lo = flow_addr(&from->local.lo),
        .local_hi = flow_addr(&from->local.hi),
        .remote_lo = flow_addr(&from->remote.lo),
        .remote_hi = flow_addr(&from->remote.hi),
        .local_port_lo = from->local_port_lo,
        .local_port_hi = from->local_port_hi,
        .remote_port_lo = from->remote_port_lo,
        .remote_port_hi = from->remote_port_hi,
        /* A selector across families matches nothing. */
        .family = from->local.lo.family == from->remote.lo.family ? from->local.lo.family : 0,
        .proto = from->proto,
        .any_port = any_port(from->local_port_lo, from->local_port_hi) &&
                    any_port(from->remote_port_lo, from->remote_port_hi),
    };
}

static void set_ports(const uint8_t *p, uint32_t len, bool out, struct flow *f)
{
    switch (f->proto) {
    case IPPROTO_NUM_TCP:
    case IPPROTO_NUM_UDP:
    case IPPROTO_NUM_DCCP:
    case IPPROTO_NUM_SCTP:
    case IPPROTO_NUM_UDPLITE:
        if (len < 4)
            return;
        f->local_port = wire_get16(out ? p : p + 2);
        f->remote_port = wire_get16(out ? p + 2 : p);
        f->has_ports = true;
        return;
    case IPPROTO_NUM_ICMP:
    case IPPROTO_NUM_ICMPV6:
        if (len < 2)
            return;
        f->local_port = f->remote_port = wire_get16(p);
        f->has_ports = true;
        return;
    default: /* a number from the wire: no other protocol has ports */
        return;
    }
}

static bool parse_v4(const uint8_t *p, uint32_t len, bool out, struct flow *f)
{
    uint32_t header_len, total_len;
    u128 src, dst;

    if (len < 20)
        return false;
    header_len = (p[0] & 0x0fu) * 4;
    total_len = wire_get16(p + 2);
    if (header_len < 20 || total_len < header_len || total_len > len)
        return false;
    src = wire_get32(p + 12);
    dst = wire_get32(p + 16);
    f->family = 4;
    f->proto = p[9];
    f->tos = p[1];
    f->len = total_len;
    f->local = out ? src : dst;
    f->remote = out ? dst : src;
    if ((wire_get16(p + 6) & 0x1fff) == 0) /* fragment offset */
        set_ports(p + header_len, total_len - header_len, out, f);
    return true;
}

/* Steps over extension headers to the protocol that selectors name. */
static bool upper_layer_v6(const uint8_t *p, uint32_t len, uint8_t next, bool out, struct flow *f)
{
    for (unsigned i = 0; i < IPV6_EXT_MAX; i++) {
        uint32_t ext_len;

        if (next != IPPROTO_NUM_HOPOPTS && next != IPPROTO_NUM_ROUTING &&
            next != IPPROTO_NUM_DSTOPTS && next != IPPROTO_NUM_FRAGMENT && next != IPPROTO_NUM_AH) {
            f->proto = next;
            set_ports(p, len, out, f);
            return true;
        }
        if (len < 8)
            return false;
        if (next == IPPROTO_NUM_FRAGMENT) {
            if (wire_get16(p + 2) & 0xfff8) { /* what follows is not a header */
                f->proto = p[0];
                return true;
            }
            ext_len = 8;
        } else {
            ext_len = next == IPPROTO_NUM_AH ? (p[1] + 2u) * 4 : (p[1] + 1u) * 8;
        }
        if (ext_len > len)
            return false;
        next = p[0];
        p += ext_len;
        len -= ext_len;
    }
    return false;
}

static bool parse_v6(const uint8_t *p, uint32_t len, bool out, struct flow *f)
{
    uint32_t payload_len;
    u128 src, dst;

    if (len < 40)
        return false;
    payload_len = wire_get16(p + 4);
    if (payload_len > len - 40)
        return false;
    src = (u128)wire_get64(p + 8) << 64 | wire_get64(p + 16);
    dst = (u128)wire_get64(p + 24) << 64 | wire_get64(p + 32);
    f->family = 6;
    f->tos = (uint8_t)(wire_get16(p) >> 4);
    f->len = 40 + payload_len;
    f->local = out ? src : dst;
    f->remote = out ? dst : src;
    return upper_layer_v6(p + 40, payload_len, p[6], out, f);
}

bool flow_parse(const uint8_t *p, uint32_t len, bool out, struct flow *ret)
{
    if (len == 0)
        return false;
    ret->has_ports = false;
    ret->local_port = ret->remote_port = 0;
    if (p[0] >> 4 == 4)
        return parse_v4(p, len, out, ret);
    if (p[0] >> 4 == 6)
        return parse_v6(p, len, out, ret);
    return false;
}

static struct ip_range one_address(uint8_t family, u128 addr)
{
    struct ip_range r = { .lo.family = family };

    if (family == 4) {
        wire_put32(r.lo.b, (uint32_t)addr);
    } else {
        wire_put64(r.lo.b, (uint64_t)(addr >> 64));
        wire_put64(r.lo.b + 8, (uint64_t)addr);
    }
    r.hi = r.lo;
    return r;
}

void flow_selector(const struct flow *f, struct nic_selector *ret)
{
    *ret = (struct nic_selector){
        .local = one_address(f->family, f->local),
        .remote = one_address(f->family, f->remote),
        .proto = f->proto,
        .local_port_lo = f->local_port,
        .local_port_hi = f->has_ports ? f->local_port : UINT16_MAX,
        .remote_port_lo = f->remote_port,
        .remote_port_hi = f->has_ports ? f->remote_port : UINT16_MAX,
    };
}
