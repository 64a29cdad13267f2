/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inline: bursts of the caller's packets.  struct ioff_packet is the shim's
 * struct nic_pkt, field by field, so a burst passes through untouched.
 */
#include <ipsec_offload/inline.h>

#include "sdk/src/internal.h"

#define SAME_PLACE(pub, shim)                                                                      \
    _Static_assert(offsetof(struct ioff_packet, pub) == offsetof(struct nic_pkt, shim), #pub);     \
    _Static_assert(sizeof(((struct ioff_packet *)0)->pub) == sizeof(((struct nic_pkt *)0)->shim),  \
                   #pub)
SAME_PLACE(data, data);
SAME_PLACE(len, len);
SAME_PLACE(headroom, headroom);
SAME_PLACE(tailroom, tailroom);
SAME_PLACE(verdict, verdict);
SAME_PLACE(drop, drop);
SAME_PLACE(tos, tos);
SAME_PLACE(udp_encap, udp_encap);
SAME_PLACE(local, local);
SAME_PLACE(local.port, local.port);
SAME_PLACE(local.addr.b, local.addr.b);
SAME_PLACE(remote, remote);
SAME_PLACE(sa_id, sa);
_Static_assert(sizeof(struct ioff_packet) == sizeof(struct nic_pkt), "packet size");
_Static_assert(IOFF_BURST_MAX == NIC_BURST_MAX, "burst length");

#define SAME_VERDICT(pub, shim) _Static_assert((int)IOFF_##pub == (int)NIC_VERDICT_##shim, #pub)
SAME_VERDICT(PENDING, PENDING);
SAME_VERDICT(SEND, SEND);
SAME_VERDICT(DELIVER, DELIVER);
SAME_VERDICT(BYPASS, BYPASS);
SAME_VERDICT(DROPPED, DROP);
SAME_VERDICT(DUMMY, DUMMY);

static int burst(struct ioff_device *device, enum nic_dir dir, struct ioff_packet *packets,
                 size_t num, uint64_t now_ns)
{
    if (num > IOFF_BURST_MAX)
        return IOFF_E_INVALID;
    return device->nic->ops->burst(device->nic, dir, (struct nic_pkt *)(void *)packets, num,
                                   now_ns);
}

int ioff_burst_out(struct ioff_device *device, struct ioff_packet *packets, size_t num,
                   uint64_t now_ns)
{
    return burst(device, NIC_DIR_OUT, packets, num, now_ns);
}

int ioff_burst_in(struct ioff_device *device, struct ioff_packet *packets, size_t num,
                  uint64_t now_ns)
{
    return burst(device, NIC_DIR_IN, packets, num, now_ns);
}
