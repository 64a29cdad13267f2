/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transitions: the one table of all exchanges.  A message or a task reaches
 * its handler only through a row; the state an SA takes when a row's work is
 * done stands in the row, and nowhere else but where an SA dies or a crossing
 * of two rekeys is settled.
 *
 * The table is public within the project, so that a tool can draw it
 * (sm_transitions_dot).
 */
#ifndef IKE_SM_TRANSITIONS_H
#define IKE_SM_TRANSITIONS_H

#include "ike/core/sm/task.h"

enum sm_trigger {
    SM_ON_START,    /* our task begins */
    SM_ON_REQUEST,  /* the peer's request */
    SM_ON_RESPONSE, /* the answer to our task's request */
};

/* Payload sets: one bit a payload type, and two for notifies that select. */
#define SM_PL(type) (1ull << ((type)-IKE_PL_SA))
#define SM_PL_UNKNOWN (1ull << 40)
#define SM_PL_REKEY (1ull << 41) /* N(REKEY_SA) */
#define SM_PL_ERROR (1ull << 42) /* a notify below 16384, or COOKIE in IKE_SA_INIT */

enum sm_timer { SM_TIMER_NONE, SM_TIMER_RETRANSMIT, SM_TIMER_HALF_OPEN, SM_TIMER_LIFE };

#define SM_STAY SM_STATES /* as `next`: the state does not change */

struct sm_transition {
    const char *name;
    uint8_t exchange; /* enum ike_exchange */
    uint8_t trigger;  /* enum sm_trigger */
    uint8_t kind;     /* enum sm_kind: of our task; SM_TASK_ANSWER for requests */
    uint16_t states;  /* set of SM_IN() */
    uint64_t clear_must, clear_may;
    uint64_t sk_must, sk_may;
    int (*handler)(struct sm_task *task);
    uint8_t next;  /* enum sm_state when the work is done */
    uint8_t fail;  /* when it is given up; SM_GONE ends the IKE SA */
    uint8_t timer; /* enum sm_timer, started with `next` */
};

extern const struct sm_transition sm_transitions[];
extern const size_t sm_n_transitions;

/* The payload set of a list. */
uint64_t sm_payload_set(const struct ike_payloads *list, uint8_t exchange);

const struct sm_transition *sm_transition_start(enum sm_kind kind, enum sm_state state);
/* Why there is none: `*ret_state_ok` tells that the exchange is allowed in this
 * state and the payloads are at fault. */
const struct sm_transition *sm_transition_request(uint8_t exchange, enum sm_state state,
                                                  uint64_t set, bool *ret_state_ok);
const struct sm_transition *sm_transition_response(enum sm_kind kind, enum sm_state state,
                                                   uint64_t set);
/* Writes the table as a Graphviz graph; returns the bytes needed (as snprintf). */
size_t sm_transitions_dot(char *buf, size_t cap);

#endif
