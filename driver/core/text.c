/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text: what an operator reads for a selector and for the shim's enums (drop
 * causes and algorithms have theirs in alg.c).
 * Names are part of the CLI's stable output; docs and JSON use them too.
 */
#include "driver/core/provider.h"

#include <stdio.h>

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char *name_at(const char *const *names, size_t n, size_t at)
{
    return at < n && names[at] ? names[at] : "unknown";
}

const char *nic_level_name(enum nic_level level)
{
    static const char *const names[] = {
        [NIC_LEVEL_NONE] = "none",
        [NIC_LEVEL_SOFTWARE] = "software",
        [NIC_LEVEL_CRYPTO] = "crypto",
        [NIC_LEVEL_PACKET] = "packet",
    };

    return name_at(names, N_OF(names), (size_t)level);
}

const char *nic_event_name(enum nic_event_kind kind)
{
    static const char *const names[] = {
        [NIC_EVENT_SOFT_LIFETIME] = "soft-lifetime",
        [NIC_EVENT_HARD_LIFETIME] = "hard-lifetime",
        [NIC_EVENT_SEQ_HIGH_WATER] = "seq-high-water",
        [NIC_EVENT_FIRST_PACKET] = "first-packet",
        [NIC_EVENT_ACQUIRE] = "acquire",
        [NIC_EVENT_MAPPING_CHANGE] = "mapping-change",
        [NIC_EVENT_UNKNOWN_SPI] = "unknown-spi",
        [NIC_EVENT_DEVICE_LOST] = "device-lost",
        [NIC_EVENT_DEVICE_BACK] = "device-back",
        [NIC_EVENT_TABLE_FULL] = "table-full",
        [NIC_EVENT_INTEGRITY] = "integrity",
        [NIC_EVENT_IKE_DATAGRAM] = "ike-datagram",
    };

    return name_at(names, N_OF(names), (size_t)kind);
}

const char *nic_op_name(enum nic_batch_kind kind)
{
    static const char *const names[] = {
        [NIC_OP_SA_ADD] = "sa-add",       [NIC_OP_SA_DEL] = "sa-delete",
        [NIC_OP_RULE_ADD] = "rule-add",   [NIC_OP_RULE_DEL] = "rule-delete",
        [NIC_OP_RULE_MOVE] = "rule-move", [NIC_OP_SA_ENDPOINT] = "sa-endpoint",
    };

    return name_at(names, N_OF(names), (size_t)kind);
}

static void proto_text(uint8_t proto, char *buf, size_t len)
{
    static const char *const names[] = {
        [0] = "any", [1] = "icmp", [6] = "tcp", [17] = "udp", [58] = "icmpv6", [132] = "sctp",
    };

    if (proto < N_OF(names) && names[proto])
        snprintf(buf, len, "%s", names[proto]);
    else
        snprintf(buf, len, "%u", proto);
}

/* "10.1.0.0/24", "10.1.0.0/24[udp]", "10.1.0.0/24[udp/500-600]" */
static size_t side_text(const struct ip_range *range, uint8_t proto, uint16_t lo, uint16_t hi,
                        char *buf, size_t len)
{
    char addrs[IP_RANGE_TEXT_LEN], name[8], ports[16] = "";
    bool any_port = lo == 0 && hi == UINT16_MAX;

    ip_range_text(range, addrs);
    if (proto == 0 && any_port)
        return (size_t)snprintf(buf, len, "%s", addrs);
    proto_text(proto, name, sizeof name);
    if (!any_port && lo == hi)
        snprintf(ports, sizeof ports, "/%u", lo);
    else if (!any_port)
        snprintf(ports, sizeof ports, "/%u-%u", lo, hi);
    return (size_t)snprintf(buf, len, "%s[%s%s]", addrs, name, ports);
}

const char *nic_selector_text(const struct nic_selector *sel, char buf[NIC_SELECTOR_TEXT_LEN])
{
    /* Each side needs at most IP_RANGE_TEXT_LEN + 24 bytes, so both fit. */
    size_t at = side_text(&sel->local, sel->proto, sel->local_port_lo, sel->local_port_hi, buf,
                          NIC_SELECTOR_TEXT_LEN);

    at += (size_t)snprintf(buf + at, NIC_SELECTOR_TEXT_LEN - at, " -> ");
    side_text(&sel->remote, sel->proto, sel->remote_port_lo, sel->remote_port_hi, buf + at,
              NIC_SELECTOR_TEXT_LEN - at);
    return buf;
}
