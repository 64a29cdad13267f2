/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ctl*.c: the control socket, spoken to byte by byte over a real socket.  The
 * daemon behind it is played here: connections in an array, a core that notes
 * what it is asked.  The loop is turned by hand, so nothing waits or sleeps.
 */
#include "ike/daemon/ctl.h"

#include "tests/lib/cmocka.h"
#include "tests/lib/fake_nic.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define TURNS 200 /* of the loop, until an answer must have come */

static struct daemon d;
static char dir[32], path[64];

/* --- the daemon and its core --- */

static unsigned n_put, n_reloads;
static ike_done_fn *waiting;
static void *waiting_user;
static struct ike_target asked;
static char asked_conn[IKE_NAME_LEN], asked_child[IKE_NAME_LEN];

int daemon_put_conn(struct daemon *daemon, struct ike_conn *conn, struct err *err)
{
    (void)err;
    n_put++;
    daemon->conns[daemon->n_conns++] = ike_conn_ref(conn);
    return 0;
}

int daemon_remove_conn(struct daemon *daemon, const char *name, struct err *err)
{
    for (size_t i = 0; i < daemon->n_conns; i++) {
        if (strcmp(daemon->conns[i]->name, name) == 0) {
            ike_conn_unref(daemon->conns[i]);
            daemon->conns[i] = daemon->conns[--daemon->n_conns];
            return 0;
        }
    }
    return err_set(err, ERR_NOTFOUND, "no connection %s", name);
}

int daemon_reload(struct daemon *daemon, struct err *err)
{
    (void)daemon;
    n_reloads++;
    return err_set(err, ERR_INVALID, "file:7: key rekey_tme");
}

int ike_shard_each(struct ike_shard *shard, int (*fn)(void *user, const struct ike_sa_info *sa),
                   void *user)
{
    struct ike_sa_info sa = {
        .ike = 5, .conn = "gw", .state = "ESTABLISHED", .spi_i = 1, .spi_r = 2
    };

    (void)shard;
    return fn(user, &sa);
}

int ike_shard_each_child(struct ike_shard *shard, uint64_t ike,
                         int (*fn)(void *user, const struct ike_child_info *child), void *user)
{
    struct ike_child_info child = {
        .child = 9, .name = "net", .state = "INSTALLED", .spi_in = 0xc0de
    };

    (void)shard;
    assert_int_equal(ike, 5);
    return fn(user, &child);
}

struct ike_conn *ike_shard_conn_get(struct ike_shard *shard, const char *name)
{
    (void)shard;
    for (size_t i = 0; i < d.n_conns; i++)
        if (strcmp(d.conns[i]->name, name) == 0)
            return d.conns[i];
    return NULL;
}

static void ask(const struct ike_target *target, ike_done_fn *done, void *user)
{
    asked = *target;
    waiting = done;
    waiting_user = user;
}

void ike_shard_initiate(struct ike_shard *shard, ns_time now, const char *conn, const char *child,
                        ike_done_fn *done, void *user)
{
    (void)shard, (void)now;
    snprintf(asked_conn, sizeof asked_conn, "%s", conn);
    snprintf(asked_child, sizeof asked_child, "%s", child ? child : "");
    waiting = done;
    waiting_user = user;
}

void ike_shard_terminate(struct ike_shard *shard, ns_time now, const struct ike_target *target,
                         ike_done_fn *done, void *user)
{
    (void)shard, (void)now;
    ask(target, done, user);
}

void ike_shard_rekey(struct ike_shard *shard, ns_time now, const struct ike_target *target,
                     bool child, ike_done_fn *done, void *user)
{
    (void)shard, (void)now, (void)child;
    ask(target, done, user);
}

void ike_shard_stats(const struct ike_shard *shard, struct ike_stats *ret)
{
    (void)shard;
    memset(ret, 0, sizeof *ret);
    ret->drops[IKE_DROP_INTEGRITY] = 3;
}

const char *ike_drop_name(enum ike_drop cause)
{
    return cause == IKE_DROP_INTEGRITY ? "integrity" : "other";
}

/* --- what the install room would report --- */

static void no_poll(void *user)
{
    (void)user;
}

static int start(void **state)
{
    struct install_opts opts = { .device = "fake", .owner = "ctl", .events.poll_changed = no_poll };

    (void)state;
    fake_reset();
    memset(&d, 0, sizeof d);
    n_put = n_reloads = 0;
    waiting = NULL;
    snprintf(dir, sizeof dir, "/tmp/ioff-ctl-XXXXXX");
    if (keyproc_start(&d.keys, NULL) || !mkdtemp(dir) || uv_loop_init(&d.loop))
        return -1;
    snprintf(path, sizeof path, "%s/vici", dir);
    d.conns = mem_zalloc_array(64, sizeof(struct ike_conn *));
    return install_new(&opts, &d.install, NULL) || ctl_open(&d, path, &d.ctl, NULL) || !d.conns;
}

static int stop(void **state)
{
    (void)state;
    ctl_close(d.ctl);
    uv_run(&d.loop, UV_RUN_DEFAULT);
    install_free(d.install);
    keyproc_stop(d.keys);
    while (d.n_conns)
        ike_conn_unref(d.conns[--d.n_conns]);
    mem_free(d.conns);
    rmdir(dir);
    return uv_loop_close(&d.loop); /* busy: a handle was left open */
}

/* --- a client --- */

static void turn(unsigned n)
{
    while (n--)
        uv_run(&d.loop, UV_RUN_NOWAIT);
}

static int client(void)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

    snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    turn(3);
    return fd;
}

static void push(int fd, const void *p, size_t len)
{
    const uint8_t *at = p;

    while (len) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

        if (n < 0 && errno != EAGAIN)
            return; /* closed: the test sees it when it reads */
        if (n > 0) {
            at += n;
            len -= (size_t)n;
        }
        turn(1);
    }
}

/* Reads exactly `len` bytes; false: closed. */
static bool pull(int fd, uint8_t *p, size_t len)
{
    for (unsigned turns = 0; len && turns < TURNS;) {
        ssize_t n = recv(fd, p, len, 0);

        if (n == 0 || (n < 0 && errno != EAGAIN))
            return false;
        if (n > 0) {
            p += n;
            len -= (size_t)n;
        } else {
            turn(1);
            turns++;
        }
    }
    assert_int_equal(len, 0); /* else: no answer came */
    return true;
}

static uint8_t segment[VICI_SEGMENT_MAX];

static struct vici_packet answer(int fd)
{
    struct vici_packet packet = { 0 };
    uint8_t head[4];

    assert_true(pull(fd, head, 4));
    assert_true(get_be32(head) <= sizeof segment);
    assert_true(pull(fd, segment, get_be32(head)));
    assert_int_equal(vici_packet_parse(span_of(segment, get_be32(head)), &packet, NULL), 0);
    return packet;
}

static bool is_closed(int fd)
{
    uint8_t byte;

    turn(5);
    return !pull(fd, &byte, 1);
}

static struct span packet_bytes(struct vici_writer *w)
{
    struct span bytes;

    assert_int_equal(vici_packet_end(w, &bytes, NULL), 0);
    return bytes;
}

static void send_packet(int fd, struct vici_writer *w)
{
    struct span bytes = packet_bytes(w);

    push(fd, bytes.p, bytes.len);
    vici_writer_fini(w);
}

static void request(int fd, enum vici_packet_type type, const char *name)
{
    struct vici_writer w;

    vici_packet_begin(&w, type, name);
    send_packet(fd, &w);
}

static struct vici_packet ask_with(int fd, const char *command, const char *key, const char *value)
{
    struct vici_writer w;

    vici_packet_begin(&w, VICI_CMD_REQUEST, command);
    if (key)
        vici_text(&w, key, value);
    send_packet(fd, &w);
    return answer(fd);
}

static const char *text_in(struct vici_packet packet, const char *key)
{
    static char text[512];

    return vici_find_text(packet.message, key, text, sizeof text);
}

/* --- framing and clients --- */

static void the_socket_is_for_root_alone(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void a_packet_may_come_in_any_pieces(void **state)
{
    struct vici_writer w;
    struct span bytes;
    int fd = client();

    (void)state;
    vici_packet_begin(&w, VICI_CMD_REQUEST, "version");
    bytes = packet_bytes(&w);
    for (size_t i = 0; i < bytes.len; i++)
        push(fd, bytes.p + i, 1);
    assert_string_equal(text_in(answer(fd), "daemon"), "ipsec-offloadd");
    for (size_t cut = 1; cut < bytes.len; cut++) {
        push(fd, bytes.p, cut);
        push(fd, bytes.p + cut, bytes.len - cut);
        assert_string_equal(text_in(answer(fd), "daemon"), "ipsec-offloadd");
    }
    push(fd, bytes.p, bytes.len - 1); /* and a client that goes away in the middle */
    close(fd);
    turn(5);
    vici_writer_fini(&w);
}

static void two_requests_in_one_write_get_two_answers(void **state)
{
    struct vici_writer w;
    struct span bytes;
    uint8_t both[64];
    int fd = client();

    (void)state;
    vici_packet_begin(&w, VICI_CMD_REQUEST, "version");
    bytes = packet_bytes(&w);
    memcpy(both, bytes.p, bytes.len);
    memcpy(both + bytes.len, bytes.p, bytes.len);
    push(fd, both, 2 * bytes.len);
    assert_int_equal(answer(fd).type, VICI_CMD_RESPONSE);
    assert_int_equal(answer(fd).type, VICI_CMD_RESPONSE);
    vici_writer_fini(&w);
    close(fd);
}

static void what_is_not_vici_closes_the_client_and_nobody_else(void **state)
{
    static const uint8_t bad[][8] = {
        { 0x7f, 0xff, 0xff, 0xff, 0 },            /* length */
        { 0, 8, 0, 1, 0 },                        /* one more than a segment may have */
        { 0, 0, 0, 0 },                           /* no type */
        { 0, 0, 0, 1, 99 },                       /* unknown type */
        { 0, 0, 0, 1, VICI_CMD_RESPONSE },        /* a server's packet */
        { 0, 0, 0, 3, 0, 9, 'x' },                /* name beyond the end */
        { 0, 0, 0, 4, 0, 1, 'x', VICI_LIST_END }, /* no list was open */
    };
    int good = client();

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int fd = client();

        push(fd, bad[i], sizeof bad[i]);
        if (!is_closed(fd))
            fail_msg("sample %zu", i);
        close(fd);
    }
    request(good, VICI_CMD_REQUEST, "version");
    assert_string_equal(text_in(answer(good), "daemon"), "ipsec-offloadd");
    close(good);
}

static void unknown_commands_and_events_are_said_to_be_unknown(void **state)
{
    int fd = client();

    (void)state;
    request(fd, VICI_CMD_REQUEST, "make-coffee");
    assert_int_equal(answer(fd).type, VICI_CMD_UNKNOWN);
    request(fd, VICI_EVENT_REGISTER, "make-coffee");
    assert_int_equal(answer(fd).type, VICI_EVENT_UNKNOWN);
    request(fd, VICI_EVENT_REGISTER, "list-sa");
    assert_int_equal(answer(fd).type, VICI_EVENT_CONFIRM);
    close(fd);
}

static void events_come_between_register_and_unregister(void **state)
{
    struct ike_sa_info sa = { .ike = 5, .conn = "gw", .state = "ESTABLISHED" };
    struct vici_packet packet;
    int fd = client();

    (void)state;
    ctl_ike_event(d.ctl, IKE_CHANGE_UP, &sa);
    request(fd, VICI_EVENT_REGISTER, "ike-updown");
    assert_int_equal(answer(fd).type, VICI_EVENT_CONFIRM);
    ctl_ike_event(d.ctl, IKE_CHANGE_UP, &sa);
    packet = answer(fd);
    assert_int_equal(packet.type, VICI_EVENT);
    assert_true(vici_span_is(packet.name, "ike-updown"));
    assert_string_equal(text_in(packet, "up"), "yes");
    request(fd, VICI_EVENT_UNREGISTER, "ike-updown");
    assert_int_equal(answer(fd).type, VICI_EVENT_CONFIRM);
    ctl_ike_event(d.ctl, IKE_CHANGE_DOWN, &sa);
    request(fd, VICI_CMD_REQUEST, "version");
    assert_int_equal(answer(fd).type, VICI_CMD_RESPONSE); /* and no event before it */
    close(fd);
}

static void sixty_four_clients_are_served_and_the_next_is_not(void **state)
{
    int fds[65];

    (void)state;
    for (unsigned i = 0; i < 64; i++)
        fds[i] = client();
    fds[64] = client();
    assert_true(is_closed(fds[64]));
    close(fds[64]);
    request(fds[63], VICI_CMD_REQUEST, "version");
    assert_int_equal(answer(fds[63]).type, VICI_CMD_RESPONSE);
    close(fds[0]);
    turn(5);
    fds[0] = client(); /* there is room again */
    request(fds[0], VICI_CMD_REQUEST, "version");
    assert_int_equal(answer(fds[0]).type, VICI_CMD_RESPONSE);
    for (unsigned i = 0; i < 64; i++)
        close(fds[i]);
}

static struct ike_conn *big_conn(void)
{
    struct ike_conn *conn = ike_conn_new("big");

    for (unsigned c = 0; c < IKE_CHILDREN_MAX; c++) {
        struct ike_child_conf *child = &conn->children[conn->n_children++];
        char name[16];

        snprintf(name, sizeof name, "child%u", c);
        ike_child_conf_init(child, name);
        child->local_ts.n = child->remote_ts.n = IKE_TS_MAX;
        for (unsigned i = 0; i < IKE_TS_MAX; i++) {
            assert_int_equal(
                ike_ts_parse("2001:db8:aaaa:bbbb::/64[tcp/443]", &child->local_ts.ts[i], NULL), 0);
            child->remote_ts.ts[i] = child->local_ts.ts[i];
        }
    }
    return conn;
}

static void a_client_that_does_not_read_is_closed_at_a_bound(void **state)
{
    int slow = client(), other = client();
    bool closed = false;

    (void)state;
    d.conns[d.n_conns++] = big_conn();
    request(slow, VICI_EVENT_REGISTER, "list-conn");
    assert_int_equal(answer(slow).type, VICI_EVENT_CONFIRM);
    for (unsigned i = 0; i < 3000 && !closed; i++) {
        struct vici_writer w;
        struct span bytes;

        vici_packet_begin(&w, VICI_CMD_REQUEST, "list-conns");
        bytes = packet_bytes(&w);
        closed = send(slow, bytes.p, bytes.len, MSG_NOSIGNAL) < 0 && errno == EPIPE;
        vici_writer_fini(&w);
        turn(1);
    }
    assert_true(closed);
    request(other, VICI_CMD_REQUEST, "get-conns");
    assert_int_equal(answer(other).type, VICI_CMD_RESPONSE);
    close(slow);
    close(other);
}

/* --- commands --- */

/* load-conn with one key changed: in `section` ("" = the connection itself). */
static struct vici_packet load(int fd, const char *section, const char *key, const char *value)
{
    struct vici_writer w;

    vici_packet_begin(&w, VICI_CMD_REQUEST, "load-conn");
    vici_section(&w, "gw");
    vici_list(&w, "remote_addrs");
    vici_item_text(&w, "192.0.2.2");
    vici_list_end(&w);
    if (!section[0])
        vici_text(&w, key, value);
    vici_section(&w, "local");
    vici_text(&w, "auth", "psk");
    vici_text(&w, "id", "moon");
    vici_section_end(&w);
    vici_section(&w, "remote");
    vici_text(&w, "auth", "psk");
    vici_text(&w, "id", "sun");
    if (strcmp(section, "remote") == 0)
        vici_text(&w, key, value);
    vici_section_end(&w);
    vici_section(&w, "children");
    vici_section(&w, "net");
    vici_list(&w, "local_ts");
    vici_item_text(&w, "10.1.0.0/24");
    vici_item_text(&w, "10.9.0.0/24");
    vici_list_end(&w);
    vici_text(&w, "remote_ts", "10.2.0.0/24");
    if (strcmp(section, "child") == 0)
        vici_text(&w, key, value);
    vici_section_end(&w);
    vici_section_end(&w);
    vici_section_end(&w);
    send_packet(fd, &w);
    return answer(fd);
}

static void load_conn_fills_a_connection(void **state)
{
    const struct ike_child_conf *child;
    struct vici_packet packet;
    int fd = client();

    (void)state;
    packet = load(fd, "child", "rekey_time", "10m");
    assert_string_equal(text_in(packet, "errmsg"), "");
    assert_string_equal(text_in(packet, "success"), "yes");
    assert_int_equal(n_put, 1);
    child = ike_conn_child(d.conns[0], "net");
    assert_non_null(child);
    assert_int_equal(child->local_ts.n, 2);
    assert_int_equal(child->rekey_time, 600 * NS_PER_S);
    request(fd, VICI_EVENT_REGISTER, "list-conn");
    assert_int_equal(answer(fd).type, VICI_EVENT_CONFIRM);
    request(fd, VICI_CMD_REQUEST, "list-conns");
    packet = answer(fd);
    assert_int_equal(packet.type, VICI_EVENT);
    assert_int_equal(answer(fd).type, VICI_CMD_RESPONSE);
    assert_string_equal(text_in(ask_with(fd, "unload-conn", "name", "gw"), "success"), "yes");
    packet = ask_with(fd, "unload-conn", "name", "gw");
    assert_string_equal(text_in(packet, "success"), "no");
    assert_string_equal(text_in(packet, "code"), "not-found");
    close(fd);
}

static void load_conn_names_the_key_that_is_wrong(void **state)
{
    static const char *const faults[][3] = {
        { "", "rekey_tme", "10m" },     { "", "rekey_time", "soon" },
        { "", "version", "1" },         { "child", "local_tss", "x" },
        { "child", "mode", "magic" },   { "child", "replay_window", "-1" },
        { "remote", "auth", "pubkey" }, { "remote", "idd", "x" },
    };
    char long_value[5000];
    struct vici_packet packet;
    int fd = client();

    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        packet = load(fd, faults[i][0], faults[i][1], faults[i][2]);
        assert_string_equal(text_in(packet, "success"), "no");
        if (!strstr(text_in(packet, "errmsg"), faults[i][1]))
            fail_msg("%s: \"%s\"", faults[i][1], text_in(packet, "errmsg"));
    }
    memset(long_value, 'a', sizeof long_value - 1);
    long_value[sizeof long_value - 1] = '\0';
    packet = load(fd, "", "proposals", long_value);
    assert_non_null(strstr(text_in(packet, "errmsg"), "proposals"));
    assert_int_equal(n_put, 0);
    close(fd);
}

static void initiate_answers_when_the_core_is_done(void **state)
{
    struct vici_writer w;
    struct vici_packet packet;
    uint8_t byte;
    int fd = client();

    (void)state;
    packet = ask_with(fd, "initiate", "child", "net");
    assert_string_equal(text_in(packet, "code"), "not-found");
    load(fd, "child", "rekey_time", "10m");
    vici_packet_begin(&w, VICI_CMD_REQUEST, "initiate");
    vici_text(&w, "child", "net");
    send_packet(fd, &w);
    turn(5);
    assert_non_null(waiting);
    assert_string_equal(asked_conn, "gw"); /* found by its child */
    assert_string_equal(asked_child, "net");
    assert_int_equal(recv(fd, &byte, 1, 0), -1);
    waiting(waiting_user, ERR_TIMEOUT, "peer does not answer");
    packet = answer(fd);
    assert_string_equal(text_in(packet, "success"), "no");
    assert_string_equal(text_in(packet, "errmsg"), "peer does not answer");
    assert_string_equal(text_in(packet, "code"), "timeout");
    close(fd);
}

static void a_client_that_hangs_up_does_not_stop_its_command(void **state)
{
    struct vici_writer w;
    int fd = client();

    (void)state;
    vici_packet_begin(&w, VICI_CMD_REQUEST, "terminate");
    vici_text(&w, "ike", "gw");
    vici_text(&w, "force", "yes");
    send_packet(fd, &w);
    turn(5);
    assert_non_null(waiting);
    assert_true(asked.force);
    close(fd);
    turn(5);
    waiting(waiting_user, 0, ""); /* writes to nobody */
    turn(5);
}

static void commands_without_a_target_are_refused(void **state)
{
    int fd = client();

    (void)state;
    assert_string_equal(text_in(ask_with(fd, "terminate", NULL, NULL), "code"), "invalid");
    assert_string_equal(text_in(ask_with(fd, "rekey", NULL, NULL), "code"), "invalid");
    assert_string_equal(text_in(ask_with(fd, "rekey", "reauth", "yes"), "code"), "unsupported");
    assert_null(waiting);
    assert_string_equal(text_in(ask_with(fd, "reload-settings", NULL, NULL), "errmsg"),
                        "file:7: key rekey_tme");
    assert_int_equal(n_reloads, 1);
    close(fd);
}

static void a_secret_goes_to_the_key_process(void **state)
{
    struct vici_writer w;
    struct vici_packet packet;
    int fd = client();

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        vici_packet_begin(&w, VICI_CMD_REQUEST, "load-shared");
        vici_text(&w, "id", "one");
        vici_text(&w, "type", i == 2 ? "EAP" : "IKE");
        vici_text(&w, "data", i == 1 ? "short" : "a secret of enough bytes");
        vici_list(&w, "owners");
        vici_item_text(&w, "moon");
        vici_item_text(&w, "sun");
        vici_list_end(&w);
        send_packet(fd, &w);
        packet = answer(fd);
        assert_string_equal(text_in(packet, "success"), i ? "no" : "yes");
    }
    assert_string_equal(text_in(packet, "code"), "unsupported");
    assert_string_equal(text_in(ask_with(fd, "load-shared", "type", "ike"), "errmsg"),
                        "data: missing");
    assert_string_equal(text_in(ask_with(fd, "load-key", NULL, NULL), "code"), "unsupported");
    assert_string_equal(text_in(ask_with(fd, "load-cert", NULL, NULL), "code"), "unsupported");
    close(fd);
}

static void lists_and_counters_are_answered(void **state)
{
    static const char *const plain[] = { "stats",       "get-conns",  "get-shared",
                                         "get-keys",    "get-pools",  "get-authorities",
                                         "get-devices", "list-conns", "list-sas" };
    struct vici_packet packet;
    struct span ike;
    int fd = client();

    (void)state;
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        assert_int_equal(ask_with(fd, plain[i], NULL, NULL).type, VICI_CMD_RESPONSE);
    packet = ask_with(fd, "get-drops", NULL, NULL);
    assert_true(vici_find(packet.message, VICI_SECTION, "ike", &ike));
    assert_int_equal(vici_find_number(ike, "integrity", 0), 3);
    assert_true(vici_find(packet.message, VICI_SECTION, "device", &ike));
    request(fd, VICI_EVENT_REGISTER, "list-sa");
    assert_int_equal(answer(fd).type, VICI_EVENT_CONFIRM);
    packet = ask_with(fd, "list-sas", NULL, NULL);
    assert_true(vici_span_is(packet.name, "list-sa"));
    assert_true(vici_find(packet.message, VICI_SECTION, "gw", &ike));
    assert_int_equal(vici_find_number(ike, "uniqueid", 0), 5);
    assert_int_equal(answer(fd).type, VICI_CMD_RESPONSE);
    assert_int_equal(ask_with(fd, "list-sas", "ike", "another").type, VICI_CMD_RESPONSE);
    close(fd);
}

static void every_command_stands_in_the_manual_page(void **state)
{
    FILE *f = fopen("ike/daemon/ipsec-offloadd.8.scd", "r");
    static char page[32768];
    char want[64];

    (void)state;
    assert_non_null(f);
    page[fread(page, 1, sizeof page - 1, f)] = '\0';
    fclose(f);
    for (const struct ctl_command *c = ctl_commands; c->name; c++) {
        snprintf(want, sizeof want, "*%s*", c->name);
        if (!strstr(strstr(page, "# CONTROL SOCKET"), want))
            fail_msg("the page lacks the command %s", c->name);
    }
    for (unsigned i = 0; ctl_events[i]; i++) {
        snprintf(want, sizeof want, "*%s*", ctl_events[i]);
        if (!strstr(page, want))
            fail_msg("the page lacks the event %s", ctl_events[i]);
    }
}

int main(void)
{
#define CTL(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        CTL(the_socket_is_for_root_alone),
        CTL(a_packet_may_come_in_any_pieces),
        CTL(two_requests_in_one_write_get_two_answers),
        CTL(what_is_not_vici_closes_the_client_and_nobody_else),
        CTL(unknown_commands_and_events_are_said_to_be_unknown),
        CTL(events_come_between_register_and_unregister),
        CTL(sixty_four_clients_are_served_and_the_next_is_not),
        CTL(a_client_that_does_not_read_is_closed_at_a_bound),
        CTL(load_conn_fills_a_connection),
        CTL(load_conn_names_the_key_that_is_wrong),
        CTL(initiate_answers_when_the_core_is_done),
        CTL(a_client_that_hangs_up_does_not_stop_its_command),
        CTL(commands_without_a_target_are_refused),
        CTL(a_secret_goes_to_the_key_process),
        CTL(lists_and_counters_are_answered),
        cmocka_unit_test(every_command_stands_in_the_manual_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
