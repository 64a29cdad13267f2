/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sm_table: the part of docs/ike.md that is made from the transition table: a
 * drawing of the states and a row an exchange.  tests/tools/check-sm-table
 * holds the page against it.
 */
#include "ike/core/sm/transitions.h"

#include <stdio.h>

static const char *const triggers[] = { "we start", "request", "response" };

static void print_drawing(void)
{
    printf("```mermaid\nstateDiagram-v2\n");
    for (size_t i = 0; i < sm_n_transitions; i++) {
        const struct sm_transition *row = &sm_transitions[i];

        for (unsigned s = 0; s < SM_STATES; s++)
            if ((row->states & SM_IN(s)) && row->next != SM_STAY && row->next != s)
                printf("    %s --> %s: %s\n", sm_state_name((enum sm_state)s),
                       sm_state_name((enum sm_state)row->next), row->name);
    }
    printf("```\n\n");
}

static void print_states(uint16_t states)
{
    const char *comma = "";

    for (unsigned s = 0; s < SM_STATES; s++) {
        if (!(states & SM_IN(s)))
            continue;
        printf("%s%s", comma, sm_state_name((enum sm_state)s));
        comma = ", ";
    }
}

static void print_payloads(uint64_t set)
{
    const char *comma = "";

    for (unsigned type = IKE_PL_SA; type < IKE_PL_SA + 20; type++) {
        if (!(set & SM_PL(type)) || type == IKE_PL_SK)
            continue;
        printf("%s%s", comma, ike_payload_name(type));
        comma = ", ";
    }
    if (set & SM_PL_REKEY)
        printf("%sN(REKEY_SA)", comma);
    if (set & SM_PL_ERROR)
        printf("%serror notify", set & SM_PL_REKEY ? ", " : comma);
}

static const char *state_text(uint8_t state)
{
    return state == SM_STAY ? "–" : sm_state_name((enum sm_state)state);
}

static void print_rows(void)
{
    printf("| row | exchange | begins with | in state | must hold | then | if given up |\n");
    printf("|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < sm_n_transitions; i++) {
        const struct sm_transition *row = &sm_transitions[i];

        printf("| %s | %s | %s | ", row->name, ike_exchange_name(row->exchange),
               triggers[row->trigger]);
        print_states(row->states);
        printf(" | ");
        print_payloads(row->clear_must | row->sk_must);
        printf(" | %s | %s |\n", state_text(row->next), state_text(row->fail));
    }
}

int main(void)
{
    print_drawing();
    print_rows();
    return 0;
}
