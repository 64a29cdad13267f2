/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of ike/core/crypto/natd.c against an independent computation. */
#include "tests/unit/crypto_test.h"

#include "ike/core/crypto/natd.h"

static void hashes_are_those_of_the_rfc(void **state)
{
    struct vector_file v;
    unsigned n = 0;

    (void)state;
    vector_open(&v, "tests/vectors/ike_natd.txt");
    for (; vector_next(&v); n++) {
        struct span addr = vector_hex(&v, "addr");
        struct ip_endpoint ep = { .addr.family = addr.len == 4 ? 4 : 6,
                                  .port = (uint16_t)vector_num(&v, "port") };
        uint8_t got[IKE_NATD_LEN];

        memcpy(ep.addr.b, addr.p, addr.len);
        assert_int_equal(ike_natd_hash(get_be64(vector_hex(&v, "spi_i").p),
                                       get_be64(vector_hex(&v, "spi_r").p), &ep, got, NULL),
                         0);
        assert_bytes(span_of(got, sizeof got), vector_hex(&v, "hash"));
    }
    assert_int_equal(n, 5);
}

static void the_order_of_the_spis_counts(void **state)
{
    struct ip_endpoint ep = { .addr = ip_addr_v4(0x0a000001), .port = 500 };
    uint8_t a[IKE_NATD_LEN], b[IKE_NATD_LEN];

    (void)state;
    assert_int_equal(ike_natd_hash(1, 2, &ep, a, NULL), 0);
    assert_int_equal(ike_natd_hash(2, 1, &ep, b, NULL), 0);
    assert_memory_not_equal(a, b, IKE_NATD_LEN);
}

static void an_unset_address_is_refused(void **state)
{
    struct ip_endpoint ep = { .port = 500 };
    uint8_t out[IKE_NATD_LEN] = { 7 };
    struct err err = { 0 };

    (void)state;
    assert_int_equal(ike_natd_hash(1, 2, &ep, out, &err), ERR_INVALID);
    assert_non_null(strstr(err.text, "unset address"));
    assert_int_equal(out[0], 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_are_those_of_the_rfc),
        cmocka_unit_test(the_order_of_the_spis_counts),
        cmocka_unit_test(an_unset_address_is_refused),
    };
    return cmocka_run_group_tests_name("crypto_natd", tests, NULL, NULL);
}
