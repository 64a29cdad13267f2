/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/base/ip.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t ip_addr_len(const struct ip_addr *a)
{
    return a->family == 4 ? 4 : a->family == 6 ? 16 : 0;
}

bool ip_addr_eq(const struct ip_addr *a, const struct ip_addr *b)
{
    return a->family == b->family && memcmp(a->b, b->b, ip_addr_len(a)) == 0;
}

int ip_addr_cmp(const struct ip_addr *a, const struct ip_addr *b)
{
    return memcmp(a->b, b->b, ip_addr_len(a));
}

bool ip_addr_is_unset(const struct ip_addr *a)
{
    for (size_t i = 0; i < ip_addr_len(a); i++)
        if (a->b[i])
            return false;
    return true;
}

struct ip_addr ip_addr_v4(uint32_t host_order)
{
    struct ip_addr a = { .family = 4 };

    for (unsigned i = 0; i < 4; i++)
        a.b[i] = (uint8_t)(host_order >> (24 - 8 * i));
    return a;
}

int ip_addr_parse(const char *text, struct ip_addr *ret)
{
    struct ip_addr a = { 0 };

    if (inet_pton(AF_INET, text, a.b) == 1)
        a.family = 4;
    else if (inet_pton(AF_INET6, text, a.b) == 1)
        a.family = 6;
    else
        return ERR_MALFORMED;
    *ret = a;
    return 0;
}

const char *ip_addr_text(const struct ip_addr *a, char buf[IP_TEXT_LEN])
{
    if (!a->family || !inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->b, buf, IP_TEXT_LEN))
        snprintf(buf, IP_TEXT_LEN, "%%any");
    return buf;
}

bool ip_endpoint_eq(const struct ip_endpoint *a, const struct ip_endpoint *b)
{
    return a->port == b->port && ip_addr_eq(&a->addr, &b->addr);
}

const char *ip_endpoint_text(const struct ip_endpoint *e, char buf[IP_TEXT_LEN])
{
    char addr[IP_TEXT_LEN];

    ip_addr_text(&e->addr, addr);
    snprintf(buf, IP_TEXT_LEN, e->addr.family == 6 ? "[%.45s]:%u" : "%.45s:%u", addr, e->port);
    return buf;
}

static bool bit_of(const struct ip_addr *a, unsigned i)
{
    return a->b[i / 8] >> (7 - i % 8) & 1;
}

static void set_bits_from(struct ip_addr *a, unsigned from, bool value)
{
    for (unsigned i = from; i < 8 * ip_addr_len(a); i++) {
        uint8_t mask = (uint8_t)(1u << (7 - i % 8));

        if (value)
            a->b[i / 8] |= mask;
        else
            a->b[i / 8] &= (uint8_t)~mask;
    }
}

static int parse_prefix(char *text, char *slash, struct ip_range *ret)
{
    struct ip_range r;
    char *end;
    unsigned long len;

    *slash = '\0';
    if (ip_addr_parse(text, &r.lo) || slash[1] < '0' || slash[1] > '9')
        return ERR_MALFORMED;
    len = strtoul(slash + 1, &end, 10);
    if (*end || len > 8 * ip_addr_len(&r.lo))
        return ERR_MALFORMED;
    r.hi = r.lo;
    set_bits_from(&r.lo, (unsigned)len, false);
    if (!ip_addr_eq(&r.lo, &r.hi))
        return ERR_MALFORMED; /* host bits set: more likely a typo than a wish */
    set_bits_from(&r.hi, (unsigned)len, true);
    *ret = r;
    return 0;
}

int ip_range_parse(const char *text, struct ip_range *ret)
{
    char copy[2 * IP_TEXT_LEN];
    size_t len = strlen(text);
    struct ip_range r;
    char *mark;

    if (len >= sizeof copy)
        return ERR_MALFORMED;
    memcpy(copy, text, len + 1);
    if ((mark = strchr(copy, '/')))
        return parse_prefix(copy, mark, ret);
    if ((mark = strchr(copy, '-'))) {
        *mark = '\0';
        if (ip_addr_parse(copy, &r.lo) || ip_addr_parse(mark + 1, &r.hi) ||
            r.lo.family != r.hi.family || ip_addr_cmp(&r.lo, &r.hi) > 0)
            return ERR_MALFORMED;
    } else if (ip_addr_parse(copy, &r.lo)) {
        return ERR_MALFORMED;
    } else {
        r.hi = r.lo;
    }
    *ret = r;
    return 0;
}

int ip_range_prefix_len(const struct ip_range *r)
{
    unsigned n = (unsigned)(8 * ip_addr_len(&r->lo));
    unsigned len = 0;

    while (len < n && bit_of(&r->lo, len) == bit_of(&r->hi, len))
        len++;
    for (unsigned i = len; i < n; i++)
        if (bit_of(&r->lo, i) || !bit_of(&r->hi, i))
            return -1;
    return (int)len;
}

const char *ip_range_text(const struct ip_range *r, char buf[IP_RANGE_TEXT_LEN])
{
    char lo[IP_TEXT_LEN], hi[IP_TEXT_LEN];
    int len = ip_range_prefix_len(r);

    ip_addr_text(&r->lo, lo);
    ip_addr_text(&r->hi, hi);
    if (len >= 0)
        snprintf(buf, IP_RANGE_TEXT_LEN, "%.45s/%d", lo, len);
    else
        snprintf(buf, IP_RANGE_TEXT_LEN, "%.45s-%.45s", lo, hi);
    return buf;
}

bool ip_range_contains(const struct ip_range *r, const struct ip_addr *a)
{
    return a->family == r->lo.family && ip_addr_cmp(&r->lo, a) <= 0 && ip_addr_cmp(a, &r->hi) <= 0;
}

bool ip_range_covers(const struct ip_range *outer, const struct ip_range *inner)
{
    return ip_range_contains(outer, &inner->lo) && ip_range_contains(outer, &inner->hi);
}

bool ip_range_intersect(const struct ip_range *a, const struct ip_range *b, struct ip_range *ret)
{
    struct ip_range r;

    if (a->lo.family != b->lo.family)
        return false;
    r.lo = ip_addr_cmp(&a->lo, &b->lo) >= 0 ? a->lo : b->lo;
    r.hi = ip_addr_cmp(&a->hi, &b->hi) <= 0 ? a->hi : b->hi;
    if (ip_addr_cmp(&r.lo, &r.hi) > 0)
        return false;
    *ret = r;
    return true;
}

/* Adds one; false if that wraps. */
static bool increment(struct ip_addr *a)
{
    for (size_t i = ip_addr_len(a); i-- > 0;)
        if (++a->b[i])
            return true;
    return false;
}

void ip_range_each_prefix(const struct ip_range *r,
                          void (*fn)(void *user, const struct ip_addr *net, unsigned len),
                          void *user)
{
    unsigned n = (unsigned)(8 * ip_addr_len(&r->lo));
    struct ip_addr at = r->lo;

    for (;;) {
        unsigned len = n;
        struct ip_addr end = at, wider;

        /* Widen while the block stays aligned at `at` and inside the range. */
        while (len > 0 && !bit_of(&at, len - 1)) {
            wider = at;
            set_bits_from(&wider, len - 1, true);
            if (ip_addr_cmp(&wider, &r->hi) > 0)
                break;
            end = wider;
            len--;
        }
        fn(user, &at, len);
        if (ip_addr_cmp(&end, &r->hi) >= 0 || !increment(&end))
            return;
        at = end;
    }
}

socklen_t ip_to_sockaddr(const struct ip_endpoint *e, struct sockaddr_storage *ss)
{
    memset(ss, 0, sizeof *ss);
    if (e->addr.family == 6) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)ss;

        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(e->port);
        memcpy(&in6->sin6_addr, e->addr.b, 16);
        return sizeof *in6;
    }
    struct sockaddr_in *in = (struct sockaddr_in *)(void *)ss;

    in->sin_family = AF_INET;
    in->sin_port = htons(e->port);
    memcpy(&in->sin_addr, e->addr.b, 4);
    return sizeof *in;
}

int ip_from_sockaddr(const struct sockaddr *sa, struct ip_endpoint *ret)
{
    struct ip_endpoint e = { 0 };

    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;

        memcpy(&in, sa, sizeof in);
        e.addr.family = 4;
        memcpy(e.addr.b, &in.sin_addr, 4);
        e.port = ntohs(in.sin_port);
    } else if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;

        memcpy(&in6, sa, sizeof in6);
        e.addr.family = 6;
        memcpy(e.addr.b, &in6.sin6_addr, 16);
        e.port = ntohs(in6.sin6_port);
    } else {
        return ERR_UNSUPPORTED;
    }
    *ret = e;
    return 0;
}
