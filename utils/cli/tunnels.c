/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/cli/tunnels.h"

#include <stdlib.h>
#include <string.h>

#include "utils/base/mem.h"
#include "utils/cli/sas.h"

void tunnels_free(struct tunnels *tunnels)
{
    events_free(&tunnels->conns);
    events_free(&tunnels->ikes);
    mem_free(tunnels->list);
    memset(tunnels, 0, sizeof *tunnels);
}

bool tunnel_is_up(const struct tunnel *tunnel)
{
    for (size_t i = 0; i < tunnel->n_sas; i++)
        if (sas_child_is_up(tunnel->sas[i]))
            return true;
    return false;
}

static int by_name(const void *a, const void *b)
{
    const struct tunnel *x = a, *y = b;
    int order = strcmp(x->conn, y->conn);

    return order ? order : strcmp(x->child, y->child);
}

/* NULL: no memory. */
static struct tunnel *add(struct tunnels *t, struct span conn, struct span child)
{
    struct tunnel *tunnel;

    if (t->n == t->cap) {
        size_t cap = t->cap ? 2 * t->cap : 16;
        struct tunnel *list = mem_zalloc_array(cap, sizeof *list);

        if (!list)
            return NULL;
        if (t->n)
            memcpy(list, t->list, t->n * sizeof *list);
        mem_free(t->list);
        t->list = list;
        t->cap = cap;
    }
    tunnel = &t->list[t->n++];
    vici_span_text(conn, tunnel->conn, sizeof tunnel->conn);
    vici_span_text(child, tunnel->child, sizeof tunnel->child);
    return tunnel;
}

/* Calls `fn` for each section of each event: (name, body). */
static int each_section(struct tunnels *t, const struct events *events,
                        int (*fn)(struct tunnels *t, struct span name, struct span body))
{
    for (size_t i = 0; i < events->n; i++) {
        struct vici_reader r;
        struct vici_entry entry;

        vici_reader_init(&r, events->messages[i]);
        while (vici_next_entry(&r, &entry, NULL) > 0)
            if (entry.kind == VICI_SECTION && fn(t, entry.name, entry.body))
                return ERR_NOMEM;
    }
    return 0;
}

static int add_conn(struct tunnels *t, struct span name, struct span conn)
{
    struct span children = { 0 };
    struct vici_reader r;
    struct vici_entry entry;

    if (!vici_find(conn, VICI_SECTION, "children", &children))
        return 0;
    vici_reader_init(&r, children);
    while (vici_next_entry(&r, &entry, NULL) > 0) {
        struct tunnel *tunnel;

        if (entry.kind != VICI_SECTION)
            continue;
        tunnel = add(t, name, entry.name);
        if (!tunnel)
            return ERR_NOMEM;
        tunnel->configured = true;
    }
    return 0;
}

/* The first tunnel of the sorted part [0, n) that is not before (conn, child). */
static size_t lower_bound(const struct tunnels *t, size_t n, const struct tunnel *key)
{
    size_t lo = 0, hi = n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (by_name(&t->list[mid], key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* An IKE SA that is not (any more) the one that carries traffic gives way. */
static void set_ike(struct tunnel *tunnel, struct span ike)
{
    struct span state;

    if (!tunnel->ike.len ||
        (vici_find(ike, VICI_VALUE, "state", &state) && vici_span_is(state, "ESTABLISHED")))
        tunnel->ike = ike;
}

/* Of a configured tunnel in the sorted part, or of an SA without configuration
 * behind it; NULL if there is none. */
static struct tunnel *find(const struct tunnels *t, const struct tunnel *key)
{
    size_t i = lower_bound(t, t->n_sorted, key);

    if (i < t->n_sorted && by_name(&t->list[i], key) == 0)
        return &t->list[i];
    for (i = t->n_sorted; i < t->n; i++)
        if (by_name(&t->list[i], key) == 0)
            return &t->list[i];
    return NULL;
}

static int add_child_sa(struct tunnels *t, struct span conn, struct span ike, struct span child)
{
    struct span name = { 0 };
    struct tunnel key, *tunnel;

    if (!vici_find(child, VICI_VALUE, "name", &name))
        return 0;
    vici_span_text(conn, key.conn, sizeof key.conn);
    vici_span_text(name, key.child, sizeof key.child);
    tunnel = find(t, &key);
    if (!tunnel)
        tunnel = add(t, conn, name);
    if (!tunnel)
        return ERR_NOMEM;
    if (!tunnel->n_sas)
        tunnel->ike = span_of(NULL, 0);
    set_ike(tunnel, ike);
    if (tunnel->n_sas < TUNNEL_SAS_MAX)
        tunnel->sas[tunnel->n_sas++] = child;
    return 0;
}

static int add_ike(struct tunnels *t, struct span conn, struct span ike)
{
    struct span children = { 0 };
    struct tunnel key = { .child = "" };
    struct vici_reader r;
    struct vici_entry entry;

    vici_span_text(conn, key.conn, sizeof key.conn);
    for (size_t i = lower_bound(t, t->n_sorted, &key);
         i < t->n_sorted && strcmp(t->list[i].conn, key.conn) == 0; i++)
        if (!t->list[i].n_sas)
            set_ike(&t->list[i], ike);
    if (!vici_find(ike, VICI_SECTION, "child-sas", &children))
        return 0;
    vici_reader_init(&r, children);
    while (vici_next_entry(&r, &entry, NULL) > 0)
        if (entry.kind == VICI_SECTION && add_child_sa(t, conn, ike, entry.body))
            return ERR_NOMEM;
    return 0;
}

static void sort(struct tunnels *t)
{
    if (t->n)
        qsort(t->list, t->n, sizeof t->list[0], by_name);
    t->n_sorted = t->n;
}

static void keep_only(struct tunnels *t, const char *conn, const char *child)
{
    size_t n = 0;

    for (size_t i = 0; i < t->n; i++)
        if ((!conn || strcmp(t->list[i].conn, conn) == 0) &&
            (!child || strcmp(t->list[i].child, child) == 0))
            t->list[n++] = t->list[i];
    t->n = n;
}

static int ask(const struct cli *cli, struct vici_client *client, const char *conn,
               const char *command, const char *event, struct events *ret)
{
    struct vici_writer args;
    int rc;

    vici_writer_init(&args);
    if (conn)
        vici_text(&args, "ike", conn);
    rc = daemon_collect(cli, client, command, &args, event, ret);
    vici_writer_fini(&args);
    return rc;
}

int tunnels_get(const struct cli *cli, const char *conn, const char *child, struct tunnels *ret)
{
    struct vici_client *client;
    struct tunnels t = { 0 };
    int rc = daemon_connect(cli, &client);

    if (rc)
        return rc;
    rc = ask(cli, client, conn, "list-conns", "list-conn", &t.conns);
    if (!rc)
        rc = ask(cli, client, conn, "list-sas", "list-sa", &t.ikes);
    vici_client_close(client);
    if (!rc && each_section(&t, &t.conns, add_conn))
        rc = cli_fail(cli, CLI_FAILED, "no memory");
    sort(&t);
    if (!rc && each_section(&t, &t.ikes, add_ike))
        rc = cli_fail(cli, CLI_FAILED, "no memory");
    sort(&t);
    if (rc) {
        tunnels_free(&t);
        return rc;
    }
    keep_only(&t, conn, child);
    *ret = t;
    return CLI_OK;
}
