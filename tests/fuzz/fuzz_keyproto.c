/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: messages to and from the key process.  The format has one form
 * for each message: what is read is written back byte for byte, and every
 * bound that the reader promises holds.
 */
#include <string.h>

#include "ike/daemon/keyproto.h"

#define CHECK(what)                                                                                \
    do {                                                                                           \
        if (!(what))                                                                               \
            __builtin_trap();                                                                      \
    } while (0)

static bool inside(struct span s, const uint8_t *data, size_t len)
{
    return s.len == 0 || (s.p >= data && s.len <= len && s.p + s.len <= data + len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t again[KEYPROTO_MAX];
    struct keyproto_msg msg, before;
    struct wr wr;

    if (len > sizeof again)
        return 0;
    memset(&before, 0x5a, sizeof before);
    msg = before;
    if (keyproto_read(span_of(data, len), &msg, NULL)) {
        CHECK(memcmp(&msg, &before, sizeof msg) == 0);
        return 0;
    }
    CHECK(strnlen(msg.name, sizeof msg.name) <= KEYPROTO_NAME_MAX);
    CHECK(msg.n_ids <= KEYPROTO_IDS_MAX);
    for (unsigned i = 0; i < msg.n_ids; i++)
        CHECK(msg.ids[i].len <= IKE_ID_MAX);
    CHECK(inside(msg.octets, data, len) && inside(msg.data, data, len));
    wr_init(&wr, again, sizeof again);
    keyproto_write(&wr, &msg);
    CHECK(!wr.failed && wr_len(&wr) == len && memcmp(again, data, len) == 0);
    return 0;
}
