/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipsec-offload-dp: the software data plane as a process.  It outlives the
 * daemon that installs SAs in it: traffic goes on while that one restarts.
 */
#include "utils/base/mem.h"
#include "utils/dp/notify.h"
#include "utils/dp/priv.h"
#include "utils/dp/server.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* /run is empty after a boot. */
static void make_directory(const char *socket_path)
{
    char copy[256];

    snprintf(copy, sizeof copy, "%s", socket_path);
    (void)mkdir(dirname(copy), 0755); /* bind() says what is wrong, if anything */
}

static int serve(struct dp *dp, struct server *s, const struct dp_options *opts, struct err *err)
{
    int rc;

    make_directory(opts->socket_path);
    if ((rc = priv_hide_keys(err)) || (rc = dp_up(dp, opts, err)) ||
        (rc = server_open(s, dp, err)) || (rc = priv_drop(opts->user, err)) ||
        (rc = dp_start_workers(dp, err)))
        return rc;
    log_line(LOG_NOTICE, "dp", "ready: %s, UDP port %u, %u worker%s, control socket %s", opts->tun,
             opts->port, opts->n_workers, opts->n_workers == 1 ? "" : "s", opts->socket_path);
    notify("READY=1");
    rc = server_run(s, err);
    notify("STOPPING=1");
    return rc;
}

int main(int argc, char **argv)
{
    struct dp_options opts;
    struct err err = { 0 };
    struct dp *dp;
    struct server *s;
    int rc;

    dp_options_parse(argc, argv, &opts);
    log_set_level(opts.log_level);
    dp = mem_zalloc(sizeof *dp);
    s = mem_zalloc(sizeof *s);
    if (!dp || !s) {
        rc = err_set(&err, ERR_NOMEM, "no memory to start");
    } else {
        rc = serve(dp, s, &opts, &err);
        server_close(s);
        dp_down(dp);
    }
    if (rc)
        log_line(LOG_ERROR, "dp", "%s", err.text);
    mem_free_secret(s, sizeof *s);
    mem_free(dp);
    return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}
