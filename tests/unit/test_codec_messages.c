/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole messages made by scapy (tests/vectors/ike_messages.hex): read, written
 * again byte for byte, cut at each byte, and with each bit turned.
 */
#include "tests/lib/ike_bytes.h"
#include "tests/lib/ike_recode.h"

#include "ike/core/codec/codec.h"

#define N_MAX 32

static struct message {
    char name[64];
    struct test_bytes bytes;
} messages[N_MAX];
static size_t n_messages;

static int load(void **state)
{
    static char line[32768];
    FILE *f = fopen("tests/vectors/ike_messages.hex", "r");

    (void)state;
    if (!f)
        return -1;
    while (fgets(line, sizeof line, f)) {
        char *hex = strchr(line, ' ');

        if (line[0] == '#' || !hex || n_messages == N_MAX)
            continue;
        *hex++ = '\0';
        snprintf(messages[n_messages].name, sizeof messages->name, "%.63s", line);
        messages[n_messages++].bytes = test_hex(hex);
    }
    fclose(f);
    return n_messages ? 0 : -1;
}

static struct span find(const char *name)
{
    for (size_t i = 0; i < n_messages; i++)
        if (!strcmp(messages[i].name, name))
            return test_span(&messages[i].bytes);
    fail_msg("no message %s", name);
    return span_of(NULL, 0);
}

static void parse(struct span m, struct ike_header *h, struct ike_payloads *list)
{
    struct err err = { .text = "" };

    if (ike_header_read(m, h, &err) || ike_header_check(h, m.len, &err) ||
        ike_payloads_read(h->next_payload, m, IKE_HEADER_LEN, list, &err) ||
        ike_payloads_check(list, &err))
        fail_msg("%s", err.text);
}

static void each_message_comes_back_byte_for_byte(void **state)
{
    static uint8_t buf[IKE_MESSAGE_MAX];

    (void)state;
    assert_int_equal(n_messages, 13);
    for (size_t i = 0; i < n_messages; i++) {
        struct span got, want = test_span(&messages[i].bytes);
        struct err err;

        if (ike_recode(want, buf, sizeof buf, &got, &err))
            fail_msg("%s: %s", messages[i].name, err.text);
        assert_int_equal(got.len, want.len);
        assert_memory_equal(got.p, want.p, want.len);
    }
}

static void dump_is(const char *name, const char *want)
{
    char buf[IKE_DUMP_LEN];
    struct ike_payloads list;
    struct ike_header h;

    parse(find(name), &h, &list);
    ike_dump(&h, &list, NULL, buf, sizeof buf);
    assert_string_equal(strchr(buf, '\n') + 1, want);
}

static void each_message_means_what_was_built(void **state)
{
    (void)state;
    dump_is("sa_init_request",
            "  SA #1 IKE aes256gcm16-aes128gcm16-prfsha384-prfsha256-x25519-ecp256"
            " #2 IKE aes256-aes128-sha384-sha256-prfsha384-prfsha256-x25519-modp2048\n"
            "  KE CURVE_25519(31) 32 bytes\n"
            "  Nonce 32 bytes\n"
            "  N NAT_DETECTION_SOURCE_IP(16388) 20 bytes\n"
            "  N NAT_DETECTION_DESTINATION_IP(16389) 20 bytes\n"
            "  N SIGNATURE_HASH_ALGORITHMS(16431) 6 bytes\n"
            "  N IKEV2_FRAGMENTATION_SUPPORTED(16430)\n"
            "  V ipsec-offload\n");
    dump_is("sa_init_invalid_ke", "  N INVALID_KE_PAYLOAD(17) 2 bytes\n");
    dump_is("auth_encrypted", "  SK 96 bytes\n");
    dump_is("auth_request_inside", "  IDi left.example\n"
                                   "  N INITIAL_CONTACT(16384)\n"
                                   "  IDr right.example\n"
                                   "  AUTH method 2, 48 bytes\n"
                                   "  SA #1 ESP aes256gcm16-aes128gcm16-esn-noesn spi=c1020304\n"
                                   "  TSi 10.1.0.7/32[udp/4000] 10.1.0.0/16\n"
                                   "  TSr 10.2.0.0/16\n");
    dump_is("auth_response_inside", "  IDr 192.0.2.2\n"
                                    "  AUTH method 2, 48 bytes\n"
                                    "  SA #1 ESP aes256gcm16-esn spi=c5060708\n"
                                    "  TSi 10.1.0.0/16\n"
                                    "  TSr 10.2.0.0/16\n");
    dump_is("rekey_child_inside",
            "  N REKEY_SA(16393) ESP spi=c1020304\n"
            "  SA #1 ESP aes256gcm16-aes128gcm16-x25519-esn-noesn spi=c90a0b0c\n"
            "  Nonce 32 bytes\n"
            "  KE CURVE_25519(31) 32 bytes\n"
            "  TSi 2001:db8:1::/112\n"
            "  TSr 2001:db8:2::/112\n");
    dump_is("rekey_ike_inside", "  SA #1 IKE aes256gcm16-prfsha384-ecp256 spi=f0f1f2f3f4f5f6f7\n"
                                "  Nonce 16 bytes\n"
                                "  KE ECP_256(19) 64 bytes\n");
    dump_is("delete_esp_inside", "  D ESP spi=c1020304 spi=c90a0b0c\n");
    dump_is("delete_ike_inside", "  D IKE\n");
    dump_is("dpd_inside", "");
}

static void no_message_is_accepted_cut_short(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_messages; i++)
        for (size_t len = IKE_HEADER_LEN; len < messages[i].bytes.len; len++) {
            struct span cut = test_exact(span_of(messages[i].bytes.b, len));
            uint8_t *bytes = (uint8_t *)(uintptr_t)cut.p;
            struct ike_payloads list;
            struct ike_header h;

            assert_int_equal(ike_header_read(cut, &h, NULL), 0);
            assert_int_equal(ike_header_check(&h, len, NULL), ERR_MALFORMED);
            /* Even if the header's length were made to agree. */
            put_be32(bytes + 24, (uint32_t)len);
            assert_int_equal(ike_header_read(cut, &h, NULL), 0);
            assert_int_equal(ike_header_check(&h, len, NULL), 0);
            assert_int_equal(ike_payloads_read(h.next_payload, cut, IKE_HEADER_LEN, &list, NULL),
                             ERR_MALFORMED);
            free(bytes);
        }
}

static void no_message_is_accepted_with_more_behind(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_messages; i++) {
        struct test_bytes longer = messages[i].bytes;
        struct ike_payloads list;
        struct ike_header h;

        longer.b[longer.len++] = 0;
        assert_int_equal(ike_header_read(test_span(&longer), &h, NULL), 0);
        assert_int_equal(ike_header_check(&h, longer.len, NULL), ERR_MALFORMED);
        assert_int_equal(
            ike_payloads_read(h.next_payload, test_span(&longer), IKE_HEADER_LEN, &list, NULL),
            ERR_MALFORMED);
    }
}

/* Whatever a turned bit makes of a message: it is refused with a reason, or it
 * has a canonical form that is its own canonical form. */
static void flip(struct span m, size_t bit)
{
    static uint8_t once[IKE_MESSAGE_MAX], twice[IKE_MESSAGE_MAX];
    struct span copy = test_exact(m), a, b;
    struct err err = { .text = "" };
    int rc;

    ((uint8_t *)(uintptr_t)copy.p)[bit / 8] ^= (uint8_t)(1u << bit % 8);
    rc = ike_recode(copy, once, sizeof once, &a, &err);
    if (rc) {
        assert_true(rc == ERR_MALFORMED || (rc == ERR_UNSUPPORTED && bit / 8 == 17));
        assert_true(err.text[0]);
    } else {
        assert_int_equal(ike_recode(a, twice, sizeof twice, &b, &err), 0);
        assert_true(span_eq(a, b));
    }
    free((void *)(uintptr_t)copy.p);
}

static void any_turned_bit_is_refused_or_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_messages; i++)
        for (size_t bit = 0; bit < 8 * messages[i].bytes.len; bit++)
            flip(test_span(&messages[i].bytes), bit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_message_comes_back_byte_for_byte),
        cmocka_unit_test(each_message_means_what_was_built),
        cmocka_unit_test(no_message_is_accepted_cut_short),
        cmocka_unit_test(no_message_is_accepted_with_more_behind),
        cmocka_unit_test(any_turned_bit_is_refused_or_understood),
    };
    return cmocka_run_group_tests_name("codec_messages", tests, load, NULL);
}
