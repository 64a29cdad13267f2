/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_gcm: the cipher engines against published vectors and each other.
 * Vectors: the AES-GCM-ESP cases of draft-mcgrew-gcm-test-01 section 4 with
 * 128- and 256-bit keys (192-bit keys and GMAC are not what we install).
 */
#include "driver/soft/engine/gcm.h"

#include <stdio.h>

#include "tests/unit/engine_kit.h"

struct vector {
    const char *key, *nonce, *aad, *plain, *sealed;
    bool esn;
    uint64_t seq;
};

static const struct vector vectors[] = {
    { "4c80cdefbb5d10da906ac73c3613a634", "2e443b684956ed7e3b244cfe", "000043218765432100000000",
      "45000048699a000080114db7c0a80102c0a801010a9bf15638d301000001000000000000045f736970045f7564"
      "70037369700963796265726369747902646b000021000101020201",
      "fecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa13ceac34cfa2436f14a3f3cf65925bf1f4"
      "a13c5d15b21e1884f5ff6247aeabb786b93bce61bc17d768fd9732459018148f6cbe722fd04796562dfdb4",
      true, 0x8765432100000000 },
    { "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "0000a5f80000000a",
      "4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d0010000010000000000000373697009"
      "63796265726369747902646b00000100010001",
      "deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f1ba76d5d114d2a5c3de81827c10e9a4f51330d0eec"
      "416642cfbb85a5b47e48a4ec3b9ba95d918bd183b70d3aa8bc6ee4c309e9d85a41ad4a",
      false, 0x0a },
    { "abbccddef00112233445566778899aababbccddef00112233445566778899aab",
      "112233440102030405060708", "4a2cbfe300000002",
      "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee0000000007002400020bf0000020405b401"
      "01040201020201",
      "ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763748a637985771d347f0545659f"
      "14e99def842d8eb335f4eecfdbf831824b4c4915956c96",
      false, 2 },
    { "00000000000000000000000000000000", "000000000000000000000000", "0000000000000001",
      "4500003c99c500008001cb7a40679318010101010800075c02004400616263646566676869"
      "6a6b6c6d6e6f707172737475767761626364656667686901020201",
      "4688daf2f973a392732909c331d56d60f694abaa414b5e7ff5fdcdfff5e9a284456476492719ffb64de7d9dca1"
      "e1d894bc3bd57873ed4d181d19d4d5c8c18af3f821d496eeb096e98ad2b69e4799c71d",
      false, 1 },
    { "3de09874b388e6491988d0c3607eae1f", "57690e434e280000a2fca1a3", "42f67e3f1010101010101010",
      "4500003c99c300008001cb7c40679318010101010800085c0200430061626364656667686"
      "96a6b6c6d6e6f707172737475767761626364656667686901020201",
      "fba2caa4853cf9f0f22cb10d86dd83b0fec75691cf1a04b00d1138ec9c35791765acbd8701ad79845bf9fe3fba"
      "487bc91755e6662b4c8d0d1f5e22739530320ae0d731cc978ecafaeae88f00e80d6e48",
      true, 0x1010101010101010 },
    { "3de09874b388e6491988d0c3607eae1f", "57690e434e280000a2fca1a3", "42f67e3f1010101010101010",
      "4500001c42a200008001441f406793b6e00000020a00f5ff01020201",
      "fba2ca845e5df9f0f22c3e6e86dd831e1fc65792cd1af9130e1379ed369f071f35e034be95f112e4e7d05d35",
      true, 0x1010101010101010 },
    { "abbccddef00112233445566778899aab", "decaf888cafedebaceface74", "000001000000000000000001",
      "4500004933ba00007f119106c3fb1d10c2b1d326c02831ce0035dd7b800302d500004e20001e8c18d75b81dc91"
      "baa0476b91b924b280389d92c963bac046ec959b6266c04722b14923010101",
      "18a6fd42f72cbf4ab2a2ea901f73d814e3e7f243d95412e1c349c1d2fbec168f9190feebaf2cb01984e6586396"
      "5d7472b79da345e0e780191f0d2f0e0f496c226f2127b27db35724e7845d68651f57e65f354f75ff1701576962"
      "3436",
      true, 1 },
    { "abbccddef00112233445566778899aababbccddef00112233445566778899aab",
      "73616c74616e640169766563", "17405e67156f3126dd0db99b",
      "45080028732c00004006e9f90a0106120a01038f06b88023dd6bafbecb71260250101f646d540001",
      "f2d69ecdbd5a0d5b8d5ef38bad4da58d1f278fde98ef67549d524a3018d9a57ff4d3a31ce673119e451626c241"
      "5771e3b7eebca614c89b35",
      true, 0x156f3126dd0db99b },
    { "3de09874b388e6491988d0c3607eae1f", "57690e434e280000a2fca1a3", "42f67e3f1010101010101010",
      "45000049333e00007f119182c3fb1d10c2b1d326c02831ce0035cb458003025b000001e0001e8c18d65759d522"
      "84a0352c71475c8880391c764d6e5ee0496b325ae270c03899493915010101",
      "fba2cad12fc1f9f00d3cebf305410db83d7784b607323d220f24b0a97d54182800cadb0f68d99ef0e0c0c89ae9"
      "bea8884e52d65bc1afd0740f742444747b5b39ab533163aad4550ee5160975cdb608c5769189609763b8e18caa"
      "81e2",
      true, 0x1010101010101010 },
    { "abbccddef00112233445566778899aababbccddef00112233445566778899aab",
      "73616c74616e640169766563", "17405e67156f3126dd0db99b",
      "636973636f0172756c657301746865016e6574776501646566696e6501746865746563686e6f6c6f6769657301"
      "7468617477696c6c01646566696e65746f6d6f72726f7701020201",
      "d4b7ed86a1777f2ea13d6973d324c69e7b43f826fb56831226508bebd2dceb18d0a6df10e5487df074113e14c6"
      "41024e3e6773d91a62ee429b043a10e3efe6b012a49363412364f8c0cac587f249e56b11e24f30e44ccc76",
      true, 0x156f3126dd0db99b },
    { "7d773d00c144c525ac619d18c84a3f47", "d966426743457e9182443bc6", "335467aeffffffff",
      "01020201", "437f866bcb3f699fe9b0822bac961c4504bef270", false, 0xffffffff },
    { "abbccddef00112233445566778899aab", "decaf888cafedebaceface74", "000001000000000000000001",
      "746f016265016f72016e6f7401746f0162650001",
      "29c9fc69a197d038ccdd14e2ddfcaa0543332164412503524303ed3c6c5f283843af8c3e", true, 1 },
    { "6c6567616c697a656d6172696a75616e61616e64646f69746265666f72656961",
      "7475726e333021696765746d", "796b6963ffffffffffffffff",
      "45000030da3a00008001df3bc0a80005c0a800010800c6cd0200070061626364656667686"
      "96a6b6c6d6e6f7071727374"
      "01020201",
      "f97ab2aa356d8edce17644ac8c78e25dd24dedbb29ebf1b64a274b39b49c3a864cd3d78ca4ae68a32b42458fb5"
      "7dbe821dcc63b9d0937ba2945f669368661a329fb4c053",
      true, 0xffffffffffffffff },
};
#define N_VECTORS (sizeof vectors / sizeof vectors[0])

static size_t unhex(uint8_t *out, size_t cap, const char *hex)
{
    size_t len = strlen(hex) / 2;

    assert_true(len <= cap);
    assert_true(hex_decode(out, len, hex));
    return len;
}

static void one_vector(const struct gcm_ops *gcm, const struct vector *v)
{
    uint8_t key[32], nonce[12], aad[12], text[256], sealed[256], icv[16];
    size_t key_len = unhex(key, sizeof key, v->key);
    size_t aad_len = unhex(aad, sizeof aad, v->aad);
    size_t len = unhex(text, sizeof text, v->plain);
    struct gcm_ctx *seal, *open;
    struct gcm_key *k;

    unhex(nonce, sizeof nonce, v->nonce);
    assert_int_equal(unhex(sealed, sizeof sealed, v->sealed), len + 16);
    assert_int_equal(gcm->key_new(key, key_len, &k), 0);
    assert_int_equal(gcm->ctx_new(k, true, &seal), 0);
    assert_int_equal(gcm->ctx_new(k, false, &open), 0);
    assert_true(gcm->seal(k, seal, nonce, aad, aad_len, text, len, icv));
    assert_memory_equal(text, sealed, len);
    assert_memory_equal(icv, sealed + len, 16);
    assert_true(gcm->open(k, open, nonce, aad, aad_len, text, len, icv));
    unhex(sealed, sizeof sealed, v->plain);
    assert_memory_equal(text, sealed, len);
    gcm->ctx_free(seal);
    gcm->ctx_free(open);
    gcm->key_free(k);
}

static void published_esp_vectors_hold_in_every_engine(void **state)
{
    (void)state;
    for (size_t i = 0; gcm_engines[i]; i++)
        for (size_t v = 0; gcm_engines[i]->usable() && v < N_VECTORS; v++)
            one_vector(gcm_engines[i], &vectors[v]);
}

/* The vectors' next header is 1, so a packet that passes the ICV is malformed
 * in tunnel mode: what is shown is salt, IV, AAD and ESN on the way there. */
static void vector_packet(const struct vector *v, bool tampered, enum nic_drop want)
{
    static struct kit_buf b;
    struct nic_sa_attr attr = kit_attr(NIC_DIR_IN, NIC_ALG_AES_GCM_128_ICV16);
    uint8_t nonce[12], aad[12], esp[512];
    size_t len;
    struct kit k;

    if (strlen(v->key) == 64)
        attr.alg = NIC_ALG_AES_GCM_256_ICV16;
    unhex(attr.key, sizeof attr.key, v->key);
    unhex(nonce, sizeof nonce, v->nonce);
    unhex(aad, sizeof aad, v->aad);
    memcpy(attr.salt, nonce, 4);
    attr.spi = get_be32(aad);
    attr.esn = v->esn;
    memcpy(esp, aad, 4);
    put_be32(esp + 4, (uint32_t)v->seq);
    memcpy(esp + 8, nonce + 4, 8);
    len = 16 + unhex(esp + 16, sizeof esp - 16, v->sealed);
    if (tampered)
        esp[len / 2] ^= 0x10;
    kit_init(&k, NULL);
    assert_int_equal(engine_sa_add(k.e, &attr, "test", 1, k.now, &k.in, NULL), 0);
    atomic_store(&engine_sa_find(k.e, k.in)->replay.top, v->seq - 1);
    kit_set(&b, esp, len);
    assert_int_equal(kit_in(&k, &b), ENGINE_DROP);
    assert_int_equal(b.pkt.drop, want);
    assert_int_equal(kit_counters(&k, k.in).drops[want], 1);
    assert_int_equal(kit_counters(&k, k.in).seq, tampered ? v->seq - 1 : v->seq);
    kit_fini(&k);
}

static void published_packets_pass_the_whole_inbound_path(void **state)
{
    (void)state;
    for (size_t v = 0; v < N_VECTORS; v++) {
        vector_packet(&vectors[v], false, NIC_DROP_MALFORMED);
        vector_packet(&vectors[v], true, NIC_DROP_INTEGRITY);
    }
}

struct party {
    const struct gcm_ops *gcm;
    struct gcm_key *key;
    struct gcm_ctx *seal, *open;
};

static void party_init(struct party *p, const struct gcm_ops *gcm, const uint8_t *key, size_t len)
{
    p->gcm = gcm;
    assert_int_equal(gcm->key_new(key, len, &p->key), 0);
    assert_int_equal(gcm->ctx_new(p->key, true, &p->seal), 0);
    assert_int_equal(gcm->ctx_new(p->key, false, &p->open), 0);
}

static void party_fini(struct party *p)
{
    p->gcm->ctx_free(p->seal);
    p->gcm->ctx_free(p->open);
    p->gcm->key_free(p->key);
}

static void compare(struct party *a, struct party *b, struct kit_rng *r, size_t len)
{
    static uint8_t text[9000], x[9000], y[9000];
    uint8_t nonce[12], aad[12], icv_x[16], icv_y[16];
    size_t aad_len = kit_below(r, 2) ? 8 : 12;

    for (size_t i = 0; i < len; i++)
        text[i] = (uint8_t)kit_rand(r);
    for (size_t i = 0; i < 12; i++) {
        nonce[i] = (uint8_t)kit_rand(r);
        aad[i] = (uint8_t)kit_rand(r);
    }
    memcpy(x, text, len);
    memcpy(y, text, len);
    assert_true(a->gcm->seal(a->key, a->seal, nonce, aad, aad_len, x, len, icv_x));
    assert_true(b->gcm->seal(b->key, b->seal, nonce, aad, aad_len, y, len, icv_y));
    assert_memory_equal(x, y, len);
    assert_memory_equal(icv_x, icv_y, 16);
    icv_x[kit_below(r, 16)] ^= (uint8_t)(1u << kit_below(r, 8));
    assert_false(a->gcm->open(a->key, a->open, nonce, aad, aad_len, x, len, icv_x));
    assert_true(b->gcm->open(b->key, b->open, nonce, aad, aad_len, y, len, icv_y));
    assert_memory_equal(y, text, len);
}

static void engines_give_equal_bytes_at_any_length(void **state)
{
    struct kit_rng r = { 20261123 };
    const struct gcm_ops *gcm = gcm_choose(NULL);
    uint8_t key[32];

    (void)state;
    print_message("seed %llu, %s against openssl\n", (unsigned long long)r.s, gcm->name);
    for (unsigned round = 0; round < 40; round++) {
        struct party a, b;

        for (size_t i = 0; i < sizeof key; i++)
            key[i] = (uint8_t)kit_rand(&r);
        party_init(&a, gcm, key, round & 1 ? 16 : 32);
        party_init(&b, gcm_choose("openssl"), key, round & 1 ? 16 : 32);
        for (size_t len = 0; len < 300; len += 1 + round % 3)
            compare(&a, &b, &r, len);
        for (unsigned i = 0; i < 50; i++)
            compare(&a, &b, &r, kit_below(&r, 9001));
        party_fini(&a);
        party_fini(&b);
    }
}

static void an_unknown_engine_is_refused_by_name(void **state)
{
    struct engine_opts opts = { .cipher = "rot13" };
    struct engine *e = NULL;
    struct err err;

    (void)state;
    assert_int_equal(engine_new(&opts, &e, &err), ERR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "rot13"));
    assert_null(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_esp_vectors_hold_in_every_engine),
        cmocka_unit_test(published_packets_pass_the_whole_inbound_path),
        cmocka_unit_test(engines_give_equal_bytes_at_any_length),
        cmocka_unit_test(an_unknown_engine_is_refused_by_name),
    };
    return cmocka_run_group_tests_name("gcm", tests, NULL, NULL);
}
