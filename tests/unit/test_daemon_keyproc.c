/* SPDX-License-Identifier: Apache-2.0 */
/* keyproc.c, keyproc_child.c: the real process behind its real socket. */
#include "ike/daemon/keyproc.h"

#include "ike/core/crypto/auth.h"
#include "ike/core/crypto/prf.h"
#include "tests/lib/cmocka.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECRET "correct horse battery staple"
#define OCTETS "the signed octets"

static struct keyproc *kp;
static struct ike_id moon, sun, mars;
static char dir[] = "/tmp/ioff-keyproc-XXXXXX";
static char file[64], bad_file[64];

static struct answer {
    unsigned n;
    ike_job job;
    int code;
    uint8_t method;
    uint8_t data[128];
    size_t len;
} last;

static void on_auth(void *user, ike_job job, int code, uint8_t method, struct span auth)
{
    (void)user;
    assert_true(auth.len <= sizeof last.data);
    last.n++;
    last.job = job;
    last.code = code;
    last.method = method;
    last.len = auth.len;
    if (auth.len)
        memcpy(last.data, auth.p, auth.len);
}

static void put_file(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static int make_files(void **state)
{
    (void)state;
    assert_int_equal(ike_id_parse("moon", &moon, NULL), 0);
    assert_int_equal(ike_id_parse("sun", &sun, NULL), 0);
    assert_int_equal(ike_id_parse("mars", &mars, NULL), 0);
    if (!mkdtemp(dir))
        return -1;
    snprintf(file, sizeof file, "%s/psk", dir);
    snprintf(bad_file, sizeof bad_file, "%s/open", dir);
    put_file(file, SECRET "\n", 0600);
    put_file(bad_file, SECRET "\n", 0644);
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    unlink(file);
    unlink(bad_file);
    return rmdir(dir);
}

static int start(void **state)
{
    struct keyproc_answers answers = { on_auth, NULL };

    (void)state;
    memset(&last, 0, sizeof last);
    if (keyproc_start(&kp, NULL))
        return -1;
    keyproc_on_answer(kp, &answers);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    keyproc_stop(kp);
    kp = NULL;
    return 0;
}

/* Waits for one more answer to a request for AUTH. */
static void await(void)
{
    unsigned before = last.n;

    while (last.n == before) {
        struct pollfd pfd = { .fd = keyproc_fd(kp), .events = POLLIN };

        assert_int_equal(poll(&pfd, 1, 10000), 1);
        assert_int_equal(keyproc_process(kp, NULL), 0);
    }
}

static struct ike_auth_request request(const struct ike_id *local, const struct ike_id *remote)
{
    return (struct ike_auth_request){ .conn = "c",
                                      .local_id = local,
                                      .remote_id = remote,
                                      .prf = IKE_PRF_HMAC_SHA2_256,
                                      .octets = span_of(OCTETS, strlen(OCTETS)) };
}

static void sign(const struct ike_id *local, const struct ike_id *remote)
{
    struct ike_auth_request req = request(local, remote);

    keyproc_sign(kp, 0x1122334455667788, &req);
    await();
    assert_true(last.job == 0x1122334455667788);
}

static int verify(const struct ike_id *local, const struct ike_id *remote, struct span auth)
{
    struct ike_auth_request req = request(local, remote);

    keyproc_verify(kp, 7, &req, IKE_AUTH_PSK, auth);
    await();
    assert_true(last.job == 7);
    return last.code;
}

static size_t expected(const char *secret, uint8_t *ret)
{
    size_t len = 0;

    assert_int_equal(ike_auth_psk(IKE_PRF_HMAC_SHA2_256, span_of(secret, strlen(secret)),
                                  span_of(OCTETS, strlen(OCTETS)), ret, &len, NULL),
                     0);
    return len;
}

static void load(const char *path, const struct ike_id *a, const struct ike_id *b)
{
    struct ike_id ids[2] = { *a, *b };

    assert_int_equal(keyproc_secrets_begin(kp, NULL), 0);
    assert_int_equal(keyproc_secret_file(kp, path, ids, 2, NULL), 0);
    assert_int_equal(keyproc_secrets_commit(kp, NULL), 0);
}

static void what_it_signs_is_what_the_crypto_room_computes(void **state)
{
    uint8_t want[IKE_PRF_LEN_MAX];
    size_t len = expected(SECRET, want);

    (void)state;
    load(file, &moon, &sun);
    sign(&moon, &sun);
    assert_int_equal(last.code, 0);
    assert_int_equal(last.method, IKE_AUTH_PSK);
    assert_int_equal(last.len, len);
    assert_memory_equal(last.data, want, len);
    assert_int_equal(verify(&sun, &moon, span_of(want, len)), 0);
}

static void another_secret_or_a_changed_bit_is_err_auth(void **state)
{
    uint8_t auth[IKE_PRF_LEN_MAX];
    size_t len = expected("another secret altogether", auth);

    (void)state;
    load(file, &moon, &sun);
    assert_int_equal(verify(&moon, &sun, span_of(auth, len)), ERR_AUTH);
    len = expected(SECRET, auth);
    assert_int_equal(verify(&moon, &sun, span_of(auth, len - 1)), ERR_AUTH);
    auth[len - 1] ^= 1;
    assert_int_equal(verify(&moon, &sun, span_of(auth, len)), ERR_AUTH);
    assert_int_equal(verify(&moon, &sun, span_of(NULL, 0)), ERR_AUTH);
}

static void a_pair_without_secret_gets_no_auth(void **state)
{
    (void)state;
    sign(&moon, &sun);
    assert_true(last.code < 0);
    assert_int_equal(last.len, 0);
    load(file, &moon, &sun);
    sign(&moon, &mars);
    assert_true(last.code < 0);
}

static void peers_may_share_one_file(void **state)
{
    struct ike_id first[2] = { moon, sun }, second[2] = { moon, mars };

    (void)state;
    assert_int_equal(keyproc_secrets_begin(kp, NULL), 0);
    assert_int_equal(keyproc_secret_file(kp, file, first, 2, NULL), 0);
    assert_int_equal(keyproc_secret_file(kp, file, second, 2, NULL), 0);
    assert_int_equal(keyproc_secrets_commit(kp, NULL), 0);
    sign(&moon, &sun);
    assert_int_equal(last.code, 0);
    sign(&moon, &mars);
    assert_int_equal(last.code, 0);
}

static void a_new_set_counts_from_its_commit_on(void **state)
{
    struct ike_id ids[2] = { moon, mars };
    struct err err;

    (void)state;
    load(file, &moon, &sun);
    assert_int_equal(keyproc_secrets_begin(kp, NULL), 0);
    assert_int_equal(keyproc_secret_file(kp, file, ids, 2, NULL), 0);
    sign(&moon, &mars);
    assert_true(last.code < 0);
    sign(&moon, &sun);
    assert_int_equal(last.code, 0);
    assert_int_equal(keyproc_secrets_abort(kp, NULL), 0);
    assert_int_equal(keyproc_secrets_commit(kp, &err), ERR_STATE);
    assert_int_equal(keyproc_secret_file(kp, file, ids, 2, &err), ERR_STATE);
    sign(&moon, &sun);
    assert_int_equal(last.code, 0);
    load(file, &moon, &mars);
    sign(&moon, &mars);
    assert_int_equal(last.code, 0);
    sign(&moon, &sun); /* replaced whole */
    assert_true(last.code < 0);
}

static void a_bad_file_leaves_the_set_in_use(void **state)
{
    struct ike_id ids[2] = { moon, sun };
    struct err err;

    (void)state;
    load(file, &moon, &sun);
    assert_int_equal(keyproc_secrets_begin(kp, NULL), 0);
    assert_int_equal(keyproc_secret_file(kp, bad_file, ids, 2, &err), ERR_PERM);
    assert_non_null(strstr(err.text, bad_file));
    assert_int_equal(keyproc_secret_file(kp, "/nowhere/at/all", ids, 2, &err), ERR_NOTFOUND);
    assert_int_equal(keyproc_secrets_abort(kp, NULL), 0);
    sign(&moon, &sun);
    assert_int_equal(last.code, 0);
}

static void a_secret_from_the_control_socket_joins_the_set_in_use(void **state)
{
    struct ike_id ids[KEYPROTO_IDS_MAX + 1] = { moon, mars };
    uint8_t want[IKE_PRF_LEN_MAX];
    size_t len = expected("sixteen bytes ok", want);
    char name[300];
    struct err err;

    (void)state;
    load(file, &moon, &sun);
    assert_int_equal(keyproc_secret(kp, "s", ids, 2, span_of("sixteen bytes ok", 16), NULL), 0);
    sign(&moon, &mars);
    assert_int_equal(last.code, 0);
    assert_memory_equal(last.data, want, len);
    sign(&moon, &sun);
    assert_int_equal(last.code, 0);
    assert_int_equal(keyproc_secret(kp, "s", ids, 2, span_of("short", 5), &err), ERR_INVALID);
    assert_int_equal(keyproc_secret(kp, "s", ids, KEYPROTO_IDS_MAX + 1, span_of(SECRET, 20), &err),
                     ERR_FULL);
    memset(name, 'n', sizeof name);
    name[256] = '\0';
    assert_int_equal(keyproc_secret(kp, name, ids, 2, span_of(SECRET, 20), &err), ERR_INVALID);
}

static void a_request_that_is_too_long_is_answered_here(void **state)
{
    static uint8_t octets[KEYPROTO_MAX];
    struct ike_auth_request req = request(&moon, &sun);

    (void)state;
    req.octets = span_of(octets, sizeof octets);
    keyproc_sign(kp, 9, &req);
    assert_int_equal(last.n, 1);
    assert_int_equal(last.code, ERR_INVALID);
}

static void garbage_is_survived(void **state)
{
    uint8_t bytes[300];
    unsigned seed = 4711;

    (void)state;
    load(file, &moon, &sun);
    print_message("seed %u\n", seed);
    for (unsigned i = 0; i < 2000; i++) {
        size_t len = (size_t)rand_r(&seed) % sizeof bytes;

        for (size_t n = 0; n < len; n++)
            bytes[n] = (uint8_t)rand_r(&seed);
        if (len && i % 2)
            bytes[0] = (uint8_t)(1 + i % 2); /* SIGN, VERIFY */
        assert_int_equal(send(keyproc_fd(kp), bytes, len, 0), len);
    }
    assert_int_equal(keyproc_process(kp, NULL), 0);
    sign(&moon, &sun);
    assert_int_equal(last.code, 0);
}

/* The one child of this process. */
static pid_t child_pid(void)
{
    char path[64];
    int pid = 0;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/task/%d/children", getpid(), getpid());
    f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%d", &pid), 1);
    fclose(f);
    return pid;
}

static void its_death_is_err_device(void **state)
{
    struct pollfd pfd = { .fd = keyproc_fd(kp), .events = POLLIN };
    struct ike_auth_request req = request(&moon, &sun);
    struct err err;

    (void)state;
    assert_int_equal(kill(child_pid(), SIGKILL), 0);
    assert_int_equal(poll(&pfd, 1, 10000), 1);
    assert_int_equal(keyproc_process(kp, &err), ERR_DEVICE);
    assert_int_equal(keyproc_secrets_begin(kp, &err), ERR_DEVICE);
    keyproc_sign(kp, 5, &req);
    assert_int_equal(last.n, 1);
    assert_int_equal(last.code, ERR_DEVICE);
}

static void status_has(pid_t pid, const char *want)
{
    char path[64], text[4096];
    size_t len;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/status", pid);
    f = fopen(path, "r");
    assert_non_null(f);
    len = fread(text, 1, sizeof text - 1, f);
    text[len] = '\0';
    fclose(f);
    if (!strstr(text, want))
        fail_msg("%s lacks \"%s\"", path, want);
}

static void it_has_given_up_what_it_does_not_need(void **state)
{
    pid_t pid = child_pid();

    (void)state;
    load(file, &moon, &sun); /* so it is past its start, and still reads root's files */
    status_has(pid, "CapPrm:\t0000000000000000\n");
    status_has(pid, "CapEff:\t0000000000000000\n");
    status_has(pid, "NoNewPrivs:\t1\n");
    status_has(pid, "Seccomp:\t2\n");
}

/* A burst of IKE_AUTH: both sockets fill, and neither process may wait for the
 * other for ever. */
static void any_number_of_requests_can_be_made_before_an_answer_is_read(void **state)
{
    static uint8_t octets[4096];
    const struct ike_auth_request req = { .conn = "gw",
                                          .local_id = &moon,
                                          .remote_id = &sun,
                                          .prf = IKE_PRF_HMAC_SHA2_256,
                                          .octets = span_of(octets, sizeof octets) };
    const unsigned n = 3000;

    (void)state;
    alarm(30); /* a dead lock ends the test */
    for (unsigned i = 0; i < n; i++)
        keyproc_sign(kp, i + 1, &req);
    while (last.n < n)
        await();
    alarm(0);
    assert_int_equal(last.n, n);
    /* A change of secrets in the middle of such a burst is answered, too. */
    for (unsigned i = 0; i < n; i++)
        keyproc_sign(kp, i + 1, &req);
    assert_int_equal(keyproc_secrets_begin(kp, NULL), 0);
    assert_int_equal(last.n, 2 * n);
}

int main(void)
{
#define KP(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        KP(what_it_signs_is_what_the_crypto_room_computes),
        KP(another_secret_or_a_changed_bit_is_err_auth),
        KP(a_pair_without_secret_gets_no_auth),
        KP(peers_may_share_one_file),
        KP(a_new_set_counts_from_its_commit_on),
        KP(a_bad_file_leaves_the_set_in_use),
        KP(a_secret_from_the_control_socket_joins_the_set_in_use),
        KP(a_request_that_is_too_long_is_answered_here),
        KP(garbage_is_survived),
        KP(its_death_is_err_device),
        KP(it_has_given_up_what_it_does_not_need),
        KP(any_number_of_requests_can_be_made_before_an_answer_is_read),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
