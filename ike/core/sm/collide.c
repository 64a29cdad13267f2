/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collide: see collide.h.
 *
 *   A: rekey X (Ni1)  ----\ /----  B: rekey X (Ni2)
 *                          X
 *   A makes C2 (Nr2)  <---/ \--->  B makes C1 (Nr1)
 *
 * Both now have C1 and C2.  The SA with the lowest of the four nonces is closed
 * by who began its exchange; the other one deletes X (RFC 7296 2.8.1).
 */
#include "ike/core/sm/collide.h"

#include "ike/core/sm/exchanges.h"
#include "ike/core/sm/send.h"

#include <string.h>

/* Octet by octet; the shorter one is lower if it is a prefix (2.8.1). */
static int nonce_cmp(const struct sm_nonce *a, const struct sm_nonce *b)
{
    int d = memcmp(a->p, b->p, a->len < b->len ? a->len : b->len);

    return d ? d : (int)a->len - (int)b->len;
}

static const struct sm_nonce *lower(const struct sm_nonce *a, const struct sm_nonce *b)
{
    return nonce_cmp(a, b) <= 0 ? a : b;
}

void sm_collide_note(struct sm_task *ours, uint64_t rival, const struct sm_task *theirs)
{
    ours->rival = rival;
    ours->rival_nonce = *lower(&theirs->ni, &theirs->nr);
}

bool sm_collide_lost(const struct sm_task *ours)
{
    return ours->rival != 0 && nonce_cmp(lower(&ours->ni, &ours->nr), &ours->rival_nonce) < 0;
}

/* The peer had the Child SA before we have it: its response may be late, or our
 * device slow.  What it does with the Child SA meanwhile must not be forgotten. */
bool sm_collide_making_child(const struct sm_sa *sa)
{
    const struct sm_task *out = sa->out;

    return out && out->sent && out->child &&
           (out->kind == SM_TASK_AUTH || out->kind == SM_TASK_NEW_CHILD ||
            out->kind == SM_TASK_REKEY_CHILD);
}

uint32_t sm_collide_early_delete(struct sm_sa *sa, uint32_t spi)
{
    struct sm_task *out = sa->out;

    if (!sm_collide_making_child(sa))
        return 0;
    if (out->child->spi_out == spi) {
        out->peer_deleted = true;
        return out->child->spi_in;
    }
    if (out->n_early < SM_EARLY_MAX)
        out->early[out->n_early++] = spi;
    return 0;
}

bool sm_collide_deleted_early(const struct sm_task *task)
{
    for (size_t i = 0; i < task->n_early; i++)
        if (task->early[i] == task->child->spi_out)
            return true;
    return task->peer_deleted;
}

bool sm_collide_child_busy(const struct sm_sa *sa)
{
    const struct sm_task *out = sa->out;

    return out && (out->kind == SM_TASK_AUTH || out->kind == SM_TASK_NEW_CHILD ||
                   out->kind == SM_TASK_REKEY_CHILD || out->kind == SM_TASK_DELETE_CHILD);
}

void sm_collide_yield(struct sm_sa *sa, enum sm_kind kind, uint64_t target)
{
    struct sm_task *ours = sm_task_find(sa, kind, target);

    if (ours && !ours->sent)
        sm_task_end(ours, 0, "the peer does the same");
}

void sm_collide_abort_theirs(struct sm_sa *sa, enum sm_kind kind, uint64_t target)
{
    struct sm_task *theirs = sa->in;

    if (!theirs || theirs->sent)
        return;
    if (kind == SM_TASK_REKEY_CHILD ? theirs->target == target : theirs->new_sa != NULL)
        sm_task_end(theirs, ERR_STATE, "our own exchange was first");
}

/* RFC 7296 2.25: not now; the peer tries again. */
int sm_refuse_for_now(struct sm_task *task)
{
    int rc = sm_reply_notify(task, IKE_N_TEMPORARY_FAILURE, span_of(NULL, 0));

    if (rc == 0)
        sm_task_end(task, ERR_BUSY, "not now");
    return rc;
}

int sm_refuse_syntax(struct sm_task *task)
{
    int rc = sm_reply_notify(task, IKE_N_INVALID_SYNTAX, span_of(NULL, 0));

    if (rc == 0)
        sm_task_end(task, ERR_MALFORMED, "invalid syntax");
    return rc;
}
