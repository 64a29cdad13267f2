/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ike_payload_bytes.h"

#include "ike/core/codec/codec.h"

static const struct ike_header header = { .spi_i = 0x0102030405060708,
                                          .spi_r = 0x11,
                                          .version = IKE_VERSION_2,
                                          .exchange = IKE_SA_INIT,
                                          .flags = IKE_FLAG_INITIATOR };

static void add(struct ike_payloads *list, uint8_t type, struct test_bytes *bytes)
{
    list->p[list->n++] = (struct ike_payload){ .type = type, .body = test_span(bytes) };
}

static void each_payload_has_a_line(void **state)
{
    struct test_bytes ke = test_hex("001f0000 aabbcc"), sk = test_hex("00");
    struct test_bytes id = test_hex("02000000 6777"), auth = test_hex("02000000 aabb");
    struct test_bytes cert = test_hex("04 aabb"), del = test_hex("03 04 0001 c1020304");
    struct test_bytes notify = test_hex("03 04 4009 c1020304 aa"), vendor = test_hex("610a");
    struct test_bytes nonce = test_hex("000102030405060708090a0b0c0d0e0f");
    struct ike_payloads outer = { 0 }, inner = { 0 };
    char buf[IKE_DUMP_LEN];

    (void)state;
    add(&outer, IKE_PL_KE, &ke);
    add(&outer, IKE_PL_NONCE, &nonce);
    add(&outer, IKE_PL_VENDOR, &vendor);
    add(&outer, 200, &vendor);
    outer.p[3].critical = true;
    add(&outer, IKE_PL_SK, &sk);
    add(&inner, IKE_PL_IDI, &id);
    add(&inner, IKE_PL_AUTH, &auth);
    add(&inner, IKE_PL_CERTREQ, &cert);
    add(&inner, IKE_PL_NOTIFY, &notify);
    add(&inner, IKE_PL_DELETE, &del);
    assert_string_equal(ike_dump(&header, &outer, &inner, buf, sizeof buf),
                        "IKE_SA_INIT(34) request initiator id=0 spi_i=0102030405060708 "
                        "spi_r=0000000000000011 0 bytes\n"
                        "  KE CURVE_25519(31) 3 bytes\n"
                        "  Nonce 16 bytes\n"
                        "  V a\\x0a\n"
                        "  unknown(200) critical 2 bytes\n"
                        "  SK 1 bytes\n"
                        "    IDi gw\n"
                        "    AUTH method 2, 2 bytes\n"
                        "    CERTREQ encoding 4, 2 bytes\n"
                        "    N REKEY_SA(16393) ESP spi=c1020304 1 bytes\n"
                        "    D ESP spi=c1020304\n");
}

static void proposals_and_selectors_are_written_as_configured(void **state)
{
    struct test_bytes sa = test_hex("02 00 000d 01 07 05 00 0102030405"
                                    "00 00 0020 02 03 04 02 c1020304"
                                    "  03 00 000c 01 00 0014 800e 0100  00 00 0008 05 00 0001");
    struct test_bytes ts = test_hex("02 000000 09 00 0008 00000000"
                                    "07 06 0010 0050 0050 0a000000 0affffff");
    struct test_bytes odd = test_hex("07 04 4009 c1020304");
    struct ike_payloads outer = { 0 };
    char buf[IKE_DUMP_LEN];

    (void)state;
    add(&outer, IKE_PL_SA, &sa);
    add(&outer, IKE_PL_TSR, &ts);
    add(&outer, IKE_PL_NOTIFY, &odd);
    ike_dump(&header, &outer, NULL, buf, sizeof buf);
    assert_non_null(strstr(buf, "\n  SA #2 ESP aes256gcm16-esn spi=c1020304 (1 skipped)\n"
                                "  TSr 10.0.0.0/8[tcp/80] (1 skipped)\n"
                                "  N REKEY_SA(16393) unknown spi=c1020304\n"));
}

static void malformed_bodies_show_the_reason(void **state)
{
    static const uint8_t types[] = { IKE_PL_SA,   IKE_PL_KE,    IKE_PL_IDI,    IKE_PL_CERT,
                                     IKE_PL_AUTH, IKE_PL_NONCE, IKE_PL_NOTIFY, IKE_PL_DELETE,
                                     IKE_PL_TSI,  IKE_PL_VENDOR };
    struct test_bytes empty = { 0 };
    char buf[IKE_DUMP_LEN];

    (void)state;
    for (size_t i = 0; i < sizeof types; i++) {
        struct ike_payloads outer = { 0 };

        add(&outer, types[i], &empty);
        ike_dump(&header, &outer, NULL, buf, sizeof buf);
        assert_non_null(strstr(buf, " malformed: "));
    }
}

static void a_small_buffer_is_cut_and_terminated(void **state)
{
    struct ike_payloads outer = { 0 };
    char buf[64];

    (void)state;
    memset(buf, 'x', sizeof buf);
    ike_dump(&header, &outer, NULL, buf, 32);
    assert_int_equal(strlen(buf), 31);
    assert_string_equal(buf + 28, "...");
    assert_int_equal(buf[32], 'x');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_payload_has_a_line),
        cmocka_unit_test(proposals_and_selectors_are_written_as_configured),
        cmocka_unit_test(malformed_bodies_show_the_reason),
        cmocka_unit_test(a_small_buffer_is_cut_and_terminated),
    };
    return cmocka_run_group_tests_name("codec_dump", tests, NULL, NULL);
}
