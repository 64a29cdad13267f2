/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_soft_dev: the backend against a data plane that the test plays on the
 * other end of a socket pair: late, early, silent, gone, or talking nonsense.
 */
#include "tests/unit/dp_kit.h"

#include <sys/socket.h>
#include <unistd.h>

#include "driver/soft/soft_dev.h"
#include "tests/lib/manual_clock.h"

/* The world of one test. */
struct world {
    struct manual_clock clock;
    int peer; /* our end; -1: nobody answers a connect */
    int n_connects;
    bool absent;
    struct nic_device *dev;
    enum nic_event_kind events[64];
    size_t n_events;
    int done_code;
    int n_done;
    char done_text[ERR_TEXT_LEN];
    size_t guard_n;
    int n_guards;
    int guard_code;
    uint64_t addrs; /* of this host */
    char guard_tun[NIC_NAME_LEN];
    /* What the peer answers a hello with while it connects. */
    int hello_code;
    const char *tun;
};

static struct world w;
static uint8_t frame_buf[DPC_FRAME_MAX], got[DPC_FRAME_MAX];

static void peer_send(struct wr *wr)
{
    struct span frame;

    assert_int_equal(dpc_end(wr, &frame, NULL), 0);
    assert_int_equal(send(w.peer, frame.p, frame.len, MSG_NOSIGNAL), frame.len);
}

static void peer_error(uint16_t op, uint32_t id, int code, const char *text)
{
    struct wr wr;

    dpc_begin(&wr, frame_buf, sizeof frame_buf, DPC_REPLY, op, id, code);
    wr_bytes(&wr, text, strlen(text));
    peer_send(&wr);
}

static void peer_welcome(uint32_t id)
{
    struct dpc_welcome m = kit_welcome();
    struct wr wr;

    if (w.tun)
        snprintf(m.tun, sizeof m.tun, "%s", w.tun);
    dpc_begin(&wr, frame_buf, sizeof frame_buf, DPC_REPLY, DPC_OP_HELLO, id, 0);
    dpc_put_welcome(&wr, &m);
    peer_send(&wr);
}

/* The next request the backend has sent. */
static struct dpc_header peer_recv(struct span *ret_payload)
{
    struct dpc_header h = { 0 };
    ssize_t n = recv(w.peer, got, sizeof got, MSG_DONTWAIT);

    assert_true(n > 0);
    assert_int_equal(dpc_open(span_of(got, (size_t)n), &h, ret_payload, NULL), 0);
    assert_int_equal(h.kind, DPC_REQUEST);
    return h;
}

/* The id of hello number one is known: each device counts from 1, and a
 * reconnect goes on from where it was. The reply is there before the question,
 * so that no thread is needed for a call that waits. */
static int fake_connect(void *user, const char *path, int *ret_fd, struct err *err)
{
    int fds[2];

    (void)user;
    (void)path;
    w.n_connects++;
    if (w.absent)
        return err_set(err, ERR_NOTFOUND, "not running");
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
    if (w.peer >= 0)
        close(w.peer);
    w.peer = fds[1];
    *ret_fd = fds[0];
    if (!w.dev && !w.hello_code)
        peer_welcome(1);
    else if (!w.dev)
        peer_error(DPC_OP_HELLO, 1, w.hello_code, "lease: held by other (pid 3)");
    return 0;
}

static int fake_guard(void *user, const struct net_guard *guard, struct err *err)
{
    (void)user;
    w.n_guards++;
    if (w.guard_code)
        return err_set(err, w.guard_code, "drop rule: refused");
    w.guard_n = guard->n;
    snprintf(w.guard_tun, sizeof w.guard_tun, "%s", guard->tun);
    return 0;
}

static uint64_t fake_addrs(void *user)
{
    (void)user;
    return w.addrs;
}

/* Time passes with every look, so that a wait for a silent peer ends. */
static ns_time fake_now(void *user)
{
    (void)user;
    return manual_clock_advance(&w.clock, NS_PER_MS);
}

static const struct soft_port port = {
    .connect = fake_connect,
    .guard = fake_guard,
    .addrs = fake_addrs,
    .now = fake_now,
    .deadline_ms = 5,
};

static void on_event(void *user, const struct nic_event *ev)
{
    (void)user;
    assert_true(w.n_events < 64);
    w.events[w.n_events++] = ev->kind;
}

static int open_world(bool monitor, struct err *err)
{
    struct nic_open_params params = { .address = "/x/dp.sock",
                                      .owner = "test",
                                      .monitor = monitor };
    struct nic_device *dev = NULL;
    int rc = soft_dev_open(&params, &port, &dev, err);

    w.dev = dev;
    if (!rc) {
        dev->event_fn = on_event;
        dev->monitor = monitor;
    }
    return rc;
}

static int setup(void **state)
{
    (void)state;
    w = (struct world){ .clock = MANUAL_CLOCK_INIT, .peer = -1 };
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (w.dev)
        w.dev->ops->close(w.dev);
    if (w.peer >= 0)
        close(w.peer);
    return 0;
}

static void open_and_skip_hello(void)
{
    struct span payload;

    assert_int_equal(open_world(false, NULL), 0);
    assert_int_equal(peer_recv(&payload).op, DPC_OP_HELLO);
}

static void process(void)
{
    assert_int_equal(w.dev->ops->process(w.dev, w.clock.now, NULL), 0);
}

static void done(struct nic_batch *batch, int code, const struct err *err)
{
    (void)batch;
    w.n_done++;
    w.done_code = code;
    snprintf(w.done_text, sizeof w.done_text, "%s", err ? err->text : "");
}

static void the_welcome_fills_what_the_device_can(void **state)
{
    struct dpc_hello hello;
    struct span payload;
    struct dpc_in in;

    (void)state;
    assert_int_equal(open_world(false, NULL), 0);
    assert_int_equal(peer_recv(&payload).op, DPC_OP_HELLO);
    dpc_in_init(&in, payload);
    dpc_get_hello(&in, &hello);
    assert_int_equal(dpc_in_end(&in, "hello", NULL), 0);
    assert_string_equal(hello.owner, "test");
    assert_false(hello.monitor);
    assert_int_equal(w.dev->generation, 5);
    assert_int_equal(w.dev->caps.sa_max, 1000);
    process();
    assert_int_equal(w.n_events, 0); /* it was there from the start */
}

static void a_held_lease_is_an_error_of_open(void **state)
{
    struct err err = { 0 };

    (void)state;
    w.hello_code = ERR_BUSY;
    assert_int_equal(open_world(false, &err), ERR_BUSY);
    assert_string_equal(err.text, "data plane at /x/dp.sock: lease: held by other (pid 3)");
    assert_null(w.dev);
}

static void an_owner_may_come_before_the_data_plane(void **state)
{
    struct err err = { 0 };
    struct span payload;
    struct dpc_header h;
    uint32_t spi;

    (void)state;
    w.absent = true;
    assert_int_equal(open_world(false, NULL), 0);
    assert_int_equal(w.dev->ops->fd(w.dev), -1);
    assert_int_equal(w.dev->ops->spi_reserve(w.dev, &spi, &err), ERR_DEVICE);
    assert_string_equal(err.text, "data plane at /x/dp.sock: not running");
    process();
    process();
    assert_int_equal(w.n_events, 1); /* once */
    assert_int_equal(w.events[0], NIC_EVENT_DEVICE_LOST);
    w.absent = false;
    manual_clock_move_to(&w.clock, w.dev->ops->next_wakeup(w.dev));
    process();
    h = peer_recv(&payload);
    assert_int_equal(h.op, DPC_OP_HELLO);
    assert_int_equal(w.n_events, 1);
    peer_welcome(h.id);
    process();
    assert_int_equal(w.n_events, 2);
    assert_int_equal(w.events[1], NIC_EVENT_DEVICE_BACK);
    assert_int_equal(w.dev->generation, 5);
}

static void a_monitor_needs_a_data_plane(void **state)
{
    struct err err = { 0 };

    (void)state;
    w.absent = true;
    assert_int_equal(open_world(true, &err), ERR_DEVICE);
    assert_string_equal(err.text, "data plane at /x/dp.sock: not running");
}

static void reconnects_come_slower_up_to_a_second(void **state)
{
    ns_time at, last = 0, gap = 0;

    (void)state;
    w.absent = true;
    assert_int_equal(open_world(false, NULL), 0);
    for (int i = 0; i < 8; i++) {
        at = w.dev->ops->next_wakeup(w.dev);
        if (at == 1) /* the LOST event is due first */
            process();
        at = w.dev->ops->next_wakeup(w.dev);
        manual_clock_move_to(&w.clock, at);
        process();
        gap = w.dev->ops->next_wakeup(w.dev) - w.clock.now;
        assert_true(gap >= last || gap == 1000 * NS_PER_MS);
        last = gap;
    }
    assert_int_equal(gap, 1000 * NS_PER_MS);
    assert_int_equal(w.n_connects, 9);
}

static void a_batch_is_answered_later_with_its_ids(void **state)
{
    struct nic_sa_attr attr = kit_sa(NIC_DIR_IN, 0x1001);
    struct nic_batch_op op = { .kind = NIC_OP_SA_ADD, .sa_attr = &attr };
    struct nic_batch batch = { .ops = &op, .n_ops = 1, .done = done };
    struct nic_batch_op answer = { .kind = NIC_OP_SA_ADD, .id = 77 };
    struct span payload;
    struct dpc_header h;
    struct wr wr;

    (void)state;
    open_and_skip_hello();
    w.dev->ops->submit(w.dev, &batch);
    assert_int_equal(w.n_done, 0);
    h = peer_recv(&payload);
    assert_int_equal(h.op, DPC_OP_BATCH);
    dpc_begin(&wr, frame_buf, sizeof frame_buf, DPC_REPLY, DPC_OP_BATCH, h.id, 0);
    dpc_put_batch_ids(&wr, &answer, 1);
    peer_send(&wr);
    process();
    assert_int_equal(w.n_done, 1);
    assert_int_equal(w.done_code, 0);
    assert_int_equal(op.id, 77);
}

static void no_key_stays_behind_in_the_send_buffer(void **state)
{
    static struct nic_batch_op op; /* in flight until the device is closed */
    static struct nic_batch batch;
    struct nic_sa_attr attr = kit_sa(NIC_DIR_IN, 0x1001);
    struct soft_dev *d;

    (void)state;
    op = (struct nic_batch_op){ .kind = NIC_OP_SA_ADD, .sa_attr = &attr };
    batch = (struct nic_batch){ .ops = &op, .n_ops = 1, .done = done };
    open_and_skip_hello();
    d = CONTAINER_OF(w.dev, struct soft_dev, base);
    w.dev->ops->submit(w.dev, &batch);
    assert_null(memmem(d->tx, sizeof d->tx, attr.key, 8));
}

static void a_refused_batch_carries_the_reason(void **state)
{
    struct nic_batch_op op = { .kind = NIC_OP_SA_DEL, .id = 9 };
    struct nic_batch batch = { .ops = &op, .n_ops = 1, .done = done };
    struct span payload;

    (void)state;
    open_and_skip_hello();
    w.dev->ops->submit(w.dev, &batch);
    peer_error(DPC_OP_BATCH, peer_recv(&payload).id, ERR_NOTFOUND, "no SA 9");
    process();
    assert_int_equal(w.done_code, ERR_NOTFOUND);
    assert_string_equal(w.done_text, "no SA 9");
}

static void send_event(enum nic_event_kind kind)
{
    struct nic_event ev = { .kind = kind };
    struct wr wr;

    dpc_begin(&wr, frame_buf, sizeof frame_buf, DPC_EVENT, DPC_OP_EVENT, 0, 0);
    dpc_put_event(&wr, &ev);
    peer_send(&wr);
}

static void events_in_between_wait_for_process(void **state)
{
    uint32_t spi = 0;
    struct wr wr;

    (void)state;
    open_and_skip_hello();
    send_event(NIC_EVENT_ACQUIRE);
    send_event(NIC_EVENT_FIRST_PACKET);
    dpc_begin(&wr, frame_buf, sizeof frame_buf, DPC_REPLY, DPC_OP_SPI_RESERVE, 2, 0);
    wr_be32(&wr, 0xabcd);
    peer_send(&wr);
    assert_int_equal(w.dev->ops->spi_reserve(w.dev, &spi, NULL), 0);
    assert_int_equal(spi, 0xabcd);
    assert_int_equal(w.n_events, 0);
    assert_int_equal(w.dev->ops->next_wakeup(w.dev), 1); /* no readiness will tell */
    process();
    assert_int_equal(w.n_events, 2);
    assert_int_equal(w.events[0], NIC_EVENT_ACQUIRE);
    assert_int_equal(w.events[1], NIC_EVENT_FIRST_PACKET);
    assert_int_equal(w.dev->ops->next_wakeup(w.dev), 0);
}

static void a_silent_peer_costs_the_deadline_and_a_late_answer_is_forgotten(void **state)
{
    struct err err = { 0 };
    uint32_t spi = 5;
    struct wr wr;

    (void)state;
    open_and_skip_hello();
    assert_int_equal(w.dev->ops->spi_reserve(w.dev, &spi, &err), ERR_TIMEOUT);
    assert_int_equal(spi, 5);
    dpc_begin(&wr, frame_buf, sizeof frame_buf, DPC_REPLY, DPC_OP_SPI_RESERVE, 2, 0);
    wr_be32(&wr, 0x1111); /* the answer to the first question, too late */
    peer_send(&wr);
    dpc_begin(&wr, frame_buf, sizeof frame_buf, DPC_REPLY, DPC_OP_SPI_RESERVE, 3, 0);
    wr_be32(&wr, 0x2222);
    peer_send(&wr);
    assert_int_equal(w.dev->ops->spi_reserve(w.dev, &spi, NULL), 0);
    assert_int_equal(spi, 0x2222);
    process();
    assert_int_equal(w.n_events, 0);
}

static void loss_fails_batches_and_is_told_once(void **state)
{
    struct nic_batch_op op = { .kind = NIC_OP_SA_DEL, .id = 9 };
    struct nic_batch one = { .ops = &op, .n_ops = 1, .done = done };
    struct nic_batch two = one, three = one;
    struct err err = { 0 };
    uint32_t spi;

    (void)state;
    open_and_skip_hello();
    w.dev->ops->submit(w.dev, &one);
    w.dev->ops->submit(w.dev, &two);
    close(w.peer);
    w.peer = -1;
    w.absent = true;
    process();
    assert_int_equal(w.n_done, 2);
    assert_int_equal(w.done_code, ERR_DEVICE);
    assert_int_equal(w.n_events, 1);
    assert_int_equal(w.events[0], NIC_EVENT_DEVICE_LOST);
    assert_int_equal(w.dev->ops->fd(w.dev), -1);
    assert_int_equal(w.dev->ops->spi_reserve(w.dev, &spi, &err), ERR_DEVICE);
    w.dev->ops->submit(w.dev, &three);
    assert_int_equal(w.n_done, 3);
    process();
    assert_int_equal(w.n_events, 1);
}

static void loss_inside_a_call_is_told_by_process(void **state)
{
    struct err err = { 0 };
    uint32_t spi;

    (void)state;
    open_and_skip_hello();
    close(w.peer);
    w.peer = -1;
    w.absent = true;
    assert_int_equal(w.dev->ops->spi_reserve(w.dev, &spi, &err), ERR_DEVICE);
    assert_int_equal(w.n_events, 0);
    assert_int_equal(w.dev->ops->next_wakeup(w.dev), 1);
    process();
    assert_int_equal(w.n_events, 1);
}

static void garbage_ends_the_connection(void **state)
{
    static const char *const garbage[] = { "00", "0102", "01020005000000070000000000000001",
                                           "01010001000000010000000000000000", /* a request */
                                           "0103004000000000000000000000000163" };

    (void)state;
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        uint8_t bytes[64];
        size_t len = strlen(garbage[i]) / 2;

        setup(NULL);
        open_and_skip_hello();
        assert_true(hex_decode(bytes, len, garbage[i]));
        assert_int_equal(send(w.peer, bytes, len, 0), len);
        w.absent = true;
        process();
        assert_int_equal(w.n_events, 1);
        assert_int_equal(w.events[0], NIC_EVENT_DEVICE_LOST);
        teardown(NULL);
        w.dev = NULL;
        w.peer = -1;
    }
}

static void a_stuck_data_plane_is_given_up(void **state)
{
    struct nic_batch_op op = { .kind = NIC_OP_SA_DEL, .id = 9 };
    struct nic_batch batch = { .ops = &op, .n_ops = 1, .done = done };

    (void)state;
    open_and_skip_hello();
    w.dev->ops->submit(w.dev, &batch);
    manual_clock_move_to(&w.clock, w.dev->ops->next_wakeup(w.dev) - 10 * NS_PER_MS);
    process();
    assert_int_equal(w.n_done, 0);
    manual_clock_move_to(&w.clock, w.dev->ops->next_wakeup(w.dev));
    process();
    assert_int_equal(w.n_done, 1);
    assert_int_equal(w.done_code, ERR_DEVICE);
    assert_int_equal(w.events[0], NIC_EVENT_DEVICE_LOST);
}

static void the_guard_needs_no_data_plane_and_follows_its_tun_name(void **state)
{
    struct nic_guard_entry e = { .sel = kit_selector("10.1.0.0/24", "10.2.0.0/24") };
    struct span payload;

    (void)state;
    w.absent = true;
    assert_int_equal(open_world(false, NULL), 0);
    assert_int_equal(w.dev->ops->guard_set(w.dev, &e, 1, NULL), 0);
    assert_int_equal(w.n_guards, 1);
    assert_string_equal(w.guard_tun, "ipsec0");
    process();
    w.absent = false;
    w.tun = "secure7";
    manual_clock_move_to(&w.clock, w.dev->ops->next_wakeup(w.dev));
    process();
    peer_welcome(peer_recv(&payload).id);
    process();
    assert_int_equal(w.n_guards, 2);
    assert_int_equal(w.guard_n, 1);
    assert_string_equal(w.guard_tun, "secure7");
}

static void the_guard_follows_the_addresses_of_this_host_once_a_second(void **state)
{
    struct nic_guard_entry e = { .sel = kit_selector("10.1.0.0/24", "10.2.0.0/24") };

    (void)state;
    open_and_skip_hello();
    w.addrs = 1;
    process();
    assert_int_equal(w.n_guards, 0); /* none was set */
    assert_int_equal(w.dev->ops->guard_set(w.dev, &e, 1, NULL), 0);
    manual_clock_advance(&w.clock, NS_PER_S);
    process();
    assert_int_equal(w.n_guards, 1);
    w.addrs = 2;
    process();
    assert_int_equal(w.n_guards, 1);
    manual_clock_advance(&w.clock, NS_PER_S);
    process();
    assert_int_equal(w.n_guards, 2);
    assert_int_equal(w.guard_n, 1);
    manual_clock_advance(&w.clock, NS_PER_S);
    process();
    assert_int_equal(w.n_guards, 2);
}

static void no_rule_is_added_under_a_guard_that_does_not_know_an_address(void **state)
{
    struct nic_guard_entry e = { .sel = kit_selector("10.1.0.0/24", "10.2.0.0/24") };
    struct nic_rule_attr rule = kit_rule("10.1.0.0/24", "10.2.0.0/24", 0);
    struct nic_batch_op op = { .kind = NIC_OP_RULE_ADD, .rule = &rule };
    struct nic_batch batch = { .ops = &op, .n_ops = 1, .done = done };
    struct span payload;

    (void)state;
    open_and_skip_hello();
    assert_int_equal(w.dev->ops->guard_set(w.dev, &e, 1, NULL), 0);
    w.addrs = 2;
    w.guard_code = ERR_IO;
    w.dev->ops->submit(w.dev, &batch);
    assert_int_equal(w.done_code, ERR_IO);
    assert_string_equal(w.done_text, "drop rule: refused");
    assert_int_equal(recv(w.peer, got, sizeof got, MSG_DONTWAIT), -1);
    w.guard_code = 0;
    w.dev->ops->submit(w.dev, &batch);
    assert_int_equal(w.n_guards, 3);
    peer_error(DPC_OP_BATCH, peer_recv(&payload).id, ERR_FULL, "enough");
    process();
    assert_int_equal(w.n_guards, 3);
}

static int count_sa(void *user, const struct nic_sa_info *info)
{
    *(uint64_t *)user += info->id;
    return 0;
}

static void put_page(uint32_t id, bool more, uint16_t n)
{
    struct nic_sa_info info = kit_sa_info();
    struct wr wr;

    dpc_begin(&wr, frame_buf, sizeof frame_buf, DPC_REPLY, DPC_OP_SA_LIST, id, 0);
    dpc_put_bool(&wr, more);
    wr_be16(&wr, n);
    for (uint16_t i = 0; i < n; i++)
        dpc_put_sa_info(&wr, &info);
    peer_send(&wr);
}

static void a_list_comes_page_by_page(void **state)
{
    uint64_t sum = 0;
    struct span payload;

    (void)state;
    open_and_skip_hello();
    put_page(2, true, 3);
    put_page(3, false, 2);
    assert_int_equal(w.dev->ops->enumerate(w.dev, count_sa, NULL, &sum, NULL), 0);
    assert_int_equal(sum, 5 * 42);
    assert_int_equal(peer_recv(&payload).op, DPC_OP_SA_LIST);
    assert_int_equal(payload.p[0], 1); /* restart */
    assert_int_equal(peer_recv(&payload).op, DPC_OP_SA_LIST);
    assert_int_equal(payload.p[0], 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(the_welcome_fills_what_the_device_can),
        T(a_held_lease_is_an_error_of_open),
        T(an_owner_may_come_before_the_data_plane),
        T(a_monitor_needs_a_data_plane),
        T(reconnects_come_slower_up_to_a_second),
        T(a_batch_is_answered_later_with_its_ids),
        T(no_key_stays_behind_in_the_send_buffer),
        T(a_refused_batch_carries_the_reason),
        T(events_in_between_wait_for_process),
        T(a_silent_peer_costs_the_deadline_and_a_late_answer_is_forgotten),
        T(loss_fails_batches_and_is_told_once),
        T(loss_inside_a_call_is_told_by_process),
        T(garbage_ends_the_connection),
        T(a_stuck_data_plane_is_given_up),
        T(the_guard_needs_no_data_plane_and_follows_its_tun_name),
        T(the_guard_follows_the_addresses_of_this_host_once_a_second),
        T(no_rule_is_added_under_a_guard_that_does_not_know_an_address),
        T(a_list_comes_page_by_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
