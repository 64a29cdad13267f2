/* SPDX-License-Identifier: Apache-2.0 */
/*
 * convert: values between the public vocabulary and the shim's.  The two are
 * kept apart so that the shim can change without breaking programs; where they
 * must agree by number, the compiler checks it here.
 */
#include "sdk/src/internal.h"

#include <string.h>

#define AGREE(pub, shim) _Static_assert((int)(pub) == (int)(shim), #pub " is " #shim)
AGREE(IOFF_DIR_OUT, NIC_DIR_OUT);
AGREE(IOFF_DIR_IN, NIC_DIR_IN);
AGREE(IOFF_PROTO_ESP, NIC_PROTO_ESP);
AGREE(IOFF_PROTO_AH, NIC_PROTO_AH);
AGREE(IOFF_MODE_TUNNEL, NIC_MODE_TUNNEL);
AGREE(IOFF_MODE_TRANSPORT, NIC_MODE_TRANSPORT);
AGREE(IOFF_ALG_AES_GCM_128_ICV16, NIC_ALG_AES_GCM_128_ICV16);
AGREE(IOFF_ALG_AES_GCM_256_ICV16, NIC_ALG_AES_GCM_256_ICV16);
AGREE(IOFF_ALG_AES_GCM_256_ICV16 + 1, NIC_ALG_N);
AGREE(IOFF_ACTION_PROTECT, NIC_ACTION_PROTECT);
AGREE(IOFF_ACTION_BYPASS, NIC_ACTION_BYPASS);
AGREE(IOFF_ACTION_DISCARD, NIC_ACTION_DISCARD);
AGREE(IOFF_SA_LARVAL, NIC_SA_LARVAL);
AGREE(IOFF_SA_ACTIVE, NIC_SA_ACTIVE);
AGREE(IOFF_SA_DRAINING, NIC_SA_DRAINING);
AGREE(IOFF_SA_DEAD, NIC_SA_DEAD);
AGREE(IOFF_LEVEL_NONE, NIC_LEVEL_NONE);
AGREE(IOFF_LEVEL_SOFTWARE, NIC_LEVEL_SOFTWARE);
AGREE(IOFF_LEVEL_CRYPTO, NIC_LEVEL_CRYPTO);
AGREE(IOFF_LEVEL_PACKET, NIC_LEVEL_PACKET);
AGREE(IOFF_DROP_CAUSES, NIC_DROP_N);
AGREE(IOFF_NAME_LEN, NIC_NAME_LEN);
AGREE(IOFF_LABEL_LEN, NIC_LABEL_LEN);
AGREE(IOFF_SELECTORS_MAX, NIC_SELECTORS_MAX);
AGREE(IOFF_PLACES_MAX, NIC_PLACES_MAX);

const char *ioff_drop_name(unsigned cause)
{
    return nic_drop_name((enum nic_drop)cause);
}

const char *ioff_level_name(enum ioff_level level)
{
    return nic_level_name((enum nic_level)level);
}

const char *ioff_alg_name(enum ioff_alg alg)
{
    const struct nic_alg_info *info = nic_alg_info((enum nic_alg)alg);

    return info ? info->name : "unknown";
}

/* Both arrays have `len` bytes; the copy is terminated whatever the source is. */
void text_copy(char *dst, const char *src, size_t len)
{
    memcpy(dst, src, len - 1);
    dst[len - 1] = '\0';
}

static struct ioff_addr addr_to_public(const struct ip_addr *a)
{
    struct ioff_addr ret = { .family = a->family };

    memcpy(ret.b, a->b, sizeof ret.b);
    return ret;
}

static struct ip_addr addr_from_public(const struct ioff_addr *a)
{
    struct ip_addr ret = { .family = a->family };

    memcpy(ret.b, a->b, sizeof ret.b);
    return ret;
}

struct ioff_endpoint endpoint_to_public(const struct ip_endpoint *e)
{
    return (struct ioff_endpoint){ addr_to_public(&e->addr), e->port };
}

struct ip_endpoint endpoint_from_public(const struct ioff_endpoint *e)
{
    return (struct ip_endpoint){ addr_from_public(&e->addr), e->port };
}

struct ioff_selector selector_to_public(const struct nic_selector *s)
{
    return (struct ioff_selector){
        .local_lo = addr_to_public(&s->local.lo),
        .local_hi = addr_to_public(&s->local.hi),
        .remote_lo = addr_to_public(&s->remote.lo),
        .remote_hi = addr_to_public(&s->remote.hi),
        .proto = s->proto,
        .local_port_lo = s->local_port_lo,
        .local_port_hi = s->local_port_hi,
        .remote_port_lo = s->remote_port_lo,
        .remote_port_hi = s->remote_port_hi,
    };
}

struct nic_selector selector_from_public(const struct ioff_selector *s)
{
    return (struct nic_selector){
        .local = { addr_from_public(&s->local_lo), addr_from_public(&s->local_hi) },
        .remote = { addr_from_public(&s->remote_lo), addr_from_public(&s->remote_hi) },
        .proto = s->proto,
        .local_port_lo = s->local_port_lo,
        .local_port_hi = s->local_port_hi,
        .remote_port_lo = s->remote_port_lo,
        .remote_port_hi = s->remote_port_hi,
    };
}

static void attr_to_public(const struct nic_sa_attr *attr, struct ioff_sa_info *ret)
{
    const struct nic_lifetime *life = &attr->life;

    ret->dir = (enum ioff_dir)attr->dir;
    ret->proto = (enum ioff_proto)attr->proto;
    ret->mode = (enum ioff_mode)attr->mode;
    ret->alg = (enum ioff_alg)attr->alg;
    ret->spi = attr->spi;
    ret->esn = attr->esn;
    ret->udp_encap = attr->udp_encap;
    ret->replay_window = attr->replay_window;
    ret->tunnel = attr->tunnel;
    ret->local = endpoint_to_public(&attr->local);
    ret->remote = endpoint_to_public(&attr->remote);
    ret->life = (struct ioff_lifetime){ life->soft_bytes,   life->hard_bytes, life->soft_packets,
                                        life->hard_packets, life->soft_time,  life->hard_time };
    text_copy(ret->label, attr->label, sizeof ret->label);
    ret->num_selectors = attr->n_sel < IOFF_SELECTORS_MAX ? attr->n_sel : IOFF_SELECTORS_MAX;
    for (size_t i = 0; i < ret->num_selectors; i++)
        ret->selectors[i] = selector_to_public(&attr->sel[i]);
}

void sa_info_to_public(const struct nic_sa_info *info, struct ioff_sa_info *ret)
{
    attr_to_public(&info->attr, ret);
    ret->id = info->id;
    ret->state = (enum ioff_sa_state)info->state;
    ret->generation = info->generation;
    ret->age_ns = info->age;
    ret->packets = info->counters.packets;
    ret->bytes = info->counters.bytes;
    ret->seq = info->counters.seq;
    ret->last_used_ns = info->counters.last_used;
    memcpy(ret->drops, info->counters.drops, sizeof ret->drops);
    text_copy(ret->owner, info->owner, sizeof ret->owner);
    text_copy(ret->engine, info->engine, sizeof ret->engine);
}

void rule_info_to_public(const struct nic_rule_info *info, struct ioff_rule_info *ret)
{
    ret->id = info->id;
    ret->sa_id = info->attr.sa;
    ret->tunnel = info->attr.tunnel;
    ret->generation = info->generation;
    ret->priority = info->attr.priority;
    ret->action = (enum ioff_action)info->attr.action;
    ret->selector = selector_to_public(&info->attr.sel);
    text_copy(ret->owner, info->owner, sizeof ret->owner);
    text_copy(ret->label, info->attr.label, sizeof ret->label);
}
