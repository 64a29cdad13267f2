/* SPDX-License-Identifier: Apache-2.0 */
/*
 * validate: the one place that checks an SA or a rule, against the rules of
 * the protocol and against what the device can do.
 *
 * ERR_INVALID says that no device could take it, ERR_UNSUPPORTED that this one
 * cannot.  Either way the text begins with the field's name as it stands in
 * driver/core/attrs.h, and says what was found and what would do.  It never
 * holds key bytes.
 */
#include "driver/core/provider.h"

#include <stdio.h>
#include <string.h>

#define SPI_FIRST_FREE 256 /* RFC 4303 section 2.1: 0 is local, 1..255 are reserved */

static int bad(struct err *err, const char *field, const char *why)
{
    return err_set(err, ERR_INVALID, "%s: %s", field, why);
}

static int cannot(struct err *err, const char *field, const char *what)
{
    return err_set(err, ERR_UNSUPPORTED, "%s: the device does not do %s", field, what);
}

static bool all_zero(const uint8_t *p, size_t len)
{
    uint8_t any = 0; /* no early exit: `p` may be a key */

    for (size_t i = 0; i < len; i++)
        any |= p[i];
    return any == 0;
}

static int check_addr(const struct ip_addr *addr, const struct nic_caps *caps, const char *field,
                      struct err *err)
{
    size_t len = ip_addr_len(addr);

    if (addr->family != 4 && addr->family != 6)
        return bad(err, field, "address family is neither 4 nor 6");
    if (!all_zero(addr->b + len, sizeof addr->b - len))
        return bad(err, field, "bytes behind an IPv4 address are not zero");
    if (!(caps->families & (addr->family == 4 ? 1u : 2u)))
        return cannot(err, field, addr->family == 4 ? "IPv4" : "IPv6");
    return 0;
}

static int check_range(const struct ip_range *range, const struct nic_caps *caps, const char *field,
                       struct err *err)
{
    int code = check_addr(&range->lo, caps, field, err);

    if (!code)
        code = check_addr(&range->hi, caps, field, err);
    if (code)
        return code;
    if (range->lo.family != range->hi.family)
        return bad(err, field, "the ends of the range are of two families");
    if (ip_addr_cmp(&range->lo, &range->hi) > 0)
        return bad(err, field, "the range ends before it begins");
    return 0;
}

/* Protocols with 16-bit ports at the start of their header. */
static bool has_ports(uint8_t proto)
{
    switch (proto) {
    case IPPROTO_TCP:
    case IPPROTO_UDP:
    case IPPROTO_DCCP:
    case IPPROTO_SCTP:
    case IPPROTO_UDPLITE:
        return true;
    default:
        return false;
    }
}

static int check_ports(uint8_t proto, uint16_t lo, uint16_t hi, const char *field, struct err *err)
{
    if (lo > hi)
        return err_set(err, ERR_INVALID, "%s: range %u-%u ends before it begins", field, lo, hi);
    if ((lo != 0 || hi != UINT16_MAX) && !has_ports(proto))
        return err_set(err, ERR_INVALID, "%s: protocol %u has no ports, so it must be 0-65535",
                       field, proto);
    return 0;
}

int nic_selector_validate(const struct nic_selector *sel, const struct nic_caps *caps,
                          const char *field, struct err *err)
{
    char name[64];
    int code;

    snprintf(name, sizeof name, "%s.local", field);
    code = check_range(&sel->local, caps, name, err);
    if (code)
        return code;
    snprintf(name, sizeof name, "%s.remote", field);
    code = check_range(&sel->remote, caps, name, err);
    if (code)
        return code;
    if (sel->local.lo.family != sel->remote.lo.family)
        return bad(err, name, "not of the local range's address family");
    snprintf(name, sizeof name, "%s.local_port", field);
    code = check_ports(sel->proto, sel->local_port_lo, sel->local_port_hi, name, err);
    if (code)
        return code;
    snprintf(name, sizeof name, "%s.remote_port", field);
    return check_ports(sel->proto, sel->remote_port_lo, sel->remote_port_hi, name, err);
}

static int check_label(const char label[NIC_LABEL_LEN], struct err *err)
{
    size_t len = strnlen(label, NIC_LABEL_LEN);

    if (len == NIC_LABEL_LEN)
        return bad(err, "label", "not terminated within its 64 bytes");
    for (size_t i = 0; i < len; i++)
        if ((uint8_t)label[i] < ' ' || label[i] == 0x7f)
            return err_set(err, ERR_INVALID, "label: byte %zu is a control character", i);
    return 0;
}

static int check_kind(const struct nic_sa_attr *attr, const struct nic_caps *caps, struct err *err)
{
    if (attr->dir != NIC_DIR_OUT && attr->dir != NIC_DIR_IN)
        return bad(err, "dir", "neither out (0) nor in (1)");
    if (attr->proto != NIC_PROTO_ESP && attr->proto != NIC_PROTO_AH)
        return bad(err, "proto", "neither ESP (50) nor AH (51)");
    if (!(caps->protos & (attr->proto == NIC_PROTO_ESP ? 1u : 2u)))
        return cannot(err, "proto", attr->proto == NIC_PROTO_ESP ? "ESP" : "AH");
    if (attr->mode != NIC_MODE_TUNNEL && attr->mode != NIC_MODE_TRANSPORT)
        return bad(err, "mode", "neither tunnel (1) nor transport (2)");
    if (!(caps->modes & (attr->mode == NIC_MODE_TUNNEL ? 1u : 2u)))
        return cannot(err, "mode",
                      attr->mode == NIC_MODE_TUNNEL ? "tunnel mode" : "transport mode");
    if (attr->spi < SPI_FIRST_FREE)
        return err_set(err, ERR_INVALID, "spi: 0x%08x is reserved, the first free one is 256",
                       attr->spi);
    return 0;
}

static int check_key(const struct nic_sa_attr *attr, const struct nic_caps *caps, struct err *err)
{
    const struct nic_alg_info *alg = nic_alg_info(attr->alg);

    if (!alg)
        return err_set(err, ERR_INVALID, "alg: number %d is no known algorithm", (int)attr->alg);
    if (!(caps->algs & 1u << attr->alg))
        return cannot(err, "alg", alg->name);
    if (!all_zero(attr->key + alg->key_len, sizeof attr->key - alg->key_len))
        return err_set(err, ERR_INVALID, "key: longer than the %u bytes of %s", alg->key_len,
                       alg->name);
    /* A wiped attribute struct used a second time looks like this. */
    if (all_zero(attr->key, alg->key_len))
        return bad(err, "key", "all zero");
    return 0;
}

static int check_replay(const struct nic_sa_attr *attr, const struct nic_caps *caps,
                        struct err *err)
{
    if (attr->esn && !caps->esn)
        return cannot(err, "esn", "extended sequence numbers");
    if (!attr->esn && attr->seq_high_water > UINT32_MAX)
        return bad(err, "seq_high_water", "beyond 32 bits without esn");
    if (attr->dir == NIC_DIR_OUT)
        return 0;
    if (attr->replay_window > caps->replay_window_max)
        return err_set(err, ERR_UNSUPPORTED, "replay_window: %u is above the device's limit of %u",
                       attr->replay_window, caps->replay_window_max);
    /* The window is what the high 32 bits are inferred from (RFC 4303 A2). */
    if (attr->esn && !attr->replay_window)
        return bad(err, "replay_window", "0, but esn needs one");
    return 0;
}

static bool is_multicast(const struct ip_addr *addr)
{
    return addr->family == 4 ? addr->b[0] >> 4 == 0xe : addr->b[0] == 0xff;
}

static int check_endpoint(const struct ip_endpoint *end, const struct nic_sa_attr *attr,
                          const struct nic_caps *caps, const char *field, struct err *err)
{
    int code = check_addr(&end->addr, caps, field, err);

    if (code)
        return code;
    if (ip_addr_is_unset(&end->addr))
        return bad(err, field, "the unspecified address");
    if (is_multicast(&end->addr))
        return bad(err, field, "a multicast address");
    if (attr->udp_encap && !end->port)
        return bad(err, field, "UDP encapsulation needs a port");
    return 0;
}

static int check_outer(const struct nic_sa_attr *attr, const struct nic_caps *caps, struct err *err)
{
    int code = check_endpoint(&attr->local, attr, caps, "local", err);

    if (!code)
        code = check_endpoint(&attr->remote, attr, caps, "remote", err);
    if (code)
        return code;
    if (attr->local.addr.family != attr->remote.addr.family)
        return bad(err, "remote", "not of the local end's address family");
    if (attr->udp_encap && !caps->udp_encap)
        return cannot(err, "udp_encap", "ESP in UDP");
    if (!attr->udp_encap && !caps->raw_esp)
        return cannot(err, "udp_encap", "ESP without UDP");
    return 0;
}

static int check_limit(uint64_t soft, uint64_t hard, bool able, const char *unit, struct err *err)
{
    if (!soft && !hard)
        return 0;
    if (!able)
        return err_set(err, ERR_UNSUPPORTED, "life.%s: the device has no such limit", unit);
    if (hard && soft > hard)
        return err_set(err, ERR_INVALID, "life.soft_%s: above life.hard_%s", unit, unit);
    return 0;
}

static int check_life(const struct nic_lifetime *life, const struct nic_caps *caps, struct err *err)
{
    int code = check_limit(life->soft_bytes, life->hard_bytes, caps->life_bytes, "bytes", err);

    if (!code)
        code =
            check_limit(life->soft_packets, life->hard_packets, caps->life_packets, "packets", err);
    if (!code)
        code = check_limit(life->soft_time, life->hard_time, caps->life_time, "time", err);
    if (!code && (life->soft_time > INT64_MAX || life->hard_time > INT64_MAX))
        code = bad(err, "life.time", "beyond 292 years");
    return code;
}

static int check_selectors(const struct nic_sa_attr *attr, const struct nic_caps *caps,
                           struct err *err)
{
    /* Without one, no packet could pass the check that every device makes. */
    if (!attr->n_sel)
        return bad(err, "sel", "there is none");
    if (attr->n_sel > NIC_SELECTORS_MAX)
        return err_set(err, ERR_INVALID, "n_sel: %u, at most %d", attr->n_sel, NIC_SELECTORS_MAX);
    for (uint8_t i = 0; i < attr->n_sel; i++) {
        char field[16];
        int code;

        snprintf(field, sizeof field, "sel[%u]", i);
        code = nic_selector_validate(&attr->sel[i], caps, field, err);
        if (code)
            return code;
    }
    return 0;
}

int nic_sa_validate(const struct nic_sa_attr *attr, const struct nic_caps *caps, struct err *err)
{
    int code = check_kind(attr, caps, err);

    if (!code)
        code = check_key(attr, caps, err);
    if (!code)
        code = check_replay(attr, caps, err);
    if (!code)
        code = check_outer(attr, caps, err);
    if (!code)
        code = check_life(&attr->life, caps, err);
    if (!code)
        code = check_label(attr->label, err);
    if (!code)
        code = check_selectors(attr, caps, err);
    return code;
}

int nic_rule_validate(const struct nic_rule_attr *attr, const struct nic_caps *caps,
                      struct err *err)
{
    int code;

    switch (attr->action) {
    case NIC_ACTION_PROTECT:
        break;
    case NIC_ACTION_BYPASS:
    case NIC_ACTION_DISCARD:
        if (attr->sa)
            return bad(err, "sa", "only a protect rule names one");
        break;
    default:
        return bad(err, "action", "none of protect (1), bypass (2), discard (3)");
    }
    code = nic_selector_validate(&attr->sel, caps, "sel", err);
    return code ? code : check_label(attr->label, err);
}
