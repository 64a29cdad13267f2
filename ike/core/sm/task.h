/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task: one exchange on one IKE SA, ours or the peer's, from its beginning to
 * its end.  At most one runs in each direction (window size 1, RFC 7296 2.3);
 * ours wait in sa->queue.  A task owns the message it was woken by, the bytes
 * it retransmits and the Child SA or IKE SA it is making.
 *
 * Handlers (transitions.h) and continuations (jobs.h) return 0 when the task
 * is done, waits for a job or for the peer; a negative code gives it up.
 */
#ifndef IKE_SM_TASK_H
#define IKE_SM_TASK_H

#include "ike/core/codec/codec.h"
#include "ike/core/sm/child_sa.h"
#include "ike/core/sm/commands.h"

#define SM_EARLY_MAX 4

enum sm_kind {
    SM_TASK_INIT,
    SM_TASK_AUTH,
    SM_TASK_NEW_CHILD,
    SM_TASK_REKEY_CHILD,
    SM_TASK_REKEY_IKE,
    SM_TASK_DELETE_CHILD,
    SM_TASK_DELETE_IKE,
    SM_TASK_PROBE,  /* DPD */
    SM_TASK_ANSWER, /* any request of the peer */
    SM_KINDS
};

/* One received message; the decrypted payloads if it had an SK payload. */
struct sm_rx {
    struct ike_header h;
    struct ike_path path;
    struct ike_payloads pl;
    size_t len;
    uint8_t bytes[]; /* the datagram, then room for the plaintext */
};

struct sm_transition;
struct sm_job;

struct sm_task {
    struct list node; /* sa->queue or the graveyard */
    struct sm_sa *sa;
    const struct sm_transition *row;
    uint8_t kind; /* enum sm_kind */
    bool initiator;
    bool dead;
    bool sent;
    bool handling; /* a response is being handled, perhaps waiting for a job */
    uint32_t mid;
    struct sm_job *job;
    struct sm_command *cmd;
    struct sm_rx *rx;

    struct sm_child *child;            /* being made */
    /* Deletes of the peer that may be for it and came before it was there. */
    uint8_t n_early;
    uint32_t early[SM_EARLY_MAX];      /* the peer's SPIs */
    bool peer_deleted;
    const struct ike_child_conf *conf; /* of the child to be made, in sa->conn */
    struct ike_conn *conn;             /* reference that keeps conf alive */
    uint64_t target;                   /* id of the Child SA rekeyed or deleted */
    struct sm_sa *new_sa;              /* being made by an IKE rekey */
    struct ike_suite suite;            /* agreed */
    int (*then)(struct sm_task *task); /* goes on when the Child SA is made or refused */
    uint16_t child_error;              /* notify that refuses the Child SA, 0 = none */
    uint16_t error_group;              /* with INVALID_KE_PAYLOAD: the group wanted */
    uint8_t auth_method;
    struct sm_blob auth; /* our AUTH payload's data */
    uint8_t proposal_num;
    struct sm_nonce ni, nr;
    uint16_t ke_method; /* IKE_KE_NONE: no key exchange */
    bool ke_held;
    uint64_t ke_handle;
    struct sm_blob ke_public; /* ours */
    uint8_t n_groups;         /* INVALID_KE_PAYLOAD retries */

    /* A rekey of the same SA by the peer while ours is out (RFC 7296 2.8.1). */
    uint64_t rival;              /* id of what the peer's exchange made */
    struct sm_nonce rival_nonce; /* the lower one of its two */

    struct sm_blob request; /* exact bytes, for retransmission */
    uint8_t tries;
    ns_time wait;
    struct sm_deadline timer;
};

/* Takes over nothing on failure; `cmd` gets a share of its own. ERR_NOMEM. */
int sm_task_new(struct sm_sa *sa, enum sm_kind kind, struct sm_command *cmd, struct sm_task **ret);
/* The child to be made; keeps its connection alive. */
void sm_task_set_conf(struct sm_task *task, struct ike_conn *conn,
                      const struct ike_child_conf *conf);
/* Puts it in line behind the others (`first`: before them) and starts what can be. */
void sm_task_queue(struct sm_task *task, bool first);
/* Makes one and queues it; failure ends up in `cmd`. */
struct sm_task *sm_task_add(struct sm_sa *sa, enum sm_kind kind, uint64_t target,
                            struct sm_command *cmd);
void sm_task_next(struct sm_sa *sa); /* starts the next one if the window is free */

/* The exchange is over: the row's next state is entered, the command hears of
 * success. */
void sm_task_done(struct sm_task *task);
/* As above, but the command hears of a failure (the exchange itself was proper). */
void sm_task_done_with(struct sm_task *task, int code, const char *text);
/* Given up: the row's state for failure is entered; the command hears `code`. */
void sm_task_end(struct sm_task *task, int code, const char *text);
/* Ends it and leaves the state as it is. */
void sm_task_quit(struct sm_task *task, int code, const char *text);
/* After a handler or continuation: `rc` negative gives the task up. */
void sm_task_step(struct sm_task *task, int rc);
/* Gives back all that was made for a request that has been answered; the task
 * begins again with a new one (another group). */
void sm_task_rewind(struct sm_task *task);
void sm_task_free(struct sm_task *task);

/* Queued or running task of that kind and target, or NULL. */
struct sm_task *sm_task_find(struct sm_sa *sa, enum sm_kind kind, uint64_t target);
const char *sm_kind_name(enum sm_kind kind);

#endif
