/* SPDX-License-Identifier: Apache-2.0 */
/* ctl_conns: `list-conns`, `get-conns`, `load-conn`, `unload-conn`. */
#include "ike/daemon/ctl.h"

#include "ike/config/config.h"

#include <stdio.h>
#include <string.h>

#define VALUE_LEN 4096 /* bytes of one configuration value */
#define SECTION_LEN (IKE_NAME_LEN + 16)

static const char *action_name(enum ike_start_action action)
{
    switch (action) {
    case IKE_ACTION_NONE:
        return "none";
    case IKE_ACTION_START:
        return "start";
    case IKE_ACTION_TRAP:
        return "trap";
    }
    return "none";
}

static const char *offload_name(enum ike_offload offload)
{
    switch (offload) {
    case IKE_OFFLOAD_OFF:
        return "off";
    case IKE_OFFLOAD_PREFER:
        return "prefer";
    case IKE_OFFLOAD_REQUIRE:
        return "require";
    }
    return "off";
}

static void write_child(struct vici_writer *w, const struct ike_child_conf *child)
{
    vici_section(w, child->name);
    vici_text(w, "mode", child->mode == IKE_MODE_TRANSPORT ? "TRANSPORT" : "TUNNEL");
    vici_number(w, "rekey_time", child->rekey_time / NS_PER_S);
    vici_number(w, "rekey_bytes", child->rekey_bytes);
    vici_number(w, "rekey_packets", child->rekey_packets);
    vici_text(w, "start_action", action_name(child->start_action));
    vici_text(w, "close_action", action_name(child->close_action));
    vici_text(w, "offload", offload_name(child->offload));
    ctl_write_ts(w, "local-ts", &child->local_ts);
    ctl_write_ts(w, "remote-ts", &child->remote_ts);
    vici_section_end(w);
}

static void write_auth(struct vici_writer *w, const char *section, const struct ike_peer_auth *auth)
{
    char text[IKE_ID_TEXT_LEN];

    vici_section(w, section);
    vici_text(w, "class", "pre-shared key");
    vici_text(w, "id", ike_id_text(&auth->id, text));
    vici_section_end(w);
}

static void write_conn(struct vici_writer *w, const struct ike_conn *conn)
{
    char text[IP_RANGE_TEXT_LEN];

    vici_section(w, conn->name);
    vici_list(w, "local_addrs");
    for (unsigned i = 0; i < conn->n_local_addrs; i++)
        vici_item_text(w, ip_addr_text(&conn->local_addrs[i], text));
    vici_list_end(w);
    vici_list(w, "remote_addrs");
    for (unsigned i = 0; i < conn->n_remote_addrs; i++)
        vici_item_text(w, ip_addr_eq(&conn->remote_addrs[i].lo, &conn->remote_addrs[i].hi)
                              ? ip_addr_text(&conn->remote_addrs[i].lo, text)
                              : ip_range_text(&conn->remote_addrs[i], text));
    vici_list_end(w);
    vici_text(w, "version", "IKEv2");
    vici_number(w, "rekey_time", conn->rekey_time / NS_PER_S);
    vici_number(w, "dpd_delay", conn->dpd_delay / NS_PER_S);
    write_auth(w, "local-1", &conn->local);
    write_auth(w, "remote-1", &conn->remote);
    vici_section(w, "children");
    for (unsigned i = 0; i < conn->n_children; i++)
        write_child(w, &conn->children[i]);
    vici_section_end(w);
    vici_section_end(w);
}

void ctl_list_conns(const struct ctl_call *call)
{
    struct daemon *d = call->daemon;
    char only[IKE_NAME_LEN];
    struct vici_writer w;

    vici_find_text(call->args, "ike", only, sizeof only);
    for (size_t i = 0; i < d->n_conns; i++) {
        if (only[0] && strcmp(only, d->conns[i]->name))
            continue;
        vici_packet_begin(&w, VICI_EVENT, "list-conn");
        write_conn(&w, d->conns[i]);
        ctl_stream(call->conn, "list-conn", &w);
    }
    vici_packet_begin(&w, VICI_CMD_RESPONSE, NULL);
    ctl_respond(call->conn, &w);
}

void ctl_get_conns(const struct ctl_call *call)
{
    struct daemon *d = call->daemon;
    struct vici_writer w;

    vici_packet_begin(&w, VICI_CMD_RESPONSE, NULL);
    vici_list(&w, "conns");
    for (size_t i = 0; i < d->n_conns; i++)
        vici_item_text(&w, d->conns[i]->name);
    vici_list_end(&w);
    ctl_respond(call->conn, &w);
}

/* --- load-conn --- */

static int join_list(struct span body, char value[VALUE_LEN], struct err *err)
{
    struct vici_reader r;
    struct span item;
    size_t len = 0;
    int rc;

    vici_reader_init_list(&r, body);
    while ((rc = vici_next_value(&r, &item, err)) == 1) {
        if (len + item.len + 2 > VALUE_LEN)
            return err_set(err, ERR_INVALID, "list is longer than %d bytes", VALUE_LEN);
        if (len)
            value[len++] = ',';
        vici_span_text(item, value + len, item.len + 1);
        len += item.len;
    }
    value[len] = '\0';
    return rc;
}

static int set_entry(struct config_target *target, const char *section,
                     const struct vici_entry *entry, struct err *err)
{
    char key[VICI_NAME_MAX + 1], value[VALUE_LEN];
    int rc = 0;

    vici_span_text(entry->name, key, sizeof key);
    if (entry->kind == VICI_LIST) {
        rc = join_list(entry->body, value, err);
        if (rc)
            err_prefix(err, "key %s", key);
    } else if (entry->body.len >= sizeof value)
        rc = err_set(err, ERR_INVALID, "key %s: value is longer than %d bytes", key, VALUE_LEN);
    else
        vici_span_text(entry->body, value, sizeof value);
    return rc ? rc : config_set(target, section, key, value, err);
}

static int set_section(struct config_target *target, const char *section, struct span body,
                       struct err *err);

static int set_children(struct config_target *target, struct span body, struct err *err)
{
    struct vici_entry entry;
    struct vici_reader r;
    char name[IKE_NAME_LEN], section[SECTION_LEN];
    int rc;

    vici_reader_init(&r, body);
    while ((rc = vici_next_entry(&r, &entry, err)) == 1) {
        if (entry.kind != VICI_SECTION || entry.name.len >= sizeof name)
            return err_set(err, ERR_INVALID,
                           "children: sections with names under %d bytes expected", IKE_NAME_LEN);
        snprintf(section, sizeof section, "children.%s",
                 vici_span_text(entry.name, name, sizeof name));
        rc = set_section(target, section, entry.body, err);
        if (rc)
            return rc;
    }
    return rc;
}

static int set_subsection(struct config_target *target, const char *section,
                          const struct vici_entry *entry, struct err *err)
{
    char name[SECTION_LEN];

    if (section[0] || entry->name.len >= sizeof name)
        return err_set(err, ERR_INVALID, "section %s: no sections inside it", section);
    vici_span_text(entry->name, name, sizeof name);
    if (strcmp(name, "children") == 0)
        return set_children(target, entry->body, err);
    return set_section(target, name, entry->body, err);
}

static int set_section(struct config_target *target, const char *section, struct span body,
                       struct err *err)
{
    struct vici_entry entry;
    struct vici_reader r;
    int rc = section[0] ? config_section(target, section, err) : 0;

    if (rc)
        return rc;
    vici_reader_init(&r, body);
    while ((rc = vici_next_entry(&r, &entry, err)) == 1) {
        rc = entry.kind == VICI_SECTION ? set_subsection(target, section, &entry, err)
                                        : set_entry(target, section, &entry, err);
        if (rc)
            return rc;
    }
    return rc;
}

static int load_one(struct daemon *d, const struct vici_entry *entry, struct err *err)
{
    struct config_target target = { 0 };
    struct ike_conn *conn = NULL;
    char name[VICI_NAME_MAX + 1];
    int rc;

    if (entry->kind != VICI_SECTION)
        return err_set(err, ERR_INVALID, "a section named like the connection is expected");
    rc = config_conn_begin(&target, vici_span_text(entry->name, name, sizeof name), err);
    if (!rc)
        rc = set_section(&target, "", entry->body, err);
    if (!rc)
        rc = config_conn_end(&target, &conn, err);
    config_conn_drop(&target);
    if (!rc)
        rc = daemon_put_conn(d, conn, err);
    ike_conn_unref(conn);
    return rc;
}

void ctl_load_conn(const struct ctl_call *call)
{
    struct vici_entry entry;
    struct vici_reader r;
    struct err err = { 0 };
    int rc;

    vici_reader_init(&r, call->args);
    while ((rc = vici_next_entry(&r, &entry, &err)) == 1) {
        rc = load_one(call->daemon, &entry, &err);
        if (rc)
            break;
    }
    ctl_respond_result(call->conn, rc, err.text);
}

void ctl_unload_conn(const struct ctl_call *call)
{
    char name[IKE_NAME_LEN];
    struct err err = { 0 };
    int rc = daemon_remove_conn(call->daemon, vici_find_text(call->args, "name", name, sizeof name),
                                &err);

    ctl_respond_result(call->conn, rc, err.text);
}
