/* SPDX-License-Identifier: Apache-2.0 */
/* keylog.c: exact lines, and who may see them. (tests/netns lets tshark read them.) */
#include "ike/daemon/keylog.h"

#include "tests/lib/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char base[] = "/tmp/ioff-keylog-XXXXXX";
static char dir[64];
static struct keylog *keys;

static int open_log(void **state)
{
    (void)state;
    memcpy(base + sizeof base - 7, "XXXXXX", 7);
    if (!mkdtemp(base))
        return -1;
    snprintf(dir, sizeof dir, "%s/keys", base);
    return keylog_open(dir, &keys, NULL);
}

static int close_log(void **state)
{
    static const char *const names[] = { "preferences", "ikev2_decryption_table", "esp_sa" };
    char path[128];

    (void)state;
    keylog_close(keys);
    for (unsigned i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    rmdir(dir);
    return rmdir(base);
}

/* The file's text; its mode is checked on the way. */
static const char *text_of(const char *name)
{
    static char text[4096];
    char path[128];
    struct stat st;
    size_t len;
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    f = fopen(path, "r");
    assert_non_null(f);
    len = fread(text, 1, sizeof text - 1, f);
    text[len] = '\0';
    fclose(f);
    return text;
}

static void an_aead_ike_sa_is_one_line(void **state)
{
    struct ike_suite suite = {
        .encr = { .type = IKE_TT_ENCR, .id = IKE_ENCR_AES_GCM_16, .key_bits = 128 }
    };
    struct ike_keylog k = {
        .spi_i = 0x0102030405060708,
        .spi_r = 0xa1a2a3a4a5a6a7a8,
        .suite = &suite,
        .sk_ei = span_of("\x01\x02\x03\x04", 4),
        .sk_er = span_of("\x05\x06\x07\x08", 4),
    };

    (void)state;
    keylog_ike(keys, &k);
    assert_string_equal(text_of("ikev2_decryption_table"),
                        "0102030405060708,a1a2a3a4a5a6a7a8,01020304,05060708,"
                        "\"AES-GCM-128 with 16 octet ICV [RFC5282]\",,,\"NONE [RFC4306]\"\n");
    assert_string_equal(text_of("preferences"), "esp.enable_encryption_decode: TRUE\n");
}

static void a_cbc_ike_sa_names_its_integrity(void **state)
{
    struct ike_suite suite = {
        .encr = { .type = IKE_TT_ENCR, .id = IKE_ENCR_AES_CBC, .key_bits = 256 },
        .integ = { .type = IKE_TT_INTEG, .id = IKE_INTEG_HMAC_SHA2_256_128 }
    };
    struct ike_keylog k = {
        1, 2, &suite, span_of("\xaa", 1), span_of("\xbb", 1), span_of("\xcc", 1), span_of("\xdd", 1)
    };

    (void)state;
    keylog_ike(keys, &k);
    assert_string_equal(text_of("ikev2_decryption_table"),
                        "0000000000000001,0000000000000002,cc,dd,\"AES-CBC-256 [RFC3602]\",aa,bb,"
                        "\"HMAC_SHA2_256_128 [RFC4868]\"\n");
    suite.integ.id = IKE_INTEG_HMAC_SHA2_384_192;
    keylog_ike(keys, &k);
    suite.integ.id = IKE_INTEG_HMAC_SHA2_512_256;
    keylog_ike(keys, &k);
    assert_non_null(
        strstr(text_of("ikev2_decryption_table"), "bb,\"HMAC_SHA2_384_192 [RFC4868]\"\n"));
    assert_non_null(
        strstr(text_of("ikev2_decryption_table"), "bb,\"HMAC_SHA2_512_256 [RFC4868]\"\n"));
}

static void a_child_sa_is_two_lines_inbound_first(void **state)
{
    struct ike_child_install child = {
        .spi_in = 0xc0de0001,
        .spi_out = 0x00000102,
        .path = { { ip_addr_v4(0xc0000201), 4500 }, { ip_addr_v4(0xc0000202), 4500 } },
        .key_in = { .encr_len = 3, .encr = { 1, 2, 3 } },
        .key_out = { .encr_len = 2, .encr = { 0xfe, 0xff } },
    };

    (void)state;
    keylog_child(keys, &child);
    assert_string_equal(text_of("esp_sa"),
                        "\"IPv4\",\"192.0.2.2\",\"192.0.2.1\",\"0xc0de0001\",\"AES-GCM with 16 "
                        "octet ICV [RFC4106]\",\"0x010203\",\"NULL\",\"\"\n"
                        "\"IPv4\",\"192.0.2.1\",\"192.0.2.2\",\"0x00000102\",\"AES-GCM with 16 "
                        "octet ICV [RFC4106]\",\"0xfeff\",\"NULL\",\"\"\n");
    assert_int_equal(ip_addr_parse("2001:db8::1", &child.path.local.addr), 0);
    assert_int_equal(ip_addr_parse("2001:db8::2", &child.path.remote.addr), 0);
    keylog_child(keys, &child);
    assert_non_null(
        strstr(text_of("esp_sa"), "\n\"IPv6\",\"2001:db8::2\",\"2001:db8::1\",\"0xc0de0001\","));
}

static void a_folder_that_lets_others_in_is_refused(void **state)
{
    struct keylog *other = NULL;
    struct err err;

    (void)state;
    assert_int_equal(keylog_open(dir, &other, NULL), 0); /* ours, mode 700: again */
    keylog_close(other);
    other = NULL;
    for (unsigned bit = 0; bit < 6; bit++) {
        assert_int_equal(chmod(dir, 0700 | 1u << bit), 0);
        assert_int_equal(keylog_open(dir, &other, &err), ERR_PERM);
        assert_non_null(strstr(err.text, "expected 700"));
    }
    assert_int_equal(chmod(dir, 0700), 0);
    assert_null(other);
    assert_true(keylog_open("/proc/nowhere/keys", &other, &err) < 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(dir, 65534, 0), 0);
        assert_int_equal(keylog_open(dir, &other, &err), ERR_PERM);
        assert_non_null(strstr(err.text, "65534"));
    }
    assert_null(other);
    keylog_close(NULL);
}

/* Another folder of ours is not where keys, and a file that is cut, belong. */
static void a_link_planted_for_the_folder_is_not_followed(void **state)
{
    struct keylog *other = NULL;
    char path[128];
    struct err err;

    (void)state;
    snprintf(path, sizeof path, "%s/link", base);
    assert_int_equal(symlink(dir, path), 0);
    assert_true(keylog_open(path, &other, &err) < 0);
    assert_null(other);
    assert_int_equal(unlink(path), 0);
}

static void a_link_planted_for_a_table_is_not_followed(void **state)
{
    struct ike_child_install child = { .path = { { ip_addr_v4(1), 0 }, { ip_addr_v4(2), 0 } } };
    char path[128], target[128];

    (void)state;
    snprintf(path, sizeof path, "%s/esp_sa", dir);
    snprintf(target, sizeof target, "%s/elsewhere", base);
    assert_int_equal(symlink(target, path), 0);
    keylog_child(keys, &child);
    assert_int_equal(access(target, F_OK), -1);
}

int main(void)
{
#define KL(f) cmocka_unit_test_setup_teardown(f, open_log, close_log)
    const struct CMUnitTest tests[] = {
        KL(an_aead_ike_sa_is_one_line),
        KL(a_cbc_ike_sa_names_its_integrity),
        KL(a_child_sa_is_two_lines_inbound_first),
        KL(a_folder_that_lets_others_in_is_refused),
        KL(a_link_planted_for_the_folder_is_not_followed),
        KL(a_link_planted_for_a_table_is_not_followed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
