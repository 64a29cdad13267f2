/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random values and random bytes, from a printed seed.  Values: what one of our
 * writers makes, our reader must give back member by member.  Bytes: the chain
 * reader must agree with a second walk that knows nothing but offsets.
 */
#include "tests/lib/ike_payload_bytes.h"

#include "ike/core/codec/codec.h"

#define SEED UINT64_C(0x20261123)
#define ROUNDS 2000

static uint64_t seed;

static int set_seed(void **state)
{
    (void)state;
    seed = SEED;
    printf("seed %#llx\n", (unsigned long long)seed);
    return 0;
}

static uint32_t below(uint32_t bound)
{
    return test_random(&seed, bound);
}

static struct span random_bytes(uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i++)
        buf[i] = (uint8_t)below(256);
    return span_of(buf, len);
}

/* Ends the message and gives the body of its only payload. */
static struct span only_body(struct test_msg *m, uint8_t type)
{
    struct ike_payloads list;
    struct ike_header h;
    struct span got;

    assert_int_equal(ike_msg_end(&m->msg, &got, NULL), 0);
    assert_int_equal(ike_header_read(got, &h, NULL), 0);
    assert_int_equal(ike_header_check(&h, got.len, NULL), 0);
    assert_int_equal(ike_payloads_read(h.next_payload, got, IKE_HEADER_LEN, &list, NULL), 0);
    assert_int_equal(list.n, 1);
    assert_int_equal(list.p[0].type, type);
    assert_int_equal(ike_payloads_check(&list, NULL), 0);
    return list.p[0].body;
}

static void random_proposal(struct ike_proposal *p, uint8_t num)
{
    static const uint8_t spi_lens[] = { 0, 8, 4, 4 };

    *p = (struct ike_proposal){ .num = num };
    p->spi_len = spi_lens[below(4)];
    p->proto = p->spi_len == 4 ? (uint8_t)(IKE_PROTO_AH + below(2)) : IKE_PROTO_IKE;
    random_bytes(p->spi, p->spi_len);
    p->n_transforms = (uint8_t)below(IKE_TRANSFORMS_MAX + 1);
    for (size_t i = 0; i < p->n_transforms; i++)
        p->transforms[i] = (struct ike_transform){
            .type = (uint8_t)below(256),
            .id = (uint16_t)below(65536),
            .key_bits = (uint16_t)(below(2) ? below(65536) : 0),
        };
}

static void proposals_survive(void **state)
{
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct ike_proposal p[IKE_PROPOSALS_MAX];
        size_t n = 1 + below(IKE_PROPOSALS_MAX);
        uint8_t first = (uint8_t)(1 + below(200));
        struct ike_sa_payload back;
        struct test_msg m;

        for (size_t i = 0; i < n; i++)
            random_proposal(&p[i], (uint8_t)(first + i));
        test_msg_begin(&m);
        ike_sa_write(&m.msg, p, n);
        assert_int_equal(ike_sa_read(only_body(&m, IKE_PL_SA), &back, NULL), 0);
        assert_int_equal(back.n, n);
        assert_int_equal(back.n_skipped, 0);
        for (size_t i = 0; i < n; i++)
            assert_true(ike_proposal_eq(&p[i], &back.proposals[i]));
    }
}

static void random_addr(struct ip_addr *a, uint8_t family)
{
    *a = (struct ip_addr){ .family = family };
    random_bytes(a->b, family == 4 ? 4 : 16);
}

static void random_ts(struct ike_ts *ts)
{
    uint8_t family = below(2) ? 4 : 6;

    *ts = (struct ike_ts){ .proto = (uint8_t)below(256) };
    do {
        random_addr(&ts->range.lo, family);
        random_addr(&ts->range.hi, family);
    } while (ip_addr_cmp(&ts->range.lo, &ts->range.hi) > 0);
    ts->port_lo = (uint16_t)below(65536);
    ts->port_hi = (uint16_t)(ts->port_lo + below(65536u - ts->port_lo));
    if (!below(8)) { /* OPAQUE */
        ts->port_lo = 65535;
        ts->port_hi = 0;
    }
}

static void selectors_survive(void **state)
{
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct ike_ts_list list = { .n = (uint8_t)(1 + below(IKE_TS_MAX)) }, back;
        struct test_msg m;
        unsigned skipped;

        for (size_t i = 0; i < list.n; i++)
            random_ts(&list.ts[i]);
        test_msg_begin(&m);
        ike_ts_write(&m.msg, IKE_PL_TSR, &list);
        assert_int_equal(ike_ts_read(only_body(&m, IKE_PL_TSR), &back, &skipped, NULL), 0);
        assert_int_equal(skipped, 0);
        assert_true(ike_ts_eq(&list, &back));
    }
}

static void notifies_and_deletes_survive(void **state)
{
    static const uint8_t spi_lens[] = { 0, 4 };

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint8_t spi[4], data[300];
        struct ike_notify_payload n = { .proto = IKE_PROTO_ESP, .type = (uint16_t)below(65536) };
        struct ike_notify_payload n_back;
        struct ike_delete d = { .proto = IKE_PROTO_ESP }, d_back;
        struct test_msg m;

        n.spi = random_bytes(spi, spi_lens[below(2)]);
        n.data = random_bytes(data, below(sizeof data));
        test_msg_begin(&m);
        ike_notify_write(&m.msg, &n);
        assert_int_equal(ike_notify_read(only_body(&m, IKE_PL_NOTIFY), &n_back, NULL), 0);
        assert_true(n_back.proto == n.proto && n_back.type == n.type);
        assert_true(span_eq(n_back.spi, n.spi) && span_eq(n_back.data, n.data));

        d.n_spis = (uint16_t)below(IKE_DELETE_MAX + 1);
        for (size_t i = 0; i < d.n_spis; i++)
            d.spis[i] = below(UINT32_MAX);
        test_msg_begin(&m);
        ike_delete_write(&m.msg, &d);
        assert_int_equal(ike_delete_read(only_body(&m, IKE_PL_DELETE), &d_back, NULL), 0);
        assert_int_equal(d_back.n_spis, d.n_spis);
        assert_memory_equal(d_back.spis, d.spis, 4u * d.n_spis);
    }
}

static void identities_keys_and_auth_survive(void **state)
{
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint8_t data[IKE_KE_DATA_MAX];
        struct ike_id id = { .type = IKE_ID_KEY, .len = (uint16_t)(1 + below(IKE_ID_MAX)) };
        struct ike_ke ke = { .method = (uint16_t)below(65536) }, ke_back;
        struct ike_auth_data auth = { .method = (uint8_t)below(256) }, auth_back;
        struct ike_id id_back;
        struct test_msg m;

        random_bytes(id.data, id.len);
        test_msg_begin(&m);
        ike_id_write(&m.msg, IKE_PL_IDI, &id);
        assert_int_equal(ike_id_read(only_body(&m, IKE_PL_IDI), &id_back, NULL), 0);
        assert_true(ike_id_eq(&id, &id_back));

        ke.data = auth.data = random_bytes(data, 1 + below(IKE_KE_DATA_MAX));
        test_msg_begin(&m);
        ike_ke_write(&m.msg, &ke);
        assert_int_equal(ike_ke_read(only_body(&m, IKE_PL_KE), &ke_back, NULL), 0);
        assert_true(ke_back.method == ke.method && span_eq(ke_back.data, ke.data));

        test_msg_begin(&m);
        ike_auth_write(&m.msg, &auth);
        assert_int_equal(ike_auth_read(only_body(&m, IKE_PL_AUTH), &auth_back, NULL), 0);
        assert_true(auth_back.method == auth.method && span_eq(auth_back.data, auth.data));
    }
}

/* The second walk: offsets alone.  -1: not a chain; else the number of payloads. */
static int naive_walk(uint8_t first, struct span b, size_t at[IKE_PAYLOADS_MAX])
{
    size_t pos = 0;
    int n = 0;

    for (uint8_t type = first; type != 0;) {
        size_t len;

        if (n == IKE_PAYLOADS_MAX || pos + 4 > b.len)
            return -1;
        len = (size_t)b.p[pos + 2] * 256 + b.p[pos + 3];
        if (len < 4 || pos + len > b.len)
            return -1;
        at[n++] = pos;
        type = type == 46 || type == 53 ? 0 : b.p[pos];
        pos += len;
    }
    return pos == b.len ? n : -1;
}

/* Mostly plausible: short lengths, sometimes an end, sometimes one byte off. */
static struct span random_chain(uint8_t *buf, size_t cap)
{
    size_t pos = 0;

    while (pos + 16 <= cap) {
        size_t len = 4 + below(12);
        bool end = !below(6);

        random_bytes(buf + pos, len);
        buf[pos] = end ? 0 : (uint8_t)(1 + below(60));
        put_be16(buf + pos + 2, (uint16_t)(len + (below(40) ? 0 : below(3)) - (below(40) ? 0 : 1)));
        pos += len;
        if (end)
            break;
    }
    return span_of(buf, pos);
}

static void the_chain_reader_agrees_with_a_naive_walk(void **state)
{
    unsigned good = 0, bad = 0;

    (void)state;
    for (unsigned round = 0; round < 20 * ROUNDS; round++) {
        uint8_t buf[700], first = (uint8_t)below(60);
        struct span chain = test_exact(random_chain(buf, below(8) ? 200 : sizeof buf));
        size_t at[IKE_PAYLOADS_MAX];
        struct ike_payloads list;
        int n = naive_walk(first, chain, at);
        int rc = ike_payloads_read(first, chain, 0, &list, NULL);

        assert_int_equal(rc, n < 0 ? ERR_MALFORMED : 0);
        for (int i = 0; i < n; i++) {
            assert_int_equal(list.p[i].at, at[i]);
            assert_ptr_equal(list.p[i].body.p, chain.p + at[i] + 4);
            assert_int_equal(list.p[i].type, i ? chain.p[at[i - 1]] : first);
            assert_int_equal(list.p[i].critical, chain.p[at[i] + 1] >> 7);
        }
        if (n >= 0)
            assert_int_equal(list.n, n);
        good += n > 0;
        bad += n < 0;
        free((void *)(uintptr_t)chain.p);
    }
    assert_true(good > ROUNDS && bad > ROUNDS); /* both sides were tried */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proposals_survive),
        cmocka_unit_test(selectors_survive),
        cmocka_unit_test(notifies_and_deletes_survive),
        cmocka_unit_test(identities_keys_and_auth_survive),
        cmocka_unit_test(the_chain_reader_agrees_with_a_naive_walk),
    };
    return cmocka_run_group_tests_name("codec_random", tests, set_seed, NULL);
}
