/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_dp_session: requests against the data plane's control side, with a real
 * engine, routes that are only counted, and clients on socket pairs.
 */
#include "tests/unit/dp_kit.h"

#include <sys/socket.h>
#include <unistd.h>

#include "utils/base/log.h"
#include "utils/dp/server.h"

static struct dp dp;
static struct server server;
static int peers[SERVER_CLIENTS_MAX];
static int n_routes, fail_route_at;
static uint8_t tx[DPC_FRAME_MAX], rx[DPC_FRAME_MAX];

static void no_log(void *user, enum log_level level, const char *line)
{
    (void)user;
    (void)level;
    (void)line;
}

static int fake_add(void *user, const struct net_route *route, struct err *err)
{
    (void)user;
    (void)route;
    if (fail_route_at && --fail_route_at == 0)
        return err_set(err, ERR_IO, "add route: no");
    n_routes++;
    return 0;
}

static int fake_del(void *user, const struct net_route *route, struct err *err)
{
    (void)user;
    (void)route;
    (void)err;
    n_routes--;
    return 0;
}

static int no_addr(void *user, const struct ip_range *range, struct ip_addr *ret)
{
    (void)user;
    (void)range;
    (void)ret;
    return ERR_NOTFOUND;
}

static int setup(void **state)
{
    struct steer_port port = { fake_add, fake_del, no_addr, NULL };
    struct engine_opts opts = { 0 };

    (void)state;
    log_set_sink(no_log, NULL);
    memset(&dp, 0, sizeof dp);
    memset(&server, 0, sizeof server);
    n_routes = fail_route_at = 0;
    dp.opts.tun = "ipsec0";
    dp.udp_fds[0] = -1;
    engine_caps(&dp.caps);
    dp.caps.families = 1;
    assert_int_equal(engine_new(&opts, &dp.engine, NULL), 0);
    steer_init(&dp.steer, &port, 7);
    server.dp = &dp;
    server.timer_fd = -1;
    for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
        server.clients[i].fd = -1;
        peers[i] = -1;
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
        if (server.clients[i].fd >= 0)
            client_fini(&server.clients[i]);
        if (peers[i] >= 0)
            close(peers[i]);
    }
    steer_fini(&dp.steer);
    engine_free(dp.engine);
    log_set_sink(NULL, NULL);
    return 0;
}

static struct client *join(size_t i)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
    client_init(&server.clients[i], fds[0], 100 + (pid_t)i);
    peers[i] = fds[1];
    return &server.clients[i];
}

static size_t index_of(const struct client *c)
{
    return (size_t)(c - server.clients);
}

/* The reply's code; its payload in *ret_payload. */
static int answer(const struct client *c, struct span *ret_payload)
{
    struct dpc_header h = { 0 };
    ssize_t n = recv(peers[index_of(c)], rx, sizeof rx, MSG_DONTWAIT);

    assert_true(n > 0);
    assert_int_equal(dpc_open(span_of(rx, (size_t)n), &h, ret_payload, NULL), 0);
    assert_int_equal(h.kind, DPC_REPLY);
    return h.code;
}

static int ask(struct client *c, struct wr *wr, struct span *ret_payload)
{
    struct span frame;

    assert_int_equal(dpc_end(wr, &frame, NULL), 0);
    session_request(&server, c, frame);
    return answer(c, ret_payload);
}

static void begin(struct wr *wr, uint16_t op)
{
    dpc_begin(wr, tx, sizeof tx, DPC_REQUEST, op, 1, 0);
}

static int hello(struct client *c, const char *owner, bool monitor)
{
    struct dpc_hello m = { .version = DPC_VERSION, .monitor = monitor };
    struct span payload;
    struct wr wr;

    snprintf(m.owner, sizeof m.owner, "%s", owner);
    begin(&wr, DPC_OP_HELLO);
    dpc_put_hello(&wr, &m);
    return ask(c, &wr, &payload);
}

/* in SA, out SA and a rule that names it; ids into ids[3]. */
static int install(struct client *c, uint32_t spi, uint64_t ids[3])
{
    struct nic_sa_attr in = kit_sa(NIC_DIR_IN, spi), out = kit_sa(NIC_DIR_OUT, spi + 1);
    struct nic_rule_attr rule = kit_rule("10.1.0.0/24", "10.2.0.0/24", NIC_SA_OF_OP(1));
    struct nic_batch_op ops[] = { { .kind = NIC_OP_SA_ADD, .sa_attr = &in },
                                  { .kind = NIC_OP_SA_ADD, .sa_attr = &out },
                                  { .kind = NIC_OP_RULE_ADD, .rule = &rule } };
    struct nic_batch batch = { .ops = ops, .n_ops = 3 };
    struct span payload;
    struct dpc_in reply;
    struct wr wr;
    int rc;

    begin(&wr, DPC_OP_BATCH);
    assert_int_equal(dpc_put_batch(&wr, &batch, NULL), 0);
    rc = ask(c, &wr, &payload);
    if (rc)
        return rc;
    dpc_in_init(&reply, payload);
    dpc_get_batch_ids(&reply, ops, 3);
    assert_int_equal(dpc_in_end(&reply, "ids", NULL), 0);
    for (size_t i = 0; ids && i < 3; i++)
        ids[i] = ops[i].id;
    return 0;
}

static int ask_text(struct client *c, struct wr *wr, char text[ERR_TEXT_LEN])
{
    struct span payload;
    int rc = ask(c, wr, &payload);

    snprintf(text, ERR_TEXT_LEN, "%.*s", (int)payload.len, (const char *)payload.p);
    return rc;
}

static void one_client_holds_the_lease_and_its_death_frees_it(void **state)
{
    struct client *a = join(0), *b = join(1), *m = join(2);

    (void)state;
    assert_int_equal(hello(a, "one", false), 0);
    assert_int_equal(server.generation, 1);
    assert_int_equal(hello(b, "two", false), ERR_BUSY);
    assert_int_equal(hello(m, "cli", true), 0);
    assert_int_equal(install(a, 0x1000, NULL), 0);
    close(peers[0]); /* as after kill -9: nothing was said */
    peers[0] = -1;
    assert_int_equal(hello(b, "two", false), 0);
    assert_int_equal(server.generation, 2);
    assert_int_equal(server.n_sas, 2);
    assert_true(engine_spi_in_use(dp.engine, 0x1000));
}

static void nothing_goes_before_hello_and_no_change_for_a_monitor(void **state)
{
    struct client *c = join(0);
    char text[ERR_TEXT_LEN];
    struct wr wr;

    (void)state;
    begin(&wr, DPC_OP_COUNTERS);
    assert_int_equal(ask_text(c, &wr, text), ERR_STATE);
    assert_string_equal(text, "counters: hello comes first");
    assert_int_equal(hello(c, "cli", true), 0);
    assert_int_equal(install(c, 0x1000, NULL), ERR_STATE);
    begin(&wr, DPC_OP_SPI_RESERVE);
    assert_int_equal(ask_text(c, &wr, text), ERR_STATE);
    assert_string_equal(text, "spi-reserve: only the lease holder may");
    begin(&wr, 999);
    assert_int_equal(ask_text(c, &wr, text), ERR_UNSUPPORTED);
    assert_string_equal(text, "op: 999 is unknown");
}

static void another_version_is_refused_by_number(void **state)
{
    struct dpc_hello m = { .version = 2, .owner = "x" };
    struct client *c = join(0);
    char text[ERR_TEXT_LEN];
    struct wr wr;

    (void)state;
    begin(&wr, DPC_OP_HELLO);
    dpc_put_hello(&wr, &m);
    assert_int_equal(ask_text(c, &wr, text), ERR_UNSUPPORTED);
    assert_string_equal(text, "version: 2 asked for, 1 spoken here");
    assert_null(server.holder);
}

static void a_batch_is_all_or_nothing_routes_included(void **state)
{
    struct client *c = join(0);
    uint64_t ids[3];

    (void)state;
    assert_int_equal(hello(c, "one", false), 0);
    assert_int_equal(install(c, 0x1000, ids), 0);
    assert_int_equal(n_routes, 1);
    assert_true(ids[0] && ids[1] && ids[2]);
    assert_int_equal(install(c, 0x1000, NULL), ERR_EXISTS); /* the inbound SPI */
    assert_int_equal(n_routes, 1);
    assert_int_equal(server.n_sas, 2);
    assert_int_equal(server.n_rules, 1);
}

static void a_route_that_fails_fails_the_batch(void **state)
{
    struct client *c = join(0);

    (void)state;
    assert_int_equal(hello(c, "one", false), 0);
    fail_route_at = 1;
    assert_int_equal(install(c, 0x1000, NULL), ERR_IO);
    assert_int_equal(server.n_sas, 0);
    assert_false(engine_spi_in_use(dp.engine, 0x1000));
}

static void deleting_a_rule_takes_its_route_and_two_rules_share_one(void **state)
{
    struct nic_batch_op op = { .kind = NIC_OP_RULE_DEL };
    struct nic_batch batch = { .ops = &op, .n_ops = 1 };
    struct client *c = join(0);
    uint64_t one[3], two[3];
    struct span payload;
    struct wr wr;

    (void)state;
    assert_int_equal(hello(c, "one", false), 0);
    assert_int_equal(install(c, 0x1000, one), 0);
    assert_int_equal(install(c, 0x2000, two), 0);
    assert_int_equal(n_routes, 1);
    for (int i = 0; i < 2; i++) {
        op.id = i ? two[2] : one[2];
        begin(&wr, DPC_OP_BATCH);
        assert_int_equal(dpc_put_batch(&wr, &batch, NULL), 0);
        assert_int_equal(ask(c, &wr, &payload), 0);
        assert_int_equal(n_routes, 1 - i);
    }
    begin(&wr, DPC_OP_BATCH); /* it is gone: the batch names it, nothing changes */
    assert_int_equal(dpc_put_batch(&wr, &batch, NULL), 0);
    assert_int_equal(ask(c, &wr, &payload), ERR_NOTFOUND);
    assert_int_equal(n_routes, 0);
}

static void wrong_attributes_are_named_with_their_op(void **state)
{
    struct nic_sa_attr attr = kit_sa(NIC_DIR_IN, 0x1000);
    struct nic_batch_op op = { .kind = NIC_OP_SA_ADD, .sa_attr = &attr };
    struct nic_batch batch = { .ops = &op, .n_ops = 1 };
    struct client *c = join(0);
    char text[ERR_TEXT_LEN];
    struct wr wr;

    (void)state;
    assert_int_equal(hello(c, "one", false), 0);
    attr.spi = 255;
    begin(&wr, DPC_OP_BATCH);
    assert_int_equal(dpc_put_batch(&wr, &batch, NULL), 0);
    assert_int_equal(ask_text(c, &wr, text), ERR_INVALID);
    assert_non_null(strstr(text, "op 0: spi"));
}

static void reserved_spis_are_fresh_bounded_and_end_with_the_lease(void **state)
{
    struct client *c = join(0), *b = join(1);
    struct span payload;
    struct wr wr;

    (void)state;
    assert_int_equal(hello(c, "one", false), 0);
    for (unsigned i = 0; i < SPI_RESERVED_MAX; i++) {
        begin(&wr, DPC_OP_SPI_RESERVE);
        assert_int_equal(ask(c, &wr, &payload), 0);
        assert_true(get_be32(payload.p) >= SPI_MIN);
    }
    begin(&wr, DPC_OP_SPI_RESERVE);
    assert_int_equal(ask(c, &wr, &payload), ERR_FULL);
    begin(&wr, DPC_OP_SPI_RELEASE);
    wr_be32(&wr, server.spis.spis[5]);
    assert_int_equal(ask(c, &wr, &payload), 0);
    assert_int_equal(server.spis.n, SPI_RESERVED_MAX - 1);
    close(peers[0]);
    peers[0] = -1;
    assert_int_equal(hello(b, "two", false), 0);
    assert_int_equal(server.spis.n, 0);
}

static void a_long_list_comes_in_pages_and_survives_changes(void **state)
{
    struct client *c = join(0);
    unsigned n = 0, pages = 0;
    uint64_t last = 0;
    bool more = true;

    (void)state;
    assert_int_equal(hello(c, "one", false), 0);
    for (uint32_t i = 0; i < 50; i++)
        assert_int_equal(install(c, 0x1000 + 2 * i, NULL), 0);
    while (more) {
        struct span payload;
        struct dpc_in in;
        struct wr wr;
        uint16_t here;

        begin(&wr, DPC_OP_SA_LIST);
        dpc_put_bool(&wr, pages == 0);
        assert_int_equal(ask(c, &wr, &payload), 0);
        dpc_in_init(&in, payload);
        more = dpc_bool(&in, "more");
        here = dpc_be16(&in, "n");
        assert_true(here <= DPC_PAGE_MAX);
        for (uint16_t i = 0; i < here; i++) {
            struct nic_sa_info info;

            dpc_get_sa_info(&in, &info);
            assert_int_not_equal(info.id, last);
            last = info.id;
            n++;
        }
        assert_int_equal(dpc_in_end(&in, "list", NULL), 0);
        if (pages++ == 0)
            assert_int_equal(install(c, 0x9000, NULL), 0); /* not in the list, no harm */
    }
    assert_int_equal(n, 100);
    assert_int_equal(pages, 4);
}

static void a_list_that_was_not_begun_is_refused(void **state)
{
    struct client *c = join(0);
    struct span payload;
    struct wr wr;

    (void)state;
    assert_int_equal(hello(c, "cli", true), 0);
    begin(&wr, DPC_OP_SA_LIST);
    dpc_put_bool(&wr, false);
    assert_int_equal(ask(c, &wr, &payload), ERR_STATE);
}

static void a_slow_holder_loses_events_and_nothing_else(void **state)
{
    static uint8_t data[DPC_IKE_MAX];
    struct nic_event ev = { .kind = NIC_EVENT_IKE_DATAGRAM, .data = span_of(data, sizeof data) };
    struct client *c = join(0);
    struct span payload;
    struct wr wr;
    unsigned n_frames = 0;

    (void)state;
    assert_int_equal(hello(c, "one", false), 0);
    for (int i = 0; i < 1000; i++)
        session_event(&server, &ev);
    assert_true(server.events_lost > 0);
    assert_true(c->queued_bytes <= CLIENT_QUEUE_BYTES);
    assert_false(c->broken);
    /* It wakes up: everything that was kept arrives, then it is served again. */
    for (int round = 0; round < 200; round++) {
        while (recv(peers[0], rx, sizeof rx, MSG_DONTWAIT) > 0)
            n_frames++;
        client_flush(c);
    }
    assert_int_equal(n_frames + server.events_lost, 1000);
    begin(&wr, DPC_OP_COUNTERS);
    assert_int_equal(ask(c, &wr, &payload), 0);
}

static void events_without_a_holder_are_counted(void **state)
{
    struct nic_event ev = { .kind = NIC_EVENT_ACQUIRE };
    struct client *m = join(0);

    (void)state;
    assert_int_equal(hello(m, "cli", true), 0);
    session_event(&server, &ev);
    assert_int_equal(server.events_lost, 1);
    assert_int_equal(recv(peers[0], rx, sizeof rx, MSG_DONTWAIT), -1);
}

/* Every prefix of every request, and every request with one byte turned. */
static void no_bytes_of_a_client_do_harm(void **state)
{
    struct nic_sa_attr in = kit_sa(NIC_DIR_IN, 0x5000);
    struct nic_batch_op op = { .kind = NIC_OP_SA_ADD, .sa_attr = &in };
    struct nic_batch batch = { .ops = &op, .n_ops = 1 };
    struct client *c = join(0);
    static uint8_t copy[4096];
    struct span frame, payload;
    struct wr wr;

    (void)state;
    assert_int_equal(hello(c, "one", false), 0);
    begin(&wr, DPC_OP_BATCH);
    assert_int_equal(dpc_put_batch(&wr, &batch, NULL), 0);
    assert_int_equal(dpc_end(&wr, &frame, NULL), 0);
    assert_true(frame.len < sizeof copy);
    for (size_t len = 0; len < frame.len; len++) {
        memcpy(copy, frame.p, len);
        if (len > 16)
            put_be32(copy + 12, (uint32_t)(len - 16)); /* a true length of too little */
        session_request(&server, c, span_of(copy, len));
        assert_int_not_equal(answer(c, &payload), 0);
    }
    assert_int_equal(server.n_sas, 0);
    for (size_t at = 0; at < frame.len; at++) {
        memcpy(copy, frame.p, frame.len);
        copy[at] ^= 0xff;
        session_request(&server, c, span_of(copy, frame.len));
        answer(c, &payload);
    }
    assert_false(c->broken);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(one_client_holds_the_lease_and_its_death_frees_it),
        T(nothing_goes_before_hello_and_no_change_for_a_monitor),
        T(another_version_is_refused_by_number),
        T(a_batch_is_all_or_nothing_routes_included),
        T(a_route_that_fails_fails_the_batch),
        T(deleting_a_rule_takes_its_route_and_two_rules_share_one),
        T(wrong_attributes_are_named_with_their_op),
        T(reserved_spis_are_fresh_bounded_and_end_with_the_lease),
        T(a_long_list_comes_in_pages_and_survives_changes),
        T(a_list_that_was_not_begun_is_refused),
        T(a_slow_holder_loses_events_and_nothing_else),
        T(events_without_a_holder_are_counted),
        T(no_bytes_of_a_client_do_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
