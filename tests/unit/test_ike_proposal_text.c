/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ike_bytes.h"

#include "ike/types/proposal.h"

static void reads(const char *text, enum ike_protocol proto, const char *want)
{
    char buf[IKE_PROPOSAL_TEXT_LEN];
    struct ike_proposal p, back;
    struct err err;

    if (ike_proposal_parse(text, proto, &p, &err))
        fail_msg("%s: %s", text, err.text);
    assert_int_equal(p.num, 1);
    assert_int_equal(p.proto, proto);
    assert_string_equal(ike_proposal_text(&p, buf), want);
    assert_int_equal(ike_proposal_parse(want, proto, &back, &err), 0);
    assert_true(ike_proposal_eq(&p, &back));
}

static void refuses(const char *text, enum ike_protocol proto, int code, const char *part)
{
    struct ike_proposal p = { .num = 77 };
    struct err err;
    int rc = ike_proposal_parse(text, proto, &p, &err);

    test_assert_err(rc, &err, code, part);
    assert_int_equal(p.num, 77);
}

static void keywords_become_transforms_with_registry_numbers(void **state)
{
    struct ike_proposal p;

    (void)state;
    assert_int_equal(ike_proposal_parse("aes192gcm16-prfsha512-ecp256", IKE_PROTO_IKE, &p, NULL),
                     0);
    assert_int_equal(p.n_transforms, 3);
    assert_int_equal(p.transforms[0].type, 1);
    assert_int_equal(p.transforms[0].id, 20);
    assert_int_equal(p.transforms[0].key_bits, 192);
    assert_int_equal(p.transforms[1].type, 2);
    assert_int_equal(p.transforms[1].id, 7);
    assert_int_equal(p.transforms[1].key_bits, 0);
    assert_int_equal(p.transforms[2].type, 4);
    assert_int_equal(p.transforms[2].id, 19);
}

static void the_prf_follows_the_integrity_keyword(void **state)
{
    (void)state;
    reads("aes256-sha384-modp2048", IKE_PROTO_IKE, "aes256-sha384-modp2048-prfsha384");
    reads("aes128-sha256-sha512-x25519", IKE_PROTO_IKE,
          "aes128-sha256-sha512-x25519-prfsha256-prfsha512");
    reads("aes128-sha256-prfsha512-x25519", IKE_PROTO_IKE, "aes128-sha256-prfsha512-x25519");
}

static void with_aead_an_integrity_keyword_only_names_the_prf(void **state)
{
    (void)state;
    reads("aes256gcm16-sha384-x25519", IKE_PROTO_IKE, "aes256gcm16-x25519-prfsha384");
    reads("aes256gcm16-sha256-prfsha384-x25519", IKE_PROTO_IKE, "aes256gcm16-prfsha384-x25519");
}

static void aliases_are_read_and_not_written(void **state)
{
    (void)state;
    reads("aes128gcm128-sha2_256-curve25519", IKE_PROTO_IKE, "aes128gcm16-x25519-prfsha256");
}

static void esp_offers_both_sequence_number_sizes_unless_told(void **state)
{
    (void)state;
    reads("aes256gcm16", IKE_PROTO_ESP, "aes256gcm16-esn-noesn");
    reads("aes256gcm16-noesn", IKE_PROTO_ESP, "aes256gcm16-noesn");
    reads("aes128gcm16-x25519-noesn-esn", IKE_PROTO_ESP, "aes128gcm16-x25519-noesn-esn");
}

static void an_ike_proposal_must_be_whole(void **state)
{
    (void)state;
    refuses("aes256gcm16-x25519", IKE_PROTO_IKE, ERR_INVALID, "lacks a PRF keyword (prfsha256");
    refuses("aes256-prfsha256-x25519", IKE_PROTO_IKE, ERR_INVALID, "lacks an integrity keyword");
    refuses("aes256gcm16-prfsha256", IKE_PROTO_IKE, ERR_INVALID, "lacks a key exchange keyword");
    refuses("prfsha256-x25519", IKE_PROTO_IKE, ERR_INVALID, "lacks an encryption keyword");
    refuses("aes256gcm16-aes256-sha256-x25519", IKE_PROTO_IKE, ERR_INVALID, "mixes AES-GCM");
    refuses("esn", IKE_PROTO_ESP, ERR_INVALID, "lacks an encryption keyword");
}

static void errors_name_the_keyword_and_what_is_supported(void **state)
{
    (void)state;
    refuses("aes256gcm16-sha1-x25519", IKE_PROTO_IKE, ERR_UNSUPPORTED,
            "IKE proposal: keyword 'sha1'");
    refuses("3des", IKE_PROTO_IKE, ERR_UNSUPPORTED, "supported: aes128gcm16");
    refuses("aes256gcm16-prfsha256-x25519-esn", IKE_PROTO_IKE, ERR_UNSUPPORTED, "'esn'");
    refuses("aes256-sha256", IKE_PROTO_ESP, ERR_UNSUPPORTED,
            "ESP proposal: keyword 'aes256' is not supported; supported: aes128gcm16 aes256gcm16 ");
    refuses("aes192gcm16", IKE_PROTO_ESP, ERR_UNSUPPORTED, "'aes192gcm16'");
    refuses("aes256gcm16-prfsha256", IKE_PROTO_ESP, ERR_UNSUPPORTED, "'prfsha256'");
    refuses("aes256gcm16-aes256gcm128", IKE_PROTO_ESP, ERR_INVALID,
            "'aes256gcm128' is there twice");
    refuses("", IKE_PROTO_ESP, ERR_INVALID, "empty keyword");
    refuses("aes256gcm16-", IKE_PROTO_ESP, ERR_INVALID, "empty keyword");
    refuses("aes256gcm16--esn", IKE_PROTO_ESP, ERR_INVALID, "empty keyword");
    refuses("aes256gcm16aes256gcm16aes256gcm16", IKE_PROTO_ESP, ERR_INVALID, "too long a keyword");
    refuses("aes256gcm16", IKE_PROTO_AH, ERR_UNSUPPORTED, "protocol 2");
}

static void the_defaults_are_two_proposals_each(void **state)
{
    struct ike_proposal p[IKE_PROPOSALS_MAX], one;
    char buf[IKE_PROPOSAL_TEXT_LEN];

    (void)state;
    assert_int_equal(ike_proposal_defaults(IKE_PROTO_IKE, p), 2);
    assert_string_equal(ike_proposal_text(&p[0], buf),
                        "aes256gcm16-aes128gcm16-prfsha384-prfsha256-x25519-ecp256-modp2048");
    assert_string_equal(ike_proposal_text(&p[1], buf),
                        "aes256-aes128-sha384-sha256-prfsha384-prfsha256-x25519-ecp256-modp2048");
    assert_int_equal(p[1].num, 2);
    assert_int_equal(ike_proposal_parse("default", IKE_PROTO_IKE, &one, NULL), 0);
    assert_true(ike_proposal_eq(&one, &p[0]));
    assert_int_equal(ike_proposal_defaults(IKE_PROTO_ESP, p), 2);
    assert_string_equal(ike_proposal_text(&p[0], buf), "aes256gcm16-aes128gcm16-x25519-esn-noesn");
    assert_string_equal(ike_proposal_text(&p[1], buf), "aes256gcm16-aes128gcm16-esn-noesn");
}

static void foreign_transforms_have_a_text_too(void **state)
{
    const struct ike_proposal p = {
        .n_transforms = 4,
        .transforms = { { .type = IKE_TT_ENCR, .id = 13, .key_bits = 256 },
                        { .type = IKE_TT_KE, .id = 35 },
                        { .type = 6, .id = 36 },
                        { .type = IKE_TT_KE, .id = 31, .unusable = true } },
    };
    struct ike_proposal big = { .n_transforms = IKE_TRANSFORMS_MAX };
    char buf[IKE_PROPOSAL_TEXT_LEN];

    (void)state;
    assert_string_equal(ike_proposal_text(&p, buf), "encr13_256-ke35-type6:36-!x25519");
    for (size_t i = 0; i < IKE_TRANSFORMS_MAX; i++)
        big.transforms[i] = (struct ike_transform){ .type = 1, .id = 65535, .key_bits = 65535 };
    ike_proposal_text(&big, buf);
    assert_int_equal(strlen(buf), IKE_PROPOSAL_TEXT_LEN - 1);
    assert_string_equal(buf + IKE_PROPOSAL_TEXT_LEN - 4, "...");
}

static void names_are_those_vici_shows(void **state)
{
    const struct ike_transform gcm = { .type = IKE_TT_ENCR, .id = 20, .key_bits = 256 };
    const struct ike_transform prf = { .type = IKE_TT_PRF, .id = 6 };
    const struct ike_transform ke = { .type = IKE_TT_KE, .id = 31 };
    const struct ike_transform other = { .type = IKE_TT_KE, .id = 99 };

    (void)state;
    assert_string_equal(ike_transform_name(&gcm), "AES_GCM_16");
    assert_string_equal(ike_transform_name(&prf), "PRF_HMAC_SHA2_384");
    assert_string_equal(ike_transform_name(&ke), "CURVE_25519");
    assert_string_equal(ike_transform_name(&other), "unknown");
}

static void a_suite_is_written_without_none(void **state)
{
    const struct ike_suite s = {
        .encr = { .type = IKE_TT_ENCR, .id = 20, .key_bits = 128 },
        .integ = { .type = IKE_TT_INTEG, .id = IKE_INTEG_NONE },
        .esn = { .type = IKE_TT_ESN, .id = IKE_ESN_NO },
    };
    char buf[IKE_PROPOSAL_TEXT_LEN];

    (void)state;
    assert_string_equal(ike_suite_text(&s, buf), "aes128gcm16-noesn");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keywords_become_transforms_with_registry_numbers),
        cmocka_unit_test(the_prf_follows_the_integrity_keyword),
        cmocka_unit_test(with_aead_an_integrity_keyword_only_names_the_prf),
        cmocka_unit_test(aliases_are_read_and_not_written),
        cmocka_unit_test(esp_offers_both_sequence_number_sizes_unless_told),
        cmocka_unit_test(an_ike_proposal_must_be_whole),
        cmocka_unit_test(errors_name_the_keyword_and_what_is_supported),
        cmocka_unit_test(the_defaults_are_two_proposals_each),
        cmocka_unit_test(foreign_transforms_have_a_text_too),
        cmocka_unit_test(names_are_those_vici_shows),
        cmocka_unit_test(a_suite_is_written_without_none),
    };
    return cmocka_run_group_tests_name("ike_proposal_text", tests, NULL, NULL);
}
