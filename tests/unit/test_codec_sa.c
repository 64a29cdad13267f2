/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ike_payload_bytes.h"

#include "ike/core/codec/sa.h"

/* Two proposals of RFC 7296 section 3.3: IKE with AES-GCM-256, PRF and KE;
 * and one with an SPI, as when an IKE SA is rekeyed. */
static const char body[] = "02 00 0024 01 01 00 03"
                           "  03 00 000c 01 00 0014 800e 0100"
                           "  03 00 0008 02 00 0005"
                           "  00 00 0008 04 00 001f"
                           "00 00 001c 02 01 08 01 f0f1f2f3f4f5f6f7"
                           "  00 00 000c 01 00 000c 800e 0080";

static int read_hex(const char *hex, struct ike_sa_payload *ret, struct err *err)
{
    struct test_bytes in = test_hex(hex);
    struct span exact = test_exact(test_span(&in));
    int rc = ike_sa_read(exact, ret, err);

    free((void *)(uintptr_t)exact.p);
    return rc;
}

static void refuses(const char *hex, const char *part)
{
    struct ike_sa_payload sa = { .n = 77 };
    struct err err;

    test_assert_err(read_hex(hex, &sa, &err), &err, ERR_MALFORMED, part);
    assert_int_equal(sa.n, 77);
}

static void proposals_are_read_and_written(void **state)
{
    struct ike_sa_payload sa;
    struct test_msg m;
    char want[512];

    (void)state;
    assert_int_equal(read_hex(body, &sa, NULL), 0);
    assert_int_equal(sa.n, 2);
    assert_int_equal(sa.n_skipped, 0);
    assert_int_equal(sa.proposals[0].num, 1);
    assert_int_equal(sa.proposals[0].proto, IKE_PROTO_IKE);
    assert_int_equal(sa.proposals[0].spi_len, 0);
    assert_int_equal(sa.proposals[0].n_transforms, 3);
    assert_int_equal(sa.proposals[0].transforms[0].type, IKE_TT_ENCR);
    assert_int_equal(sa.proposals[0].transforms[0].id, IKE_ENCR_AES_GCM_16);
    assert_int_equal(sa.proposals[0].transforms[0].key_bits, 256);
    assert_false(sa.proposals[0].transforms[0].unusable);
    assert_int_equal(sa.proposals[0].transforms[1].id, IKE_PRF_HMAC_SHA2_256);
    assert_int_equal(sa.proposals[0].transforms[2].id, IKE_KE_X25519);
    assert_int_equal(sa.proposals[1].num, 2);
    test_assert_bytes(span_of(sa.proposals[1].spi, sa.proposals[1].spi_len), "f0f1f2f3f4f5f6f7");
    test_msg_begin(&m);
    ike_sa_write(&m.msg, sa.proposals, sa.n);
    snprintf(want, sizeof want, "00 00 0044 %s", body);
    test_msg_is(&m, IKE_PL_SA, want);
}

static int read_only(struct span s, struct err *err)
{
    struct ike_sa_payload sa;

    return ike_sa_read(s, &sa, err);
}

static void no_prefix_is_accepted(void **state)
{
    struct test_bytes in = test_hex(body);

    (void)state;
    test_prefixes_refused(test_span(&in), read_only);
}

static void lengths_counts_and_markers_must_agree(void **state)
{
    (void)state;
    refuses("", "proposal length does not fit");
    refuses("00 00 0007 01 01 00", "proposal length does not fit");
    refuses("00 00 0009 01 01 00 00", "proposal length does not fit");
    refuses("02 00 0008 01 01 00 00", "last marker is 2 with 0 bytes to come");
    refuses("00 00 0008 01 01 00 00 00 00 0008 02 01 00 00", "last marker is 0 with 8 bytes");
    refuses("01 00 0008 01 01 00 00", "last marker is 1");
    refuses("00 00 0010 01 01 00 00 00 00 0008 02 00 0005",
            "proposal 1: 8 bytes after its 0 transforms");
    refuses("00 00 0010 01 01 00 02 03 00 0008 02 00 0005", "transform length does not fit");
    refuses("00 00 0010 01 01 00 01 03 00 0008 02 00 0005", "transform's last marker is 3 instead");
    refuses("00 00 0010 01 01 00 01 00 00 0007 02 00 0005", "transform length does not fit");
    refuses("00 00 0010 01 01 00 01 00 00 0009 02 00 0005", "transform length does not fit");
    refuses("00 00 0018 01 01 00 02 00 00 0008 02 00 0005 00 00 0008 02 00 0005",
            "last marker is 0 instead of 3");
    refuses("00 00 0012 01 01 00 01 00 00 000a 01 00 0014 800e", "an attribute ends beyond");
    refuses("00 00 0014 01 01 00 01 00 00 000c 01 00 0014 000f 0001", "an attribute ends beyond");
}

static void spi_sizes_are_those_of_the_protocol(void **state)
{
    (void)state;
    refuses("00 00 000c 01 01 04 00 00000000", "proposal 1: SPI size 4 for protocol 1");
    refuses("00 00 0008 01 03 00 00", "SPI size 0 for protocol 3");
    refuses("00 00 000b 01 03 03 00 000000", "SPI size 3 for protocol 3");
    refuses("00 00 000b 01 03 04 00 000000", "its SPI does not fit");
    refuses("00 00 000b 01 07 04 00 000000", "its SPI does not fit");
}

static void proposals_are_numbered_in_a_row(void **state)
{
    struct ike_sa_payload sa;

    (void)state;
    refuses("00 00 0008 00 01 00 00", "proposal number 0");
    refuses("02 00 0008 01 01 00 00 00 00 0008 03 01 00 00", "proposal number 3 after 1");
    refuses("02 00 0008 01 01 00 00 00 00 0008 01 01 00 00", "proposal number 1 after 1");
    assert_int_equal(read_hex("00 00 0008 02 01 00 00", &sa, NULL), 0); /* an answer may say 2 */
    assert_int_equal(sa.proposals[0].num, 2);
}

static void one_transform(const char *attrs, unsigned attrs_len, uint16_t key_bits, bool unusable)
{
    struct ike_sa_payload sa;
    char hex[128];

    snprintf(hex, sizeof hex, "00 00 %04x 01 01 00 01 00 00 %04x 01 00 0014 %s", 16 + attrs_len,
             8 + attrs_len, attrs);
    assert_int_equal(read_hex(hex, &sa, NULL), 0);
    assert_int_equal(sa.proposals[0].transforms[0].key_bits, key_bits);
    assert_int_equal(sa.proposals[0].transforms[0].unusable, unusable);
}

static void attributes_we_do_not_know_make_a_transform_unusable(void **state)
{
    (void)state;
    one_transform("", 0, 0, false);
    one_transform("800e0080", 4, 128, false);
    one_transform("800f0001", 4, 0, true);            /* another number */
    one_transform("800e0080 800f0001", 8, 128, true); /* one more */
    one_transform("000f0003 aabbcc", 7, 0, true);     /* the long form */
    one_transform("000e0002 0080", 6, 0, true);       /* key length must be TV */
    one_transform("800e0080 800e0100", 8, 128, true); /* twice */
    one_transform("800e0000", 4, 0, true);            /* no bits at all */
}

static void unknown_protocols_are_skipped(void **state)
{
    struct ike_sa_payload sa;

    (void)state;
    assert_int_equal(
        read_hex("02 00 000d 01 07 05 00 0102030405 00 00 0008 02 01 00 00", &sa, NULL), 0);
    assert_int_equal(sa.n, 1);
    assert_int_equal(sa.n_skipped, 1);
    assert_int_equal(sa.proposals[0].num, 2);
}

/* `n` proposals of `t` transforms each. */
static int read_many(unsigned n, unsigned t, struct ike_sa_payload *ret)
{
    static uint8_t buf[100000];
    struct wr wr;

    wr_init(&wr, buf, sizeof buf);
    for (unsigned i = 1; i <= n; i++) {
        wr_be16(&wr, i < n ? 0x0200 : 0);
        wr_be16(&wr, (uint16_t)(8 + 8 * t));
        wr_u8(&wr, (uint8_t)i);
        wr_u8(&wr, IKE_PROTO_IKE);
        wr_u8(&wr, 0);
        wr_u8(&wr, (uint8_t)t);
        for (unsigned j = 1; j <= t; j++) {
            wr_be16(&wr, j < t ? 0x0300 : 0);
            wr_be16(&wr, 8);
            wr_be16(&wr, 0x0200);
            wr_be16(&wr, (uint16_t)j);
        }
    }
    return ike_sa_read(wr_span_of(&wr), ret, NULL);
}

static void what_is_beyond_our_limits_is_skipped_not_cut(void **state)
{
    struct ike_sa_payload sa;

    (void)state;
    assert_int_equal(read_many(IKE_PROPOSALS_MAX + 2, 1, &sa), 0);
    assert_int_equal(sa.n, IKE_PROPOSALS_MAX);
    assert_int_equal(sa.n_skipped, 2);
    assert_int_equal(read_many(2, IKE_TRANSFORMS_MAX, &sa), 0);
    assert_int_equal(sa.n, 2);
    assert_int_equal(sa.proposals[1].transforms[IKE_TRANSFORMS_MAX - 1].id, IKE_TRANSFORMS_MAX);
    assert_int_equal(read_many(2, IKE_TRANSFORMS_MAX + 1, &sa), 0);
    assert_int_equal(sa.n, 0);
    assert_int_equal(sa.n_skipped, 2);
    assert_int_equal(read_many(255, 0, &sa), 0);
    assert_int_equal(sa.n_skipped, 255 - IKE_PROPOSALS_MAX);
    assert_int_equal(read_many(256, 0, &sa), ERR_MALFORMED); /* the numbers run out */
}

static void a_suite_becomes_the_proposal_that_answers(void **state)
{
    const struct ike_suite suite = {
        .encr = { .type = IKE_TT_ENCR, .id = IKE_ENCR_AES_GCM_16, .key_bits = 256 },
        .esn = { .type = IKE_TT_ESN, .id = IKE_ESN_YES },
    };
    struct ike_proposal p;
    struct test_msg m;

    (void)state;
    ike_sa_from_suite(&suite, 3, IKE_PROTO_ESP, span_of("\xc1\x02\x03\x04", 4), &p);
    test_msg_begin(&m);
    ike_sa_write(&m.msg, &p, 1);
    test_msg_is(&m, IKE_PL_SA,
                "00 00 0024  00 00 0020 03 03 04 02 c1020304"
                "  03 00 000c 01 00 0014 800e 0100  00 00 0008 05 00 0001");
    ike_sa_from_suite(&suite, 1, IKE_PROTO_IKE, span_of(NULL, 0), &p);
    assert_int_equal(p.spi_len, 0);
    ike_sa_from_suite(&suite, 1, IKE_PROTO_IKE, span_of("123456789", 9), &p);
    assert_int_equal(p.spi_len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proposals_are_read_and_written),
        cmocka_unit_test(no_prefix_is_accepted),
        cmocka_unit_test(lengths_counts_and_markers_must_agree),
        cmocka_unit_test(spi_sizes_are_those_of_the_protocol),
        cmocka_unit_test(proposals_are_numbered_in_a_row),
        cmocka_unit_test(attributes_we_do_not_know_make_a_transform_unusable),
        cmocka_unit_test(unknown_protocols_are_skipped),
        cmocka_unit_test(what_is_beyond_our_limits_is_skipped_not_cut),
        cmocka_unit_test(a_suite_becomes_the_proposal_that_answers),
    };
    return cmocka_run_group_tests_name("codec_sa", tests, NULL, NULL);
}
