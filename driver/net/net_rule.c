/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_rule: the policy rule "not from our mark: look in our table".  The
 * message is built here field by field, because libnl's rule object has no way
 * to say "not" (FIB_RULE_INVERT).
 */
#include "driver/net/net_route.h"

#include "driver/net/net_nl.h"

#include <linux/fib_rules.h>
#include <netlink/msg.h>

static int send_rule(struct net_routes *nr, int type, int flags)
{
    struct fib_rule_hdr hdr = {
        .family = AF_INET,
        .table = RT_TABLE_UNSPEC, /* the number is wider than 8 bits: FRA_TABLE has it */
        .action = FR_ACT_TO_TBL,
        .flags = FIB_RULE_INVERT,
    };
    struct nl_msg *msg = nlmsg_alloc_simple(type, flags);
    int rc = -NLE_NOMEM;

    if (!msg)
        return rc;
    if (!nlmsg_append(msg, &hdr, sizeof hdr, NLMSG_ALIGNTO) &&
        !nla_put_u32(msg, FRA_FWMARK, NET_MARK) && !nla_put_u32(msg, FRA_FWMASK, UINT32_MAX) &&
        !nla_put_u32(msg, FRA_TABLE, NET_TABLE) && !nla_put_u32(msg, FRA_PRIORITY, NET_RULE_PRIO))
        return nl_send_sync(nr->sk, msg); /* frees msg */
    nlmsg_free(msg);
    return rc;
}

int net_rule_add(struct net_routes *nr, struct err *err)
{
    int rc = send_rule(nr, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL);

    if (rc && rc != -NLE_EXIST)
        return err_set(err, ERR_IO, "add policy rule %u for table %u: %s", NET_RULE_PRIO, NET_TABLE,
                       nl_geterror(rc));
    return 0;
}

int net_rule_del(struct net_routes *nr, struct err *err)
{
    int rc = send_rule(nr, RTM_DELRULE, 0);

    if (rc && rc != -NLE_OBJ_NOTFOUND)
        return err_set(err, ERR_IO, "delete policy rule %u: %s", NET_RULE_PRIO, nl_geterror(rc));
    return 0;
}
