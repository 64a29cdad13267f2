/* SPDX-License-Identifier: Apache-2.0 */
/*
 * INITIAL_CONTACT (contact.c, RFC 7296 2.4): who says it, and what of an older
 * life is forgotten for it.
 */
#include "ike/core/sm/contact.h"

#include "tests/lib/sk_tap.h"
#include "tests/lib/cmocka.h"

#include <stdio.h>
#include <string.h>

static struct two_shards two;
static struct sk_tap tap;

static int begin(void **state)
{
    (void)state;
    two_shards_init(&two, 31);
    sk_tap_on(&tap, &two);
    two_shards_put_both(&two, NULL, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    two_shards_fini(&two);
    return 0;
}

static bool said(void)
{
    return strstr(tap.ladder, "N(INITIAL_CONTACT)") != NULL;
}

static void the_first_ike_sa_with_a_peer_says_so(void **state)
{
    (void)state;
    assert_int_equal(two_shards_up(&two, 0), 0);
    assert_true(said());
}

static void after_a_delete_it_is_the_first_again(void **state)
{
    struct two_outcome o;

    (void)state;
    assert_int_equal(two_shards_up(&two, 0), 0);
    two_terminate(&two, 0, false, false, &o);
    two_shards_run(&two);
    sk_tap_clear(&tap);
    assert_int_equal(two_shards_up(&two, 0), 0);
    assert_true(said());
}

/* The peer has lost all: its old IKE SA and Child SA go, the new ones stay. */
static void what_the_peer_had_before_it_began_anew_is_forgotten(void **state)
{
    (void)state;
    assert_int_equal(two_shards_up(&two, 0), 0);
    two_shards_advance(&two, 10 * NS_PER_S);
    two_shards_restart(&two, 0);
    two_shards_put(&two, 0, two_shards_conn(&two, 0, NULL, NULL));
    sk_tap_clear(&tap);
    assert_int_equal(two_shards_up(&two, 0), 0);
    assert_true(said());
    assert_int_equal(two_ike_count(&two.end[1]), 1);
    assert_int_equal(two.end[1].n_ike_down, 1);
    two_shards_advance(&two, 10 * NS_PER_S); /* the old inbound half has drained */
    assert_int_equal(two_live(&two.end[1]), 1);
    assert_null(two_disagree(&two));
}

/* Without the notify nothing is forgotten: it may be a second IKE SA. */
static void without_the_notify_both_stay(void **state)
{
    static const struct sk_change change = { .drop = IKE_PL_NOTIFY };

    (void)state;
    assert_int_equal(two_shards_up(&two, 0), 0);
    two_shards_advance(&two, 10 * NS_PER_S);
    two_shards_restart(&two, 0);
    two_shards_put(&two, 0, two_shards_conn(&two, 0, NULL, NULL));
    sk_tap_clear(&tap);
    sk_change_next(&tap, 0, IKE_AUTH, false, &change);
    assert_int_equal(two_shards_up(&two, 0), 0);
    assert_false(said());
    assert_int_equal(two_ike_count(&two.end[1]), 2);
    assert_int_equal(two.end[1].n_ike_down, 0);
}

/* Somebody else at the same address is somebody else. */
static void another_identity_forgets_nothing(void **state)
{
    struct ike_conn *a, *b;

    (void)state;
    assert_int_equal(two_shards_up(&two, 0), 0);
    two_shards_advance(&two, 10 * NS_PER_S);
    two_shards_restart(&two, 0);
    a = two_shards_conn(&two, 0, NULL, NULL);
    b = two_shards_conn(&two, 1, NULL, NULL);
    assert_int_equal(ike_id_parse("c.example", &a->local.id, NULL), 0);
    assert_int_equal(ike_id_parse("c.example", &b->remote.id, NULL), 0);
    snprintf(b->name, sizeof b->name, "%s", "other");
    two_shards_put(&two, 0, a);
    two_shards_put(&two, 1, b);
    sk_tap_clear(&tap);
    assert_int_equal(two_shards_up(&two, 0), 0);
    assert_true(said());
    assert_int_equal(two_ike_count(&two.end[1]), 2);
    assert_int_equal(two.end[1].n_ike_down, 0);
}

/* Who does not authenticate must not make us forget anything. */
static void a_stranger_that_says_it_forgets_nothing(void **state)
{
    (void)state;
    assert_int_equal(two_shards_up(&two, 0), 0);
    two_shards_advance(&two, 10 * NS_PER_S);
    two_shards_restart(&two, 0);
    two.end[0].psk = "guessed";
    two_shards_put(&two, 0, two_shards_conn(&two, 0, NULL, NULL));
    sk_tap_clear(&tap);
    assert_int_equal(two_shards_up(&two, 0), ERR_AUTH);
    assert_true(said());
    assert_int_equal(two_ike_count(&two.end[1]), 1);
    assert_int_equal(two.end[1].n_ike_down, 0);
    assert_int_equal(two_live(&two.end[1]), 1);
}

static void a_rekeyed_ike_sa_is_not_a_first_contact(void **state)
{
    struct two_outcome o;

    (void)state;
    assert_int_equal(two_shards_up(&two, 0), 0);
    sk_tap_clear(&tap);
    two_rekey(&two, 0, false, &o);
    two_shards_run(&two);
    assert_int_equal(o.code, 0);
    assert_false(said());
    assert_int_equal(two_live(&two.end[1]), 1);
}

/* The second end to begin knows the first one's IKE SA already, and is quiet. */
static void the_other_end_does_not_say_it_once_it_is_up(void **state)
{
    struct two_outcome o;

    (void)state;
    assert_int_equal(two_shards_up(&two, 0), 0);
    sk_tap_clear(&tap);
    assert_int_equal(two_shards_up(&two, 1), 0); /* it is up: nothing to say at all */
    assert_int_equal(tap.n[0] + tap.n[1], 0);
    two_terminate(&two, 1, false, true, &o); /* by force: A still has the old one */
    two_shards_run(&two);
    sk_tap_clear(&tap);
    assert_int_equal(two_shards_up(&two, 1), 0);
    assert_true(said());
    assert_int_equal(two_ike_count(&two.end[0]), 1);
    assert_null(two_disagree(&two));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
        T(the_first_ike_sa_with_a_peer_says_so),
        T(after_a_delete_it_is_the_first_again),
        T(what_the_peer_had_before_it_began_anew_is_forgotten),
        T(without_the_notify_both_stay),
        T(another_identity_forgets_nothing),
        T(a_stranger_that_says_it_forgets_nothing),
        T(the_other_end_does_not_say_it_once_it_is_up),
        T(a_rekeyed_ike_sa_is_not_a_first_contact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
