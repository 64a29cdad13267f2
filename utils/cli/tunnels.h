/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tunnels: what is configured (list-conns) and what runs (list-sas) joined by
 * name: one tunnel for each child of each connection, up or down, and one for
 * each Child SA whose configuration is gone.
 */
#ifndef UTILS_CLI_TUNNELS_H
#define UTILS_CLI_TUNNELS_H

#include "ike/types/conn.h"
#include "utils/cli/daemon.h"

#define TUNNEL_SAS_MAX 8 /* Child SAs shown of one tunnel: two while it is rekeyed */

struct tunnel {
    char conn[IKE_NAME_LEN], child[IKE_NAME_LEN];
    bool configured;
    struct span ike; /* empty: no IKE SA; borrowed from the events */
    size_t n_sas;
    struct span sas[TUNNEL_SAS_MAX];
};

struct tunnels {
    struct events conns, ikes; /* owned: what the spans point into */
    struct tunnel *list;       /* owned, sorted by name */
    size_t n, cap;
    size_t n_sorted; /* tunnels from here on are in order of arrival */
};

/* Asks the daemon; `conn` and `child` NULL: all.  Exit code. */
int tunnels_get(const struct cli *cli, const char *conn, const char *child, struct tunnels *ret);
void tunnels_free(struct tunnels *tunnels);
bool tunnel_is_up(const struct tunnel *tunnel);

#endif
