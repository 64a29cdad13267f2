/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conn_eq: whether a reload changed a connection.  Member by member: padding
 * and unused ends of arrays must not count.
 */
#include "ike/types/conn.h"

#include <string.h>

static bool proposals_eq(const struct ike_proposal *a, size_t n_a, const struct ike_proposal *b,
                         size_t n_b)
{
    if (n_a != n_b)
        return false;
    for (size_t i = 0; i < n_a; i++)
        if (!ike_proposal_eq(&a[i], &b[i]))
            return false;
    return true;
}

static bool child_eq(const struct ike_child_conf *a, const struct ike_child_conf *b)
{
    return !strcmp(a->name, b->name) && ike_ts_eq(&a->local_ts, &b->local_ts) &&
           ike_ts_eq(&a->remote_ts, &b->remote_ts) &&
           proposals_eq(a->esp_proposals, a->n_esp_proposals, b->esp_proposals,
                        b->n_esp_proposals) &&
           a->mode == b->mode && a->start_action == b->start_action &&
           a->close_action == b->close_action && a->dpd_action == b->dpd_action &&
           a->offload == b->offload && a->rekey_time == b->rekey_time &&
           a->life_time == b->life_time && a->rand_time == b->rand_time &&
           a->rekey_bytes == b->rekey_bytes && a->life_bytes == b->life_bytes &&
           a->rekey_packets == b->rekey_packets && a->life_packets == b->life_packets &&
           a->replay_window == b->replay_window;
}

static bool addrs_eq(const struct ike_conn *a, const struct ike_conn *b)
{
    if (a->n_local_addrs != b->n_local_addrs || a->n_remote_addrs != b->n_remote_addrs)
        return false;
    for (size_t i = 0; i < a->n_local_addrs; i++)
        if (!ip_addr_eq(&a->local_addrs[i], &b->local_addrs[i]))
            return false;
    for (size_t i = 0; i < a->n_remote_addrs; i++)
        if (!ip_addr_eq(&a->remote_addrs[i].lo, &b->remote_addrs[i].lo) ||
            !ip_addr_eq(&a->remote_addrs[i].hi, &b->remote_addrs[i].hi))
            return false;
    return true;
}

static bool auth_eq(const struct ike_peer_auth *a, const struct ike_peer_auth *b)
{
    return a->auth == b->auth && ike_id_eq(&a->id, &b->id);
}

bool ike_conn_eq(const struct ike_conn *a, const struct ike_conn *b)
{
    if (strcmp(a->name, b->name) || !addrs_eq(a, b) || a->local_port != b->local_port ||
        a->remote_port != b->remote_port ||
        !proposals_eq(a->proposals, a->n_proposals, b->proposals, b->n_proposals) ||
        !auth_eq(&a->local, &b->local) || !auth_eq(&a->remote, &b->remote) ||
        a->encap != b->encap || a->rekey_time != b->rekey_time || a->over_time != b->over_time ||
        a->rand_time != b->rand_time || a->dpd_delay != b->dpd_delay ||
        a->dpd_timeout != b->dpd_timeout || a->keepalive != b->keepalive ||
        a->keyingtries != b->keyingtries || a->n_children != b->n_children)
        return false;
    for (size_t i = 0; i < a->n_children; i++)
        if (!child_eq(&a->children[i], &b->children[i]))
            return false;
    return true;
}
