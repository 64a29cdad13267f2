/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rekeying the IKE SA with a peer that does not keep to the rules (rekey_ike.c,
 * RFC 7296 1.3.2, 2.18).
 */
#include "ike/core/sm/rekey_ike.h"

#include "tests/lib/sk_tap.h"
#include "tests/lib/cmocka.h"

#include <string.h>

static struct two_shards two;
static struct sk_tap tap;

static int begin(void **state)
{
    (void)state;
    two_shards_init(&two, seeded_rng_seed("test_sm_rekey_ike"));
    return 0;
}

static int end(void **state)
{
    (void)state;
    two_shards_fini(&two);
    return 0;
}

static void anew(const char *name, const char *ike)
{
    print_message("    %s\n", name);
    two_shards_fini(&two);
    two_shards_init(&two, 9);
    two_shards_put_both(&two, ike, NULL);
    assert_int_equal(two_shards_up(&two, 0), 0);
    sk_tap_on(&tap, &two);
}

static int rekey_from(int me)
{
    struct two_outcome o;

    two_rekey(&two, me, false, &o);
    two_shards_run(&two);
    assert_int_equal(o.n, 1);
    return o.code;
}

static void check_one_each(void)
{
    for (int i = 0; i < 2; i++) {
        assert_int_equal(two_stats(&two.end[i]).ike_sas, 1);
        assert_int_equal(two_ike_count(&two.end[i]), 1);
        assert_int_equal(two_stats(&two.end[i]).children, 1);
    }
    assert_null(two_disagree(&two));
}

/* In an SA payload with an SPI of 8 bytes. */
enum { SPI_LEN_AT = 6, SPI_AT = 8, ENCR_AT = 23, BITS_AT = 26 };

struct row {
    const char *name;
    struct sk_change change;
    uint16_t answer;
};

static const struct row requests[] = {
    { "another cipher",
      { .edit = IKE_PL_SA, .at = ENCR_AT, .n = 1, .bytes = { 99 } },
      IKE_N_NO_PROPOSAL_CHOSEN },
    { "another key length",
      { .edit = IKE_PL_SA, .at = BITS_AT, .n = 2, .bytes = { 0, 128 } },
      IKE_N_NO_PROPOSAL_CHOSEN },
    { "SPI 0", { .edit = IKE_PL_SA, .at = SPI_AT, .n = 8 }, IKE_N_NO_PROPOSAL_CHOSEN },
    { "KE of another group",
      { .edit = IKE_PL_KE, .n = 2, .bytes = { 0, IKE_KE_MODP2048 } },
      IKE_N_INVALID_KE_PAYLOAD },
    { "KE shorter by a byte", { .edit = IKE_PL_KE, .cut = 35 }, IKE_N_INVALID_SYNTAX },
};

static void a_request_that_does_not_fit_leaves_the_old_one_and_is_tried_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        for (int me = 0; me < 2; me++) {
            uint64_t before;

            anew(requests[i].name, NULL);
            before = two_ike_id(&two.end[me]);
            sk_change_next(&tap, me, IKE_CREATE_CHILD_SA, false, &requests[i].change);
            assert_int_equal(rekey_from(me), ERR_REFUSED);
            assert_true(sk_said(&tap, !me, requests[i].answer, NULL));
            assert_int_equal(two_ike_id(&two.end[me]), before);
            check_one_each();
            two_shards_advance(&two, 11 * NS_PER_S); /* by itself */
            assert_int_not_equal(two_ike_id(&two.end[me]), before);
            check_one_each();
        }
    }
}

static void the_group_that_is_wanted_stands_in_the_refusal(void **state)
{
    struct ike_notify_payload n;

    (void)state;
    anew("KE", NULL);
    sk_change_next(&tap, 0, IKE_CREATE_CHILD_SA, false, &requests[3].change);
    assert_int_equal(rekey_from(0), ERR_REFUSED);
    assert_true(sk_said(&tap, 1, IKE_N_INVALID_KE_PAYLOAD, &n));
    assert_int_equal(n.data.len, 2);
    assert_int_equal(get_be16(n.data.p), IKE_KE_X25519);
}

static void a_request_without_its_parts_ends_the_ike_sa(void **state)
{
    static const struct row rows[] = {
        { "no KE", { .drop = IKE_PL_KE }, 0 },
        { "no nonce", { .drop = IKE_PL_NONCE }, 0 },
        { "a nonce of 15 bytes", { .edit = IKE_PL_NONCE, .cut = 15 }, 0 },
        { "an SPI of 9 bytes", { .edit = IKE_PL_SA, .at = SPI_LEN_AT, .n = 1, .bytes = { 9 } }, 0 },
        { "EAP", { .add = IKE_PL_EAP }, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        anew(rows[i].name, NULL);
        sk_change_next(&tap, 0, IKE_CREATE_CHILD_SA, false, &rows[i].change);
        assert_int_equal(rekey_from(0), ERR_REFUSED);
        assert_true(sk_said(&tap, 1, IKE_N_INVALID_SYNTAX, NULL));
        assert_int_equal(two_ike_count(&two.end[1]), 0);
        assert_int_equal(two_live(&two.end[1]), 0);
    }
}

/* ---- responses ---- */

static const struct row responses[] = {
    { "a shorter key", { .edit = IKE_PL_SA, .at = BITS_AT, .n = 2, .bytes = { 0, 128 } }, 0 },
    { "another cipher", { .edit = IKE_PL_SA, .at = ENCR_AT, .n = 1, .bytes = { 12 } }, 0 },
    { "SPI 0", { .edit = IKE_PL_SA, .at = SPI_AT, .n = 8 }, 0 },
    { "KE of another group", { .edit = IKE_PL_KE, .n = 2, .bytes = { 0, IKE_KE_ECP256 } }, 0 },
    { "KE shorter by a byte", { .edit = IKE_PL_KE, .cut = 35 }, 0 },
};

/* We stay with the old IKE SA, which the peer has given up: when ours is rekeyed
 * again it says "not now", until its own time for the old one is over. */
static void a_response_that_was_not_offered_is_not_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof responses / sizeof *responses; i++) {
        uint64_t before;

        anew(responses[i].name, NULL);
        before = two_ike_id(&two.end[0]);
        sk_change_next(&tap, 1, IKE_CREATE_CHILD_SA, true, &responses[i].change);
        assert_int_equal(rekey_from(0), ERR_MALFORMED);
        assert_int_equal(two_ike_id(&two.end[0]), before);
        assert_int_equal(two_stats(&two.end[0]).ike_sas, 1);
        assert_int_equal(two_stats(&two.end[0]).ike_rekeys, 0);
        assert_int_equal(two_live(&two.end[0]), 1);
    }
}

static void an_unusable_response_ends_the_ike_sa(void **state)
{
    static const struct row rows[] = {
        { "no KE", { .drop = IKE_PL_KE }, 0 },
        { "no nonce", { .drop = IKE_PL_NONCE }, 0 },
        { "no SA", { .drop = IKE_PL_SA }, 0 },
        { "a nonce of 15 bytes", { .edit = IKE_PL_NONCE, .cut = 15 }, 0 },
        { "a critical stranger", { .add = 199, .critical = true }, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        anew(rows[i].name, NULL);
        sk_change_next(&tap, 1, IKE_CREATE_CHILD_SA, true, &rows[i].change);
        assert_int_equal(rekey_from(0), ERR_MALFORMED);
        assert_int_equal(two_stats(&two.end[0]).ike_sas, 0);
        assert_int_equal(two_live(&two.end[0]), 0);
    }
}

static void a_refusal_leaves_the_old_one(void **state)
{
    static const struct {
        uint16_t type;
        int code;
    } refusals[] = {
        { IKE_N_NO_PROPOSAL_CHOSEN, ERR_REFUSED },
        { IKE_N_TEMPORARY_FAILURE, ERR_BUSY },
        { IKE_N_NO_ADDITIONAL_SAS, ERR_REFUSED },
        { IKE_N_INVALID_KE_PAYLOAD, ERR_REFUSED }, /* without a group */
        { 7777, ERR_REFUSED },
    };
    static const struct sk_change wrong_cipher = {
        .edit = IKE_PL_SA, .at = ENCR_AT, .n = 1, .bytes = { 99 }
    };

    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        static struct two_packet said;
        struct sk_change other = { .drop = IKE_PL_NOTIFY, .notify = refusals[i].type };
        struct two_outcome o;

        anew(ike_notify_name(refusals[i].type), NULL);
        sk_change_next(&tap, 0, IKE_CREATE_CHILD_SA, false, &wrong_cipher);
        two_rekey(&two, 0, false, &o);
        assert_true(two_shards_step(&two)); /* the request; its answer waits */
        assert_int_equal(two.n_packets, 1);
        sk_rewrite(&two, two.packets[0], sk_change_write, &other);
        said = *two.packets[0];
        two_shards_run(&two);
        assert_int_equal(o.code, refusals[i].code);
        check_one_each();
        two_inject(&two, 0, said.bytes, said.len); /* once more: nobody waits for it */
        assert_int_equal(two_stats(&two.end[0]).drops[IKE_DROP_MESSAGE_ID], 1);
        two_shards_advance(&two, 11 * NS_PER_S);
        assert_int_equal(two_stats(&two.end[0]).ike_rekeys, 1);
        check_one_each();
    }
}

/* ---- what goes over to the new IKE SA ---- */

static void message_ids_and_roles_begin_anew(void **state)
{
    (void)state;
    anew("from B", NULL);
    assert_int_equal(rekey_from(1), 0);
    sk_tap_clear(&tap);
    assert_int_equal(rekey_from(0), 0);
    sk_ladder_is(&tap, "A CREATE_CHILD_SA request 0: SA Nonce KE\n"
                       "B CREATE_CHILD_SA response 0: SA Nonce KE\n"
                       "A INFORMATIONAL request 1: D(IKE)\n"
                       "B INFORMATIONAL response 1:\n");
    assert_non_null(strstr(tap.dumps, "request responder id=0")); /* B made this IKE SA */
}

static void children_go_over_with_tunnel_and_spis(void **state)
{
    struct two_install was[2];

    (void)state;
    anew("children", NULL);
    for (int i = 0; i < 2; i++)
        was[i] = two.end[i].installs[0];
    assert_int_equal(rekey_from(0), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(two.end[i].n_installs, 1); /* the device was not asked again */
        assert_memory_equal(&was[i], &two.end[i].installs[0], sizeof was[i]);
        assert_int_equal(two.end[i].n_child_down, 0);
        assert_int_equal(two.end[i].n_ike_down, 0);
        assert_int_equal(two.end[i].n_ike_rekeyed, 1);
    }
}

static void commands_that_wait_go_on_under_the_new_one(void **state)
{
    struct two_outcome a, b, c;

    (void)state;
    anew("queue", NULL);
    two_rekey(&two, 0, false, &a);
    two_rekey(&two, 0, true, &b);
    two_terminate(&two, 0, true, false, &c);
    two_shards_run(&two);
    assert_int_equal(a.n + b.n + c.n, 3);
    assert_int_equal(a.code, 0);
    assert_int_equal(c.code, 0);
    assert_int_equal(two_live(&two.end[1]), 0);
    assert_int_equal(two_ike_count(&two.end[0]), 1);
}

static void forty_rekeys_leave_one_ike_sa_and_one_child(void **state)
{
    (void)state;
    anew("forty", "aes256-sha512-prfsha512-ecp256");
    tap.record = false;
    for (int i = 0; i < 40; i++) {
        assert_int_equal(rekey_from(i % 3 == 0), 0);
        check_one_each();
    }
    for (int i = 0; i < 2; i++)
        assert_int_equal(two_stats(&two.end[i]).ike_rekeys, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
        T(a_request_that_does_not_fit_leaves_the_old_one_and_is_tried_again),
        T(the_group_that_is_wanted_stands_in_the_refusal),
        T(a_request_without_its_parts_ends_the_ike_sa),
        T(a_response_that_was_not_offered_is_not_taken),
        T(an_unusable_response_ends_the_ike_sa),
        T(a_refusal_leaves_the_old_one),
        T(message_ids_and_roles_begin_anew),
        T(children_go_over_with_tunnel_and_spis),
        T(commands_that_wait_go_on_under_the_new_one),
        T(forty_rekeys_leave_one_ike_sa_and_one_child),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
