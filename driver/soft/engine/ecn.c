/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/soft/engine/ecn.h"

#include "driver/soft/engine/wire.h"

#define DROP 4

/* RFC 6040 figure 4, [inner][outer]. */
static const uint8_t outgoing[4][4] = {
    [ECN_NOT_ECT] = { [ECN_NOT_ECT] = ECN_NOT_ECT,
                      [ECN_ECT_0] = ECN_NOT_ECT,
                      [ECN_ECT_1] = ECN_NOT_ECT,
                      [ECN_CE] = DROP },
    [ECN_ECT_0] = { [ECN_NOT_ECT] = ECN_ECT_0,
                    [ECN_ECT_0] = ECN_ECT_0,
                    [ECN_ECT_1] = ECN_ECT_1,
                    [ECN_CE] = ECN_CE },
    [ECN_ECT_1] = { [ECN_NOT_ECT] = ECN_ECT_1,
                    [ECN_ECT_0] = ECN_ECT_1,
                    [ECN_ECT_1] = ECN_ECT_1,
                    [ECN_CE] = ECN_CE },
    [ECN_CE] = { [ECN_NOT_ECT] = ECN_CE,
                 [ECN_ECT_0] = ECN_CE,
                 [ECN_ECT_1] = ECN_CE,
                 [ECN_CE] = ECN_CE },
};

/* RFC 1624 equation 3: HC' = ~(~HC + ~m + m'). */
static void set_tos_v4(uint8_t *ip, uint8_t tos)
{
    uint16_t before = wire_get16(ip);
    uint32_t sum;

    ip[1] = tos;
    sum = (uint16_t)~wire_get16(ip + 10) + (uint32_t)(uint16_t)~before + wire_get16(ip);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    wire_put16(ip + 10, (uint16_t)~sum);
}

bool ecn_combine(uint8_t *inner, uint8_t outer_tos)
{
    bool v4 = inner[0] >> 4 == 4;
    uint8_t tos = v4 ? inner[1] : (uint8_t)(wire_get16(inner) >> 4);
    uint8_t ecn = outgoing[tos & 3][outer_tos & 3];

    if (ecn == DROP)
        return false;
    if (ecn == (tos & 3))
        return true;
    tos = (uint8_t)((tos & ~3u) | ecn);
    if (v4)
        set_tos_v4(inner, tos);
    else
        wire_put16(inner, (uint16_t)((wire_get16(inner) & 0xf00f) | tos << 4));
    return true;
}
