/* SPDX-License-Identifier: Apache-2.0 */
/*
 * selector: does a packet belong to a traffic selector (RFC 4301 section
 * 4.4.1.1)?  This is the plain form that decides what the answer is; the
 * software engine compiles selectors for speed and is tested against it.
 */
#include "driver/core/provider.h"

static bool any_port(uint16_t lo, uint16_t hi)
{
    return lo == 0 && hi == UINT16_MAX;
}

/*
 * A packet without ports (another protocol, or a fragment other than the
 * first, RFC 4301 section 7) meets only selectors that ask for no port.
 */
static bool port_match(uint16_t lo, uint16_t hi, uint16_t port, bool has_ports)
{
    if (!has_ports)
        return any_port(lo, hi);
    return lo <= port && port <= hi;
}

bool nic_selector_match(const struct nic_selector *sel, const struct ip_addr *local,
                        const struct ip_addr *remote, uint8_t proto, uint16_t local_port,
                        uint16_t remote_port, bool has_ports)
{
    if (sel->proto && sel->proto != proto)
        return false;
    if (!ip_range_contains(&sel->local, local) || !ip_range_contains(&sel->remote, remote))
        return false;
    return port_match(sel->local_port_lo, sel->local_port_hi, local_port, has_ports) &&
           port_match(sel->remote_port_lo, sel->remote_port_hi, remote_port, has_ports);
}
