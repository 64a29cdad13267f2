/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proposal: transforms and proposals (RFC 7296 section 3.3) as values, with
 * strongSwan's keyword form: "aes256gcm16-prfsha384-x25519".
 */
#ifndef IKE_TYPES_PROPOSAL_H
#define IKE_TYPES_PROPOSAL_H

#include "ike/types/numbers.h"
#include "utils/base/err.h"

#include <stdint.h>

#define IKE_TRANSFORMS_MAX 48 /* in one proposal; strongSwan's default offers about 40 */
#define IKE_PROPOSALS_MAX 8   /* configured or read from one SA payload */
#define IKE_PROPOSAL_TEXT_LEN 256

struct ike_transform {
    uint8_t type;      /* enum ike_transform_type */
    uint16_t id;
    uint16_t key_bits; /* 0 = no key length attribute */
    bool unusable;     /* read with an attribute we do not know: never selected */
};

struct ike_proposal {
    uint8_t num;       /* as on the wire; 1-based */
    uint8_t proto;     /* enum ike_protocol */
    uint8_t spi_len;   /* 0, 4 or 8 */
    uint8_t spi[8];
    uint8_t n_transforms;
    struct ike_transform transforms[IKE_TRANSFORMS_MAX];
};

/* An agreed suite: one transform a type.  Ask for ids, not types, of `integ` and
 * `ke`: where a peer wrote NONE it is {type, id 0}, where it left it out {0, 0}. */
struct ike_suite {
    struct ike_transform encr, prf, integ, ke, esn; /* type 0 = absent */
};

/* Parses a keyword proposal for IKE or ESP.  ESP may name a KE method (for
 * PFS) and "esn" / "noesn" (default: offer both, prefer ESN).  Errors name the
 * keyword.  "default" gives the first of ike_proposal_defaults(). */
int ike_proposal_parse(const char *text, enum ike_protocol proto, struct ike_proposal *ret,
                       struct err *err) MUST_CHECK;
/* The built-in proposals, best first, numbered; returns how many (2).  What an
 * unset key and the word "default" of a list stand for.  AEAD and CBC may not
 * share one proposal (RFC 7296 section 3.3), hence two for IKE. */
size_t ike_proposal_defaults(enum ike_protocol proto, struct ike_proposal ret[IKE_PROPOSALS_MAX]);
const char *ike_proposal_text(const struct ike_proposal *p, char buf[IKE_PROPOSAL_TEXT_LEN]);
const char *ike_suite_text(const struct ike_suite *s, char buf[IKE_PROPOSAL_TEXT_LEN]);
/* One keyword, e.g. "AES_GCM_16" with 256 -> VICI's encr-alg form. */
const char *ike_transform_name(const struct ike_transform *t);

/* RFC 7296 section 2.7: first of `ours` (in order) that some of `theirs` meets.
 * *ret_theirs is the matching peer proposal (for its number and SPI).
 * ERR_NOTFOUND: none (NO_PROPOSAL_CHOSEN).
 * `need_ke` false: KE transforms are left out of the comparison (IKE_AUTH's
 * Child SA). */
int ike_proposal_select(const struct ike_proposal *ours, size_t n_ours,
                        const struct ike_proposal *theirs, size_t n_theirs, bool need_ke,
                        struct ike_suite *ret, const struct ike_proposal **ret_theirs) MUST_CHECK;
bool ike_proposal_has_ke(const struct ike_proposal *p, uint16_t method);
bool ike_proposal_eq(const struct ike_proposal *a, const struct ike_proposal *b);

#endif
