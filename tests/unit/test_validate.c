/* SPDX-License-Identifier: Apache-2.0 */
/* validate: a good SA and a good rule, and each field of them wrong once. */
#include "driver/core/provider.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/cmocka.h"

static const struct nic_caps all_caps = {
    .protos = 3,
    .modes = 3,
    .algs = 1u << NIC_ALG_AES_GCM_128_ICV16 | 1u << NIC_ALG_AES_GCM_256_ICV16,
    .families = 3,
    .esn = true,
    .replay_window_max = 1024,
    .raw_esp = true,
    .udp_encap = true,
    .life_bytes = true,
    .life_packets = true,
    .life_time = true,
};

static struct nic_selector good_selector(void)
{
    struct nic_selector sel = { .local_port_hi = UINT16_MAX, .remote_port_hi = UINT16_MAX };

    assert_int_equal(ip_range_parse("10.1.0.0/24", &sel.local), 0);
    assert_int_equal(ip_range_parse("10.2.0.0/24", &sel.remote), 0);
    return sel;
}

static struct nic_sa_attr good_sa(void)
{
    struct nic_sa_attr attr = {
        .dir = NIC_DIR_IN,
        .proto = NIC_PROTO_ESP,
        .mode = NIC_MODE_TUNNEL,
        .alg = NIC_ALG_AES_GCM_128_ICV16,
        .spi = 0x1000,
        .key = { 1 },
        .esn = true,
        .replay_window = 64,
        .udp_encap = true,
        .local = { ip_addr_v4(0xc0000201), 4500 },
        .remote = { ip_addr_v4(0xc0000202), 4500 },
        .life = { .soft_bytes = 10, .hard_bytes = 20 },
        .label = "a/b",
        .n_sel = 1,
    };

    attr.sel[0] = good_selector();
    return attr;
}

struct sa_case {
    const char *name;
    void (*spoil)(struct nic_sa_attr *attr, struct nic_caps *caps);
    int code;
    const char *text;
};

/* One spoiler a line: the field, and what makes it wrong. */
#define SPOIL(name, ...)                                                                           \
    static void name(struct nic_sa_attr *a, struct nic_caps *c)                                    \
    {                                                                                              \
        (void)a;                                                                                   \
        (void)c;                                                                                   \
        __VA_ARGS__;                                                                               \
    }
SPOIL(dir_2, a->dir = (enum nic_dir)2)
SPOIL(proto_0, a->proto = (enum nic_proto)0)
SPOIL(no_esp, c->protos = 2)
SPOIL(no_ah, a->proto = NIC_PROTO_AH; c->protos = 1)
SPOIL(mode_0, a->mode = (enum nic_mode)0)
SPOIL(no_tunnel, c->modes = 2)
SPOIL(no_transport, a->mode = NIC_MODE_TRANSPORT; c->modes = 1)
SPOIL(alg_0, a->alg = NIC_ALG_NONE)
SPOIL(alg_n, a->alg = NIC_ALG_N)
SPOIL(alg_huge, a->alg = (enum nic_alg)4000)
SPOIL(no_gcm, c->algs = 1u << NIC_ALG_AES_GCM_256_ICV16)
SPOIL(spi_0, a->spi = 0)
SPOIL(spi_255, a->spi = 255)
SPOIL(key_long, a->key[16] = 1)
SPOIL(key_zero, a->key[0] = 0)
SPOIL(key_zero_256, a->key[0] = 0; a->alg = NIC_ALG_AES_GCM_256_ICV16)
SPOIL(no_esn, c->esn = false)
SPOIL(window_big, a->replay_window = 1025)
SPOIL(window_0_esn, a->replay_window = 0)
SPOIL(high_water, a->esn = false; a->seq_high_water = 1ull << 32)
SPOIL(no_udp, c->udp_encap = false)
SPOIL(no_raw, a->udp_encap = false; c->raw_esp = false)
SPOIL(local_port_0, a->local.port = 0)
SPOIL(remote_port_0, a->remote.port = 0)
SPOIL(local_unset, a->local.addr = (struct ip_addr){ 0 })
SPOIL(local_family, a->local.addr.family = 5)
SPOIL(local_any, a->local.addr = ip_addr_v4(0))
SPOIL(remote_any, a->remote.addr = ip_addr_v4(0))
SPOIL(remote_multicast, a->remote.addr = ip_addr_v4(0xe0000001))
SPOIL(remote_multicast6, a->local.addr = (struct ip_addr){ .family = 6, .b = { 0x20 } };
      a->remote.addr = (struct ip_addr){ .family = 6, .b = { 0xff } })
SPOIL(mixed_outer, a->remote.addr = (struct ip_addr){ .family = 6, .b = { 0x20 } })
SPOIL(remote_tail, a->remote.addr.b[4] = 1)
SPOIL(no_v4, c->families = 2)
SPOIL(soft_over_hard, a->life.soft_bytes = 21)
SPOIL(soft_over_hard_packets, a->life.soft_packets = 2; a->life.hard_packets = 1)
SPOIL(soft_over_hard_time, a->life.soft_time = 2; a->life.hard_time = 1)
SPOIL(no_life_bytes, c->life_bytes = false)
SPOIL(no_life_packets, a->life.hard_packets = 1; c->life_packets = false)
SPOIL(no_life_time, a->life.soft_time = 1; c->life_time = false)
SPOIL(life_eternal, a->life.hard_time = UINT64_MAX)
SPOIL(label_endless, memset(a->label, 'x', sizeof a->label))
SPOIL(label_control, a->label[1] = '\n')
SPOIL(label_del, a->label[2] = 0x7f)
SPOIL(no_selector, a->n_sel = 0)
SPOIL(selectors_17, a->n_sel = 17)
SPOIL(sel_family, a->sel[0].local.lo.family = 0)
SPOIL(sel_mixed_range, a->sel[0].remote.hi.family = 6)
SPOIL(sel_backwards, a->sel[0].remote.hi = ip_addr_v4(0x0a010000))
SPOIL(sel_mixed_sides, a->sel[0].remote.lo.family = a->sel[0].remote.hi.family = 6)
SPOIL(sel_tail, a->sel[0].local.lo.b[15] = 1)
SPOIL(sel_second, a->n_sel = 2)
SPOIL(ports_backwards, a->sel[0].proto = 6; a->sel[0].local_port_lo = 2;
      a->sel[0].local_port_hi = 1)
SPOIL(ports_any_proto, a->sel[0].remote_port_lo = 80; a->sel[0].remote_port_hi = 80)
SPOIL(ports_icmp, a->sel[0].proto = 1; a->sel[0].local_port_hi = 8)

static const struct sa_case sa_cases[] = {
    { "dir", dir_2, ERR_INVALID, "dir: neither out (0) nor in (1)" },
    { "proto", proto_0, ERR_INVALID, "proto: neither ESP (50) nor AH (51)" },
    { "no ESP", no_esp, ERR_UNSUPPORTED, "proto: the device does not do ESP" },
    { "no AH", no_ah, ERR_UNSUPPORTED, "proto: the device does not do AH" },
    { "mode", mode_0, ERR_INVALID, "mode: neither tunnel (1) nor transport (2)" },
    { "no tunnel", no_tunnel, ERR_UNSUPPORTED, "mode: the device does not do tunnel mode" },
    { "no transport", no_transport, ERR_UNSUPPORTED,
      "mode: the device does not do transport mode" },
    { "alg 0", alg_0, ERR_INVALID, "alg: number 0 is no known algorithm" },
    { "alg N", alg_n, ERR_INVALID, "alg: number 3 is no known algorithm" },
    { "alg huge", alg_huge, ERR_INVALID, "alg: number 4000 is no known algorithm" },
    { "no GCM-128", no_gcm, ERR_UNSUPPORTED, "alg: the device does not do aes128gcm16" },
    { "spi 0", spi_0, ERR_INVALID, "spi: 0x00000000 is reserved, the first free one is 256" },
    { "spi 255", spi_255, ERR_INVALID, "spi: 0x000000ff is reserved, the first free one is 256" },
    { "key long", key_long, ERR_INVALID, "key: longer than the 16 bytes of aes128gcm16" },
    { "key zero", key_zero, ERR_INVALID, "key: all zero" },
    { "256-bit key zero", key_zero_256, ERR_INVALID, "key: all zero" },
    { "no ESN", no_esn, ERR_UNSUPPORTED, "esn: the device does not do extended sequence numbers" },
    { "window", window_big, ERR_UNSUPPORTED,
      "replay_window: 1025 is above the device's limit of 1024" },
    { "window 0", window_0_esn, ERR_INVALID, "replay_window: 0, but esn needs one" },
    { "high water", high_water, ERR_INVALID, "seq_high_water: beyond 32 bits without esn" },
    { "no UDP", no_udp, ERR_UNSUPPORTED, "udp_encap: the device does not do ESP in UDP" },
    { "no raw", no_raw, ERR_UNSUPPORTED, "udp_encap: the device does not do ESP without UDP" },
    { "local port", local_port_0, ERR_INVALID, "local: UDP encapsulation needs a port" },
    { "remote port", remote_port_0, ERR_INVALID, "remote: UDP encapsulation needs a port" },
    { "local unset", local_unset, ERR_INVALID, "local: address family is neither 4 nor 6" },
    { "local family", local_family, ERR_INVALID, "local: address family is neither 4 nor 6" },
    { "local 0.0.0.0", local_any, ERR_INVALID, "local: the unspecified address" },
    { "remote 0.0.0.0", remote_any, ERR_INVALID, "remote: the unspecified address" },
    { "remote multicast", remote_multicast, ERR_INVALID, "remote: a multicast address" },
    { "remote IPv6 multicast", remote_multicast6, ERR_INVALID, "remote: a multicast address" },
    { "outer mixed", mixed_outer, ERR_INVALID, "remote: not of the local end's address family" },
    { "remote tail", remote_tail, ERR_INVALID,
      "remote: bytes behind an IPv4 address are not zero" },
    { "no IPv4", no_v4, ERR_UNSUPPORTED, "local: the device does not do IPv4" },
    { "bytes", soft_over_hard, ERR_INVALID, "life.soft_bytes: above life.hard_bytes" },
    { "packets", soft_over_hard_packets, ERR_INVALID,
      "life.soft_packets: above life.hard_packets" },
    { "time", soft_over_hard_time, ERR_INVALID, "life.soft_time: above life.hard_time" },
    { "no bytes", no_life_bytes, ERR_UNSUPPORTED, "life.bytes: the device has no such limit" },
    { "no packets", no_life_packets, ERR_UNSUPPORTED,
      "life.packets: the device has no such limit" },
    { "no time", no_life_time, ERR_UNSUPPORTED, "life.time: the device has no such limit" },
    { "time eternal", life_eternal, ERR_INVALID, "life.time: beyond 292 years" },
    { "label endless", label_endless, ERR_INVALID, "label: not terminated within its 64 bytes" },
    { "label newline", label_control, ERR_INVALID, "label: byte 1 is a control character" },
    { "label delete", label_del, ERR_INVALID, "label: byte 2 is a control character" },
    { "no selector", no_selector, ERR_INVALID, "sel: there is none" },
    { "17 selectors", selectors_17, ERR_INVALID, "n_sel: 17, at most 16" },
    { "selector family", sel_family, ERR_INVALID,
      "sel[0].local: address family is neither 4 nor 6" },
    { "selector range", sel_mixed_range, ERR_INVALID,
      "sel[0].remote: the ends of the range are of two families" },
    { "selector backwards", sel_backwards, ERR_INVALID,
      "sel[0].remote: the range ends before it begins" },
    { "selector sides", sel_mixed_sides, ERR_INVALID,
      "sel[0].remote: not of the local range's address family" },
    { "selector tail", sel_tail, ERR_INVALID,
      "sel[0].local: bytes behind an IPv4 address are not zero" },
    { "second selector", sel_second, ERR_INVALID,
      "sel[1].local: address family is neither 4 nor 6" },
    { "ports backwards", ports_backwards, ERR_INVALID,
      "sel[0].local_port: range 2-1 ends before it begins" },
    { "ports of any", ports_any_proto, ERR_INVALID,
      "sel[0].remote_port: protocol 0 has no ports, so it must be 0-65535" },
    { "ports of ICMP", ports_icmp, ERR_INVALID,
      "sel[0].local_port: protocol 1 has no ports, so it must be 0-65535" },
};

static void a_correct_sa_is_accepted(void **state)
{
    struct nic_sa_attr attr = good_sa();
    struct err err = { 0 };

    (void)state;
    assert_int_equal(nic_sa_validate(&attr, &all_caps, &err), 0);
    assert_int_equal(err.code, 0);
    attr.dir = NIC_DIR_OUT;
    attr.replay_window = 0; /* outbound: ignored */
    assert_int_equal(nic_sa_validate(&attr, &all_caps, NULL), 0);
    attr.sel[0].proto = IPPROTO_UDP;
    attr.sel[0].remote_port_lo = attr.sel[0].remote_port_hi = 53;
    assert_int_equal(nic_sa_validate(&attr, &all_caps, NULL), 0);
    attr.udp_encap = false;
    attr.local.port = attr.remote.port = 0;
    assert_int_equal(nic_sa_validate(&attr, &all_caps, NULL), 0);
}

static void each_wrong_field_of_an_sa_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sa_cases / sizeof sa_cases[0]; i++) {
        const struct sa_case *c = &sa_cases[i];
        struct nic_sa_attr attr = good_sa();
        struct nic_caps caps = all_caps;
        struct err err = { 0 };
        int code;

        c->spoil(&attr, &caps);
        code = nic_sa_validate(&attr, &caps, &err);
        if (code != c->code || strcmp(err.text, c->text) != 0)
            print_error("%s: %d \"%s\"\n", c->name, code, err.text);
        assert_int_equal(code, c->code);
        assert_int_equal(err.code, c->code);
        assert_string_equal(err.text, c->text);
        assert_int_equal(nic_sa_validate(&attr, &caps, NULL), c->code);
    }
}

static void no_error_text_holds_key_bytes(void **state)
{
    static const char secret[] = "0123456789abcde";

    (void)state;
    for (size_t i = 0; i < sizeof sa_cases / sizeof sa_cases[0]; i++) {
        struct nic_sa_attr attr = good_sa();
        struct nic_caps caps = all_caps;
        struct err err = { 0 };

        memcpy(attr.key, secret, sizeof secret - 1);
        sa_cases[i].spoil(&attr, &caps);
        (void)nic_sa_validate(&attr, &caps, &err);
        assert_null(strstr(err.text, "123456"));
    }
}

static void rules_are_checked_by_field(void **state)
{
    struct nic_rule_attr good = { .action = NIC_ACTION_PROTECT, .sel = good_selector(), .sa = 4 };
    struct nic_rule_attr rule = good;
    struct err err = { 0 };

    (void)state;
    assert_int_equal(nic_rule_validate(&rule, &all_caps, &err), 0);
    rule.action = (enum nic_action)0;
    assert_int_equal(nic_rule_validate(&rule, &all_caps, &err), ERR_INVALID);
    assert_string_equal(err.text, "action: none of protect (1), bypass (2), discard (3)");
    rule.action = (enum nic_action)4;
    assert_int_equal(nic_rule_validate(&rule, &all_caps, &err), ERR_INVALID);
    rule.action = NIC_ACTION_BYPASS;
    assert_int_equal(nic_rule_validate(&rule, &all_caps, &err), ERR_INVALID);
    assert_string_equal(err.text, "sa: only a protect rule names one");
    rule.sa = 0;
    assert_int_equal(nic_rule_validate(&rule, &all_caps, &err), 0);
    rule.action = NIC_ACTION_DISCARD;
    rule.sa = 1;
    assert_int_equal(nic_rule_validate(&rule, &all_caps, &err), ERR_INVALID);
    rule = good;
    rule.sel.local.hi = ip_addr_v4(1);
    assert_int_equal(nic_rule_validate(&rule, &all_caps, &err), ERR_INVALID);
    assert_string_equal(err.text, "sel.local: the range ends before it begins");
    rule = good;
    rule.label[0] = '\t';
    assert_int_equal(nic_rule_validate(&rule, &all_caps, &err), ERR_INVALID);
    assert_string_equal(err.text, "label: byte 0 is a control character");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_correct_sa_is_accepted),
        cmocka_unit_test(each_wrong_field_of_an_sa_is_named),
        cmocka_unit_test(no_error_text_holds_key_bytes),
        cmocka_unit_test(rules_are_checked_by_field),
    };

    return cmocka_run_group_tests_name("validate", tests, NULL, NULL);
}
