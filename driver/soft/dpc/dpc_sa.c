/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dpc_sa: SAs and rules, as asked for (attr) and as reported (info).
 */
#include "driver/soft/dpc/dpc.h"

#include <string.h>

enum sa_flag { SA_FLAG_ESN = 1, SA_FLAG_UDP_ENCAP = 2, SA_FLAGS_ALL = 3 };

static void put_lifetime(struct wr *wr, const struct nic_lifetime *l)
{
    wr_be64(wr, l->soft_bytes);
    wr_be64(wr, l->hard_bytes);
    wr_be64(wr, l->soft_packets);
    wr_be64(wr, l->hard_packets);
    wr_be64(wr, l->soft_time);
    wr_be64(wr, l->hard_time);
}

static void get_lifetime(struct dpc_in *in, struct nic_lifetime *ret)
{
    ret->soft_bytes = dpc_be64(in, "life.soft-bytes");
    ret->hard_bytes = dpc_be64(in, "life.hard-bytes");
    ret->soft_packets = dpc_be64(in, "life.soft-packets");
    ret->hard_packets = dpc_be64(in, "life.hard-packets");
    ret->soft_time = dpc_be64(in, "life.soft-time");
    ret->hard_time = dpc_be64(in, "life.hard-time");
}

void dpc_put_sa_attr(struct wr *wr, const struct nic_sa_attr *a, bool with_key)
{
    wr_u8(wr, (uint8_t)a->dir);
    wr_u8(wr, (uint8_t)a->proto);
    wr_u8(wr, (uint8_t)a->mode);
    wr_u8(wr, (uint8_t)a->alg);
    wr_be32(wr, a->spi);
    if (with_key) {
        wr_bytes(wr, a->key, sizeof a->key);
        wr_bytes(wr, a->salt, sizeof a->salt);
    }
    wr_u8(wr, (uint8_t)((a->esn ? SA_FLAG_ESN : 0) | (a->udp_encap ? SA_FLAG_UDP_ENCAP : 0)));
    wr_be16(wr, a->replay_window);
    dpc_put_endpoint(wr, &a->local);
    dpc_put_endpoint(wr, &a->remote);
    put_lifetime(wr, &a->life);
    wr_be64(wr, a->seq_high_water);
    wr_be64(wr, a->tunnel);
    dpc_put_text(wr, a->label);
    wr_u8(wr, a->n_sel);
    for (size_t i = 0; i < a->n_sel && i < NIC_SELECTORS_MAX; i++)
        dpc_put_selector(wr, &a->sel[i]);
}

void dpc_get_sa_attr(struct dpc_in *in, struct nic_sa_attr *ret, bool with_key)
{
    uint8_t dir, flags;

    memset(ret, 0, sizeof *ret);
    dir = dpc_u8(in, "dir");
    if (dir > NIC_DIR_IN)
        dpc_in_fail(in, "dir");
    ret->dir = dir ? NIC_DIR_IN : NIC_DIR_OUT;
    ret->proto = (enum nic_proto)dpc_u8(in, "proto");
    ret->mode = (enum nic_mode)dpc_u8(in, "mode");
    ret->alg = (enum nic_alg)dpc_u8(in, "alg");
    ret->spi = dpc_be32(in, "spi");
    if (with_key) {
        rd_copy(&in->rd, ret->key, sizeof ret->key);
        rd_copy(&in->rd, ret->salt, sizeof ret->salt);
        if (in->rd.failed)
            dpc_in_fail(in, "key");
    }
    flags = dpc_u8(in, "flags");
    if (flags & ~SA_FLAGS_ALL)
        dpc_in_fail(in, "flags");
    ret->esn = flags & SA_FLAG_ESN;
    ret->udp_encap = flags & SA_FLAG_UDP_ENCAP;
    ret->replay_window = dpc_be16(in, "replay-window");
    dpc_get_endpoint(in, "local", &ret->local);
    dpc_get_endpoint(in, "remote", &ret->remote);
    get_lifetime(in, &ret->life);
    ret->seq_high_water = dpc_be64(in, "seq-high-water");
    ret->tunnel = dpc_be64(in, "tunnel");
    dpc_get_text(in, "label", ret->label, sizeof ret->label);
    ret->n_sel = dpc_u8(in, "n-selectors");
    if (ret->n_sel > NIC_SELECTORS_MAX) {
        dpc_in_fail(in, "n-selectors");
        ret->n_sel = 0;
    }
    for (size_t i = 0; i < ret->n_sel; i++)
        dpc_get_selector(in, &ret->sel[i]);
}

void dpc_put_rule_attr(struct wr *wr, const struct nic_rule_attr *a)
{
    wr_u8(wr, (uint8_t)a->action);
    wr_be32(wr, a->priority);
    dpc_put_selector(wr, &a->sel);
    wr_be64(wr, a->sa);
    wr_be64(wr, a->tunnel);
    dpc_put_text(wr, a->label);
}

void dpc_get_rule_attr(struct dpc_in *in, struct nic_rule_attr *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->action = (enum nic_action)dpc_u8(in, "action");
    ret->priority = dpc_be32(in, "priority");
    dpc_get_selector(in, &ret->sel);
    ret->sa = dpc_be64(in, "sa");
    ret->tunnel = dpc_be64(in, "tunnel");
    dpc_get_text(in, "label", ret->label, sizeof ret->label);
}

static void put_sa_counters(struct wr *wr, const struct nic_counters *c)
{
    wr_be64(wr, c->packets);
    wr_be64(wr, c->bytes);
    wr_u8(wr, NIC_DROP_N);
    for (size_t i = 0; i < NIC_DROP_N; i++)
        wr_be64(wr, c->drops[i]);
    wr_be64(wr, c->seq);
    wr_be64(wr, c->last_used);
}

static void get_sa_counters(struct dpc_in *in, struct nic_counters *ret)
{
    ret->packets = dpc_be64(in, "packets");
    ret->bytes = dpc_be64(in, "bytes");
    if (dpc_u8(in, "n-drops") != NIC_DROP_N)
        dpc_in_fail(in, "n-drops");
    for (size_t i = 0; i < NIC_DROP_N; i++)
        ret->drops[i] = dpc_be64(in, "drops");
    ret->seq = dpc_be64(in, "seq");
    ret->last_used = dpc_be64(in, "last-used");
}

void dpc_put_sa_info(struct wr *wr, const struct nic_sa_info *info)
{
    wr_be64(wr, info->id);
    wr_u8(wr, (uint8_t)info->state);
    dpc_put_text(wr, info->owner);
    wr_be32(wr, info->generation);
    wr_be64(wr, info->age);
    dpc_put_sa_attr(wr, &info->attr, false);
    put_sa_counters(wr, &info->counters);
    dpc_put_text(wr, info->engine);
}

void dpc_get_sa_info(struct dpc_in *in, struct nic_sa_info *ret)
{
    uint8_t state;

    memset(ret, 0, sizeof *ret);
    ret->id = dpc_be64(in, "id");
    state = dpc_u8(in, "state");
    if (state > NIC_SA_DEAD)
        dpc_in_fail(in, "state");
    ret->state = (enum nic_sa_state)state;
    dpc_get_text(in, "owner", ret->owner, sizeof ret->owner);
    ret->generation = dpc_be32(in, "generation");
    ret->age = dpc_be64(in, "age");
    dpc_get_sa_attr(in, &ret->attr, false);
    get_sa_counters(in, &ret->counters);
    dpc_get_text(in, "engine", ret->engine, sizeof ret->engine);
}

void dpc_put_rule_info(struct wr *wr, const struct nic_rule_info *info)
{
    wr_be64(wr, info->id);
    dpc_put_text(wr, info->owner);
    wr_be32(wr, info->generation);
    dpc_put_rule_attr(wr, &info->attr);
}

void dpc_get_rule_info(struct dpc_in *in, struct nic_rule_info *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->id = dpc_be64(in, "id");
    dpc_get_text(in, "owner", ret->owner, sizeof ret->owner);
    ret->generation = dpc_be32(in, "generation");
    dpc_get_rule_attr(in, &ret->attr);
}
