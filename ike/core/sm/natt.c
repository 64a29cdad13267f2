/* SPDX-License-Identifier: Apache-2.0 */
/*
 * natt: NAT traversal, see natt.h.
 */
#include "ike/core/sm/natt.h"

#include "ike/core/crypto/natd.h"

#include <string.h>

/* Data of one notify.  Where the address is not known, or a NAT is to be feigned
 * (conn->encap), random bytes stand: no hash the peer computes will match. */
static void natd_data(const struct sm_sa *sa, const struct ip_endpoint *ep, bool fake,
                      uint8_t ret[IKE_NATD_LEN])
{
    if (fake || ike_natd_hash(sa->spi_i, sa->spi_r, ep, ret, NULL) < 0)
        rng_fill(&sa->shard->ports.rng, ret, IKE_NATD_LEN);
}

int sm_natt_put(struct sm_out *out, const struct ike_path *path)
{
    struct sm_sa *sa = out->task->sa;
    uint8_t data[IKE_NATD_LEN];

    sa->nat_fake = sa->conn->encap && !sa->natt_off;
    natd_data(sa, &path->local, sa->nat_fake, data);
    ike_notify_put(&out->msg, IKE_N_NAT_DETECTION_SOURCE_IP, span_of(data, sizeof data));
    natd_data(sa, &path->remote, false, data);
    ike_notify_put(&out->msg, IKE_N_NAT_DETECTION_DESTINATION_IP, span_of(data, sizeof data));
    return 0;
}

void sm_natt_detect(struct sm_sa *sa, const struct sm_rx *rx)
{
    uint64_t spi_r = rx->h.spi_r; /* 0 in the request, which is what was hashed */
    bool source_seen = false, source_ok = false, dest_seen = false, dest_ok = false;
    uint8_t remote[IKE_NATD_LEN], local[IKE_NATD_LEN];

    if (ike_natd_hash(rx->h.spi_i, spi_r, &rx->path.remote, remote, NULL) < 0 ||
        ike_natd_hash(rx->h.spi_i, spi_r, &rx->path.local, local, NULL) < 0)
        return;
    for (size_t i = 0; i < rx->pl.n; i++) {
        struct ike_notify_payload n;

        if (rx->pl.p[i].type != IKE_PL_NOTIFY || ike_notify_read(rx->pl.p[i].body, &n, NULL) < 0)
            continue;
        if (n.type == IKE_N_NAT_DETECTION_SOURCE_IP) {
            source_seen = true;
            source_ok |= span_eq(n.data, span_of(remote, sizeof remote));
        } else if (n.type == IKE_N_NAT_DETECTION_DESTINATION_IP) {
            dest_seen = true;
            dest_ok |= span_eq(n.data, span_of(local, sizeof local));
        }
    }
    if (!source_seen || !dest_seen) {
        sa->natt_off = true;
        sa->nat_fake = false;
        return;
    }
    sa->nat_remote = !source_ok;
    sa->nat_local = !dest_ok;
}

bool sm_natt_encap(const struct sm_sa *sa)
{
    return sa->nat_local || sa->nat_remote || sa->nat_fake;
}

void sm_natt_float(struct sm_sa *sa)
{
    if (!sm_natt_encap(sa))
        return;
    if (sa->path.remote.port == IKE_PORT)
        sa->path.remote.port = IKE_NATT_PORT;
    sa->path.local.port = IKE_NATT_PORT;
}

static void tell_children(struct sm_sa *sa)
{
    const struct ike_install_port *port = &sa->shard->ports.install;

    LIST_FOR_EACH(node, &sa->children)
    {
        struct sm_child *child = CONTAINER_OF(node, struct sm_child, node);

        if (child->installed)
            port->update_path(port->user, child->id, &sa->path, child->udp_encap);
        else
            child->path_stale = true; /* told when its install is answered */
    }
}

static void follow_remote(struct sm_sa *sa, const struct ip_endpoint *remote)
{
    char from[IP_TEXT_LEN], to[IP_TEXT_LEN];

    sm_log(sa->shard, LOG_NOTICE, true, "%s: the peer moved from %s to %s", sa->conn->name,
           ip_endpoint_text(&sa->path.remote, from), ip_endpoint_text(remote, to));
    sa->path.remote = *remote;
    tell_children(sa);
}

void sm_natt_follow(struct sm_sa *sa, const struct ike_path *path)
{
    if (sa->state == SM_HALF_OPEN) { /* the initiator may go to port 4500 for IKE_AUTH */
        sa->path = *path;
        return;
    }
    /* Behind a NAT ourselves we would follow an attacker who redirects (2.23). */
    if (!sa->nat_remote || sa->nat_local || ip_endpoint_eq(&sa->path.remote, &path->remote))
        return;
    sa->path.local = path->local;
    follow_remote(sa, &path->remote);
}

void sm_natt_moved(struct sm_sa *sa, const struct ip_endpoint *remote)
{
    if (sa->nat_remote && !sa->nat_local && !ip_endpoint_eq(&sa->path.remote, remote))
        follow_remote(sa, remote);
}

void sm_natt_keepalive_start(struct sm_sa *sa)
{
    if (sa->nat_local && sa->conn->keepalive)
        sm_deadline_set(&sa->shard->deadlines, &sa->keepalive,
                        sa->shard->now + sa->conn->keepalive);
}

void sm_natt_on_keepalive(struct sm_deadline *deadline)
{
    struct sm_sa *sa = CONTAINER_OF(deadline, struct sm_sa, keepalive);
    struct ike_shard *shard = sa->shard;
    const struct ike_send_port *port = &shard->ports.send;

    if (shard->now - sa->last_tx >= sa->conn->keepalive) {
        port->keepalive(port->user, &sa->path);
        sa->last_tx = shard->now;
    }
    sm_deadline_set(&shard->deadlines, &sa->keepalive, sa->last_tx + sa->conn->keepalive);
}
