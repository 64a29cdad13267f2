/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch: ops are collected with their attributes, handed to the device as one,
 * and their handles settled by the outcome.
 *
 *             add op           submit          success        failure
 *   SA, rule  larval handle    -               live           handle freed
 *   delete    draining         -               handle freed   live again
 *
 * All memory is taken while ops are added, so that submitting, completing and
 * undoing cannot fail for want of it.  Attributes hold keys: they are wiped
 * when the batch ends, whichever way it ends.
 */
#include <ipsec_offload/sa.h>

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "sdk/src/internal.h"
#include "utils/base/log.h"
#include "utils/base/mem.h"

#define ITEMS_MAX 4096
#define ITEMS_FIRST 8
#define RUN_LIMIT (2 * NS_PER_S)

struct item {
    enum nic_batch_kind kind;
    struct ioff_sa *sa; /* the SA added, deleted, aimed at; NULL: none yet */
    struct ioff_rule *rule;
    struct nic_sa_attr *sa_attr; /* owned; holds the key */
    struct nic_rule_attr *rule_attr;
    struct ip_endpoint remote;
    size_t op; /* position in nic.ops, or NO_OP */
};
#define NO_OP SIZE_MAX

struct ioff_batch {
    struct nic_batch nic;
    struct list node; /* in the device's in_flight */
    struct ioff_device *device;
    struct item *items;
    size_t n_items, cap; /* cap counts for nic.ops too */
    ioff_done_fn *done;
    void *user;
    bool abandoned; /* its caller has stopped waiting */
};

static struct handles *sa_table(const struct ioff_batch *batch)
{
    return &batch->device->sas;
}

static struct handles *rule_table(const struct ioff_batch *batch)
{
    return &batch->device->rules;
}

struct ioff_batch *ioff_batch_new(struct ioff_device *device)
{
    struct ioff_batch *batch = mem_zalloc(sizeof *batch);

    if (batch)
        batch->device = device;
    return batch;
}

static void free_items(struct ioff_batch *batch)
{
    for (size_t i = 0; i < batch->n_items; i++) {
        mem_free_secret(batch->items[i].sa_attr, sizeof *batch->items[i].sa_attr);
        mem_free(batch->items[i].rule_attr);
    }
    mem_free(batch->items);
    mem_free(batch->nic.ops);
}

static void release(struct ioff_batch *batch)
{
    list_remove(&batch->node);
    free_items(batch);
    mem_free(batch);
}

/* Undoes what adding the ops did to the handles. */
static void settle_failure(struct ioff_batch *batch, struct item *item)
{
    struct handle *h = item->sa ? &item->sa->h : NULL;

    switch (item->kind) {
    case NIC_OP_SA_ADD:
        handle_free(sa_table(batch), h);
        break;
    case NIC_OP_RULE_ADD:
        handle_free(rule_table(batch), &item->rule->h);
        break;
    case NIC_OP_RULE_DEL:
        h = &item->rule->h;
        /* fall through */
    case NIC_OP_SA_DEL:
        h->batch = NULL;
        if (h->phase == PHASE_DRAINING)
            h->phase = PHASE_LIVE;
        break;
    case NIC_OP_RULE_MOVE:
    case NIC_OP_SA_ENDPOINT:
        break;
    }
}

static void go_live(struct handles *table, struct handle *h, uint64_t id)
{
    h->id = id;
    h->batch = NULL;
    h->phase = PHASE_LIVE;
    handles_insert(table, h);
}

static void settle_success(struct ioff_batch *batch, struct item *item)
{
    switch (item->kind) {
    case NIC_OP_SA_ADD:
        go_live(sa_table(batch), &item->sa->h, batch->nic.ops[item->op].id);
        break;
    case NIC_OP_RULE_ADD:
        go_live(rule_table(batch), &item->rule->h, batch->nic.ops[item->op].id);
        break;
    case NIC_OP_SA_DEL:
        handle_free(sa_table(batch), &item->sa->h);
        break;
    case NIC_OP_RULE_DEL:
        handle_free(rule_table(batch), &item->rule->h);
        break;
    case NIC_OP_RULE_MOVE:
    case NIC_OP_SA_ENDPOINT:
        break;
    }
}

void ioff_batch_free(struct ioff_batch *batch)
{
    if (!batch)
        return;
    for (size_t i = batch->n_items; i-- > 0;)
        settle_failure(batch, &batch->items[i]);
    release(batch);
}

/* Room for one more item, in both arrays. */
static int make_room(struct ioff_batch *batch, struct err *err)
{
    size_t cap = batch->cap ? batch->cap * 2 : ITEMS_FIRST;
    struct nic_batch_op *ops;
    struct item *items;

    if (batch->n_items < batch->cap)
        return 0;
    if (cap > ITEMS_MAX)
        return err_set(err, ERR_FULL, "batch: more than %d ops", ITEMS_MAX);
    items = mem_zalloc_array(cap, sizeof *items);
    ops = mem_zalloc_array(cap, sizeof *ops);
    if (!items || !ops) {
        mem_free(items);
        mem_free(ops);
        return err_set(err, ERR_NOMEM, "no memory for a batch of %zu ops", cap);
    }
    if (batch->n_items)
        memcpy(items, batch->items, batch->n_items * sizeof *items);
    mem_free(batch->items);
    mem_free(batch->nic.ops);
    batch->items = items;
    batch->nic.ops = ops;
    batch->cap = cap;
    return 0;
}

/* Call after make_room(). */
static void put(struct ioff_batch *batch, struct item item)
{
    batch->items[batch->n_items++] = item;
}

/* May an op of this batch name that handle? */
static bool usable(const struct ioff_batch *batch, const struct handle *h)
{
    return h->device == batch->device &&
           (h->phase == PHASE_LIVE || (h->phase == PHASE_LARVAL && h->batch == batch));
}

static int no_memory(struct err *err)
{
    return err_set(err, ERR_NOMEM, "no memory for an SA or rule");
}

int ioff_batch_sa_add(struct ioff_batch *batch, const struct ioff_sa_opts *opts,
                      struct ioff_sa **ret_sa, struct ioff_error *error)
{
    struct err err = { 0 };
    struct ioff_sa *sa = mem_zalloc(sizeof *sa);
    struct nic_sa_attr *attr = mem_zalloc(sizeof *attr);
    int code = make_room(batch, &err);

    if (!code && (!sa || !attr))
        code = no_memory(&err);
    if (!code)
        code = sa_attr_from_opts(batch->device, opts, attr, &sa->requested, &err);
    if (code) {
        mem_free(sa);
        mem_free_secret(attr, sizeof *attr);
        return error_give(error, code, &err);
    }
    sa->h.device = batch->device;
    sa->h.batch = batch;
    sa->dir = (enum ioff_dir)attr->dir;
    sa->spi = attr->spi;
    sa->tunnel = attr->tunnel;
    put(batch, (struct item){ .kind = NIC_OP_SA_ADD, .sa = sa, .sa_attr = attr });
    *ret_sa = sa;
    return 0;
}

int ioff_batch_rule_add(struct ioff_batch *batch, const struct ioff_rule_opts *opts,
                        struct ioff_sa *sa, struct ioff_rule **ret_rule, struct ioff_error *error)
{
    struct err err = { 0 };
    struct ioff_rule *rule = mem_zalloc(sizeof *rule);
    struct nic_rule_attr *attr = mem_zalloc(sizeof *attr);
    int code = make_room(batch, &err);

    if (!code && (!rule || !attr))
        code = no_memory(&err);
    if (!code && sa && !usable(batch, &sa->h))
        code = err_set(&err, ERR_STATE, "sa: being deleted, lost, or of another batch or device");
    if (!code)
        code = rule_attr_from_opts(batch->device, opts, sa != NULL, attr, &err);
    if (code) {
        mem_free(rule);
        mem_free(attr);
        return error_give(error, code, &err);
    }
    rule->h.device = batch->device;
    rule->h.batch = batch;
    put(batch, (struct item){ .kind = NIC_OP_RULE_ADD, .sa = sa, .rule = rule, .rule_attr = attr });
    *ret_rule = rule;
    return 0;
}

/* A lost handle may be deleted too: that frees it and asks nothing of the device. */
static int add_delete(struct ioff_batch *batch, struct handle *h, struct item item)
{
    int code;

    if (h->device != batch->device || h->batch ||
        (h->phase != PHASE_LIVE && h->phase != PHASE_LOST))
        return ERR_STATE;
    code = make_room(batch, NULL);
    if (code)
        return code;
    h->batch = batch;
    if (h->phase == PHASE_LIVE)
        h->phase = PHASE_DRAINING;
    put(batch, item);
    return 0;
}

int ioff_batch_sa_delete(struct ioff_batch *batch, struct ioff_sa *sa)
{
    return add_delete(batch, &sa->h, (struct item){ .kind = NIC_OP_SA_DEL, .sa = sa });
}

int ioff_batch_rule_delete(struct ioff_batch *batch, struct ioff_rule *rule)
{
    return add_delete(batch, &rule->h, (struct item){ .kind = NIC_OP_RULE_DEL, .rule = rule });
}

int ioff_batch_rule_move(struct ioff_batch *batch, struct ioff_rule *rule, struct ioff_sa *sa)
{
    int code;

    if (rule->h.device != batch->device || rule->h.phase != PHASE_LIVE)
        return ERR_STATE;
    if (sa && !usable(batch, &sa->h))
        return ERR_STATE;
    code = make_room(batch, NULL);
    if (!code)
        put(batch, (struct item){ .kind = NIC_OP_RULE_MOVE, .rule = rule, .sa = sa });
    return code;
}

int ioff_batch_sa_endpoint(struct ioff_batch *batch, struct ioff_sa *sa,
                           const struct ioff_endpoint *remote)
{
    int code;

    if (sa->h.device != batch->device || sa->h.phase != PHASE_LIVE)
        return ERR_STATE;
    code = make_room(batch, NULL);
    if (!code)
        put(batch, (struct item){ .kind = NIC_OP_SA_ENDPOINT,
                                  .sa = sa,
                                  .remote = endpoint_from_public(remote) });
    return code;
}

/* What the caller hears last; the batch is gone when this returns. */
static void finish(struct ioff_batch *batch, int code, const struct err *err)
{
    ioff_done_fn *done = batch->done;
    void *user = batch->user;
    struct ioff_error error = { 0 };

    release(batch);
    error_give(&error, code, err);
    if (done)
        done(user, code, code ? &error : NULL);
}

/* A batch that came through after its caller was told "timeout" must not leave
 * SAs that nobody owns: what it added is deleted again. */
static void undo_abandoned(struct ioff_batch *batch)
{
    struct ioff_batch *undo = ioff_batch_new(batch->device);
    int code = undo ? 0 : ERR_NOMEM;

    for (size_t i = batch->n_items; i-- > 0 && !code;) {
        if (batch->items[i].kind == NIC_OP_RULE_ADD)
            code = ioff_batch_rule_delete(undo, batch->items[i].rule);
        else if (batch->items[i].kind == NIC_OP_SA_ADD)
            code = ioff_batch_sa_delete(undo, batch->items[i].sa);
    }
    if (code) {
        log_line(LOG_WARN, "sdk", "device %s: a batch that timed out could not be undone (%s)",
                 batch->device->nic->name, err_name(code));
        ioff_batch_free(undo);
        return;
    }
    if (undo->n_items)
        ioff_batch_submit(undo, NULL, NULL);
    else
        ioff_batch_free(undo);
}

/* struct nic_batch's done. */
static void completed(struct nic_batch *nic, int code, const struct err *err)
{
    struct ioff_batch *batch = CONTAINER_OF(nic, struct ioff_batch, nic);

    list_remove(&batch->node);
    if (code) {
        for (size_t i = batch->n_items; i-- > 0;)
            settle_failure(batch, &batch->items[i]);
    } else {
        for (size_t i = 0; i < batch->n_items; i++)
            settle_success(batch, &batch->items[i]);
        if (batch->abandoned)
            undo_abandoned(batch);
    }
    finish(batch, code, err);
}

/* How the device knows an SA: by id, or by the op that adds it. */
static int reference(const struct ioff_sa *sa, uint64_t *ret, struct err *err)
{
    if (!sa) {
        *ret = 0;
        return 0;
    }
    switch (sa->h.phase) {
    case PHASE_LARVAL:
        *ret = NIC_SA_OF_OP(sa->h.op);
        return 0;
    case PHASE_LIVE:
    case PHASE_DRAINING:
        *ret = sa->h.id;
        return 0;
    case PHASE_LOST:
        break;
    }
    return err_set(err, ERR_STATE, "sa: lost with its device since the op was added");
}

static int build_op(struct item *item, size_t at, struct nic_batch_op *op, struct err *err)
{
    *op = (struct nic_batch_op){ .kind = item->kind, .remote = item->remote };
    switch (item->kind) {
    case NIC_OP_SA_ADD:
        op->sa_attr = item->sa_attr;
        item->sa->h.op = at;
        return 0;
    case NIC_OP_RULE_ADD:
        op->rule = item->rule_attr;
        return reference(item->sa, &item->rule_attr->sa, err);
    case NIC_OP_RULE_MOVE:
        op->id = item->rule->h.id;
        return reference(item->sa, &op->sa, err);
    case NIC_OP_RULE_DEL:
        op->id = item->rule->h.id;
        return 0;
    case NIC_OP_SA_DEL:
    case NIC_OP_SA_ENDPOINT:
        op->id = item->sa->h.id;
        return 0;
    }
    return err_set(err, ERR_INVALID, "op %zu: unknown kind", at);
}

static bool deletes_lost(const struct item *item)
{
    return (item->kind == NIC_OP_SA_DEL && item->sa->h.phase == PHASE_LOST) ||
           (item->kind == NIC_OP_RULE_DEL && item->rule->h.phase == PHASE_LOST);
}

static int build(struct ioff_batch *batch, struct err *err)
{
    size_t n = 0;

    if (!batch->n_items)
        return err_set(err, ERR_INVALID, "the batch is empty");
    for (size_t i = 0; i < batch->n_items; i++) {
        struct item *item = &batch->items[i];
        int code;

        item->op = NO_OP;
        if (deletes_lost(item))
            continue;
        code = build_op(item, n, &batch->nic.ops[n], err);
        if (code)
            return code;
        item->op = n++;
    }
    batch->nic.n_ops = n;
    return 0;
}

void ioff_batch_submit(struct ioff_batch *batch, ioff_done_fn *done, void *user)
{
    struct err err = { 0 };
    int code = build(batch, &err);

    batch->done = done;
    batch->user = user;
    batch->nic.done = completed;
    list_add_tail(&batch->device->in_flight, &batch->node);
    if (code || !batch->nic.n_ops)
        completed(&batch->nic, code, &err);
    else
        nic_submit(batch->device->nic, &batch->nic);
}

void batches_abort(struct ioff_device *device)
{
    struct err err = { 0 };

    err_set(&err, ERR_DEVICE, "the device was closed");
    LIST_FOR_EACH(node, &device->in_flight)
    completed(&CONTAINER_OF(node, struct ioff_batch, node)->nic, ERR_DEVICE, &err);
}

struct run {
    bool done;
    int code;
    struct ioff_error error;
};

static void run_done(void *user, int code, const struct ioff_error *error)
{
    struct run *run = user;

    run->done = true;
    run->code = code;
    if (error)
        run->error = *error;
}

/* Waits for the device's next sign of life, at most until `deadline`. */
static int wait_once(struct ioff_device *device, ns_time now, ns_time deadline, struct err *err)
{
    ns_time wakeup = device->nic->ops->next_wakeup(device->nic);
    ns_time until = wakeup && wakeup < deadline ? wakeup : deadline;
    struct pollfd pfd = { .fd = device->nic->ops->fd(device->nic), .events = POLLIN };
    int timeout = until > now ? (int)((until - now + NS_PER_MS - 1) / NS_PER_MS) : 0;

    if (poll(&pfd, 1, timeout) < 0 && errno != EINTR)
        return err_errno(err, errno, "device %s: poll", device->nic->name);
    return device->nic->ops->process(device->nic, clock_now(), err);
}

int batch_run(struct ioff_batch *batch, ns_time limit, struct ioff_error *error)
{
    struct ioff_device *device = batch->device;
    ns_time now = clock_now(), deadline = now + limit;
    struct run run = { 0 };
    struct err err = { 0 };
    int code = 0;

    ioff_batch_submit(batch, run_done, &run);
    while (!run.done && !code && now < deadline) {
        code = wait_once(device, now, deadline, &err);
        now = clock_now();
    }
    if (run.done) {
        if (run.code && error)
            *error = run.error;
        return run.code;
    }
    batch->done = NULL; /* `run` ends with this call, the batch does not */
    batch->abandoned = true;
    if (!code)
        code = err_set(&err, ERR_TIMEOUT, "device %s did not answer within %llu ms",
                       device->nic->name, (unsigned long long)(limit / NS_PER_MS));
    return error_give(error, code, &err);
}

int ioff_batch_run(struct ioff_batch *batch, struct ioff_error *error)
{
    return batch_run(batch, RUN_LIMIT, error);
}
