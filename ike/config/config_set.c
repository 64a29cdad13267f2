/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_set: one connection filled key by key through the table of
 * config_keys.c: by config_file.c for the file and by the daemon for VICI.
 */
#include "ike/config/config.h"

#include <stdio.h>
#include <string.h>

#include "ike/config/config_keys.h"

#define CHILDREN_PREFIX "children."
#define BAD_NAME                                                                                   \
    "the name is not allowed (expected 1 to %d printable characters without / and space)"

int config_conn_begin(struct config_target *target, const char *name, struct err *err)
{
    struct ike_conn *conn;
    int rc = ike_name_check(name, NULL);

    if (rc)
        return err_set(err, rc, "connection %.40s: " BAD_NAME, name, IKE_NAME_LEN - 1);
    conn = ike_conn_new(name);
    if (!conn)
        return err_set(err, ERR_NOMEM, "no memory for connection %s", name);
    memset(target, 0, sizeof *target);
    target->conn = conn;
    return 0;
}

void config_conn_drop(struct config_target *target)
{
    ike_conn_unref(target->conn);
    memset(target, 0, sizeof *target);
}

/* The bit of a row among the rows of its section; fields that two keys share
 * (offload, hw_offload) are told apart, which is why both may be given. */
static uint64_t bit_of(const struct config_key *key)
{
    unsigned n = 0;

    for (const struct config_key *k = config_keys; k != key; k++)
        n += k->where == key->where;
    return 1ull << n;
}

/* True if the row of this name was set. */
static bool was_set(uint64_t seen, enum config_where where, const char *name)
{
    return seen & bit_of(config_key_find(where, name));
}

/*
 * swanctl's rule for one pair of limits: a hard one that is not given lies 10 %
 * above the soft one, a soft one that is not given 10 % below the hard one.
 */
static void derive_pair(bool has_soft, bool has_hard, uint64_t *soft, uint64_t *hard)
{
    if (has_soft && !has_hard)
        *hard = *soft > UINT64_MAX / 2 ? *soft : *soft + *soft / 10;
    else if (has_hard && !has_soft)
        *soft = *hard - *hard / 10;
}

static void derive_child(struct ike_child_conf *child, uint64_t seen)
{
    const enum config_where w = CONFIG_CHILD;

    derive_pair(was_set(seen, w, "rekey_time"), was_set(seen, w, "life_time"), &child->rekey_time,
                &child->life_time);
    derive_pair(was_set(seen, w, "rekey_bytes"), was_set(seen, w, "life_bytes"),
                &child->rekey_bytes, &child->life_bytes);
    derive_pair(was_set(seen, w, "rekey_packets"), was_set(seen, w, "life_packets"),
                &child->rekey_packets, &child->life_packets);
    if (!was_set(seen, w, "rand_time"))
        child->rand_time =
            child->life_time > child->rekey_time ? child->life_time - child->rekey_time : 0;
    if (!was_set(seen, w, "rand_time") && child->rand_time >= child->rekey_time)
        child->rand_time = child->rekey_time / 10; /* a long gap: the default must stay legal */
}

/* Defaults that depend on what was given. */
static void derive(const struct config_target *t)
{
    struct ike_conn *conn = t->conn;

    if (!was_set(t->seen_conn, CONFIG_CONN, "over_time"))
        conn->over_time = conn->rekey_time / 10;
    if (!was_set(t->seen_conn, CONFIG_CONN, "rand_time"))
        conn->rand_time =
            conn->over_time < conn->rekey_time ? conn->over_time : conn->rekey_time / 10;
    for (uint8_t i = 0; i < conn->n_children; i++)
        derive_child(&conn->children[i], t->seen_child[i]);
}

int config_conn_end(struct config_target *target, struct ike_conn **ret, struct err *err)
{
    const char *text;
    char prefix[IKE_NAME_LEN + 16];
    struct err why;
    int rc;

    if (target->conn->n_children == 0)
        return err_set(err, ERR_INVALID, "connection %s: no child (expected child NAME { ... })",
                       target->conn->name);
    derive(target);
    rc = ike_conn_validate(target->conn, &why);
    if (rc) {
        snprintf(prefix, sizeof prefix, "connection %s: ", target->conn->name);
        text = strncmp(why.text, prefix, strlen(prefix)) ? why.text : why.text + strlen(prefix);
        return err_set(err, rc, "%s%.180s", prefix, text);
    }
    *ret = target->conn;
    memset(target, 0, sizeof *target);
    return 0;
}

/* Where a section's keys go. */
struct place {
    enum config_where where;
    void *base;
    uint64_t *seen;    /* bit n: row n of the section was set */
    const char *child; /* name, for errors */
};

/* swanctl names authentication rounds local, local-1, remote-x ...; we have
 * one round, whose name is kept so that a second one is noticed. */
static int round_place(struct config_target *t, const char *section, struct place *ret,
                       struct err *err)
{
    bool local = strncmp(section, "local", 5) == 0;
    char *kept = local ? t->local_name : t->remote_name;

    if (strlen(section) >= IKE_NAME_LEN)
        return err_set(err, ERR_INVALID, "section \"%.40s...\" has too long a name", section);
    if (kept[0] && strcmp(kept, section) != 0)
        return err_set(err, ERR_UNSUPPORTED,
                       "section %s after %s: a second authentication round is not supported in "
                       "this version (expected one)",
                       section, kept);
    snprintf(kept, IKE_NAME_LEN, "%s", section);
    *ret = (struct place){ .where = local ? CONFIG_LOCAL : CONFIG_REMOTE,
                           .base = t->conn,
                           .seen = local ? &t->seen_local : &t->seen_remote };
    return 0;
}

/* Finds the child or adds it. */
static int child_place(struct config_target *t, const char *name, struct place *ret,
                       struct err *err)
{
    struct ike_conn *conn = t->conn;
    uint8_t i;
    int rc = ike_name_check(name, NULL);

    if (rc)
        return err_set(err, rc, "child %.40s: " BAD_NAME, name, IKE_NAME_LEN - 1);
    for (i = 0; i < conn->n_children; i++)
        if (strcmp(conn->children[i].name, name) == 0)
            break;
    if (i == IKE_CHILDREN_MAX)
        return err_set(err, ERR_FULL, "child %s: more than %d children (expected at most %d)", name,
                       IKE_CHILDREN_MAX, IKE_CHILDREN_MAX);
    if (i == conn->n_children) {
        ike_child_conf_init(&conn->children[i], name);
        conn->n_children++;
    }
    *ret = (struct place){ .where = CONFIG_CHILD,
                           .base = &conn->children[i],
                           .seen = &t->seen_child[i],
                           .child = conn->children[i].name };
    return 0;
}

static int find_place(struct config_target *t, const char *section, struct place *ret,
                      struct err *err)
{
    if (section[0] == '\0') {
        *ret = (struct place){ .where = CONFIG_CONN, .base = t->conn, .seen = &t->seen_conn };
        return 0;
    }
    if (strncmp(section, "local", 5) == 0 || strncmp(section, "remote", 6) == 0)
        return round_place(t, section, ret, err);
    if (strncmp(section, CHILDREN_PREFIX, strlen(CHILDREN_PREFIX)) == 0)
        return child_place(t, section + strlen(CHILDREN_PREFIX), ret, err);
    return err_set(err, ERR_INVALID, "no such section \"%.40s\" (expected local, remote or child)",
                   section);
}

int config_section(struct config_target *target, const char *section, struct err *err)
{
    struct place place;
    struct err why;
    int rc = find_place(target, section, &place, &why);

    return rc ? err_set(err, rc, "connection %s, %.200s", target->conn->name, why.text) : 0;
}

static int set_in(const struct place *place, const char *name, const char *value, struct err *err)
{
    const struct config_key *key = config_key_find(place->where, name);
    int rc;

    if (!key)
        return config_key_unknown(place->where, name, err);
    if (*place->seen & bit_of(key))
        return err_set(err, ERR_EXISTS, "given twice (expected once)");
    rc = config_key_set(key, value, place->base, err);
    if (!rc)
        *place->seen |= bit_of(key);
    return rc;
}

int config_set(struct config_target *target, const char *section, const char *key,
               const char *value, struct err *err)
{
    const char *conn = target->conn->name;
    struct place place;
    struct err why;
    int rc = find_place(target, section, &place, &why);

    if (rc)
        return err_set(err, rc, "connection %s, %.200s", conn, why.text);
    rc = set_in(&place, key, value, &why);
    if (!rc)
        return 0;
    if (place.child)
        return err_set(err, rc, "connection %s, child %s, key %.31s: %.200s", conn, place.child,
                       key, why.text);
    if (place.where == CONFIG_CONN)
        return err_set(err, rc, "connection %s, key %.31s: %.200s", conn, key, why.text);
    return err_set(err, rc, "connection %s, %s, key %.31s: %.200s", conn, section, key, why.text);
}
