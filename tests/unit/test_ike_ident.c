/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ike_bytes.h"

#include "ike/types/ident.h"

static struct ike_id reads(const char *text, uint8_t type, const char *data_hex, const char *back)
{
    char buf[IKE_ID_TEXT_LEN];
    struct ike_id id, again;
    struct err err;

    if (ike_id_parse(text, &id, &err))
        fail_msg("%s: %s", text, err.text);
    assert_int_equal(id.type, type);
    test_assert_bytes(span_of(id.data, id.len), data_hex);
    assert_string_equal(ike_id_text(&id, buf), back);
    assert_int_equal(ike_id_parse(back, &again, &err), 0);
    assert_true(ike_id_eq(&id, &again));
    return id;
}

static void refuses(const char *text, int code, const char *part)
{
    struct ike_id id = { .type = 77 };
    struct err err;
    int rc = ike_id_parse(text, &id, &err);

    test_assert_err(rc, &err, code, part);
    assert_int_equal(id.type, 77);
}

static void the_text_shows_the_type(void **state)
{
    (void)state;
    reads("gw.example", IKE_ID_FQDN, "67772e6578616d706c65", "gw.example");
    reads("@gw", IKE_ID_FQDN, "6777", "gw");
    reads("a@b", IKE_ID_EMAIL, "614062", "a@b");
    reads("192.0.2.1", IKE_ID_IPV4, "c0000201", "192.0.2.1");
    reads("2001:db8::1", IKE_ID_IPV6, "20010db8000000000000000000000001", "2001:db8::1");
    reads("keyid:0x00ff", IKE_ID_KEY, "00ff", "keyid:0x00ff");
    reads("keyid:ab", IKE_ID_KEY, "6162", "keyid:0x6162");
    reads("%any", 0, "", "%any");
}

static void a_name_that_looks_like_something_else_keeps_its_type(void **state)
{
    (void)state;
    reads("fqdn:192.0.2.1", IKE_ID_FQDN, "3139322e302e322e31", "fqdn:192.0.2.1");
    reads("@a@b", IKE_ID_FQDN, "614062", "fqdn:a@b");
    reads("email:ab", IKE_ID_EMAIL, "6162", "email:ab");
    reads("fqdn:@a", IKE_ID_FQDN, "4061", "fqdn:@a");
}

static void what_is_not_supported_is_refused_by_name(void **state)
{
    char longest[IKE_ID_MAX + 2];

    (void)state;
    refuses("", ERR_INVALID, "empty");
    refuses("@", ERR_INVALID, "empty");
    refuses("keyid:", ERR_INVALID, "empty");
    refuses("keyid:0x", ERR_INVALID, "hex digits");
    refuses("keyid:0x123", ERR_INVALID, "hex digits");
    refuses("keyid:0xzz", ERR_INVALID, "hex digits");
    refuses("user@", ERR_INVALID, "empty part");
    refuses("*.example", ERR_UNSUPPORTED, "wildcards");
    refuses("C=CH, CN=gw", ERR_UNSUPPORTED, "distinguished names");
    refuses("a b", ERR_INVALID, "character 2 is not printable");
    refuses("gw\xc3\xa4", ERR_INVALID, "character 3 is not printable");
    memset(longest, 'a', sizeof longest);
    longest[IKE_ID_MAX + 1] = '\0';
    refuses(longest, ERR_INVALID, "257 bytes, at most 256");
}

static void the_bound_is_on_the_bytes_not_on_their_text(void **state)
{
    char text[8 + 2 * IKE_ID_MAX + 2 + 1];
    struct ike_id id;

    (void)state;
    memset(text, 'a', sizeof text);
    memcpy(text, "keyid:0x", 8);
    text[8 + 2 * IKE_ID_MAX] = '\0';
    assert_int_equal(ike_id_parse(text, &id, NULL), 0);
    assert_int_equal(id.len, IKE_ID_MAX);
    text[8 + 2 * IKE_ID_MAX] = 'a';
    text[8 + 2 * IKE_ID_MAX + 2] = '\0';
    refuses(text, ERR_INVALID, "at most 256");
    memcpy(text, "keyid:aa", 8);
    text[6 + IKE_ID_MAX + 1] = '\0';
    refuses(text, ERR_INVALID, "257 bytes, at most 256");
    memcpy(text, "fqdn:a", 6);
    text[5 + IKE_ID_MAX] = '\0';
    assert_int_equal(ike_id_parse(text, &id, NULL), 0);
    assert_int_equal(id.len, IKE_ID_MAX);
}

static void a_peer_cannot_put_control_characters_in_our_log(void **state)
{
    struct ike_id id = { .type = IKE_ID_FQDN, .len = 4, .data = { 'a', '\n', 0x1b, 0 } };
    char buf[IKE_ID_TEXT_LEN];

    (void)state;
    assert_string_equal(ike_id_text(&id, buf), "fqdn:a\\x0a\\x1b\\x00");
    id.type = IKE_ID_DN;
    assert_string_equal(ike_id_text(&id, buf), "type9:0x610a1b00");
    id.type = IKE_ID_IPV4;
    id.len = 3; /* not an address at all */
    assert_string_equal(ike_id_text(&id, buf), "type1:0x610a1b");
    id.type = IKE_ID_FQDN;
    id.len = IKE_ID_MAX;
    ike_id_text(&id, buf);
    assert_string_equal(buf + strlen(buf) - 3, "...");
}

static void names_are_compared_without_case_and_keys_with(void **state)
{
    struct ike_id a = reads("GW.Example", IKE_ID_FQDN, "47572e4578616d706c65", "GW.Example");
    struct ike_id b = reads("gw.example", IKE_ID_FQDN, "67772e6578616d706c65", "gw.example");
    struct ike_id c = reads("gw.examplf", IKE_ID_FQDN, "67772e6578616d706c66", "gw.examplf");
    struct ike_id k1 = reads("keyid:ab", IKE_ID_KEY, "6162", "keyid:0x6162");
    struct ike_id k2 = reads("keyid:AB", IKE_ID_KEY, "4142", "keyid:0x4142");
    struct ike_id f = reads("ab", IKE_ID_FQDN, "6162", "ab");

    (void)state;
    assert_true(ike_id_eq(&a, &b));
    assert_false(ike_id_eq(&b, &c));
    assert_false(ike_id_eq(&k1, &k2));
    assert_false(ike_id_eq(&k1, &f));
    assert_false(ike_id_eq(&f, &b));
}

static void any_expects_nothing(void **state)
{
    struct ike_id any = { 0 };
    struct ike_id a = reads("a", IKE_ID_FQDN, "61", "a"), b = reads("b", IKE_ID_FQDN, "62", "b");

    (void)state;
    assert_true(ike_id_match(&any, &a));
    assert_true(ike_id_match(&a, &a));
    assert_false(ike_id_match(&a, &b));
    assert_false(ike_id_match(&a, &any)); /* a peer cannot be anybody */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_text_shows_the_type),
        cmocka_unit_test(a_name_that_looks_like_something_else_keeps_its_type),
        cmocka_unit_test(what_is_not_supported_is_refused_by_name),
        cmocka_unit_test(the_bound_is_on_the_bytes_not_on_their_text),
        cmocka_unit_test(a_peer_cannot_put_control_characters_in_our_log),
        cmocka_unit_test(names_are_compared_without_case_and_keys_with),
        cmocka_unit_test(any_expects_nothing),
    };
    return cmocka_run_group_tests_name("ike_ident", tests, NULL, NULL);
}
