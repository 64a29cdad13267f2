/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sa: the Security Association payload (RFC 7296 section 3.3): proposals,
 * transforms, attributes.  The values and their selection are in
 * ike/types/proposal.h.
 */
#ifndef IKE_CODEC_SA_H
#define IKE_CODEC_SA_H

#include "ike/core/codec/payload.h"
#include "ike/types/proposal.h"

struct ike_sa_payload {
    uint8_t n;         /* at least 1, unless every proposal was skipped */
    uint8_t n_skipped; /* well-formed, but of an unknown protocol or beyond a limit */
    struct ike_proposal proposals[IKE_PROPOSALS_MAX];
};

/* A transform with an attribute we do not know is kept and marked `unusable`
 * (section 3.3.6), which ike_proposal_select() passes over.  ERR_MALFORMED:
 * lengths, "last" markers, counts, SPI sizes, order of proposal numbers. */
int ike_sa_read(struct span body, struct ike_sa_payload *ret, struct err *err) MUST_CHECK;
/* Each proposal with its own num, proto and SPI. */
void ike_sa_write(struct ike_msg *msg, const struct ike_proposal *proposals, size_t n);
/* The proposal that answers with one agreed suite: SPI and number are given. */
void ike_sa_from_suite(const struct ike_suite *suite, uint8_t num, uint8_t proto, struct span spi,
                       struct ike_proposal *ret);

#endif
