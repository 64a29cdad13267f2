/* SPDX-License-Identifier: Apache-2.0 */
/* convert: IKE values to SDK values and back. */
#include "ike/install/state.h"

#include <stdio.h>
#include <string.h>

static struct ioff_addr addr_to_sdk(const struct ip_addr *a)
{
    struct ioff_addr r = { .family = a->family };

    memcpy(r.b, a->b, sizeof r.b);
    return r;
}

struct ioff_endpoint install_endpoint(const struct ip_endpoint *e)
{
    return (struct ioff_endpoint){ addr_to_sdk(&e->addr), e->port };
}

struct ip_endpoint install_ip_endpoint(const struct ioff_endpoint *e)
{
    struct ip_endpoint r = { .addr.family = e->addr.family, .port = e->port };

    memcpy(r.addr.b, e->addr.b, sizeof r.addr.b);
    return r;
}

void install_err(struct err *err, const struct ioff_error *from)
{
    err_set(err, from->code, "%s", from->text);
}

int install_label(const char *conn, const char *child, char ret[LABEL_LEN], struct err *err)
{
    char label[LABEL_LEN];
    int len = snprintf(label, sizeof label, "%s/%s", conn, child);

    if (len < 0 || len >= LABEL_LEN)
        return err_set(err, ERR_INVALID, "%s/%s: the two names have more than %d bytes", conn,
                       child, LABEL_LEN - 2);
    memcpy(ret, label, sizeof label);
    return 0;
}

static bool addr_eq(const struct ioff_addr *a, const struct ioff_addr *b)
{
    return a->family == b->family && memcmp(a->b, b->b, sizeof a->b) == 0;
}

bool install_selector_eq(const struct ioff_selector *a, const struct ioff_selector *b)
{
    return addr_eq(&a->local_lo, &b->local_lo) && addr_eq(&a->local_hi, &b->local_hi) &&
           addr_eq(&a->remote_lo, &b->remote_lo) && addr_eq(&a->remote_hi, &b->remote_hi) &&
           a->proto == b->proto && a->local_port_lo == b->local_port_lo &&
           a->local_port_hi == b->local_port_hi && a->remote_port_lo == b->remote_port_lo &&
           a->remote_port_hi == b->remote_port_hi;
}

static struct ioff_selector selector_of(const struct ike_ts *local, const struct ike_ts *remote)
{
    return (struct ioff_selector){
        .local_lo = addr_to_sdk(&local->range.lo),
        .local_hi = addr_to_sdk(&local->range.hi),
        .remote_lo = addr_to_sdk(&remote->range.lo),
        .remote_hi = addr_to_sdk(&remote->range.hi),
        .proto = local->proto ? local->proto : remote->proto,
        .local_port_lo = local->port_lo,
        .local_port_hi = local->port_hi,
        .remote_port_lo = remote->port_lo,
        .remote_port_hi = remote->port_hi,
    };
}

/* Pairs of different families or of different protocols select nothing. */
static bool pair_is_possible(const struct ike_ts *local, const struct ike_ts *remote)
{
    if (local->range.lo.family != remote->range.lo.family)
        return false;
    return !local->proto || !remote->proto || local->proto == remote->proto;
}

int install_selectors(const struct ike_ts_list *local, const struct ike_ts_list *remote,
                      struct ioff_selector *ret, size_t cap, size_t *ret_n, struct err *err)
{
    size_t n = 0;

    for (unsigned l = 0; l < local->n; l++) {
        for (unsigned r = 0; r < remote->n; r++) {
            if (!pair_is_possible(&local->ts[l], &remote->ts[r]))
                continue;
            if (n == cap)
                return err_set(err, ERR_FULL, "more than %zu pairs of traffic selectors", cap);
            ret[n++] = selector_of(&local->ts[l], &remote->ts[r]);
        }
    }
    if (n == 0)
        return err_set(err, ERR_INVALID,
                       "the traffic selectors of both sides have no family in common");
    *ret_n = n;
    return 0;
}

static int alg_of(const struct ike_suite *suite, enum ioff_alg *ret, struct err *err)
{
    if (suite->encr.id == IKE_ENCR_AES_GCM_16 && suite->encr.key_bits == 128)
        *ret = IOFF_ALG_AES_GCM_128_ICV16;
    else if (suite->encr.id == IKE_ENCR_AES_GCM_16 && suite->encr.key_bits == 256)
        *ret = IOFF_ALG_AES_GCM_256_ICV16;
    else
        return err_set(err, ERR_UNSUPPORTED,
                       "ESP encryption %u with %u-bit key cannot be installed", suite->encr.id,
                       suite->encr.key_bits);
    return 0;
}

static enum ioff_offload offload_of(enum ike_offload offload)
{
    switch (offload) {
    case IKE_OFFLOAD_REQUIRE:
        return IOFF_OFFLOAD_REQUIRE;
    case IKE_OFFLOAD_PREFER:
        return IOFF_OFFLOAD_PREFER;
    case IKE_OFFLOAD_OFF:
        return IOFF_OFFLOAD_OFF;
    }
    return IOFF_OFFLOAD_OFF;
}

int install_sa_opts(const struct ike_child_install *child, const struct install_child *rec,
                    bool inbound, struct ioff_sa_opts *ret, struct err *err)
{
    const struct ike_child_keys *keys = inbound ? &child->key_in : &child->key_out;
    struct ioff_sa_opts opts = IOFF_SA_OPTS_INIT;
    int rc = alg_of(&child->suite, &opts.alg, err);

    if (rc)
        return rc;
    if (keys->encr_len <= 4)
        return err_set(err, ERR_INVALID, "key material of %u bytes holds no key", keys->encr_len);
    opts.dir = inbound ? IOFF_DIR_IN : IOFF_DIR_OUT;
    opts.proto = IOFF_PROTO_ESP;
    opts.mode = child->mode == IKE_MODE_TRANSPORT ? IOFF_MODE_TRANSPORT : IOFF_MODE_TUNNEL;
    opts.spi = inbound ? child->spi_in : child->spi_out;
    opts.key = keys->encr;
    opts.key_len = keys->encr_len - 4u; /* RFC 4106 section 8.1: the salt is the tail */
    opts.salt = keys->encr + opts.key_len;
    opts.salt_len = 4;
    opts.esn = child->suite.esn.id == IKE_ESN_YES;
    opts.replay_window = inbound ? child->conf->replay_window : 0;
    opts.udp_encap = child->udp_encap;
    opts.local = install_endpoint(&child->path.local);
    opts.remote = install_endpoint(&child->path.remote);
    opts.life.soft_bytes = child->conf->rekey_bytes;
    opts.life.hard_bytes = child->conf->life_bytes;
    opts.life.soft_packets = child->conf->rekey_packets;
    opts.life.hard_packets = child->conf->life_packets;
    opts.life.soft_ns = child->rekey_after;
    opts.life.hard_ns = child->conf->life_time;
    opts.tunnel = child->tunnel;
    opts.label = rec->label;
    opts.selectors = rec->selectors;
    opts.num_selectors = rec->n_selectors;
    opts.offload = offload_of(child->conf->offload);
    *ret = opts;
    return 0;
}
