/* SPDX-License-Identifier: Apache-2.0 */
/*
 * install: the core's install port.  Every request becomes one SDK batch, all
 * or nothing, inbound before outbound (RFC 7296 section 2.8: the inbound SA is
 * live before the peer can learn of it).
 */
#include "ike/install/install.h"

#include "ike/install/state.h"
#include "utils/base/log.h"
#include "utils/base/mem.h"

#define DROP_RETRY NS_PER_S

struct install_child *install_child_find(struct install *in, uint64_t id)
{
    LIST_FOR_EACH(node, &in->children)
    {
        struct install_child *child = CONTAINER_OF(node, struct install_child, node);

        if (child->id == id && id && !child->removed)
            return child;
    }
    return NULL;
}

struct install_child *install_child_by_sa(struct install *in, uint64_t sa_id)
{
    LIST_FOR_EACH(node, &in->children)
    {
        struct install_child *child = CONTAINER_OF(node, struct install_child, node);

        if (sa_id && (child->sa_in_id == sa_id || child->sa_out_id == sa_id))
            return child;
    }
    return NULL;
}

void install_child_free(struct install *in, struct install_child *child)
{
    LIST_FOR_EACH(node, &in->rules)
    {
        struct install_rule *rule = CONTAINER_OF(node, struct install_rule, node);

        if (rule->owner == child)
            rule->owner = NULL;
        if (rule->before == child)
            rule->before = NULL;
    }
    list_remove(&child->node);
    mem_free(child);
}

/* One batch under way for a child. */
struct pending {
    struct install *in;
    struct install_child *child; /* NULL: nobody waits for this one */
    ike_job job;
    bool installs; /* adds the SAs: the child stands and falls with it */
    bool points_rules;
    struct ike_child_install *keys; /* copy for events.keys; wiped */
};

static void pending_free(struct pending *p)
{
    mem_free_secret(p->keys, sizeof *p->keys);
    mem_free(p);
}

static void answer(struct install *in, ike_job job, int code, const char *text)
{
    if (job && !in->closing)
        in->opts.events.installed(in->opts.events.user, job, code, text);
}

static void child_settled(struct install *in, struct install_child *child)
{
    child->sa_in_id = ioff_sa_id(child->sa_in);
    child->sa_out_id = ioff_sa_id(child->sa_out);
    child->generation = ioff_device_generation(in->device);
}

/* The batch of `p` is over.  The child is held until here: the answer may have
 * made the core let go of it. */
static void pending_end(struct pending *p, int code)
{
    struct install *in = p->in;
    struct install_child *child = p->child;

    child->batches--;
    if (child->batches == 0) {
        if (code != 0 && p->installs)
            install_child_free(in, child);
        else if (child->removed)
            install_child_drop(in, child);
    }
    pending_free(p);
}

static void install_done(void *user, int code, const struct ioff_error *error)
{
    struct pending *p = user;
    struct install *in = p->in;
    struct install_child *child = p->child;

    if (p->points_rules)
        install_rules_settle(in, child, code == 0);
    if (code == 0 && p->installs)
        child_settled(in, child);
    if (code == 0 && p->points_rules)
        install_orphans_replaced(in, child);
    if (code == 0 && p->keys && !in->closing)
        in->opts.events.keys(in->opts.events.user, p->keys);
    answer(in, p->job, code, code ? error->text : "");
    pending_end(p, code);
}

static struct pending *pending_new(struct install *in, struct install_child *child, ike_job job,
                                   bool points_rules)
{
    struct pending *p = mem_zalloc(sizeof *p);

    if (p)
        *p = (struct pending){ .in = in, .child = child, .job = job, .points_rules = points_rules };
    return p;
}

static int child_new(struct install *in, const struct ike_child_install *req,
                     struct install_child **ret, struct err *err)
{
    struct install_child *child = mem_zalloc(sizeof *child);
    int rc;

    if (!child)
        return err_set(err, ERR_NOMEM, "no memory for a Child SA record");
    child->id = req->child;
    child->spi_in = req->spi_in;
    child->spi_out = req->spi_out;
    child->esn = req->suite.esn.id == IKE_ESN_YES;
    child->standby = req->out_standby;
    rc = install_label(req->conn, req->name, child->label, err);
    if (!rc)
        rc = install_selectors(&req->local_ts, &req->remote_ts, child->selectors, SELECTORS_MAX,
                               &child->n_selectors, err);
    if (rc) {
        mem_free(child);
        return rc;
    }
    list_add_tail(&in->children, &child->node);
    *ret = child;
    return 0;
}

static int batch_both_sas(struct ioff_batch *batch, const struct ike_child_install *req,
                          struct install_child *child, struct err *err)
{
    struct ioff_sa_opts opts;
    struct ioff_error error = { 0 };
    int rc = install_sa_opts(req, child, true, &opts, err);

    if (rc)
        return rc;
    rc = ioff_batch_sa_add(batch, &opts, &child->sa_in, &error);
    if (!rc) {
        rc = install_sa_opts(req, child, false, &opts, err);
        if (rc)
            return rc;
        rc = ioff_batch_sa_add(batch, &opts, &child->sa_out, &error);
    }
    if (rc)
        install_err(err, &error);
    return rc;
}

/* A copy that outlives the request; what it borrowed stays behind. */
static struct ike_child_install *keys_copy(const struct ike_child_install *req)
{
    struct ike_child_install *keys = mem_dup(req, sizeof *req);

    if (keys) {
        keys->conn = keys->name = NULL;
        keys->conf = NULL;
    }
    return keys;
}

static int submit_install(struct install *in, struct install_child *child,
                          const struct ike_child_install *req, ike_job job, struct err *err)
{
    struct ioff_batch *batch = ioff_batch_new(in->device);
    struct pending *p = pending_new(in, child, job, !req->out_standby);
    int rc = 0;

    if (p && in->opts.want_keys)
        p->keys = keys_copy(req);
    if (!batch || !p || (in->opts.want_keys && !p->keys))
        rc = err_set(err, ERR_NOMEM, "no memory to install \"%s\"", child->label);
    if (!rc)
        rc = batch_both_sas(batch, req, child, err);
    if (!rc && !req->out_standby)
        rc = install_rules_point(in, batch, child, err);
    if (rc) {
        ioff_batch_free(batch);
        install_rules_settle(in, child, false);
        if (p)
            pending_free(p);
        return rc;
    }
    p->installs = true;
    child->batches++;
    ioff_batch_submit(batch, install_done, p);
    return 0;
}

static void port_install(void *user, ike_job job, const struct ike_child_install *req)
{
    struct install *in = user;
    struct install_child *child = NULL;
    struct err err = { 0 };
    int rc;

    rc = child_new(in, req, &child, &err);
    if (rc) {
        answer(in, job, rc, err.text);
        return;
    }
    rc = submit_install(in, child, req, job, &err);
    if (rc) {
        install_child_free(in, child);
        answer(in, job, rc, err.text);
    }
}

static void port_spi_reserve(void *user, ike_job job)
{
    struct install *in = user;
    struct ioff_error error = { 0 };
    uint32_t spi = 0;
    int rc = ioff_spi_reserve(in->device, &spi, &error);

    if (rc)
        log_line(LOG_WARN, "install", "no SPI: %s", error.text);
    in->opts.events.spi(in->opts.events.user, job, rc, spi);
}

static void port_spi_release(void *user, uint32_t spi)
{
    struct install *in = user;

    /* A device that lost the reservation has nothing to release. */
    (void)ioff_spi_release(in->device, spi, NULL);
}

static void activate_done(void *user, int code, const struct ioff_error *error)
{
    struct pending *p = user;

    if (code) {
        log_line(LOG_ERROR, "install", "%s: outbound not switched: %s", p->child->label,
                 error->text);
        p->child->standby = true;
    }
    install_done(user, code, error);
}

static void port_activate_out(void *user, uint64_t id)
{
    struct install *in = user;
    struct install_child *child = install_child_find(in, id);
    struct ioff_batch *batch;
    struct pending *p;
    struct err err = { 0 };

    if (!child || !child->standby || !child->sa_out_id)
        return;
    batch = ioff_batch_new(in->device);
    p = pending_new(in, child, 0, true);
    err_set(&err, ERR_NOMEM, "no memory");
    if (!batch || !p || install_rules_point(in, batch, child, &err)) {
        log_line(LOG_ERROR, "install", "%s: outbound not switched: %s", child->label, err.text);
        ioff_batch_free(batch);
        install_rules_settle(in, child, false);
        mem_free(p);
        return;
    }
    child->standby = false;
    child->batches++;
    ioff_batch_submit(batch, activate_done, p);
}

static void drop_done(void *user, int code, const struct ioff_error *error)
{
    struct pending *p = user;

    if (code && code != IOFF_E_DEVICE)
        log_line(LOG_ERROR, "install", "%s: not removed: %s", p->child->label, error->text);
    install_child_free(p->in, p->child);
    mem_free(p);
}

static int add_deletes(struct install *in, struct ioff_batch *batch, struct install_child *child)
{
    int rc = install_rules_delete(in, batch, child);

    if (!rc && child->sa_out)
        rc = ioff_batch_sa_delete(batch, child->sa_out);
    if (!rc && child->sa_in)
        rc = ioff_batch_sa_delete(batch, child->sa_in);
    return rc;
}

void install_child_drop(struct install *in, struct install_child *child)
{
    struct ioff_batch *batch;
    struct pending *p;

    child->removed = true;
    child->drop_at = 0;
    if (!child->sa_in && !child->sa_out) {
        /* Never installed, or lost with its device: there is nothing to undo. */
        install_rules_drop(in, child);
        install_child_free(in, child);
        return;
    }
    batch = ioff_batch_new(in->device);
    p = pending_new(in, child, 0, false);
    if (!batch || !p || add_deletes(in, batch, child)) {
        /* The SAs must not outlive their record: try again. */
        log_line(LOG_ERROR, "install", "%s: not removed yet: no memory", child->label);
        ioff_batch_free(batch);
        mem_free(p);
        child->drop_at = in->now + DROP_RETRY;
        return;
    }
    install_rules_drop(in, child);
    child->batches++;
    ioff_batch_submit(batch, drop_done, p);
}

static void port_remove(void *user, uint64_t id)
{
    struct install *in = user;
    struct install_child *child = install_child_find(in, id);

    if (!child)
        return;
    child->removed = true;
    if (child->batches == 0)
        install_child_drop(in, child);
}

static void path_done(void *user, int code, const struct ioff_error *error)
{
    struct pending *p = user;

    if (code)
        log_line(LOG_ERROR, "install", "%s: peer's new address not taken: %s", p->child->label,
                 error->text);
    pending_end(p, code);
}

static void port_update_path(void *user, uint64_t id, const struct ike_path *path, bool udp_encap)
{
    struct install *in = user;
    struct install_child *child = install_child_find(in, id);
    struct ioff_endpoint remote = install_endpoint(&path->remote);
    struct ioff_batch *batch;
    struct pending *p;

    (void)udp_encap; /* the soft data plane encapsulates always */
    if (!child || !child->sa_out)
        return;
    batch = ioff_batch_new(in->device);
    p = pending_new(in, child, 0, false);
    if (!batch || !p || ioff_batch_sa_endpoint(batch, child->sa_out, &remote)) {
        log_line(LOG_ERROR, "install", "%s: peer's new address not taken", child->label);
        ioff_batch_free(batch);
        mem_free(p);
        return;
    }
    child->batches++;
    ioff_batch_submit(batch, path_done, p);
}

struct ike_install_port install_port(struct install *in)
{
    return (struct ike_install_port){
        .spi_reserve = port_spi_reserve,
        .spi_release = port_spi_release,
        .install = port_install,
        .activate_out = port_activate_out,
        .remove = port_remove,
        .update_path = port_update_path,
        .user = in,
    };
}

int install_new(const struct install_opts *opts, struct install **ret, struct err *err)
{
    struct ioff_device_opts dev_opts = { .size = sizeof dev_opts,
                                         .owner = opts->owner,
                                         .offload = IOFF_OFFLOAD_PREFER };
    struct install *in = mem_zalloc(sizeof *in);
    struct ioff_error error = { 0 };
    struct err adopt_err = { 0 };
    int rc;

    if (!in)
        return err_set(err, ERR_NOMEM, "no memory for the install room");
    in->opts = *opts;
    list_init(&in->children);
    list_init(&in->rules);
    in->opts.device = in->spec = mem_strdup(opts->device); /* outlives the configuration */
    if (!in->spec) {
        mem_free(in);
        return err_set(err, ERR_NOMEM, "no memory for the install room");
    }
    rc = ioff_device_open(in->spec, &dev_opts, &in->device, &error);
    if (rc) {
        install_err(err, &error);
        mem_free(in->spec);
        mem_free(in);
        return rc;
    }
    ioff_device_on_event(in->device, install_on_event, in);
    /* A device that is there is there from the start: no event says so.  One
     * that is not comes back later. */
    in->up = install_adopt(in, &adopt_err) == 0;
    if (!in->up)
        log_line(LOG_NOTICE, "install", "%s: %s", in->spec, adopt_err.text);
    *ret = in;
    return 0;
}

void install_free(struct install *in)
{
    if (!in)
        return;
    in->closing = true; /* batches end with the device, and nobody hears of it */
    ioff_device_close(in->device);
    install_rules_forget(in);
    LIST_FOR_EACH(node, &in->children)
    install_child_free(in, CONTAINER_OF(node, struct install_child, node));
    mem_free(in->spec);
    mem_free(in);
}
