/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/daemon/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

static int keep_capabilities(const unsigned *keep, size_t n, struct err *err)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return err_errno(err, errno, "sandbox: no_new_privs");
    /* The bounding set can stay: with no_new_privs nothing is gained from it,
     * and changing it takes a capability that a service need not have. */
    capng_clear(CAPNG_SELECT_CAPS);
    for (size_t i = 0; i < n; i++)
        capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, keep[i]);
    if (capng_apply(CAPNG_SELECT_CAPS))
        return err_set(err, ERR_PERM, "sandbox: capabilities cannot be dropped");
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
        return err_errno(err, errno, "sandbox: ambient capabilities");
    return 0;
}

int sandbox_network(struct err *err)
{
    static const unsigned keep[] = { CAP_NET_ADMIN };

    capng_get_caps_process();
    /* Started by an ordinary user (tests): what is not there cannot be kept. */
    return keep_capabilities(keep, capng_have_capability(CAPNG_PERMITTED, CAP_NET_ADMIN) ? 1 : 0,
                             err);
}

struct rule {
    int syscall;
    unsigned n_args;
    struct scmp_arg_cmp arg;
};
#define ANY(name)                                                                                  \
    {                                                                                              \
        SCMP_SYS(name), 0,                                                                         \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }
/* Argument `n` must have none of the bits of `mask`. */
#define WITHOUT(name, n, mask)                                                                     \
    {                                                                                              \
        SCMP_SYS(name), 1,                                                                         \
        {                                                                                          \
            n, SCMP_CMP_MASKED_EQ, mask, 0                                                         \
        }                                                                                          \
    }
#define EXACTLY(name, n, value)                                                                    \
    {                                                                                              \
        SCMP_SYS(name), 1,                                                                         \
        {                                                                                          \
            n, SCMP_CMP_EQ, value, 0                                                               \
        }                                                                                          \
    }

static const struct rule key_process_rules[] = {
    /* requests and answers */
    ANY(recvfrom),
    ANY(recvmsg),
    ANY(sendto),
    ANY(sendmsg),
    ANY(poll),
    ANY(ppoll),
    ANY(restart_syscall),
    /* secret files, OpenSSL's configuration: to read, never to write */
    WITHOUT(openat, 2, O_ACCMODE | O_CREAT | O_TRUNC),
    WITHOUT(open, 1, O_ACCMODE | O_CREAT | O_TRUNC),
    ANY(read),
    ANY(fstat),
    ANY(newfstatat),
    ANY(close),
    ANY(geteuid),
    /* log lines */
    EXACTLY(write, 0, STDERR_FILENO),
    EXACTLY(writev, 0, STDERR_FILENO),
    /* memory, none of it executable */
    ANY(brk),
    ANY(munmap),
    ANY(mremap),
    ANY(madvise),
    WITHOUT(mmap, 2, PROT_EXEC),
    WITHOUT(mprotect, 2, PROT_EXEC),
    ANY(futex),
    /* randomness, time, the end */
    ANY(getrandom),
    ANY(clock_gettime),
    ANY(gettimeofday),
    ANY(getpid),
    ANY(gettid),
    ANY(rt_sigprocmask),
    ANY(rt_sigreturn),
    ANY(sigaltstack),
    ANY(exit),
    ANY(exit_group),
};

int sandbox_keys(struct err *err)
{
    scmp_filter_ctx filter;
    int rc = keep_capabilities(NULL, 0, err);

    if (rc)
        return rc;
    filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!filter)
        return err_set(err, ERR_NOMEM, "sandbox: no memory for the list of system calls");
    for (size_t i = 0; i < sizeof key_process_rules / sizeof key_process_rules[0] && !rc; i++) {
        const struct rule *rule = &key_process_rules[i];

        rc =
            seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, rule->syscall, rule->n_args, &rule->arg);
    }
    if (!rc)
        rc = seccomp_load(filter);
    seccomp_release(filter);
    return rc ? err_set(err, ERR_IO, "sandbox: system calls cannot be limited: %s", strerror(-rc))
              : 0;
}
