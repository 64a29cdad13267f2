/* SPDX-License-Identifier: Apache-2.0 */
/* packets: inner packets to send, and the wire between two devices. */
#include <string.h>

#include "tests/conformance/conformance.h"
#include "tests/lib/sdk_opts.h"
#include "utils/base/bytes.h"
#include "utils/base/clock.h"

#define UDP_HEADERS 28

static void set_checksum(uint8_t *ip)
{
    uint32_t sum = 0;

    put_be16(ip + 10, 0);
    for (int i = 0; i < 20; i += 2)
        sum += get_be16(ip + i);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    put_be16(ip + 10, (uint16_t)~sum);
}

void conf_udp(struct conf_packet *packet, uint16_t src_port, uint16_t dst_port, size_t len)
{
    uint8_t *ip = packet->buf + CONF_ROOM;

    assert_in_range(len, UDP_HEADERS, CONF_INNER);
    memset(packet, 0, sizeof *packet);
    ip[0] = 0x45;
    put_be16(ip + 2, (uint16_t)len);
    ip[8] = 64;
    ip[9] = 17;
    put_be32(ip + 12, 0x0a010001);
    put_be32(ip + 16, 0x0a020001);
    set_checksum(ip);
    put_be16(ip + 20, src_port);
    put_be16(ip + 22, dst_port);
    put_be16(ip + 24, (uint16_t)(len - 20)); /* no UDP checksum: 0 */
    for (size_t i = UDP_HEADERS; i < len; i++)
        ip[i] = (uint8_t)i;
    packet->p.data = ip;
    packet->p.len = (uint32_t)len;
    packet->p.headroom = CONF_ROOM;
    packet->p.tailroom = (uint16_t)(sizeof packet->buf - CONF_ROOM - len);
}

void conf_set_dst(struct conf_packet *packet, uint32_t dst)
{
    put_be32(packet->p.data + 16, dst);
    set_checksum(packet->p.data);
}

void conf_arrive(struct conf_packet *packet)
{
    struct ioff_endpoint swap = packet->p.local;

    packet->p.local = packet->p.remote;
    packet->p.remote = swap;
    packet->p.verdict = IOFF_PENDING;
    packet->p.sa_id = 0;
}

enum ioff_verdict conf_out(struct ioff_device *device, struct conf_packet *packet)
{
    assert_int_equal(ioff_burst_out(device, &packet->p, 1, clock_now()), 0);
    return (enum ioff_verdict)packet->p.verdict;
}

enum ioff_verdict conf_in(struct ioff_device *device, struct conf_packet *packet)
{
    packet->p.verdict = IOFF_PENDING;
    assert_int_equal(ioff_burst_in(device, &packet->p, 1, clock_now()), 0);
    return (enum ioff_verdict)packet->p.verdict;
}

void conf_pair(struct conf *c, struct conf_pair *pair, const struct ioff_sa_opts *out,
               const struct ioff_sa_opts *in)
{
    struct ioff_sa_opts default_out = opts_sa(IOFF_DIR_OUT, 0x10001, 1);
    struct ioff_sa_opts default_in = opts_sa(IOFF_DIR_IN, 0x10001, 2);

    memset(pair, 0, sizeof *pair);
    pair->far_conf.spec = c->spec;
    pair->far = conf_open(&pair->far_conf);
    assert_non_null(pair->far);
    pair->in = conf_add_opts(&pair->far_conf, in ? in : &default_in);
    pair->out = conf_add_opts(c, out ? out : &default_out);
    pair->rule = conf_rule(c, IOFF_ACTION_PROTECT, 100, pair->out);
}

void conf_pair_end(struct conf_pair *pair)
{
    ioff_device_close(pair->far);
}
