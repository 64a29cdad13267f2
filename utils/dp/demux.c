/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/dp/demux.h"

#include "utils/base/bytes.h"

enum demux_kind demux_of(const uint8_t *p, size_t len)
{
    if (len == 1 && p[0] == DEMUX_KEEPALIVE_BYTE)
        return DEMUX_KEEPALIVE;
    /* A marker with nothing behind it is no IKE message; an SPI needs at least
     * its sequence number, and the engine checks the rest. */
    if (len <= DEMUX_MARKER_LEN)
        return DEMUX_BAD;
    return get_be32(p) ? DEMUX_ESP : DEMUX_IKE;
}
