/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load: the configuration is read whole, checked whole, and only then applied;
 * a bad file leaves everything as it was.  The order of applying is what keeps
 * protected traffic closed: the drop rule covers old and new before anything
 * else changes, and lets go of what is gone last.
 */
#include "ike/daemon/daemon.h"

#include "ike/config/config.h"
#include "utils/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_file(const char *path, uint8_t **ret, size_t *ret_len, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    size_t len = 0;
    uint8_t *text;
    ssize_t n = 0;

    if (fd < 0)
        return err_errno(err, errno, "%s", path);
    text = mem_zalloc(CONFIG_FILE_MAX + 1);
    while (text && len <= CONFIG_FILE_MAX &&
           (n = read(fd, text + len, CONFIG_FILE_MAX + 1 - len)) > 0)
        len += (size_t)n;
    close(fd);
    if (!text)
        return err_set(err, ERR_NOMEM, "no memory for %s", path);
    if (n < 0 || len > CONFIG_FILE_MAX) {
        mem_free(text);
        return n < 0 ? err_errno(err, errno, "%s", path)
                     : err_set(err, ERR_INVALID, "%s: longer than %u bytes", path, CONFIG_FILE_MAX);
    }
    *ret = text;
    *ret_len = len;
    return 0;
}

int daemon_read_config(const char *path, struct ike_config **ret, struct err *err)
{
    struct config_faults *faults = mem_zalloc(sizeof *faults);
    uint8_t *text = NULL;
    size_t len = 0;
    int rc;

    if (!faults)
        return err_set(err, ERR_NOMEM, "no memory for %s", path);
    rc = read_file(path, &text, &len, err);
    if (!rc) {
        rc = config_parse(path, span_of(text, len), ret, faults);
        for (size_t i = 0; rc && i < faults->n; i++)
            log_line(LOG_ERROR, "config", "%s", faults->faults[i].text);
        if (rc)
            err_set(err, rc, "%.250s", faults->n ? faults->faults[0].text : path);
    }
    mem_free(text);
    mem_free(faults);
    return rc;
}

/* --- secrets --- */

static int stage_secrets(struct daemon *d, const struct ike_config *config, struct err *err)
{
    int rc = keyproc_secrets_begin(d->keys, err);

    for (size_t i = 0; i < config->n_secrets && !rc; i++) {
        const struct config_secret *s = &config->secrets[i];

        rc = keyproc_secret_file(d->keys, s->file, s->ids, s->n_ids, err);
        if (rc)
            err_prefix(err, "secret %s", s->name);
    }
    if (rc)
        (void)keyproc_secrets_abort(d->keys, NULL);
    return rc;
}

/* --- connections --- */

static size_t find_conn(const struct daemon *d, const char *name)
{
    size_t i = 0;

    while (i < d->n_conns && strcmp(d->conns[i]->name, name))
        i++;
    return i;
}

/* Without local_addrs the address that routing chooses now is used, so that
 * the core, which has no routing table, knows where it sends from. */
static void choose_local_address(struct ike_conn *conn)
{
    const struct ip_range *remote = &conn->remote_addrs[0];
    struct ip_addr own;
    struct err err = { 0 };

    if (conn->n_local_addrs || !conn->n_remote_addrs || !ip_addr_eq(&remote->lo, &remote->hi))
        return;
    if (udp_source_address(&remote->lo, &own, &err)) {
        log_line(LOG_WARN, "config", "connection %s: local_addrs not given and %s", conn->name,
                 err.text);
        return;
    }
    conn->local_addrs[0] = own;
    conn->n_local_addrs = 1;
}

/* What this host adds to a connection before the core reads it. */
static void complete_conn(struct daemon *d, struct ike_conn *conn)
{
    choose_local_address(conn);
    /* A device that cannot put IP protocol 50 on the wire: both ends must take
     * the path as if a NAT were on it (RFC 7296 section 2.23). */
    if (!install_has_raw_esp(d->install))
        conn->encap = true;
}

static int reserve_slots(struct daemon *d, size_t more, struct err *err)
{
    struct ike_conn **conns = mem_zalloc_array(d->n_conns + more, sizeof(struct ike_conn *));

    if (!conns)
        return err_set(err, ERR_NOMEM, "no memory for connections");
    if (d->n_conns)
        memcpy(conns, d->conns, d->n_conns * sizeof(struct ike_conn *));
    mem_free(d->conns);
    d->conns = conns;
    return 0;
}

/* Takes the caller's reference. */
static void store_conn(struct daemon *d, struct ike_conn *conn)
{
    size_t i = find_conn(d, conn->name);

    if (i < d->n_conns)
        ike_conn_unref(d->conns[i]);
    else
        d->n_conns++;
    d->conns[i] = conn;
}

/* --- start_action = start --- */

struct look {
    struct daemon *d;
    const char *conn, *child;
};

static int is_child(void *user, const struct ike_child_info *child)
{
    const struct look *look = user;

    return strcmp(child->name, look->child) == 0;
}

static int has_child(void *user, const struct ike_sa_info *sa)
{
    const struct look *look = user;

    if (!sa->conn || strcmp(sa->conn, look->conn))
        return 0;
    return ike_shard_each_child(look->d->shard, sa->ike, is_child, user);
}

static void start_children(struct daemon *d, const struct ike_conn *conn)
{
    for (unsigned i = 0; i < conn->n_children; i++) {
        struct look look = { d, conn->name, conn->children[i].name };

        if (conn->children[i].start_action == IKE_ACTION_START &&
            !ike_shard_each(d->shard, has_child, &look))
            ike_shard_initiate(d->shard, clock_now(), conn->name, conn->children[i].name, NULL,
                               NULL);
    }
}

void daemon_start_all(struct daemon *d)
{
    for (size_t i = 0; i < d->n_conns; i++)
        start_children(d, d->conns[i]);
}

/* What is no longer configured ends: its part of the drop rule goes too, so
 * its traffic must not depend on SAs that nobody would set up again.
 * child NULL: all of the connection. */
static void end_sas(struct daemon *d, const char *conn, const char *child)
{
    const struct ike_target target = { .conn = conn, .child_name = child };

    ike_shard_terminate(d->shard, clock_now(), &target, NULL, NULL);
}

static void end_gone_children(struct daemon *d, const struct ike_conn *old,
                              const struct ike_conn *now)
{
    for (unsigned i = 0; i < old->n_children; i++)
        if (!ike_conn_child(now, old->children[i].name))
            end_sas(d, old->name, old->children[i].name);
}

/* Puts one connection in force; the drop rule is the caller's.  *ret_changed is
 * false if it is in force already: then nothing is touched. */
static int put_conn(struct daemon *d, struct ike_conn *conn, bool *ret_changed, struct err *err)
{
    size_t i = find_conn(d, conn->name);
    int rc;

    *ret_changed = false;
    if (i < d->n_conns && ike_conn_eq(d->conns[i], conn))
        return 0;
    rc = reserve_slots(d, 1, err);
    if (!rc)
        rc = ike_shard_conn_put(d->shard, conn, err);
    if (rc)
        return rc;
    if (i < d->n_conns)
        end_gone_children(d, d->conns[i], conn);
    store_conn(d, ike_conn_ref(conn));
    *ret_changed = true;
    return 0;
}

static int take_conn_out(struct daemon *d, const char *name, struct err *err)
{
    size_t i = find_conn(d, name);
    int rc;

    if (i == d->n_conns)
        return err_set(err, ERR_NOTFOUND, "no connection %s", name);
    rc = ike_shard_conn_remove(d->shard, name, err);
    if (rc)
        return rc;
    end_sas(d, name, NULL);
    ike_conn_unref(d->conns[i]);
    d->conns[i] = d->conns[--d->n_conns];
    return 0;
}

int daemon_put_conn(struct daemon *d, struct ike_conn *conn, struct err *err)
{
    bool changed;
    int rc;

    complete_conn(d, conn);
    rc = put_conn(d, conn, &changed, err);
    if (rc || !changed)
        return rc;
    rc = install_guard(d->install, d->conns, d->n_conns, err);
    if (rc) {
        err_prefix(err, "connection %s is loaded but not started: drop rule", conn->name);
        return rc;
    }
    start_children(d, conn);
    return 0;
}

int daemon_remove_conn(struct daemon *d, const char *name, struct err *err)
{
    int rc = take_conn_out(d, name, err);

    return rc ? rc : install_guard(d->install, d->conns, d->n_conns, err);
}

/* --- the whole --- */

static bool config_has(const struct ike_config *config, const char *name)
{
    for (size_t i = 0; i < config->n_conns; i++)
        if (strcmp(config->conns[i]->name, name) == 0)
            return true;
    return false;
}

/* Closes everything that is or will be protected. */
static int guard_both(struct daemon *d, const struct ike_config *config, struct err *err)
{
    size_t n = d->n_conns + config->n_conns;
    struct ike_conn **all = mem_zalloc_array(n, sizeof(struct ike_conn *));
    int rc;

    if (!all)
        return err_set(err, ERR_NOMEM, "no memory for the drop rule");
    if (d->n_conns)
        memcpy(all, d->conns, d->n_conns * sizeof(struct ike_conn *));
    if (config->n_conns)
        memcpy(all + d->n_conns, config->conns, config->n_conns * sizeof(struct ike_conn *));
    rc = install_guard(d->install, all, n, err);
    mem_free(all);
    return rc ? err_prefix(err, "drop rule") : 0;
}

static void remove_gone(struct daemon *d, const struct ike_config *config)
{
    for (size_t i = d->n_conns; i-- > 0;) {
        char name[IKE_NAME_LEN];
        struct err err = { 0 };

        memcpy(name, d->conns[i]->name, sizeof name);
        if (!config_has(config, name) && take_conn_out(d, name, &err))
            log_line(LOG_ERROR, "config", "connection %s not removed: %s", name, err.text);
    }
}

int daemon_apply_config(struct daemon *d, const struct ike_config *config, struct err *err)
{
    bool changed;
    int rc;

    for (size_t i = 0; i < config->n_conns; i++)
        complete_conn(d, config->conns[i]);
    rc = stage_secrets(d, config, err);
    if (!rc) {
        rc = guard_both(d, config, err);
        if (rc)
            (void)keyproc_secrets_abort(d->keys, NULL);
    }
    if (!rc)
        rc = keyproc_secrets_commit(d->keys, err);
    if (rc)
        return rc;
    /* The rule covers old and new until all stands: at no time is it smaller
     * than what is protected. */
    remove_gone(d, config);
    for (size_t i = 0; i < config->n_conns && !rc; i++)
        rc = put_conn(d, config->conns[i], &changed, err);
    if (!rc)
        rc = install_guard(d->install, d->conns, d->n_conns, err);
    if (!rc)
        daemon_start_all(d);
    return rc;
}

int daemon_reload(struct daemon *d, struct err *err)
{
    struct ike_config *config = NULL;
    int rc;

    if (!d->options.config)
        return err_set(err, ERR_STATE, "the daemon runs without a configuration file");
    rc = daemon_read_config(d->options.config, &config, err);
    if (!rc)
        rc = daemon_apply_config(d, config, err);
    if (!rc)
        log_line(LOG_NOTICE, "config", "%s: %zu connections in force", d->options.config,
                 d->n_conns);
    config_free(config);
    return rc;
}
