/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conn: defaults, life time and whole-struct checks of connections.  Single
 * keys are checked where they are read (ike/config, VICI).
 */
#include "ike/types/conn.h"

#include "utils/base/mem.h"

#include <stdio.h>
#include <string.h>

#define MINUTE (60 * NS_PER_S)
#define HOUR (60 * MINUTE)

int ike_name_check(const char *name, struct err *err)
{
    size_t len = strlen(name);

    if (!len || len >= IKE_NAME_LEN)
        return err_set(err, ERR_INVALID, "name '%.60s': must have 1 to %d characters", name,
                       IKE_NAME_LEN - 1);
    for (size_t i = 0; i < len; i++)
        if (name[i] <= 0x20 || name[i] >= 0x7f || name[i] == '/')
            return err_set(err, ERR_INVALID,
                           "name: character %zu is neither printable ASCII nor other than '/'",
                           i + 1);
    return 0;
}

/* A name cut short could pass for another: it becomes empty, which
 * ike_conn_validate() refuses. */
static void set_name(char dst[IKE_NAME_LEN], const char *name)
{
    if (strlen(name) < IKE_NAME_LEN)
        snprintf(dst, IKE_NAME_LEN, "%s", name);
}

struct ike_conn *ike_conn_new(const char *name)
{
    struct ike_conn *conn = mem_zalloc(sizeof *conn);

    if (!conn)
        return NULL;
    atomic_init(&conn->refs, 1);
    set_name(conn->name, name);
    conn->local_port = conn->remote_port = IKE_PORT;
    conn->n_proposals = (uint8_t)ike_proposal_defaults(IKE_PROTO_IKE, conn->proposals);
    conn->local.auth = conn->remote.auth = IKE_AUTH_PSK;
    conn->rekey_time = 4 * HOUR;
    conn->over_time = conn->rekey_time / 10;
    conn->rand_time = conn->over_time;
    conn->keepalive = 20 * NS_PER_S;
    conn->keyingtries = 1;
    return conn;
}

void ike_child_conf_init(struct ike_child_conf *child, const char *name)
{
    const struct ike_ts dynamic = { .port_lo = 0, .port_hi = 65535 };

    memset(child, 0, sizeof *child);
    set_name(child->name, name);
    child->local_ts.n = child->remote_ts.n = 1;
    child->local_ts.ts[0] = child->remote_ts.ts[0] = dynamic;
    child->n_esp_proposals = (uint8_t)ike_proposal_defaults(IKE_PROTO_ESP, child->esp_proposals);
    child->mode = IKE_MODE_TUNNEL;
    child->rekey_time = HOUR;
    child->life_time = child->rekey_time + child->rekey_time / 10;
    child->rand_time = child->life_time - child->rekey_time;
    child->replay_window = 64;
    child->offload =
        IKE_OFFLOAD_PREFER; /* what this project is for; the answer says where it went */
}

struct ike_conn *ike_conn_ref(struct ike_conn *conn)
{
    atomic_fetch_add_explicit(&conn->refs, 1, memory_order_relaxed);
    return conn;
}

void ike_conn_unref(struct ike_conn *conn)
{
    /* The last one to let go must see what all others wrote before they did. */
    if (conn && atomic_fetch_sub_explicit(&conn->refs, 1, memory_order_acq_rel) == 1)
        mem_free(conn);
}

const struct ike_child_conf *ike_conn_child(const struct ike_conn *conn, const char *name)
{
    for (size_t i = 0; i < conn->n_children; i++)
        if (!strcmp(conn->children[i].name, name))
            return &conn->children[i];
    return NULL;
}

static bool has_target(const struct ike_conn *conn)
{
    for (size_t i = 0; i < conn->n_remote_addrs; i++) {
        const struct ip_range *r = &conn->remote_addrs[i];

        if (!ip_addr_is_unset(&r->lo) && ip_addr_eq(&r->lo, &r->hi))
            return true;
    }
    return false;
}

/* soft before hard, where both are set */
static int check_order(const char *soft_key, uint64_t soft, const char *hard_key, uint64_t hard,
                       struct err *err)
{
    if (soft && hard && soft >= hard)
        return err_set(err, ERR_INVALID, "%s must be below %s", soft_key, hard_key);
    return 0;
}

static int check_child(const struct ike_conn *conn, const struct ike_child_conf *c, struct err *err)
{
    int rc;

    if ((rc = ike_name_check(c->name, err)))
        return rc;
    if (ike_conn_child(conn, c->name) != c)
        return err_set(err, ERR_EXISTS, "children: the name is there twice");
    if (!c->local_ts.n || !c->remote_ts.n)
        return err_set(err, ERR_INVALID, "%s: no traffic selector",
                       c->local_ts.n ? "remote_ts" : "local_ts");
    if (!c->n_esp_proposals)
        return err_set(err, ERR_INVALID, "esp_proposals: none");
    if ((rc = check_order("rekey_time", c->rekey_time, "life_time", c->life_time, err)) ||
        (rc = check_order("rekey_bytes", c->rekey_bytes, "life_bytes", c->life_bytes, err)) ||
        (rc = check_order("rekey_packets", c->rekey_packets, "life_packets", c->life_packets, err)))
        return rc;
    if (c->rekey_time && c->rand_time >= c->rekey_time)
        return err_set(err, ERR_INVALID, "rand_time must be below rekey_time");
    if (c->start_action != IKE_ACTION_NONE && !has_target(conn))
        return err_set(err, ERR_INVALID, "start_action: remote_addrs has no single address");
    if (c->close_action != IKE_ACTION_NONE && !has_target(conn))
        return err_set(err, ERR_INVALID, "close_action: remote_addrs has no single address");
    if (c->dpd_action != IKE_DPD_CLEAR && !has_target(conn))
        return err_set(err, ERR_INVALID, "dpd_action: remote_addrs has no single address");
    return 0;
}

int ike_conn_validate(const struct ike_conn *conn, struct err *err)
{
    int rc;

    if ((rc = ike_name_check(conn->name, err)))
        return rc;
    if (!conn->n_proposals)
        return err_set(err, ERR_INVALID, "connection %s: proposals: none", conn->name);
    if (!conn->n_children)
        return err_set(err, ERR_INVALID, "connection %s: children: none", conn->name);
    if (conn->local.auth != IKE_AUTH_PSK || conn->remote.auth != IKE_AUTH_PSK)
        return err_set(err, ERR_UNSUPPORTED, "connection %s: %s.auth: only psk", conn->name,
                       conn->local.auth != IKE_AUTH_PSK ? "local" : "remote");
    if (!conn->local_port || !conn->remote_port)
        return err_set(err, ERR_INVALID, "connection %s: %s: must not be 0", conn->name,
                       conn->local_port ? "remote_port" : "local_port");
    if (conn->rekey_time && conn->rand_time >= conn->rekey_time)
        return err_set(err, ERR_INVALID, "connection %s: rand_time must be below rekey_time",
                       conn->name);
    for (size_t i = 0; i < conn->n_children; i++)
        if (check_child(conn, &conn->children[i], err)) {
            rc = err_prefix(err, "connection %s: child %s", conn->name, conn->children[i].name);
            return rc ? rc : ERR_INVALID;
        }
    return 0;
}
