/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_vici_client: the client against a child process that plays a script:
 * it sends recorded bytes as soon as as many bytes of requests have come as the
 * script says, so exact bytes of both directions are checked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ike/vici/vici_client.h"

#define BYTES(s) (s), sizeof(s) - 1

struct step {
    const char *want; /* what the client must have sent */
    size_t want_len;
    const char *send;
    size_t send_len;
};

#define CONFIRM "\0\0\0\x01\x05"
#define EVENT(text)                                                                                \
    "\0\0\0\x0b\x07\x03"                                                                           \
    "evt"                                                                                          \
    "\x03\x01k\0\x01" text
#define REGISTER                                                                                   \
    "\0\0\0\x05\x03\x03"                                                                           \
    "evt"
#define UNREGISTER                                                                                 \
    "\0\0\0\x05\x04\x03"                                                                           \
    "evt"
#define REQUEST                                                                                    \
    "\0\0\0\x05\0\x03"                                                                             \
    "cmd"

static char path[64];

static bool play(int fd, const struct step *steps, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char got[256];
        size_t len = 0;

        while (len < steps[i].want_len) {
            ssize_t r = read(fd, got + len, steps[i].want_len - len);

            if (r <= 0)
                return false;
            len += (size_t)r;
        }
        if (memcmp(got, steps[i].want, len) != 0)
            return false;
        if (write(fd, steps[i].send, steps[i].send_len) != (ssize_t)steps[i].send_len)
            return false;
    }
    return true;
}

/* Returns the child; its exit code says whether it saw what it wanted. */
static pid_t serve(const struct step *steps, size_t n, bool hold)
{
    struct sockaddr_un sun = { .sun_family = AF_UNIX };
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    pid_t pid;

    snprintf(path, sizeof path, "/tmp/ioff-test-vici-%d", getpid());
    unlink(path);
    memcpy(sun.sun_path, path, strlen(path) + 1);
    assert_int_equal(bind(listener, (const struct sockaddr *)&sun, sizeof sun), 0);
    assert_int_equal(listen(listener, 1), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int fd = accept(listener, NULL, NULL);
        bool ok = play(fd, steps, n);
        char byte;

        if (hold && read(fd, &byte, 1) > 0) /* until the client hangs up */
            ok = false;
        _exit(ok ? 0 : 1);
    }
    close(listener);
    return pid;
}

static void reap(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    unlink(path);
}

static int collect(void *user, struct span message)
{
    char *seen = user;
    size_t len = strlen(seen);

    vici_find_text(message, "k", seen + len, 8);
    return seen[len] == '!' ? ERR_FULL : 0;
}

static int run(const struct step *steps, size_t n, bool hold, const char *event, char *seen,
               char *response, struct err *err)
{
    pid_t pid = serve(steps, n, hold);
    const struct vici_command cmd = {
        .name = "cmd",
        .event = event,
        .on_event = collect,
        .user = seen,
        .timeout = 100 * NS_PER_MS,
    };
    struct vici_client *client;
    struct span out = { 0 };
    int rc;

    assert_int_equal(vici_client_connect(path, &client, err), 0);
    rc = vici_client_command(client, &cmd, &out, err);
    if (!rc)
        vici_find_text(out, "k", response, 8);
    vici_client_close(client);
    reap(pid);
    return rc;
}

static void events_are_streamed_and_the_response_outlives_the_unregistering(void **state)
{
    static const struct step steps[] = {
        { BYTES(REGISTER), BYTES(CONFIRM) },
        { BYTES(REQUEST), BYTES(EVENT("a") EVENT("b") "\0\0\0\x07\x01\x03\x01k\0\x01r") },
        { BYTES(UNREGISTER), BYTES(EVENT("c") CONFIRM) },
    };
    char seen[16] = "", response[8] = "";
    struct err err;

    (void)state;
    assert_int_equal(run(steps, 3, true, "evt", seen, response, &err), 0);
    assert_string_equal(seen, "abc");
    assert_string_equal(response, "r");
}

static void a_failed_callback_is_returned_after_the_stream_has_ended(void **state)
{
    static const struct step steps[] = {
        { BYTES(REGISTER), BYTES(CONFIRM) },
        { BYTES(REQUEST), BYTES(EVENT("!") EVENT("b") "\0\0\0\x01\x01") },
        { BYTES(UNREGISTER), BYTES(CONFIRM) },
    };
    char seen[16] = "", response[8] = "";
    struct err err;

    (void)state;
    assert_int_equal(run(steps, 3, true, "evt", seen, response, &err), ERR_FULL);
    assert_string_equal(seen, "!");
}

static void each_failure_has_its_code(void **state)
{
    static const struct {
        const char *send;
        size_t len;
        bool hold;
        int code;
        const char *text;
    } rows[] = {
        { BYTES("\0\0\0\x01\x02"), true, ERR_UNSUPPORTED, "does not know the command cmd" },
        { BYTES("\0\0\0\x01\x05"), true, ERR_MALFORMED, "answered cmd with packet type 5" },
        { BYTES("\0\0\0\x01\x09"), true, ERR_MALFORMED, "packet type 9 is unknown" },
        { BYTES("\0\0\0\0"), true, ERR_MALFORMED, "packet length 0" },
        { BYTES("\0\0\0\x02\x01\x02"), true, ERR_MALFORMED, "section end without a section" },
        { BYTES("\0\0\0\x02\x01"), true, ERR_TIMEOUT, "did not answer in time" },
        { BYTES(""), true, ERR_TIMEOUT, "did not answer in time" },
        { BYTES("\0\0\0"), false, ERR_DEVICE, "closed the control socket" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct step step = { BYTES(REQUEST), rows[i].send, rows[i].len };
        char response[8];
        struct err err = { 0 };

        assert_int_equal(run(&step, 1, rows[i].hold, NULL, NULL, response, &err), rows[i].code);
        if (!strstr(err.text, rows[i].text))
            fail_msg("row %zu: %s", i, err.text);
    }
}

static void an_unknown_event_is_named(void **state)
{
    static const struct step step = { BYTES(REGISTER), BYTES("\0\0\0\x01\x06") };
    char seen[16] = "", response[8];
    struct err err;

    (void)state;
    assert_int_equal(run(&step, 1, true, "evt", seen, response, &err), ERR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "does not know the event evt"));
}

static void a_socket_that_is_not_there_is_not_found(void **state)
{
    struct vici_client *client = NULL;
    char too_long[200];
    struct err err;

    (void)state;
    assert_int_equal(vici_client_connect("/nonexistent/x", &client, &err), ERR_NOTFOUND);
    assert_null(client);
    memset(too_long, 'a', sizeof too_long - 1);
    too_long[sizeof too_long - 1] = '\0';
    assert_int_equal(vici_client_connect(too_long, &client, &err), ERR_INVALID);
}

static void success_no_is_a_refusal_with_its_reason(void **state)
{
    struct err err;

    (void)state;
    assert_int_equal(vici_response_ok(span_of("", 0), &err), 0);
    assert_int_equal(vici_response_ok(span_of("\x03\x07success\0\x03yes", 14), &err), 0);
    assert_int_equal(vici_response_ok(span_of("\x03\x07success\0\x02no\x03\x06"
                                              "errmsg\0\x03why",
                                              26),
                                      &err),
                     ERR_REFUSED);
    assert_string_equal(err.text, "why");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_streamed_and_the_response_outlives_the_unregistering),
        cmocka_unit_test(a_failed_callback_is_returned_after_the_stream_has_ended),
        cmocka_unit_test(each_failure_has_its_code),
        cmocka_unit_test(an_unknown_event_is_named),
        cmocka_unit_test(a_socket_that_is_not_there_is_not_found),
        cmocka_unit_test(success_no_is_a_refusal_with_its_reason),
    };
    return cmocka_run_group_tests_name("vici_client", tests, NULL, NULL);
}
