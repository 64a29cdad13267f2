/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/net/net_guard.h"

#include "driver/net/net_link.h"
#include "utils/base/mem.h"

#include <nftables/libnftables.h>
#include <string.h>

/* nft explains over several lines and draws a marker; the first is enough. */
static int explain(struct nft_ctx *nft, struct err *err)
{
    const char *text = nft_ctx_get_error_buffer(nft);
    int len = text ? (int)strcspn(text, "\n") : 0;

    return err_set(err, ERR_IO, "drop rule (nftables table %s): %.*s", NET_GUARD_TABLE,
                   len > 160 ? 160 : len, text ? text : "");
}

static int load(const char *text, struct err *err)
{
    struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
    int rc = 0;

    if (!nft)
        return err_set(err, ERR_NOMEM, "no memory for nftables");
    nft_ctx_buffer_error(nft);
    nft_ctx_buffer_output(nft);
    if (nft_run_cmd_from_buffer(nft, text))
        rc = explain(nft, err);
    nft_ctx_free(nft);
    return rc;
}

int net_guard_apply(const struct net_guard *guard, struct err *err)
{
    struct net_guard g = *guard;
    bool *own = mem_zalloc_array(g.n + 1, sizeof *own);
    struct ip_addr addr;
    char *text;
    int rc;

    if (!own)
        return err_set(err, ERR_NOMEM, "no memory for a drop rule of %zu entries", g.n);
    for (size_t i = 0; i < g.n; i++)
        own[i] = !net_link_addr_in(&g.entries[i].sel.local, &addr);
    g.own = own;
    rc = net_guard_text(&g, &text, err);
    mem_free(own);
    if (rc)
        return rc;
    rc = load(text, err);
    mem_free(text);
    return rc;
}
