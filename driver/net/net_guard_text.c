/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_guard_text: the guard as nft commands.
 *
 * Entries of whole address ranges go into one set for each family, of pairs
 * local . remote, looked up in one step for a packet in either direction.  A
 * set of concatenated ranges takes no overlapping elements, so an entry that
 * another one covers is left out, and one that only overlaps becomes a rule of
 * its own.  Entries with a protocol or ports are rules too.
 */
#include "driver/net/net_guard.h"

#include "driver/net/net_link.h"
#include "utils/base/mem.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define HEAD_LEN 2048u  /* table, sets and chains without entries */
#define ENTRY_LEN 2100u /* six rules of two ranges and ports at the most */

enum place { PLACE_NONE, PLACE_SET, PLACE_RULE };

struct text {
    char *buf;
    size_t cap, len;
};

static void add(struct text *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void add(struct text *t, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(t->buf + t->len, t->cap - t->len, fmt, ap);
    va_end(ap);
    t->len += n > 0 ? (size_t)n : 0;
    if (t->len >= t->cap)
        t->len = t->cap - 1; /* checked once, at the end */
}

static bool has_ports(uint8_t proto)
{
    return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_DCCP ||
           proto == IPPROTO_SCTP || proto == IPPROTO_UDPLITE;
}

static bool any_ports(const struct nic_selector *s)
{
    return s->local_port_lo == 0 && s->local_port_hi == UINT16_MAX && s->remote_port_lo == 0 &&
           s->remote_port_hi == UINT16_MAX;
}

static bool covers(const struct nic_selector *a, const struct nic_selector *b)
{
    return ip_range_covers(&a->local, &b->local) && ip_range_covers(&a->remote, &b->remote);
}

static bool meets(const struct nic_selector *a, const struct nic_selector *b)
{
    struct ip_range r;

    return ip_range_intersect(&a->local, &b->local, &r) &&
           ip_range_intersect(&a->remote, &b->remote, &r);
}

/* Where entry i goes.  Of equal entries the first stays. */
static enum place place_of(const struct net_guard *g, const uint8_t *places, size_t i)
{
    const struct nic_selector *s = &g->entries[i].sel;
    enum place place = PLACE_SET;

    if (s->proto)
        return PLACE_RULE;
    for (size_t k = 0; k < g->n; k++) {
        const struct nic_selector *o = &g->entries[k].sel;

        if (k == i || o->proto || !meets(o, s))
            continue;
        if (covers(o, s) && (k < i || !covers(s, o)))
            return PLACE_NONE;
        if (k < i && places[k] == PLACE_SET)
            place = PLACE_RULE;
    }
    return place;
}

static void add_pair(struct text *t, const struct nic_selector *s, const char *fmt)
{
    char local[IP_RANGE_TEXT_LEN], remote[IP_RANGE_TEXT_LEN];

    ip_range_text(&s->local, local);
    ip_range_text(&s->remote, remote);
    add(t, "%s%s . %s", fmt, local, remote);
}

static void add_set(struct text *t, const struct net_guard *g, const uint8_t *places, int family)
{
    const char *sep = "\t\telements = { ";
    bool empty = true;

    add(t, "\tset pairs%d {\n\t\ttype ipv%d_addr . ipv%d_addr\n\t\tflags interval\n", family,
        family, family);
    for (size_t i = 0; i < g->n; i++) {
        if (places[i] != PLACE_SET || g->entries[i].sel.local.lo.family != family)
            continue;
        add_pair(t, &g->entries[i].sel, sep);
        sep = ",\n\t\t\t";
        empty = false;
    }
    add(t, "%s\t}\n", empty ? "" : " }\n");
}

enum direction { LEAVING, ARRIVING, OWN };

/* One entry as rules of one direction.  A fragment behind the first has no
 * ports: it is dropped by addresses and protocol alone (RFC 4301 section 7). */
static void add_rules(struct text *t, const struct nic_selector *s, enum direction dir)
{
    const char *ip = s->local.lo.family == 4 ? "ip" : "ip6";
    const char *frag = s->local.lo.family == 4 ? "ip frag-off & 0x1fff != 0" : "frag frag-off != 0";
    char local[IP_RANGE_TEXT_LEN], remote[IP_RANGE_TEXT_LEN], head[2 * IP_RANGE_TEXT_LEN + 64];

    ip_range_text(&s->local, local);
    ip_range_text(&s->remote, remote);
    if (dir == OWN)
        snprintf(head, sizeof head, "\t\tfib saddr type local %s daddr %s", ip, remote);
    else
        snprintf(head, sizeof head, "\t\t%s %s %s %s %s %s", ip, dir == LEAVING ? "saddr" : "daddr",
                 local, ip, dir == LEAVING ? "daddr" : "saddr", remote);
    if (!s->proto) {
        add(t, "%s counter drop\n", head);
        return;
    }
    if (!has_ports(s->proto) || any_ports(s)) {
        add(t, "%s meta l4proto %u counter drop\n", head, s->proto);
        return;
    }
    add(t, "%s meta l4proto %u th %s %u-%u th %s %u-%u counter drop\n", head, s->proto,
        dir == ARRIVING ? "dport" : "sport", s->local_port_lo, s->local_port_hi,
        dir == ARRIVING ? "sport" : "dport", s->remote_port_lo, s->remote_port_hi);
    add(t, "%s meta l4proto %u %s counter drop\n", head, s->proto, frag);
}

/* Whole remote ranges of `own` entries; they may overlap, nft merges them. */
static void add_own_set(struct text *t, const struct net_guard *g, int family)
{
    const char *sep = "\t\telements = { ";
    char remote[IP_RANGE_TEXT_LEN];
    bool empty = true;

    add(t, "\tset own%d {\n\t\ttype ipv%d_addr\n\t\tflags interval\n\t\tauto-merge\n", family,
        family);
    for (size_t i = 0; i < g->n; i++) {
        const struct nic_selector *s = &g->entries[i].sel;

        if (!g->own || !g->own[i] || s->proto || s->remote.lo.family != family)
            continue;
        add(t, "%s%s", sep, ip_range_text(&s->remote, remote));
        sep = ",\n\t\t\t";
        empty = false;
    }
    add(t, "%s\t}\n", empty ? "" : " }\n");
}

static void add_own(struct text *t, const struct net_guard *g)
{
    add(t, "\tchain own {\n"
           "\t\tfib saddr type local ip daddr @own4 counter drop\n"
           "\t\tfib saddr type local ip6 daddr @own6 counter drop\n");
    for (size_t i = 0; i < g->n; i++)
        if (g->own && g->own[i] && g->entries[i].sel.proto)
            add_rules(t, &g->entries[i].sel, OWN);
    add(t, "\t}\n");
}

static void add_verdicts(struct text *t, const struct net_guard *g, const uint8_t *places,
                         bool leaving)
{
    const char *local = leaving ? "saddr" : "daddr", *remote = leaving ? "daddr" : "saddr";

    add(t, "\tchain %s {\n", leaving ? "leaving" : "arriving");
    add(t, "\t\tip %s . ip %s @pairs4 counter drop\n", local, remote);
    add(t, "\t\tip6 %s . ip6 %s @pairs6 counter drop\n", local, remote);
    for (size_t i = 0; i < g->n; i++)
        if (places[i] == PLACE_RULE)
            add_rules(t, &g->entries[i].sel, leaving ? LEAVING : ARRIVING);
    add(t, "\t}\n");
}

/* `own` asks for the source that the host chose, not one that NAT made of it. */
static void add_out_hook(struct text *t, const struct net_guard *g, const char *name, int priority,
                         bool with_own)
{
    add(t, "\tchain %s {\n\t\ttype filter hook postrouting priority %d; policy accept;\n", name,
        priority);
    if (g->tun)
        add(t, "\t\toifname \"%s\" accept\n", g->tun);
    add(t, "\t\toifname \"lo\" fib daddr type local accept\n");
    add(t, "\t\tmeta mark 0x%" PRIx32 " accept\n%s\t\tjump leaving\n\t}\n", g->mark,
        with_own ? "\t\tjump own\n" : "");
}

/* Before connection tracking (-400) puts fragments together: then a fragment
 * from the TUN device and one from the wire would be one packet already.  A
 * fragment behind the first has no ports, so it is nobody's IKE or ESP: let in,
 * the host could complete a datagram with it that came through the tunnel. */
static void add_in_hook(struct text *t, const struct net_guard *g)
{
    add(t, "\tchain in {\n\t\ttype filter hook prerouting priority -450; policy accept;\n");
    if (g->tun)
        add(t, "\t\tiifname \"%s\" accept\n", g->tun);
    add(t, "\t\tiifname \"lo\" accept\n");
    add(t,
        "\t\tudp dport { 500, 4500 } fib daddr type local meta mark set 0x%" PRIx32 " accept\n"
        "\t\tjump arriving\n\t}\n",
        g->mark);
}

static int check(const struct net_guard *g, struct err *err)
{
    if (g->n > NET_GUARD_MAX)
        return err_set(err, ERR_FULL, "drop rule: %zu entries, %d is the limit", g->n,
                       NET_GUARD_MAX);
    if (g->tun && !net_link_name_ok(g->tun))
        return err_set(err, ERR_INVALID, "drop rule: \"%.32s\" is not an interface name", g->tun);
    for (size_t i = 0; i < g->n; i++) {
        const struct nic_selector *s = &g->entries[i].sel;
        uint8_t family = s->local.lo.family;

        if ((family != 4 && family != 6) || s->local.hi.family != family ||
            s->remote.lo.family != family || s->remote.hi.family != family ||
            ip_addr_cmp(&s->local.lo, &s->local.hi) > 0 ||
            ip_addr_cmp(&s->remote.lo, &s->remote.hi) > 0 || s->local_port_lo > s->local_port_hi ||
            s->remote_port_lo > s->remote_port_hi)
            return err_set(err, ERR_INVALID, "drop rule: entry %zu (%.64s): bad selector", i,
                           g->entries[i].label);
    }
    return 0;
}

int net_guard_text(const struct net_guard *g, char **ret, struct err *err)
{
    struct text t = { .cap = HEAD_LEN + ENTRY_LEN * g->n };
    uint8_t *places;
    int rc = check(g, err);

    if (rc)
        return rc;
    t.buf = mem_zalloc(t.cap);
    places = mem_zalloc(g->n + 1);
    if (!t.buf || !places) {
        mem_free(t.buf);
        mem_free(places);
        return err_set(err, ERR_NOMEM, "no memory for a drop rule of %zu entries", g->n);
    }
    /* Declaring first makes the delete succeed when there is no table yet. */
    add(&t, "table inet " NET_GUARD_TABLE "\ndelete table inet " NET_GUARD_TABLE "\n");
    if (g->n) {
        for (size_t i = 0; i < g->n; i++)
            places[i] = (uint8_t)place_of(g, places, i);
        add(&t, "table inet " NET_GUARD_TABLE " {\n");
        add_set(&t, g, places, 4);
        add_set(&t, g, places, 6);
        add_own_set(&t, g, 4);
        add_own_set(&t, g, 6);
        add_verdicts(&t, g, places, true);
        add_verdicts(&t, g, places, false);
        add_own(&t, g);
        add_out_hook(&t, g, "out_before_nat", -300, true);
        add_out_hook(&t, g, "out_after_nat", 300, false);
        add_in_hook(&t, g);
        add(&t, "}\n");
    }
    mem_free(places);
    if (t.len >= t.cap - 1) {
        mem_free(t.buf);
        return err_set(err, ERR_FULL, "drop rule: text of %zu entries is too long", g->n);
    }
    *ret = t.buf;
    return 0;
}
