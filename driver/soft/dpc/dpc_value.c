/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dpc_value: the small values that several messages share: booleans, texts,
 * addresses, endpoints, selectors.  Structure only: whether a selector makes
 * sense is for nic_sa_validate() and nic_rule_validate().
 */
#include "driver/soft/dpc/dpc.h"

#include <string.h>

void dpc_put_bool(struct wr *wr, bool v)
{
    wr_u8(wr, v ? 1 : 0);
}

void dpc_put_text(struct wr *wr, const char *s)
{
    size_t len = strnlen(s, UINT8_MAX);

    wr_u8(wr, (uint8_t)len);
    wr_bytes(wr, s, len);
}

void dpc_get_text(struct dpc_in *in, const char *field, char *ret, size_t cap)
{
    size_t len = dpc_u8(in, field);
    const uint8_t *p = rd_bytes(&in->rd, len);

    memset(ret, 0, cap);
    if (in->rd.failed || len >= cap || (len && memchr(p, 0, len))) {
        dpc_in_fail(in, field);
        return;
    }
    if (len)
        memcpy(ret, p, len);
}

/* family 0 (unset), 4 or 6, then 0, 4 or 16 bytes */
void dpc_put_addr(struct wr *wr, const struct ip_addr *a)
{
    wr_u8(wr, a->family);
    wr_bytes(wr, a->b, ip_addr_len(a));
}

void dpc_get_addr(struct dpc_in *in, const char *field, struct ip_addr *ret)
{
    struct ip_addr a = { .family = dpc_u8(in, field) };

    if (a.family != 0 && a.family != 4 && a.family != 6)
        dpc_in_fail(in, field);
    else
        rd_copy(&in->rd, a.b, ip_addr_len(&a));
    if (in->rd.failed) {
        dpc_in_fail(in, field);
        a = (struct ip_addr){ 0 };
    }
    *ret = a;
}

void dpc_put_endpoint(struct wr *wr, const struct ip_endpoint *e)
{
    dpc_put_addr(wr, &e->addr);
    wr_be16(wr, e->port);
}

void dpc_get_endpoint(struct dpc_in *in, const char *field, struct ip_endpoint *ret)
{
    dpc_get_addr(in, field, &ret->addr);
    ret->port = dpc_be16(in, field);
}

static void put_range(struct wr *wr, const struct ip_range *r)
{
    dpc_put_addr(wr, &r->lo);
    dpc_put_addr(wr, &r->hi);
}

static void get_range(struct dpc_in *in, const char *field, struct ip_range *ret)
{
    dpc_get_addr(in, field, &ret->lo);
    dpc_get_addr(in, field, &ret->hi);
    if (ret->lo.family != ret->hi.family || ip_addr_cmp(&ret->lo, &ret->hi) > 0)
        dpc_in_fail(in, field);
}

void dpc_put_selector(struct wr *wr, const struct nic_selector *s)
{
    put_range(wr, &s->local);
    put_range(wr, &s->remote);
    wr_u8(wr, s->proto);
    wr_be16(wr, s->local_port_lo);
    wr_be16(wr, s->local_port_hi);
    wr_be16(wr, s->remote_port_lo);
    wr_be16(wr, s->remote_port_hi);
}

void dpc_get_selector(struct dpc_in *in, struct nic_selector *ret)
{
    memset(ret, 0, sizeof *ret);
    get_range(in, "selector.local", &ret->local);
    get_range(in, "selector.remote", &ret->remote);
    ret->proto = dpc_u8(in, "selector.proto");
    ret->local_port_lo = dpc_be16(in, "selector.local-port");
    ret->local_port_hi = dpc_be16(in, "selector.local-port");
    ret->remote_port_lo = dpc_be16(in, "selector.remote-port");
    ret->remote_port_hi = dpc_be16(in, "selector.remote-port");
}
