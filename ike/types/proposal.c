/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proposal: choosing one suite out of two lists of proposals (RFC 7296
 * sections 2.7 and 3.3.6).  Keywords and text are in proposal_text.c; wire
 * bytes in ike/core/codec/sa.c.
 */
#include "ike/types/proposal.h"

#include <string.h>

static bool has_type(const struct ike_proposal *p, uint8_t type)
{
    for (size_t i = 0; i < p->n_transforms; i++)
        if (p->transforms[i].type == type)
            return true;
    return false;
}

static bool has_transform(const struct ike_proposal *p, const struct ike_transform *want)
{
    for (size_t i = 0; i < p->n_transforms; i++) {
        const struct ike_transform *t = &p->transforms[i];

        if (t->type == want->type && t->id == want->id && t->key_bits == want->key_bits &&
            !t->unusable)
            return true;
    }
    return false;
}

/* A type of transform whose number 0 says "none" may as well be left out
 * (section 3.3.3); that of ESN may not: there 0 means 32-bit numbers. */
static bool may_be_none(const struct ike_proposal *p, uint8_t type)
{
    const struct ike_transform none = { .type = type, .id = 0 };

    return (type == IKE_TT_INTEG || type == IKE_TT_KE) && has_transform(p, &none);
}

/* Our order decides. */
static bool select_type(const struct ike_proposal *ours, const struct ike_proposal *theirs,
                        uint8_t type, struct ike_transform *ret)
{
    const struct ike_transform none = { .type = type, .id = 0 };

    if (!has_type(theirs, type)) {
        *ret = (struct ike_transform){ 0 };
        return !has_type(ours, type) || may_be_none(ours, type);
    }
    if (!has_type(ours, type)) {
        *ret = none; /* the answer must repeat it */
        return may_be_none(theirs, type);
    }
    for (size_t i = 0; i < ours->n_transforms; i++) {
        if (ours->transforms[i].type != type || ours->transforms[i].unusable)
            continue;
        if (has_transform(theirs, &ours->transforms[i])) {
            *ret = ours->transforms[i];
            return true;
        }
    }
    return false;
}

static bool select_pair(const struct ike_proposal *ours, const struct ike_proposal *theirs,
                        bool need_ke, struct ike_suite *ret)
{
    struct ike_suite s = { 0 };

    if (ours->proto != theirs->proto)
        return false;
    /* A type that we do not know makes the whole proposal unacceptable. */
    for (size_t i = 0; i < theirs->n_transforms; i++)
        if (theirs->transforms[i].type < IKE_TT_ENCR || theirs->transforms[i].type > IKE_TT_ESN)
            return false;
    if (!select_type(ours, theirs, IKE_TT_ENCR, &s.encr) ||
        !select_type(ours, theirs, IKE_TT_PRF, &s.prf) ||
        !select_type(ours, theirs, IKE_TT_INTEG, &s.integ) ||
        !select_type(ours, theirs, IKE_TT_ESN, &s.esn))
        return false;
    if (need_ke && !select_type(ours, theirs, IKE_TT_KE, &s.ke))
        return false;
    *ret = s;
    return true;
}

int ike_proposal_select(const struct ike_proposal *ours, size_t n_ours,
                        const struct ike_proposal *theirs, size_t n_theirs, bool need_ke,
                        struct ike_suite *ret, const struct ike_proposal **ret_theirs)
{
    for (size_t i = 0; i < n_ours; i++)
        for (size_t j = 0; j < n_theirs; j++)
            if (select_pair(&ours[i], &theirs[j], need_ke, ret)) {
                *ret_theirs = &theirs[j];
                return 0;
            }
    return ERR_NOTFOUND;
}

bool ike_proposal_has_ke(const struct ike_proposal *p, uint16_t method)
{
    const struct ike_transform want = { .type = IKE_TT_KE, .id = method };

    return has_transform(p, &want);
}

bool ike_proposal_eq(const struct ike_proposal *a, const struct ike_proposal *b)
{
    if (a->num != b->num || a->proto != b->proto || a->spi_len != b->spi_len ||
        memcmp(a->spi, b->spi, a->spi_len) != 0 || a->n_transforms != b->n_transforms)
        return false;
    for (size_t i = 0; i < a->n_transforms; i++) {
        const struct ike_transform *x = &a->transforms[i], *y = &b->transforms[i];

        if (x->type != y->type || x->id != y->id || x->key_bits != y->key_bits ||
            x->unusable != y->unusable)
            return false;
    }
    return true;
}
