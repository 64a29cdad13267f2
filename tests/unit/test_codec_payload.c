/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ike_payload_bytes.h"

#include "ike/core/codec/payload.h"

static int read_hex(uint8_t first, const char *hex, struct ike_payloads *ret, struct err *err)
{
    static struct span kept; /* what the list borrows from */
    struct test_bytes in = test_hex(hex);

    free((void *)(uintptr_t)kept.p);
    kept = test_exact(test_span(&in));
    return ike_payloads_read(first, kept, 0, ret, err);
}

static void a_chain_is_followed_to_its_end(void **state)
{
    struct ike_payloads list;
    struct err err;

    (void)state;
    assert_int_equal(read_hex(IKE_PL_NONCE, "29 00 0006 aabb  00 ff 0005 cc", &list, &err), 0);
    assert_int_equal(list.n, 2);
    assert_int_equal(list.p[0].type, IKE_PL_NONCE);
    assert_int_equal(list.p[0].next, IKE_PL_NOTIFY);
    assert_int_equal(list.p[0].at, 0);
    assert_false(list.p[0].critical);
    test_assert_bytes(list.p[0].body, "aabb");
    assert_int_equal(list.p[1].type, IKE_PL_NOTIFY);
    assert_int_equal(list.p[1].at, 6);
    assert_true(list.p[1].critical); /* and the reserved bits are ignored */
    test_assert_bytes(list.p[1].body, "cc");
    assert_int_equal(ike_payloads_count(&list, IKE_PL_NOTIFY), 1);
    assert_ptr_equal(ike_payloads_find(&list, IKE_PL_NOTIFY), &list.p[1]);
    assert_null(ike_payloads_find(&list, IKE_PL_SA));
}

static void no_payloads_are_fine(void **state)
{
    struct ike_payloads list = { .n = 77 };
    struct err err;

    (void)state;
    assert_int_equal(read_hex(IKE_PL_NONE, "", &list, &err), 0);
    assert_int_equal(list.n, 0);
}

static void lengths_must_fit(void **state)
{
    struct ike_payloads list = { .n = 77 };
    struct err err;

    (void)state;
    test_assert_err(read_hex(IKE_PL_KE, "", &list, &err), &err, ERR_MALFORMED,
                    "KE payload (type 34): the message ends in its header");
    test_assert_err(read_hex(IKE_PL_KE, "00 00 00", &list, &err), &err, ERR_MALFORMED,
                    "the message ends in its header");
    test_assert_err(read_hex(IKE_PL_KE, "00 00 0003", &list, &err), &err, ERR_MALFORMED,
                    "KE payload (type 34): length 3 is shorter than the header");
    test_assert_err(read_hex(IKE_PL_KE, "00 00 0006 00", &list, &err), &err, ERR_MALFORMED,
                    "length 6 is beyond the end");
    test_assert_err(read_hex(200, "00 00 0000", &list, &err), &err, ERR_MALFORMED,
                    "unknown payload (type 200)");
    test_assert_err(read_hex(IKE_PL_KE, "00 00 0004 00", &list, &err), &err, ERR_MALFORMED,
                    "1 bytes after the last payload");
    test_assert_err(read_hex(IKE_PL_NONE, "00", &list, &err), &err, ERR_MALFORMED,
                    "1 bytes after the last payload");
    test_assert_err(ike_payloads_read(IKE_PL_NONE, span_of("", 0), 28, &list, &err), &err,
                    ERR_MALFORMED, "shorter than its header");
    assert_int_equal(list.n, 77);
}

static void the_number_of_payloads_is_bounded(void **state)
{
    uint8_t bytes[4 * (IKE_PAYLOADS_MAX + 1)] = { 0 };
    struct ike_payloads list;
    struct err err;

    (void)state;
    for (size_t i = 0; i <= IKE_PAYLOADS_MAX; i++) {
        bytes[4 * i] = i + 1 < IKE_PAYLOADS_MAX ? IKE_PL_VENDOR : IKE_PL_NONE;
        bytes[4 * i + 3] = 4;
    }
    assert_int_equal(
        ike_payloads_read(IKE_PL_VENDOR, span_of(bytes, sizeof bytes - 4), 0, &list, &err), 0);
    assert_int_equal(list.n, IKE_PAYLOADS_MAX);
    bytes[4 * (IKE_PAYLOADS_MAX - 1)] = IKE_PL_VENDOR;
    test_assert_err(ike_payloads_read(IKE_PL_VENDOR, span_of(bytes, sizeof bytes), 0, &list, &err),
                    &err, ERR_MALFORMED, "more than 64 payloads");
}

static void the_encrypted_payload_ends_the_chain(void **state)
{
    struct ike_payloads list;
    struct err err;

    (void)state;
    assert_int_equal(read_hex(IKE_PL_SK, "23 00 0006 aabb", &list, &err), 0);
    assert_int_equal(list.n, 1);
    assert_int_equal(list.p[0].next, IKE_PL_IDI);
    test_assert_err(read_hex(IKE_PL_SK, "23 00 0006 aabb 00 00 0004", &list, &err), &err,
                    ERR_MALFORMED, "4 bytes after the last payload");
    assert_int_equal(read_hex(IKE_PL_SKF, "23 00 0006 aabb", &list, &err), 0);
    assert_int_equal(list.n, 1);
}

static void only_unknown_critical_payloads_are_reported(void **state)
{
    struct ike_payloads list;
    struct err err;

    (void)state;
    assert_int_equal(read_hex(200, "c9 00 0004  21 80 0004  00 80 0004", &list, &err), 0);
    assert_ptr_equal(ike_payloads_critical(&list), &list.p[1]);
    assert_int_equal(ike_payloads_critical(&list)->type, 201);
    assert_int_equal(read_hex(IKE_PL_SA, "30 80 0004  00 80 0004", &list, &err), 0);
    assert_null(ike_payloads_critical(&list)); /* SA and EAP are of RFC 7296 itself */
    assert_int_equal(read_hex(32, "31 80 0004  00 80 0004", &list, &err), 0);
    assert_int_equal(ike_payloads_critical(&list)->type, 32);
}

static void the_writer_links_payloads_and_sets_lengths(void **state)
{
    struct test_msg m;

    (void)state;
    test_msg_begin(&m);
    ike_msg_open(&m.msg, IKE_PL_NONCE);
    wr_be16(&m.msg.wr, 0xaabb);
    ike_msg_close(&m.msg);
    ike_msg_open(&m.msg, IKE_PL_VENDOR);
    ike_msg_close(&m.msg);
    test_msg_is(&m, IKE_PL_NONCE, "2b 00 0006 aabb  00 00 0004");
    test_msg_begin(&m);
    test_msg_is(&m, IKE_PL_NONE, "");
}

static void a_full_buffer_is_an_error_at_the_end(void **state)
{
    const struct ike_header h = { .version = IKE_VERSION_2 };
    uint8_t full[40 + 1];

    (void)state;
    for (size_t cap = 0; cap <= 40; cap++) {
        struct span got = { 0 };
        struct ike_msg msg;
        struct err err;
        int rc;

        memset(full, 0xee, sizeof full);
        ike_msg_begin(&msg, full, cap, &h);
        ike_msg_open(&msg, IKE_PL_NONCE);
        wr_be64(&msg.wr, 1);
        ike_msg_close(&msg);
        rc = ike_msg_end(&msg, &got, &err);
        assert_int_equal(full[cap], 0xee);
        if (cap == 40) {
            assert_int_equal(rc, 0);
            assert_int_equal(got.len, 40);
        } else {
            test_assert_err(rc, &err, ERR_FULL, "longer than its buffer");
            assert_null(got.p);
        }
    }
}

static void what_no_peer_would_read_is_not_sent(void **state)
{
    const struct ike_header h = { .version = IKE_VERSION_2 };
    static uint8_t big[80000];
    struct ike_msg msg;
    struct span got;
    struct err err;

    (void)state;
    ike_msg_begin(&msg, big, sizeof big, &h);
    ike_msg_open(&msg, IKE_PL_NONCE);
    wr_zero(&msg.wr, 65532);
    ike_msg_close(&msg); /* 65536 does not fit the length field */
    test_assert_err(ike_msg_end(&msg, &got, &err), &err, ERR_FULL, "cannot be encoded");
    ike_msg_begin(&msg, big, sizeof big, &h);
    ike_msg_open(&msg, IKE_PL_NONCE);
    wr_zero(&msg.wr, IKE_MESSAGE_MAX - 32 + 1);
    ike_msg_close(&msg);
    test_assert_err(ike_msg_end(&msg, &got, &err), &err, ERR_FULL, "longer than");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_is_followed_to_its_end),
        cmocka_unit_test(no_payloads_are_fine),
        cmocka_unit_test(lengths_must_fit),
        cmocka_unit_test(the_number_of_payloads_is_bounded),
        cmocka_unit_test(the_encrypted_payload_ends_the_chain),
        cmocka_unit_test(only_unknown_critical_payloads_are_reported),
        cmocka_unit_test(the_writer_links_payloads_and_sets_lengths),
        cmocka_unit_test(a_full_buffer_is_an_error_at_the_end),
        cmocka_unit_test(what_no_peer_would_read_is_not_sent),
    };
    return cmocka_run_group_tests_name("codec_payload", tests, NULL, NULL);
}
