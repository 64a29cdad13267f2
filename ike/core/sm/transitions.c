/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transitions: the table, its look-up and its drawing.
 */
#include "ike/core/sm/transitions.h"

#include "ike/core/sm/exchanges.h"

#include <stdarg.h>
#include <stdio.h>

#define P(type) SM_PL(IKE_PL_##type)

/* Payloads that may stand in any message and are ignored if they mean nothing
 * to us (RFC 7296 2.5): notifies, vendor ids and what is not critical. */
#define ANY (P(NOTIFY) | P(VENDOR) | SM_PL_UNKNOWN)
/* An error notify that we do not know is ignored in a request, a request that failed
 * in a response (3.10.1): REQUEST takes it everywhere, RESPONSE has rows for it. */
#define SK P(SK)
#define CERTS (P(CERT) | P(CERTREQ))
#define CHILD (P(SA) | P(TSI) | P(TSR))

#define NEW SM_IN(SM_NEW)
#define UP SM_IN(SM_ESTABLISHED)
#define REPLACING (SM_IN(SM_REKEYING) | SM_IN(SM_REKEYED))
#define ENDING SM_IN(SM_DELETING)

#define START(name_, exchange_, kind_, states_, handler_, next_, fail_)                            \
    {                                                                                              \
        .name = (name_), .exchange = (exchange_), .trigger = SM_ON_START, .kind = (kind_),         \
        .states = (states_), .handler = (handler_), .next = (next_), .fail = (fail_),              \
        .timer = SM_TIMER_RETRANSMIT                                                               \
    }
#define REQUEST(name_, exchange_, states_, must_, may_, handler_, next_, timer_)                   \
    {                                                                                              \
        .name = (name_), .exchange = (exchange_), .trigger = SM_ON_REQUEST,                        \
        .kind = SM_TASK_ANSWER, .states = (states_), .clear_must = SK, .clear_may = ANY,           \
        .sk_must = (must_), .sk_may = (may_) | ANY | SM_PL_ERROR, .handler = (handler_),           \
        .next = (next_), .fail = SM_STAY, .timer = (timer_)                                        \
    }
#define RESPONSE(name_, exchange_, kind_, states_, must_, may_, handler_, next_, fail_, timer_)    \
    {                                                                                              \
        .name = (name_), .exchange = (exchange_), .trigger = SM_ON_RESPONSE, .kind = (kind_),      \
        .states = (states_), .clear_must = SK, .clear_may = ANY, .sk_must = (must_),               \
        .sk_may = (may_) | ANY, .handler = (handler_), .next = (next_), .fail = (fail_),           \
        .timer = (timer_)                                                                          \
    }

/* The first row that fits is taken. */
const struct sm_transition sm_transitions[] = {
    /* IKE_SA_INIT, RFC 7296 1.2 */
    START("set-up begins", IKE_SA_INIT, SM_TASK_INIT, NEW, sm_init_start, SM_INIT_SENT, SM_GONE),
    { .name = "IKE_SA_INIT request",
      .exchange = IKE_SA_INIT,
      .trigger = SM_ON_REQUEST,
      .kind = SM_TASK_ANSWER,
      .states = NEW,
      .clear_must = P(SA) | P(KE) | P(NONCE),
      .clear_may = ANY | SM_PL_ERROR,
      .handler = sm_init_request,
      .next = SM_HALF_OPEN,
      .fail = SM_GONE,
      .timer = SM_TIMER_HALF_OPEN },
    { .name = "IKE_SA_INIT response",
      .exchange = IKE_SA_INIT,
      .trigger = SM_ON_RESPONSE,
      .kind = SM_TASK_INIT,
      .states = SM_IN(SM_INIT_SENT),
      .clear_must = P(SA) | P(KE) | P(NONCE),
      .clear_may = ANY | P(CERTREQ),
      .handler = sm_init_response,
      .next = SM_INIT_DONE,
      .fail = SM_GONE,
      .timer = SM_TIMER_NONE },
    { .name = "IKE_SA_INIT refused",
      .exchange = IKE_SA_INIT,
      .trigger = SM_ON_RESPONSE,
      .kind = SM_TASK_INIT,
      .states = SM_IN(SM_INIT_SENT),
      .clear_must = P(NOTIFY) | SM_PL_ERROR,
      .clear_may = ANY,
      .handler = sm_init_refused,
      .next = SM_INIT_SENT,
      .fail = SM_GONE,
      .timer = SM_TIMER_RETRANSMIT },

    /* IKE_AUTH, RFC 7296 1.2 */
    START("authentication begins", IKE_AUTH, SM_TASK_AUTH, SM_IN(SM_INIT_DONE), sm_auth_start,
          SM_AUTH_SENT, SM_GONE),
    REQUEST("IKE_AUTH request", IKE_AUTH, SM_IN(SM_HALF_OPEN), P(IDI) | P(AUTH) | CHILD,
            P(IDR) | P(CP) | CERTS, sm_auth_request, SM_ESTABLISHED, SM_TIMER_LIFE),
    RESPONSE("IKE_AUTH response", IKE_AUTH, SM_TASK_AUTH, SM_IN(SM_AUTH_SENT),
             P(IDR) | P(AUTH) | CHILD, P(CP) | CERTS, sm_auth_response, SM_ESTABLISHED, SM_GONE,
             SM_TIMER_LIFE),
    RESPONSE("IKE_AUTH response without Child SA", IKE_AUTH, SM_TASK_AUTH, SM_IN(SM_AUTH_SENT),
             P(IDR) | P(AUTH) | P(NOTIFY) | SM_PL_ERROR, P(CP) | CERTS, sm_auth_response_childless,
             SM_ESTABLISHED, SM_GONE, SM_TIMER_LIFE),
    RESPONSE("IKE_AUTH refused", IKE_AUTH, SM_TASK_AUTH, SM_IN(SM_AUTH_SENT),
             P(NOTIFY) | SM_PL_ERROR, P(IDR) | P(AUTH) | CERTS, sm_auth_refused, SM_GONE, SM_GONE,
             SM_TIMER_NONE),

    /* CREATE_CHILD_SA, RFC 7296 1.3; while the IKE SA is being replaced or
     * deleted all of it waits (2.25.2). */
    REQUEST("CREATE_CHILD_SA request, not now", IKE_CREATE_CHILD_SA, SM_IN(SM_REKEYED) | ENDING,
            P(SA) | P(NONCE), P(KE) | P(TSI) | P(TSR) | SM_PL_REKEY, sm_refuse_for_now, SM_STAY,
            SM_TIMER_NONE),
    REQUEST("Child SA request, not now", IKE_CREATE_CHILD_SA, SM_IN(SM_REKEYING), CHILD | P(NONCE),
            P(KE) | SM_PL_REKEY, sm_refuse_for_now, SM_STAY, SM_TIMER_NONE),

    START("rekey Child SA", IKE_CREATE_CHILD_SA, SM_TASK_REKEY_CHILD, UP, sm_rekey_child_start,
          SM_STAY, SM_STAY),
    REQUEST("rekey Child SA request", IKE_CREATE_CHILD_SA, UP,
            CHILD | P(NONCE) | P(NOTIFY) | SM_PL_REKEY, P(KE) | P(CP), sm_rekey_child_request,
            SM_STAY, SM_TIMER_NONE),
    RESPONSE("rekey Child SA response", IKE_CREATE_CHILD_SA, SM_TASK_REKEY_CHILD, UP,
             CHILD | P(NONCE), P(KE) | P(CP), sm_rekey_child_response, SM_STAY, SM_STAY,
             SM_TIMER_LIFE),
    RESPONSE("rekey Child SA refused", IKE_CREATE_CHILD_SA, SM_TASK_REKEY_CHILD, UP,
             P(NOTIFY) | SM_PL_ERROR, 0, sm_rekey_child_refused, SM_STAY, SM_STAY, SM_TIMER_NONE),

    START("new Child SA", IKE_CREATE_CHILD_SA, SM_TASK_NEW_CHILD, UP, sm_new_child_start, SM_STAY,
          SM_STAY),
    REQUEST("new Child SA request", IKE_CREATE_CHILD_SA, UP, CHILD | P(NONCE), P(KE) | P(CP),
            sm_new_child_request, SM_STAY, SM_TIMER_LIFE),
    RESPONSE("new Child SA response", IKE_CREATE_CHILD_SA, SM_TASK_NEW_CHILD, UP, CHILD | P(NONCE),
             P(KE) | P(CP), sm_new_child_response, SM_STAY, SM_STAY, SM_TIMER_LIFE),
    RESPONSE("new Child SA refused", IKE_CREATE_CHILD_SA, SM_TASK_NEW_CHILD, UP,
             P(NOTIFY) | SM_PL_ERROR, 0, sm_new_child_refused, SM_STAY, SM_STAY, SM_TIMER_NONE),

    START("rekey IKE SA", IKE_CREATE_CHILD_SA, SM_TASK_REKEY_IKE, UP, sm_rekey_ike_start,
          SM_REKEYING, SM_ESTABLISHED),
    REQUEST("rekey IKE SA request", IKE_CREATE_CHILD_SA, UP, P(SA) | P(KE) | P(NONCE), 0,
            sm_rekey_ike_request, SM_REKEYED, SM_TIMER_NONE),
    REQUEST("rekey IKE SA request crossing ours", IKE_CREATE_CHILD_SA, SM_IN(SM_REKEYING),
            P(SA) | P(KE) | P(NONCE), 0, sm_rekey_ike_request, SM_STAY, SM_TIMER_NONE),
    RESPONSE("rekey IKE SA response", IKE_CREATE_CHILD_SA, SM_TASK_REKEY_IKE, SM_IN(SM_REKEYING),
             P(SA) | P(KE) | P(NONCE), 0, sm_rekey_ike_response, SM_REKEYED, SM_ESTABLISHED,
             SM_TIMER_LIFE),
    RESPONSE("rekey IKE SA refused", IKE_CREATE_CHILD_SA, SM_TASK_REKEY_IKE, SM_IN(SM_REKEYING),
             P(NOTIFY) | SM_PL_ERROR, 0, sm_rekey_ike_refused, SM_ESTABLISHED, SM_ESTABLISHED,
             SM_TIMER_NONE),

    /* INFORMATIONAL, RFC 7296 1.4 */
    START("delete Child SA", IKE_INFORMATIONAL, SM_TASK_DELETE_CHILD, UP, sm_delete_child_start,
          SM_STAY, SM_STAY),
    RESPONSE("Child SA deleted", IKE_INFORMATIONAL, SM_TASK_DELETE_CHILD, UP, 0,
             P(DELETE) | SM_PL_ERROR, sm_delete_child_response, SM_STAY, SM_STAY, SM_TIMER_NONE),
    START("delete IKE SA", IKE_INFORMATIONAL, SM_TASK_DELETE_IKE,
          UP | SM_IN(SM_REKEYED) | SM_IN(SM_AUTH_SENT), sm_delete_ike_start, SM_DELETING, SM_GONE),
    RESPONSE("IKE SA deleted", IKE_INFORMATIONAL, SM_TASK_DELETE_IKE, ENDING, 0,
             P(DELETE) | SM_PL_ERROR, sm_delete_ike_response, SM_GONE, SM_GONE, SM_TIMER_NONE),
    START("liveness", IKE_INFORMATIONAL, SM_TASK_PROBE, UP, sm_probe_start, SM_STAY, SM_STAY),
    RESPONSE("alive", IKE_INFORMATIONAL, SM_TASK_PROBE, UP | REPLACING, 0, P(DELETE) | SM_PL_ERROR,
             sm_probe_response, SM_STAY, SM_STAY, SM_TIMER_NONE),
    REQUEST("INFORMATIONAL request", IKE_INFORMATIONAL, UP | REPLACING | ENDING, 0,
            P(DELETE) | P(CP), sm_informational_request, SM_STAY, SM_TIMER_NONE),
};
const size_t sm_n_transitions = sizeof sm_transitions / sizeof sm_transitions[0];

uint64_t sm_payload_set(const struct ike_payloads *list, uint8_t exchange)
{
    struct ike_notify_payload notify;
    uint64_t set = 0;

    for (size_t i = 0; i < list->n; i++) {
        uint8_t type = list->p[i].type;

        set |= type >= IKE_PL_SA && type <= IKE_PL_EAP ? SM_PL(type) : SM_PL_UNKNOWN;
    }
    if (ike_notify_find(list, IKE_N_REKEY_SA, NULL))
        set |= SM_PL_REKEY;
    if (ike_notify_find_error(list, &notify) ||
        (exchange == IKE_SA_INIT && ike_notify_find(list, IKE_N_COOKIE, NULL)))
        set |= SM_PL_ERROR;
    return set;
}

static bool fits(const struct sm_transition *row, uint64_t set)
{
    uint64_t must = row->exchange == IKE_SA_INIT ? row->clear_must : row->sk_must;
    uint64_t may = row->exchange == IKE_SA_INIT ? row->clear_may : row->sk_may;

    return (set & must) == must && (set & ~(must | may)) == 0;
}

const struct sm_transition *sm_transition_start(enum sm_kind kind, enum sm_state state)
{
    for (size_t i = 0; i < sm_n_transitions; i++) {
        const struct sm_transition *row = &sm_transitions[i];

        if (row->trigger == SM_ON_START && row->kind == kind && (row->states & SM_IN(state)))
            return row;
    }
    return NULL;
}

const struct sm_transition *sm_transition_request(uint8_t exchange, enum sm_state state,
                                                  uint64_t set, bool *ret_state_ok)
{
    *ret_state_ok = false;
    for (size_t i = 0; i < sm_n_transitions; i++) {
        const struct sm_transition *row = &sm_transitions[i];

        if (row->trigger != SM_ON_REQUEST || row->exchange != exchange ||
            !(row->states & SM_IN(state)))
            continue;
        *ret_state_ok = true;
        if (fits(row, set))
            return row;
    }
    return NULL;
}

const struct sm_transition *sm_transition_response(enum sm_kind kind, enum sm_state state,
                                                   uint64_t set)
{
    for (size_t i = 0; i < sm_n_transitions; i++) {
        const struct sm_transition *row = &sm_transitions[i];

        if (row->trigger == SM_ON_RESPONSE && row->kind == kind && (row->states & SM_IN(state)) &&
            fits(row, set))
            return row;
    }
    return NULL;
}

struct text {
    char *buf;
    size_t cap, len;
};

static PRINTF_LIKE(2, 3) void add(struct text *text, const char *fmt, ...)
{
    size_t room = text->len < text->cap ? text->cap - text->len : 0;
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(room ? text->buf + text->len : NULL, room, fmt, ap);
    va_end(ap);
    if (n > 0)
        text->len += (size_t)n;
}

size_t sm_transitions_dot(char *buf, size_t cap)
{
    static const char *const triggers[] = { "start", "request", "response" };
    static const char *const timers[] = { "", "\\n[retransmit]", "\\n[half-open]", "\\n[life]" };
    struct text text = { .buf = buf, .cap = cap };

    add(&text, "digraph ike_sa {\n    node [shape=box];\n");
    for (size_t i = 0; i < sm_n_transitions; i++) {
        const struct sm_transition *row = &sm_transitions[i];

        for (unsigned s = 0; s < SM_STATES; s++) {
            if (!(row->states & SM_IN(s)))
                continue;
            add(&text, "    %s -> %s [label=\"%s\\n(%s)%s\"];\n", sm_state_name(s),
                sm_state_name(row->next == SM_STAY ? s : row->next), row->name,
                triggers[row->trigger], timers[row->timer]);
        }
    }
    add(&text, "}\n");
    return text.len;
}
