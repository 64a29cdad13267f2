/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/soft/engine/spd.h"

#include <string.h>

#include "utils/base/mem.h"

#define BUCKETS_MIN 64u

struct spd_node {
    struct qs_retired retired;
    struct rule *rule;
    _Atomic(struct spd_node *) next;
};

/* A chain owns its nodes; the rules are the engine's. */
struct spd_view {
    struct qs_retired retired;
    size_t n_shapes;
    struct spd_shape *shapes; /* behind the buckets */
    size_t mask;
    _Atomic(struct spd_node *) buckets[];
};

static unsigned addr_bits(uint8_t family)
{
    return family == 4 ? 32 : 128;
}

static u128 prefix_mask(uint8_t family, unsigned len)
{
    unsigned host = addr_bits(family) - len;

    return host >= 128 ? 0 : ~(u128)0 << host;
}

/* Length of the shortest prefix that holds [lo, hi]. */
static uint8_t common_len(uint8_t family, u128 lo, u128 hi)
{
    unsigned len = addr_bits(family);

    while (len > 0 && ((lo ^ hi) & prefix_mask(family, len)) != 0)
        len--;
    return (uint8_t)len;
}

static struct spd_shape shape_of(const struct sel *sel)
{
    return (struct spd_shape){
        .family = sel->family,
        .local_len = common_len(sel->family, sel->local_lo, sel->local_hi),
        .remote_len = common_len(sel->family, sel->remote_lo, sel->remote_hi),
    };
}

static bool shape_eq(const struct spd_shape *a, const struct spd_shape *b)
{
    return a->family == b->family && a->local_len == b->local_len && a->remote_len == b->remote_len;
}

static uint64_t mix(uint64_t h, u128 v)
{
    h = (h ^ (uint64_t)v) * UINT64_C(0x9e3779b97f4a7c15);
    h = (h ^ h >> 32 ^ (uint64_t)(v >> 64)) * UINT64_C(0xd6e8feb86659fd93);
    return h ^ h >> 32;
}

static size_t bucket_of(const struct spd_view *view, const struct spd_shape *shape, u128 local,
                        u128 remote)
{
    uint64_t h = (uint64_t)shape->local_len << 16 | (uint64_t)shape->remote_len << 8;

    h = mix(h, local & prefix_mask(shape->family, shape->local_len));
    h = mix(h, remote & prefix_mask(shape->family, shape->remote_len));
    return (size_t)h & view->mask;
}

static bool before(const struct rule *a, const struct rule *b)
{
    return a->priority != b->priority ? a->priority < b->priority : a->id < b->id;
}

static void link_node(struct spd_view *view, struct spd_node *node)
{
    const struct rule *rule = node->rule;
    _Atomic(struct spd_node *) *at =
        &view->buckets[bucket_of(view, &rule->shape, rule->sel.local_lo, rule->sel.remote_lo)];
    struct spd_node *next;

    while ((next = atomic_load_explicit(at, memory_order_relaxed)) && before(next->rule, rule))
        at = &next->next;
    atomic_store_explicit(&node->next, next, memory_order_relaxed);
    atomic_store_explicit(at, node, memory_order_release);
}

static struct spd_view *view_new(size_t n_buckets, size_t max_shapes)
{
    size_t buckets_len = n_buckets * sizeof(struct spd_node *);
    struct spd_view *view =
        mem_zalloc(sizeof *view + buckets_len + max_shapes * sizeof(struct spd_shape));

    if (!view)
        return NULL;
    view->mask = n_buckets - 1;
    view->shapes = (struct spd_shape *)(void *)((uint8_t *)(view + 1) + buckets_len);
    return view;
}

static void view_free(struct spd_view *view)
{
    for (size_t i = 0; view && i <= view->mask; i++) {
        struct spd_node *node = atomic_load(&view->buckets[i]);

        while (node) {
            struct spd_node *next = atomic_load(&node->next);

            mem_free(node);
            node = next;
        }
    }
    mem_free(view);
}

static void view_retired_free(struct qs_retired *retired)
{
    view_free(CONTAINER_OF(retired, struct spd_view, retired));
}

static void node_retired_free(struct qs_retired *retired)
{
    mem_free(CONTAINER_OF(retired, struct spd_node, retired));
}

int spd_init(struct spd *spd)
{
    struct spd_view *view = view_new(BUCKETS_MIN, 0);

    if (!view)
        return ERR_NOMEM;
    atomic_init(&spd->view, view);
    atomic_init(&spd->gen, 1);
    spd->n_rules = 0;
    return 0;
}

void spd_fini(struct spd *spd)
{
    view_free(atomic_load(&spd->view));
    atomic_store(&spd->view, NULL);
}

int rule_new(const struct nic_rule_attr *attr, struct rule **ret)
{
    struct rule *rule = mem_zalloc(sizeof *rule);

    if (!rule)
        return ERR_NOMEM;
    if (!(rule->spare = mem_zalloc(sizeof *rule->spare))) {
        mem_free(rule);
        return ERR_NOMEM;
    }
    rule->spare->rule = rule;
    rule->attr = *attr;
    rule->priority = attr->priority;
    rule->action = (uint8_t)attr->action;
    sel_compile(&attr->sel, &rule->sel);
    rule->shape = shape_of(&rule->sel);
    *ret = rule;
    return 0;
}

void rule_free(struct rule *rule)
{
    if (rule)
        mem_free(rule->spare);
    mem_free(rule);
}

void rule_retired_free(struct qs_retired *retired)
{
    rule_free(CONTAINER_OF(retired, struct rule, retired));
}

static bool has_shape(const struct spd_view *view, const struct spd_shape *shape)
{
    for (size_t i = 0; i < view->n_shapes; i++)
        if (shape_eq(&view->shapes[i], shape))
            return true;
    return false;
}

static int fill(struct spd_view *view, struct list *rules)
{
    LIST_FOR_EACH(at, rules)
    {
        struct rule *rule = CONTAINER_OF(at, struct rule, node);
        struct spd_node *node = mem_zalloc(sizeof *node);

        if (!node)
            return ERR_NOMEM;
        node->rule = rule;
        link_node(view, node);
    }
    return 0;
}

int spd_reserve(struct spd *spd, struct qs *qs, struct list *rules, const struct rule *rule)
{
    struct spd_view *old = atomic_load_explicit(&spd->view, memory_order_relaxed);
    struct spd_view *view;
    size_t n_buckets = BUCKETS_MIN;

    if (has_shape(old, &rule->shape) && spd->n_rules < 2 * (old->mask + 1))
        return 0;
    while (n_buckets < 2 * (spd->n_rules + 1))
        n_buckets *= 2;
    if (!(view = view_new(n_buckets, old->n_shapes + 1)))
        return ERR_NOMEM;
    /* All old shapes stay: a rule reserved before may not be linked yet. */
    memcpy(view->shapes, old->shapes, old->n_shapes * sizeof *view->shapes);
    view->n_shapes = old->n_shapes;
    if (!has_shape(view, &rule->shape))
        view->shapes[view->n_shapes++] = rule->shape;
    if (fill(view, rules)) {
        view_free(view);
        return ERR_NOMEM;
    }
    atomic_store_explicit(&spd->view, view, memory_order_release);
    qs_retire(qs, &old->retired, view_retired_free);
    return 0;
}

void spd_touch(struct spd *spd)
{
    atomic_fetch_add_explicit(&spd->gen, 1, memory_order_release);
}

void spd_link(struct spd *spd, struct rule *rule)
{
    struct spd_node *node = rule->spare;

    rule->spare = NULL;
    link_node(atomic_load_explicit(&spd->view, memory_order_relaxed), node);
    spd->n_rules++;
    spd_touch(spd);
}

void spd_unlink(struct spd *spd, struct qs *qs, struct rule *rule)
{
    struct spd_view *view = atomic_load_explicit(&spd->view, memory_order_relaxed);
    _Atomic(struct spd_node *) *at =
        &view->buckets[bucket_of(view, &rule->shape, rule->sel.local_lo, rule->sel.remote_lo)];
    struct spd_node *node;

    while ((node = atomic_load_explicit(at, memory_order_relaxed)) && node->rule != rule)
        at = &node->next;
    if (!node)
        return;
    atomic_store_explicit(at, atomic_load_explicit(&node->next, memory_order_relaxed),
                          memory_order_release);
    spd->n_rules--;
    spd_touch(spd);
    qs_retire(qs, &node->retired, node_retired_free);
}

struct rule *spd_find(const struct spd *spd, const struct flow *f)
{
    const struct spd_view *view = atomic_load_explicit(&spd->view, memory_order_acquire);
    struct rule *best = NULL;

    for (size_t i = 0; i < view->n_shapes; i++) {
        const struct spd_shape *shape = &view->shapes[i];
        const struct spd_node *node;

        if (shape->family != f->family)
            continue;
        node = atomic_load_explicit(&view->buckets[bucket_of(view, shape, f->local, f->remote)],
                                    memory_order_acquire);
        for (; node; node = atomic_load_explicit(&node->next, memory_order_acquire)) {
            if (best && !before(node->rule, best))
                break;
            if (flow_match(&node->rule->sel, f)) {
                best = node->rule;
                break;
            }
        }
    }
    return best;
}
