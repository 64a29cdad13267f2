/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session: one request in, one reply out.
 *
 * A handler writes the reply's payload and answers 0, or fills the error and
 * answers its code; the frame around either is written here.  Everything that
 * comes from the client is checked before the engine sees it.
 */
#include "utils/dp/server.h"

#include "utils/base/mem.h"
#include "utils/dp/demux.h"
#include "utils/dp/udp.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct call {
    struct server *s;
    struct client *c;
    struct dpc_in in;
    struct wr *out;
    struct err *err;
};

/* --- hello ----------------------------------------------------------------- */

static int take_lease(struct call *k, const struct dpc_hello *m)
{
    struct server *s = k->s;

    if (!server_lease_free(s))
        return err_set(k->err, ERR_BUSY, "lease: held by %s (pid %d)", s->holder->owner,
                       (int)s->holder->pid);
    s->holder = k->c;
    s->generation++;
    log_line(LOG_NOTICE, "dp", "%s (pid %d) holds the lease, generation %u", m->owner,
             (int)k->c->pid, s->generation);
    return 0;
}

static int do_hello(struct call *k)
{
    struct dpc_welcome w = { .version = DPC_VERSION, .instance = k->s->instance };
    struct dpc_hello m;
    int rc;

    dpc_get_hello(&k->in, &m);
    rc = dpc_in_end(&k->in, "hello", k->err);
    if (rc)
        return rc;
    if (m.version != DPC_VERSION)
        return err_set(k->err, ERR_UNSUPPORTED, "version: %u asked for, %u spoken here", m.version,
                       DPC_VERSION);
    if (k->c->greeted)
        return err_set(k->err, ERR_STATE, "hello: said before");
    if (!m.monitor) {
        rc = take_lease(k, &m);
        if (rc)
            return rc;
        w.generation = k->s->generation;
    }
    k->c->greeted = true;
    k->c->monitor = m.monitor;
    snprintf(k->c->owner, sizeof k->c->owner, "%s", m.owner);
    w.pid = (uint32_t)getpid();
    w.mark = NET_MARK;
    w.caps = k->s->dp->caps;
    snprintf(w.tun, sizeof w.tun, "%s", k->s->dp->opts.tun);
    dpc_put_welcome(k->out, &w);
    return 0;
}

/* --- batch ----------------------------------------------------------------- */

static int check_op(const struct call *k, const struct nic_batch_op *op)
{
    switch (op->kind) {
    case NIC_OP_SA_ADD:
        return nic_sa_validate(op->sa_attr, &k->s->dp->caps, k->err);
    case NIC_OP_RULE_ADD:
        return nic_rule_validate(op->rule, &k->s->dp->caps, k->err);
    case NIC_OP_SA_ENDPOINT:
        if (op->remote.addr.family != 4 || ip_addr_is_unset(&op->remote.addr) || !op->remote.port)
            return err_set(k->err, ERR_INVALID, "remote: an IPv4 address and a port are needed");
        return 0;
    case NIC_OP_SA_DEL:
    case NIC_OP_RULE_DEL:
    case NIC_OP_RULE_MOVE:
        return 0; /* ids are looked up by the engine */
    }
    return err_set(k->err, ERR_INVALID, "kind: unknown operation");
}

static bool steers(const struct nic_batch_op *op)
{
    return op->kind == NIC_OP_RULE_ADD && op->rule->action == NIC_ACTION_PROTECT;
}

static void unsteer(struct dp *dp, const struct nic_batch_op *ops, size_t n)
{
    while (n-- > 0)
        if (steers(&ops[n]))
            steer_del(&dp->steer, &ops[n].rule->sel);
}

/* Routes of new rules stand before the rules: a packet that comes too early is
 * dropped by the engine, not sent in clear. */
static int steer_new(struct call *k, const struct dpc_batch *b)
{
    for (size_t i = 0; i < b->n_ops; i++) {
        int rc = 0;

        if (steers(&b->ops[i]))
            rc = steer_add(&k->s->dp->steer, &b->ops[i].rule->sel, k->err);
        if (rc) {
            unsteer(k->s->dp, b->ops, i);
            return rc;
        }
    }
    return 0;
}

/* What the rules to be deleted steer; asked before they are gone. */
static struct nic_rule_info *rules_to_go(struct call *k, const struct dpc_batch *b, size_t *ret_n,
                                         int *ret_code)
{
    struct nic_rule_info *gone = mem_zalloc_array(b->n_ops, sizeof *gone);
    size_t n = 0;

    *ret_code = 0;
    if (!gone)
        *ret_code = err_set(k->err, ERR_NOMEM, "no memory for a batch of %zu operations", b->n_ops);
    for (size_t i = 0; gone && i < b->n_ops && !*ret_code; i++)
        if (b->ops[i].kind == NIC_OP_RULE_DEL)
            *ret_code = engine_rule_get(k->s->dp->engine, b->ops[i].id, &gone[n++], k->err);
    if (*ret_code) {
        mem_free(gone);
        return NULL;
    }
    *ret_n = n;
    return gone;
}

static void keep_count(struct server *s, const struct dpc_batch *b)
{
    for (size_t i = 0; i < b->n_ops; i++) {
        const struct nic_batch_op *op = &b->ops[i];

        s->n_sas += op->kind == NIC_OP_SA_ADD;
        s->n_sas -= op->kind == NIC_OP_SA_DEL;
        s->n_rules += op->kind == NIC_OP_RULE_ADD;
        s->n_rules -= op->kind == NIC_OP_RULE_DEL;
        if (op->kind == NIC_OP_SA_ADD && op->sa_attr->dir == NIC_DIR_IN)
            spi_release(&s->spis, op->sa_attr->spi); /* in use now, no longer reserved */
    }
    server_tick_on(s);
}

static int carry_out(struct call *k, struct dpc_batch *b)
{
    struct nic_batch batch = { .ops = b->ops, .n_ops = b->n_ops };
    struct dp *dp = k->s->dp;
    struct nic_rule_info *gone;
    size_t n_gone;
    int rc = 0;

    for (size_t i = 0; i < b->n_ops; i++) {
        rc = check_op(k, &b->ops[i]);
        if (rc)
            return err_prefix(k->err, "op %zu", i);
    }
    gone = rules_to_go(k, b, &n_gone, &rc);
    if (!gone)
        return rc;
    rc = steer_new(k, b);
    if (!rc) {
        rc = engine_batch(dp->engine, &batch, k->c->owner, k->s->generation, clock_now(), k->err);
        if (rc)
            unsteer(dp, b->ops, b->n_ops);
    }
    for (size_t i = 0; !rc && i < n_gone; i++)
        if (gone[i].attr.action == NIC_ACTION_PROTECT)
            steer_del(&dp->steer, &gone[i].attr.sel);
    mem_free(gone);
    if (rc)
        return rc;
    keep_count(k->s, b);
    dpc_put_batch_ids(k->out, b->ops, b->n_ops);
    return 0;
}

static int do_batch(struct call *k)
{
    struct dpc_batch b = { 0 };
    int rc = dpc_get_batch(&k->in, &b, k->err);

    if (!rc)
        rc = carry_out(k, &b);
    dpc_batch_fini(&b);
    return rc;
}

/* --- SPIs ------------------------------------------------------------------ */

static int do_spi_reserve(struct call *k)
{
    uint32_t spi;
    int rc = dpc_in_end(&k->in, "spi-reserve", k->err);

    if (!rc)
        rc = spi_reserve(&k->s->spis, k->s->dp->engine, &rng_os, &spi, k->err);
    if (!rc)
        wr_be32(k->out, spi);
    return rc;
}

static int do_spi_release(struct call *k)
{
    uint32_t spi = dpc_be32(&k->in, "spi");
    int rc = dpc_in_end(&k->in, "spi-release", k->err);

    if (!rc && !spi_release(&k->s->spis, spi))
        rc = err_set(k->err, ERR_NOTFOUND, "spi: 0x%08x is not reserved", spi);
    return rc;
}

/* --- questions ------------------------------------------------------------- */

static int do_sa_get(struct call *k)
{
    uint64_t id = dpc_be64(&k->in, "id");
    struct nic_sa_info info;
    int rc = dpc_in_end(&k->in, "sa-get", k->err);

    if (!rc)
        rc = engine_sa_get(k->s->dp->engine, id, clock_now(), &info, k->err);
    if (!rc)
        dpc_put_sa_info(k->out, &info);
    return rc;
}

static int do_rule_get(struct call *k)
{
    uint64_t id = dpc_be64(&k->in, "id");
    struct nic_rule_info info;
    int rc = dpc_in_end(&k->in, "rule-get", k->err);

    if (!rc)
        rc = engine_rule_get(k->s->dp->engine, id, &info, k->err);
    if (!rc)
        dpc_put_rule_info(k->out, &info);
    return rc;
}

static int do_counters(struct call *k)
{
    struct nic_device_counters c;
    int rc = dpc_in_end(&k->in, "counters", k->err);

    if (rc)
        return rc;
    dp_counters(k->s->dp, &c);
    dpc_put_counters(k->out, &c);
    return 0;
}

/* --- lists: the ids as they were at the first page, the rest as it is now --- */

struct gather {
    struct client_walk *walk;
    size_t cap;
};

static int gather_id(struct gather *g, uint64_t id)
{
    if (g->walk->n == g->cap)
        return 1; /* cannot be: n_sas and n_rules count every one */
    g->walk->ids[g->walk->n++] = id;
    return 0;
}

static int gather_sa(void *user, const struct nic_sa_info *info)
{
    return gather_id(user, info->id);
}

static int gather_rule(void *user, const struct nic_rule_info *info)
{
    return gather_id(user, info->id);
}

static int start_walk(struct call *k, struct client_walk *walk, bool sas)
{
    struct server *s = k->s;
    struct gather g = { walk, sas ? s->n_sas : s->n_rules };

    mem_free(walk->ids);
    *walk = (struct client_walk){ .ids = mem_zalloc_array(g.cap + 1, sizeof *walk->ids) };
    if (!walk->ids)
        return err_set(k->err, ERR_NOMEM, "no memory for a list of %zu", g.cap);
    if (sas)
        engine_sa_each(s->dp->engine, clock_now(), gather_sa, &g);
    else
        engine_rule_each(s->dp->engine, gather_rule, &g);
    return 0;
}

static uint16_t put_page(struct call *k, struct client_walk *walk, bool sas)
{
    struct engine *e = k->s->dp->engine;
    uint16_t n = 0;

    while (n < DPC_PAGE_MAX && walk->next < walk->n) {
        uint64_t id = walk->ids[walk->next++];
        struct nic_rule_info rule;
        struct nic_sa_info sa;

        if (sas && !engine_sa_get(e, id, clock_now(), &sa, NULL)) {
            dpc_put_sa_info(k->out, &sa);
            n++;
        } else if (!sas && !engine_rule_get(e, id, &rule, NULL)) {
            dpc_put_rule_info(k->out, &rule);
            n++;
        }
    }
    return n;
}

static int do_list(struct call *k, struct client_walk *walk, bool sas)
{
    bool restart = dpc_bool(&k->in, "restart");
    int rc = dpc_in_end(&k->in, sas ? "sa-list" : "rule-list", k->err);
    size_t at = wr_len(k->out);

    if (!rc && restart)
        rc = start_walk(k, walk, sas);
    else if (!rc && !walk->ids)
        rc = err_set(k->err, ERR_STATE, "restart: no list was begun");
    if (rc)
        return rc;
    wr_u8(k->out, 0);
    wr_be16(k->out, 0);
    wr_patch_be16(k->out, at + 1, put_page(k, walk, sas));
    if (walk->next < walk->n) {
        if (!k->out->failed)
            k->out->start[at] = 1;
        return 0;
    }
    mem_free(walk->ids);
    *walk = (struct client_walk){ 0 };
    return 0;
}

/* --- datagrams ------------------------------------------------------------- */

static int do_send(struct call *k, bool ike)
{
    static const uint8_t marker[DEMUX_MARKER_LEN];
    static const uint8_t keepalive = DEMUX_KEEPALIVE_BYTE;
    struct dpc_datagram m;
    struct dp *dp = k->s->dp;
    int rc;

    dpc_get_datagram(&k->in, &m);
    rc = dpc_in_end(&k->in, ike ? "ike-send" : "keepalive", k->err);
    if (!rc && (m.data.len != 0) != ike)
        rc = err_set(k->err, ERR_INVALID, "data: %zu bytes", m.data.len);
    if (rc)
        return rc;
    rc =
        udp_send_one(dp->udp_fds[0], &m.local, &m.remote,
                     ike ? span_of(marker, sizeof marker) : span_of(&keepalive, 1), m.data, k->err);
    if (!rc && ike)
        dp->ike_tx++;
    return rc;
}

/* --- dispatch -------------------------------------------------------------- */

/* What only the lease holder may do. */
static bool changes(uint16_t op)
{
    return op == DPC_OP_BATCH || op == DPC_OP_SPI_RESERVE || op == DPC_OP_SPI_RELEASE ||
           op == DPC_OP_IKE_SEND || op == DPC_OP_KEEPALIVE;
}

static int carry(struct call *k, uint16_t op)
{
    if (op != DPC_OP_HELLO && !k->c->greeted)
        return err_set(k->err, ERR_STATE, "%s: hello comes first", dpc_op_name(op));
    if (changes(op) && k->c != k->s->holder)
        return err_set(k->err, ERR_STATE, "%s: only the lease holder may", dpc_op_name(op));
    switch (op) {
    case DPC_OP_HELLO:
        return do_hello(k);
    case DPC_OP_BATCH:
        return do_batch(k);
    case DPC_OP_SPI_RESERVE:
        return do_spi_reserve(k);
    case DPC_OP_SPI_RELEASE:
        return do_spi_release(k);
    case DPC_OP_SA_GET:
        return do_sa_get(k);
    case DPC_OP_RULE_GET:
        return do_rule_get(k);
    case DPC_OP_SA_LIST:
        return do_list(k, &k->c->sas, true);
    case DPC_OP_RULE_LIST:
        return do_list(k, &k->c->rules, false);
    case DPC_OP_COUNTERS:
        return do_counters(k);
    case DPC_OP_IKE_SEND:
        return do_send(k, true);
    case DPC_OP_KEEPALIVE:
        return do_send(k, false);
    default:
        return err_set(k->err, ERR_UNSUPPORTED, "op: %u is unknown", op);
    }
}

static void reply(struct client *c, struct wr *wr)
{
    struct span frame;

    /* Requests are read only while nothing waits, so a reply always finds room;
     * a client for whom that is not so is beyond repair. */
    if (dpc_end(wr, &frame, NULL) || client_send(c, frame))
        c->broken = true;
}

void session_request(struct server *s, struct client *c, struct span frame)
{
    struct dpc_header h = { 0 };
    struct err err = { 0 };
    struct span payload = { 0 };
    struct wr wr;
    struct call k = { .s = s, .c = c, .out = &wr, .err = &err };
    int rc = dpc_open(frame, &h, &payload, &err);

    if (!rc && h.kind != DPC_REQUEST)
        rc = err_set(&err, ERR_MALFORMED, "control message header: bad kind");
    if (!rc) {
        dpc_begin(&wr, s->tx, sizeof s->tx, DPC_REPLY, h.op, h.id, 0);
        dpc_in_init(&k.in, payload);
        rc = carry(&k, h.op);
        if (!rc && wr.failed)
            rc = err_set(&err, ERR_FULL, "%s: the reply does not fit", dpc_op_name(h.op));
    }
    if (rc) {
        dpc_begin(&wr, s->tx, sizeof s->tx, DPC_REPLY, h.op, h.id, rc);
        wr_bytes(&wr, err.text, strlen(err.text));
    }
    reply(c, &wr);
}

void session_event(struct server *s, const struct nic_event *ev)
{
    struct client *c = s->holder;
    struct span frame;
    struct wr wr;

    if (!c || c->broken) {
        s->events_lost++;
        return;
    }
    dpc_begin(&wr, s->tx, sizeof s->tx, DPC_EVENT, DPC_OP_EVENT, 0, 0);
    dpc_put_event(&wr, ev);
    if (dpc_end(&wr, &frame, NULL) || client_send(c, frame) == ERR_FULL) {
        s->events_lost++;
        c->events_lost++;
    }
}
