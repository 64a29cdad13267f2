/* SPDX-License-Identifier: Apache-2.0 */
/*
 * two_shards: see two_shards.h.
 */
#include "tests/lib/two_shards.h"

#include "tests/lib/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- answers, now or later ---- */

static void give(struct two_shards *t, const struct two_answer *a)
{
    struct ike_shard *shard = t->end[a->end].shard;
    ns_time now = t->clock.now;

    switch (a->kind) {
    case TWO_SPI:
        ike_shard_answer_spi(shard, now, a->job, a->code, a->spi);
        break;
    case TWO_INSTALL:
        ike_shard_answer_install(shard, now, a->job, a->code, a->code ? "device is full" : NULL);
        break;
    case TWO_KE:
        ike_shard_answer_ke(shard, now, a->job, a->code, a->handle, span_of(a->data, a->len));
        break;
    case TWO_SHARED:
        ike_shard_answer_shared(shard, now, a->job, a->code, span_of(a->data, a->len));
        break;
    case TWO_AUTH:
        ike_shard_answer_auth(shard, now, a->job, a->code, a->method, span_of(a->data, a->len));
        break;
    }
}

static void answer(struct two_end *end, struct two_answer a, struct span data)
{
    struct two_shards *t = end->all;

    a.end = end->me;
    assert_true(data.len <= sizeof a.data);
    if (data.len)
        memcpy(a.data, data.p, data.len);
    a.len = data.len;
    if (!t->delay) {
        give(t, &a);
        return;
    }
    assert_true(t->n_answers < TWO_ANSWERS_MAX);
    t->answers[t->n_answers] = malloc(sizeof a);
    *t->answers[t->n_answers++] = a;
}

/* ---- crypto port: the real one, its answers caught ---- */

static void on_ke(void *user, ike_job job, int code, uint64_t handle, struct span public_value)
{
    answer(user, (struct two_answer){ .kind = TWO_KE, .job = job, .code = code, .handle = handle },
           public_value);
}

static void on_shared(void *user, ike_job job, int code, struct span secret)
{
    struct two_end *end = user;

    end->last_secret_len = secret.len;
    if (secret.len)
        memcpy(end->last_secret, secret.p, secret.len);
    answer(user, (struct two_answer){ .kind = TWO_SHARED, .job = job, .code = code }, secret);
}

static void on_auth(void *user, ike_job job, int code, uint8_t method, struct span auth)
{
    answer(user,
           (struct two_answer){ .kind = TWO_AUTH, .job = job, .code = code, .method = method },
           auth);
}

static int find_psk(void *user, const char *conn, const struct ike_id *local_id,
                    const struct ike_id *remote_id, struct secret *ret)
{
    const struct two_end *end = user;

    (void)conn;
    (void)local_id;
    (void)remote_id;
    if (!end->psk)
        return ERR_NOTFOUND;
    secret_set(ret, end->psk, strlen(end->psk));
    return 0;
}

/* ---- install port ---- */

static void spi_reserve(void *user, ike_job job)
{
    struct two_end *end = user;
    struct two_answer a = { .kind = TWO_SPI, .job = job, .code = end->fail_spi };

    end->fail_spi = 0;
    if (a.code == 0) {
        a.spi = ++end->last_spi;
        end->n_reserved++;
    }
    answer(end, a, span_of(NULL, 0));
}

static void spi_release(void *user, uint32_t spi)
{
    struct two_end *end = user;

    (void)spi;
    assert_true(end->n_reserved > 0);
    end->n_reserved--;
}

static void set_active(struct two_end *end, struct two_install *now)
{
    for (unsigned i = 0; i < end->n_installs; i++)
        if (end->installs[i].sa.tunnel == now->sa.tunnel)
            end->installs[i].out_active = false;
    now->out_active = true;
}

static void install(void *user, ike_job job, const struct ike_child_install *sa)
{
    struct two_end *end = user;
    struct two_answer a = { .kind = TWO_INSTALL, .job = job, .code = end->fail_install };
    struct two_install *in;

    end->fail_install = 0;
    if (a.code == 0) {
        assert_true(end->n_installs < TWO_INSTALLS_MAX);
        assert_true(end->n_reserved > 0);
        end->n_reserved--;
        if (end->all->verbose)
            fprintf(stderr, "           %c: installs %u\n", 'A' + end->me, (unsigned)sa->child);
        in = &end->installs[end->n_installs++];
        *in = (struct two_install){ .sa = *sa };
        if (!sa->out_standby)
            set_active(end, in);
    }
    answer(end, a, span_of(NULL, 0));
}

struct two_install *two_by_child(struct two_end *end, uint64_t child)
{
    for (unsigned i = 0; i < end->n_installs; i++)
        if (end->installs[i].sa.child == child)
            return &end->installs[i];
    return NULL;
}

static void activate_out(void *user, uint64_t child)
{
    struct two_end *end = user;
    struct two_install *in = two_by_child(end, child);

    assert_non_null(in);
    assert_false(in->removed);
    end->n_activated++;
    set_active(end, in);
}

static void remove_child(void *user, uint64_t child)
{
    struct two_install *in = two_by_child(user, child);

    assert_non_null(in);
    assert_false(in->removed);
    if (((struct two_end *)user)->all->verbose)
        fprintf(stderr, "           %c: removes %u\n", 'A' + ((struct two_end *)user)->me,
                (unsigned)child);
    in->removed = true;
    in->out_active = false;
}

static void update_path(void *user, uint64_t child, const struct ike_path *path, bool udp_encap)
{
    struct two_end *end = user;
    struct two_install *in = two_by_child(end, child);

    assert_non_null(in);
    assert_false(in->removed);
    end->n_path_updates++;
    in->sa.path = *path;
    in->sa.udp_encap = udp_encap;
}

/* ---- network ---- */

/* The same IV under the same keys may only carry the same bytes. */
static void note_iv(struct two_shards *t, struct span m)
{
    struct two_iv iv = { 0 };

    if (m.len < 40 || m.p[18] == IKE_SA_INIT)
        return;
    iv.spi_i = get_be64(m.p);
    iv.spi_r = get_be64(m.p + 8);
    iv.from_initiator = m.p[19] & IKE_FLAG_INITIATOR;
    iv.iv = get_be64(m.p + 32);
    iv.hash = 0xcbf29ce484222325ull;
    for (size_t i = 0; i < m.len; i++)
        iv.hash = (iv.hash ^ m.p[i]) * 0x100000001b3ull;
    for (unsigned i = 0; i < t->n_ivs; i++) {
        const struct two_iv *o = &t->ivs[i];

        if (o->spi_i == iv.spi_i && o->spi_r == iv.spi_r && o->iv == iv.iv &&
            o->from_initiator == iv.from_initiator) {
            if (o->hash != iv.hash)
                t->iv_reused = true;
            return;
        }
    }
    if (t->n_ivs < TWO_IVS_MAX)
        t->ivs[t->n_ivs++] = iv;
}

static void send_datagram(void *user, const struct ike_path *path, struct span data)
{
    struct two_end *end = user;
    struct two_shards *t = end->all;
    struct two_packet *p = calloc(1, sizeof *p);

    end->n_sent++;
    note_iv(t, data);
    assert_true(data.len <= sizeof p->bytes);
    p->from = end->me;
    p->path = (struct ike_path){ .local = path->remote, .remote = path->local };
    if (!p->path.remote.addr.family)
        p->path.remote.addr = end->addr.addr;
    p->len = data.len;
    memcpy(p->bytes, data.p, data.len);
    if (t->verbose)
        fprintf(stderr, "%10.3f %c: exchange %u flags %02x id %u, %zu bytes\n",
                (double)t->clock.now / 1e9, 'A' + end->me, p->bytes[18], p->bytes[19],
                get_be32(p->bytes + 20), p->len);
    if ((t->filter && !t->filter(t->filter_user, p)) || t->n_packets == TWO_PACKETS_MAX) {
        free(p);
        return;
    }
    t->packets[t->n_packets++] = p;
}

static void send_keepalive(void *user, const struct ike_path *path)
{
    (void)path;
    ((struct two_end *)user)->n_keepalives++;
}

static void arm(void *user, ns_time at)
{
    ((struct two_end *)user)->armed = at;
}

/* ---- observer ---- */

static void ike_changed(void *user, enum ike_change what, const struct ike_sa_info *sa,
                        const char *reason)
{
    struct two_end *end = user;

    (void)sa;
    assert_non_null(reason);
    end->n_ike_up += what == IKE_CHANGE_UP;
    end->n_ike_down += what == IKE_CHANGE_DOWN;
    end->n_ike_rekeyed += what == IKE_CHANGE_REKEYED;
}

static void child_changed(void *user, enum ike_change what, const struct ike_sa_info *sa,
                          const struct ike_child_info *child, const char *reason)
{
    struct two_end *end = user;

    (void)sa;
    (void)child;
    assert_non_null(reason);
    end->n_child_up += what == IKE_CHANGE_UP;
    end->n_child_down += what == IKE_CHANGE_DOWN;
    end->n_child_rekeyed += what == IKE_CHANGE_REKEYED;
}

static void log_line_of(void *user, int level, bool peer_caused, const char *text)
{
    struct two_end *end = user;

    (void)level;
    (void)peer_caused;
    if (end->all->verbose)
        fprintf(stderr, "%10.3f %c: %s\n", (double)end->all->clock.now / 1e9, 'A' + end->me, text);
}

/* ---- life ---- */

static void end_init(struct two_shards *t, int me)
{
    struct two_end *end = &t->end[me];
    struct ike_local_crypto_opts crypto = {
        .answers = { .ke = on_ke, .shared = on_shared, .auth = on_auth, .user = end },
        .secrets = { .psk = find_psk, .user = end },
        .handles_max = 64,
    };
    struct ike_shard_opts opts = { .index = (uint8_t)(me + 1), .settings = t->settings };

    end->all = t;
    end->me = me;
    end->psk = "a secret that both ends share";
    end->addr = (struct ip_endpoint){ .addr = ip_addr_v4(0xc0000201 + (uint32_t)me), .port = 500 };
    end->last_spi = me ? 0xb0000000 : 0xa0000000;
    crypto.rng = seeded_rng_init(&end->crypto_seed, t->seeded.state + 17 + (uint64_t)me);
    assert_int_equal(ike_local_crypto_new(&crypto, &end->crypto, NULL), 0);
    opts.ports = (struct ike_ports){
        .send = { .datagram = send_datagram, .keepalive = send_keepalive, .user = end },
        .timer = { .arm = arm, .user = end },
        .rng = seeded_rng_init(&end->core_seed, t->seeded.state + 5 + (uint64_t)me),
        .install = { .spi_reserve = spi_reserve,
                     .spi_release = spi_release,
                     .install = install,
                     .activate_out = activate_out,
                     .remove = remove_child,
                     .update_path = update_path,
                     .user = end },
        .crypto = ike_local_crypto_port(end->crypto),
    };
    opts.observer = (struct ike_observer){
        .ike_changed = ike_changed, .child_changed = child_changed, .log = log_line_of, .user = end
    };
    assert_int_equal(ike_shard_new(&opts, &end->shard, NULL), 0);
}

void two_shards_init_with(struct two_shards *t, uint64_t seed, const struct ike_settings *settings)
{
    memset(t, 0, sizeof *t);
    t->clock = (struct manual_clock)MANUAL_CLOCK_INIT;
    t->rng = seeded_rng_init(&t->seeded, seed);
    t->verbose = getenv("TEST_VERBOSE") != NULL;
    t->ivs = calloc(TWO_IVS_MAX, sizeof *t->ivs);
    if (settings)
        t->settings = *settings;
    end_init(t, 0);
    end_init(t, 1);
}

void two_shards_init(struct two_shards *t, uint64_t seed)
{
    two_shards_init_with(t, seed, NULL);
}

void two_shards_fini(struct two_shards *t)
{
    assert_false(t->iv_reused);
    for (unsigned i = 0; i < t->n_packets; i++)
        free(t->packets[i]);
    t->n_packets = 0;
    while (t->n_answers > 0) { /* what is on the way comes back to a shard that can take it */
        struct two_answer *a = t->answers[--t->n_answers];

        give(t, a);
        free(a);
    }
    for (int i = 0; i < 2; i++) {
        struct two_end *end = &t->end[i];

        ike_shard_free(end->shard);
        assert_int_equal(ike_local_crypto_handles(end->crypto), 0);
        assert_int_equal(end->n_reserved, 0);
        ike_local_crypto_free(end->crypto);
    }
    for (unsigned i = 0; i < t->n_packets; i++)
        free(t->packets[i]);
    for (unsigned i = 0; i < t->n_answers; i++)
        free(t->answers[i]);
    free(t->ivs);
}

void two_shards_restart(struct two_shards *t, int me)
{
    struct two_end *end = &t->end[me];
    uint32_t last_spi = end->last_spi;

    ike_shard_free(end->shard);
    ike_local_crypto_free(end->crypto);
    memset(end, 0, sizeof *end);
    t->seeded.state += 1000; /* other nonces and SPIs than in its first life */
    end_init(t, me);
    end->last_spi = last_spi;
}

static void parse_range(struct ip_range *ret, const struct ip_addr *addr)
{
    *ret = (struct ip_range){ .lo = *addr, .hi = *addr };
}

struct ike_conn *two_shards_conn(const struct two_shards *t, int me, const char *ike,
                                 const char *esp)
{
    struct ike_conn *conn = ike_conn_new("gw");
    struct ike_child_conf *child = &conn->children[0];
    const char *ids[2] = { "a.example", "b.example" }, *nets[2] = { "10.1.0.0/16", "10.2.0.0/16" };
    struct err err;

    conn->n_local_addrs = conn->n_remote_addrs = 1;
    conn->local_addrs[0] = t->end[me].addr.addr;
    parse_range(&conn->remote_addrs[0], &t->end[!me].addr.addr);
    conn->n_proposals = 1;
    assert_int_equal(ike_proposal_parse(ike ? ike : "aes256gcm16-prfsha384-x25519", IKE_PROTO_IKE,
                                        &conn->proposals[0], &err),
                     0);
    assert_int_equal(ike_id_parse(ids[me], &conn->local.id, &err), 0);
    assert_int_equal(ike_id_parse(ids[!me], &conn->remote.id, &err), 0);
    conn->n_children = 1;
    ike_child_conf_init(child, "net");
    child->n_esp_proposals = 1;
    assert_int_equal(ike_proposal_parse(esp ? esp : "aes256gcm16-esn", IKE_PROTO_ESP,
                                        &child->esp_proposals[0], &err),
                     0);
    assert_int_equal(ike_ts_parse(nets[me], &child->local_ts.ts[0], &err), 0);
    assert_int_equal(ike_ts_parse(nets[!me], &child->remote_ts.ts[0], &err), 0);
    assert_int_equal(ike_conn_validate(conn, &err), 0);
    return conn;
}

void two_shards_put(struct two_shards *t, int me, struct ike_conn *conn)
{
    assert_int_equal(ike_shard_conn_put(t->end[me].shard, conn, NULL), 0);
    ike_conn_unref(conn);
}

void two_shards_put_both(struct two_shards *t, const char *ike, const char *esp)
{
    for (int i = 0; i < 2; i++)
        two_shards_put(t, i, two_shards_conn(t, i, ike, esp));
}

void two_outcome_set(void *user, int code, const char *text)
{
    struct two_outcome *o = user;

    o->n++;
    o->code = code;
    snprintf(o->text, sizeof o->text, "%s", text ? text : "");
}

void two_rekey(struct two_shards *t, int me, bool child, struct two_outcome *ret)
{
    const struct ike_target target = { .conn = "gw" };

    *ret = (struct two_outcome){ 0 };
    ike_shard_rekey(t->end[me].shard, t->clock.now, &target, child, two_outcome_set, ret);
}

void two_terminate(struct two_shards *t, int me, bool child, bool force, struct two_outcome *ret)
{
    const struct ike_target target = { .conn = "gw",
                                       .child_name = child ? "net" : NULL,
                                       .force = force };

    *ret = (struct two_outcome){ 0 };
    ike_shard_terminate(t->end[me].shard, t->clock.now, &target, two_outcome_set, ret);
}

void two_child_event(struct two_shards *t, int me, enum ike_child_event what)
{
    struct two_install *in = two_active(&t->end[me]);

    assert_non_null(in);
    ike_shard_child_event(t->end[me].shard, t->clock.now, in->sa.child, what);
}

struct count {
    unsigned n;
    uint64_t id;
};

static int count_ike(void *user, const struct ike_sa_info *sa)
{
    struct count *count = user;

    if (strcmp(sa->state, "ESTABLISHED") == 0 || strcmp(sa->state, "CONNECTING") == 0) {
        count->n++;
        count->id = sa->ike;
    }
    return 0;
}

unsigned two_ike_count(struct two_end *end)
{
    struct count count = { 0 };

    ike_shard_each(end->shard, count_ike, &count);
    return count.n;
}

uint64_t two_ike_id(struct two_end *end)
{
    struct count count = { 0 };

    ike_shard_each(end->shard, count_ike, &count);
    return count.id;
}

ns_time two_shards_now(const struct two_shards *t)
{
    return t->clock.now;
}

static bool deliver_one(struct two_shards *t)
{
    struct two_packet *p;
    struct two_end *to;

    if (t->n_packets == 0)
        return false;
    p = t->packets[0];
    t->n_packets--;
    memmove(t->packets, t->packets + 1, t->n_packets * sizeof t->packets[0]);
    to = &t->end[!p->from];
    ike_shard_receive(to->shard, t->clock.now, &p->path, span_of(p->bytes, p->len));
    free(p);
    return true;
}

static bool answer_one(struct two_shards *t)
{
    struct two_answer *a;
    uint32_t i;

    if (t->n_answers == 0)
        return false;
    i = rng_below(&t->rng, t->n_answers);
    a = t->answers[i];
    t->answers[i] = t->answers[--t->n_answers];
    give(t, a);
    free(a);
    return true;
}

bool two_shards_step(struct two_shards *t)
{
    if (t->n_packets && t->n_answers)
        return rng_below(&t->rng, 2) ? deliver_one(t) : answer_one(t);
    return deliver_one(t) || answer_one(t);
}

void two_shards_run(struct two_shards *t)
{
    unsigned steps = 0;

    while (two_shards_step(t))
        assert_true(++steps < 100000);
}

static void advance(struct two_shards *t, ns_time by, bool deliver)
{
    ns_time until = t->clock.now + by;

    if (deliver)
        two_shards_run(t);
    for (;;) {
        ns_time next = 0;

        for (int i = 0; i < 2; i++)
            if (t->end[i].armed && (!next || t->end[i].armed < next))
                next = t->end[i].armed;
        if (!next || next > until)
            break;
        manual_clock_move_to(&t->clock, next);
        for (int i = 0; i < 2; i++) {
            if (t->end[i].armed && t->end[i].armed <= t->clock.now) {
                t->end[i].armed = 0;
                ike_shard_tick(t->end[i].shard, t->clock.now);
            }
        }
        if (deliver)
            two_shards_run(t);
    }
    manual_clock_move_to(&t->clock, until);
}

void two_shards_advance(struct two_shards *t, ns_time by)
{
    advance(t, by, true);
}

void two_shards_advance_slowly(struct two_shards *t, ns_time by)
{
    advance(t, by, false);
}

int two_shards_up(struct two_shards *t, int me)
{
    struct two_outcome o = { 0 };

    ike_shard_initiate(t->end[me].shard, t->clock.now, "gw", NULL, two_outcome_set, &o);
    two_shards_run(t);
    if (o.n == 0)
        two_shards_advance(t, 200 * NS_PER_S);
    assert_int_equal(o.n, 1);
    return o.code;
}

unsigned two_live(const struct two_end *end)
{
    unsigned n = 0;

    for (unsigned i = 0; i < end->n_installs; i++)
        n += !end->installs[i].removed;
    return n;
}

struct two_install *two_active(struct two_end *end)
{
    for (unsigned i = end->n_installs; i > 0; i--)
        if (end->installs[i - 1].out_active && !end->installs[i - 1].removed)
            return &end->installs[i - 1];
    return NULL;
}

static const struct two_install *by_spi_in(const struct two_end *end, uint32_t spi)
{
    for (unsigned i = 0; i < end->n_installs; i++)
        if (!end->installs[i].removed && end->installs[i].sa.spi_in == spi)
            return &end->installs[i];
    return NULL;
}

/* Whatever one end sends on, the other must accept under the same key. */
static const char *one_way(const struct two_end *from, const struct two_end *to)
{
    for (unsigned i = 0; i < from->n_installs; i++) {
        const struct two_install *out = &from->installs[i], *in;

        if (out->removed || !out->out_active)
            continue;
        in = by_spi_in(to, out->sa.spi_out);
        if (!in)
            return "an outbound SA in use has no inbound half at the other end";
        if (memcmp(&in->sa.key_in, &out->sa.key_out, sizeof in->sa.key_in) != 0)
            return "keys differ";
        if (in->sa.suite.encr.id != out->sa.suite.encr.id ||
            in->sa.suite.esn.id != out->sa.suite.esn.id)
            return "suites differ";
        if (!ike_ts_eq(&in->sa.local_ts, &out->sa.remote_ts) ||
            !ike_ts_eq(&in->sa.remote_ts, &out->sa.local_ts))
            return "traffic selectors differ";
        if (in->sa.udp_encap != out->sa.udp_encap)
            return "UDP encapsulation differs";
    }
    return NULL;
}

const char *two_disagree(struct two_shards *t)
{
    const char *why = one_way(&t->end[0], &t->end[1]);

    return why ? why : one_way(&t->end[1], &t->end[0]);
}

static int print_child(void *user, const struct ike_child_info *child)
{
    (void)user;
    fprintf(stderr, "    child %u tunnel %u %s in %08x out %08x\n", (unsigned)child->child,
            (unsigned)child->tunnel, child->state, child->spi_in, child->spi_out);
    return 0;
}

static int print_ike(void *user, const struct ike_sa_info *sa)
{
    struct two_end *end = user;

    fprintf(stderr, "  ike %u %s %016llx %016llx\n", (unsigned)sa->ike, sa->state,
            (unsigned long long)sa->spi_i, (unsigned long long)sa->spi_r);
    return ike_shard_each_child(end->shard, sa->ike, print_child, NULL);
}

void two_print(struct two_shards *t)
{
    for (int e = 0; e < 2; e++) {
        struct two_end *end = &t->end[e];

        fprintf(stderr, "%c:\n", 'A' + e);
        ike_shard_each(end->shard, print_ike, end);
        for (unsigned i = 0; i < end->n_installs; i++)
            if (!end->installs[i].removed)
                fprintf(stderr, "  installed %u tunnel %u in %08x out %08x%s\n",
                        (unsigned)end->installs[i].sa.child, (unsigned)end->installs[i].sa.tunnel,
                        end->installs[i].sa.spi_in, end->installs[i].sa.spi_out,
                        end->installs[i].out_active ? " active" : "");
    }
}

struct ike_stats two_stats(const struct two_end *end)
{
    struct ike_stats stats;

    ike_shard_stats(end->shard, &stats);
    return stats;
}

void two_inject(struct two_shards *t, int to, const void *bytes, size_t len)
{
    struct ike_path path = { .local = t->end[to].addr, .remote = t->end[!to].addr };

    ike_shard_receive(t->end[to].shard, t->clock.now, &path, span_of(bytes, len));
}
