/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine: whole packets through the engine, and the engine's own life. */
#include "tests/unit/engine_kit.h"

/* Every length, both families, ESN on and off: out, then in, byte for byte. */
static void round_trip(const char *cipher, bool esn, bool v6)
{
    static struct kit_buf b, want;
    struct kit k;

    kit_open(&k, cipher, esn, 64);
    for (size_t len = v6 ? 48 : 28; len <= 1500; len++) {
        (v6 ? kit_udp6 : kit_udp4)(&b, len, (uint32_t)len);
        want = b;
        assert_int_equal(kit_out(&k, &b), ENGINE_SEND);
        assert_int_equal(b.pkt.len, 16 + (len + 2 + 3) / 4 * 4 + 16);
        assert_int_equal(b.pkt.sa, k.out);
        assert_true(b.pkt.udp_encap);
        assert_int_equal(b.pkt.remote.port, 4500);
        assert_int_equal(b.pkt.headroom + b.pkt.len + b.pkt.tailroom, sizeof b.mem);
        assert_int_equal(kit_in(&k, &b), ENGINE_DELIVER);
        assert_int_equal(b.pkt.len, len);
        assert_int_equal(b.pkt.headroom + b.pkt.len + b.pkt.tailroom, sizeof b.mem);
        assert_memory_equal(b.pkt.data, want.mem + ENGINE_HEADROOM, len);
    }
    assert_int_equal(kit_counters(&k, k.in).packets, kit_counters(&k, k.out).packets);
    assert_int_equal(kit_counters(&k, k.in).seq, kit_counters(&k, k.out).seq);
    kit_fini(&k);
}

static void every_length_comes_back_as_it_went(void **state)
{
    (void)state;
    for (size_t i = 0; gcm_engines[i]; i++) {
        if (!gcm_engines[i]->usable())
            continue;
        for (unsigned v = 0; v < 4; v++)
            round_trip(gcm_engines[i]->name, v & 1, v & 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_comes_back_as_it_went),
    };
    return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
