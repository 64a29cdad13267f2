/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/engine_kit.h"

uint32_t kit_rand(struct kit_rng *r)
{
    r->s += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
    uint64_t z = r->s;

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(z ^ z >> 31);
}

uint32_t kit_below(struct kit_rng *r, uint32_t bound)
{
    return (uint32_t)((uint64_t)kit_rand(r) * bound >> 32);
}

struct nic_selector kit_selector(const char *local, const char *remote)
{
    struct nic_selector sel = { .local_port_hi = UINT16_MAX, .remote_port_hi = UINT16_MAX };

    assert_int_equal(ip_range_parse(local, &sel.local), 0);
    assert_int_equal(ip_range_parse(remote, &sel.remote), 0);
    return sel;
}

struct nic_sa_attr kit_attr(enum nic_dir dir, enum nic_alg alg)
{
    struct nic_sa_attr attr = {
        .dir = dir,
        .proto = NIC_PROTO_ESP,
        .mode = NIC_MODE_TUNNEL,
        .alg = alg,
        .spi = KIT_SPI,
        .salt = { 0xca, 0xfe, 0xba, 0xbe },
        .replay_window = 64,
        .udp_encap = true,
        .local = { ip_addr_v4(0xc0000201), 4500 },
        .remote = { ip_addr_v4(0xc0000202), 4500 },
        .tunnel = 7,
        .n_sel = 2,
    };

    for (unsigned i = 0; i < sizeof attr.key; i++)
        attr.key[i] = (uint8_t)(i * 7 + 1);
    if (dir == NIC_DIR_OUT) {
        attr.sel[0] = kit_selector("10.1.0.0/16", "10.2.0.0/16");
        attr.sel[1] = kit_selector("fd01::/16", "fd02::/16");
    } else {
        attr.sel[0] = kit_selector("10.2.0.0/16", "10.1.0.0/16");
        attr.sel[1] = kit_selector("fd02::/16", "fd01::/16");
    }
    return attr;
}

struct nic_rule_attr kit_rule(const char *local, const char *remote, uint64_t sa)
{
    return (struct nic_rule_attr){
        .action = NIC_ACTION_PROTECT,
        .priority = 100,
        .sel = kit_selector(local, remote),
        .sa = sa,
        .tunnel = 7,
    };
}

static void record(void *user, const struct nic_event *event)
{
    struct kit *k = user;

    if (k->n_events < KIT_EVENTS)
        k->events[k->n_events++] = *event;
}

void kit_init(struct kit *k, const char *cipher)
{
    struct engine_opts opts = { .event_fn = record, .event_user = k, .cipher = cipher };

    memset(k, 0, sizeof *k);
    k->now = 1000 * NS_PER_S;
    assert_int_equal(engine_new(&opts, &k->e, NULL), 0);
    k->w = engine_worker_new(k->e);
    assert_non_null(k->w);
}

void kit_pair(struct kit *k, const struct nic_sa_attr *out, const struct nic_sa_attr *in)
{
    struct nic_rule_attr rule;
    uint64_t id;

    assert_int_equal(engine_sa_add(k->e, in, "test", 1, k->now, &k->in, NULL), 0);
    assert_int_equal(engine_sa_add(k->e, out, "test", 1, k->now, &k->out, NULL), 0);
    rule = kit_rule("0.0.0.0/0", "0.0.0.0/0", k->out);
    assert_int_equal(engine_rule_add(k->e, &rule, "test", 1, &k->rule, NULL), 0);
    rule = kit_rule("::/0", "::/0", k->out);
    assert_int_equal(engine_rule_add(k->e, &rule, "test", 1, &id, NULL), 0);
}

void kit_open(struct kit *k, const char *cipher, bool esn, uint16_t window)
{
    struct nic_sa_attr out = kit_attr(NIC_DIR_OUT, NIC_ALG_AES_GCM_256_ICV16);
    struct nic_sa_attr in = kit_attr(NIC_DIR_IN, NIC_ALG_AES_GCM_256_ICV16);

    kit_init(k, cipher);
    out.esn = in.esn = esn;
    in.replay_window = window;
    kit_pair(k, &out, &in);
}

void kit_fini(struct kit *k)
{
    engine_worker_free(k->w);
    engine_free(k->e);
}

size_t kit_count(const struct kit *k, enum nic_event_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < k->n_events; i++)
        n += k->events[i].kind == kind;
    return n;
}

void kit_set(struct kit_buf *b, const void *p, size_t len)
{
    assert_true(len <= KIT_BUF);
    memset(&b->pkt, 0, sizeof b->pkt);
    b->pkt.data = b->mem + ENGINE_HEADROOM;
    b->pkt.len = (uint32_t)len;
    b->pkt.headroom = ENGINE_HEADROOM;
    b->pkt.tailroom = (uint16_t)(sizeof b->mem - ENGINE_HEADROOM - len);
    if (len)
        memcpy(b->pkt.data, p, len);
}

uint16_t kit_checksum(const uint8_t *p, size_t len)
{
    uint32_t sum = 0;

    for (size_t i = 0; i + 1 < len; i += 2)
        sum += get_be16(p + i);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static void fill(uint8_t *p, size_t len, uint32_t salt)
{
    struct kit_rng r = { salt };

    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)kit_rand(&r);
}

static void put_udp(uint8_t *p, size_t len, uint32_t salt)
{
    fill(p, len, salt);
    put_be16(p, 1000);
    put_be16(p + 2, 2000);
    put_be16(p + 4, (uint16_t)len);
    put_be16(p + 6, 0);
}

void kit_udp4(struct kit_buf *b, size_t len, uint32_t salt)
{
    uint8_t p[KIT_BUF] = {
        0x45, 0, 0, 0, 0x12, 0x34, 0, 0, 64, 17, 0, 0, 10, 1, 0, 1, 10, 2, 0, 1
    };

    assert_true(len >= 28 && len <= sizeof p);
    put_be16(p + 2, (uint16_t)len);
    put_be16(p + 10, kit_checksum(p, 20));
    put_udp(p + 20, len - 20, salt);
    kit_set(b, p, len);
}

void kit_udp6(struct kit_buf *b, size_t len, uint32_t salt)
{
    uint8_t p[KIT_BUF] = { 0x60,     [6] = 17,    [7] = 64,    [8] = 0xfd, [9] = 0x01,
                           [23] = 1, [24] = 0xfd, [25] = 0x02, [39] = 1 };

    assert_true(len >= 48 && len <= sizeof p);
    put_be16(p + 4, (uint16_t)(len - 40));
    put_udp(p + 40, len - 40, salt);
    kit_set(b, p, len);
}

int kit_out(struct kit *k, struct kit_buf *b)
{
    engine_out(k->w, &b->pkt, 1, k->now);
    engine_worker_quiet(k->w);
    return b->pkt.verdict;
}

int kit_in(struct kit *k, struct kit_buf *b)
{
    engine_in(k->w, &b->pkt, 1, k->now);
    engine_worker_quiet(k->w);
    return b->pkt.verdict;
}

void kit_forge(struct kit *k, struct kit_buf *b, uint64_t seq, const void *text, size_t len)
{
    const struct sa *sa = engine_sa_find(k->e, k->in);
    uint8_t esp[KIT_BUF], nonce[GCM_NONCE_LEN], aad[12];
    struct gcm_ctx *ctx;

    assert_true(16 + len + 16 <= sizeof esp);
    put_be32(esp, sa->spi);
    put_be32(esp + 4, (uint32_t)seq);
    put_be64(esp + 8, seq);
    memcpy(esp + 16, text, len);
    memcpy(nonce, sa->salt, 4);
    put_be64(nonce + 4, seq);
    put_be32(aad, sa->spi);
    if (sa->esn)
        put_be64(aad + 4, seq);
    else
        put_be32(aad + 4, (uint32_t)seq);
    assert_int_equal(sa->gcm->ctx_new(sa->key, true, &ctx), 0);
    assert_true(
        sa->gcm->seal(sa->key, ctx, nonce, aad, sa->esn ? 12 : 8, esp + 16, len, esp + 16 + len));
    sa->gcm->ctx_free(ctx);
    kit_set(b, esp, 16 + len + 16);
    b->pkt.udp_encap = true;
    b->pkt.local = sa->attr.local;
    b->pkt.remote = sa->attr.remote;
}

void kit_forge_inner(struct kit *k, struct kit_buf *b, uint64_t seq, const void *inner, size_t len,
                     uint8_t next)
{
    uint8_t text[KIT_BUF];
    uint8_t pad = 0;

    memcpy(text, inner, len);
    while ((len + pad + 2) % 4) {
        text[len + pad] = (uint8_t)(pad + 1);
        pad++;
    }
    text[len + pad] = pad;
    text[len + pad + 1] = next;
    kit_forge(k, b, seq, text, len + pad + 2);
}

struct nic_counters kit_counters(struct kit *k, uint64_t sa)
{
    struct nic_sa_info info;

    assert_int_equal(engine_sa_get(k->e, sa, k->now, &info, NULL), 0);
    return info.counters;
}
