/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_esp_in: what must not come in, each with its name, its cause and the
 * place where it is counted; and that nothing of it harms the next good packet.
 */
#include "tests/unit/engine_kit.h"

struct attack {
    const char *name;
    void (*make)(struct kit *k, struct kit_buf *b, uint32_t arg);
    uint32_t arg;
    enum nic_drop want;
    bool device; /* counted at the device: no SA */
    bool opened; /* the ICV was right, so the number is used up */
};

#define SEQ 257u /* its last byte, 1, is the last of the IV */

static void good(struct kit *k, struct kit_buf *b, uint64_t seq)
{
    static struct kit_buf inner;

    kit_udp4(&inner, 61, 5);
    kit_forge_inner(k, b, seq, inner.pkt.data, 61, ESP_NEXT_IPV4);
}

/* -- before the cipher -- */

static void make_length(struct kit *k, struct kit_buf *b, uint32_t len)
{
    good(k, b, SEQ);
    b->pkt.len = len;
}

static void make_unknown_spi(struct kit *k, struct kit_buf *b, uint32_t spi)
{
    good(k, b, SEQ);
    put_be32(b->pkt.data, spi);
}

static void make_seq(struct kit *k, struct kit_buf *b, uint32_t seq)
{
    good(k, b, 100);
    assert_int_equal(kit_in(k, b), ENGINE_DELIVER);
    good(k, b, seq);
}

/* -- the ICV -- */

static void make_flip(struct kit *k, struct kit_buf *b, uint32_t at)
{
    good(k, b, SEQ);
    b->pkt.data[at < b->pkt.len ? at : b->pkt.len - 1] ^= 0x01;
}

static void make_longer(struct kit *k, struct kit_buf *b, uint32_t n)
{
    good(k, b, SEQ);
    b->pkt.len += n;
}

static void make_wrong_key(struct kit *k, struct kit_buf *b, uint32_t arg)
{
    struct sa *sa = engine_sa_find(k->e, k->in);

    sa->salt[0] ^= (uint8_t)arg;
    good(k, b, SEQ);
    sa->salt[0] ^= (uint8_t)arg;
}

/* -- the trailer -- */

static void make_pad_len(struct kit *k, struct kit_buf *b, uint32_t pad)
{
    uint8_t text[64] = { 0x45 };

    text[62] = (uint8_t)pad;
    text[63] = ESP_NEXT_IPV4;
    kit_forge(k, b, SEQ, text, sizeof text);
}

/* Padding that would be right if it could begin in the IV. */
static void make_pad_from_iv(struct kit *k, struct kit_buf *b, uint32_t pad)
{
    uint8_t text[64];

    for (uint8_t i = 0; i < 62; i++)
        text[i] = (uint8_t)(i + pad - 61);
    text[62] = (uint8_t)pad;
    text[63] = ESP_NEXT_IPV4;
    kit_forge(k, b, SEQ, text, sizeof text);
}

/* Text of nothing but correct padding and trailer. */
static void make_all_pad(struct kit *k, struct kit_buf *b, uint32_t next)
{
    uint8_t text[32];

    for (uint8_t i = 0; i < 30; i++)
        text[i] = (uint8_t)(i + 1);
    text[30] = 30;
    text[31] = (uint8_t)next;
    kit_forge(k, b, SEQ, text, sizeof text);
}

static void make_pad_byte(struct kit *k, struct kit_buf *b, uint32_t at)
{
    uint8_t text[28 + 8] = {
        0x45, 0, 0, 28,       [8] = 64, [9] = 17, [12] = 10, 2, 0, 1, 10,
        1,    0, 1, [28] = 1, 2,        3,        4,         5, 6, 6, ESP_NEXT_IPV4
    };

    text[28 + at] ^= 0x80;
    kit_forge(k, b, SEQ, text, sizeof text);
}

static void make_zero_pad(struct kit *k, struct kit_buf *b, uint32_t arg)
{
    uint8_t text[28 + 8] = {
        0x45, 0, 0,  28, [8] = 64, [9] = 17, [12] = 10,           2,
        0,    1, 10, 1,  0,        1,        [34] = (uint8_t)arg, ESP_NEXT_IPV4
    };

    kit_forge(k, b, SEQ, text, sizeof text);
}

static void make_next(struct kit *k, struct kit_buf *b, uint32_t next)
{
    static struct kit_buf inner;

    kit_udp4(&inner, 61, 5);
    kit_forge_inner(k, b, SEQ, inner.pkt.data, 61, (uint8_t)next);
}

static void make_dummy_bad_pad(struct kit *k, struct kit_buf *b, uint32_t arg)
{
    uint8_t text[8] = { 1, 2, 3, 4, 5, (uint8_t)arg, 6, ESP_NEXT_NONE };

    kit_forge(k, b, SEQ, text, sizeof text);
}

/* -- the inner packet -- */

/* arg: at << 8 | value, in an IPv4 header of a 61-byte packet. */
static void make_v4(struct kit *k, struct kit_buf *b, uint32_t arg)
{
    static struct kit_buf inner;

    kit_udp4(&inner, 61, 5);
    inner.pkt.data[arg >> 8] = (uint8_t)arg;
    kit_forge_inner(k, b, SEQ, inner.pkt.data, 61, ESP_NEXT_IPV4);
}

static void v6_inner(struct kit_buf *inner)
{
    kit_udp6(inner, 81, 5);
}

static void make_v6(struct kit *k, struct kit_buf *b, uint32_t arg)
{
    static struct kit_buf inner;

    v6_inner(&inner);
    inner.pkt.data[arg >> 8] = (uint8_t)arg;
    kit_forge_inner(k, b, SEQ, inner.pkt.data, 81, ESP_NEXT_IPV6);
}

static void make_v4_short(struct kit *k, struct kit_buf *b, uint32_t len)
{
    static struct kit_buf inner;

    kit_udp4(&inner, 61, 5);
    kit_forge_inner(k, b, SEQ, inner.pkt.data, len, ESP_NEXT_IPV4);
}

static void make_v6_short(struct kit *k, struct kit_buf *b, uint32_t len)
{
    static struct kit_buf inner;

    v6_inner(&inner);
    kit_forge_inner(k, b, SEQ, inner.pkt.data, len, ESP_NEXT_IPV6);
}

/* A chain of n destination option headers, then nothing that is a header. */
static void make_v6_chain(struct kit *k, struct kit_buf *b, uint32_t n)
{
    uint8_t p[40 + 16 * 8] = { 0 };

    memcpy(p, "\x60\0\0\0\0\0\x3c\x40\xfd\x01", 10);
    memcpy(p + 24, "\xfd\x02", 2);
    put_be16(p + 4, (uint16_t)(n * 8));
    for (uint32_t i = 0; i < n; i++)
        p[40 + 8 * i] = 60;
    kit_forge_inner(k, b, SEQ, p, 40 + n * 8, ESP_NEXT_IPV6);
}

static void make_v6_in_4(struct kit *k, struct kit_buf *b, uint32_t next)
{
    static struct kit_buf inner;

    v6_inner(&inner);
    kit_forge_inner(k, b, SEQ, inner.pkt.data, 81, (uint8_t)next);
}

static void make_mirror(struct kit *k, struct kit_buf *b, uint32_t arg)
{
    static struct kit_buf inner;

    kit_udp4(&inner, 61, arg);
    memcpy(inner.pkt.data + 12, "\x0a\x02\x00\x01\x0a\x01\x00\x01", 8);
    kit_forge_inner(k, b, SEQ, inner.pkt.data, 61, ESP_NEXT_IPV4);
}

static void make_ce(struct kit *k, struct kit_buf *b, uint32_t tos)
{
    make_v4(k, b, 1u << 8 | tos); /* inner Not-ECT */
    b->pkt.tos = 0x03;
}

/* -- life -- */

static void make_dead(struct kit *k, struct kit_buf *b, uint32_t state)
{
    good(k, b, SEQ);
    atomic_store(&engine_sa_find(k->e, k->in)->state, (uint8_t)state);
}

#define DEV .device = true
#define SHUT .opened = false
#define OPEN .opened = true
#define AT(at, value) ((at) << 8 | (value))

static const struct attack attacks[] = {
    { "no byte at all", make_length, 0, NIC_DROP_MALFORMED, DEV },
    { "half an SPI", make_length, 2, NIC_DROP_MALFORMED, DEV },
    { "an SPI alone", make_length, 4, NIC_DROP_MALFORMED, DEV },
    { "one byte short of a header", make_length, 7, NIC_DROP_MALFORMED, DEV },
    { "a header alone", make_length, 8, NIC_DROP_MALFORMED, SHUT },
    { "header and IV alone", make_length, 16, NIC_DROP_MALFORMED, SHUT },
    { "an ICV and no text", make_length, 32, NIC_DROP_MALFORMED, SHUT },
    { "one byte short of the smallest", make_length, 35, NIC_DROP_MALFORMED, SHUT },
    { "the smallest packet, cut", make_length, 36, NIC_DROP_INTEGRITY, SHUT },
    { "text not on a 4-byte boundary, +1", make_length, 37, NIC_DROP_MALFORMED, SHUT },
    { "text not on a 4-byte boundary, +2", make_length, 38, NIC_DROP_MALFORMED, SHUT },
    { "text not on a 4-byte boundary, +3", make_length, 39, NIC_DROP_MALFORMED, SHUT },
    { "SPI zero, for local use", make_unknown_spi, 0, NIC_DROP_NO_SA, DEV },
    { "a reserved SPI", make_unknown_spi, 255, NIC_DROP_NO_SA, DEV },
    { "an SPI next to ours", make_unknown_spi, KIT_SPI + 1, NIC_DROP_NO_SA, DEV },
    { "our SPI in the wrong byte order", make_unknown_spi, 0x44332211, NIC_DROP_NO_SA, DEV },
    { "number zero", make_seq, 0, NIC_DROP_REPLAY, SHUT },
    { "the top once more", make_seq, 100, NIC_DROP_REPLAY, SHUT },
    { "just out of the window", make_seq, 36, NIC_DROP_REPLAY, SHUT },
    { "far out of the window", make_seq, 1, NIC_DROP_REPLAY, SHUT },
    { "a bit of the number flipped", make_flip, 7, NIC_DROP_INTEGRITY, SHUT },
    { "a bit of the IV flipped", make_flip, 8, NIC_DROP_INTEGRITY, SHUT },
    { "a bit of the first text byte flipped", make_flip, 16, NIC_DROP_INTEGRITY, SHUT },
    { "a bit of the trailer flipped", make_flip, 79, NIC_DROP_INTEGRITY, SHUT },
    { "a bit of the ICV flipped", make_flip, 80, NIC_DROP_INTEGRITY, SHUT },
    { "the last bit flipped", make_flip, 9999, NIC_DROP_INTEGRITY, SHUT },
    { "four bytes too long", make_longer, 4, NIC_DROP_INTEGRITY, SHUT },
    { "another salt", make_wrong_key, 0x40, NIC_DROP_INTEGRITY, SHUT },
    { "pad length beyond the text by one", make_pad_len, 63, NIC_DROP_MALFORMED, OPEN },
    { "padding that begins in the IV", make_pad_from_iv, 63, NIC_DROP_MALFORMED, OPEN },
    { "pad length 255", make_pad_len, 255, NIC_DROP_MALFORMED, OPEN },
    { "padding and nothing else, IPv4", make_all_pad, 4, NIC_DROP_MALFORMED, OPEN },
    { "padding and nothing else, IPv6", make_all_pad, 41, NIC_DROP_MALFORMED, OPEN },
    { "first pad byte wrong", make_pad_byte, 0, NIC_DROP_MALFORMED, OPEN },
    { "middle pad byte wrong", make_pad_byte, 3, NIC_DROP_MALFORMED, OPEN },
    { "last pad byte wrong", make_pad_byte, 5, NIC_DROP_MALFORMED, OPEN },
    { "padding of zeros", make_zero_pad, 6, NIC_DROP_MALFORMED, OPEN },
    { "a dummy packet with wrong padding", make_dummy_bad_pad, 7, NIC_DROP_MALFORMED, OPEN },
    { "next header 0", make_next, 0, NIC_DROP_MALFORMED, OPEN },
    { "next header ICMP: transport mode", make_next, 1, NIC_DROP_MALFORMED, OPEN },
    { "next header TCP: transport mode", make_next, 6, NIC_DROP_MALFORMED, OPEN },
    { "next header UDP: transport mode", make_next, 17, NIC_DROP_MALFORMED, OPEN },
    { "next header ESP: a second layer", make_next, 50, NIC_DROP_MALFORMED, OPEN },
    { "next header 255", make_next, 255, NIC_DROP_MALFORMED, OPEN },
    { "IPv4 called IPv6", make_next, 41, NIC_DROP_MALFORMED, OPEN },
    { "IPv6 called IPv4", make_v6_in_4, 4, NIC_DROP_MALFORMED, OPEN },
    { "IP version 0", make_v4, AT(0, 0x05), NIC_DROP_MALFORMED, OPEN },
    { "IP version 5", make_v4, AT(0, 0x55), NIC_DROP_MALFORMED, OPEN },
    { "IPv4 header of 4 words", make_v4, AT(0, 0x44), NIC_DROP_MALFORMED, OPEN },
    { "IPv4 total length beyond the text", make_v4, AT(3, 62), NIC_DROP_MALFORMED, OPEN },
    { "IPv4 total length 64k", make_v4, AT(2, 0xff), NIC_DROP_MALFORMED, OPEN },
    { "IPv4 total length in the header", make_v4, AT(3, 19), NIC_DROP_MALFORMED, OPEN },
    { "IPv4 total length zero", make_v4, AT(3, 0), NIC_DROP_MALFORMED, OPEN },
    { "an empty IPv4 packet", make_v4_short, 0, NIC_DROP_MALFORMED, OPEN },
    { "one byte of IPv4", make_v4_short, 1, NIC_DROP_MALFORMED, OPEN },
    { "19 bytes of IPv4", make_v4_short, 19, NIC_DROP_MALFORMED, OPEN },
    { "IPv4 cut by one byte", make_v4_short, 60, NIC_DROP_MALFORMED, OPEN },
    { "39 bytes of IPv6", make_v6_short, 39, NIC_DROP_MALFORMED, OPEN },
    { "IPv6 cut by one byte", make_v6_short, 80, NIC_DROP_MALFORMED, OPEN },
    { "IPv6 payload length 64k", make_v6, AT(4, 0xff), NIC_DROP_MALFORMED, OPEN },
    { "IPv6 extension header beyond the end", make_v6, AT(6, 60), NIC_DROP_MALFORMED, OPEN },
    { "IPv6 extension header missing", make_v6_chain, 1, NIC_DROP_MALFORMED, OPEN },
    { "IPv6 chain without an end", make_v6_chain, 16, NIC_DROP_MALFORMED, OPEN },
    { "IPv4 source outside the selector", make_v4, AT(13, 3), NIC_DROP_SELECTOR, OPEN },
    { "IPv4 destination outside the selector", make_v4, AT(17, 9), NIC_DROP_SELECTOR, OPEN },
    { "IPv6 source outside the selector", make_v6, AT(9, 9), NIC_DROP_SELECTOR, OPEN },
    { "IPv6 destination outside the selector", make_v6, AT(25, 9), NIC_DROP_SELECTOR, OPEN },
    { "our own direction sent back", make_mirror, 0, NIC_DROP_SELECTOR, OPEN },
    { "congestion marked on Not-ECT", make_ce, 0, NIC_DROP_MALFORMED, OPEN },
    { "an SA whose life is over", make_dead, NIC_SA_DEAD, NIC_DROP_LIFETIME, SHUT },
};
#define N_ATTACKS (sizeof attacks / sizeof attacks[0])

static void attack_one(const struct attack *a, const char *cipher, bool esn)
{
    static struct kit_buf b;
    struct nic_device_counters device;
    struct nic_counters before, after;
    enum nic_drop want = a->want;
    struct kit k;

    /* With ESN a number below the window means the next 2^32 (RFC 4303 A2.2),
     * which then is not what the ICV covers. */
    if (esn && want == NIC_DROP_REPLAY && a->arg < 100)
        want = NIC_DROP_INTEGRITY;
    kit_open(&k, cipher, esn, 64);
    a->make(&k, &b, a->arg);
    before = kit_counters(&k, k.in);
    if (kit_in(&k, &b) != ENGINE_DROP || b.pkt.drop != want)
        fail_msg("%s: verdict %u, cause %s", a->name, b.pkt.verdict, nic_drop_name(b.pkt.drop));
    after = kit_counters(&k, k.in);
    engine_device_counters(k.e, &device);
    for (unsigned i = 0; i < NIC_DROP_N; i++) {
        if (after.drops[i] != (i == want && !a->device))
            fail_msg("%s: SA counter %s", a->name, nic_drop_name(i));
        if (device.drops[i] != (i == want && a->device))
            fail_msg("%s: device counter %s", a->name, nic_drop_name(i));
    }
    assert_int_equal(after.packets, before.packets);
    assert_int_equal(after.bytes, before.bytes);
    if (after.seq != (a->opened ? SEQ : before.seq))
        fail_msg("%s: the window moved to %llu", a->name, (unsigned long long)after.seq);
    atomic_store(&engine_sa_find(k.e, k.in)->state, NIC_SA_ACTIVE);
    good(&k, &b, 1001);
    if (kit_in(&k, &b) != ENGINE_DELIVER)
        fail_msg("%s: harmed the next packet", a->name);
    kit_fini(&k);
}

static void bad_packets_are_dropped_and_counted_by_cause(void **state)
{
    (void)state;
    print_message("%zu packets\n", N_ATTACKS);
    for (size_t c = 0; gcm_engines[c]; c++)
        for (size_t i = 0; gcm_engines[c]->usable() && i < N_ATTACKS; i++) {
            attack_one(&attacks[i], gcm_engines[c]->name, false);
            attack_one(&attacks[i], gcm_engines[c]->name, true);
        }
}

static void a_dummy_packet_is_accepted_and_swallowed(void **state)
{
    static struct kit_buf b;
    struct nic_counters c;
    struct kit k;

    (void)state;
    kit_open(&k, NULL, false, 64);
    make_next(&k, &b, ESP_NEXT_NONE);
    assert_int_equal(kit_in(&k, &b), ENGINE_DUMMY);
    c = kit_counters(&k, k.in);
    assert_int_equal(c.packets, 1);
    assert_int_equal(c.bytes, 0);
    assert_int_equal(c.seq, SEQ);
    for (unsigned i = 0; i < NIC_DROP_N; i++)
        assert_int_equal(c.drops[i], 0);
    kit_fini(&k);
}

static void traffic_flow_padding_is_taken_off(void **state)
{
    static struct kit_buf b, inner;
    struct kit k;

    (void)state;
    kit_open(&k, NULL, false, 64);
    kit_udp4(&inner, 900, 5);
    put_be16(inner.pkt.data + 2, 61);
    kit_forge_inner(&k, &b, SEQ, inner.pkt.data, 900, ESP_NEXT_IPV4);
    assert_int_equal(kit_in(&k, &b), ENGINE_DELIVER);
    assert_int_equal(b.pkt.len, 61);
    assert_memory_equal(b.pkt.data, inner.pkt.data, 61);
    assert_int_equal(kit_counters(&k, k.in).bytes, 61);
    kit_fini(&k);
}

static void congestion_is_combined_into_the_inner_header(void **state)
{
    static struct kit_buf b;
    struct kit k;

    (void)state;
    kit_open(&k, NULL, false, 64);
    make_v4(&k, &b, AT(1, 0xb8 | 2));
    b.pkt.tos = 0x03;
    assert_int_equal(kit_in(&k, &b), ENGINE_DELIVER);
    assert_int_equal(b.pkt.data[1], 0xb8 | 3);
    kit_fini(&k);
}

static void a_moved_peer_is_reported_by_its_newest_packet_alone(void **state)
{
    static struct kit_buf b;
    struct kit k;

    (void)state;
    kit_open(&k, NULL, false, 64);
    good(&k, &b, 20);
    assert_int_equal(kit_in(&k, &b), ENGINE_DELIVER);
    assert_int_equal(kit_count(&k, NIC_EVENT_FIRST_PACKET), 1);
    good(&k, &b, 19);
    b.pkt.remote.port = 777;
    assert_int_equal(kit_in(&k, &b), ENGINE_DELIVER); /* not the newest */
    good(&k, &b, 21);
    b.pkt.remote.port = 777;
    b.pkt.data[30] ^= 1;
    assert_int_equal(kit_in(&k, &b), ENGINE_DROP); /* not valid */
    assert_int_equal(kit_count(&k, NIC_EVENT_MAPPING_CHANGE), 0);
    good(&k, &b, 21);
    b.pkt.remote.port = 777;
    assert_int_equal(kit_in(&k, &b), ENGINE_DELIVER);
    assert_int_equal(kit_count(&k, NIC_EVENT_MAPPING_CHANGE), 1);
    assert_int_equal(k.events[k.n_events - 1].remote.port, 777);
    assert_int_equal(k.events[k.n_events - 1].id, k.in);
    /* Nothing is switched before control says so; then there is no news. */
    assert_int_equal(engine_sa_endpoint(k.e, k.in, &b.pkt.remote, NULL), 0);
    k.now += NS_PER_S;
    good(&k, &b, 22);
    b.pkt.remote.port = 777;
    assert_int_equal(kit_in(&k, &b), ENGINE_DELIVER);
    assert_int_equal(kit_count(&k, NIC_EVENT_MAPPING_CHANGE), 1);
    assert_int_equal(kit_count(&k, NIC_EVENT_FIRST_PACKET), 1);
    kit_fini(&k);
}

static void a_flood_raises_few_events(void **state)
{
    static struct kit_buf b;
    struct kit k;

    (void)state;
    kit_open(&k, NULL, false, 64);
    for (unsigned i = 0; i < 10000; i++) {
        make_flip(&k, &b, 20);
        kit_in(&k, &b);
        make_unknown_spi(&k, &b, 9);
        kit_in(&k, &b);
    }
    assert_int_equal(kit_count(&k, NIC_EVENT_INTEGRITY), 1);
    assert_int_equal(kit_count(&k, NIC_EVENT_UNKNOWN_SPI), 1);
    k.now += NS_PER_S;
    kit_in(&k, &b);
    assert_int_equal(kit_count(&k, NIC_EVENT_UNKNOWN_SPI), 2);
    kit_fini(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_packets_are_dropped_and_counted_by_cause),
        cmocka_unit_test(a_dummy_packet_is_accepted_and_swallowed),
        cmocka_unit_test(traffic_flow_padding_is_taken_off),
        cmocka_unit_test(congestion_is_combined_into_the_inner_header),
        cmocka_unit_test(a_moved_peer_is_reported_by_its_newest_packet_alone),
        cmocka_unit_test(a_flood_raises_few_events),
    };
    return cmocka_run_group_tests_name("esp_in", tests, NULL, NULL);
}
