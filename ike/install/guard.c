/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard: from connections to the drop rule.  What a connection protects is
 * closed from the moment it is configured until it is configured no longer,
 * whether an SA, the daemon or the data plane exists or not.
 */
#include "ike/install/state.h"

#include "utils/base/mem.h"

#include <string.h>

struct entries {
    struct ioff_guard_entry *list;
    size_t n, cap;
};

static struct ioff_guard_entry *entry_add(struct entries *e)
{
    if (e->n == e->cap) {
        size_t cap = e->cap ? 2 * e->cap : 64;
        struct ioff_guard_entry *list = mem_zalloc_array(cap, sizeof *list);

        if (!list)
            return NULL;
        if (e->n)
            memcpy(list, e->list, e->n * sizeof *list);
        mem_free(e->list);
        e->list = list;
        e->cap = cap;
    }
    return &e->list[e->n++];
}

/* "dynamic" stands for the IKE endpoint's own address, where that is one. */
static void resolve(const struct ike_conn *conn, struct ike_ts_list *local,
                    struct ike_ts_list *remote)
{
    if (conn->n_local_addrs)
        ike_ts_resolve(local, &conn->local_addrs[0]);
    if (conn->n_remote_addrs && ip_addr_eq(&conn->remote_addrs[0].lo, &conn->remote_addrs[0].hi))
        ike_ts_resolve(remote, &conn->remote_addrs[0].lo);
}

static void remove_dynamic(struct ike_ts_list *list)
{
    uint8_t n = 0;

    for (uint8_t i = 0; i < list->n; i++)
        if (!ike_ts_is_dynamic(&list->ts[i]))
            list->ts[n++] = list->ts[i];
    list->n = n;
}

static int guard_child(struct entries *e, const struct ike_conn *conn,
                       const struct ike_child_conf *conf, struct err *err)
{
    struct ike_ts_list local = conf->local_ts, remote = conf->remote_ts;
    struct ioff_selector pairs[IKE_TS_MAX * IKE_TS_MAX];
    char label[LABEL_LEN];
    size_t n = 0;
    int rc = install_label(conn->name, conf->name, label, err);

    if (rc)
        return rc;
    resolve(conn, &local, &remote);
    remove_dynamic(&local); /* an address not known yet cannot be closed */
    remove_dynamic(&remote);
    if (!local.n || !remote.n)
        return 0;
    rc = install_selectors(&local, &remote, pairs, IKE_TS_MAX * IKE_TS_MAX, &n, err);
    if (rc)
        return err_prefix(err, "%s/%s", conn->name, conf->name);
    for (size_t i = 0; i < n; i++) {
        struct ioff_guard_entry *entry = entry_add(e);

        if (!entry)
            return err_set(err, ERR_NOMEM, "no memory for the drop rule");
        entry->selector = pairs[i];
        memcpy(entry->label, label, sizeof entry->label);
    }
    return 0;
}

static bool label_configured(struct ike_conn *const *conns, size_t n_conns, const char *label)
{
    char have[LABEL_LEN];

    for (size_t c = 0; c < n_conns; c++) {
        for (unsigned i = 0; i < conns[c]->n_children; i++) {
            if (install_label(conns[c]->name, conns[c]->children[i].name, have, NULL) == 0 &&
                strcmp(have, label) == 0)
                return true;
        }
    }
    return false;
}

static void forget_unconfigured(struct install *in, struct ike_conn *const *conns, size_t n_conns)
{
    bool any = false;

    LIST_FOR_EACH(node, &in->children)
    {
        struct install_child *child = CONTAINER_OF(node, struct install_child, node);

        if (!child->id && !child->drop_at && !label_configured(conns, n_conns, child->label)) {
            child->drop_at = in->now ? in->now : 1;
            any = true;
        }
    }
    if (any)
        in->opts.events.poll_changed(in->opts.events.user);
}

int install_guard(struct install *in, struct ike_conn *const *conns, size_t n_conns,
                  struct err *err)
{
    struct entries e = { 0 };
    struct ioff_error error = { 0 };
    int rc = 0;

    for (size_t c = 0; c < n_conns && !rc; c++)
        for (unsigned i = 0; i < conns[c]->n_children && !rc; i++)
            rc = guard_child(&e, conns[c], &conns[c]->children[i], err);
    if (!rc) {
        rc = ioff_guard_set(in->device, e.list, e.n, &error);
        if (rc)
            install_err(err, &error);
    }
    mem_free(e.list);
    if (!rc)
        forget_unconfigured(in, conns, n_conns);
    return rc;
}
