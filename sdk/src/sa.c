/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sa: option structs to the shim's attributes, reading SAs and rules back,
 * and adopting what an earlier process left in the device.
 */
#include <ipsec_offload/sa.h>

#include <string.h>

#include "sdk/src/internal.h"
#include "utils/base/mem.h"

static int set_label(char dst[NIC_LABEL_LEN], const char *label, struct err *err)
{
    size_t len = label ? strnlen(label, NIC_LABEL_LEN) : 0;

    if (len == NIC_LABEL_LEN)
        return err_set(err, ERR_INVALID, "label: longer than %d bytes", NIC_LABEL_LEN - 1);
    if (len)
        memcpy(dst, label, len);
    return 0;
}

static int set_key(struct nic_sa_attr *attr, const struct ioff_sa_opts *opts, struct err *err)
{
    const struct nic_alg_info *alg = nic_alg_info((enum nic_alg)opts->alg);

    if (!alg)
        return err_set(err, ERR_INVALID, "alg: number %d is no known algorithm", (int)opts->alg);
    if (!opts->key || opts->key_len != alg->key_len)
        return err_set(err, ERR_INVALID, "key_len: %zu bytes, %s takes %u",
                       opts->key ? opts->key_len : 0, alg->name, alg->key_len);
    if (!opts->salt || opts->salt_len != alg->salt_len)
        return err_set(err, ERR_INVALID, "salt_len: %zu bytes, %s takes %u",
                       opts->salt ? opts->salt_len : 0, alg->name, alg->salt_len);
    memcpy(attr->key, opts->key, alg->key_len);
    memcpy(attr->salt, opts->salt, alg->salt_len);
    return 0;
}

static int set_selectors(struct nic_sa_attr *attr, const struct ioff_sa_opts *opts, struct err *err)
{
    if (opts->num_selectors > NIC_SELECTORS_MAX)
        return err_set(err, ERR_INVALID, "num_selectors: %zu, at most %d", opts->num_selectors,
                       NIC_SELECTORS_MAX);
    if (opts->num_selectors && !opts->selectors)
        return err_set(err, ERR_INVALID, "selectors: none, but num_selectors is %zu",
                       opts->num_selectors);
    for (size_t i = 0; i < opts->num_selectors; i++)
        attr->sel[i] = selector_from_public(&opts->selectors[i]);
    attr->n_sel = (uint8_t)opts->num_selectors;
    return 0;
}

static void set_plain(struct nic_sa_attr *attr, const struct ioff_sa_opts *opts)
{
    const struct ioff_lifetime *life = &opts->life;

    attr->dir = (enum nic_dir)opts->dir;
    attr->proto = (enum nic_proto)opts->proto;
    attr->mode = (enum nic_mode)opts->mode;
    attr->alg = (enum nic_alg)opts->alg;
    attr->spi = opts->spi;
    attr->esn = opts->esn;
    attr->replay_window = opts->replay_window;
    attr->udp_encap = opts->udp_encap;
    attr->local = endpoint_from_public(&opts->local);
    attr->remote = endpoint_from_public(&opts->remote);
    attr->life = (struct nic_lifetime){ life->soft_bytes,   life->hard_bytes, life->soft_packets,
                                        life->hard_packets, life->soft_ns,    life->hard_ns };
    attr->seq_high_water = opts->seq_high_water;
    attr->tunnel = opts->tunnel;
}

int sa_attr_from_opts(const struct ioff_device *device, const struct ioff_sa_opts *opts,
                      struct nic_sa_attr *ret, enum ioff_offload *ret_requested, struct err *err)
{
    struct ioff_sa_opts known = IOFF_SA_OPTS_INIT;
    enum ioff_offload requested;
    int code = options_read(&known, sizeof known, opts, "ioff_sa_opts", err);

    if (code)
        return code;
    set_plain(ret, &known);
    code = set_key(ret, &known, err);
    if (!code)
        code = set_label(ret->label, known.label, err);
    if (!code)
        code = set_selectors(ret, &known, err);
    if (!code)
        code = nic_sa_validate(ret, &device->nic->caps, err);
    if (code)
        return code;
    requested = placement_requested(device, known.offload);
    code = placement_check(device, requested, err);
    if (!code)
        *ret_requested = requested;
    return code;
}

int rule_attr_from_opts(const struct ioff_device *device, const struct ioff_rule_opts *opts,
                        bool has_sa, struct nic_rule_attr *ret, struct err *err)
{
    struct ioff_rule_opts known = IOFF_RULE_OPTS_INIT;
    int code = options_read(&known, sizeof known, opts, "ioff_rule_opts", err);

    if (code)
        return code;
    ret->action = (enum nic_action)known.action;
    ret->priority = known.priority;
    ret->sel = selector_from_public(&known.selector);
    ret->tunnel = known.tunnel;
    ret->sa = has_sa; /* for the check alone: batch.c puts the id in */
    code = set_label(ret->label, known.label, err);
    return code ? code : nic_rule_validate(ret, &device->nic->caps, err);
}

int ioff_spi_reserve(struct ioff_device *device, uint32_t *ret_spi, struct ioff_error *error)
{
    struct err err = { 0 };

    return error_give(error, device->nic->ops->spi_reserve(device->nic, ret_spi, &err), &err);
}

int ioff_spi_release(struct ioff_device *device, uint32_t spi, struct ioff_error *error)
{
    struct err err = { 0 };

    return error_give(error, device->nic->ops->spi_release(device->nic, spi, &err), &err);
}

uint64_t ioff_sa_id(const struct ioff_sa *sa)
{
    return sa->h.id;
}

uint64_t ioff_rule_id(const struct ioff_rule *rule)
{
    return rule->h.id;
}

/* Completes what the device said with what only this process knows. */
static void describe(const struct ioff_device *device, const struct nic_sa_info *in,
                     struct ioff_sa_info *ret)
{
    const struct handle *h = handles_find(&device->sas, in->id);
    const struct ioff_sa *sa = h ? CONTAINER_OF(h, struct ioff_sa, h) : NULL;

    memset(ret, 0, sizeof *ret);
    ret->size = sizeof *ret;
    sa_info_to_public(in, ret);
    if (sa && sa->h.phase == PHASE_DRAINING && ret->state != IOFF_SA_DEAD)
        ret->state = IOFF_SA_DRAINING;
    placement_fill(device, sa ? sa->requested : device->offload,
                   sa && !sa->adopted ? PLACED_HERE : PLACED_BEFORE, &ret->placement);
}

/* What is left to say when the device cannot be asked any more. */
static void describe_lost(const struct ioff_sa *sa, struct ioff_sa_info *ret)
{
    ret->id = sa->h.id;
    ret->state = IOFF_SA_DEAD;
    ret->dir = sa->dir;
    ret->spi = sa->spi;
    ret->tunnel = sa->tunnel;
    placement_fill(sa->h.device, sa->requested, PLACED_LOST, &ret->placement);
}

int ioff_sa_get(struct ioff_sa *sa, struct ioff_sa_info *ret_info, struct ioff_error *error)
{
    struct ioff_device *device = sa->h.device;
    struct nic_sa_info in = { 0 };
    struct ioff_sa_info out = { 0 };
    struct err err = { 0 };
    int code = 0;

    switch (sa->h.phase) {
    case PHASE_LARVAL:
        code = err_set(&err, ERR_STATE, "sa: its batch has not been carried out");
        break;
    case PHASE_LOST:
        describe_lost(sa, &out);
        break;
    case PHASE_LIVE:
    case PHASE_DRAINING:
        code = device->nic->ops->sa_get(device->nic, sa->h.id, &in, &err);
        if (!code)
            describe(device, &in, &out);
        break;
    }
    if (!code)
        code = options_write(ret_info, &out, sizeof out, "ioff_sa_info", &err);
    return error_give(error, code, &err);
}

struct walk {
    struct ioff_device *device;
    int (*sa_fn)(void *user, const struct ioff_sa_info *info);
    int (*rule_fn)(void *user, const struct ioff_rule_info *info);
    void *user;
    int answer; /* of the callback: not an error of ours */
};

static int walk_sa(void *user, const struct nic_sa_info *in)
{
    struct walk *walk = user;
    struct ioff_sa_info out;

    describe(walk->device, in, &out);
    walk->answer = walk->sa_fn(walk->user, &out);
    return walk->answer;
}

static int walk_rule(void *user, const struct nic_rule_info *in)
{
    struct walk *walk = user;
    struct ioff_rule_info out = { .size = sizeof out };

    rule_info_to_public(in, &out);
    walk->answer = walk->rule_fn(walk->user, &out);
    return walk->answer;
}

static int run_walk(struct walk *walk, struct ioff_error *error)
{
    struct nic_device *nic = walk->device->nic;
    struct err err = { 0 };
    int code = nic->ops->enumerate(nic, walk->sa_fn ? walk_sa : NULL,
                                   walk->rule_fn ? walk_rule : NULL, walk, &err);

    return walk->answer ? walk->answer : error_give(error, code, &err);
}

int ioff_sa_each(struct ioff_device *device, int (*fn)(void *user, const struct ioff_sa_info *info),
                 void *user, struct ioff_error *error)
{
    struct walk walk = { .device = device, .sa_fn = fn, .user = user };

    return run_walk(&walk, error);
}

int ioff_rule_each(struct ioff_device *device,
                   int (*fn)(void *user, const struct ioff_rule_info *info), void *user,
                   struct ioff_error *error)
{
    struct walk walk = { .device = device, .rule_fn = fn, .user = user };

    return run_walk(&walk, error);
}

static void adopt(struct ioff_device *device, struct handles *table, struct handle *h, uint64_t id)
{
    h->device = device;
    h->id = id;
    h->phase = PHASE_LIVE;
    handles_insert(table, h);
}

int ioff_sa_adopt(struct ioff_device *device, uint64_t id, struct ioff_sa **ret_sa,
                  struct ioff_error *error)
{
    struct handle *known = handles_find(&device->sas, id);
    struct nic_sa_info info = { 0 };
    struct err err = { 0 };
    struct ioff_sa *sa;
    int code;

    if (known) {
        *ret_sa = CONTAINER_OF(known, struct ioff_sa, h);
        return 0;
    }
    code = device->nic->ops->sa_get(device->nic, id, &info, &err);
    if (code)
        return error_give(error, code, &err);
    sa = mem_zalloc(sizeof *sa);
    if (!sa)
        return error_give(error, err_set(&err, ERR_NOMEM, "no memory for an SA handle"), &err);
    sa->requested = device->offload;
    sa->adopted = true;
    sa->dir = (enum ioff_dir)info.attr.dir;
    sa->spi = info.attr.spi;
    sa->tunnel = info.attr.tunnel;
    adopt(device, &device->sas, &sa->h, id);
    *ret_sa = sa;
    return 0;
}

int ioff_rule_adopt(struct ioff_device *device, uint64_t id, struct ioff_rule **ret_rule,
                    struct ioff_error *error)
{
    struct handle *known = handles_find(&device->rules, id);
    struct nic_rule_info info = { 0 };
    struct err err = { 0 };
    struct ioff_rule *rule;
    int code;

    if (known) {
        *ret_rule = CONTAINER_OF(known, struct ioff_rule, h);
        return 0;
    }
    code = device->nic->ops->rule_get(device->nic, id, &info, &err);
    if (code)
        return error_give(error, code, &err);
    rule = mem_zalloc(sizeof *rule);
    if (!rule)
        return error_give(error, err_set(&err, ERR_NOMEM, "no memory for a rule handle"), &err);
    adopt(device, &device->rules, &rule->h, id);
    *ret_rule = rule;
    return 0;
}
