/* SPDX-License-Identifier: Apache-2.0 */
/* udp.c: two sockets on the loopback addresses 127.0.0.x and ::1. */
#include "ike/daemon/udp.h"

#include "driver/net/net_route.h"
#include "tests/lib/cmocka.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

/* The daemon may not include driver/net; with another mark its datagrams would
 * be routed into the tunnel that they set up. */
_Static_assert(UDP_SOCKET_MARK == NET_MARK, "the mark of our own packets");

#define PORT_A 25500
#define PORT_B 25501

static struct udp_socket a, b;

static int open_both(void **state)
{
    (void)state;
    if (geteuid() != 0)
        return -1; /* the mark on the socket takes CAP_NET_ADMIN */
    return udp_open(&a, PORT_A, NULL) || udp_open(&b, PORT_B, NULL);
}

static int close_both(void **state)
{
    (void)state;
    udp_close(&a);
    udp_close(&b);
    udp_close(&b); /* harmless */
    return a.fd4 != -1 || b.fd6 != -1;
}

static struct ip_addr addr(const char *text)
{
    struct ip_addr r;

    assert_int_equal(ip_addr_parse(text, &r), 0);
    return r;
}

static int receive(const struct udp_socket *udp, int fd, uint8_t *buf, size_t cap, size_t *len,
                   struct ike_path *path)
{
    struct pollfd pfd = { .fd = fd, .events = POLLIN };

    assert_int_equal(poll(&pfd, 1, 5000), 1);
    return udp_receive(udp, fd, buf, cap, len, path);
}

static void cross(const char *from, const char *to, bool v6)
{
    struct ike_path out = { { addr(from), PORT_A }, { addr(to), PORT_B } }, in = { 0 }, back;
    uint8_t buf[64];
    size_t len = 0;

    assert_int_equal(udp_send(&a, &out, span_of("hello", 5), NULL), 0);
    assert_int_equal(receive(&b, v6 ? b.fd6 : b.fd4, buf, sizeof buf, &len, &in), 1);
    assert_int_equal(len, 5);
    assert_memory_equal(buf, "hello", 5);
    assert_true(ip_endpoint_eq(&in.local, &out.remote));
    assert_true(ip_endpoint_eq(&in.remote, &out.local));
    /* The answer goes out from the address that was asked. */
    assert_int_equal(udp_send(&b, &in, span_of("you", 3), NULL), 0);
    assert_int_equal(receive(&a, v6 ? a.fd6 : a.fd4, buf, sizeof buf, &len, &back), 1);
    assert_int_equal(len, 3);
    assert_true(ip_endpoint_eq(&back.local, &out.local));
    assert_true(ip_endpoint_eq(&back.remote, &out.remote));
}

static void a_datagram_carries_both_addresses(void **state)
{
    (void)state;
    cross("127.0.0.1", "127.0.0.1", false);
    cross("127.0.0.2", "127.0.0.3", false); /* not what routing would choose */
    if (a.fd6 >= 0 && b.fd6 >= 0)
        cross("::1", "::1", true);
}

static void without_a_local_address_routing_chooses_one(void **state)
{
    struct ike_path out = { { { 0 }, PORT_A }, { addr("127.0.0.1"), PORT_B } }, in;
    uint8_t buf[8];
    size_t len;

    (void)state;
    assert_int_equal(udp_send(&a, &out, span_of("x", 1), NULL), 0);
    assert_int_equal(receive(&b, b.fd4, buf, sizeof buf, &len, &in), 1);
    assert_true(ip_addr_eq(&in.remote.addr, &out.remote.addr));
}

static void an_empty_and_a_too_long_datagram_are_told_apart(void **state)
{
    struct ike_path out = { { addr("127.0.0.1"), PORT_A }, { addr("127.0.0.1"), PORT_B } }, in;
    uint8_t buf[8];
    size_t len = 99;

    (void)state;
    assert_int_equal(udp_receive(&b, b.fd4, buf, sizeof buf, &len, &in), 0); /* nothing there */
    assert_int_equal(udp_send(&a, &out, span_of("", 0), NULL), 0);
    assert_int_equal(receive(&b, b.fd4, buf, sizeof buf, &len, &in), 1);
    assert_int_equal(len, 0);
    assert_int_equal(udp_send(&a, &out, span_of("123456789", 9), NULL), 0);
    assert_int_equal(receive(&b, b.fd4, buf, sizeof buf, &len, &in), 0); /* dropped whole */
    assert_int_equal(udp_send(&a, &out, span_of("12345678", 8), NULL), 0);
    assert_int_equal(receive(&b, b.fd4, buf, sizeof buf, &len, &in), 1);
    assert_int_equal(len, 8);
}

static void a_port_in_use_and_a_missing_route_are_errors(void **state)
{
    struct udp_socket other = { 7, 7, 7 };
    struct ike_path out = { { { 0 }, PORT_A }, { addr("255.255.255.255"), PORT_B } };
    struct err err;

    (void)state;
    assert_true(udp_open(&other, PORT_A, &err) < 0);
    assert_non_null(strstr(err.text, "25500"));
    assert_int_equal(other.fd4, 7);
    assert_true(udp_send(&a, &out, span_of("x", 1), &err) < 0);
    assert_non_null(strstr(err.text, "255.255.255.255"));
}

static void the_source_address_towards_loopback_is_loopback(void **state)
{
    struct ip_addr to = addr("127.0.0.9"), own = { 0 }, unset = { 0 };

    (void)state;
    assert_int_equal(udp_source_address(&to, &own, NULL), 0);
    assert_true(own.family == 4 && own.b[0] == 127);
    assert_true(udp_source_address(&unset, &own, NULL) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_datagram_carries_both_addresses),
        cmocka_unit_test(without_a_local_address_routing_chooses_one),
        cmocka_unit_test(an_empty_and_a_too_long_datagram_are_told_apart),
        cmocka_unit_test(a_port_in_use_and_a_missing_route_are_errors),
        cmocka_unit_test(the_source_address_towards_loopback_is_loopback),
    };

    return cmocka_run_group_tests(tests, open_both, close_both);
}
