/* SPDX-License-Identifier: Apache-2.0 */
/* control: SAs, rules, SPIs and devices, one at a time. */
#include <string.h>

#include "tests/conformance/conformance.h"
#include "tests/lib/sdk_opts.h"

static void caps_are_sane(struct conf *c)
{
    const struct ioff_caps *caps = &c->caps;

    assert_in_range(caps->level, IOFF_LEVEL_SOFTWARE, IOFF_LEVEL_PACKET);
    assert_true(caps->esp && caps->tunnel && caps->ipv4);
    assert_true(caps->algs & 1u << IOFF_ALG_AES_GCM_128_ICV16);
    assert_false(caps->algs & 1u); /* number 0 is no algorithm */
    assert_true(caps->raw_esp || caps->udp_encap);
    assert_true(!caps->esn || caps->replay_window_max >= 32);
    assert_true(caps->sa_max >= 2 && caps->rule_max >= 1);
    /* at least SPI, number, IV, ICV and an outer IPv4 header */
    assert_in_range(caps->mtu_overhead, 8 + 8 + 16 + 2 + 20, 200);
    assert_true(strlen(ioff_device_name(c->device)) > 0);
    assert_true(ioff_device_generation(c->device) >= 1);
}

static void an_sa_comes_and_goes(struct conf *c)
{
    struct ioff_sa *sa = conf_add(c, IOFF_DIR_IN, 0x10001);

    assert_int_equal(conf_info(sa).state, IOFF_SA_ACTIVE);
    assert_int_equal(conf_num_sas(c), 1);
    conf_delete(c, sa);
    assert_int_equal(conf_num_sas(c), 0);
}

static void a_rule_may_go_before_its_sa(struct conf *c)
{
    struct ioff_sa *sa = conf_add(c, IOFF_DIR_OUT, 0x10001);
    struct ioff_rule *rule = conf_rule(c, IOFF_ACTION_PROTECT, 1, sa);

    assert_int_equal(conf_rule_info(c, rule).sa_id, ioff_sa_id(sa));
    conf_delete_rule(c, rule);
    conf_delete(c, sa);
    assert_int_equal(conf_num_sas(c) + conf_num_rules(c), 0);
}

static void an_sa_may_go_before_its_rule(struct conf *c)
{
    struct ioff_sa *sa = conf_add(c, IOFF_DIR_OUT, 0x10001);
    struct ioff_rule *rule = conf_rule(c, IOFF_ACTION_PROTECT, 1, sa);

    conf_delete(c, sa);
    assert_int_equal(conf_rule_info(c, rule).sa_id, 0); /* the rule stands, and drops */
    conf_delete_rule(c, rule);
    assert_int_equal(conf_num_rules(c), 0);
}

static void an_inbound_spi_is_taken_once(struct conf *c)
{
    struct ioff_sa_opts opts = opts_sa(IOFF_DIR_IN, 0x10001, 1);
    struct ioff_error error = { 0 };
    struct ioff_sa *sa = conf_add_opts(c, &opts);

    assert_int_equal(conf_try(c, &opts, &error), IOFF_E_EXISTS);
    assert_non_null(strstr(error.text, "spi"));
    assert_int_equal(conf_num_sas(c), 1);
    conf_delete(c, sa);
    conf_add_opts(c, &opts);
}

static void two_peers_may_choose_the_same_outbound_spi(struct conf *c)
{
    struct ioff_sa *a = conf_add(c, IOFF_DIR_OUT, 0x10001);
    struct ioff_sa *b = conf_add(c, IOFF_DIR_OUT, 0x10001);
    struct ioff_sa *in = conf_add(c, IOFF_DIR_IN, 0x10001);

    assert_int_not_equal(ioff_sa_id(a), ioff_sa_id(b));
    assert_int_not_equal(ioff_sa_id(a), ioff_sa_id(in));
}

static void ids_are_not_used_again(struct conf *c)
{
    uint64_t last = 0;

    for (int i = 0; i < 5; i++) {
        struct ioff_sa *sa = conf_add(c, IOFF_DIR_IN, 0x10001);

        assert_true(ioff_sa_id(sa) > last);
        last = ioff_sa_id(sa);
        conf_delete(c, sa);
    }
}

static void refuse(struct conf *c, const struct ioff_sa_opts *opts, int code, const char *field)
{
    struct ioff_error error = { 0 };

    assert_int_equal(conf_try(c, opts, &error), code);
    assert_int_equal(error.code, code);
    if (strncmp(error.text, field, strlen(field)) != 0)
        fail_msg("\"%s\" does not begin with \"%s\"", error.text, field);
    assert_int_equal(conf_num_sas(c), 0);
}

static void wrong_options_are_refused_by_field(struct conf *c)
{
    const struct ioff_sa_opts good = opts_sa(IOFF_DIR_IN, 0x10001, 1);
    struct ioff_selector sel = good.selectors[0];
    struct ioff_sa_opts bad;

#define REFUSE(code, field, ...)                                                                   \
    do {                                                                                           \
        bad = good;                                                                                \
        __VA_ARGS__;                                                                               \
        refuse(c, &bad, code, field);                                                              \
    } while (0)
    REFUSE(IOFF_E_INVALID, "key_len", bad.key_len = 15);
    REFUSE(IOFF_E_INVALID, "key_len", bad.key_len = 32);
    REFUSE(IOFF_E_INVALID, "key_len", bad.key = NULL);
    REFUSE(IOFF_E_INVALID, "salt_len", bad.salt_len = 0);
    REFUSE(IOFF_E_INVALID, "spi", bad.spi = 255);
    REFUSE(IOFF_E_INVALID, "alg", bad.alg = (enum ioff_alg)0);
    REFUSE(IOFF_E_INVALID, "mode", bad.mode = (enum ioff_mode)3);
    REFUSE(IOFF_E_INVALID, "num_selectors", bad.num_selectors = IOFF_SELECTORS_MAX + 1);
    REFUSE(IOFF_E_INVALID, "sel", bad.num_selectors = 0);
    REFUSE(IOFF_E_INVALID, "sel[0].local", bad.selectors = &sel; sel.local_lo = sel.local_hi;
           sel.local_hi = opts_addr(1));
    REFUSE(IOFF_E_INVALID, "remote", bad.remote.addr = opts_addr(0));
    REFUSE(IOFF_E_INVALID, "life.soft_packets", bad.life.soft_packets = 2;
           bad.life.hard_packets = 1);
    REFUSE(IOFF_E_INVALID, "ioff_sa_opts.size", bad.size = 0);
}

static void what_the_device_cannot_do_is_refused_by_field(struct conf *c)
{
    const struct ioff_sa_opts good = opts_sa(IOFF_DIR_IN, 0x10001, 1);
    struct ioff_sa_opts bad;

    if (c->caps.replay_window_max < UINT16_MAX)
        REFUSE(IOFF_E_UNSUPPORTED, "replay_window",
               bad.replay_window = (uint16_t)(c->caps.replay_window_max + 1));
    if (!c->caps.ah)
        REFUSE(IOFF_E_UNSUPPORTED, "proto", bad.proto = IOFF_PROTO_AH);
    if (!c->caps.transport)
        REFUSE(IOFF_E_UNSUPPORTED, "mode", bad.mode = IOFF_MODE_TRANSPORT);
    if (!c->caps.esn)
        REFUSE(IOFF_E_UNSUPPORTED, "esn", bad.esn = true);
    if (c->caps.level == IOFF_LEVEL_SOFTWARE)
        REFUSE(IOFF_E_UNSUPPORTED, "offload: required", bad.offload = IOFF_OFFLOAD_REQUIRE);
    else
        REFUSE(IOFF_E_UNSUPPORTED, "offload: off", bad.offload = IOFF_OFFLOAD_OFF);
}

static void placement_is_answered_with_reasons(struct conf *c)
{
    struct ioff_sa_opts opts = opts_sa(IOFF_DIR_IN, 0x10001, 1);
    struct ioff_placement p;

    opts.offload = IOFF_OFFLOAD_PREFER;
    p = conf_info(conf_add_opts(c, &opts)).placement;
    assert_int_equal(p.requested, IOFF_OFFLOAD_PREFER);
    assert_int_equal(p.actual.level, c->caps.level);
    assert_int_equal(p.actual.reason, IOFF_REASON_CHOSEN);
    assert_string_equal(p.actual.device, ioff_device_name(c->device));
    assert_true(strlen(p.actual.text) > 0);
    for (size_t i = 0; i < p.num_passed; i++) {
        assert_true(p.passed[i].level > c->caps.level);
        assert_true(i == 0 || p.passed[i].level <= p.passed[i - 1].level);
        assert_int_not_equal(p.passed[i].reason, IOFF_REASON_CHOSEN);
        assert_true(strlen(p.passed[i].text) > 0);
    }
}

/* Five SAs, different in every field that may differ. */
static struct ioff_sa_opts variant(const struct conf *c, unsigned n)
{
    static struct ioff_selector selectors[2];
    struct ioff_sa_opts opts = opts_sa(n % 2 ? IOFF_DIR_IN : IOFF_DIR_OUT, 0x20000 + n, 1);
    static const char *const labels[] = { "a", "b/c", "", "conn/child-4", "e e" };

    opts.replay_window = n % 2 ? (uint16_t)(32 * n) : 0;
    opts.esn = c->caps.esn && n % 2;
    opts.udp_encap = c->caps.udp_encap && (n < 3 || !c->caps.raw_esp);
    opts.local.port = opts.udp_encap ? (uint16_t)(4500 + n) : 0;
    opts.remote = (struct ioff_endpoint){ opts_addr(0xc6336400 + n),
                                          opts.udp_encap ? (uint16_t)(40000 + n) : 0 };
    if (c->caps.life_bytes)
        opts.life.soft_bytes = 1000 + n;
    if (c->caps.life_packets)
        opts.life.hard_packets = 2000 + n;
    opts.tunnel = 0x123456789abcdef0u + n;
    opts.label = labels[n];
    selectors[0] = opts_selector(0x0a010000, 0x0a020000);
    selectors[1] = opts_selector(0x0a010100, 0x0a020100);
    selectors[1].proto = 17;
    selectors[1].remote_port_lo = selectors[1].remote_port_hi = 53;
    opts.selectors = selectors;
    opts.num_selectors = 1 + n % 2;
    return opts;
}

static void compare(const struct conf *c, const struct ioff_sa_info *info)
{
    unsigned n = info->spi - 0x20000;
    struct ioff_sa_opts opts = variant(c, n);

    assert_true(n < 5);
    assert_int_equal(info->dir, opts.dir);
    assert_int_equal(info->proto, opts.proto);
    assert_int_equal(info->mode, opts.mode);
    assert_int_equal(info->alg, opts.alg);
    assert_int_equal(info->esn, opts.esn);
    assert_int_equal(info->udp_encap, opts.udp_encap);
    if (opts.dir == IOFF_DIR_IN)
        assert_int_equal(info->replay_window, opts.replay_window);
    assert_true(opts_same_endpoint(&info->local, &opts.local));
    assert_true(opts_same_endpoint(&info->remote, &opts.remote));
    assert_memory_equal(&info->life, &opts.life, sizeof opts.life);
    assert_int_equal(info->tunnel, opts.tunnel);
    assert_string_equal(info->label, opts.label);
    assert_int_equal(info->num_selectors, opts.num_selectors);
    for (size_t i = 0; i < opts.num_selectors; i++)
        assert_true(opts_same_selector(&info->selectors[i], &opts.selectors[i]));
    assert_string_equal(info->owner, CONF_OWNER);
    assert_int_equal(info->generation, ioff_device_generation(c->device));
    assert_int_equal(info->state, IOFF_SA_ACTIVE);
    assert_int_equal(info->packets + info->bytes, 0);
    for (unsigned i = 0; i < IOFF_DROP_CAUSES; i++)
        assert_int_equal(info->drops[i], 0);
}

static int compare_one(void *user, const struct ioff_sa_info *info)
{
    if (!strcmp(info->owner, CONF_OWNER))
        compare(user, info);
    return 0;
}

static void a_walk_tells_what_was_installed(struct conf *c)
{
    for (unsigned n = 0; n < 5; n++) {
        struct ioff_sa_opts opts = variant(c, n);
        struct ioff_sa_info info = conf_info(conf_add_opts(c, &opts));

        compare(c, &info);
    }
    assert_int_equal(conf_num_sas(c), 5);
    assert_int_equal(ioff_sa_each(c->device, compare_one, c, NULL), 0);
}

static void a_walk_tells_the_rules(struct conf *c)
{
    struct ioff_rule_opts opts = opts_rule(IOFF_ACTION_BYPASS, 77, 1);
    struct ioff_rule_info info;

    opts.selector.proto = 6;
    opts.selector.local_port_lo = 1000;
    opts.selector.local_port_hi = 2000;
    opts.tunnel = 99;
    opts.label = "by/pass";
    info = conf_rule_info(c, conf_rule_opts(c, &opts, NULL));
    assert_int_equal(info.action, IOFF_ACTION_BYPASS);
    assert_int_equal(info.priority, 77);
    assert_int_equal(info.tunnel, 99);
    assert_int_equal(info.sa_id, 0);
    assert_string_equal(info.label, "by/pass");
    assert_string_equal(info.owner, CONF_OWNER);
    assert_int_equal(info.generation, ioff_device_generation(c->device));
    assert_true(opts_same_selector(&info.selector, &opts.selector));
}

static int stop(void *user, const struct ioff_sa_info *info)
{
    (void)info;
    ++*(int *)user;
    return 4711;
}

static void a_walk_ends_when_told(struct conf *c)
{
    int n = 0;

    conf_add(c, IOFF_DIR_IN, 0x10001);
    conf_add(c, IOFF_DIR_IN, 0x10002);
    assert_int_equal(ioff_sa_each(c->device, stop, &n, NULL), 4711);
    assert_int_equal(n, 1);
}

static void what_is_not_there_is_not_found(struct conf *c)
{
    struct ioff_error error = { 0 };
    struct ioff_rule *rule = NULL;
    struct ioff_sa *sa = NULL;

    assert_int_equal(ioff_sa_adopt(c->device, 0x7fffffffffff, &sa, &error), IOFF_E_NOTFOUND);
    assert_true(strlen(error.text) > 0);
    assert_int_equal(ioff_rule_adopt(c->device, 0x7fffffffffff, &rule, &error), IOFF_E_NOTFOUND);
    assert_null(sa);
    assert_null(rule);
}

static void an_endpoint_moves(struct conf *c)
{
    struct ioff_sa *sa = conf_add(c, IOFF_DIR_OUT, 0x10001);
    struct ioff_endpoint moved = { opts_addr(0xcb007109), 61001 };
    struct ioff_batch *batch = ioff_batch_new(c->device);
    struct ioff_sa_info info;

    assert_int_equal(ioff_batch_sa_endpoint(batch, sa, &moved), 0);
    assert_int_equal(ioff_batch_run(batch, NULL), 0);
    info = conf_info(sa);
    assert_true(opts_same_endpoint(&info.remote, &moved));
    assert_int_equal(info.local.port, 4500);
}

static void reserved_spis_are_free_and_different(struct conf *c)
{
    uint32_t spis[32];

    conf_add(c, IOFF_DIR_IN, 0x10001);
    for (unsigned i = 0; i < 32; i++) {
        assert_int_equal(ioff_spi_reserve(c->device, &spis[i], NULL), 0);
        assert_true(spis[i] >= 256 && spis[i] != 0x10001);
        for (unsigned k = 0; k < i; k++)
            assert_int_not_equal(spis[i], spis[k]);
    }
    for (unsigned i = 0; i < 32; i++)
        assert_int_equal(ioff_spi_release(c->device, spis[i], NULL), 0);
    assert_int_equal(ioff_spi_release(c->device, spis[0], NULL), IOFF_E_NOTFOUND);
}

static void an_sa_uses_its_reservation_up(struct conf *c)
{
    uint32_t spi = 0;

    assert_int_equal(ioff_spi_reserve(c->device, &spi, NULL), 0);
    conf_add(c, IOFF_DIR_IN, spi);
    assert_int_equal(ioff_spi_release(c->device, spi, NULL), IOFF_E_NOTFOUND);
}

static void device_counters_are_readable(struct conf *c)
{
    struct ioff_device_counters counters = { .size = sizeof counters };

    assert_int_equal(ioff_device_counters(c->device, &counters, NULL), 0);
}

static void the_guard_stands_or_is_refused_in_words(struct conf *c)
{
    struct ioff_guard_entry entry = { opts_selector(0x0a010000, 0x0a020000), "test/net" };
    struct ioff_error error = { 0 };
    int code = ioff_guard_set(c->device, &entry, 1, &error);

    if (code == 0) {
        assert_int_equal(ioff_guard_set(c->device, NULL, 0, NULL), 0);
    } else {
        assert_int_equal(code, IOFF_E_UNSUPPORTED);
        assert_non_null(strstr(error.text, ioff_device_name(c->device)));
    }
    entry.selector.local_hi = opts_addr(0);
    assert_int_equal(ioff_guard_set(c->device, &entry, 1, &error), IOFF_E_INVALID);
    assert_string_equal(error.text, "entries[0].local: the range ends before it begins");
}

static void sas_and_rules_are_adopted_after_a_close(struct conf *c)
{
    struct ioff_sa_opts opts = variant(c, 1);
    struct ioff_sa *out = conf_add(c, IOFF_DIR_OUT, 0x10002), *in = conf_add_opts(c, &opts);
    struct ioff_rule *rule = conf_rule(c, IOFF_ACTION_PROTECT, 1, out);
    uint64_t in_id = ioff_sa_id(in), out_id = ioff_sa_id(out), rule_id = ioff_rule_id(rule);
    uint32_t generation = ioff_device_generation(c->device);
    struct ioff_sa_info info;

    ioff_device_close(c->device);
    assert_non_null(conf_open(c));
    assert_true(ioff_device_generation(c->device) > generation);
    assert_int_equal(conf_num_sas(c), 2);
    assert_int_equal(ioff_sa_adopt(c->device, in_id, &in, NULL), 0);
    assert_int_equal(ioff_sa_adopt(c->device, out_id, &out, NULL), 0);
    assert_int_equal(ioff_rule_adopt(c->device, rule_id, &rule, NULL), 0);
    info = conf_info(in);
    assert_int_equal(info.generation, generation);
    assert_int_equal(info.spi, 0x20001);
    assert_string_equal(info.label, "b/c");
    assert_non_null(strstr(info.placement.actual.text, "not recorded"));
    assert_int_equal(conf_rule_info(c, rule).sa_id, out_id);
    conf_move(c, rule, NULL);
    conf_delete(c, in);
    conf_delete(c, out);
    conf_delete_rule(c, rule);
    assert_int_equal(conf_num_sas(c) + conf_num_rules(c), 0);
}

const struct conf_case conf_control[] = {
    { "caps are sane", caps_are_sane, NULL },
    { "an SA comes and goes", an_sa_comes_and_goes, NULL },
    { "a rule may go before its SA", a_rule_may_go_before_its_sa, NULL },
    { "an SA may go before its rule", an_sa_may_go_before_its_rule, NULL },
    { "an inbound SPI is taken once", an_inbound_spi_is_taken_once, NULL },
    { "two peers may choose the same outbound SPI", two_peers_may_choose_the_same_outbound_spi,
      NULL },
    { "ids are not used again", ids_are_not_used_again, NULL },
    { "wrong options are refused by field", wrong_options_are_refused_by_field, NULL },
    { "what the device cannot do is refused by field",
      what_the_device_cannot_do_is_refused_by_field, NULL },
    { "placement is answered with reasons", placement_is_answered_with_reasons, NULL },
    { "a walk tells what was installed", a_walk_tells_what_was_installed, NULL },
    { "a walk tells the rules", a_walk_tells_the_rules, NULL },
    { "a walk ends when told", a_walk_ends_when_told, NULL },
    { "what is not there is not found", what_is_not_there_is_not_found, NULL },
    { "an endpoint moves", an_endpoint_moves, NULL },
    { "reserved SPIs are free and different", reserved_spis_are_free_and_different, NULL },
    { "an SA uses its reservation up", an_sa_uses_its_reservation_up, NULL },
    { "device counters are readable", device_counters_are_readable, NULL },
    { "the guard stands or is refused in words", the_guard_stands_or_is_refused_in_words, NULL },
    { "SAs and rules are adopted after a close", sas_and_rules_are_adopted_after_a_close,
      conf_needs_persistence },
    { 0 },
};
