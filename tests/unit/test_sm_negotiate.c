/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proposals between configuration, wire and SAs (negotiate.c, RFC 7296 2.7,
 * 3.3): a table of pairs that agree or do not, both ways round, and every
 * choice also made by a naive model.
 */
#include "ike/core/sm/negotiate.h"

#include "tests/lib/cmocka.h"
#include "tests/lib/seeded_rng.h"

#include <stdio.h>
#include <string.h>

static struct ike_proposal parsed(const char *text, enum ike_protocol proto)
{
    struct ike_proposal p;

    assert_int_equal(ike_proposal_parse(text, proto, &p, NULL), 0);
    return p;
}

/* Words of several proposals, in order, ended by NULL. */
static struct ike_child_conf *child(const char *const *texts)
{
    static struct ike_child_conf conf;

    ike_child_conf_init(&conf, "net");
    for (conf.n_esp_proposals = 0; *texts; texts++)
        conf.esp_proposals[conf.n_esp_proposals++] = parsed(*texts, IKE_PROTO_ESP);
    return &conf;
}

/* As the peer writes them: numbered, each with this SPI. */
static struct ike_sa_payload offer(const char *const *texts, enum ike_protocol proto,
                                   uint8_t spi_len, uint64_t spi)
{
    struct ike_sa_payload sa = { 0 };
    uint8_t bytes[8];

    put_be64(bytes, spi);
    for (; *texts; texts++) {
        struct ike_proposal *p = &sa.proposals[sa.n++];

        *p = parsed(*texts, proto);
        p->num = sa.n;
        p->proto = (uint8_t)proto;
        p->spi_len = spi_len;
        memcpy(p->spi, bytes + 8 - spi_len, spi_len);
    }
    return sa;
}

#define LIST(...)                                                                                  \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

struct pair {
    const char *ours[4], *theirs[4]; /* NULL ends */
    bool with_ke;
    unsigned num;     /* of their proposal that is taken; 0 = none fits */
    const char *text; /* what is agreed */
};

static const struct pair esp_pairs[] = {
    { { "aes256gcm16-esn" }, { "aes256gcm16-esn" }, false, 1, "aes256gcm16-esn" },
    { { "aes256gcm16-esn" }, { "aes128gcm16-esn" }, false, 0, "" }, /* key length */
    { { "aes256gcm16-esn" }, { "aes256gcm16-noesn" }, false, 0, "" },
    { { "aes256gcm16-noesn" }, { "aes256gcm16-esn" }, false, 0, "" },
    { { "aes256gcm16" }, { "aes256gcm16-noesn" }, false, 1, "aes256gcm16-noesn" },
    { { "aes256gcm16-noesn" }, { "aes256gcm16" }, false, 1, "aes256gcm16-noesn" },
    { { "aes256gcm16" }, { "aes256gcm16" }, false, 1, "aes256gcm16-esn" },
    { { "aes128gcm16-aes256gcm16" },
      { "aes256gcm16-aes128gcm16" },
      false,
      1,
      "aes128gcm16-esn" }, /* our order */
    { { "aes256gcm16-esn" },
      { "aes128gcm16-esn", "aes256gcm16-esn" },
      false,
      2,
      "aes256gcm16-esn" },
    { { "aes128gcm16-esn", "aes256gcm16-esn" },
      { "aes256gcm16-esn", "aes128gcm16-esn" },
      false,
      2,
      "aes128gcm16-esn" }, /* our first proposal, whatever number it has there */
    { { "aes256gcm16-esn" },
      { "aes256gcm16-noesn", "aes128gcm16-esn", "aes256gcm16-esn" },
      false,
      3,
      "aes256gcm16-esn" },
    /* PFS: the group is compared only where it counts */
    { { "aes256gcm16-esn-x25519" }, { "aes256gcm16-esn" }, false, 1, "aes256gcm16-esn" },
    { { "aes256gcm16-esn" }, { "aes256gcm16-esn-x25519" }, false, 1, "aes256gcm16-esn" },
    { { "aes256gcm16-esn-x25519" }, { "aes256gcm16-esn" }, true, 0, "" },
    { { "aes256gcm16-esn" }, { "aes256gcm16-esn-x25519" }, true, 0, "" },
    { { "aes256gcm16-esn-x25519" }, { "aes256gcm16-esn-ecp256" }, true, 0, "" },
    { { "aes256gcm16-esn-x25519" },
      { "aes256gcm16-esn-x25519" },
      true,
      1,
      "aes256gcm16-x25519-esn" },
    { { "aes256gcm16-esn-x25519-ecp256" },
      { "aes256gcm16-esn-ecp256-x25519" },
      true,
      1,
      "aes256gcm16-x25519-esn" },
    { { "aes256gcm16-esn-ecp256" },
      { "aes256gcm16-esn-x25519", "aes256gcm16-esn-ecp256" },
      true,
      2,
      "aes256gcm16-ecp256-esn" },
    { { "aes256gcm16-esn-modp2048" },
      { "aes256gcm16-esn-x25519-modp2048" },
      true,
      1,
      "aes256gcm16-modp2048-esn" },
};

static void each_pair_of_esp_proposals_agrees_as_written_here(void **state)
{
    char text[IKE_PROPOSAL_TEXT_LEN];

    (void)state;
    for (size_t i = 0; i < sizeof esp_pairs / sizeof *esp_pairs; i++) {
        const struct pair *pair = &esp_pairs[i];
        struct ike_sa_payload theirs = offer(pair->theirs, IKE_PROTO_ESP, 4, 0xc0ffee00);
        struct ike_suite suite;
        uint32_t spi = 7;
        uint8_t num = 99;
        int rc = sm_choose_esp(child(pair->ours), &theirs, pair->with_ke, &suite, &num, &spi);

        print_message("    %s with %s\n", pair->ours[0], pair->theirs[0]);
        if (pair->num == 0) {
            assert_int_equal(rc, ERR_REFUSED);
            assert_int_equal(num, 99); /* outputs unchanged */
            assert_int_equal(spi, 7);
            continue;
        }
        assert_int_equal(rc, 0);
        assert_int_equal(num, pair->num);
        assert_int_equal(spi, 0xc0ffee00);
        assert_string_equal(ike_suite_text(&suite, text), pair->text);
    }
}

static const struct pair ike_pairs[] = {
    { { "aes256gcm16-prfsha384-x25519" },
      { "aes256gcm16-prfsha384-x25519" },
      true,
      1,
      "aes256gcm16-prfsha384-x25519" },
    { { "aes256gcm16-prfsha384-x25519" }, { "aes128gcm16-prfsha384-x25519" }, true, 0, "" },
    { { "aes256gcm16-prfsha384-x25519" }, { "aes256gcm16-prfsha256-x25519" }, true, 0, "" },
    { { "aes256gcm16-prfsha384-x25519" }, { "aes256gcm16-prfsha384-ecp256" }, true, 0, "" },
    { { "aes256gcm16-prfsha384-x25519" }, { "aes256-sha384-x25519" }, true, 0, "" },
    { { "aes256-sha256-modp2048" }, { "aes256-sha384-modp2048" }, true, 0, "" },
    { { "aes256-sha256-modp2048" },
      { "aes256gcm16-prfsha256-modp2048", "aes256-sha256-modp2048" },
      true,
      2,
      "aes256-sha256-prfsha256-modp2048" },
    { { "aes128-aes256-sha256-sha512-x25519" },
      { "aes256-sha512-x25519" },
      true,
      1,
      "aes256-sha512-prfsha512-x25519" },
    { { "aes256-sha512-x25519", "aes128-sha256-ecp256" },
      { "aes128-sha256-ecp256", "aes256-sha512-x25519" },
      true,
      2,
      "aes256-sha512-prfsha512-x25519" },
};

static struct ike_conn *conn_with(const char *const *texts)
{
    struct ike_conn *conn = ike_conn_new("gw");

    for (conn->n_proposals = 0; *texts; texts++) /* not the defaults */
        conn->proposals[conn->n_proposals++] = parsed(*texts, IKE_PROTO_IKE);
    return conn;
}

static void each_pair_of_ike_proposals_agrees_as_written_here(void **state)
{
    char text[IKE_PROPOSAL_TEXT_LEN];

    (void)state;
    for (size_t i = 0; i < sizeof ike_pairs / sizeof *ike_pairs; i++) {
        const struct pair *pair = &ike_pairs[i];
        struct ike_conn *conn = conn_with(pair->ours);

        print_message("    %s with %s\n", pair->ours[0], pair->theirs[0]);
        for (int with_spi = 0; with_spi < 2; with_spi++) {
            struct ike_sa_payload theirs =
                offer(pair->theirs, IKE_PROTO_IKE, with_spi ? 8 : 0, 0x0102030405060708);
            struct ike_suite suite;
            uint64_t spi = 5;
            uint8_t num = 99;
            int rc = sm_choose_ike(conn, &theirs, with_spi, &suite, &num, &spi);

            assert_int_equal(rc, pair->num ? 0 : ERR_REFUSED);
            assert_int_equal(num, pair->num ? pair->num : 99);
            assert_int_equal(spi, rc ? 5 : with_spi ? 0x0102030405060708 : 0);
            if (rc == 0) {
                assert_string_equal(ike_suite_text(&suite, text), pair->text);
                assert_true(sm_suite_allowed(conn, &suite));
            }
        }
        ike_conn_unref(conn);
    }
}

static int choose_esp_with(struct ike_sa_payload *theirs)
{
    struct ike_suite suite;
    uint32_t spi;
    uint8_t num;

    return sm_choose_esp(child(LIST("aes256gcm16-esn")), theirs, false, &suite, &num, &spi);
}

static void a_transform_of_a_type_that_is_missing_on_one_side_does_not_fit(void **state)
{
    (void)state;
    for (unsigned type = IKE_TT_ENCR; type <= IKE_TT_ESN; type++) {
        struct ike_sa_payload theirs = offer(LIST("aes256gcm16-esn"), IKE_PROTO_ESP, 4, 0x1000);
        struct ike_proposal *p = &theirs.proposals[0];
        uint8_t n = 0;

        for (size_t i = 0; i < p->n_transforms; i++)
            if (p->transforms[i].type != type)
                p->transforms[n++] = p->transforms[i];
        if (n == p->n_transforms)
            continue; /* ESP has no such type */
        p->n_transforms = n;
        assert_int_equal(choose_esp_with(&theirs), ERR_REFUSED);
    }
}

static void a_transform_of_a_type_that_we_do_not_ask_for_does_not_fit(void **state)
{
    static const struct ike_transform extras[] = {
        { .type = IKE_TT_INTEG, .id = IKE_INTEG_HMAC_SHA2_256_128 },
        { .type = IKE_TT_PRF, .id = IKE_PRF_HMAC_SHA2_256 },
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct ike_sa_payload theirs = offer(LIST("aes256gcm16-esn"), IKE_PROTO_ESP, 4, 0x1000);
        struct ike_proposal *p = &theirs.proposals[0];

        p->transforms[p->n_transforms++] = extras[i];
        assert_int_equal(choose_esp_with(&theirs), ERR_REFUSED);
    }
}

/* INTEG NONE and no INTEG are the same with AEAD (RFC 7296 3.3.3); the group likewise. */
static void none_is_as_good_as_absent(void **state)
{
    static const struct ike_transform nones[] = {
        { .type = IKE_TT_INTEG, .id = IKE_INTEG_NONE },
        { .type = IKE_TT_KE, .id = IKE_KE_NONE },
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct ike_sa_payload theirs = offer(LIST("aes256gcm16-esn"), IKE_PROTO_ESP, 4, 0x1000);
        struct ike_proposal *p = &theirs.proposals[0];

        p->transforms[p->n_transforms++] = nones[i];
        assert_int_equal(choose_esp_with(&theirs), 0);
    }
}

static void a_transform_with_an_unknown_attribute_is_never_taken(void **state)
{
    struct ike_sa_payload theirs = offer(LIST("aes256gcm16-esn"), IKE_PROTO_ESP, 4, 0x1000);

    (void)state;
    theirs.proposals[0].transforms[0].unusable = true;
    assert_int_equal(choose_esp_with(&theirs), ERR_REFUSED);
}

static void proposals_of_another_protocol_or_spi_size_are_not_meant(void **state)
{
    struct ike_sa_payload theirs = offer(LIST("aes256gcm16-esn"), IKE_PROTO_ESP, 4, 0x1000);

    (void)state;
    theirs.proposals[0].proto = IKE_PROTO_AH;
    assert_int_equal(choose_esp_with(&theirs), ERR_REFUSED);
    theirs.proposals[0].proto = IKE_PROTO_IKE;
    assert_int_equal(choose_esp_with(&theirs), ERR_REFUSED);
    theirs.proposals[0].proto = IKE_PROTO_ESP;
    theirs.proposals[0].spi_len = 8;
    assert_int_equal(choose_esp_with(&theirs), ERR_REFUSED);
    theirs.proposals[0].spi_len = 0;
    assert_int_equal(choose_esp_with(&theirs), ERR_REFUSED);
    theirs.proposals[0].spi_len = 4;
    assert_int_equal(choose_esp_with(&theirs), 0);
    theirs.n = 0; /* all were skipped by the reader */
    assert_int_equal(choose_esp_with(&theirs), ERR_REFUSED);
}

static void spis_below_256_are_reserved(void **state)
{
    static const uint32_t spis[] = { 0, 1, 128, 255, 256, 257, 0x80000000, 0xffffffff };

    (void)state;
    for (size_t i = 0; i < sizeof spis / sizeof *spis; i++) {
        struct ike_sa_payload theirs = offer(LIST("aes256gcm16-esn"), IKE_PROTO_ESP, 4, spis[i]);

        assert_int_equal(choose_esp_with(&theirs), spis[i] < 256 ? ERR_REFUSED : 0);
    }
}

static void an_ike_spi_of_zero_is_none(void **state)
{
    struct ike_conn *conn = conn_with(LIST("aes256gcm16-prfsha384-x25519"));
    struct ike_suite suite;
    uint64_t spi;
    uint8_t num;

    (void)state;
    for (uint64_t value = 0; value < 2; value++) {
        struct ike_sa_payload theirs =
            offer(LIST("aes256gcm16-prfsha384-x25519"), IKE_PROTO_IKE, 8, value << 63);

        assert_int_equal(sm_choose_ike(conn, &theirs, true, &suite, &num, &spi),
                         value ? 0 : ERR_REFUSED);
        assert_int_equal(sm_choose_ike(conn, &theirs, false, &suite, &num, &spi), ERR_REFUSED);
    }
    ike_conn_unref(conn);
}

/* ---- offers and answers ---- */

static void an_offer_is_numbered_from_one_and_has_our_spi_in_each(void **state)
{
    struct ike_conn *conn = conn_with(LIST("aes256gcm16-prfsha384-x25519", "aes128-sha256-ecp256"));
    struct ike_proposal p[IKE_PROPOSALS_MAX];

    (void)state;
    assert_int_equal(sm_offer_ike(conn, 0x1122334455667788, p), 2);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(p[i].num, i + 1);
        assert_int_equal(p[i].proto, IKE_PROTO_IKE);
        assert_int_equal(p[i].spi_len, 8);
        assert_int_equal(get_be64(p[i].spi), 0x1122334455667788);
    }
    assert_int_equal(sm_offer_ike(conn, 0, p), 2);
    assert_int_equal(p[0].spi_len, 0);
    assert_int_equal(p[1].spi_len, 0);
    ike_conn_unref(conn);
}

static void in_ike_auth_no_group_is_offered(void **state)
{
    struct ike_proposal p[IKE_PROPOSALS_MAX];
    struct ike_child_conf *conf =
        child(LIST("aes256gcm16-esn-x25519-ecp256", "aes128gcm16-noesn-modp2048"));

    (void)state;
    assert_int_equal(sm_offer_esp(conf, 0xabcdef01, true, p), 2);
    assert_int_equal(sm_first_group(p, 2), IKE_KE_X25519);
    assert_true(sm_group_offered(p, 2, IKE_KE_ECP256));
    assert_true(sm_group_offered(p, 2, IKE_KE_MODP2048));
    assert_false(sm_group_offered(p, 2, 15));
    assert_int_equal(sm_offer_esp(conf, 0xabcdef01, false, p), 2);
    assert_int_equal(sm_first_group(p, 2), IKE_KE_NONE);
    assert_false(sm_group_offered(p, 2, IKE_KE_X25519));
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(p[i].n_transforms, 2);
        assert_int_equal(p[i].spi_len, 4);
        assert_int_equal(get_be32(p[i].spi), 0xabcdef01);
    }
}

static void an_answer_is_one_proposal_with_one_transform_of_a_type(void **state)
{
    struct ike_sa_payload sa = offer(LIST("aes256gcm16-esn-x25519"), IKE_PROTO_ESP, 4, 0x1000);

    (void)state;
    assert_true(sm_is_answer(&sa));
    sa.n_skipped = 1;
    assert_false(sm_is_answer(&sa));
    sa = offer(LIST("aes256gcm16-esn", "aes256gcm16-esn"), IKE_PROTO_ESP, 4, 0x1000);
    assert_false(sm_is_answer(&sa));
    sa = offer(LIST("aes256gcm16"), IKE_PROTO_ESP, 4, 0x1000); /* ESN or not */
    assert_false(sm_is_answer(&sa));
    sa = offer(LIST("aes256gcm16-esn-x25519-ecp256"), IKE_PROTO_ESP, 4, 0x1000);
    assert_false(sm_is_answer(&sa));
    sa.n = 0;
    assert_false(sm_is_answer(&sa));
}

/* ---- paths ---- */

static void a_connection_fits_where_its_addresses_are(void **state)
{
    struct ike_conn *conn = ike_conn_new("gw");
    struct ike_path path = { .local.addr = ip_addr_v4(0xc0000201),
                             .remote.addr = ip_addr_v4(0xc6336409) };

    (void)state;
    assert_true(sm_conn_fits_path(conn, &path)); /* none named: any */
    conn->n_local_addrs = 2;
    conn->local_addrs[0] = ip_addr_v4(0xc0000209);
    conn->local_addrs[1] = ip_addr_v4(0xc0000201);
    assert_true(sm_conn_fits_path(conn, &path));
    conn->local_addrs[1] = ip_addr_v4(0xc0000202);
    assert_false(sm_conn_fits_path(conn, &path));
    conn->n_local_addrs = 0;
    conn->n_remote_addrs = 2;
    conn->remote_addrs[0] =
        (struct ip_range){ .lo = ip_addr_v4(0xc6336400), .hi = ip_addr_v4(0xc6336408) };
    conn->remote_addrs[1] = conn->remote_addrs[0];
    assert_false(sm_conn_fits_path(conn, &path)); /* one past the end */
    conn->remote_addrs[1].hi = ip_addr_v4(0xc6336409);
    assert_true(sm_conn_fits_path(conn, &path));
    conn->remote_addrs[1].lo = ip_addr_v4(0xc633640a);
    assert_false(sm_conn_fits_path(conn, &path));
    ike_conn_unref(conn);
}

/* ---- the model ---- */

static bool has(const struct ike_proposal *p, uint8_t type, uint16_t id, uint16_t bits)
{
    for (size_t i = 0; i < p->n_transforms; i++)
        if (p->transforms[i].type == type && p->transforms[i].id == id &&
            p->transforms[i].key_bits == bits)
            return true;
    return false;
}

/* The first pair of proposals such that every suite one could name is tried. */
static unsigned model_choice(const struct ike_child_conf *conf, const struct ike_sa_payload *theirs)
{
    static const uint16_t bits[] = { 128, 256 }, groups[] = { 14, 19, 31 };

    for (size_t o = 0; o < conf->n_esp_proposals; o++)
        for (size_t t = 0; t < theirs->n; t++)
            for (unsigned i = 0; i < 2 * 2 * 3; i++) {
                const struct ike_proposal *a = &conf->esp_proposals[o], *b = &theirs->proposals[t];
                uint16_t b_ = bits[i % 2], e = i / 2 % 2, g = groups[i / 4];

                if (has(a, 1, 20, b_) && has(b, 1, 20, b_) && has(a, 5, e, 0) && has(b, 5, e, 0) &&
                    has(a, 4, g, 0) && has(b, 4, g, 0))
                    return theirs->proposals[t].num;
            }
    return 0;
}

/* A subset that is not empty of each type's keywords. */
static const char *random_text(const struct rng *rng, char *buf, size_t cap)
{
    static const char *const words[3][3] = { { "aes128gcm16", "aes256gcm16", "" },
                                             { "esn", "noesn", "" },
                                             { "x25519", "ecp256", "modp2048" } };

    buf[0] = 0;
    for (unsigned t = 0; t < 3; t++) {
        uint32_t set = 1 + rng_below(rng, t == 2 ? 7 : 3);

        for (unsigned w = 0; w < 3; w++)
            if (set & 1u << w)
                snprintf(buf + strlen(buf), cap - strlen(buf), "%s%s", buf[0] ? "-" : "",
                         words[t][w]);
    }
    return buf;
}

static void every_choice_is_that_of_a_search_through_all_suites(void **state)
{
    struct seeded_rng seeded;
    struct rng rng = seeded_rng_init(&seeded, seeded_rng_seed("test_sm_negotiate"));
    unsigned n_agreed = 0;

    (void)state;
    for (unsigned i = 0; i < 5000; i++) {
        char text[4][96];
        const char *ours[3] = { random_text(&rng, text[0], 96), NULL, NULL };
        const char *theirs[3] = { random_text(&rng, text[1], 96), NULL, NULL };
        struct ike_sa_payload sa;
        struct ike_suite suite;
        uint8_t num = 0;
        uint32_t spi;

        if (rng_below(&rng, 2))
            ours[1] = random_text(&rng, text[2], 96);
        if (rng_below(&rng, 2))
            theirs[1] = random_text(&rng, text[3], 96);
        sa = offer(theirs, IKE_PROTO_ESP, 4, 0x1000 + i);
        if (sm_choose_esp(child(ours), &sa, true, &suite, &num, &spi) == 0)
            n_agreed++;
        assert_int_equal(num, model_choice(child(ours), &sa));
    }
    assert_in_range(n_agreed, 500, 4900); /* both outcomes are common */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_pair_of_esp_proposals_agrees_as_written_here),
        cmocka_unit_test(each_pair_of_ike_proposals_agrees_as_written_here),
        cmocka_unit_test(a_transform_of_a_type_that_is_missing_on_one_side_does_not_fit),
        cmocka_unit_test(a_transform_of_a_type_that_we_do_not_ask_for_does_not_fit),
        cmocka_unit_test(none_is_as_good_as_absent),
        cmocka_unit_test(a_transform_with_an_unknown_attribute_is_never_taken),
        cmocka_unit_test(proposals_of_another_protocol_or_spi_size_are_not_meant),
        cmocka_unit_test(spis_below_256_are_reserved),
        cmocka_unit_test(an_ike_spi_of_zero_is_none),
        cmocka_unit_test(an_offer_is_numbered_from_one_and_has_our_spi_in_each),
        cmocka_unit_test(in_ike_auth_no_group_is_offered),
        cmocka_unit_test(an_answer_is_one_proposal_with_one_transform_of_a_type),
        cmocka_unit_test(a_connection_fits_where_its_addresses_are),
        cmocka_unit_test(every_choice_is_that_of_a_search_through_all_suites),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
