/* SPDX-License-Identifier: Apache-2.0 */
/* test_demux: what comes on UDP 4500 (RFC 3948 section 2). */
#include "tests/unit/dp_kit.h"
#include "utils/dp/demux.h"

static void each_datagram_is_what_rfc_3948_says(void **state)
{
    static const struct {
        const char *hex;
        enum demux_kind want;
    } cases[] = {
        { "", DEMUX_BAD },
        { "ff", DEMUX_KEEPALIVE },
        { "fe", DEMUX_BAD },
        { "00", DEMUX_BAD },
        { "ffff", DEMUX_BAD },     /* a keepalive is one byte, no more */
        { "00000000", DEMUX_BAD }, /* a marker and nothing behind it */
        { "00000001", DEMUX_BAD },
        { "0000000001", DEMUX_IKE },
        { "0000000100", DEMUX_ESP },
        { "0100000000000000", DEMUX_ESP },
        { "ff00000000", DEMUX_ESP },
        { "000000ff00000001", DEMUX_ESP }, /* reserved SPI 255: the engine refuses it */
    };
    uint8_t bytes[16];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t len = strlen(cases[i].hex) / 2;

        assert_true(hex_decode(bytes, len, cases[i].hex));
        assert_int_equal(demux_of(bytes, len), cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_datagram_is_what_rfc_3948_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
