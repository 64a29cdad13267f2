/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contact: INITIAL_CONTACT.  Two peers that begin at the same moment must not
 * each forget the other's new IKE SA, so only those are forgotten that were
 * established before this one was begun.
 */
#include "ike/core/sm/contact.h"

#include "ike/core/sm/child_sa.h"

static bool same_peer(const struct sm_sa *a, const struct sm_sa *b)
{
    return a->local_id && b->local_id && ike_id_eq(a->local_id, b->local_id) && a->remote_id &&
           b->remote_id && ike_id_eq(a->remote_id, b->remote_id);
}

bool sm_contact_is_first(const struct sm_sa *sa)
{
    LIST_FOR_EACH(node, &sa->shard->sas)
    {
        const struct sm_sa *other = CONTAINER_OF(node, struct sm_sa, node);

        if (other == sa || other->state == SM_GONE || !other->conn)
            continue;
        if (sm_sa_is_up(other) && other->remote_id &&
            ike_id_match(&sa->conn->remote.id, other->remote_id) && other->local_id &&
            ike_id_eq(other->local_id, sa->local_id))
            return false;
        if (!sm_sa_is_up(other) && ip_addr_eq(&other->path.remote.addr, &sa->path.remote.addr))
            return false; /* being set up: it may be older for the peer */
    }
    return true;
}

void sm_contact_honour(struct sm_sa *sa)
{
    LIST_FOR_EACH(node, &sa->shard->sas)
    {
        struct sm_sa *other = CONTAINER_OF(node, struct sm_sa, node);

        if (other == sa || !sm_sa_is_up(other) || other->established > sa->created ||
            !same_peer(sa, other))
            continue;
        LIST_FOR_EACH(child_node, &other->children)
        sm_child_drain(CONTAINER_OF(child_node, struct sm_child, node),
                       "the peer has started anew");
        sm_sa_end(other, SM_END_NOW, ERR_REFUSED, "the peer has started anew");
    }
}
