/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: ESP packets as a peer or anybody else may send them.
 *
 * The first byte says how the rest is meant: bit 0, sealed under the SA's own
 * key, so that the code behind the ICV is reached; bit 1, with ESN; bit 2, the
 * portable cipher engine.  Then records follow: 16 bits of length, 32 bits of
 * sequence number, one byte of outer TOS, the text (sealed) or the whole packet
 * (raw).  Each becomes one packet; all run as one burst.
 *
 * What must hold: a packet that is delivered is an IP packet of exactly its
 * own length, inside its buffer, and met the selectors; every packet is counted
 * once, as accepted or under one cause.
 */
#include <string.h>

#include "driver/soft/engine/internal.h"

#define CHECK(what)                                                                                \
    do {                                                                                           \
        if (!(what))                                                                               \
            __builtin_trap();                                                                      \
    } while (0)

#define SPI 0x01020304u
#define RECORDS_MAX 16
#define TEXT_MAX 2048

struct buffer {
    uint8_t mem[16 + TEXT_MAX + 16];
};

static struct nic_selector selector(const char *local, const char *remote)
{
    struct nic_selector s = { .local_port_hi = UINT16_MAX, .remote_port_hi = UINT16_MAX };

    CHECK(ip_range_parse(local, &s.local) == 0);
    CHECK(ip_range_parse(remote, &s.remote) == 0);
    return s;
}

static struct nic_sa_attr attributes(bool esn)
{
    struct nic_sa_attr attr = {
        .dir = NIC_DIR_IN,
        .proto = NIC_PROTO_ESP,
        .mode = NIC_MODE_TUNNEL,
        .alg = NIC_ALG_AES_GCM_128_ICV16,
        .spi = SPI,
        .key = { 1, 2, 3, 4, 5 },
        .salt = { 6, 7, 8, 9 },
        .esn = esn,
        .replay_window = 64,
        .n_sel = 2,
    };

    attr.sel[0] = selector("10.2.0.0/16", "10.1.0.0/16");
    attr.sel[1] = selector("fd02::/16", "fd01::/16");
    return attr;
}

static uint32_t seal(const struct sa *sa, struct gcm_ctx *ctx, uint32_t seq, struct span text,
                     uint8_t *esp)
{
    uint8_t nonce[GCM_NONCE_LEN], aad[12];

    put_be32(esp, SPI);
    put_be32(esp + 4, seq);
    put_be64(esp + 8, seq);
    memcpy(esp + 16, text.p, text.len);
    memcpy(nonce, sa->salt, 4);
    put_be64(nonce + 4, seq);
    put_be32(aad, SPI);
    put_be32(aad + 4, seq);
    if (sa->esn)
        put_be64(aad + 4, seq);
    CHECK(sa->gcm->seal(sa->key, ctx, nonce, aad, sa->esn ? 12 : 8, esp + 16, text.len,
                        esp + 16 + text.len));
    return (uint32_t)(16 + text.len + 16);
}

static size_t read_packets(struct rd *rd, const struct sa *sa, bool sealed, struct buffer *bufs,
                           struct engine_pkt *pkts)
{
    struct gcm_ctx *ctx;
    size_t n;

    CHECK(sa->gcm->ctx_new(sa->key, true, &ctx) == 0);
    for (n = 0; n < RECORDS_MAX && rd_left(rd) >= 7; n++) {
        size_t len = rd_be16(rd) % (TEXT_MAX + 1);
        uint32_t seq = rd_be32(rd);

        pkts[n] = (struct engine_pkt){ .data = bufs[n].mem, .tos = rd_u8(rd) };
        if (len > rd_left(rd))
            len = rd_left(rd);
        if (sealed) {
            pkts[n].len = seal(sa, ctx, seq, span_of(rd_bytes(rd, len), len), bufs[n].mem);
        } else {
            rd_copy(rd, bufs[n].mem, len);
            pkts[n].len = (uint32_t)len;
        }
    }
    sa->gcm->ctx_free(ctx);
    return n;
}

static void check_delivered(const struct engine_pkt *pkt, const struct buffer *buf)
{
    const uint8_t *ip = pkt->data;

    CHECK(ip >= buf->mem && ip + pkt->len <= buf->mem + sizeof buf->mem);
    if (ip[0] >> 4 == 4) {
        CHECK(pkt->len >= 20 && get_be16(ip + 2) == pkt->len);
        CHECK(get_be16(ip + 12) == 0x0a01 && get_be16(ip + 16) == 0x0a02);
    } else {
        CHECK(ip[0] >> 4 == 6 && pkt->len >= 40 && get_be16(ip + 4) + 40u == pkt->len);
        CHECK(get_be16(ip + 8) == 0xfd01 && get_be16(ip + 24) == 0xfd02);
    }
}

static void check_counts(struct engine *e, uint64_t id, const struct engine_pkt *pkts, size_t n)
{
    uint64_t accepted = 0, dropped[NIC_DROP_N] = { 0 };
    struct nic_device_counters device;
    struct nic_sa_info sa;

    for (size_t i = 0; i < n; i++) {
        accepted += pkts[i].verdict != ENGINE_DROP;
        if (pkts[i].verdict == ENGINE_DROP) {
            CHECK(pkts[i].drop < NIC_DROP_N);
            dropped[pkts[i].drop]++;
        }
    }
    CHECK(engine_sa_get(e, id, 0, &sa, NULL) == 0);
    engine_device_counters(e, &device);
    CHECK(sa.counters.packets == accepted && device.rx_packets == n);
    for (unsigned i = 0; i < NIC_DROP_N; i++)
        CHECK(sa.counters.drops[i] + device.drops[i] == dropped[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct buffer bufs[RECORDS_MAX];
    struct engine_pkt pkts[RECORDS_MAX];
    struct engine_opts opts = { 0 };
    struct engine_worker *w;
    struct nic_sa_attr attr;
    struct engine *e;
    struct rd rd;
    uint64_t id;
    uint8_t how;
    size_t n;

    rd_init(&rd, data, len);
    how = rd_u8(&rd);
    attr = attributes(how & 2);
    opts.cipher = how & 4 ? "openssl" : NULL;
    CHECK(engine_new(&opts, &e, NULL) == 0);
    w = engine_worker_new(e);
    CHECK(w);
    CHECK(engine_sa_add(e, &attr, "fuzz", 1, 0, &id, NULL) == 0);
    n = read_packets(&rd, engine_sa_find(e, id), how & 1, bufs, pkts);
    engine_in(w, pkts, n, 1);
    for (size_t i = 0; i < n; i++) {
        CHECK(pkts[i].verdict == ENGINE_DELIVER || pkts[i].verdict == ENGINE_DROP ||
              pkts[i].verdict == ENGINE_DUMMY);
        if (pkts[i].verdict == ENGINE_DELIVER)
            check_delivered(&pkts[i], &bufs[i]);
    }
    check_counts(e, id, pkts, n);
    engine_worker_free(w);
    engine_free(e);
    return 0;
}
