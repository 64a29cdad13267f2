/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox.c: what works afterwards and what ends the process. */
#include "ike/daemon/sandbox.h"

#include "ike/daemon/udp.h"
#include "tests/lib/cmocka.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int pair[2];

static int try_allowed(void)
{
    char buf[64];
    void *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

    if (p == MAP_FAILED || fd < 0 || read(fd, buf, sizeof buf) <= 0 || close(fd))
        return 1;
    if (send(pair[0], "x", 1, MSG_NOSIGNAL) != 1 ||
        recv(pair[0], buf, sizeof buf, MSG_DONTWAIT) >= 0)
        return 2;
    return 0;
}

static int try_socket(void)
{
    return socket(AF_INET, SOCK_DGRAM, 0);
}

static int try_execve(void)
{
    char *const argv[] = { (char *)(uintptr_t) "true", NULL };

    return execve("/bin/true", argv, argv + 1);
}

static int try_fork(void)
{
    return (int)syscall(SYS_fork);
}

static int try_clone(void)
{
    return (int)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

static int try_write_file(void)
{
    return open("/tmp/ioff-sandbox-test", O_WRONLY | O_CREAT, 0600);
}

static int try_create(void)
{
    return open("/tmp/ioff-sandbox-test", O_RDONLY | O_CREAT, 0600);
}

static int try_write_to_another_fd(void)
{
    return (int)write(pair[0], "x", 1);
}

static int try_executable_memory(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
           MAP_FAILED;
}

static int try_ptrace(void)
{
    return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int try_kill(void)
{
    return kill(getppid(), 0);
}

/* Status of a process that enters the key process's sandbox and does `what`. */
static int status_of(int (*what)(void))
{
    pid_t pid;
    int status = 0;

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (sandbox_keys(NULL))
            _exit(99);
        what();
        _exit(what == try_allowed ? what() : 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(pair[0]);
    close(pair[1]);
    return status;
}

static void the_key_process_can_do_its_work(void **state)
{
    int status = status_of(try_allowed);

    (void)state;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void the_key_process_can_do_nothing_else(void **state)
{
    static int (*const tries[])(void) = {
        try_socket, try_execve,
        try_fork,   try_clone,
        try_create, try_write_file,
        try_kill,   try_write_to_another_fd,
        try_ptrace, try_executable_memory,
    };

    (void)state;
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        int status = status_of(tries[i]);

        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
            fail_msg("try %zu: status %x", i, (unsigned)status);
    }
    assert_int_equal(access("/tmp/ioff-sandbox-test", F_OK), -1);
}

/* In the child: 0, or the number of the line that went wrong. */
static int network_steps(void)
{
    int mark = UDP_SOCKET_MARK, fd;

    if (sandbox_network(NULL))
        return 1;
    fd = socket(AF_INET, SOCK_DGRAM, 0); /* as udp_source_address() on a reload */
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark))
        return 2;
    close(fd);
    fd = open("/etc/shadow", O_RDONLY | O_NOFOLLOW); /* root's, like the configuration */
    if (fd < 0)
        return 3;
    close(fd);
    fd = socket(AF_INET, SOCK_RAW, IPPROTO_UDP); /* CAP_NET_RAW */
    if (fd >= 0 || errno != EPERM)
        return 4;
    if (setuid(65534) == 0 && seteuid(0) == 0) /* CAP_SETUID */
        return 5;
    if (chroot("/") == 0) /* CAP_SYS_CHROOT */
        return 6;
    return 0;
}

static void the_network_process_keeps_net_admin_alone(void **state)
{
    int status = 0;
    pid_t pid;

    (void)state;
    if (geteuid() != 0)
        skip();
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(network_steps());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_process_can_do_its_work),
        cmocka_unit_test(the_key_process_can_do_nothing_else),
        cmocka_unit_test(the_network_process_keeps_net_admin_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
