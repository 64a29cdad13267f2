/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth: what initiator (auth.c) and responder (auth_responder.c) of IKE_AUTH
 * have in common.
 */
#ifndef IKE_SM_AUTH_H
#define IKE_SM_AUTH_H

#include "ike/core/crypto/alg.h"
#include "ike/core/sm/jobs.h"

/* <SignedOctets> of RFC 7296 2.15. */
struct sm_octets {
    size_t len;
    uint8_t bytes[IKE_MESSAGE_MAX + IKE_NONCE_MAX + IKE_PRF_LEN_MAX];
};

int sm_auth_octets(const struct sm_sa *sa, bool of_initiator, struct span id_body,
                   struct sm_octets *ret);
int sm_auth_set_local_id(struct sm_sa *sa);
int sm_auth_set_remote_id(struct sm_sa *sa, const struct ike_id *id);
/* Our AUTH; the peer's AUTH over its ID payload as received. */
int sm_auth_sign(struct sm_task *task, sm_next_fn *next);
int sm_auth_verify(struct sm_task *task, struct span id_body, const struct ike_auth_data *auth,
                   sm_next_fn *next);

#endif
