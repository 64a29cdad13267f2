/* SPDX-License-Identifier: Apache-2.0 */
/* test_ecn: all sixteen cases of RFC 6040 figure 4, in both families. */
#include "driver/soft/engine/ecn.h"

#include "tests/unit/engine_kit.h"

#define DROP 9

/* Rows: inner Not-ECT, ECT(0), ECT(1), CE; columns: outer, in the same order,
 * as the figure prints them. */
static const uint8_t order[4] = { 0, 2, 1, 3 };
static const uint8_t figure[4][4] = {
    { 0, 0, 0, DROP },
    { 2, 2, 1, 3 },
    { 1, 1, 1, 3 },
    { 3, 3, 3, 3 },
};

static void one_case(bool v6, uint8_t dscp, unsigned row, unsigned col)
{
    static struct kit_buf b, before;
    uint8_t *ip = b.mem + ENGINE_HEADROOM;
    uint8_t tos = (uint8_t)(dscp << 2 | order[row]);
    uint8_t want = figure[row][col];

    if (v6) {
        kit_udp6(&b, 60, 1);
        put_be16(ip, (uint16_t)(0x6000 | tos << 4 | 0x0a));
    } else {
        kit_udp4(&b, 60, 1);
        ip[1] = tos;
        put_be16(ip + 10, 0);
        put_be16(ip + 10, kit_checksum(ip, 20));
    }
    before = b;
    assert_int_equal(ecn_combine(ip, (uint8_t)(0x5c | order[col])), want != DROP);
    if (want == DROP)
        want = order[row];
    if (v6) {
        assert_int_equal(get_be16(ip), 0x6000 | (dscp << 2 | want) << 4 | 0x0a);
        assert_memory_equal(ip + 2, before.mem + ENGINE_HEADROOM + 2, 58);
    } else {
        assert_int_equal(ip[1], dscp << 2 | want);
        assert_int_equal(kit_checksum(ip, 20), 0);
        assert_memory_equal(ip + 12, before.mem + ENGINE_HEADROOM + 12, 48);
    }
}

static void the_table_of_rfc_6040_holds_and_checksums_stay_right(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 16; i++)
        for (uint8_t dscp = 0; dscp < 64; dscp++) {
            one_case(false, dscp, i / 4, i % 4);
            one_case(true, dscp, i / 4, i % 4);
        }
}

static void the_checksum_carries_whatever_it_was(void **state)
{
    static struct kit_buf b;
    uint8_t *ip = b.mem + ENGINE_HEADROOM;

    (void)state;
    kit_udp4(&b, 60, 1);
    for (uint32_t id = 0; id <= UINT16_MAX; id++) {
        ip[1] = 2;
        put_be16(ip + 4, (uint16_t)id);
        put_be16(ip + 10, 0);
        put_be16(ip + 10, kit_checksum(ip, 20));
        assert_true(ecn_combine(ip, ECN_CE));
        assert_int_equal(kit_checksum(ip, 20), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_of_rfc_6040_holds_and_checksums_stay_right),
        cmocka_unit_test(the_checksum_carries_whatever_it_was),
    };
    return cmocka_run_group_tests_name("ecn", tests, NULL, NULL);
}
