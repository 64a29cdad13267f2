/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nonces: drawing ours and reading the peer's (RFC 7296 2.10), and other small
 * things that several exchanges need.
 */
#ifndef IKE_SM_NONCES_H
#define IKE_SM_NONCES_H

#include "ike/core/sm/task.h"

#include <string.h>

#define SM_GROUP_RETRIES 3 /* INVALID_KE_PAYLOAD answers we follow */

static inline void sm_nonce_draw(struct sm_sa *sa, struct sm_nonce *nonce)
{
    nonce->len = IKE_NONCE_LEN;
    rng_fill(&sa->shard->ports.rng, nonce->p, nonce->len);
}

/* The body of the first payload of that type; empty if there is none. */
static inline struct span sm_body(const struct sm_task *task, uint8_t type)
{
    const struct ike_payload *p = ike_payloads_find(&task->rx->pl, type);

    return p ? p->body : span_of(NULL, 0);
}

static inline int sm_nonce_read(const struct sm_task *task, struct sm_nonce *nonce)
{
    struct span data;

    if (ike_nonce_read(sm_body(task, IKE_PL_NONCE), &data, NULL) < 0)
        return ERR_MALFORMED;
    nonce->len = (uint16_t)data.len;
    memcpy(nonce->p, data.p, data.len);
    return 0;
}

/* Takes the group that INVALID_KE_PAYLOAD asks for, if we offer it and have not
 * changed too often; ERR_REFUSED otherwise (create_child.c). */
int sm_child_other_group(struct sm_task *task, struct span data);

#endif
