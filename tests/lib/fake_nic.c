/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/fake_nic.h"

#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "utils/base/list.h"
#include "utils/base/mem.h"

struct fake_nic fake;

struct entry_sa {
    bool used;
    struct nic_sa_info info; /* attr holds the key: this is the device */
};
struct entry_rule {
    bool used;
    struct nic_rule_info info;
};

/* What a batch may change: copied before and put back if an op fails. */
struct tables {
    struct entry_sa sas[FAKE_TABLE];
    struct entry_rule rules[FAKE_TABLE];
    uint32_t reserved[FAKE_TABLE];
    uint64_t last_id;
};
static struct tables now_, before_;
static uint32_t generation;

struct fake_device {
    struct nic_device base;
    struct nic_ops ops;
    int event_fd;
    struct nic_batch *held[FAKE_TABLE];
    size_t n_held;
};

void fake_reset(void)
{
    memset(&fake, 0, sizeof fake);
    memset(&now_, 0, sizeof now_);
    generation = 0;
    fake.caps = (struct nic_caps){
        .protos = 1,
        .modes = 1,
        .algs = 1u << NIC_ALG_AES_GCM_128_ICV16 | 1u << NIC_ALG_AES_GCM_256_ICV16,
        .families = 3,
        .esn = true,
        .replay_window_max = 1024,
        .raw_esp = true,
        .udp_encap = true,
        .owns_natt_port = true,
        .life_bytes = true,
        .life_packets = true,
        .life_time = true,
        .sa_max = FAKE_TABLE,
        .rule_max = FAKE_TABLE,
        .counters_exact = true,
        .mtu_overhead = 74,
    };
}

static struct entry_sa *sa_by_id(uint64_t id)
{
    for (size_t i = 0; i < FAKE_TABLE; i++)
        if (now_.sas[i].used && now_.sas[i].info.id == id)
            return &now_.sas[i];
    return NULL;
}

static struct entry_rule *rule_by_id(uint64_t id)
{
    for (size_t i = 0; i < FAKE_TABLE; i++)
        if (now_.rules[i].used && now_.rules[i].info.id == id)
            return &now_.rules[i];
    return NULL;
}

size_t fake_n_sas(void)
{
    size_t n = 0;

    for (size_t i = 0; i < FAKE_TABLE; i++)
        n += now_.sas[i].used;
    return n;
}

size_t fake_n_rules(void)
{
    size_t n = 0;

    for (size_t i = 0; i < FAKE_TABLE; i++)
        n += now_.rules[i].used;
    return n;
}

struct nic_counters *fake_counters(uint64_t sa)
{
    struct entry_sa *e = sa_by_id(sa);

    return e ? &e->info.counters : NULL;
}

static bool spi_in_use(uint32_t spi)
{
    for (size_t i = 0; i < FAKE_TABLE; i++)
        if (now_.sas[i].used && now_.sas[i].info.attr.dir == NIC_DIR_IN &&
            now_.sas[i].info.attr.spi == spi)
            return true;
    return false;
}

static uint32_t *reserved_slot(uint32_t spi)
{
    for (size_t i = 0; i < FAKE_TABLE; i++)
        if (now_.reserved[i] == spi)
            return &now_.reserved[i];
    return NULL;
}

static int sa_add(const struct nic_device *dev, struct nic_batch_op *op, struct err *err)
{
    const struct nic_sa_attr *attr = op->sa_attr;

    memcpy(fake.last_key, attr->key, sizeof fake.last_key);
    memcpy(fake.last_salt, attr->salt, sizeof fake.last_salt);
    if (attr->dir == NIC_DIR_IN && spi_in_use(attr->spi))
        return err_set(err, ERR_EXISTS, "spi: 0x%08x is in use", attr->spi);
    for (size_t i = 0; i < FAKE_TABLE && i < dev->caps.sa_max; i++) {
        struct entry_sa *e = &now_.sas[i];
        uint32_t *slot = reserved_slot(attr->spi);

        if (e->used)
            continue;
        memset(e, 0, sizeof *e);
        e->used = true;
        e->info.id = op->id = ++now_.last_id;
        e->info.state = NIC_SA_ACTIVE;
        e->info.attr = *attr;
        e->info.generation = dev->generation;
        snprintf(e->info.owner, sizeof e->info.owner, "%s", dev->owner);
        snprintf(e->info.engine, sizeof e->info.engine, "none");
        if (slot)
            *slot = 0;
        return 0;
    }
    return err_set(err, ERR_FULL, "sa_max: all %u SAs are in use", dev->caps.sa_max);
}

/* 0, or why a rule may not be aimed at this SA. */
static int check_target(uint64_t sa, struct err *err)
{
    const struct entry_sa *e = sa_by_id(sa);

    if (sa && !e)
        return err_set(err, ERR_NOTFOUND, "sa: no SA %llu", (unsigned long long)sa);
    if (sa && e->info.attr.dir == NIC_DIR_IN)
        return err_set(err, ERR_INVALID, "sa: SA %llu is inbound", (unsigned long long)sa);
    return 0;
}

static int rule_add(const struct nic_device *dev, const struct nic_batch *batch,
                    struct nic_batch_op *op, struct err *err)
{
    uint64_t sa = op->rule->sa;
    int code;

    if (sa & NIC_SA_OF_OP(0))
        sa = batch->ops[sa & ~NIC_SA_OF_OP(0)].id;
    code = check_target(sa, err);
    if (code)
        return code;
    for (size_t i = 0; i < FAKE_TABLE && i < dev->caps.rule_max; i++) {
        struct entry_rule *e = &now_.rules[i];

        if (e->used)
            continue;
        memset(e, 0, sizeof *e);
        e->used = true;
        e->info.id = op->id = ++now_.last_id;
        e->info.attr = *op->rule;
        e->info.attr.sa = sa;
        e->info.generation = dev->generation;
        snprintf(e->info.owner, sizeof e->info.owner, "%s", dev->owner);
        return 0;
    }
    return err_set(err, ERR_FULL, "rule_max: all %u rules are in use", dev->caps.rule_max);
}

static int sa_del(uint64_t id, struct err *err)
{
    struct entry_sa *e = sa_by_id(id);

    if (!e)
        return err_set(err, ERR_NOTFOUND, "no SA %llu", (unsigned long long)id);
    memset(e, 0, sizeof *e);
    for (size_t i = 0; i < FAKE_TABLE; i++)
        if (now_.rules[i].used && now_.rules[i].info.attr.sa == id)
            now_.rules[i].info.attr.sa = 0;
    return 0;
}

static int rule_move(const struct nic_batch *batch, const struct nic_batch_op *op, struct err *err)
{
    struct entry_rule *e = rule_by_id(op->id);
    uint64_t sa = op->sa;

    if (sa & NIC_SA_OF_OP(0))
        sa = batch->ops[sa & ~NIC_SA_OF_OP(0)].id;
    if (!e)
        return err_set(err, ERR_NOTFOUND, "no such rule");
    if (!check_target(sa, err))
        e->info.attr.sa = sa;
    return check_target(sa, err);
}

static int carry_out(const struct nic_device *dev, const struct nic_batch *batch,
                     struct nic_batch_op *op, struct err *err)
{
    struct entry_rule *rule;
    struct entry_sa *sa;

    if (fake.n_log < FAKE_LOG)
        fake.log[fake.n_log++] = op->kind;
    if (fake.fail_op && --fake.fail_op == 0)
        return err_set(err, ERR_DEVICE, "the fake was told to fail this %s", nic_op_name(op->kind));
    switch (op->kind) {
    case NIC_OP_SA_ADD:
        return sa_add(dev, op, err);
    case NIC_OP_SA_DEL:
        return sa_del(op->id, err);
    case NIC_OP_RULE_ADD:
        return rule_add(dev, batch, op, err);
    case NIC_OP_RULE_DEL:
        rule = rule_by_id(op->id);
        if (!rule)
            return err_set(err, ERR_NOTFOUND, "no such rule");
        memset(rule, 0, sizeof *rule);
        return 0;
    case NIC_OP_RULE_MOVE:
        return rule_move(batch, op, err);
    case NIC_OP_SA_ENDPOINT:
        sa = sa_by_id(op->id);
        if (!sa)
            return err_set(err, ERR_NOTFOUND, "no such SA");
        sa->info.attr.remote = op->remote;
        return 0;
    }
    return ERR_INVALID;
}

static void run_batch(const struct nic_device *dev, struct nic_batch *batch)
{
    struct err err = { 0 };
    int code = 0;

    before_ = now_;
    for (size_t i = 0; !code && i < batch->n_ops; i++)
        code = carry_out(dev, batch, &batch->ops[i], &err);
    if (code) {
        uint64_t last_id = now_.last_id;

        now_ = before_;
        now_.last_id = last_id; /* ids are never reused */
    }
    nic_batch_done(batch, code, code ? &err : NULL);
}

static struct fake_device *fake_of(struct nic_device *dev)
{
    return CONTAINER_OF(dev, struct fake_device, base);
}

static void fake_submit(struct nic_device *dev, struct nic_batch *batch)
{
    struct fake_device *d = fake_of(dev);

    fake.n_submits++;
    if (!fake.late && !fake.mute) {
        run_batch(dev, batch);
        return;
    }
    d->held[d->n_held++] = batch;
    eventfd_write(d->event_fd, 1);
}

static void complete_held(struct fake_device *d)
{
    struct nic_batch *held[FAKE_TABLE];
    size_t n = d->n_held;
    eventfd_t value;

    memcpy(held, d->held, sizeof held);
    d->n_held = 0;
    eventfd_read(d->event_fd, &value);
    for (size_t i = 0; i < n; i++)
        run_batch(&d->base, held[i]);
}

void fake_complete(void)
{
    complete_held(fake_of(fake.dev));
}

static int fake_process(struct nic_device *dev, ns_time now, struct err *err)
{
    (void)now;
    (void)err;
    if (!fake.mute)
        complete_held(fake_of(dev));
    return 0;
}

static int fake_fd(struct nic_device *dev)
{
    return fake.mute ? -1 : fake_of(dev)->event_fd;
}

void fake_lose(void)
{
    struct fake_device *d = fake_of(fake.dev);
    struct nic_event event = { .kind = NIC_EVENT_DEVICE_LOST };
    struct err err = { .code = ERR_DEVICE, .text = "the fake was unplugged" };

    memset(&now_.sas, 0, sizeof now_.sas);
    memset(&now_.rules, 0, sizeof now_.rules);
    nic_event_raise(fake.dev, &event);
    while (d->n_held)
        nic_batch_done(d->held[--d->n_held], ERR_DEVICE, &err);
}

static int fake_close(struct nic_device *dev)
{
    struct fake_device *d = fake_of(dev);
    struct err err = { .code = ERR_DEVICE, .text = "the fake was closed" };

    while (d->n_held)
        nic_batch_done(d->held[--d->n_held], ERR_DEVICE, &err);
    close(d->event_fd);
    mem_free(d);
    fake.dev = NULL;
    fake.n_open--;
    return 0;
}

static int fake_sa_get(struct nic_device *dev, uint64_t id, struct nic_sa_info *ret,
                       struct err *err)
{
    struct entry_sa *e = sa_by_id(id);

    (void)dev;
    if (!e)
        return err_set(err, ERR_NOTFOUND, "no SA %llu", (unsigned long long)id);
    *ret = e->info;
    memset(ret->attr.key, 0, sizeof ret->attr.key);
    memset(ret->attr.salt, 0, sizeof ret->attr.salt);
    return 0;
}

static int fake_rule_get(struct nic_device *dev, uint64_t id, struct nic_rule_info *ret,
                         struct err *err)
{
    struct entry_rule *e = rule_by_id(id);

    (void)dev;
    if (!e)
        return err_set(err, ERR_NOTFOUND, "no rule %llu", (unsigned long long)id);
    *ret = e->info;
    return 0;
}

static int fake_enumerate(struct nic_device *dev,
                          int (*fn)(void *user, const struct nic_sa_info *sa),
                          int (*rule_fn)(void *user, const struct nic_rule_info *rule), void *user,
                          struct err *err)
{
    int answer = 0;

    for (size_t i = 0; fn && !answer && i < FAKE_TABLE; i++) {
        struct nic_sa_info info;

        if (!now_.sas[i].used)
            continue;
        fake_sa_get(dev, now_.sas[i].info.id, &info, err);
        answer = fn(user, &info);
    }
    for (size_t i = 0; rule_fn && !answer && i < FAKE_TABLE; i++)
        if (now_.rules[i].used)
            answer = rule_fn(user, &now_.rules[i].info);
    return answer;
}

static int fake_spi_reserve(struct nic_device *dev, uint32_t *ret_spi, struct err *err)
{
    uint32_t *slot = reserved_slot(0);

    (void)dev;
    if (!slot)
        return err_set(err, ERR_FULL, "spi: no room for another reservation");
    *slot = *ret_spi = 0xfa000000u | (uint32_t)++now_.last_id;
    return 0;
}

static int fake_spi_release(struct nic_device *dev, uint32_t spi, struct err *err)
{
    uint32_t *slot = spi ? reserved_slot(spi) : NULL;

    (void)dev;
    if (!slot)
        return err_set(err, ERR_NOTFOUND, "spi: 0x%08x is not reserved", spi);
    *slot = 0;
    return 0;
}

static int fake_guard_set(struct nic_device *dev, const struct nic_guard_entry *entries, size_t n,
                          struct err *err)
{
    (void)dev;
    (void)entries;
    (void)err;
    fake.n_guard = n;
    return 0;
}

static int fake_ike_send(struct nic_device *dev, const struct ip_endpoint *local,
                         const struct ip_endpoint *remote, struct span data, struct err *err)
{
    (void)dev;
    (void)err;
    fake.last_from = *local;
    fake.last_to = *remote;
    fake.last_ike_len = data.len;
    return 0;
}

static int fake_device_counters(struct nic_device *dev, struct nic_device_counters *ret,
                                struct err *err)
{
    (void)dev;
    (void)err;
    memset(ret, 0, sizeof *ret);
    ret->drops[NIC_DROP_NO_SA] = 7;
    ret->keepalive_rx = 3;
    return 0;
}

/* keepalive_send, next_wakeup and burst stay the defaults, on purpose. */
static const struct nic_ops fake_ops = {
    .close = fake_close,
    .spi_reserve = fake_spi_reserve,
    .spi_release = fake_spi_release,
    .submit = fake_submit,
    .sa_get = fake_sa_get,
    .rule_get = fake_rule_get,
    .enumerate = fake_enumerate,
    .device_counters = fake_device_counters,
    .fd = fake_fd,
    .process = fake_process,
    .ike_send = fake_ike_send,
    .guard_set = fake_guard_set,
};

static int open_level(const struct nic_open_params *params, enum nic_level level,
                      struct nic_device **ret, struct err *err)
{
    struct fake_device *d;

    if (fake.fail_open)
        return err_set(err, ERR_BUSY, "the fake's lease is held by somebody");
    d = mem_zalloc(sizeof *d);
    if (!d)
        return err_set(err, ERR_NOMEM, "no memory for a fake device");
    d->ops = fake_ops;
    nic_ops_fill(&d->ops);
    d->base.ops = &d->ops;
    d->base.caps = fake.caps;
    d->base.caps.level = level;
    d->base.generation = params->monitor ? generation : ++generation;
    d->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (params->address)
        snprintf(d->base.name, sizeof d->base.name, "%.*s", NIC_NAME_LEN - 1, params->address);
    fake.dev = &d->base;
    fake.n_open++;
    *ret = &d->base;
    return 0;
}

static int open_soft(const struct nic_open_params *params, struct nic_device **ret, struct err *err)
{
    return open_level(params, NIC_LEVEL_SOFTWARE, ret, err);
}

static int open_hard(const struct nic_open_params *params, struct nic_device **ret, struct err *err)
{
    return open_level(params, NIC_LEVEL_PACKET, ret, err);
}

static int probe_soft(struct nic_device_desc *descs, size_t cap, size_t *n_desc)
{
    if (*n_desc < cap)
        descs[(*n_desc)++] = (struct nic_device_desc){
            .name = "fake", .provider = "fake", .usable = true, .reason = "arrays"
        };
    return 0;
}

static int probe_hard(struct nic_device_desc *descs, size_t cap, size_t *n_desc)
{
    (void)descs;
    (void)cap;
    (void)n_desc; /* no such card in this machine */
    return 0;
}

static const struct nic_provider provider_soft = { "fake", NIC_LEVEL_SOFTWARE, probe_soft,
                                                   open_soft };
static const struct nic_provider provider_hard = { "fakehw", NIC_LEVEL_PACKET, probe_hard,
                                                   open_hard };

const struct nic_provider *const nic_providers[] = { &provider_hard, &provider_soft, NULL };
const struct nic_absent_place nic_absent_places[] = {
    { "mlx5", NIC_LEVEL_PACKET, "this version has no mlx5 backend" },
    { "xfrm", NIC_LEVEL_CRYPTO, "this version has no xfrm backend" },
    { NULL, NIC_LEVEL_NONE, NULL },
};
