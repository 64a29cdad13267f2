/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IKE_SA_INIT and IKE_AUTH between two shards (sa_init.c, auth.c).
 */
#include "tests/lib/two_shards.h"

#include "tests/lib/cmocka.h"

#include <string.h>

static struct two_shards two;

static int begin(void **state)
{
    (void)state;
    two_shards_init(&two, seeded_rng_seed("test_sm_setup"));
    return 0;
}

static int end(void **state)
{
    (void)state;
    two_shards_fini(&two);
    return 0;
}

static void each_group_with_each_kind_of_cipher_sets_up_a_tunnel(void **state)
{
    static const char *const suites[] = {
        "aes128gcm16-prfsha256-x25519",       "aes256gcm16-prfsha384-ecp256",
        "aes256gcm16-prfsha512-modp2048",     "aes128-sha256-x25519",
        "aes256-sha384-prfsha384-ecp256",     "aes256-sha512-prfsha512-modp2048",
    };

    (void)state;
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
        if (i > 0) {
            two_shards_fini(&two);
            two_shards_init(&two, 4711 + i);
        }
        two_shards_put_both(&two, suites[i], NULL);
        assert_int_equal(two_shards_up(&two, 0), 0);
        assert_int_equal(two_live(&two.end[0]), 1);
        assert_int_equal(two_live(&two.end[1]), 1);
        assert_null(two_disagree(&two));
        assert_int_equal(two_stats(&two.end[0]).ike_up, 1);
        assert_int_equal(two_stats(&two.end[1]).child_up, 1);
        assert_int_equal(two_stats(&two.end[1]).half_open, 0);
        assert_int_equal(two.end[0].n_sent + two.end[1].n_sent, 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_group_with_each_kind_of_cipher_sets_up_a_tunnel,
                                        begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
