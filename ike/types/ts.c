/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ts: algebra of traffic selectors.  Text forms are in ts_text.c; wire bytes
 * in ike/core/codec/ts.c.
 *
 * A selector is a box: addresses x protocol x ports.  Protocol 0 stands for
 * all.  OPAQUE ports (65535..0, RFC 4301 section 4.4.1.1) name packets whose
 * ports cannot be seen; no data plane of ours can tell those, so such a
 * selector meets nothing and is narrowed away.
 */
#include "ike/types/ts.h"

static bool ts_eq(const struct ike_ts *a, const struct ike_ts *b)
{
    return ip_addr_eq(&a->range.lo, &b->range.lo) && ip_addr_eq(&a->range.hi, &b->range.hi) &&
           a->proto == b->proto && a->port_lo == b->port_lo && a->port_hi == b->port_hi;
}

bool ike_ts_is_dynamic(const struct ike_ts *ts)
{
    return ts->range.lo.family == 0;
}

void ike_ts_resolve(struct ike_ts_list *list, const struct ip_addr *addr)
{
    for (size_t i = 0; i < list->n; i++)
        if (ike_ts_is_dynamic(&list->ts[i]))
            list->ts[i].range = (struct ip_range){ .lo = *addr, .hi = *addr };
}

bool ike_ts_intersect(const struct ike_ts *a, const struct ike_ts *b, struct ike_ts *ret)
{
    struct ike_ts r = { .proto = a->proto ? a->proto : b->proto };

    if (ike_ts_is_dynamic(a) || ike_ts_is_dynamic(b) || a->range.lo.family != b->range.lo.family ||
        (a->proto && b->proto && a->proto != b->proto))
        return false;
    if (!ip_range_intersect(&a->range, &b->range, &r.range))
        return false;
    r.port_lo = a->port_lo > b->port_lo ? a->port_lo : b->port_lo;
    r.port_hi = a->port_hi < b->port_hi ? a->port_hi : b->port_hi;
    if (r.port_lo > r.port_hi)
        return false;
    *ret = r;
    return true;
}

bool ike_ts_eq(const struct ike_ts_list *a, const struct ike_ts_list *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (!ts_eq(&a->ts[i], &b->ts[i]))
            return false;
    return true;
}

static bool covers_one(const struct ike_ts *outer, const struct ike_ts *inner)
{
    struct ike_ts both;

    return ike_ts_intersect(outer, inner, &both) && ts_eq(&both, inner);
}

static bool covered(const struct ike_ts_list *outer, const struct ike_ts *inner)
{
    for (size_t i = 0; i < outer->n; i++)
        if (covers_one(&outer->ts[i], inner))
            return true;
    return false;
}

/* Keeps the list free of selectors that lie in others. */
static void add(struct ike_ts_list *list, const struct ike_ts *ts)
{
    uint8_t n = 0;

    if (covered(list, ts))
        return;
    for (size_t i = 0; i < list->n; i++)
        if (!covers_one(ts, &list->ts[i]))
            list->ts[n++] = list->ts[i];
    list->n = n;
    if (list->n < IKE_TS_MAX)
        list->ts[list->n++] = *ts;
}

/* The peer's order is kept: its first selectors may be those of the packet that
 * started the exchange (section 2.9), and must not be what a full list loses. */
void ike_ts_narrow(const struct ike_ts_list *policy, const struct ike_ts_list *offered,
                   struct ike_ts_list *ret)
{
    struct ike_ts_list out = { 0 };
    struct ike_ts both;

    for (size_t i = 0; i < offered->n; i++)
        for (size_t j = 0; j < policy->n; j++)
            if (ike_ts_intersect(&offered->ts[i], &policy->ts[j], &both))
                add(&out, &both);
    *ret = out;
}

bool ike_ts_covers(const struct ike_ts_list *outer, const struct ike_ts_list *inner)
{
    for (size_t i = 0; i < inner->n; i++)
        if (!covered(outer, &inner->ts[i]))
            return false;
    return true;
}
