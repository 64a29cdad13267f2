/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inline_tunnel: the SDK in one file.  Two devices in one process stand for two
 * hosts; one packet is encrypted by the first and decrypted by the second, and
 * the SA says where it ran and why there.
 *
 * A real program has one device, gets its keys from IKE and its packets from a
 * NIC.  The fixed key here is fit for this demonstration only.
 *
 *   cc inline_tunnel.c $(pkg-config --cflags --libs ipsec-offload)
 */
#include <ipsec_offload/inline.h>
#include <ipsec_offload/sa.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#define SPI 0x1001

static const uint8_t key[16] = "sixteen byte key", salt[4] = "salt";

/* An inner IPv4 UDP packet, 10.1.0.1 -> 10.2.0.1, "hello" inside. */
static const uint8_t hello[33] = {
    0x45, 0, 0, 33, 0, 0, 0,  0, 64, 17, 0x66, 0xc8, 10,  1,   0,   1,   10,
    2,    0, 1, 4,  0, 0, 53, 0, 13, 0,  0,    'h',  'e', 'l', 'l', 'o',
};

static struct ioff_addr v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    return (struct ioff_addr){ .family = 4, .b = { a, b, c, d } };
}

/* 10.x.0.0/24 here, 10.y.0.0/24 there, any protocol and port */
static struct ioff_selector between(uint8_t x, uint8_t y)
{
    return (struct ioff_selector){ .local_lo = v4(10, x, 0, 0),
                                   .local_hi = v4(10, x, 0, 255),
                                   .remote_lo = v4(10, y, 0, 0),
                                   .remote_hi = v4(10, y, 0, 255),
                                   .local_port_hi = 65535,
                                   .remote_port_hi = 65535 };
}

/* Host `me` (1 or 2): its half of the tunnel that carries 10.1 to 10.2. */
static int install(struct ioff_device *device, uint8_t me, struct ioff_sa **ret_sa,
                   struct ioff_error *error)
{
    uint8_t peer = (uint8_t)(3 - me);
    struct ioff_selector selector = between(me, peer);
    struct ioff_batch *batch = ioff_batch_new(device);
    struct ioff_sa_opts sa = IOFF_SA_OPTS_INIT;
    struct ioff_rule_opts rule = IOFF_RULE_OPTS_INIT;
    struct ioff_rule *unused;
    int code;

    if (!batch)
        return IOFF_E_NOMEM;
    sa.dir = me == 1 ? IOFF_DIR_OUT : IOFF_DIR_IN;
    sa.alg = IOFF_ALG_AES_GCM_128_ICV16;
    sa.spi = SPI;
    sa.key = key;
    sa.key_len = sizeof key;
    sa.salt = salt;
    sa.salt_len = sizeof salt;
    sa.replay_window = 64;
    sa.local.addr = v4(192, 0, 2, me);
    sa.remote.addr = v4(192, 0, 2, peer);
    sa.label = "example/hello";
    sa.selectors = &selector;
    sa.num_selectors = 1;
    code = ioff_batch_sa_add(batch, &sa, ret_sa, error);
    if (!code && sa.dir == IOFF_DIR_OUT) {
        rule.action = IOFF_ACTION_PROTECT;
        rule.priority = 100;
        rule.selector = selector;
        code = ioff_batch_rule_add(batch, &rule, *ret_sa, &unused, error);
    }
    if (code) {
        ioff_batch_free(batch);
        return code;
    }
    return ioff_batch_run(batch, error);
}

static int send_hello(struct ioff_device *from, struct ioff_device *to)
{
    uint8_t buf[IOFF_HEADROOM + sizeof hello + IOFF_TAILROOM];
    struct ioff_packet packet = { .data = buf + IOFF_HEADROOM,
                                  .len = sizeof hello,
                                  .headroom = IOFF_HEADROOM,
                                  .tailroom = IOFF_TAILROOM };
    struct timespec ts;
    uint64_t now;

    clock_gettime(CLOCK_BOOTTIME, &ts);
    now = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
    memcpy(packet.data, hello, sizeof hello);
    if (ioff_burst_out(from, &packet, 1, now) || packet.verdict != IOFF_SEND)
        return -1;
    printf("on the wire: %u bytes of ESP, SPI 0x%02x%02x%02x%02x\n", packet.len, packet.data[0],
           packet.data[1], packet.data[2], packet.data[3]);
    if (ioff_burst_in(to, &packet, 1, now) || packet.verdict != IOFF_DELIVER)
        return -1;
    printf("delivered:   %u bytes, \"%.5s\"\n", packet.len, packet.data + 28);
    return packet.len == sizeof hello && !memcmp(packet.data, hello, sizeof hello) ? 0 : -1;
}

static int print_placement(struct ioff_sa *sa, struct ioff_error *error)
{
    struct ioff_sa_info info = { .size = sizeof info };
    int code = ioff_sa_get(sa, &info, error);

    if (code)
        return code;
    printf("runs on:     %s (%s), cipher by %s: %s\n", info.placement.actual.device,
           ioff_level_name(info.placement.actual.level), info.engine, info.placement.actual.text);
    for (size_t i = 0; i < info.placement.num_passed; i++)
        printf("not on:      %s (%s): %s\n", info.placement.passed[i].device,
               ioff_reason_name(info.placement.passed[i].reason), info.placement.passed[i].text);
    return 0;
}

int main(void)
{
    struct ioff_device *left = NULL, *right = NULL;
    struct ioff_sa *out = NULL, *in = NULL;
    struct ioff_error error = { 0 };
    int code = ioff_device_open("inline:left", NULL, &left, &error);

    if (!code)
        code = ioff_device_open("inline:right", NULL, &right, &error);
    if (!code)
        code = install(right, 2, &in, &error); /* inbound before outbound */
    if (!code)
        code = install(left, 1, &out, &error);
    if (!code)
        code = send_hello(left, right);
    if (!code)
        code = print_placement(out, &error);
    if (code)
        fprintf(stderr, "%s: %s\n", ioff_error_name(code), error.text);
    ioff_device_close(left);
    ioff_device_close(right);
    return code ? 1 : 0;
}
