/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coverage: which rows of sm_transitions the schedules take.  The linker puts
 * these functions in front of the core's look-ups (--wrap), so that the core
 * knows nothing of being counted.
 */
#include "tests/sim/sim.h"

#include "ike/core/sm/transitions.h"

#include <inttypes.h>
#include <string.h>

#define ROWS_MAX 64

static uint64_t taken[ROWS_MAX][SM_STATES];

/* What this core never does to itself; the table has it for other peers. */
static const struct {
    const char *name;
    enum sm_state state;
    const char *why;
} unreachable[] = {
    { "CREATE_CHILD_SA request, not now", SM_REKEYED,
      "who has rekeyed an IKE SA asks for nothing more on the old one but its deletion" },
    { "alive", SM_REKEYING, "our rekey leaves when the answer to our probe is there" },
};

const struct sm_transition *__real_sm_transition_start(enum sm_kind kind, enum sm_state state);
const struct sm_transition *__wrap_sm_transition_start(enum sm_kind kind, enum sm_state state);
const struct sm_transition *__real_sm_transition_request(uint8_t exchange, enum sm_state state,
                                                         uint64_t set, bool *ret_state_ok);
const struct sm_transition *__wrap_sm_transition_request(uint8_t exchange, enum sm_state state,
                                                         uint64_t set, bool *ret_state_ok);
const struct sm_transition *__real_sm_transition_response(enum sm_kind kind, enum sm_state state,
                                                          uint64_t set);
const struct sm_transition *__wrap_sm_transition_response(enum sm_kind kind, enum sm_state state,
                                                          uint64_t set);

static const struct sm_transition *count(const struct sm_transition *row, enum sm_state state)
{
    if (row && row - sm_transitions < ROWS_MAX)
        taken[row - sm_transitions][state]++;
    return row;
}

const struct sm_transition *__wrap_sm_transition_start(enum sm_kind kind, enum sm_state state)
{
    return count(__real_sm_transition_start(kind, state), state);
}

const struct sm_transition *__wrap_sm_transition_request(uint8_t exchange, enum sm_state state,
                                                         uint64_t set, bool *ret_state_ok)
{
    return count(__real_sm_transition_request(exchange, state, set, ret_state_ok), state);
}

const struct sm_transition *__wrap_sm_transition_response(enum sm_kind kind, enum sm_state state,
                                                          uint64_t set)
{
    return count(__real_sm_transition_response(kind, state, set), state);
}

static uint64_t times(size_t row)
{
    uint64_t n = 0;

    for (unsigned state = 0; state < SM_STATES; state++)
        n += taken[row][state];
    return n;
}

void sim_coverage_print(FILE *out)
{
    static const char *const triggers[] = { "starts, initiator", "request, responder",
                                            "response, initiator" };

    for (size_t i = 0; i < sm_n_transitions; i++) {
        const struct sm_transition *row = &sm_transitions[i];

        fprintf(out, "%9" PRIu64 "  %-38s %-20s", times(i), row->name, triggers[row->trigger]);
        for (unsigned state = 0; state < SM_STATES; state++)
            if (row->states & SM_IN(state))
                fprintf(out, " %s %" PRIu64, sm_state_name((enum sm_state)state), taken[i][state]);
        fputc('\n', out);
    }
}

static const char *why_not(const char *name, enum sm_state state)
{
    for (size_t i = 0; i < sizeof unreachable / sizeof unreachable[0]; i++)
        if (unreachable[i].state == state && strcmp(unreachable[i].name, name) == 0)
            return unreachable[i].why;
    return NULL;
}

static bool check(FILE *out, const struct sm_transition *row, enum sm_state state)
{
    bool never = taken[row - sm_transitions][state] == 0;
    const char *why = why_not(row->name, state);

    if (never && why)
        fprintf(out, "\"%s\" in %s cannot be: %s\n", row->name, sm_state_name(state), why);
    else if (never)
        fprintf(out, "\"%s\" was never taken in %s\n", row->name, sm_state_name(state));
    else if (why)
        fprintf(out, "\"%s\" in %s was taken, yet stands in the list of what cannot be\n",
                row->name, sm_state_name(state));
    return never == (why != NULL);
}

bool sim_coverage_complete(FILE *out)
{
    bool complete = sm_n_transitions <= ROWS_MAX;

    for (size_t i = 0; i < sm_n_transitions && i < ROWS_MAX; i++)
        for (unsigned state = 0; state < SM_STATES; state++)
            if (sm_transitions[i].states & SM_IN(state))
                complete &= check(out, &sm_transitions[i], (enum sm_state)state);
    return complete;
}
