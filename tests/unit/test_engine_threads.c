/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_threads: what holds only if workers may share everything: no
 * (key, IV) pair twice, no number accepted twice, no freed SA read while control
 * adds and deletes.  Run under ThreadSanitizer as well (label "threads").
 */
#include <pthread.h>
#include <stdio.h>

#include "tests/unit/engine_kit.h"
#include "utils/base/mem.h"

#define THREADS 4
#define BURST 32
#define ROUNDS 400u
#define PACKETS (THREADS * BURST * ROUNDS)

struct job {
    struct engine *e;
    pthread_t thread;
    _Atomic uint8_t *seen;  /* by number, how often */
    uint8_t (*sealed)[128]; /* by number */
    _Atomic bool *stop;
    _Atomic uint64_t n_ok;
    unsigned seed;
};

static void ignore(void *user, const struct nic_event *event)
{
    (void)user;
    (void)event;
}

static struct engine *engine_open(const char *cipher)
{
    struct engine_opts opts = { .event_fn = ignore, .cipher = cipher };
    struct engine *e;

    assert_int_equal(engine_new(&opts, &e, NULL), 0);
    return e;
}

static void lay_burst(struct kit_buf *bufs, struct engine_pkt *pkts, unsigned seed)
{
    for (unsigned i = 0; i < BURST; i++) {
        kit_udp4(&bufs[i], 28 + (seed + i) % 60, i);
        bufs[i].pkt.data[19] = (uint8_t)(seed + i);
        pkts[i] = bufs[i].pkt;
    }
}

static void *send_all(void *arg)
{
    struct job *j = arg;
    struct kit_buf *bufs = mem_zalloc_array(BURST, sizeof *bufs);
    struct engine_worker *w = engine_worker_new(j->e);
    struct engine_pkt pkts[BURST];

    for (unsigned round = 0; round < ROUNDS; round++) {
        lay_burst(bufs, pkts, round);
        engine_out(w, pkts, BURST, round);
        for (unsigned i = 0; i < BURST; i++) {
            uint64_t iv = get_be64(pkts[i].data + 8);

            if (pkts[i].verdict != ENGINE_SEND || iv > PACKETS)
                continue;
            atomic_fetch_add(&j->seen[iv], 1);
            memcpy(j->sealed[iv], pkts[i].data, pkts[i].len);
            j->sealed[iv][127] = (uint8_t)pkts[i].len;
            j->n_ok++;
        }
        engine_worker_quiet(w);
    }
    engine_worker_free(w);
    mem_free(bufs);
    return NULL;
}

/* All threads play the same packets, each from another place on. */
static void *receive_all(void *arg)
{
    struct job *j = arg;
    struct engine_worker *w = engine_worker_new(j->e);
    uint8_t mem[BURST][128];
    struct engine_pkt pkts[BURST];

    for (uint64_t at = 1; at + BURST <= PACKETS; at += BURST / 2) {
        for (unsigned i = 0; i < BURST; i++) {
            uint64_t seq = at + (i * 7 + j->seed * 5) % BURST;

            memcpy(mem[i], j->sealed[seq], 128);
            pkts[i] = (struct engine_pkt){ .data = mem[i], .len = mem[i][127] };
        }
        engine_in(w, pkts, BURST, at);
        for (unsigned i = 0; i < BURST; i++)
            if (pkts[i].verdict == ENGINE_DELIVER) {
                atomic_fetch_add(&j->seen[at + (i * 7 + j->seed * 5) % BURST], 1);
                j->n_ok++;
            }
        engine_worker_quiet(w);
    }
    engine_worker_free(w);
    return NULL;
}

static void run(struct job *jobs, unsigned n, void *(*fn)(void *))
{
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(pthread_create(&jobs[i].thread, NULL, fn, &jobs[i]), 0);
    for (unsigned i = 0; i < n; i++)
        pthread_join(jobs[i].thread, NULL);
}

static void no_iv_is_sent_twice_and_no_number_accepted_twice(const char *cipher)
{
    struct engine *e = engine_open(cipher);
    struct nic_sa_attr out = kit_attr(NIC_DIR_OUT, NIC_ALG_AES_GCM_128_ICV16);
    struct nic_sa_attr in = kit_attr(NIC_DIR_IN, NIC_ALG_AES_GCM_128_ICV16);
    struct nic_rule_attr rule = kit_rule("0.0.0.0/0", "0.0.0.0/0", 0);
    _Atomic uint8_t *seen = mem_zalloc_array(PACKETS + 1, sizeof *seen);
    uint8_t(*sealed)[128] = mem_zalloc_array(PACKETS + 1, sizeof *sealed);
    struct job jobs[THREADS];
    uint64_t id, sa_in, total = 0, accepted = 0;
    struct nic_sa_info info;

    in.replay_window = 4096;
    assert_int_equal(engine_sa_add(e, &in, "t", 1, 0, &sa_in, NULL), 0);
    assert_int_equal(engine_sa_add(e, &out, "t", 1, 0, &rule.sa, NULL), 0);
    assert_int_equal(engine_rule_add(e, &rule, "t", 1, &id, NULL), 0);
    for (unsigned i = 0; i < THREADS; i++)
        jobs[i] = (struct job){ .e = e, .seen = seen, .sealed = sealed, .seed = i };
    run(jobs, THREADS, send_all);
    for (uint64_t i = 1; i <= PACKETS; i++)
        if (atomic_exchange(&seen[i], 0) != 1)
            fail_msg("number %llu", (unsigned long long)i);
    for (unsigned i = 0; i < THREADS; i++) {
        total += jobs[i].n_ok;
        jobs[i].n_ok = 0;
    }
    assert_int_equal(total, PACKETS);

    run(jobs, THREADS, receive_all);
    total = 0;
    for (uint64_t i = 1; i <= PACKETS; i++) {
        if (atomic_load(&seen[i]) > 1)
            fail_msg("number %llu accepted twice", (unsigned long long)i);
        accepted += atomic_load(&seen[i]);
    }
    for (unsigned i = 0; i < THREADS; i++)
        total += jobs[i].n_ok;
    assert_int_equal(engine_sa_get(e, sa_in, 0, &info, NULL), 0);
    assert_int_equal(accepted, total);
    assert_int_equal(info.counters.packets, total);
    assert_int_equal(info.counters.drops[NIC_DROP_INTEGRITY], 0);
    engine_free(e);
    mem_free((void *)(uintptr_t)seen);
    mem_free(sealed);
}

static void numbers_are_unique_under_four_threads(void **state)
{
    (void)state;
    for (size_t i = 0; gcm_engines[i]; i++)
        if (gcm_engines[i]->usable())
            no_iv_is_sent_twice_and_no_number_accepted_twice(gcm_engines[i]->name);
}

/* The two places where a race would show, without the cipher between. */
#define TIGHT 2000000u

struct tight {
    struct engine *e;
    struct sa *out, *in;
    pthread_barrier_t *start;
    _Atomic uint8_t *taken, *accepted;
    pthread_t thread;
};

static void *take_tightly(void *arg)
{
    struct tight *t = arg;
    uint32_t lens[3] = { 100, 100, 100 };
    uint64_t first, seq;

    pthread_barrier_wait(t->start);
    do {
        size_t n = life_take(t->e, t->out, lens, 3, 0, &first);

        for (seq = first; seq < first + n && seq <= TIGHT; seq++)
            atomic_fetch_add_explicit(&t->taken[seq], 1, memory_order_relaxed);
    } while (seq < TIGHT);
    pthread_barrier_wait(t->start);
    for (seq = 1; seq <= TIGHT; seq++)
        if (replay_accept(&t->in->replay, seq) != REPLAY_REFUSED)
            atomic_fetch_add_explicit(&t->accepted[seq], 1, memory_order_relaxed);
    return NULL;
}

static void numbers_are_unique_in_a_tight_race(void **state)
{
    struct engine *e = engine_open("openssl");
    struct nic_sa_attr out = kit_attr(NIC_DIR_OUT, NIC_ALG_AES_GCM_128_ICV16);
    struct nic_sa_attr in = kit_attr(NIC_DIR_IN, NIC_ALG_AES_GCM_128_ICV16);
    _Atomic uint8_t *taken = mem_zalloc_array(TIGHT + 1, sizeof *taken);
    _Atomic uint8_t *accepted = mem_zalloc_array(TIGHT + 1, sizeof *accepted);
    struct tight jobs[THREADS];
    pthread_barrier_t start;
    uint64_t id_out, id_in;

    (void)state;
    assert_int_equal(engine_sa_add(e, &out, "t", 1, 0, &id_out, NULL), 0);
    assert_int_equal(engine_sa_add(e, &in, "t", 1, 0, &id_in, NULL), 0);
    pthread_barrier_init(&start, NULL, THREADS);
    for (unsigned i = 0; i < THREADS; i++) {
        jobs[i] = (struct tight){ .e = e, .start = &start, .taken = taken, .accepted = accepted };
        jobs[i].out = engine_sa_find(e, id_out);
        jobs[i].in = engine_sa_find(e, id_in);
        assert_int_equal(pthread_create(&jobs[i].thread, NULL, take_tightly, &jobs[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(jobs[i].thread, NULL);
    for (uint64_t seq = 1; seq <= TIGHT; seq++) {
        if (atomic_load(&taken[seq]) != 1)
            fail_msg("number %llu was sent %u times", (unsigned long long)seq,
                     atomic_load(&taken[seq]));
        if (atomic_load(&accepted[seq]) > 1)
            fail_msg("number %llu was accepted twice", (unsigned long long)seq);
    }
    pthread_barrier_destroy(&start);
    engine_free(e);
    mem_free((void *)(uintptr_t)taken);
    mem_free((void *)(uintptr_t)accepted);
}

static void *send_forever(void *arg)
{
    struct job *j = arg;
    struct kit_buf *bufs = mem_zalloc_array(BURST, sizeof *bufs);
    struct engine_worker *w = engine_worker_new(j->e);
    struct engine_pkt pkts[BURST];
    unsigned round = j->seed;

    while (!atomic_load(j->stop)) {
        lay_burst(bufs, pkts, round++);
        engine_out(w, pkts, BURST, round);
        engine_in(w, pkts, BURST, round); /* some are ESP, some are not: all are fine */
        for (unsigned i = 0; i < BURST; i++)
            j->n_ok += pkts[i].verdict == ENGINE_DELIVER;
        if (round % 16 == 0) {
            engine_worker_sleep(w);
            engine_worker_wake(w);
        } else {
            engine_worker_quiet(w);
        }
        if (round % 512 == 0) {
            engine_worker_free(w);
            w = engine_worker_new(j->e);
        }
    }
    engine_worker_free(w);
    mem_free(bufs);
    return NULL;
}

/* One rekey: new pair, move the rule, delete the old pair; and a passing rule. */
static void rekey(struct engine *e, uint64_t rule, uint64_t pair[2], uint32_t spi)
{
    struct nic_sa_attr in = kit_attr(NIC_DIR_IN, NIC_ALG_AES_GCM_256_ICV16);
    struct nic_sa_attr out = kit_attr(NIC_DIR_OUT, NIC_ALG_AES_GCM_256_ICV16);
    struct nic_rule_attr other = kit_rule("10.1.0.1", "10.2.0.7", 0);
    struct nic_batch_op ops[6] = { { .kind = NIC_OP_SA_ADD, .sa_attr = &in },
                                   { .kind = NIC_OP_SA_ADD, .sa_attr = &out },
                                   { .kind = NIC_OP_RULE_MOVE, .id = rule, .sa = NIC_SA_OF_OP(1) },
                                   { .kind = NIC_OP_SA_DEL, .id = pair[1] },
                                   { .kind = NIC_OP_SA_DEL, .id = pair[0] } };
    struct nic_batch batch = { .ops = ops, .n_ops = pair[0] ? 5 : 3 };
    struct ip_endpoint there = { ip_addr_v4(spi), 5 };
    uint64_t id;

    in.spi = out.spi = spi;
    put_be32(in.key, spi);
    put_be32(out.key, spi);
    assert_int_equal(engine_batch(e, &batch, "t", 1, 0, NULL), 0);
    pair[0] = ops[0].id;
    pair[1] = ops[1].id;
    other.action = NIC_ACTION_BYPASS;
    other.sel.remote.hi.b[3] = (uint8_t)(7 + spi % 5);
    assert_int_equal(engine_rule_add(e, &other, "t", 1, &id, NULL), 0);
    assert_int_equal(engine_sa_endpoint(e, pair[1], &there, NULL), 0);
    engine_tick(e, spi);
    assert_int_equal(engine_rule_del(e, id, NULL), 0);
}

static int look(void *user, const struct nic_sa_info *info)
{
    *(uint64_t *)user += info->counters.packets;
    return 0;
}

static bool all_delivered(struct job *jobs)
{
    for (unsigned i = 0; i < THREADS; i++)
        if (atomic_load(&jobs[i].n_ok) == 0)
            return false;
    return true;
}

static void control_may_churn_under_traffic(void **state)
{
    struct engine *e = engine_open(NULL);
    struct nic_rule_attr rule = kit_rule("0.0.0.0/0", "0.0.0.0/0", 0);
    _Atomic bool stop = false;
    struct job jobs[THREADS];
    uint64_t id, pair[2] = { 0 }, packets = 0;
    struct nic_device_counters device;

    (void)state;
    assert_int_equal(engine_rule_add(e, &rule, "t", 1, &id, NULL), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        jobs[i] = (struct job){ .e = e, .stop = &stop, .seed = i * 1000 };
        assert_int_equal(pthread_create(&jobs[i].thread, NULL, send_forever, &jobs[i]), 0);
    }
    /* As long as it takes for every worker to have got something through. */
    for (uint32_t spi = 1000; spi < 4000 || !all_delivered(jobs); spi++) {
        rekey(e, id, pair, spi);
        engine_sa_each(e, 0, look, &packets);
        engine_device_counters(e, &device);
    }
    atomic_store(&stop, true);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(jobs[i].thread, NULL);
    engine_device_counters(e, &device);
    assert_true(device.tx_packets > 0);
    engine_tick(e, 5000);
    assert_true(qs_is_idle(&e->qs));
    engine_free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_unique_under_four_threads),
        cmocka_unit_test(numbers_are_unique_in_a_tight_race),
        cmocka_unit_test(control_may_churn_under_traffic),
    };
    return cmocka_run_group_tests_name("engine_threads", tests, NULL, NULL);
}
