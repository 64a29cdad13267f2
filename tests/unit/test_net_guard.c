/* SPDX-License-Identifier: Apache-2.0 */
/* test_net_guard: the drop rule as text, exactly, and its limits. */
#include "tests/unit/dp_kit.h"

#include "driver/net/net_guard.h"

static char *text_of(struct nic_guard_entry *entries, size_t n, const bool *own, const char *tun)
{
    struct net_guard g = { .entries = entries, .n = n, .own = own, .tun = tun, .mark = 0x1f5e };
    struct err err = { 0 };
    char *text = NULL;

    if (net_guard_text(&g, &text, &err))
        fail_msg("%s", err.text);
    return text;
}

static struct nic_guard_entry entry(const char *local, const char *remote)
{
    return (struct nic_guard_entry){ .sel = kit_selector(local, remote), .label = "conn/child" };
}

static void one_pair_has_this_text(void **state)
{
    struct nic_guard_entry e = entry("10.1.0.0/24", "10.2.0.0/24");
    char *text = text_of(&e, 1, NULL, "ipsec0");

    (void)state;
    assert_string_equal(
        text, "table inet ipsec_offload\n"
              "delete table inet ipsec_offload\n"
              "table inet ipsec_offload {\n"
              "\tset pairs4 {\n"
              "\t\ttype ipv4_addr . ipv4_addr\n"
              "\t\tflags interval\n"
              "\t\telements = { 10.1.0.0/24 . 10.2.0.0/24 }\n"
              "\t}\n"
              "\tset pairs6 {\n"
              "\t\ttype ipv6_addr . ipv6_addr\n"
              "\t\tflags interval\n"
              "\t}\n"
              "\tset own4 {\n"
              "\t\ttype ipv4_addr\n"
              "\t\tflags interval\n"
              "\t\tauto-merge\n"
              "\t}\n"
              "\tset own6 {\n"
              "\t\ttype ipv6_addr\n"
              "\t\tflags interval\n"
              "\t\tauto-merge\n"
              "\t}\n"
              "\tchain leaving {\n"
              "\t\tip saddr . ip daddr @pairs4 counter drop\n"
              "\t\tip6 saddr . ip6 daddr @pairs6 counter drop\n"
              "\t}\n"
              "\tchain arriving {\n"
              "\t\tip daddr . ip saddr @pairs4 counter drop\n"
              "\t\tip6 daddr . ip6 saddr @pairs6 counter drop\n"
              "\t}\n"
              "\tchain own {\n"
              "\t\tfib saddr type local ip daddr @own4 counter drop\n"
              "\t\tfib saddr type local ip6 daddr @own6 counter drop\n"
              "\t}\n"
              "\tchain out_before_nat {\n"
              "\t\ttype filter hook postrouting priority -300; policy accept;\n"
              "\t\toifname \"ipsec0\" accept\n"
              "\t\toifname \"lo\" fib daddr type local accept\n"
              "\t\tmeta mark 0x1f5e accept\n"
              "\t\tjump own\n"
              "\t\tjump leaving\n"
              "\t}\n"
              "\tchain out_after_nat {\n"
              "\t\ttype filter hook postrouting priority 300; policy accept;\n"
              "\t\toifname \"ipsec0\" accept\n"
              "\t\toifname \"lo\" fib daddr type local accept\n"
              "\t\tmeta mark 0x1f5e accept\n"
              "\t\tjump leaving\n"
              "\t}\n"
              "\tchain in {\n"
              "\t\ttype filter hook prerouting priority -450; policy accept;\n"
              "\t\tiifname \"ipsec0\" accept\n"
              "\t\tiifname \"lo\" accept\n"
              "\t\tudp dport { 500, 4500 } fib daddr type local meta mark set 0x1f5e accept\n"
              "\t\tjump arriving\n"
              "\t}\n"
              "}\n");
    mem_free(text);
}

static void no_entries_leave_no_table(void **state)
{
    char *text = text_of(NULL, 0, NULL, "ipsec0");

    (void)state;
    assert_string_equal(text, "table inet ipsec_offload\ndelete table inet ipsec_offload\n");
    mem_free(text);
}

static void without_a_tun_name_nothing_is_let_through(void **state)
{
    struct nic_guard_entry e = entry("10.1.0.0/24", "10.2.0.0/24");
    char *text = text_of(&e, 1, NULL, NULL);

    (void)state;
    assert_null(strstr(text, "ipsec0"));
    assert_null(strstr(text, "oifname \"ipsec"));
    mem_free(text);
}

static void ports_are_mirrored_and_fragments_are_not_forgotten(void **state)
{
    struct nic_guard_entry e = entry("10.1.0.1", "10.2.0.0/24");
    bool own = true;
    char *text;

    (void)state;
    e.sel.proto = IPPROTO_TCP;
    e.sel.remote_port_lo = e.sel.remote_port_hi = 443;
    text = text_of(&e, 1, &own, "ipsec0");
    assert_non_null(strstr(text, "\t\tip saddr 10.1.0.1/32 ip daddr 10.2.0.0/24 meta l4proto 6 "
                                 "th sport 0-65535 th dport 443-443 counter drop\n"
                                 "\t\tip saddr 10.1.0.1/32 ip daddr 10.2.0.0/24 meta l4proto 6 "
                                 "ip frag-off & 0x1fff != 0 counter drop\n"));
    assert_non_null(strstr(text, "\t\tip daddr 10.1.0.1/32 ip saddr 10.2.0.0/24 meta l4proto 6 "
                                 "th dport 0-65535 th sport 443-443 counter drop\n"));
    assert_non_null(strstr(text, "\t\tfib saddr type local ip daddr 10.2.0.0/24 meta l4proto 6 "
                                 "th sport 0-65535 th dport 443-443 counter drop\n"));
    assert_null(strstr(text, "elements"));
    mem_free(text);
}

static void ports_of_a_protocol_without_ports_drop_all_of_it(void **state)
{
    struct nic_guard_entry e = entry("10.1.0.1", "10.2.0.1");
    char *text;

    (void)state;
    e.sel.proto = IPPROTO_ICMP;
    e.sel.local_port_lo = e.sel.local_port_hi = 0x0800; /* type and code, RFC 4301 4.4.1.1 */
    text = text_of(&e, 1, NULL, "ipsec0");
    assert_non_null(strstr(text, "ip daddr 10.2.0.1/32 meta l4proto 1 counter drop\n"));
    assert_null(strstr(text, "th sport"));
    mem_free(text);
}

static void overlaps_become_rules_and_covered_entries_vanish(void **state)
{
    struct nic_guard_entry e[] = {
        entry("10.1.0.0/24", "10.2.0.0/24"), entry("10.1.0.0/25", "10.2.0.0/25"), /* covered */
        entry("10.1.0.0/25", "10.2.0.0/16"),                                      /* overlaps */
        entry("10.1.0.0/24", "10.2.0.0/24"), /* the same again */
        entry("10.9.0.0/24", "10.2.0.0/24"), /* apart */
    };
    char *text = text_of(e, 5, NULL, "ipsec0");

    (void)state;
    assert_non_null(strstr(text, "\t\telements = { 10.1.0.0/24 . 10.2.0.0/24,\n"
                                 "\t\t\t10.9.0.0/24 . 10.2.0.0/24 }\n"));
    assert_non_null(strstr(text, "\t\tip saddr 10.1.0.0/25 ip daddr 10.2.0.0/16 counter drop\n"));
    assert_null(strstr(text, "10.2.0.0/25"));
    mem_free(text);
}

/* For each packet of a small world: is it dropped by a set element or a rule of
 * the text exactly when some entry holds it?  The text's own pairs are parsed
 * back; nothing of the generator is used. */
static bool text_drops(const char *text, const struct ip_addr *local, const struct ip_addr *remote)
{
    char l[64], r[64];
    const char *p = strstr(text, "elements = { ");
    const char *end = p ? strstr(p, " }\n") : NULL;

    for (p = p ? p + 13 : NULL; p && p < end && sscanf(p, "%63s . %63[^, }]", l, r) == 2;) {
        struct ip_range lr = kit_range(l), rr = kit_range(r);

        if (ip_range_contains(&lr, local) && ip_range_contains(&rr, remote))
            return true;
        p = strchr(p, ',');
        p = p && p < end ? p + 1 : NULL;
    }
    for (p = text; (p = strstr(p, "\t\tip saddr 10.")); p++)
        if (sscanf(p, "\t\tip saddr %63s ip daddr %63s counter", l, r) == 2) {
            struct ip_range lr = kit_range(l), rr = kit_range(r);

            if (ip_range_contains(&lr, local) && ip_range_contains(&rr, remote))
                return true;
        }
    return false;
}

static void a_naive_model_agrees_on_overlapping_entries(void **state)
{
    struct nic_guard_entry e[12];
    char l[64], r[64];
    unsigned seed = 1;

    (void)state;
    for (int round = 0; round < 50; round++) {
        char *text;

        for (size_t i = 0; i < 12; i++) {
            unsigned a = (seed = seed * 1103515245u + 12345u) >> 16;
            unsigned b = (seed = seed * 1103515245u + 12345u) >> 16;

            snprintf(l, sizeof l, "10.0.0.%u-10.0.0.%u", a % 8, a % 8 + (a >> 4) % 4);
            snprintf(r, sizeof r, "10.0.1.%u-10.0.1.%u", b % 8, b % 8 + (b >> 4) % 4);
            e[i] = entry(l, r);
        }
        text = text_of(e, 12, NULL, "ipsec0");
        for (unsigned x = 0; x < 12; x++)
            for (unsigned y = 0; y < 12; y++) {
                struct ip_addr local = ip_addr_v4(0x0a000000 + x);
                struct ip_addr remote = ip_addr_v4(0x0a000100 + y);
                bool want = false;

                for (size_t i = 0; i < 12; i++)
                    want |= ip_range_contains(&e[i].sel.local, &local) &&
                            ip_range_contains(&e[i].sel.remote, &remote);
                assert_int_equal(text_drops(text, &local, &remote), want);
            }
        mem_free(text);
    }
}

static void bad_input_is_refused_and_named(void **state)
{
    struct nic_guard_entry e = entry("10.1.0.0/24", "10.2.0.0/24");
    struct net_guard g = { .entries = &e, .n = 1, .tun = "x\" accept; #", .mark = 1 };
    struct err err = { 0 };
    char *text = NULL;

    (void)state;
    assert_int_equal(net_guard_text(&g, &text, &err), ERR_INVALID);
    g.tun = "ipsec0";
    e.sel.remote.hi.family = 6;
    assert_int_equal(net_guard_text(&g, &text, &err), ERR_INVALID);
    assert_string_equal(err.text, "drop rule: entry 0 (conn/child): bad selector");
    g.n = NET_GUARD_MAX + 1;
    assert_int_equal(net_guard_text(&g, &text, &err), ERR_FULL);
    assert_null(text);
}

static void without_memory_it_says_so(void **state)
{
    struct nic_guard_entry e = entry("10.1.0.0/24", "10.2.0.0/24");
    struct net_guard g = { .entries = &e, .n = 1, .mark = 1 };
    char *text = NULL;

    (void)state;
    for (unsigned long nth = 1; nth <= 2; nth++) {
        mem_fail_nth(nth);
        assert_int_equal(net_guard_text(&g, &text, NULL), ERR_NOMEM);
        mem_fail_nth(0);
        assert_null(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_pair_has_this_text),
        cmocka_unit_test(no_entries_leave_no_table),
        cmocka_unit_test(without_a_tun_name_nothing_is_let_through),
        cmocka_unit_test(ports_are_mirrored_and_fragments_are_not_forgotten),
        cmocka_unit_test(ports_of_a_protocol_without_ports_drop_all_of_it),
        cmocka_unit_test(overlaps_become_rules_and_covered_entries_vanish),
        cmocka_unit_test(a_naive_model_agrees_on_overlapping_entries),
        cmocka_unit_test(bad_input_is_refused_and_named),
        cmocka_unit_test(without_memory_it_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
