/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine_batch: all or nothing, ids, duplicate SPIs, states, reclaim. */
#include "tests/unit/engine_kit.h"
#include "utils/base/mem.h"

#define OPS 8

struct fixture {
    struct kit k;
    struct nic_sa_attr in, out;
    struct nic_rule_attr rule;
    struct nic_batch_op ops[OPS];
    struct nic_batch batch;
};

static void fixture_open(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    kit_open(&f->k, "openssl", true, 64);
    f->in = kit_attr(NIC_DIR_IN, NIC_ALG_AES_GCM_256_ICV16);
    f->out = kit_attr(NIC_DIR_OUT, NIC_ALG_AES_GCM_256_ICV16);
    f->in.spi = 0x5555;
    f->out.spi = 0x6666;
    f->rule = kit_rule("10.3.0.0/24", "10.4.0.0/24", NIC_SA_OF_OP(1));
    f->batch.ops = f->ops;
}

/* A rekey as control does it, and everything else there is. */
static void fill_rekey(struct fixture *f)
{
    struct kit *k = &f->k;

    f->ops[0] = (struct nic_batch_op){ .kind = NIC_OP_SA_ADD, .sa_attr = &f->in };
    f->ops[1] = (struct nic_batch_op){ .kind = NIC_OP_SA_ADD, .sa_attr = &f->out };
    f->ops[2] =
        (struct nic_batch_op){ .kind = NIC_OP_RULE_MOVE, .id = k->rule, .sa = NIC_SA_OF_OP(1) };
    f->ops[3] = (struct nic_batch_op){ .kind = NIC_OP_RULE_ADD, .rule = &f->rule };
    f->ops[4] = (struct nic_batch_op){ .kind = NIC_OP_SA_ENDPOINT,
                                       .id = k->in,
                                       .remote = { ip_addr_v4(0x01020304), 9 } };
    f->ops[5] = (struct nic_batch_op){ .kind = NIC_OP_SA_DEL, .id = k->out };
    f->ops[6] = (struct nic_batch_op){ .kind = NIC_OP_SA_DEL, .id = k->in };
    f->batch.n_ops = 7;
}

static int count_sa(void *user, const struct nic_sa_info *info)
{
    (void)info;
    ++*(unsigned *)user;
    return 0;
}

static int count_rule(void *user, const struct nic_rule_info *info)
{
    (void)info;
    ++*(unsigned *)user;
    return 0;
}

static void expect_tables(struct kit *k, unsigned want_sas, unsigned want_rules)
{
    unsigned sas = 0, rules = 0;

    assert_int_equal(engine_sa_each(k->e, k->now, count_sa, &sas), 0);
    assert_int_equal(engine_rule_each(k->e, count_rule, &rules), 0);
    assert_int_equal(sas, want_sas);
    assert_int_equal(rules, want_rules);
}

static void expect_untouched(struct fixture *f)
{
    static struct kit_buf b;
    struct nic_rule_info rule;
    struct nic_sa_info sa;
    struct kit *k = &f->k;

    expect_tables(k, 2, 2);
    assert_int_equal(engine_rule_get(k->e, k->rule, &rule, NULL), 0);
    assert_int_equal(rule.attr.sa, k->out);
    assert_int_equal(engine_sa_get(k->e, k->in, k->now, &sa, NULL), 0);
    assert_int_equal(sa.attr.remote.port, 4500);
    assert_int_equal(engine_sa_get(k->e, k->out, k->now, &sa, NULL), 0);
    assert_int_equal(sa.state, NIC_SA_ACTIVE);
    assert_false(engine_spi_in_use(k->e, 0x5555));
    assert_true(engine_spi_in_use(k->e, KIT_SPI));
    kit_udp4(&b, 100, 1);
    assert_int_equal(kit_out(k, &b), ENGINE_SEND);
    assert_int_equal(b.pkt.sa, k->out);
    assert_int_equal(kit_in(k, &b), ENGINE_DELIVER);
}

static void every_failing_allocation_leaves_all_as_it_was(void **state)
{
    struct fixture f;
    struct err err;
    unsigned n;
    int rc = ERR_NOMEM;

    (void)state;
    fixture_open(&f);
    for (n = 1; rc && n < 200; n++) {
        fill_rekey(&f);
        mem_fail_nth(n);
        rc = engine_batch(f.k.e, &f.batch, "me", 3, f.k.now, &err);
        mem_fail_nth(0);
        engine_worker_quiet(f.k.w);
        engine_tick(f.k.e, f.k.now);
        if (rc) {
            assert_int_equal(rc, ERR_NOMEM);
            assert_int_equal(f.ops[0].id, 0);
            expect_untouched(&f);
        }
    }
    assert_int_equal(rc, 0);
    assert_true(n > 10);
    print_message("%u allocations\n", n - 1);
    expect_tables(&f.k, 2, 3);
    kit_fini(&f.k);
}

static void a_bad_op_anywhere_undoes_the_batch(void **state)
{
    static const struct nic_batch_op bad[] = {
        { .kind = NIC_OP_SA_DEL, .id = 999 },
        { .kind = NIC_OP_RULE_DEL, .id = 999 },
        { .kind = NIC_OP_RULE_MOVE, .id = 999, .sa = 1 },
        { .kind = NIC_OP_SA_ENDPOINT, .id = 999 },
        { .kind = NIC_OP_SA_ADD },
        { .kind = NIC_OP_RULE_ADD },
        { .kind = (enum nic_batch_kind)77 },
    };
    struct fixture f;
    struct err err;

    (void)state;
    fixture_open(&f);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        for (size_t at = 0; at < 7; at++) {
            fill_rekey(&f);
            f.ops[at] = bad[i];
            err.code = 0;
            assert_int_not_equal(engine_batch(f.k.e, &f.batch, "me", 3, f.k.now, &err), 0);
            assert_int_not_equal(err.code, 0);
            expect_untouched(&f);
        }
    kit_fini(&f.k);
}

static int try(struct fixture *f, struct nic_batch_op a, struct nic_batch_op b)
{
    f->ops[0] = a;
    f->ops[1] = b;
    f->batch.n_ops = 2;
    return engine_batch(f->k.e, &f->batch, "me", 1, f->k.now, NULL);
}

static void ops_see_what_the_ops_before_them_did(void **state)
{
    struct nic_batch_op add_in = { .kind = NIC_OP_SA_ADD }, add_out = add_in, move, del;
    struct fixture f;

    (void)state;
    fixture_open(&f);
    add_in.sa_attr = &f.in;
    add_out.sa_attr = &f.out;
    del = (struct nic_batch_op){ .kind = NIC_OP_SA_DEL, .id = f.k.out };
    move = (struct nic_batch_op){ .kind = NIC_OP_RULE_MOVE, .id = f.k.rule, .sa = f.k.out };
    assert_int_equal(try(&f, add_in, add_in), ERR_EXISTS);
    assert_int_equal(try(&f, del, del), ERR_NOTFOUND);
    assert_int_equal(try(&f, del, move), ERR_NOTFOUND);
    move.sa = NIC_SA_OF_OP(0);
    assert_int_equal(try(&f, add_in, move), ERR_INVALID); /* an inbound SA */
    move.sa = NIC_SA_OF_OP(1);
    assert_int_equal(try(&f, add_out, move), ERR_INVALID); /* itself */
    move.sa = NIC_SA_OF_OP(UINT32_MAX);
    assert_int_equal(try(&f, add_out, move), ERR_INVALID);
    f.in.spi = KIT_SPI;
    assert_int_equal(try(&f, add_out, add_in), ERR_EXISTS);
    expect_untouched(&f);
    move.sa = NIC_SA_OF_OP(0);
    assert_int_equal(try(&f, add_out, move), 0);
    kit_fini(&f.k);
}

static void ids_are_never_used_again(void **state)
{
    struct fixture f;
    uint64_t id, last = 0;

    (void)state;
    fixture_open(&f);
    for (unsigned i = 0; i < 500; i++) {
        assert_int_equal(engine_sa_add(f.k.e, &f.in, "me", 1, f.k.now, &id, NULL), 0);
        assert_true(id > last);
        last = id;
        assert_int_equal(engine_sa_add(f.k.e, &f.in, "me", 1, f.k.now, &id, NULL), ERR_EXISTS);
        assert_int_equal(engine_sa_del(f.k.e, last, NULL), 0);
        assert_int_equal(engine_sa_del(f.k.e, last, NULL), ERR_NOTFOUND);
        assert_false(engine_spi_in_use(f.k.e, f.in.spi));
    }
    kit_fini(&f.k);
}

static void nothing_is_freed_before_a_worker_has_looked_away(void **state)
{
    struct fixture f;
    uint64_t id;

    (void)state;
    fixture_open(&f);
    engine_worker_quiet(f.k.w);
    engine_tick(f.k.e, f.k.now);
    assert_true(qs_is_idle(&f.k.e->qs));
    assert_int_equal(engine_sa_add(f.k.e, &f.in, "me", 1, f.k.now, &id, NULL), 0);
    assert_int_equal(engine_sa_del(f.k.e, id, NULL), 0);
    engine_tick(f.k.e, f.k.now);
    assert_false(qs_is_idle(&f.k.e->qs));
    engine_worker_quiet(f.k.w);
    engine_tick(f.k.e, f.k.now);
    assert_true(qs_is_idle(&f.k.e->qs));
    /* A sleeper holds nothing up; awake again, it does. */
    engine_worker_sleep(f.k.w);
    assert_int_equal(engine_sa_add(f.k.e, &f.in, "me", 1, f.k.now, &id, NULL), 0);
    assert_int_equal(engine_sa_del(f.k.e, id, NULL), 0);
    engine_tick(f.k.e, f.k.now);
    assert_true(qs_is_idle(&f.k.e->qs));
    engine_worker_wake(f.k.w);
    assert_int_equal(engine_sa_add(f.k.e, &f.in, "me", 1, f.k.now, &id, NULL), 0);
    assert_int_equal(engine_sa_del(f.k.e, id, NULL), 0);
    engine_tick(f.k.e, f.k.now);
    assert_false(qs_is_idle(&f.k.e->qs));
    kit_fini(&f.k);
}

static void an_sa_that_its_rules_left_is_draining(void **state)
{
    struct fixture f;
    struct nic_sa_info info;
    uint64_t id;

    (void)state;
    fixture_open(&f);
    f.k.rule = 0;
    assert_int_equal(engine_sa_add(f.k.e, &f.out, "me", 1, f.k.now, &id, NULL), 0);
    f.rule.sa = id;
    assert_int_equal(engine_rule_add(f.k.e, &f.rule, "me", 1, &f.k.rule, NULL), 0);
    assert_int_equal(engine_rule_move(f.k.e, f.k.rule, f.k.out, NULL), 0);
    assert_int_equal(engine_sa_get(f.k.e, id, f.k.now + 5, &info, NULL), 0);
    assert_int_equal(info.state, NIC_SA_DRAINING);
    assert_int_equal(info.age, 5);
    assert_int_equal(engine_rule_move(f.k.e, f.k.rule, id, NULL), 0);
    assert_int_equal(engine_sa_get(f.k.e, id, f.k.now, &info, NULL), 0);
    assert_int_equal(info.state, NIC_SA_ACTIVE);
    kit_fini(&f.k);
}

static void what_is_listed_holds_no_key(void **state)
{
    static const uint8_t zero[NIC_KEY_MAX];
    struct fixture f;
    struct nic_sa_info info;

    (void)state;
    fixture_open(&f);
    assert_int_equal(engine_sa_get(f.k.e, f.k.out, f.k.now, &info, NULL), 0);
    assert_memory_equal(info.attr.key, zero, NIC_KEY_MAX);
    assert_memory_equal(info.attr.salt, zero, 4);
    assert_string_equal(info.owner, "test");
    assert_string_equal(info.engine, "openssl");
    assert_int_equal(info.generation, 1);
    kit_fini(&f.k);
}

static void full_tables_name_their_limit(void **state)
{
    struct engine_opts opts = { .sa_max = 2, .rule_max = 1 };
    struct nic_sa_attr attr = kit_attr(NIC_DIR_OUT, NIC_ALG_AES_GCM_128_ICV16);
    struct nic_rule_attr rule = kit_rule("10.0.0.0/8", "10.0.0.0/8", 0);
    struct engine *e;
    struct err err;
    uint64_t id;

    (void)state;
    assert_int_equal(engine_new(&opts, &e, NULL), 0);
    assert_int_equal(engine_sa_add(e, &attr, "me", 1, 0, &id, NULL), 0);
    assert_int_equal(engine_sa_add(e, &attr, "me", 1, 0, &id, NULL), 0);
    assert_int_equal(engine_sa_add(e, &attr, "me", 1, 0, &id, &err), ERR_FULL);
    assert_non_null(strstr(err.text, "sa_max"));
    assert_int_equal(engine_rule_add(e, &rule, "me", 1, &id, NULL), 0);
    assert_int_equal(engine_rule_add(e, &rule, "me", 1, &id, &err), ERR_FULL);
    assert_non_null(strstr(err.text, "rule_max"));
    engine_free(e);
}

static void workers_come_and_go_and_counters_stay(void **state)
{
    static struct kit_buf b;
    struct engine_worker *w[17];
    struct kit k;

    (void)state;
    kit_open(&k, "openssl", false, 64);
    for (unsigned i = 1; i < 17; i++)
        w[i] = engine_worker_new(k.e);
    assert_non_null(w[15]);
    assert_null(w[16]);
    for (unsigned i = 1; i < 16; i++) {
        kit_udp4(&b, 100, i);
        engine_out(w[i], &b.pkt, 1, k.now + i);
        assert_int_equal(b.pkt.verdict, ENGINE_SEND);
        assert_int_equal(get_be64(b.pkt.data + 8), i);
        engine_worker_free(w[i]);
    }
    assert_non_null(w[1] = engine_worker_new(k.e));
    assert_int_equal(kit_counters(&k, k.out).packets, 15);
    assert_int_equal(kit_counters(&k, k.out).bytes, 1500);
    assert_true(kit_counters(&k, k.out).last_used == k.now + 15);
    engine_worker_free(w[1]);
    kit_fini(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failing_allocation_leaves_all_as_it_was),
        cmocka_unit_test(a_bad_op_anywhere_undoes_the_batch),
        cmocka_unit_test(ops_see_what_the_ops_before_them_did),
        cmocka_unit_test(ids_are_never_used_again),
        cmocka_unit_test(nothing_is_freed_before_a_worker_has_looked_away),
        cmocka_unit_test(an_sa_that_its_rules_left_is_draining),
        cmocka_unit_test(what_is_listed_holds_no_key),
        cmocka_unit_test(full_tables_name_their_limit),
        cmocka_unit_test(workers_come_and_go_and_counters_stay),
    };
    return cmocka_run_group_tests_name("engine_batch", tests, NULL, NULL);
}
