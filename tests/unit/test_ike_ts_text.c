/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ike_bytes.h"

#include "ike/types/ts.h"

static struct ike_ts reads(const char *text, const char *back)
{
    char buf[IKE_TS_TEXT_LEN];
    struct ike_ts t, again;
    struct err err;

    if (ike_ts_parse(text, &t, &err))
        fail_msg("%s: %s", text, err.text);
    assert_string_equal(ike_ts_text(&t, buf), back);
    assert_int_equal(ike_ts_parse(back, &again, &err), 0);
    assert_memory_equal(&t, &again, sizeof t);
    return t;
}

static void refuses(const char *text, const char *part)
{
    struct ike_ts t = { .proto = 77 };
    struct err err;
    int rc = ike_ts_parse(text, &t, &err);

    test_assert_err(rc, &err, ERR_INVALID, part);
    assert_int_equal(t.proto, 77);
}

static void every_form_of_swanctl_is_read(void **state)
{
    struct ike_ts t;

    (void)state;
    t = reads("10.1.0.0/16", "10.1.0.0/16");
    assert_int_equal(t.proto, 0);
    assert_int_equal(t.port_lo, 0);
    assert_int_equal(t.port_hi, 65535);
    t = reads("10.1.0.0/16[tcp/443]", "10.1.0.0/16[tcp/443]");
    assert_int_equal(t.proto, 6);
    assert_int_equal(t.port_lo, 443);
    assert_int_equal(t.port_hi, 443);
    reads("10.0.0.1", "10.0.0.1/32");
    reads("10.0.0.1-10.0.0.9[udp]", "10.0.0.1-10.0.0.9[udp]");
    reads("2001:db8::/32[sctp/1000-2000]", "2001:db8::/32[sctp/1000-2000]");
    reads("10.0.0.0/8[any]", "10.0.0.0/8");
    reads("10.0.0.0/8[any/any]", "10.0.0.0/8");
    reads("10.0.0.0/8[tcp/any]", "10.0.0.0/8[tcp]");
    reads("10.0.0.0/8[47]", "10.0.0.0/8[gre]");
    reads("10.0.0.0/8[253/7]", "10.0.0.0/8[253/7]");
    reads("0.0.0.0/0", "0.0.0.0/0");
    reads("dynamic", "dynamic");
    reads("dynamic[udp/53]", "dynamic[udp/53]");
}

static void icmp_has_type_and_code(void **state)
{
    struct ike_ts t;

    (void)state;
    t = reads("10.0.0.0/8[icmp/8]", "10.0.0.0/8[icmp/8]");
    assert_int_equal(t.port_lo, 0x0800);
    assert_int_equal(t.port_hi, 0x08ff);
    t = reads("2001:db8::/32[icmpv6/3(1)]", "2001:db8::/32[ipv6-icmp/3(1)]");
    assert_int_equal(t.port_lo, 0x0301);
    assert_int_equal(t.port_hi, 0x0301);
}

static void errors_name_the_part(void **state)
{
    (void)state;
    refuses("", "neither dynamic, an address");
    refuses("10.0.0.1/8", "'10.0.0.1/8' is neither dynamic");
    refuses("example.org", "'example.org' is neither");
    refuses("10.0.0.9-10.0.0.1", "neither");
    refuses("10.0.0.0/8[tcp", "']' is missing");
    refuses("10.0.0.0/8[tcp]x", "']' is missing");
    refuses("10.0.0.0/8[]", "protocol ''");
    refuses("10.0.0.0/8[256]", "protocol '256'");
    refuses("10.0.0.0/8[tpc/1]", "protocol 'tpc'");
    refuses("10.0.0.0/8[tcp/]", "'' is neither any, a port");
    refuses("10.0.0.0/8[tcp/65536]", "'65536' is neither");
    refuses("10.0.0.0/8[tcp/2-1]", "'2-1' is neither");
    refuses("10.0.0.0/8[tcp/1-]", "'1-' is neither");
    refuses("10.0.0.0/8[tcp/1x]", "'1x' is neither");
    refuses("10.0.0.0/8[icmp/256]", "'256' is neither");
    refuses("10.0.0.0/8[icmp/8(256)]", "'8(256)' is neither");
    refuses("10.0.0.0/8[icmp/8(0]", "'8(0' is neither");
    refuses("10.0.0.0/8[icmp/8x]", "'8x' is neither");
    refuses("10.0.0.0/8[any/80]", "ports need a protocol");
    refuses("10.0.0.0/8[tcp/00000000000000000000000000000000000000000000000000000000000000000000000"
            "0000000000000000000000000000000000000000000000000000001]",
            "at most 127");
}

static void what_only_a_peer_can_send_has_a_text(void **state)
{
    struct ike_ts t = { .port_lo = 65535, .port_hi = 0, .proto = 6 };
    char buf[IKE_TS_TEXT_LEN];

    (void)state;
    assert_int_equal(ip_range_parse("10.0.0.0/8", &t.range), 0);
    assert_string_equal(ike_ts_text(&t, buf), "10.0.0.0/8[tcp/opaque]");
    t.proto = 0;
    t.port_lo = 1;
    t.port_hi = 2;
    assert_string_equal(ike_ts_text(&t, buf), "10.0.0.0/8[any/1-2]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_swanctl_is_read),
        cmocka_unit_test(icmp_has_type_and_code),
        cmocka_unit_test(errors_name_the_part),
        cmocka_unit_test(what_only_a_peer_can_send_has_a_text),
    };
    return cmocka_run_group_tests_name("ike_ts_text", tests, NULL, NULL);
}
