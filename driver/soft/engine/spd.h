/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spd: outbound rules and the search for the first that matches a packet, in
 * (priority, id) order.
 *
 * Rules are grouped by the shape of their selector: family and the lengths of
 * the shortest prefixes that hold its local and its remote range.  All groups
 * share one hash table, keyed by group and masked addresses; a chain is kept in
 * order.  A search makes one probe per shape in use, so thousands of rules for
 * single hosts cost one probe.  A chain holds strangers too (hash collisions);
 * each rule is therefore matched whole, and the best of all chains wins.
 *
 * One writer, readers without a lock: nodes are linked with release stores and
 * go through qs.  A new shape, or too many rules for the table, builds a new
 * view beside the old one.
 */
#ifndef ENGINE_SPD_H
#define ENGINE_SPD_H

#include "driver/soft/engine/flow.h"
#include "driver/soft/engine/qs.h"
#include "utils/base/list.h"

struct sa;
struct spd_view;
struct spd_node;

struct spd_shape {
    uint8_t family;
    uint8_t local_len, remote_len; /* prefix lengths */
};

struct rule {
    struct sel sel;
    uint64_t id;
    uint32_t priority;
    uint8_t action;          /* enum nic_action */
    _Atomic(struct sa *) sa; /* protect; NULL: none yet */
    _Atomic ns_time next_acquire;

    struct spd_shape shape;
    struct spd_node *spare; /* allocated before it is linked */
    struct list node;       /* in engine.rules, in id order */
    struct qs_retired retired;
    struct nic_rule_attr attr;
    char owner[NIC_NAME_LEN];
    uint32_t generation;
    bool doomed; /* deleted by the batch being prepared */
};

struct spd {
    _Atomic(struct spd_view *) view;
    _Atomic uint64_t gen; /* moves on after every change of rules or their SAs */
    size_t n_rules;
};

int spd_init(struct spd *spd); /* ERR_NOMEM */
void spd_fini(struct spd *spd);

/* ERR_NOMEM.  Not yet in the spd. */
int rule_new(const struct nic_rule_attr *attr, struct rule **ret);
void rule_free(struct rule *rule); /* NULL accepted */
void rule_retired_free(struct qs_retired *retired);

/* Makes room for `rule`, so that spd_link() cannot fail; `rules` are those
 * linked so far.  ERR_NOMEM. */
int spd_reserve(struct spd *spd, struct qs *qs, struct list *rules, const struct rule *rule);
void spd_link(struct spd *spd, struct rule *rule);
void spd_unlink(struct spd *spd, struct qs *qs, struct rule *rule);
/* After a change of some rule->sa. */
void spd_touch(struct spd *spd);

struct rule *spd_find(const struct spd *spd, const struct flow *f); /* NULL: none */

#endif
