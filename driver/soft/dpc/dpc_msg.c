/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dpc_msg: hello and welcome, datagrams, events, device counters.
 */
#include "driver/soft/dpc/dpc.h"

#include <string.h>

void dpc_put_hello(struct wr *wr, const struct dpc_hello *m)
{
    wr_be16(wr, m->version);
    dpc_put_bool(wr, m->monitor);
    dpc_put_text(wr, m->owner);
}

void dpc_get_hello(struct dpc_in *in, struct dpc_hello *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->version = dpc_be16(in, "version");
    ret->monitor = dpc_bool(in, "monitor");
    dpc_get_text(in, "owner", ret->owner, sizeof ret->owner);
    if (!in->bad && !ret->owner[0])
        dpc_in_fail(in, "owner");
}

enum caps_flag {
    CAPS_ESN = 1,
    CAPS_RAW_ESP = 2,
    CAPS_UDP_ENCAP = 4,
    CAPS_OWNS_NATT = 8,
    CAPS_LIFE_BYTES = 16,
    CAPS_LIFE_PACKETS = 32,
    CAPS_LIFE_TIME = 64,
    CAPS_EXACT = 128,
    CAPS_ALL = 255
};

static void put_caps(struct wr *wr, const struct nic_caps *c)
{
    wr_u8(wr, (uint8_t)c->level);
    wr_be32(wr, c->protos);
    wr_be32(wr, c->modes);
    wr_be32(wr, c->algs);
    wr_be32(wr, c->families);
    wr_be16(wr,
            (uint16_t)((c->esn ? CAPS_ESN : 0) | (c->raw_esp ? CAPS_RAW_ESP : 0) |
                       (c->udp_encap ? CAPS_UDP_ENCAP : 0) |
                       (c->owns_natt_port ? CAPS_OWNS_NATT : 0) |
                       (c->life_bytes ? CAPS_LIFE_BYTES : 0) |
                       (c->life_packets ? CAPS_LIFE_PACKETS : 0) |
                       (c->life_time ? CAPS_LIFE_TIME : 0) | (c->counters_exact ? CAPS_EXACT : 0)));
    wr_be16(wr, c->replay_window_max);
    wr_be32(wr, c->sa_max);
    wr_be32(wr, c->rule_max);
    wr_be16(wr, c->mtu_overhead);
}

static void get_caps(struct dpc_in *in, struct nic_caps *ret)
{
    uint16_t flags;

    ret->level = (enum nic_level)dpc_u8(in, "caps.level");
    if (ret->level > NIC_LEVEL_PACKET)
        dpc_in_fail(in, "caps.level");
    ret->protos = dpc_be32(in, "caps.protos");
    ret->modes = dpc_be32(in, "caps.modes");
    ret->algs = dpc_be32(in, "caps.algs");
    ret->families = dpc_be32(in, "caps.families");
    flags = dpc_be16(in, "caps.flags");
    if (flags & ~CAPS_ALL)
        dpc_in_fail(in, "caps.flags");
    ret->esn = flags & CAPS_ESN;
    ret->raw_esp = flags & CAPS_RAW_ESP;
    ret->udp_encap = flags & CAPS_UDP_ENCAP;
    ret->owns_natt_port = flags & CAPS_OWNS_NATT;
    ret->life_bytes = flags & CAPS_LIFE_BYTES;
    ret->life_packets = flags & CAPS_LIFE_PACKETS;
    ret->life_time = flags & CAPS_LIFE_TIME;
    ret->counters_exact = flags & CAPS_EXACT;
    ret->replay_window_max = dpc_be16(in, "caps.replay-window");
    ret->sa_max = dpc_be32(in, "caps.sa-max");
    ret->rule_max = dpc_be32(in, "caps.rule-max");
    ret->mtu_overhead = dpc_be16(in, "caps.mtu-overhead");
}

void dpc_put_welcome(struct wr *wr, const struct dpc_welcome *m)
{
    wr_be16(wr, m->version);
    wr_be32(wr, m->generation);
    wr_be64(wr, m->instance);
    wr_be32(wr, m->pid);
    wr_be32(wr, m->mark);
    dpc_put_text(wr, m->tun);
    put_caps(wr, &m->caps);
}

void dpc_get_welcome(struct dpc_in *in, struct dpc_welcome *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->version = dpc_be16(in, "version");
    ret->generation = dpc_be32(in, "generation");
    ret->instance = dpc_be64(in, "instance");
    ret->pid = dpc_be32(in, "pid");
    ret->mark = dpc_be32(in, "mark");
    dpc_get_text(in, "tun", ret->tun, sizeof ret->tun);
    get_caps(in, &ret->caps);
}

void dpc_put_datagram(struct wr *wr, const struct dpc_datagram *m)
{
    dpc_put_endpoint(wr, &m->local);
    dpc_put_endpoint(wr, &m->remote);
    wr_be16(wr, (uint16_t)m->data.len);
    if (m->data.len > DPC_IKE_MAX)
        wr->failed = true;
    else
        wr_span(wr, m->data);
}

void dpc_get_datagram(struct dpc_in *in, struct dpc_datagram *ret)
{
    uint16_t len;

    memset(ret, 0, sizeof *ret);
    dpc_get_endpoint(in, "local", &ret->local);
    dpc_get_endpoint(in, "remote", &ret->remote);
    len = dpc_be16(in, "data");
    if (len > DPC_IKE_MAX)
        dpc_in_fail(in, "data");
    ret->data = span_of(rd_bytes(&in->rd, len), len);
    if (in->rd.failed) {
        dpc_in_fail(in, "data");
        ret->data = span_of(NULL, 0);
    }
}

void dpc_put_event(struct wr *wr, const struct nic_event *ev)
{
    struct dpc_datagram d = { ev->local, ev->remote, ev->data };

    wr_u8(wr, (uint8_t)ev->kind);
    wr_be64(wr, ev->id);
    wr_be64(wr, ev->tunnel);
    wr_be32(wr, ev->spi);
    dpc_put_text(wr, ev->cause);
    dpc_put_selector(wr, &ev->sel);
    dpc_put_datagram(wr, &d);
}

void dpc_get_event(struct dpc_in *in, struct nic_event *ret)
{
    struct dpc_datagram d;
    uint8_t kind;

    memset(ret, 0, sizeof *ret);
    kind = dpc_u8(in, "event.kind");
    if (kind > NIC_EVENT_IKE_DATAGRAM)
        dpc_in_fail(in, "event.kind");
    ret->kind = (enum nic_event_kind)kind;
    ret->id = dpc_be64(in, "id");
    ret->tunnel = dpc_be64(in, "tunnel");
    ret->spi = dpc_be32(in, "spi");
    dpc_get_text(in, "cause", ret->cause, sizeof ret->cause);
    dpc_get_selector(in, &ret->sel);
    dpc_get_datagram(in, &d);
    ret->local = d.local;
    ret->remote = d.remote;
    ret->data = d.data;
}

void dpc_put_counters(struct wr *wr, const struct nic_device_counters *c)
{
    wr_u8(wr, NIC_DROP_N);
    for (size_t i = 0; i < NIC_DROP_N; i++)
        wr_be64(wr, c->drops[i]);
    wr_be64(wr, c->rx_packets);
    wr_be64(wr, c->tx_packets);
    wr_be64(wr, c->ike_rx);
    wr_be64(wr, c->ike_tx);
    wr_be64(wr, c->keepalive_rx);
}

void dpc_get_counters(struct dpc_in *in, struct nic_device_counters *ret)
{
    memset(ret, 0, sizeof *ret);
    if (dpc_u8(in, "n-drops") != NIC_DROP_N)
        dpc_in_fail(in, "n-drops");
    for (size_t i = 0; i < NIC_DROP_N; i++)
        ret->drops[i] = dpc_be64(in, "drops");
    ret->rx_packets = dpc_be64(in, "rx-packets");
    ret->tx_packets = dpc_be64(in, "tx-packets");
    ret->ike_rx = dpc_be64(in, "ike-rx");
    ret->ike_tx = dpc_be64(in, "ike-tx");
    ret->keepalive_rx = dpc_be64(in, "keepalive-rx");
}
