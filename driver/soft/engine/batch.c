/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch: every change of SAs and rules.
 *
 * All-or-nothing in two steps.  Prepare checks each op in order, allocates all
 * it needs and reserves room in the tables; it changes nothing that a packet or
 * a query sees, so undoing it is freeing.  Commit then publishes op after op
 * and cannot fail.  An SA that the batch deletes is "doomed" in between: gone
 * for later ops, alive for packets.
 */
#include "driver/soft/engine/internal.h"

#include <string.h>

#include "utils/base/mem.h"

/* What prepare made for one op. */
struct step {
    struct sa *sa;        /* SA_ADD: new; SA_DEL, SA_ENDPOINT: found */
    struct rule *rule;    /* RULE_ADD: new; RULE_DEL, RULE_MOVE: found */
    struct sa *target;    /* RULE_ADD, RULE_MOVE; NULL: none */
    struct sa_path *path; /* SA_ENDPOINT */
};

struct change {
    struct engine *e;
    const struct nic_batch *batch;
    struct step *steps;
    const char *owner;
    uint32_t generation;
    ns_time now;
    struct err *err;
    size_t n_new_sas, n_new_rules;
};

static void copy_name(char *dst, const char *src)
{
    if (src)
        strncpy(dst, src, NIC_NAME_LEN - 1);
}

/* ---- prepare ---- */

static bool spi_taken(const struct change *c, size_t n_done, uint32_t spi)
{
    /* Also an SPI whose SA this batch deletes: packets still find that one. */
    if (map_get(&c->e->sad, spi))
        return true;
    for (size_t i = 0; i < n_done; i++)
        if (c->batch->ops[i].kind == NIC_OP_SA_ADD && c->steps[i].sa->in &&
            c->steps[i].sa->spi == spi)
            return true;
    return false;
}

static int prepare_sa_add(struct change *c, size_t i)
{
    const struct nic_sa_attr *attr = c->batch->ops[i].sa_attr;
    struct engine *e = c->e;
    struct sa *sa;
    int rc;

    if (!attr)
        return err_set(c->err, ERR_INVALID, "SA_ADD without attributes");
    if (e->n_sas + c->n_new_sas >= e->opts.sa_max)
        return err_set(c->err, ERR_FULL, "sa_max: the table holds %u SAs", e->opts.sa_max);
    if (attr->dir == NIC_DIR_IN && spi_taken(c, i, attr->spi))
        return err_set(c->err, ERR_EXISTS, "spi: 0x%08x is in use", attr->spi);
    c->n_new_sas++;
    if (map_reserve(&e->sad, &e->qs, c->n_new_sas) ||
        map_reserve(&e->sas_by_id, &e->qs, c->n_new_sas))
        return err_set(c->err, ERR_NOMEM, "no memory for the SA table");
    if ((rc = sa_new(e->gcm, attr, e->n_slots, c->now, &sa, c->err)))
        return rc;
    sa->id = ++e->last_id;
    sa->generation = c->generation;
    copy_name(sa->owner, c->owner);
    c->steps[i].sa = sa;
    return 0;
}

static int prepare_sa_find(struct change *c, size_t i)
{
    uint64_t id = c->batch->ops[i].id;

    c->steps[i].sa = engine_sa_find(c->e, id);
    if (!c->steps[i].sa)
        return err_set(c->err, ERR_NOTFOUND, "no SA %llu", (unsigned long long)id);
    return 0;
}

static int prepare_endpoint(struct change *c, size_t i)
{
    const struct nic_batch_op *op = &c->batch->ops[i];
    struct step *s = &c->steps[i];
    const struct sa_path *old;
    int rc;

    if ((rc = prepare_sa_find(c, i)))
        return rc;
    old = atomic_load_explicit(&s->sa->path, memory_order_relaxed);
    if (!(s->path = sa_path_new(&old->local, &op->remote)))
        return err_set(c->err, ERR_NOMEM, "no memory for an endpoint");
    return 0;
}

static int prepare_target(struct change *c, size_t i, uint64_t id)
{
    struct sa *sa;

    if (id == 0)
        return 0;
    if (id >> 63) {
        size_t op = (size_t)(id & ~NIC_SA_OF_OP(0));

        if (op >= i || c->batch->ops[op].kind != NIC_OP_SA_ADD)
            return err_set(c->err, ERR_INVALID, "sa: op %zu of the batch adds no SA before", op);
        sa = c->steps[op].sa;
    } else {
        sa = engine_sa_find(c->e, id);
    }
    if (!sa)
        return err_set(c->err, ERR_NOTFOUND, "sa: no SA %llu", (unsigned long long)id);
    if (sa->in)
        return err_set(c->err, ERR_INVALID, "sa: SA %llu is inbound", (unsigned long long)sa->id);
    c->steps[i].target = sa;
    return 0;
}

static int prepare_rule_add(struct change *c, size_t i)
{
    const struct nic_rule_attr *attr = c->batch->ops[i].rule;
    struct engine *e = c->e;
    struct rule *rule;
    int rc;

    if (!attr)
        return err_set(c->err, ERR_INVALID, "RULE_ADD without attributes");
    if (e->n_rules + c->n_new_rules >= e->opts.rule_max)
        return err_set(c->err, ERR_FULL, "rule_max: the table holds %u rules", e->opts.rule_max);
    if ((rc = prepare_target(c, i, attr->sa)))
        return rc;
    c->n_new_rules++;
    if (rule_new(attr, &rule))
        return err_set(c->err, ERR_NOMEM, "no memory for a rule");
    c->steps[i].rule = rule;
    if (map_reserve(&e->rules_by_id, &e->qs, c->n_new_rules) ||
        spd_reserve(&e->spd, &e->qs, &e->rules, rule))
        return err_set(c->err, ERR_NOMEM, "no memory for the rule table");
    rule->id = ++e->last_id;
    rule->generation = c->generation;
    copy_name(rule->owner, c->owner);
    return 0;
}

static int prepare_rule_find(struct change *c, size_t i)
{
    uint64_t id = c->batch->ops[i].id;

    c->steps[i].rule = engine_rule_find(c->e, id);
    if (!c->steps[i].rule)
        return err_set(c->err, ERR_NOTFOUND, "no rule %llu", (unsigned long long)id);
    return 0;
}

static int prepare_rule_move(struct change *c, size_t i)
{
    int rc = prepare_rule_find(c, i);

    if (rc)
        return rc;
    if (c->steps[i].rule->action != NIC_ACTION_PROTECT)
        return err_set(c->err, ERR_INVALID, "rule %llu is no protect rule",
                       (unsigned long long)c->steps[i].rule->id);
    return prepare_target(c, i, c->batch->ops[i].sa);
}

static int prepare(struct change *c, size_t i)
{
    int rc;

    switch (c->batch->ops[i].kind) {
    case NIC_OP_SA_ADD:
        return prepare_sa_add(c, i);
    case NIC_OP_SA_DEL:
        if (!(rc = prepare_sa_find(c, i)))
            c->steps[i].sa->doomed = true;
        return rc;
    case NIC_OP_RULE_ADD:
        return prepare_rule_add(c, i);
    case NIC_OP_RULE_DEL:
        if (!(rc = prepare_rule_find(c, i)))
            c->steps[i].rule->doomed = true;
        return rc;
    case NIC_OP_RULE_MOVE:
        return prepare_rule_move(c, i);
    case NIC_OP_SA_ENDPOINT:
        return prepare_endpoint(c, i);
    }
    return err_set(c->err, ERR_INVALID, "op %zu: unknown kind", i);
}

static void unprepare(struct change *c, size_t i)
{
    struct step *s = &c->steps[i];

    switch (c->batch->ops[i].kind) {
    case NIC_OP_SA_ADD:
        sa_free(s->sa);
        break;
    case NIC_OP_SA_DEL:
        if (s->sa)
            s->sa->doomed = false;
        break;
    case NIC_OP_RULE_ADD:
        rule_free(s->rule);
        break;
    case NIC_OP_RULE_DEL:
        if (s->rule)
            s->rule->doomed = false;
        break;
    case NIC_OP_SA_ENDPOINT:
        mem_free(s->path);
        break;
    case NIC_OP_RULE_MOVE:
        break;
    }
}

/* ---- commit ---- */

/* An outbound SA that its last rule has left is draining: what was sent under
 * it may still be under way, nothing new goes out. */
static void set_target(struct rule *rule, struct sa *to)
{
    struct sa *from = atomic_load_explicit(&rule->sa, memory_order_relaxed);
    uint8_t active = NIC_SA_ACTIVE, draining = NIC_SA_DRAINING;

    if (to && to->n_rules++ == 0)
        atomic_compare_exchange_strong(&to->state, &draining, (uint8_t)NIC_SA_ACTIVE);
    atomic_store_explicit(&rule->sa, to, memory_order_release);
    if (from && --from->n_rules == 0)
        atomic_compare_exchange_strong(&from->state, &active, (uint8_t)NIC_SA_DRAINING);
}

static void commit_sa_add(struct engine *e, struct sa *sa)
{
    ns_time deadline = life_deadline(sa);

    list_add_tail(&e->sas, &sa->node);
    e->n_sas++;
    map_put(&e->sas_by_id, sa->id, sa);
    if (deadline < e->next_deadline)
        e->next_deadline = deadline;
    if (sa->in)
        map_put(&e->sad, sa->spi, sa);
}

static void commit_sa_del(struct engine *e, struct sa *sa)
{
    if (sa->in)
        map_del(&e->sad, sa->spi);
    map_del(&e->sas_by_id, sa->id);
    /* A rule without its SA drops and asks for a new one. */
    if (sa->n_rules) {
        LIST_FOR_EACH(at, &e->rules)
        {
            struct rule *rule = CONTAINER_OF(at, struct rule, node);

            if (atomic_load_explicit(&rule->sa, memory_order_relaxed) == sa)
                set_target(rule, NULL);
        }
        spd_touch(&e->spd);
    }
    list_remove(&sa->node);
    e->n_sas--;
    qs_retire(&e->qs, &sa->retired, sa_retired_free);
}

static void commit_rule_add(struct engine *e, struct rule *rule, struct sa *target)
{
    set_target(rule, target);
    list_add_tail(&e->rules, &rule->node);
    e->n_rules++;
    map_put(&e->rules_by_id, rule->id, rule);
    spd_link(&e->spd, rule);
}

static void commit_rule_del(struct engine *e, struct rule *rule)
{
    spd_unlink(&e->spd, &e->qs, rule);
    set_target(rule, NULL);
    map_del(&e->rules_by_id, rule->id);
    list_remove(&rule->node);
    e->n_rules--;
    qs_retire(&e->qs, &rule->retired, rule_retired_free);
}

static void commit_endpoint(struct engine *e, struct sa *sa, struct sa_path *path)
{
    struct sa_path *old = atomic_exchange_explicit(&sa->path, path, memory_order_acq_rel);

    sa->attr.remote = path->remote;
    qs_retire(&e->qs, &old->retired, sa_path_retired_free);
}

static void commit(struct change *c, struct nic_batch_op *op, struct step *s)
{
    switch (op->kind) {
    case NIC_OP_SA_ADD:
        commit_sa_add(c->e, s->sa);
        op->id = s->sa->id;
        break;
    case NIC_OP_SA_DEL:
        commit_sa_del(c->e, s->sa);
        break;
    case NIC_OP_RULE_ADD:
        commit_rule_add(c->e, s->rule, s->target);
        op->id = s->rule->id;
        break;
    case NIC_OP_RULE_DEL:
        commit_rule_del(c->e, s->rule);
        break;
    case NIC_OP_RULE_MOVE:
        set_target(s->rule, s->target);
        spd_touch(&c->e->spd);
        break;
    case NIC_OP_SA_ENDPOINT:
        commit_endpoint(c->e, s->sa, s->path);
        break;
    }
}

int engine_batch(struct engine *e, struct nic_batch *batch, const char *owner, uint32_t generation,
                 ns_time now, struct err *err)
{
    struct change c = {
        .e = e, .batch = batch, .owner = owner, .generation = generation, .now = now, .err = err
    };
    int rc = 0;
    size_t n;

    if (!(c.steps = mem_zalloc_array(batch->n_ops, sizeof *c.steps)))
        return err_set(err, ERR_NOMEM, "no memory for the batch");
    pthread_mutex_lock(&e->lock);
    for (n = 0; n < batch->n_ops && !(rc = prepare(&c, n)); n++)
        ;
    if (rc) {
        /* The op that failed may have made a part. */
        for (size_t i = n + 1; i-- > 0;)
            unprepare(&c, i);
    } else {
        for (size_t i = 0; i < batch->n_ops; i++)
            commit(&c, &batch->ops[i], &c.steps[i]);
    }
    pthread_mutex_unlock(&e->lock);
    mem_free(c.steps);
    return rc;
}

/* ---- one op ---- */

static int single(struct engine *e, struct nic_batch_op *op, const char *owner, uint32_t generation,
                  ns_time now, struct err *err)
{
    struct nic_batch batch = { .ops = op, .n_ops = 1 };

    return engine_batch(e, &batch, owner, generation, now, err);
}

int engine_sa_add(struct engine *e, const struct nic_sa_attr *attr, const char *owner,
                  uint32_t generation, ns_time now, uint64_t *ret_id, struct err *err)
{
    struct nic_batch_op op = { .kind = NIC_OP_SA_ADD, .sa_attr = attr };
    int rc = single(e, &op, owner, generation, now, err);

    if (!rc)
        *ret_id = op.id;
    return rc;
}

int engine_sa_del(struct engine *e, uint64_t id, struct err *err)
{
    struct nic_batch_op op = { .kind = NIC_OP_SA_DEL, .id = id };

    return single(e, &op, NULL, 0, 0, err);
}

int engine_sa_endpoint(struct engine *e, uint64_t id, const struct ip_endpoint *remote,
                       struct err *err)
{
    struct nic_batch_op op = { .kind = NIC_OP_SA_ENDPOINT, .id = id, .remote = *remote };

    return single(e, &op, NULL, 0, 0, err);
}

int engine_rule_add(struct engine *e, const struct nic_rule_attr *attr, const char *owner,
                    uint32_t generation, uint64_t *ret_id, struct err *err)
{
    struct nic_batch_op op = { .kind = NIC_OP_RULE_ADD, .rule = attr };
    int rc = single(e, &op, owner, generation, 0, err);

    if (!rc)
        *ret_id = op.id;
    return rc;
}

int engine_rule_move(struct engine *e, uint64_t id, uint64_t sa, struct err *err)
{
    struct nic_batch_op op = { .kind = NIC_OP_RULE_MOVE, .id = id, .sa = sa };

    return single(e, &op, NULL, 0, 0, err);
}

int engine_rule_del(struct engine *e, uint64_t id, struct err *err)
{
    struct nic_batch_op op = { .kind = NIC_OP_RULE_DEL, .id = id };

    return single(e, &op, NULL, 0, 0, err);
}
