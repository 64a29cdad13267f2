/* SPDX-License-Identifier: Apache-2.0 */
/* rules: outbound rules, found again by (label, selector) and moved. */
#include "ike/install/state.h"

#include "utils/base/mem.h"

#include <stdio.h>
#include <string.h>

#define RULE_PRIORITY 1000 /* all protect rules alike: their selectors are the policy's */

struct install_rule *install_rule_find(struct install *in, const char *label,
                                       const struct ioff_selector *sel)
{
    LIST_FOR_EACH(node, &in->rules)
    {
        struct install_rule *rule = CONTAINER_OF(node, struct install_rule, node);

        if (strcmp(rule->label, label) == 0 && install_selector_eq(&rule->selector, sel))
            return rule;
    }
    return NULL;
}

static struct install_rule *rule_new(struct install *in, struct install_child *child,
                                     const struct ioff_selector *sel)
{
    struct install_rule *rule = mem_zalloc(sizeof *rule);

    if (!rule)
        return NULL;
    snprintf(rule->label, sizeof rule->label, "%s", child->label);
    rule->selector = *sel;
    list_add_tail(&in->rules, &rule->node);
    return rule;
}

static void rule_free(struct install_rule *rule)
{
    list_remove(&rule->node);
    mem_free(rule);
}

static int rule_add(struct install *in, struct ioff_batch *batch, struct install_child *child,
                    const struct ioff_selector *sel, struct err *err)
{
    struct ioff_rule_opts opts = IOFF_RULE_OPTS_INIT;
    struct ioff_error error = { 0 };
    struct install_rule *rule = rule_new(in, child, sel);
    int rc;

    if (!rule)
        return err_set(err, ERR_NOMEM, "no memory for a rule");
    opts.action = IOFF_ACTION_PROTECT;
    opts.priority = RULE_PRIORITY;
    opts.selector = *sel;
    opts.label = rule->label;
    rule->owner = child;
    rc = ioff_batch_rule_add(batch, &opts, child->sa_out, &rule->handle, &error);
    if (rc) {
        rule_free(rule);
        install_err(err, &error);
    }
    return rc;
}

int install_rules_point(struct install *in, struct ioff_batch *batch, struct install_child *child,
                        struct err *err)
{
    for (size_t i = 0; i < child->n_selectors; i++) {
        struct install_rule *rule = install_rule_find(in, child->label, &child->selectors[i]);
        int rc;

        if (!rule) {
            rc = rule_add(in, batch, child, &child->selectors[i], err);
        } else if (!rule->rule_id) {
            rc = err_set(err, ERR_BUSY, "another install of \"%s\" is under way", child->label);
        } else {
            rc = ioff_batch_rule_move(batch, rule->handle, child->sa_out);
            if (rc) {
                err_set(err, rc, "rule of \"%s\" cannot be moved", child->label);
            } else {
                rule->before = rule->owner;
                rule->owner = child;
            }
        }
        if (rc)
            return rc;
    }
    return 0;
}

void install_rules_settle(struct install *in, struct install_child *child, bool ok)
{
    LIST_FOR_EACH(node, &in->rules)
    {
        struct install_rule *rule = CONTAINER_OF(node, struct install_rule, node);

        if (rule->owner != child) /* another batch's, or moved on meanwhile */
            continue;
        if (ok) {
            rule->before = NULL;
            rule->rule_id = ioff_rule_id(rule->handle);
        } else if (!rule->rule_id) {
            rule_free(rule); /* was new in the batch that failed */
        } else if (rule->before) {
            rule->owner = rule->before;
            rule->before = NULL;
        }
    }
}

int install_rules_delete(struct install *in, struct ioff_batch *batch,
                         const struct install_child *child)
{
    int rc = 0;

    LIST_FOR_EACH(node, &in->rules)
    {
        struct install_rule *rule = CONTAINER_OF(node, struct install_rule, node);

        if (!rc && rule->owner == child && rule->handle)
            rc = ioff_batch_rule_delete(batch, rule->handle);
    }
    return rc;
}

void install_rules_drop(struct install *in, const struct install_child *child)
{
    LIST_FOR_EACH(node, &in->rules)
    {
        struct install_rule *rule = CONTAINER_OF(node, struct install_rule, node);

        if (rule->owner == child)
            rule_free(rule);
    }
}

void install_rules_forget(struct install *in)
{
    LIST_FOR_EACH(node, &in->rules)
    rule_free(CONTAINER_OF(node, struct install_rule, node));
}
