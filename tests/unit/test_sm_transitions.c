/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transition table (transitions.c): it is whole, unambiguous where it must
 * be, and can be drawn.
 */
#include "ike/core/sm/transitions.h"

#include "tests/lib/cmocka.h"

#include <stdlib.h>
#include <string.h>

static void every_state_can_be_entered_and_every_exchange_can_end(void **state)
{
    unsigned entered = SM_IN(SM_NEW) | SM_IN(SM_GONE); /* made so; ends in many ways */
    unsigned started = 0, answered = 0;

    (void)state;
    for (size_t i = 0; i < sm_n_transitions; i++) {
        const struct sm_transition *row = &sm_transitions[i];

        assert_non_null(row->name);
        assert_non_null(row->handler);
        assert_int_not_equal(row->states, 0);
        if (row->next != SM_STAY)
            entered |= SM_IN(row->next);
        if (row->trigger == SM_ON_START)
            started |= 1u << row->kind;
        if (row->trigger == SM_ON_RESPONSE)
            answered |= 1u << row->kind;
        if (row->trigger == SM_ON_REQUEST)
            assert_int_equal(row->kind, SM_TASK_ANSWER);
        assert_int_equal(row->exchange == IKE_SA_INIT || row->trigger == SM_ON_START,
                         row->clear_must != SM_PL(IKE_PL_SK));
    }
    assert_int_equal(entered, SM_IN(SM_STATES) - 1);
    assert_int_equal(started, (1u << SM_TASK_ANSWER) - 1);
    assert_int_equal(answered, started);
}

static void payload_sets_choose_among_the_forms_of_create_child_sa(void **state)
{
    const uint64_t ts = SM_PL(IKE_PL_TSI) | SM_PL(IKE_PL_TSR);
    const uint64_t base = SM_PL(IKE_PL_SA) | SM_PL(IKE_PL_NONCE);
    const uint64_t rekey = SM_PL(IKE_PL_NOTIFY) | SM_PL_REKEY;
    const struct sm_transition *row;
    bool ok;

    (void)state;
    row = sm_transition_request(IKE_CREATE_CHILD_SA, SM_ESTABLISHED, base | ts, &ok);
    assert_string_equal(row->name, "new Child SA request");
    row = sm_transition_request(IKE_CREATE_CHILD_SA, SM_ESTABLISHED,
                                base | ts | rekey | SM_PL(IKE_PL_KE), &ok);
    assert_string_equal(row->name, "rekey Child SA request");
    row = sm_transition_request(IKE_CREATE_CHILD_SA, SM_ESTABLISHED, base | SM_PL(IKE_PL_KE), &ok);
    assert_string_equal(row->name, "rekey IKE SA request");
    row = sm_transition_request(IKE_CREATE_CHILD_SA, SM_REKEYING, base | ts, &ok);
    assert_string_equal(row->name, "Child SA request, not now");
    assert_null(sm_transition_request(IKE_CREATE_CHILD_SA, SM_ESTABLISHED, base, &ok));
    assert_true(ok);
    assert_null(sm_transition_request(IKE_CREATE_CHILD_SA, SM_HALF_OPEN, base | ts, &ok));
    assert_false(ok);
}

static void before_authentication_only_ike_auth_is_served(void **state)
{
    bool ok;

    (void)state;
    for (uint64_t set = 0; set < 1u << 16; set++) {
        assert_null(sm_transition_request(IKE_CREATE_CHILD_SA, SM_HALF_OPEN, set, &ok));
        assert_null(sm_transition_request(IKE_INFORMATIONAL, SM_HALF_OPEN, set, &ok));
        assert_null(sm_transition_request(IKE_AUTH, SM_ESTABLISHED, set, &ok));
    }
}

static void the_table_can_be_drawn(void **state)
{
    size_t need = sm_transitions_dot(NULL, 0);
    char *dot = malloc(need + 1);

    (void)state;
    assert_int_equal(sm_transitions_dot(dot, need + 1), need);
    assert_int_equal(strlen(dot), need);
    assert_int_equal(strncmp(dot, "digraph", 7), 0);
    for (size_t i = 0; i < sm_n_transitions; i++)
        assert_non_null(strstr(dot, sm_transitions[i].name));
    if (getenv("TEST_PRINT_DOT"))
        print_message("%s", dot);
    free(dot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_can_be_entered_and_every_exchange_can_end),
        cmocka_unit_test(payload_sets_choose_among_the_forms_of_create_child_sa),
        cmocka_unit_test(before_authentication_only_ike_auth_is_served),
        cmocka_unit_test(the_table_can_be_drawn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
