/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: proposals, identities and traffic selectors as an operator
 * writes them.  What parses has a text form that means the same.  The first
 * byte chooses among them.
 */
#include <string.h>

#include "ike/types/ident.h"
#include "ike/types/proposal.h"
#include "ike/types/ts.h"

#define CHECK(what)                                                                                \
    do {                                                                                           \
        if (!(what))                                                                               \
            __builtin_trap();                                                                      \
    } while (0)

static void proposal(const char *text, enum ike_protocol proto)
{
    struct ike_proposal p, again;
    char form[IKE_PROPOSAL_TEXT_LEN];
    struct err err = { .text = "" };

    if (ike_proposal_parse(text, proto, &p, &err)) {
        CHECK(err.text[0]);
        return;
    }
    CHECK(p.n_transforms > 0 && p.n_transforms <= IKE_TRANSFORMS_MAX);
    CHECK(!ike_proposal_parse(ike_proposal_text(&p, form), proto, &again, &err));
    CHECK(ike_proposal_eq(&p, &again));
}

static void identity(const char *text)
{
    struct ike_id id, again;
    char form[IKE_ID_TEXT_LEN];
    struct err err = { .text = "" };

    if (ike_id_parse(text, &id, &err)) {
        CHECK(err.text[0]);
        return;
    }
    ike_id_text(&id, form);
    if (strlen(form) >= 4 && !strcmp(form + strlen(form) - 3, "..."))
        return; /* may have been cut */
    CHECK(strchr(form, '\\') || (!ike_id_parse(form, &again, &err) && ike_id_eq(&id, &again)));
}

static void selector(const char *text)
{
    struct ike_ts ts, again;
    char form[IKE_TS_TEXT_LEN];
    struct err err = { .text = "" };

    if (ike_ts_parse(text, &ts, &err)) {
        CHECK(err.text[0]);
        return;
    }
    CHECK(!ike_ts_parse(ike_ts_text(&ts, form), &again, &err));
    const struct ike_ts_list a = { .n = 1, .ts = { ts } }, b = { .n = 1, .ts = { again } };
    CHECK(ike_ts_eq(&a, &b));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char text[512] = "";

    if (len < 1 || len > sizeof text)
        return 0;
    memcpy(text, data + 1, len - 1);
    switch (data[0] % 4) {
    case 0:
        proposal(text, IKE_PROTO_IKE);
        break;
    case 1:
        proposal(text, IKE_PROTO_ESP);
        break;
    case 2:
        identity(text);
        break;
    default:
        selector(text);
        break;
    }
    return 0;
}
