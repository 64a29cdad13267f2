/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names: words for states and causes; those of SAs are VICI's.
 */
#include "ike/core/sm/child_sa.h"

const char *sm_state_name(enum sm_state state)
{
    static const char *const names[SM_STATES] = {
        [SM_NEW] = "NEW",
        [SM_INIT_SENT] = "INIT_SENT",
        [SM_INIT_DONE] = "INIT_DONE",
        [SM_AUTH_SENT] = "AUTH_SENT",
        [SM_HALF_OPEN] = "HALF_OPEN",
        [SM_ESTABLISHED] = "ESTABLISHED",
        [SM_REKEYING] = "REKEYING",
        [SM_REKEYED] = "REKEYED",
        [SM_DELETING] = "DELETING",
        [SM_GONE] = "GONE",
    };

    return state < SM_STATES ? names[state] : "?";
}

const char *sm_child_state_name(enum sm_child_state state)
{
    switch (state) {
    case SM_CHILD_LARVAL:
        return "INSTALLING";
    case SM_CHILD_INSTALLED:
        return "INSTALLED";
    case SM_CHILD_REKEYING:
        return "REKEYING";
    case SM_CHILD_REKEYED:
        return "REKEYED";
    case SM_CHILD_DELETING:
        return "DELETING";
    case SM_CHILD_DRAINING:
        return "DELETED";
    }
    return "?";
}

const char *ike_drop_name(enum ike_drop cause)
{
    static const char *const names[IKE_DROP_N] = {
        [IKE_DROP_SHORT] = "short",           [IKE_DROP_VERSION] = "version",
        [IKE_DROP_LENGTH] = "length",         [IKE_DROP_NO_SA] = "no-sa",
        [IKE_DROP_EXCHANGE] = "exchange",     [IKE_DROP_FLAGS] = "flags",
        [IKE_DROP_MESSAGE_ID] = "message-id", [IKE_DROP_INTEGRITY] = "integrity",
        [IKE_DROP_SYNTAX] = "syntax",         [IKE_DROP_CRITICAL] = "critical",
        [IKE_DROP_STATE] = "state",           [IKE_DROP_FULL] = "full",
        [IKE_DROP_NO_CONN] = "no-connection", [IKE_DROP_PROPOSAL] = "proposal",
    };

    return cause < IKE_DROP_N ? names[cause] : "?";
}
