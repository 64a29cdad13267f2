/* SPDX-License-Identifier: Apache-2.0 */
/*
 * soft_dev: the ops of the backend "soft"; see soft_dev.h.
 */
#include "driver/soft/soft_dev.h"

#include "driver/net/net_route.h"
#include "utils/base/mem.h"

#include <stdio.h>
#include <string.h>

#define GUARD_LOOK_INTERVAL NS_PER_S
#define ANSWER_DEADLINE (2 * NS_PER_S) /* the data plane answers at once or is stuck */

/* What the data plane of this version can do; the welcome replaces it. */
static const struct nic_caps caps_before_welcome = {
    .level = NIC_LEVEL_SOFTWARE,
    .protos = 1,
    .modes = 1,
    .algs = 1u << NIC_ALG_AES_GCM_128_ICV16 | 1u << NIC_ALG_AES_GCM_256_ICV16,
    .families = 1, /* IPv4 */
    .esn = true,
    .replay_window_max = 4096,
    .udp_encap = true,
    .owns_natt_port = true,
    .life_bytes = true,
    .life_packets = true,
    .life_time = true,
    .sa_max = 1u << 20,
    .rule_max = 1u << 16,
    .counters_exact = true,
    .mtu_overhead = 65,
};

static struct soft_dev *soft_of(struct nic_device *dev)
{
    return CONTAINER_OF(dev, struct soft_dev, base);
}

/* Requests that answer with a number or nothing. */
static int call_simple(struct soft_dev *d, struct wr *wr, uint32_t id, const char *what,
                       uint32_t *ret, struct err *err)
{
    struct soft_record *r;
    struct dpc_in in;
    uint32_t v = 0;
    int rc = soft_conn_call(d, wr, id, &r, err);

    if (rc)
        return rc;
    dpc_in_init(&in, r->payload);
    if (ret)
        v = dpc_be32(&in, "value");
    rc = dpc_in_end(&in, what, err);
    mem_free(r);
    if (!rc && ret)
        *ret = v;
    return rc;
}

static int soft_spi_reserve(struct nic_device *dev, uint32_t *ret_spi, struct err *err)
{
    struct soft_dev *d = soft_of(dev);
    struct wr wr;
    uint32_t id;
    int rc = soft_conn_check(d, err);

    if (rc)
        return rc;
    id = soft_conn_begin(d, &wr, DPC_OP_SPI_RESERVE);
    return call_simple(d, &wr, id, "spi-reserve reply", ret_spi, err);
}

static int soft_spi_release(struct nic_device *dev, uint32_t spi, struct err *err)
{
    struct soft_dev *d = soft_of(dev);
    struct wr wr;
    uint32_t id;
    int rc = soft_conn_check(d, err);

    if (rc)
        return rc;
    id = soft_conn_begin(d, &wr, DPC_OP_SPI_RELEASE);
    wr_be32(&wr, spi);
    return call_simple(d, &wr, id, "spi-release reply", NULL, err);
}

/* --- the guard --- */

static int guard_load(struct soft_dev *d, const struct nic_guard_entry *entries, size_t n,
                      struct err *err)
{
    struct net_guard guard = {
        .entries = entries,
        .n = n,
        .tun = d->welcome.tun,
        .mark = d->welcome.mark,
    };
    uint64_t addrs = d->port.addrs(d->port.user); /* before: a change in between is seen later */
    int rc = d->port.guard(d->port.user, &guard, err);

    if (!rc)
        d->guard_addrs = addrs;
    return rc;
}

/* An address that came after the guard makes this host a user of the tunnel:
 * the guard has to know before the first route makes use of it. */
static int guard_follow(struct soft_dev *d, struct err *err)
{
    if (!d->n_guard || d->port.addrs(d->port.user) == d->guard_addrs)
        return 0;
    return guard_load(d, d->guard, d->n_guard, err);
}

static bool protects(const struct nic_batch *batch)
{
    for (size_t i = 0; i < batch->n_ops; i++)
        if (batch->ops[i].kind == NIC_OP_RULE_ADD)
            return true;
    return false;
}

static void soft_submit(struct nic_device *dev, struct nic_batch *batch)
{
    struct soft_dev *d = soft_of(dev);
    struct soft_pending *p;
    struct err err = { 0 };
    struct wr wr;
    int rc = soft_conn_check(d, &err);

    if (!rc && protects(batch))
        rc = guard_follow(d, &err);
    if (rc) {
        nic_batch_done(batch, rc, &err);
        return;
    }
    p = mem_zalloc(sizeof *p);
    if (!p) {
        nic_batch_done(batch, ERR_NOMEM, NULL);
        return;
    }
    p->id = soft_conn_begin(d, &wr, DPC_OP_BATCH);
    p->sent = d->port.now(d->port.user);
    p->batch = batch;
    rc = dpc_put_batch(&wr, batch, &err);
    if (rc)
        mem_wipe(d->tx, wr_len(&wr));
    else
        rc = soft_conn_send(d, &wr, &err);
    if (rc) {
        mem_free(p);
        nic_batch_done(batch, rc, &err);
        return;
    }
    list_add_tail(&d->pending, &p->link);
}

static int soft_sa_get(struct nic_device *dev, uint64_t sa_id, struct nic_sa_info *ret,
                       struct err *err)
{
    struct soft_dev *d = soft_of(dev);
    struct nic_sa_info info;
    struct soft_record *r;
    struct dpc_in in;
    struct wr wr;
    uint32_t id;
    int rc = soft_conn_check(d, err);

    if (rc)
        return rc;
    id = soft_conn_begin(d, &wr, DPC_OP_SA_GET);
    wr_be64(&wr, sa_id);
    rc = soft_conn_call(d, &wr, id, &r, err);
    if (rc)
        return rc;
    dpc_in_init(&in, r->payload);
    dpc_get_sa_info(&in, &info);
    rc = dpc_in_end(&in, "sa-get reply", err);
    mem_free(r);
    if (!rc)
        *ret = info;
    return rc;
}

static int soft_rule_get(struct nic_device *dev, uint64_t rule_id, struct nic_rule_info *ret,
                         struct err *err)
{
    struct soft_dev *d = soft_of(dev);
    struct nic_rule_info info;
    struct soft_record *r;
    struct dpc_in in;
    struct wr wr;
    uint32_t id;
    int rc = soft_conn_check(d, err);

    if (rc)
        return rc;
    id = soft_conn_begin(d, &wr, DPC_OP_RULE_GET);
    wr_be64(&wr, rule_id);
    rc = soft_conn_call(d, &wr, id, &r, err);
    if (rc)
        return rc;
    dpc_in_init(&in, r->payload);
    dpc_get_rule_info(&in, &info);
    rc = dpc_in_end(&in, "rule-get reply", err);
    mem_free(r);
    if (!rc)
        *ret = info;
    return rc;
}

struct walk {
    int (*fn)(void *user, const struct nic_sa_info *sa);
    int (*rule_fn)(void *user, const struct nic_rule_info *rule);
    void *user;
};

/* Calls back for each entry of one page; *ret_more says whether one follows. */
static int walk_page(struct dpc_in *in, enum dpc_op op, const struct walk *walk, bool *ret_more,
                     struct err *err)
{
    bool more = dpc_bool(in, "more");
    uint16_t n = dpc_be16(in, "n");
    int rc = 0;

    if (n > DPC_PAGE_MAX)
        dpc_in_fail(in, "n");
    for (uint16_t i = 0; i < n && !in->bad && !rc; i++) {
        struct nic_rule_info rule;
        struct nic_sa_info sa;

        if (op == DPC_OP_SA_LIST) {
            dpc_get_sa_info(in, &sa);
            rc = in->bad ? 0 : walk->fn(walk->user, &sa);
        } else {
            dpc_get_rule_info(in, &rule);
            rc = in->bad ? 0 : walk->rule_fn(walk->user, &rule);
        }
    }
    *ret_more = more;
    return rc ? rc : dpc_in_end(in, "list reply", err);
}

static int walk_all(struct soft_dev *d, enum dpc_op op, const struct walk *walk, struct err *err)
{
    bool restart = true, more = true;

    while (more) {
        struct soft_record *r;
        struct dpc_in in;
        struct wr wr;
        uint32_t id;
        int rc = soft_conn_check(d, err);

        if (rc)
            return rc;
        id = soft_conn_begin(d, &wr, op);
        dpc_put_bool(&wr, restart);
        rc = soft_conn_call(d, &wr, id, &r, err);
        if (rc)
            return rc;
        dpc_in_init(&in, r->payload);
        rc = walk_page(&in, op, walk, &more, err);
        mem_free(r);
        if (rc)
            return rc;
        restart = false;
    }
    return 0;
}

static int soft_enumerate(struct nic_device *dev,
                          int (*fn)(void *user, const struct nic_sa_info *sa),
                          int (*rule_fn)(void *user, const struct nic_rule_info *rule), void *user,
                          struct err *err)
{
    struct soft_dev *d = soft_of(dev);
    struct walk walk = { fn, rule_fn, user };
    int rc = fn ? walk_all(d, DPC_OP_SA_LIST, &walk, err) : soft_conn_check(d, err);

    if (!rc && rule_fn)
        rc = walk_all(d, DPC_OP_RULE_LIST, &walk, err);
    return rc;
}

static int soft_device_counters(struct nic_device *dev, struct nic_device_counters *ret,
                                struct err *err)
{
    struct soft_dev *d = soft_of(dev);
    struct nic_device_counters c;
    struct soft_record *r;
    struct dpc_in in;
    struct wr wr;
    uint32_t id;
    int rc = soft_conn_check(d, err);

    if (rc)
        return rc;
    id = soft_conn_begin(d, &wr, DPC_OP_COUNTERS);
    rc = soft_conn_call(d, &wr, id, &r, err);
    if (rc)
        return rc;
    dpc_in_init(&in, r->payload);
    dpc_get_counters(&in, &c);
    rc = dpc_in_end(&in, "counters reply", err);
    mem_free(r);
    if (!rc)
        *ret = c;
    return rc;
}

static int send_datagram(struct soft_dev *d, enum dpc_op op, const struct ip_endpoint *local,
                         const struct ip_endpoint *remote, struct span data, struct err *err)
{
    struct dpc_datagram m = { *local, *remote, data };
    struct wr wr;
    uint32_t id;
    int rc = soft_conn_check(d, err);

    if (rc)
        return rc;
    id = soft_conn_begin(d, &wr, op);
    dpc_put_datagram(&wr, &m);
    return call_simple(d, &wr, id, "send reply", NULL, err);
}

static int soft_ike_send(struct nic_device *dev, const struct ip_endpoint *local,
                         const struct ip_endpoint *remote, struct span data, struct err *err)
{
    return send_datagram(soft_of(dev), DPC_OP_IKE_SEND, local, remote, data, err);
}

static int soft_keepalive_send(struct nic_device *dev, const struct ip_endpoint *local,
                               const struct ip_endpoint *remote, struct err *err)
{
    return send_datagram(soft_of(dev), DPC_OP_KEEPALIVE, local, remote, span_of(NULL, 0), err);
}

/* Works without a data plane too: the daemon may well come first. */
static int soft_guard_set(struct nic_device *dev, const struct nic_guard_entry *entries, size_t n,
                          struct err *err)
{
    struct soft_dev *d = soft_of(dev);
    struct nic_guard_entry *copy = NULL;
    int rc;

    if (dev->monitor)
        return err_set(err, ERR_STATE, "device %s is open for monitoring only", dev->name);
    if (n > NET_GUARD_MAX)
        return err_set(err, ERR_FULL, "drop rule: %zu entries, %d is the limit", n, NET_GUARD_MAX);
    if (n) {
        copy = mem_dup(entries, n * sizeof *entries);
        if (!copy)
            return err_set(err, ERR_NOMEM, "no memory for a drop rule of %zu entries", n);
    }
    rc = guard_load(d, entries, n, err);
    if (rc) {
        mem_free(copy);
        return rc;
    }
    mem_free(d->guard);
    d->guard = copy;
    d->n_guard = n;
    d->guard_due = false;
    return 0;
}

static void batch_reply(struct soft_dev *d, const struct soft_record *r)
{
    LIST_FOR_EACH(node, &d->pending)
    {
        struct soft_pending *p = CONTAINER_OF(node, struct soft_pending, link);
        struct nic_batch *batch = p->batch;
        struct err err = { 0 };
        struct dpc_in in;
        int rc;

        if (p->id != r->header.id)
            continue;
        list_remove(node);
        mem_free(p);
        rc = soft_reply_error(r, &err);
        if (!rc) {
            dpc_in_init(&in, r->payload);
            dpc_get_batch_ids(&in, batch->ops, batch->n_ops);
            rc = dpc_in_end(&in, "batch reply", &err);
        }
        nic_batch_done(batch, rc, rc ? &err : NULL);
        return;
    }
}

static void dispatch(struct soft_dev *d, const struct soft_record *r)
{
    struct nic_event ev;
    struct dpc_in in;
    struct err err = { 0 };

    if (r->header.kind == DPC_EVENT && r->header.op == DPC_OP_EVENT) {
        dpc_in_init(&in, r->payload);
        dpc_get_event(&in, &ev);
        if (dpc_in_end(&in, "event", &err))
            soft_conn_down(d, &err);
        else
            nic_event_raise(&d->base, &ev);
    } else if (r->header.op == DPC_OP_HELLO && d->state == SOFT_HELLO &&
               r->header.id == d->hello_id) {
        (void)soft_conn_welcome(d, r, NULL); /* a refusal is kept in why_down */
    } else if (r->header.op == DPC_OP_BATCH) {
        batch_reply(d, r);
    }
    /* Else: the answer to a request that no longer waits. */
}

/* When the oldest question without an answer means a stuck process; 0 = none. */
static ns_time answer_due(const struct soft_dev *d)
{
    if (d->state == SOFT_HELLO)
        return d->hello_sent + ANSWER_DEADLINE;
    if (list_is_empty(&d->pending))
        return 0;
    return CONTAINER_OF(d->pending.next, struct soft_pending, link)->sent + ANSWER_DEADLINE;
}

static void check_stuck(struct soft_dev *d, ns_time now)
{
    struct err why = { 0 };
    ns_time due = answer_due(d);

    if (!due || now < due)
        return;
    err_set(&why, ERR_TIMEOUT, "no answer within %u s", (unsigned)(ANSWER_DEADLINE / NS_PER_S));
    soft_conn_down(d, &why);
}

static void raise_due(struct soft_dev *d)
{
    struct nic_event ev = { .kind = NIC_EVENT_DEVICE_LOST };

    if (d->lost_due) {
        d->lost_due = false;
        d->told_lost = true;
        nic_event_raise(&d->base, &ev);
    }
    if (d->back_due) {
        ev.kind = NIC_EVENT_DEVICE_BACK;
        d->back_due = false;
        d->told_lost = false;
        nic_event_raise(&d->base, &ev);
    }
}

static int soft_process(struct nic_device *dev, ns_time now, struct err *err)
{
    struct soft_dev *d = soft_of(dev);
    int rc = 0;

    if (d->state == SOFT_DOWN && now >= d->retry_at)
        (void)soft_conn_start(d, false, NULL); /* the reason is kept in why_down */
    soft_conn_pull(d);
    /* Only what is here now: a handler's own calls may fill the inbox again. */
    for (size_t n = d->n_inbox; n > 0; n--) {
        struct soft_record *r = soft_conn_pop(d);

        if (!r)
            break;
        dispatch(d, r);
        mem_free(r);
    }
    check_stuck(d, now);
    if (d->guard_due && d->state == SOFT_UP) {
        rc = guard_load(d, d->guard, d->n_guard, err);
        d->guard_due = rc != 0;
    }
    if (!rc && now >= d->guard_look_at) {
        d->guard_look_at = now + GUARD_LOOK_INTERVAL;
        rc = guard_follow(d, err);
    }
    raise_due(d);
    return rc;
}

static int soft_fd(struct nic_device *dev)
{
    return soft_of(dev)->fd;
}

static ns_time soft_next_wakeup(struct nic_device *dev)
{
    struct soft_dev *d = soft_of(dev);

    if (d->n_inbox || d->lost_due || d->back_due)
        return 1; /* long past: now */
    if (d->state == SOFT_DOWN)
        return d->retry_at;
    return answer_due(d);
}

static int soft_close(struct nic_device *dev)
{
    struct soft_dev *d = soft_of(dev);
    struct err why = { 0 };
    struct soft_record *r;

    err_set(&why, ERR_DEVICE, "device closed");
    soft_conn_down(d, &why);
    while ((r = soft_conn_pop(d)))
        mem_free(r);
    mem_free(d->guard);
    mem_free_secret(d, sizeof *d);
    return 0;
}

static void set_ops(struct soft_dev *d)
{
    d->ops = (struct nic_ops){
        .close = soft_close,
        .spi_reserve = soft_spi_reserve,
        .spi_release = soft_spi_release,
        .submit = soft_submit,
        .sa_get = soft_sa_get,
        .rule_get = soft_rule_get,
        .enumerate = soft_enumerate,
        .device_counters = soft_device_counters,
        .fd = soft_fd,
        .process = soft_process,
        .next_wakeup = soft_next_wakeup,
        .ike_send = soft_ike_send,
        .keepalive_send = soft_keepalive_send,
        .guard_set = soft_guard_set,
    };
    nic_ops_fill(&d->ops);
    d->base.ops = &d->ops;
}

int soft_dev_open(const struct nic_open_params *params, const struct soft_port *port,
                  struct nic_device **ret, struct err *err)
{
    const char *path = params->address ? params->address : DPC_SOCKET_DEFAULT;
    struct err why = { 0 };
    struct soft_dev *d;
    int rc;

    if (strlen(path) >= SOFT_PATH_LEN)
        return err_set(err, ERR_INVALID, "soft: socket path has %zu bytes, %d is the limit",
                       strlen(path), SOFT_PATH_LEN - 1);
    d = mem_zalloc(sizeof *d);
    if (!d)
        return err_set(err, ERR_NOMEM, "no memory for device soft");
    d->port = *port;
    d->fd = -1;
    list_init(&d->inbox);
    list_init(&d->pending);
    set_ops(d);
    snprintf(d->path, sizeof d->path, "%s", path);
    snprintf(d->base.name, sizeof d->base.name, "soft");
    snprintf(d->base.provider, sizeof d->base.provider, "soft");
    snprintf(d->base.owner, sizeof d->base.owner, "%s", params->owner);
    snprintf(d->welcome.tun, sizeof d->welcome.tun, "%s", DPC_TUN_DEFAULT);
    d->welcome.mark = NET_MARK;
    d->base.monitor = params->monitor;
    d->base.caps = caps_before_welcome;
    rc = soft_conn_start(d, true, &why);
    /* A process that is not there yet is waited for, by an owner; a process
     * that says no, or a monitor that has nothing to look at, is an error. */
    if (rc && (rc != ERR_DEVICE || params->monitor)) {
        soft_close(&d->base);
        return err_set(err, rc, "%s", why.text);
    }
    *ret = &d->base;
    return 0;
}
