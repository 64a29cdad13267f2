/* SPDX-License-Identifier: Apache-2.0 */
/* test_dp_ring: the way from a worker to the control thread. */
#include "tests/unit/dp_kit.h"

#include <pthread.h>

#include "utils/dp/ring.h"

static struct ring ring;

static int setup(void **state)
{
    (void)state;
    return ring_init(&ring);
}

static int teardown(void **state)
{
    (void)state;
    ring_fini(&ring);
    return 0;
}

static void events_come_out_in_order_with_their_bytes(void **state)
{
    struct nic_event a = { .kind = NIC_EVENT_IKE_DATAGRAM, .data = span_of("hello", 5) };
    struct nic_event b = { .kind = NIC_EVENT_ACQUIRE, .id = 9 };
    const struct nic_event *ev;

    (void)state;
    assert_null(ring_peek(&ring));
    assert_true(ring_push(&ring, &a));
    assert_true(ring_push(&ring, &b));
    ev = ring_peek(&ring);
    assert_int_equal(ev->kind, NIC_EVENT_IKE_DATAGRAM);
    assert_int_equal(ev->data.len, 5);
    assert_memory_equal(ev->data.p, "hello", 5);
    ring_pop(&ring);
    assert_int_equal(ring_peek(&ring)->id, 9);
    ring_pop(&ring);
    assert_null(ring_peek(&ring));
}

static void a_flood_of_ike_leaves_room_for_the_engine(void **state)
{
    struct nic_event ike = { .kind = NIC_EVENT_IKE_DATAGRAM, .data = span_of("x", 1) };
    struct nic_event other = { .kind = NIC_EVENT_HARD_LIFETIME };
    unsigned n = 0;

    (void)state;
    while (ring_push(&ring, &ike))
        n++;
    assert_int_equal(n, RING_SLOTS / 2);
    assert_int_equal(ring.lost, 1);
    while (ring_push(&ring, &other))
        n++;
    assert_int_equal(n, RING_SLOTS);
    assert_int_equal(ring.lost, 2);
}

static void a_datagram_beyond_the_slot_is_lost_not_cut(void **state)
{
    static uint8_t big[RING_DATA_MAX + 1];
    struct nic_event ike = { .kind = NIC_EVENT_IKE_DATAGRAM, .data = span_of(big, sizeof big) };

    (void)state;
    assert_false(ring_push(&ring, &ike));
    ike.data.len--;
    assert_true(ring_push(&ring, &ike));
}

#define N_EVENTS 200000u

static void *produce(void *arg)
{
    (void)arg;
    for (uint32_t i = 0; i < N_EVENTS; i++) {
        struct nic_event ev = { .kind = NIC_EVENT_UNKNOWN_SPI, .spi = i, .data = span_of(&i, 4) };

        ring_push(&ring, &ev);
    }
    return NULL;
}

static void two_threads_lose_none_unseen(void **state)
{
    uint32_t n = 0, next = 0;
    bool ended = false;
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, produce, NULL), 0);
    for (;;) {
        const struct nic_event *ev = ring_peek(&ring);

        if (ev) {
            uint32_t in_data;

            memcpy(&in_data, ev->data.p, 4);
            assert_true(ev->spi >= next); /* in order, none twice */
            assert_int_equal(in_data, ev->spi);
            next = ev->spi + 1;
            n++;
            ring_pop(&ring);
        } else if (ended) {
            break;
        } else if (n + ring.lost == N_EVENTS) {
            pthread_join(thread, NULL);
            ended = true;
        }
    }
    assert_int_equal(n + ring.lost, N_EVENTS);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(events_come_out_in_order_with_their_bytes),
        T(a_flood_of_ike_leaves_room_for_the_engine),
        T(a_datagram_beyond_the_slot_is_lost_not_cut),
        T(two_threads_lose_none_unseen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
