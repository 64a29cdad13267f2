/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ike_bytes.h"

#include "ike/types/proposal.h"

static struct ike_proposal proposal(const char *text, enum ike_protocol proto)
{
    struct ike_proposal p;
    struct err err;

    if (ike_proposal_parse(text, proto, &p, &err))
        fail_msg("%s: %s", text, err.text);
    return p;
}

static void select_text(const char *ours, const char *theirs, enum ike_protocol proto, bool need_ke,
                        const char *want)
{
    struct ike_proposal a = proposal(ours, proto), b = proposal(theirs, proto);
    const struct ike_proposal *chosen = NULL;
    char buf[IKE_PROPOSAL_TEXT_LEN];
    struct ike_suite suite;

    int rc = ike_proposal_select(&a, 1, &b, 1, need_ke, &suite, &chosen);
    if (!want) {
        assert_int_equal(rc, ERR_NOTFOUND);
        assert_null(chosen);
        return;
    }
    assert_int_equal(rc, 0);
    assert_ptr_equal(chosen, &b);
    assert_string_equal(ike_suite_text(&suite, buf), want);
}

static void our_order_decides(void **state)
{
    (void)state;
    select_text("aes256gcm16-aes128gcm16-prfsha384-prfsha256-x25519-ecp256",
                "aes128gcm16-aes256gcm16-prfsha256-prfsha384-ecp256-x25519", IKE_PROTO_IKE, true,
                "aes256gcm16-prfsha384-x25519");
    select_text("aes128-sha256-modp2048", "aes256-aes128-sha512-sha256-modp2048", IKE_PROTO_IKE,
                true, "aes128-sha256-prfsha256-modp2048");
}

static void nothing_in_common_is_no_proposal(void **state)
{
    (void)state;
    select_text("aes256gcm16-prfsha384-x25519", "aes256gcm16-prfsha256-x25519", IKE_PROTO_IKE, true,
                NULL);
    select_text("aes256-sha256-x25519", "aes256gcm16-prfsha256-x25519", IKE_PROTO_IKE, true, NULL);
    select_text("aes256gcm16-esn", "aes256gcm16-noesn", IKE_PROTO_ESP, true, NULL);
}

static void ke_counts_only_where_it_is_needed(void **state)
{
    (void)state;
    select_text("aes256gcm16-x25519", "aes256gcm16", IKE_PROTO_ESP, true, NULL);
    select_text("aes256gcm16-x25519", "aes256gcm16", IKE_PROTO_ESP, false, "aes256gcm16-esn");
    select_text("aes256gcm16-x25519-noesn", "aes256gcm16-ecp256", IKE_PROTO_ESP, false,
                "aes256gcm16-noesn");
}

static void the_first_of_our_proposals_wins_over_the_order_of_theirs(void **state)
{
    struct ike_proposal ours[2] = { proposal("aes256gcm16-x25519", IKE_PROTO_ESP),
                                    proposal("aes128gcm16", IKE_PROTO_ESP) };
    struct ike_proposal theirs[2] = { proposal("aes128gcm16", IKE_PROTO_ESP),
                                      proposal("aes256gcm16-x25519", IKE_PROTO_ESP) };
    const struct ike_proposal *chosen;
    struct ike_suite suite;

    (void)state;
    assert_int_equal(ike_proposal_select(ours, 2, theirs, 2, true, &suite, &chosen), 0);
    assert_ptr_equal(chosen, &theirs[1]);
    assert_int_equal(suite.encr.key_bits, 256);
    theirs[1].proto = IKE_PROTO_AH;
    assert_int_equal(ike_proposal_select(ours, 2, theirs, 2, true, &suite, &chosen), 0);
    assert_ptr_equal(chosen, &theirs[0]);
}

static void an_unknown_transform_type_spoils_its_proposal(void **state)
{
    struct ike_proposal ours = proposal("aes256gcm16", IKE_PROTO_ESP), theirs = ours;
    const struct ike_proposal *chosen;
    struct ike_suite suite;

    (void)state;
    theirs.transforms[theirs.n_transforms++] = (struct ike_transform){ .type = 6, .id = 36 };
    assert_int_equal(ike_proposal_select(&ours, 1, &theirs, 1, true, &suite, &chosen),
                     ERR_NOTFOUND);
    theirs.transforms[theirs.n_transforms - 1].type = 0;
    assert_int_equal(ike_proposal_select(&ours, 1, &theirs, 1, true, &suite, &chosen),
                     ERR_NOTFOUND);
}

static void an_unusable_transform_is_not_chosen_but_keeps_its_type(void **state)
{
    struct ike_proposal ours = proposal("aes256gcm16-aes128gcm16", IKE_PROTO_ESP), theirs = ours;
    const struct ike_proposal *chosen;
    struct ike_suite suite;

    (void)state;
    theirs.transforms[0].unusable = true;
    assert_int_equal(ike_proposal_select(&ours, 1, &theirs, 1, true, &suite, &chosen), 0);
    assert_int_equal(suite.encr.key_bits, 128);
    theirs.transforms[1].unusable = true;
    assert_int_equal(ike_proposal_select(&ours, 1, &theirs, 1, true, &suite, &chosen),
                     ERR_NOTFOUND);
    /* An unusable KE must not pass for "no KE". */
    theirs = ours;
    theirs.transforms[theirs.n_transforms++] =
        (struct ike_transform){ .type = IKE_TT_KE, .id = IKE_KE_X25519, .unusable = true };
    assert_int_equal(ike_proposal_select(&ours, 1, &theirs, 1, true, &suite, &chosen),
                     ERR_NOTFOUND);
}

static void none_is_the_same_as_absent(void **state)
{
    struct ike_proposal ours = proposal("aes256gcm16-prfsha256-x25519", IKE_PROTO_IKE);
    struct ike_proposal theirs = ours;
    const struct ike_proposal *chosen;
    struct ike_suite suite;

    (void)state;
    theirs.transforms[theirs.n_transforms++] = (struct ike_transform){ .type = IKE_TT_INTEG };
    assert_int_equal(ike_proposal_select(&ours, 1, &theirs, 1, true, &suite, &chosen), 0);
    assert_int_equal(suite.integ.type, IKE_TT_INTEG); /* the answer repeats it */
    assert_int_equal(suite.integ.id, IKE_INTEG_NONE);
    assert_int_equal(ike_proposal_select(&theirs, 1, &ours, 1, true, &suite, &chosen), 0);
    assert_int_equal(suite.integ.type, 0);
}

/* The naive model: every suite there could be, judged against each side. */
static const struct ike_transform universe[] = {
    { .type = IKE_TT_ENCR, .id = 12, .key_bits = 128 },
    { .type = IKE_TT_ENCR, .id = 20, .key_bits = 256 },
    { .type = IKE_TT_PRF, .id = 5 },
    { .type = IKE_TT_INTEG, .id = 0 },
    { .type = IKE_TT_INTEG, .id = 12 },
    { .type = IKE_TT_KE, .id = 0 },
    { .type = IKE_TT_KE, .id = 31 },
    { .type = IKE_TT_ESN, .id = 0 },
    { .type = IKE_TT_ESN, .id = 1 },
    { .type = 6, .id = 1 },
};
#define N_UNIVERSE (sizeof universe / sizeof *universe)

static bool naive_accepts(const struct ike_proposal *p, uint8_t type, const struct ike_transform *t)
{
    bool has = false, has_it = false, has_none = false;
    bool may_none = type == IKE_TT_INTEG || type == IKE_TT_KE;

    for (size_t i = 0; i < p->n_transforms; i++) {
        const struct ike_transform *x = &p->transforms[i];

        if (x->type != type)
            continue;
        has = true;
        if (x->unusable)
            continue;
        has_none |= may_none && x->id == 0;
        has_it |= t && x->id == t->id && x->key_bits == t->key_bits;
    }
    if (!t)
        return !has || has_none;
    return has_it || (!has && may_none && t->id == 0);
}

static bool naive_type(const struct ike_proposal *a, const struct ike_proposal *b, uint8_t type)
{
    if (naive_accepts(a, type, NULL) && naive_accepts(b, type, NULL))
        return true;
    for (size_t i = 0; i < N_UNIVERSE; i++)
        if (universe[i].type == type && naive_accepts(a, type, &universe[i]) &&
            naive_accepts(b, type, &universe[i]))
            return true;
    return false;
}

static bool naive_pair(const struct ike_proposal *a, const struct ike_proposal *b, bool need_ke)
{
    for (size_t i = 0; i < b->n_transforms; i++)
        if (b->transforms[i].type == 6)
            return false;
    for (uint8_t type = 1; type <= 5; type++)
        if ((type != IKE_TT_KE || need_ke) && !naive_type(a, b, type))
            return false;
    return true;
}

static void random_proposal(uint64_t *seed, struct ike_proposal *p, bool foreign)
{
    *p = (struct ike_proposal){ .num = 1, .proto = IKE_PROTO_ESP };
    for (size_t i = 0; i < N_UNIVERSE; i++) {
        struct ike_transform t = universe[test_random(seed, N_UNIVERSE)];

        if (t.type == 6 && (!foreign || test_random(seed, 4)))
            continue;
        t.unusable = foreign && !test_random(seed, 8);
        p->transforms[p->n_transforms++] = t;
    }
}

static void check_choice(const struct ike_proposal *ours, const struct ike_proposal *theirs,
                         const struct ike_transform *t, uint8_t type)
{
    assert_true(naive_accepts(ours, type, t->type ? t : NULL));
    assert_true(naive_accepts(theirs, type, t->type ? t : NULL));
    for (size_t i = 0; i < ours->n_transforms; i++) {
        const struct ike_transform *x = &ours->transforms[i];

        if (x->type != type)
            continue;
        if (x->id == t->id && x->key_bits == t->key_bits)
            return;
        if (!t->type)
            continue;
        assert_false(naive_accepts(theirs, type, x)); /* we would have liked it better */
    }
}

static void selection_agrees_with_a_naive_model(void **state)
{
    uint64_t seed = 20251123;
    unsigned hits = 0;

    (void)state;
    printf("seed %llu\n", (unsigned long long)seed);
    for (unsigned round = 0; round < 20000; round++) {
        bool need_ke = test_random(&seed, 2);
        const struct ike_proposal *chosen;
        struct ike_proposal ours, theirs;
        struct ike_suite s;
        int rc;

        random_proposal(&seed, &ours, false);
        random_proposal(&seed, &theirs, true);
        rc = ike_proposal_select(&ours, 1, &theirs, 1, need_ke, &s, &chosen);
        assert_int_equal(rc == 0, naive_pair(&ours, &theirs, need_ke));
        if (rc)
            continue;
        hits++;
        check_choice(&ours, &theirs, &s.encr, IKE_TT_ENCR);
        check_choice(&ours, &theirs, &s.prf, IKE_TT_PRF);
        check_choice(&ours, &theirs, &s.integ, IKE_TT_INTEG);
        check_choice(&ours, &theirs, &s.esn, IKE_TT_ESN);
        if (need_ke)
            check_choice(&ours, &theirs, &s.ke, IKE_TT_KE);
        else
            assert_int_equal(s.ke.type, 0);
    }
    assert_true(hits > 1000 && hits < 19000);
}

static void has_ke_and_eq_look_at_every_member(void **state)
{
    struct ike_proposal a = proposal("aes256gcm16-x25519", IKE_PROTO_ESP), b = a;

    (void)state;
    assert_true(ike_proposal_has_ke(&a, IKE_KE_X25519));
    assert_false(ike_proposal_has_ke(&a, IKE_KE_ECP256));
    assert_true(ike_proposal_eq(&a, &b));
    b.num = 2;
    assert_false(ike_proposal_eq(&a, &b));
    b = a;
    b.spi_len = 4;
    assert_false(ike_proposal_eq(&a, &b));
    b = a;
    b.transforms[1].unusable = true;
    assert_false(ike_proposal_eq(&a, &b));
    b = a;
    b.n_transforms--;
    assert_false(ike_proposal_eq(&a, &b));
    a.spi_len = b.spi_len = 4;
    b.n_transforms = a.n_transforms;
    b.spi[3] = 1;
    assert_false(ike_proposal_eq(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_order_decides),
        cmocka_unit_test(nothing_in_common_is_no_proposal),
        cmocka_unit_test(ke_counts_only_where_it_is_needed),
        cmocka_unit_test(the_first_of_our_proposals_wins_over_the_order_of_theirs),
        cmocka_unit_test(an_unknown_transform_type_spoils_its_proposal),
        cmocka_unit_test(an_unusable_transform_is_not_chosen_but_keeps_its_type),
        cmocka_unit_test(none_is_the_same_as_absent),
        cmocka_unit_test(selection_agrees_with_a_naive_model),
        cmocka_unit_test(has_ke_and_eq_look_at_every_member),
    };
    return cmocka_run_group_tests_name("ike_proposal", tests, NULL, NULL);
}
