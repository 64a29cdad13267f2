/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/dp/priv.h"

#include "utils/base/log.h"

#include <cap-ng.h>
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

int priv_hide_keys(struct err *err)
{
    struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };

    if (prctl(PR_SET_DUMPABLE, 0) < 0)
        return err_errno(err, errno, "PR_SET_DUMPABLE");
    /* With a limit left, an allocation after the drop of privileges would fail
     * on it: then rather no locking. */
    if (setrlimit(RLIMIT_MEMLOCK, &none) < 0 ||
        mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0)
        log_line(LOG_WARN, "dp", "memory is not locked, keys may reach swap: %s", strerror(errno));
    return 0;
}

int priv_drop(const char *user, struct err *err)
{
    struct passwd *pw = NULL;
    int rc;

    errno = 0;
    if (user && !(pw = getpwnam(user)))
        return err_set(err, ERR_NOTFOUND, "--user %s: no such user", user);
    if (!pw && geteuid() != 0)
        return 0; /* started without privileges, or with just the ones we need */
    capng_clear(CAPNG_SELECT_BOTH);
    if (capng_updatev(CAPNG_ADD, (capng_type_t)(CAPNG_EFFECTIVE | CAPNG_PERMITTED), CAP_NET_ADMIN,
                      CAP_NET_RAW, -1))
        return err_set(err, ERR_PERM, "capabilities: cannot be computed");
    rc = pw ? capng_change_id((int)pw->pw_uid, (int)pw->pw_gid,
                              (capng_flags_t)(CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING))
            : capng_apply(CAPNG_SELECT_BOTH);
    if (rc)
        return err_set(err, ERR_PERM, "capabilities: dropping them failed (step %d)", -rc);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return err_errno(err, errno, "PR_SET_NO_NEW_PRIVS");
    prctl(PR_SET_DUMPABLE, 0); /* changing the user turned it on again */
    return 0;
}
