/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole set-up with fixed randomness, byte for byte: the four datagrams and
 * the keys that both ends install are those of tests/vectors/ike_setup.txt.
 * tests/vectors/check_ike_setup.py derives and decrypts what stands there with
 * code of its own.  TEST_PRINT_VECTOR prints the file's blocks anew.
 */
#include "ike/core/shard.h"

#include "tests/lib/two_shards.h"
#include "tests/lib/cmocka.h"
#include "tests/unit/vector_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct two_shards two;

struct record {
    unsigned n;
    struct two_packet packets[8];
};

static bool keep(void *user, struct two_packet *p)
{
    struct record *r = user;

    assert_true(r->n < 8);
    r->packets[r->n++] = *p;
    return true;
}

static void print_hex(const char *key, const void *p, size_t len)
{
    char *text = malloc(2 * len + 1);

    hex_encode(text, p, len);
    printf("%s = %s\n", key, text);
    free(text);
}

static void print_block(const char *name, const struct record *r)
{
    printf("[%s]\n", name);
    for (unsigned i = 0; i < r->n; i++) {
        char key[24];

        snprintf(key, sizeof key, "message%u", i + 1);
        print_hex(key, r->packets[i].bytes, r->packets[i].len);
    }
    print_hex("psk", two.end[0].psk, strlen(two.end[0].psk));
    print_hex("secret", two.end[0].last_secret, two.end[0].last_secret_len);
    print_hex("encr_i", two.end[0].installs[0].sa.key_out.encr,
              two.end[0].installs[0].sa.key_out.encr_len);
    print_hex("encr_r", two.end[0].installs[0].sa.key_in.encr,
              two.end[0].installs[0].sa.key_in.encr_len);
    printf("\n");
}

static void check_key(struct vector_file *v, const char *key, const void *p, size_t len)
{
    struct span want = vector_hex(v, key);

    assert_int_equal(len, want.len);
    if (len)
        assert_memory_equal(p, want.p, len);
}

static void check_end(struct vector_file *v, const struct two_install *in, bool initiator)
{
    const struct ike_child_keys *i2r = initiator ? &in->sa.key_out : &in->sa.key_in;
    const struct ike_child_keys *r2i = initiator ? &in->sa.key_in : &in->sa.key_out;

    check_key(v, "encr_i", i2r->encr, i2r->encr_len);
    check_key(v, "encr_r", r2i->encr, r2i->encr_len);
}

static void check_block(struct vector_file *v, const struct record *r)
{
    assert_int_equal(r->n, 4);
    for (unsigned i = 0; i < r->n; i++) {
        char key[24];

        snprintf(key, sizeof key, "message%u", i + 1);
        check_key(v, key, r->packets[i].bytes, r->packets[i].len);
    }
    check_end(v, &two.end[0].installs[0], true);
    check_end(v, &two.end[1].installs[0], false);
}

static void a_whole_set_up_has_the_recorded_bytes(void **state)
{
    static const char *const suites[][2] = {
        { "aes256gcm16-prfsha384-x25519", "aes256gcm16-esn" },
        { "aes128-sha256-modp2048", "aes128gcm16-noesn" },
        { "aes256-sha512-prfsha512-ecp256", "aes256gcm16-noesn" },
    };
    static struct record r;
    struct vector_file v;

    (void)state;
    if (!getenv("TEST_PRINT_VECTOR"))
        vector_open(&v, "tests/vectors/ike_setup.txt");
    for (size_t i = 0; i < 3; i++) {
        r.n = 0;
        two_shards_init(&two, 100 + i);
        two.filter = keep;
        two.filter_user = &r;
        two_shards_put_both(&two, suites[i][0], suites[i][1]);
        assert_int_equal(two_shards_up(&two, 0), 0);
        if (getenv("TEST_PRINT_VECTOR")) {
            print_block(suites[i][0], &r);
        } else {
            assert_true(vector_next(&v));
            assert_string_equal(v.name, suites[i][0]);
            check_block(&v, &r);
        }
        two_shards_fini(&two);
    }
    if (!getenv("TEST_PRINT_VECTOR"))
        assert_false(vector_next(&v));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_set_up_has_the_recorded_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
