/* SPDX-License-Identifier: Apache-2.0 */
/* secrets.c: checks of files, text forms, choice of the secret of a pair. */
#include "ike/daemon/secrets.h"

#include "tests/lib/cmocka.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GOOD "a secret of twenty-six bytes"

static char dir[] = "/tmp/ioff-secrets-XXXXXX";
static char path[128];

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

static void put_file(const void *text, size_t len, mode_t mode)
{
    int fd;

    snprintf(path, sizeof path, "%s/file", dir);
    unlink(path);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), len);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static int read_text(const void *text, size_t len, struct secret *ret)
{
    put_file(text, len, 0600);
    return secret_file_read(path, ret, NULL);
}

static void a_file_of_ours_is_read(void **state)
{
    struct secret s = { 0 };

    (void)state;
    assert_int_equal(read_text(GOOD, strlen(GOOD), &s), 0);
    assert_int_equal(s.len, strlen(GOOD));
    assert_memory_equal(s.p, GOOD, s.len);
    put_file(GOOD, strlen(GOOD), 0400);
    assert_int_equal(secret_file_read(path, &s, NULL), 0);
}

static void any_permission_for_others_is_refused(void **state)
{
    struct secret s = { 0 };
    struct err err;

    (void)state;
    for (unsigned bit = 0; bit < 6; bit++) {
        put_file(GOOD, strlen(GOOD), 0600 | 1u << bit);
        assert_int_equal(secret_file_read(path, &s, &err), ERR_PERM);
        assert_non_null(strstr(err.text, "expected 600 or 400"));
        assert_int_equal(s.len, 0);
    }
}

static void a_file_of_another_user_is_refused(void **state)
{
    struct secret s = { 0 };
    struct err err;

    (void)state;
    if (geteuid() != 0)
        skip();
    put_file(GOOD, strlen(GOOD), 0600);
    assert_int_equal(chown(path, 65534, 0), 0);
    assert_int_equal(secret_file_read(path, &s, &err), ERR_PERM);
    assert_non_null(strstr(err.text, "owned by user 65534"));
}

static void only_a_regular_file_is_read(void **state)
{
    char other[160];
    struct secret s = { 0 };
    struct err err;

    (void)state;
    put_file(GOOD, strlen(GOOD), 0600);
    snprintf(other, sizeof other, "%s/other", dir);
    assert_int_equal(symlink(path, other), 0);
    assert_true(secret_file_read(other, &s, NULL) < 0);
    unlink(other);
    assert_int_equal(mkfifo(other, 0600), 0);
    assert_int_equal(secret_file_read(other, &s, &err),
                     ERR_PERM); /* and does not wait for a writer */
    unlink(other);
    assert_int_equal(secret_file_read(dir, &s, NULL), ERR_PERM);
    assert_int_equal(secret_file_read(other, &s, &err), ERR_NOTFOUND);
    assert_non_null(strstr(err.text, other));
    assert_int_equal(s.len, 0);
}

static void one_line_end_does_not_count(void **state)
{
    struct secret s = { 0 };

    (void)state;
    assert_int_equal(read_text(GOOD "\n", strlen(GOOD) + 1, &s), 0);
    assert_int_equal(s.len, strlen(GOOD));
    assert_int_equal(read_text(GOOD "\n\n", strlen(GOOD) + 2, &s), 0);
    assert_int_equal(s.len, strlen(GOOD) + 1);
    assert_int_equal(read_text("fifteen bytes..\n", 16, &s), ERR_INVALID);
}

static void sixteen_to_512_bytes_are_a_secret(void **state)
{
    char text[1100];
    struct secret s = { 0 };

    (void)state;
    memset(text, 'k', sizeof text);
    assert_int_equal(read_text(text, 0, &s), ERR_INVALID);
    assert_int_equal(read_text(text, 15, &s), ERR_INVALID);
    assert_int_equal(read_text(text, 16, &s), 0);
    assert_int_equal(read_text(text, 512, &s), 0);
    assert_int_equal(s.len, 512);
    assert_int_equal(read_text(text, 513, &s), ERR_INVALID);
    assert_int_equal(read_text(text, 1029, &s), ERR_INVALID);
    /* In hexadecimal 512 bytes are 1026 characters, with a line end 1027. */
    memset(text, 'a', sizeof text);
    memcpy(text, "0x", 2);
    text[1026] = '\n';
    assert_int_equal(read_text(text, 1027, &s), 0);
    assert_int_equal(s.len, 512);
    text[1026] = 'a';
    text[1027] = 'a';
    assert_int_equal(read_text(text, 1028, &s), ERR_INVALID);
}

static int decode(const char *text, struct secret *ret)
{
    return secret_decode(span_of(text, strlen(text)), ret, NULL);
}

static void hexadecimal_and_base64_are_announced_by_0x_and_0s(void **state)
{
    struct secret s = { 0 };

    (void)state;
    assert_int_equal(decode("0x000102030405060708090a0b0c0d0e0F", &s), 0);
    assert_int_equal(s.len, 16);
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(s.p[i], i);
    assert_int_equal(decode("0x000102030405060708090a0b0c0d0e0", &s), ERR_INVALID);
    assert_int_equal(s.len, 0); /* wiped */
    assert_int_equal(decode("0x000102030405060708090a0b0c0d0e0g", &s), ERR_INVALID);
    assert_int_equal(decode("0x0001", &s), ERR_INVALID);
    /* RFC 4648 section 10: "foobar", here three times */
    assert_int_equal(decode("0sZm9vYmFyZm9vYmFyZm9vYmFy", &s), 0);
    assert_int_equal(s.len, 18);
    assert_memory_equal(s.p, "foobarfoobarfoobar", 18);
    assert_int_equal(decode("0sZm9vYmFyZm9vYmFyZm9vYmE=", &s), 0);
    assert_int_equal(s.len, 17);
    assert_memory_equal(s.p, "foobarfoobarfooba", 17);
    assert_int_equal(decode("0sZm9vYmFyZm9vYmFyZm9vYg==", &s), 0);
    assert_int_equal(s.len, 16);
    assert_int_equal(decode("0sZm9vYmFyZm9vYmFyZm9v*mFy", &s), ERR_INVALID);
    assert_int_equal(decode("0s", &s), ERR_INVALID);
    assert_int_equal(decode("0x", &s), ERR_INVALID);
    assert_int_equal(secret_decode(span_of(NULL, 0), &s, NULL), ERR_INVALID);
}

static struct ike_id id(const char *text)
{
    struct ike_id r;

    assert_int_equal(ike_id_parse(text, &r, NULL), 0);
    return r;
}

static void add(struct secret_set *set, const char *name, const char *a, const char *b)
{
    struct ike_id ids[2] = { 0 };
    char secret[64];
    unsigned n = 0;

    if (a)
        ids[n++] = id(a);
    if (b)
        ids[n++] = id(b);
    snprintf(secret, sizeof secret, "the secret named %s ........", name);
    assert_int_equal(secret_set_add(set, name, ids, n, span_of(secret, strlen(secret)), NULL), 0);
}

/* Name of the secret found, by its text; "" = none. */
static const char *found(const struct secret_set *set, const char *local, const char *remote)
{
    static char name[64];
    struct ike_id l = id(local), r = id(remote);
    struct secret s = { 0 };

    name[0] = '\0';
    if (secret_set_find(set, &l, &r, &s) == 0)
        assert_int_equal(sscanf((const char *)s.p, "the secret named %63s", name), 1);
    return name;
}

static void the_best_match_of_a_pair_is_chosen(void **state)
{
    struct secret_set *set = secret_set_new();

    (void)state;
    assert_string_equal(found(set, "moon", "sun"), "");
    add(set, "any", NULL, NULL);
    assert_string_equal(found(set, "moon", "sun"), "any");
    add(set, "local", "moon", NULL);
    assert_string_equal(found(set, "moon", "sun"), "local");
    assert_string_equal(found(set, "venus", "sun"), "any");
    add(set, "remote", "sun", "mars");
    assert_string_equal(found(set, "moon", "sun"), "remote");
    add(set, "both", "sun", "moon");
    assert_string_equal(found(set, "moon", "sun"), "both");
    assert_string_equal(found(set, "sun", "moon"), "both");
    secret_set_free(set);
}

/* Whoever knows it could claim to be the peer that is asked for. */
static void a_secret_that_names_another_peer_is_never_used(void **state)
{
    struct secret_set *set = secret_set_new();

    (void)state;
    add(set, "of-sun", "moon", "sun");
    assert_string_equal(found(set, "moon", "sun"), "of-sun");
    assert_string_equal(found(set, "moon", "venus"), "");
    add(set, "any", NULL, NULL);
    assert_string_equal(found(set, "moon", "venus"), "any");
    secret_set_free(set);
}

static void a_secret_of_the_same_name_is_replaced(void **state)
{
    struct secret_set *set = secret_set_new();

    (void)state;
    add(set, "one", "sun", NULL);
    add(set, "one", "mars", NULL);
    assert_string_equal(found(set, "moon", "sun"), "");
    assert_string_equal(found(set, "moon", "mars"), "one");
    secret_set_free(set);
}

static void bounds_are_named(void **state)
{
    struct secret_set *set = secret_set_new();
    uint8_t bytes[513] = { 1 };
    struct ike_id ids[KEYPROTO_IDS_MAX + 1] = { 0 };
    char name[32];
    struct err err;

    (void)state;
    assert_int_equal(secret_set_add(set, "s", NULL, 0, span_of(bytes, 15), &err), ERR_INVALID);
    assert_int_equal(secret_set_add(set, "s", NULL, 0, span_of(bytes, 513), &err), ERR_INVALID);
    assert_non_null(strstr(err.text, "513"));
    assert_int_equal(secret_set_add(set, "s", ids, KEYPROTO_IDS_MAX + 1, span_of(bytes, 16), &err),
                     ERR_FULL);
    mem_fail_nth(1);
    assert_int_equal(secret_set_add(set, "s", ids, 1, span_of(bytes, 16), &err), ERR_NOMEM);
    for (unsigned i = 0; i < 4096; i++) {
        snprintf(name, sizeof name, "s%u", i);
        assert_int_equal(secret_set_add(set, name, NULL, 0, span_of(bytes, 16), NULL), 0);
    }
    assert_int_equal(secret_set_add(set, "more", NULL, 0, span_of(bytes, 16), &err), ERR_FULL);
    assert_int_equal(secret_set_add(set, "s7", NULL, 0, span_of(bytes, 16), &err),
                     0); /* replaces */
    secret_set_free(set);
    secret_set_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_of_ours_is_read),
        cmocka_unit_test(any_permission_for_others_is_refused),
        cmocka_unit_test(a_file_of_another_user_is_refused),
        cmocka_unit_test(only_a_regular_file_is_read),
        cmocka_unit_test(one_line_end_does_not_count),
        cmocka_unit_test(sixteen_to_512_bytes_are_a_secret),
        cmocka_unit_test(hexadecimal_and_base64_are_announced_by_0x_and_0s),
        cmocka_unit_test(the_best_match_of_a_pair_is_chosen),
        cmocka_unit_test(a_secret_that_names_another_peer_is_never_used),
        cmocka_unit_test(a_secret_of_the_same_name_is_replaced),
        cmocka_unit_test(bounds_are_named),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
