/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device: the life of the device behind the port: events, loss and return, and
 * the adoption of what an earlier run of the daemon left carrying traffic.
 */
#include "ike/install/state.h"

#include "utils/base/log.h"
#include "utils/base/mem.h"

#include <stdio.h>
#include <string.h>

/* --- adoption --- */

/* Found while walking the device; handles are taken after the walk, since the
 * walk holds the device. */
struct walk {
    struct install *in;
    uint32_t generation; /* ours: what is older is left over */
    int rc;
};

static struct install_child *orphan_of(struct install *in, const struct ioff_sa_info *sa)
{
    LIST_FOR_EACH(node, &in->children)
    {
        struct install_child *child = CONTAINER_OF(node, struct install_child, node);

        if (child->id || strcmp(child->label, sa->label) || child->generation != sa->generation)
            continue;
        if (sa->dir == IOFF_DIR_IN ? !child->sa_in_id : !child->sa_out_id)
            return child;
    }
    return NULL;
}

static int note_sa(void *user, const struct ioff_sa_info *sa)
{
    struct walk *walk = user;
    struct install_child *child;

    if (sa->generation >= walk->generation || strcmp(sa->owner, walk->in->opts.owner) ||
        install_child_by_sa(walk->in, sa->id))
        return 0;
    child = orphan_of(walk->in, sa);
    if (!child) {
        child = mem_zalloc(sizeof *child);
        if (!child)
            return ERR_NOMEM;
        snprintf(child->label, sizeof child->label, "%s", sa->label);
        child->generation = sa->generation;
        list_add_tail(&walk->in->children, &child->node);
    }
    if (sa->dir == IOFF_DIR_IN) {
        child->sa_in_id = sa->id;
        child->spi_in = sa->spi;
    } else {
        child->sa_out_id = sa->id;
        child->spi_out = sa->spi;
    }
    return 0;
}

static struct install_rule *rule_by_id(struct install *in, uint64_t id)
{
    LIST_FOR_EACH(node, &in->rules)
    {
        struct install_rule *rule = CONTAINER_OF(node, struct install_rule, node);

        if (id && rule->rule_id == id)
            return rule;
    }
    return NULL;
}

static int note_rule(void *user, const struct ioff_rule_info *info)
{
    struct walk *walk = user;
    struct install_rule *rule;

    if (info->generation >= walk->generation || strcmp(info->owner, walk->in->opts.owner) ||
        rule_by_id(walk->in, info->id))
        return 0;
    rule = mem_zalloc(sizeof *rule);
    if (!rule)
        return ERR_NOMEM;
    snprintf(rule->label, sizeof rule->label, "%s", info->label);
    rule->selector = info->selector;
    rule->rule_id = info->id;
    rule->owner = install_child_by_sa(walk->in, info->sa_id);
    list_add_tail(&walk->in->rules, &rule->node);
    return 0;
}

static int take_handles(struct install *in, struct ioff_error *error)
{
    int rc = 0;

    LIST_FOR_EACH(node, &in->children)
    {
        struct install_child *child = CONTAINER_OF(node, struct install_child, node);

        if (child->id)
            continue;
        if (!rc && child->sa_in_id)
            rc = ioff_sa_adopt(in->device, child->sa_in_id, &child->sa_in, error);
        if (!rc && child->sa_out_id)
            rc = ioff_sa_adopt(in->device, child->sa_out_id, &child->sa_out, error);
    }
    LIST_FOR_EACH(node, &in->rules)
    {
        struct install_rule *rule = CONTAINER_OF(node, struct install_rule, node);

        if (!rc && !rule->handle)
            rc = ioff_rule_adopt(in->device, rule->rule_id, &rule->handle, error);
    }
    return rc;
}

static void forget_adopted(struct install *in)
{
    LIST_FOR_EACH(node, &in->rules)
    {
        struct install_rule *rule = CONTAINER_OF(node, struct install_rule, node);

        if (!rule->owner || !rule->owner->id) {
            list_remove(&rule->node);
            mem_free(rule);
        }
    }
    LIST_FOR_EACH(node, &in->children)
    {
        struct install_child *child = CONTAINER_OF(node, struct install_child, node);

        if (!child->id && child->batches == 0)
            install_child_free(in, child);
    }
}

int install_adopt(struct install *in, struct err *err)
{
    struct walk walk = { .in = in, .generation = ioff_device_generation(in->device) };
    struct ioff_error error = { 0 };
    unsigned n = 0;
    int rc;

    rc = ioff_sa_each(in->device, note_sa, &walk, &error);
    if (!rc)
        rc = ioff_rule_each(in->device, note_rule, &walk, &error);
    if (!rc)
        rc = take_handles(in, &error);
    if (rc) {
        forget_adopted(in);
        return err_set(err, rc, "%s",
                       error.text[0] ? error.text : "no memory to adopt what is there");
    }
    LIST_FOR_EACH(node, &in->children)
    n += CONTAINER_OF(node, struct install_child, node)->id == 0;
    if (n)
        log_line(LOG_NOTICE, "install",
                 "%u tunnels of an earlier run carry traffic; kept until replaced", n);
    return 0;
}

/* A new Child SA took over the traffic of `by->label`: what an earlier run left
 * there has no peer any more, but packets may be in flight. */
void install_orphans_replaced(struct install *in, const struct install_child *by)
{
    LIST_FOR_EACH(node, &in->children)
    {
        struct install_child *child = CONTAINER_OF(node, struct install_child, node);

        if (!child->id && !child->drop_at && strcmp(child->label, by->label) == 0)
            child->drop_at = in->now + in->opts.drain_time;
    }
}

void install_orphans_expire(struct install *in)
{
    LIST_FOR_EACH(node, &in->children)
    {
        struct install_child *child = CONTAINER_OF(node, struct install_child, node);

        if (child->drop_at && child->drop_at <= in->now && child->batches == 0)
            install_child_drop(in, child);
    }
}

void install_each_orphan(struct install *in, void (*fn)(void *user, const struct install_orphan *o),
                         void *user)
{
    LIST_FOR_EACH(node, &in->children)
    {
        struct install_child *child = CONTAINER_OF(node, struct install_child, node);
        struct ioff_sa *sas[] = { child->sa_in, child->sa_out };

        for (unsigned i = 0; i < 2 && !child->id; i++) {
            struct ioff_sa_info info = { .size = sizeof info };

            if (sas[i] && ioff_sa_get(sas[i], &info, NULL) == 0)
                fn(user, &(struct install_orphan){ child->label, i ? "out" : "in", info.spi,
                                                   info.generation, info.packets, info.bytes });
        }
    }
}

/* --- loss and return --- */

static void forget_handles(struct install *in)
{
    install_rules_forget(in);
    LIST_FOR_EACH(node, &in->children)
    {
        struct install_child *child = CONTAINER_OF(node, struct install_child, node);

        child->lost = child->id && (child->sa_in_id || child->lost);
        child->sa_in = child->sa_out = NULL;
        child->sa_in_id = child->sa_out_id = 0;
        if (!child->id && child->batches == 0)
            install_child_free(in, child);
    }
}

static void device_lost(struct install *in)
{
    log_line(LOG_WARN, "install",
             "the data plane went away; protected traffic is held back until it returns");
    in->up = false;
    forget_handles(in);
    in->opts.events.device(in->opts.events.user, false);
}

static struct install_child *first_lost(struct install *in)
{
    LIST_FOR_EACH(node, &in->children)
    {
        struct install_child *child = CONTAINER_OF(node, struct install_child, node);

        if (child->lost && !child->removed && !child->batches)
            return child;
    }
    return NULL;
}

/* Each child is replaced with new keys: a key is never installed twice.  The
 * core may remove and install any of them meanwhile: no list is walked. */
static void report_lost_children(struct install *in)
{
    struct install_child *child;

    while ((child = first_lost(in))) {
        child->lost = false;
        in->opts.events.child(in->opts.events.user, child->id, IKE_CHILD_LOST);
    }
}

static void device_back(struct install *in)
{
    struct err err = { 0 };

    in->up = true;
    if (install_adopt(in, &err))
        log_line(LOG_ERROR, "install", "what the data plane holds cannot be read: %s", err.text);
    in->opts.events.device(in->opts.events.user, true);
    report_lost_children(in);
}

static void sa_event(struct install *in, uint64_t sa_id, enum ike_child_event what)
{
    struct install_child *child = install_child_by_sa(in, sa_id);

    if (!child)
        return;
    if (!child->id) {
        if (what == IKE_CHILD_HARD_LIMIT && !child->drop_at)
            child->drop_at = in->now; /* left over and spent */
        return;
    }
    if (!child->removed)
        in->opts.events.child(in->opts.events.user, child->id, what);
}

static void mapping_changed(struct install *in, const struct ioff_event *event)
{
    struct install_child *child = install_child_by_sa(in, event->sa_id);
    struct ip_endpoint remote = install_ip_endpoint(&event->remote);

    if (child && child->id && !child->removed)
        in->opts.events.child_moved(in->opts.events.user, child->id, &remote);
}

static void acquire(struct install *in, const struct ioff_event *event)
{
    struct install_rule *rule = rule_by_id(in, event->rule_id);

    if (rule)
        in->opts.events.acquire(in->opts.events.user, rule->label);
}

void install_on_event(void *user, const struct ioff_event *event)
{
    struct install *in = user;

    switch (event->kind) {
    case IOFF_EVENT_SOFT_LIFETIME:
    case IOFF_EVENT_SEQ_HIGH_WATER:
        sa_event(in, event->sa_id, IKE_CHILD_SOFT_LIMIT);
        break;
    case IOFF_EVENT_HARD_LIFETIME:
        sa_event(in, event->sa_id, IKE_CHILD_HARD_LIMIT);
        break;
    case IOFF_EVENT_FIRST_PACKET:
        sa_event(in, event->sa_id, IKE_CHILD_FIRST_PACKET);
        break;
    case IOFF_EVENT_ACQUIRE:
        acquire(in, event);
        break;
    case IOFF_EVENT_MAPPING_CHANGE:
        mapping_changed(in, event);
        break;
    case IOFF_EVENT_DEVICE_LOST:
        device_lost(in);
        break;
    case IOFF_EVENT_DEVICE_BACK:
        device_back(in);
        break;
    case IOFF_EVENT_IKE_DATAGRAM: {
        struct ike_path path = { install_ip_endpoint(&event->local),
                                 install_ip_endpoint(&event->remote) };

        in->opts.events.ike_datagram(in->opts.events.user, &path,
                                     span_of(event->data, event->data_len));
        break;
    }
    case IOFF_EVENT_UNKNOWN_SPI:
    case IOFF_EVENT_TABLE_FULL:
    case IOFF_EVENT_INTEGRITY:
        break; /* counted by the device, shown by query.c */
    }
}

/* --- event loop --- */

int install_fd(struct install *in)
{
    return ioff_device_fd(in->device);
}

static ns_time earlier(ns_time a, ns_time b)
{
    return !a ? b : !b ? a : a < b ? a : b;
}

ns_time install_next_wakeup(struct install *in)
{
    ns_time at = ioff_device_next_wakeup(in->device);

    LIST_FOR_EACH(node, &in->children)
    at = earlier(at, CONTAINER_OF(node, struct install_child, node)->drop_at);
    return at;
}

void install_process(struct install *in, ns_time now)
{
    struct ioff_error error = { 0 };

    in->now = now;
    if (ioff_device_process(in->device, &error))
        log_line(LOG_DEBUG, "install", "%s", error.text);
    install_orphans_expire(in);
    in->opts.events.poll_changed(in->opts.events.user);
}

/* --- UDP 4500 and the drop rule --- */

bool install_owns_natt_port(struct install *in)
{
    struct ioff_caps caps = { .size = sizeof caps };

    return ioff_device_caps(in->device, &caps) == 0 && caps.owns_natt_port;
}

bool install_has_raw_esp(struct install *in)
{
    struct ioff_caps caps = { .size = sizeof caps };

    return ioff_device_caps(in->device, &caps) == 0 && caps.raw_esp;
}

int install_ike_send(struct install *in, const struct ike_path *path, struct span data,
                     struct err *err)
{
    struct ioff_endpoint local = install_endpoint(&path->local);
    struct ioff_endpoint remote = install_endpoint(&path->remote);
    struct ioff_error error = { 0 };
    int rc = ioff_ike_send(in->device, &local, &remote, data.p, data.len, &error);

    if (rc)
        install_err(err, &error);
    return rc;
}

void install_keepalive(struct install *in, const struct ike_path *path)
{
    struct ioff_endpoint local = install_endpoint(&path->local);
    struct ioff_endpoint remote = install_endpoint(&path->remote);

    (void)ioff_keepalive_send(in->device, &local, &remote, NULL); /* the next one comes soon */
}
