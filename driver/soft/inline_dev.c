/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inline_dev: the engine as a device inside the caller's process, for callers
 * who own their packets.  No socket, no thread, no UDP 4500; SAs and rules end
 * with close().
 *
 * Control calls and bursts come from one thread, so the engine has a single
 * worker here, made on the first burst.  It is offline between bursts: a
 * device that sees no traffic then never holds back the freeing of an SA.
 *
 * The engine forbids its event callback to call it back, but callers of the
 * SDK may install from theirs.  So events wait in a queue until the engine
 * call that raised them has returned.
 *
 * guard_set is refused by design: packets never pass through us unasked, so
 * there is nothing a rule of ours could stop once the caller sends them past
 * the engine.  What does reach the engine and matches a protect rule without an
 * SA is dropped.
 */
#include "driver/core/provider.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "driver/soft/engine.h"
#include "utils/base/list.h"
#include "utils/base/log.h"
#include "utils/base/mem.h"
#include "utils/base/rng.h"

#define TICK (100 * NS_PER_MS) /* engine_tick() wants no less often */
#define SPI_FIRST 256u         /* RFC 4303 section 2.1 */
#define SPI_TRIES 64
#define RESERVED_MAX 4096
#define EVENTS_FIRST 256 /* a burst raises no more: allocated before traffic */
#define EVENTS_MAX 65536

#define SAME_PLACE(field)                                                                          \
    _Static_assert(offsetof(struct engine_pkt, field) == offsetof(struct nic_pkt, field), #field)
SAME_PLACE(data);
SAME_PLACE(len);
SAME_PLACE(headroom);
SAME_PLACE(tailroom);
SAME_PLACE(verdict);
SAME_PLACE(drop);
SAME_PLACE(tos);
SAME_PLACE(udp_encap);
SAME_PLACE(local);
SAME_PLACE(remote);
SAME_PLACE(sa);
_Static_assert(sizeof(struct engine_pkt) == sizeof(struct nic_pkt), "packet size");
_Static_assert(ENGINE_BURST_MAX == NIC_BURST_MAX, "burst length");
_Static_assert((int)ENGINE_PENDING == (int)NIC_VERDICT_PENDING, "pending");
_Static_assert((int)ENGINE_SEND == (int)NIC_VERDICT_SEND, "send");
_Static_assert((int)ENGINE_DELIVER == (int)NIC_VERDICT_DELIVER, "deliver");
_Static_assert((int)ENGINE_BYPASS == (int)NIC_VERDICT_BYPASS, "bypass");
_Static_assert((int)ENGINE_DROP == (int)NIC_VERDICT_DROP, "drop");
_Static_assert((int)ENGINE_DUMMY == (int)NIC_VERDICT_DUMMY, "dummy");

struct inline_device {
    struct nic_device base;
    struct nic_ops ops;
    struct engine *engine;
    struct engine_worker *worker; /* NULL until the first burst */
    pthread_t thread;             /* the worker's */
    ns_time now;                  /* latest time seen; never goes back */
    ns_time last_tick;
    uint32_t reserved[RESERVED_MAX];
    size_t n_reserved;
    struct nic_event *events; /* a queue that drains at once */
    size_t n_events, cap_events;
    uint64_t lost_events;
    bool draining;
};

static struct inline_device *inline_of(struct nic_device *dev)
{
    return CONTAINER_OF(dev, struct inline_device, base);
}

static ns_time advance(struct inline_device *d, ns_time now)
{
    if (now > d->now)
        d->now = now;
    return d->now;
}

static bool grow_events(struct inline_device *d)
{
    size_t cap = d->cap_events * 2;
    struct nic_event *events = cap <= EVENTS_MAX ? mem_zalloc_array(cap, sizeof *events) : NULL;

    if (!events)
        return false;
    memcpy(events, d->events, d->n_events * sizeof *events);
    mem_free(d->events);
    d->events = events;
    d->cap_events = cap;
    return true;
}

/* An engine_event_fn. */
static void queue_event(void *user, const struct nic_event *event)
{
    struct inline_device *d = user;

    if (d->n_events == d->cap_events && !grow_events(d)) {
        d->lost_events++;
        return;
    }
    d->events[d->n_events++] = *event;
}

/* Callbacks may call the device, which queues further events at the end. */
static void drain_events(struct inline_device *d)
{
    if (d->draining)
        return;
    d->draining = true;
    for (size_t i = 0; i < d->n_events; i++) {
        struct nic_event event = d->events[i]; /* the array may move meanwhile */

        nic_event_raise(&d->base, &event);
    }
    d->n_events = 0;
    d->draining = false;
    if (d->lost_events) {
        log_line(LOG_WARN, "inline", "%s: event queue full, %llu events lost", d->base.name,
                 (unsigned long long)d->lost_events);
        d->lost_events = 0;
    }
}

static int inline_close(struct nic_device *dev)
{
    struct inline_device *d = inline_of(dev);

    engine_worker_free(d->worker);
    engine_free(d->engine);
    mem_free(d->events);
    mem_free(d);
    return 0;
}

static size_t find_reserved(const struct inline_device *d, uint32_t spi)
{
    size_t at = 0;

    while (at < d->n_reserved && d->reserved[at] != spi)
        at++;
    return at;
}

static void drop_reserved(struct inline_device *d, uint32_t spi)
{
    size_t at = find_reserved(d, spi);

    if (at < d->n_reserved)
        d->reserved[at] = d->reserved[--d->n_reserved];
}

static int inline_spi_reserve(struct nic_device *dev, uint32_t *ret_spi, struct err *err)
{
    struct inline_device *d = inline_of(dev);

    if (d->n_reserved == RESERVED_MAX)
        return err_set(err, ERR_FULL, "spi: %d are reserved and unused, the limit", RESERVED_MAX);
    for (int i = 0; i < SPI_TRIES; i++) {
        uint32_t spi;

        rng_fill(&rng_os, &spi, sizeof spi);
        if (spi < SPI_FIRST || find_reserved(d, spi) < d->n_reserved ||
            engine_spi_in_use(d->engine, spi))
            continue;
        d->reserved[d->n_reserved++] = spi;
        *ret_spi = spi;
        return 0;
    }
    return err_set(err, ERR_FULL, "spi: %d random numbers were all in use", SPI_TRIES);
}

static int inline_spi_release(struct nic_device *dev, uint32_t spi, struct err *err)
{
    struct inline_device *d = inline_of(dev);

    if (find_reserved(d, spi) == d->n_reserved)
        return err_set(err, ERR_NOTFOUND, "spi: 0x%08x is not reserved", spi);
    drop_reserved(d, spi);
    return 0;
}

static void inline_submit(struct nic_device *dev, struct nic_batch *batch)
{
    struct inline_device *d = inline_of(dev);
    struct err err = { 0 };
    int code =
        engine_batch(d->engine, batch, dev->owner, dev->generation, advance(d, clock_now()), &err);

    for (size_t i = 0; !code && i < batch->n_ops; i++)
        if (batch->ops[i].kind == NIC_OP_SA_ADD && batch->ops[i].sa_attr->dir == NIC_DIR_IN)
            drop_reserved(d, batch->ops[i].sa_attr->spi);
    nic_batch_done(batch, code, code ? &err : NULL);
}

static int inline_sa_get(struct nic_device *dev, uint64_t id, struct nic_sa_info *ret,
                         struct err *err)
{
    struct inline_device *d = inline_of(dev);

    return engine_sa_get(d->engine, id, advance(d, clock_now()), ret, err);
}

static int inline_rule_get(struct nic_device *dev, uint64_t id, struct nic_rule_info *ret,
                           struct err *err)
{
    return engine_rule_get(inline_of(dev)->engine, id, ret, err);
}

static int inline_enumerate(struct nic_device *dev,
                            int (*fn)(void *user, const struct nic_sa_info *sa),
                            int (*rule_fn)(void *user, const struct nic_rule_info *rule),
                            void *user, struct err *err)
{
    struct inline_device *d = inline_of(dev);
    int answer = fn ? engine_sa_each(d->engine, advance(d, clock_now()), fn, user) : 0;

    (void)err;
    if (!answer && rule_fn)
        answer = engine_rule_each(d->engine, rule_fn, user);
    return answer;
}

static int inline_device_counters(struct nic_device *dev, struct nic_device_counters *ret,
                                  struct err *err)
{
    (void)err;
    engine_device_counters(inline_of(dev)->engine, ret);
    return 0;
}

static void tick(struct inline_device *d)
{
    d->last_tick = d->now;
    engine_tick(d->engine, d->now);
}

static int inline_process(struct nic_device *dev, ns_time now, struct err *err)
{
    struct inline_device *d = inline_of(dev);

    (void)err;
    advance(d, now);
    tick(d);
    drain_events(d);
    return 0;
}

static ns_time inline_next_wakeup(struct nic_device *dev)
{
    return inline_of(dev)->last_tick + TICK;
}

static int inline_guard_set(struct nic_device *dev, const struct nic_guard_entry *entries, size_t n,
                            struct err *err)
{
    (void)entries;
    (void)n;
    return err_set(err, ERR_UNSUPPORTED,
                   "device %s keeps no drop rule: its caller owns the packets and must hold back "
                   "what the engine does not answer with send or bypass",
                   dev->name);
}

static int make_worker(struct inline_device *d)
{
    if (!d->worker) {
        d->worker = engine_worker_new(d->engine);
        if (!d->worker)
            return ERR_NOMEM;
        d->thread = pthread_self();
        return 0;
    }
    if (!pthread_equal(d->thread, pthread_self()))
        return ERR_STATE; /* the engine's quiet points belong to a thread */
    engine_worker_wake(d->worker);
    return 0;
}

static int inline_burst(struct nic_device *dev, enum nic_dir dir, struct nic_pkt *pkts, size_t n,
                        ns_time now)
{
    struct inline_device *d = inline_of(dev);
    struct engine_pkt *burst = (struct engine_pkt *)(void *)pkts;
    int code;

    if (n > NIC_BURST_MAX)
        return ERR_INVALID;
    code = make_worker(d);
    if (code)
        return code;
    advance(d, now);
    if (dir == NIC_DIR_OUT)
        engine_out(d->worker, burst, n, d->now);
    else
        engine_in(d->worker, burst, n, d->now);
    engine_worker_sleep(d->worker);
    if (d->now - d->last_tick >= TICK)
        tick(d); /* so that time limits hold for a caller who only bursts */
    drain_events(d);
    return 0;
}

static const struct nic_ops inline_ops = {
    .close = inline_close,
    .spi_reserve = inline_spi_reserve,
    .spi_release = inline_spi_release,
    .submit = inline_submit,
    .sa_get = inline_sa_get,
    .rule_get = inline_rule_get,
    .enumerate = inline_enumerate,
    .device_counters = inline_device_counters,
    .process = inline_process,
    .next_wakeup = inline_next_wakeup,
    .guard_set = inline_guard_set,
    .burst = inline_burst,
};

static int inline_probe(struct nic_device_desc *descs, size_t cap, size_t *n_desc)
{
    if (*n_desc >= cap)
        return 0;
    descs[(*n_desc)++] = (struct nic_device_desc){
        .name = "inline",
        .provider = "inline",
        .level = NIC_LEVEL_SOFTWARE,
        .usable = true,
        .reason = "the software engine in the caller's own process",
    };
    return 0;
}

static int inline_open(const struct nic_open_params *params, struct nic_device **ret,
                       struct err *err)
{
    struct inline_device *d = mem_zalloc(sizeof *d);
    struct engine_opts opts = { .event_fn = queue_event, .event_user = d };
    int code;

    if (!d)
        return err_set(err, ERR_NOMEM, "no memory for an inline device");
    d->events = mem_zalloc_array(EVENTS_FIRST, sizeof *d->events);
    d->cap_events = EVENTS_FIRST;
    code = d->events ? engine_new(&opts, &d->engine, err)
                     : err_set(err, ERR_NOMEM, "no memory for an event queue");
    if (code) {
        mem_free(d->events);
        mem_free(d);
        return code;
    }
    d->ops = inline_ops;
    nic_ops_fill(&d->ops);
    d->base.ops = &d->ops;
    d->base.generation = 1;
    engine_caps(&d->base.caps);
    /* An address tells several devices of one process apart. */
    snprintf(d->base.name, sizeof d->base.name, "inline%s%.20s", params->address ? ":" : "",
             params->address ? params->address : "");
    advance(d, clock_now());
    d->last_tick = d->now;
    *ret = &d->base;
    return 0;
}

const struct nic_provider nic_provider_inline = {
    .name = "inline",
    .level = NIC_LEVEL_SOFTWARE,
    .probe = inline_probe,
    .open = inline_open,
};
