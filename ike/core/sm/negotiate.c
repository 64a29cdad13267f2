/* SPDX-License-Identifier: Apache-2.0 */
/*
 * negotiate: RFC 7296 sections 2.7 (proposals) and 2.9 (traffic selectors).
 */
#include "ike/core/sm/negotiate.h"

#include <stdio.h>
#include <string.h>

static void number(struct ike_proposal *p, size_t i, enum ike_protocol proto, uint8_t spi_len,
                   uint64_t spi)
{
    uint8_t bytes[8];

    p->num = (uint8_t)(i + 1);
    p->proto = (uint8_t)proto;
    p->spi_len = spi_len;
    memset(p->spi, 0, sizeof p->spi);
    put_be64(bytes, spi);
    memcpy(p->spi, bytes + sizeof bytes - spi_len, spi_len);
}

size_t sm_offer_ike(const struct ike_conn *conn, uint64_t spi,
                    struct ike_proposal ret[IKE_PROPOSALS_MAX])
{
    for (size_t i = 0; i < conn->n_proposals; i++) {
        ret[i] = conn->proposals[i];
        number(&ret[i], i, IKE_PROTO_IKE, spi ? 8 : 0, spi);
    }
    return conn->n_proposals;
}

static void drop_ke(struct ike_proposal *p)
{
    uint8_t n = 0;

    for (size_t i = 0; i < p->n_transforms; i++)
        if (p->transforms[i].type != IKE_TT_KE)
            p->transforms[n++] = p->transforms[i];
    p->n_transforms = n;
}

size_t sm_offer_esp(const struct ike_child_conf *conf, uint32_t spi, bool with_ke,
                    struct ike_proposal ret[IKE_PROPOSALS_MAX])
{
    for (size_t i = 0; i < conf->n_esp_proposals; i++) {
        ret[i] = conf->esp_proposals[i];
        number(&ret[i], i, IKE_PROTO_ESP, 4, spi);
        if (!with_ke)
            drop_ke(&ret[i]);
    }
    return conf->n_esp_proposals;
}

uint16_t sm_first_group(const struct ike_proposal *proposals, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < proposals[i].n_transforms; j++)
            if (proposals[i].transforms[j].type == IKE_TT_KE)
                return proposals[i].transforms[j].id;
    return IKE_KE_NONE;
}

bool sm_group_offered(const struct ike_proposal *proposals, size_t n, uint16_t group)
{
    for (size_t i = 0; i < n; i++)
        if (ike_proposal_has_ke(&proposals[i], group))
            return true;
    return false;
}

bool sm_is_answer(const struct ike_sa_payload *theirs)
{
    const struct ike_proposal *p = &theirs->proposals[0];

    if (theirs->n != 1 || theirs->n_skipped)
        return false;
    for (size_t i = 0; i < p->n_transforms; i++)
        for (size_t j = 0; j < i; j++)
            if (p->transforms[i].type == p->transforms[j].type)
                return false;
    return true;
}

/* Those of the peer's proposals that are for this protocol with an SPI of this
 * length; others cannot be meant. */
static size_t usable(const struct ike_sa_payload *theirs, enum ike_protocol proto, uint8_t spi_len,
                     struct ike_proposal ret[IKE_PROPOSALS_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < theirs->n; i++)
        if (theirs->proposals[i].proto == proto && theirs->proposals[i].spi_len == spi_len)
            ret[n++] = theirs->proposals[i];
    return n;
}

int sm_choose_ike(const struct ike_conn *conn, const struct ike_sa_payload *theirs, bool with_spi,
                  struct ike_suite *ret, uint8_t *ret_num, uint64_t *ret_spi)
{
    struct ike_proposal fit[IKE_PROPOSALS_MAX];
    size_t n = usable(theirs, IKE_PROTO_IKE, with_spi ? 8 : 0, fit);
    const struct ike_proposal *chosen;
    struct ike_suite suite;

    if (ike_proposal_select(conn->proposals, conn->n_proposals, fit, n, true, &suite, &chosen) < 0)
        return ERR_REFUSED;
    if (with_spi && get_be64(chosen->spi) == 0)
        return ERR_REFUSED;
    *ret = suite;
    *ret_num = chosen->num;
    *ret_spi = with_spi ? get_be64(chosen->spi) : 0;
    return 0;
}

int sm_choose_esp(const struct ike_child_conf *conf, const struct ike_sa_payload *theirs,
                  bool with_ke, struct ike_suite *ret, uint8_t *ret_num, uint32_t *ret_spi)
{
    struct ike_proposal fit[IKE_PROPOSALS_MAX];
    size_t n = usable(theirs, IKE_PROTO_ESP, 4, fit);
    const struct ike_proposal *chosen;
    struct ike_suite suite;

    if (ike_proposal_select(conf->esp_proposals, conf->n_esp_proposals, fit, n, with_ke, &suite,
                            &chosen) < 0)
        return ERR_REFUSED;
    if (get_be32(chosen->spi) < 256) /* reserved, RFC 4303 2.1 */
        return ERR_REFUSED;
    *ret = suite;
    *ret_num = chosen->num;
    *ret_spi = get_be32(chosen->spi);
    return 0;
}

void sm_log_offer(struct ike_shard *shard, const struct ike_path *path,
                  const struct ike_sa_payload *theirs)
{
    char from[IP_TEXT_LEN], one[IKE_PROPOSAL_TEXT_LEN], all[400] = "";
    size_t len = 0;

    for (size_t i = 0; i < theirs->n && len < sizeof all; i++)
        len += (size_t)snprintf(all + len, sizeof all - len, "%s%s", i ? ", " : "",
                                ike_proposal_text(&theirs->proposals[i], one));
    sm_log(shard, LOG_NOTICE, true, "%s offers nothing that fits: %s%s",
           ip_endpoint_text(&path->remote, from), all, len >= sizeof all ? " ..." : "");
}

bool sm_suite_allowed(const struct ike_conn *conn, const struct ike_suite *suite)
{
    const struct ike_proposal *chosen;
    struct ike_proposal as_offered;
    struct ike_suite same;

    ike_sa_from_suite(suite, 1, IKE_PROTO_IKE, span_of(NULL, 0), &as_offered);
    return ike_proposal_select(conn->proposals, conn->n_proposals, &as_offered, 1, true, &same,
                               &chosen) == 0;
}

void sm_put_answer_ike(struct ike_msg *msg, const struct ike_suite *suite, uint8_t num,
                       uint64_t spi)
{
    struct ike_proposal p;
    uint8_t bytes[8];

    put_be64(bytes, spi);
    ike_sa_from_suite(suite, num, IKE_PROTO_IKE, span_of(bytes, spi ? 8 : 0), &p);
    ike_sa_write(msg, &p, 1);
}

void sm_put_answer_esp(struct ike_msg *msg, const struct ike_suite *suite, uint8_t num,
                       uint32_t spi)
{
    struct ike_proposal p;
    uint8_t bytes[4];

    put_be32(bytes, spi);
    ike_sa_from_suite(suite, num, IKE_PROTO_ESP, span_of(bytes, sizeof bytes), &p);
    ike_sa_write(msg, &p, 1);
}

void sm_policy(const struct sm_sa *sa, const struct ike_child_conf *conf,
               struct ike_ts_list *ret_local, struct ike_ts_list *ret_remote)
{
    *ret_local = conf->local_ts;
    *ret_remote = conf->remote_ts;
    ike_ts_resolve(ret_local, &sa->path.local.addr);
    ike_ts_resolve(ret_remote, &sa->path.remote.addr);
}

bool sm_conn_fits_path(const struct ike_conn *conn, const struct ike_path *path)
{
    bool local = conn->n_local_addrs == 0, remote = conn->n_remote_addrs == 0;

    for (size_t i = 0; i < conn->n_local_addrs && !local; i++)
        local = ip_addr_is_unset(&conn->local_addrs[i]) ||
                ip_addr_eq(&conn->local_addrs[i], &path->local.addr);
    for (size_t i = 0; i < conn->n_remote_addrs && !remote; i++)
        remote = ip_range_contains(&conn->remote_addrs[i], &path->remote.addr);
    return local && remote;
}

struct ike_conn *sm_current_conn(struct ike_shard *shard, struct ike_conn *conn)
{
    struct ike_conn *now = ike_shard_conn_get(shard, conn->name);

    return now ? now : conn;
}

void sm_current_conf(const struct sm_child *child, struct ike_conn **ret_conn,
                     const struct ike_child_conf **ret_conf)
{
    struct ike_conn *conn = ike_shard_conn_get(child->shard, child->conn->name);
    const struct ike_child_conf *conf = conn ? ike_conn_child(conn, child->conf->name) : NULL;

    *ret_conn = conf ? conn : child->conn;
    *ret_conf = conf ? conf : child->conf;
}
