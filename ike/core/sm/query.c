/* SPDX-License-Identifier: Apache-2.0 */
/*
 * query: what there is, for observers, status and the key log.
 */
#include "ike/core/sm/child_sa.h"

static const char *vici_state(const struct sm_sa *sa)
{
    switch ((enum sm_state)sa->state) {
    case SM_NEW:
    case SM_INIT_SENT:
    case SM_INIT_DONE:
    case SM_AUTH_SENT:
    case SM_HALF_OPEN:
        return "CONNECTING";
    case SM_ESTABLISHED:
        return "ESTABLISHED";
    case SM_REKEYING:
        return "REKEYING";
    case SM_REKEYED:
        return "REKEYED";
    case SM_DELETING:
        return "DELETING";
    case SM_GONE:
    case SM_STATES:
        break;
    }
    return "DESTROYING";
}

void sm_sa_info(const struct sm_sa *sa, struct ike_sa_info *ret)
{
    *ret = (struct ike_sa_info){
        .ike = sa->id,
        .conn = sa->conn ? sa->conn->name : "",
        .state = vici_state(sa),
        .initiator = sa->initiator,
        .spi_i = sa->spi_i,
        .spi_r = sa->spi_r,
        .path = sa->path,
        .local_id = sa->local_id,
        .remote_id = sa->remote_id,
        .suite = sa->suite,
        .nat_local = sa->nat_local,
        .nat_remote = sa->nat_remote,
        .nat_fake = sa->nat_fake,
        .established = sa->established,
        .rekey_at = sa->rekey_at,
        .n_children = sa->n_children,
        .retransmits = sa->retransmits,
    };
}

void sm_child_info(const struct sm_child *child, struct sm_child_view *view,
                   struct ike_child_info *ret)
{
    sm_child_ts(child, &view->local, &view->remote);
    *ret = (struct ike_child_info){
        .child = child->id,
        .tunnel = child->tunnel,
        .name = child->conf->name,
        .state = sm_child_state_name(child->state),
        .mode = (enum ike_mode)child->mode,
        .spi_in = child->spi_in,
        .spi_out = child->spi_out,
        .suite = child->suite,
        .udp_encap = child->udp_encap,
        .local_ts = &view->local,
        .remote_ts = &view->remote,
        .installed = child->installed_at,
        .rekey_at = child->rekey_at,
        .expires_at = child->expires_at,
    };
}

int ike_shard_each(struct ike_shard *shard, int (*fn)(void *user, const struct ike_sa_info *sa),
                   void *user)
{
    LIST_FOR_EACH(node, &shard->sas)
    {
        const struct sm_sa *sa = CONTAINER_OF(node, struct sm_sa, node);
        struct ike_sa_info info;
        int rc;

        if (sa->state == SM_GONE)
            continue;
        sm_sa_info(sa, &info);
        rc = fn(user, &info);
        if (rc != 0)
            return rc;
    }
    return 0;
}

int ike_shard_each_child(struct ike_shard *shard, uint64_t ike,
                         int (*fn)(void *user, const struct ike_child_info *child), void *user)
{
    struct sm_sa *sa = sm_sa_by_id(shard, ike);

    if (!sa || sa->state == SM_GONE)
        return 0;
    LIST_FOR_EACH(node, &sa->children)
    {
        const struct sm_child *child = CONTAINER_OF(node, struct sm_child, node);
        struct sm_child_view view;
        struct ike_child_info info;
        int rc;

        if (child->state == SM_CHILD_LARVAL)
            continue;
        sm_child_info(child, &view, &info);
        rc = fn(user, &info);
        if (rc != 0)
            return rc;
    }
    return 0;
}

void sm_sa_log_keys(const struct sm_sa *sa)
{
    const struct ike_observer *observer = &sa->shard->observer;
    const struct ike_keylog log = {
        .spi_i = sa->spi_i,
        .spi_r = sa->spi_r,
        .suite = &sa->suite,
        .sk_ai = ike_sk_key_span(&sa->keys.ai),
        .sk_ar = ike_sk_key_span(&sa->keys.ar),
        .sk_ei = ike_sk_key_span(&sa->keys.ei),
        .sk_er = ike_sk_key_span(&sa->keys.er),
    };

    if (observer->keys)
        observer->keys(observer->user, &log);
}
