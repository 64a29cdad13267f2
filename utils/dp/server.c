/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/dp/server.h"

#include "utils/base/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_BUF (1 << 20)
#define REQUESTS_A_TURN 8 /* of one client, before another is served */
#define EVENTS_A_TURN 512
#define TICK (100 * NS_PER_MS)
#define TICKS_WITHOUT_SAS 20 /* until memory of deleted SAs is surely given back */

/* What an epoll entry stands for, beside the clients. */
enum source { SRC_LISTEN = SERVER_CLIENTS_MAX, SRC_SIGNAL, SRC_TIMER, SRC_WAKE };

static int watch(struct server *s, int op, int fd, uint64_t source, uint32_t events)
{
    struct epoll_event ev = { .events = events, .data.u64 = source };

    return epoll_ctl(s->epoll_fd, op, fd, &ev);
}

static uint64_t source_of(const struct server *s, const struct client *c)
{
    return (uint64_t)(c - s->clients);
}

/* --- clients and the lease ------------------------------------------------- */

static void put_away(struct server *s, struct client *c)
{
    if (c == s->holder) {
        s->holder = NULL;
        spi_release_all(&s->spis);
        log_line(LOG_NOTICE, "dp", "%s (pid %d) left the lease: %zu SAs and %zu rules stay",
                 c->owner, (int)c->pid, s->n_sas, s->n_rules);
    }
    if (c->events_lost)
        log_line(LOG_WARN, "dp", "%s was too slow for %llu events", c->owner,
                 (unsigned long long)c->events_lost);
    client_fini(c);
}

bool server_lease_free(struct server *s)
{
    uint8_t byte;

    /* A killed holder's end of file may stand behind this request in the queue
     * of epoll: its successor shall not be refused for that. */
    if (s->holder && recv(s->holder->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
        put_away(s, s->holder);
    return !s->holder;
}

/* At most one line a second, however many knock. */
static void refuse(struct server *s, int fd, const char *why, unsigned long n)
{
    ns_time now = clock_now();

    close(fd);
    s->n_refused++;
    if (now < s->next_refusal)
        return;
    log_line(LOG_WARN, "dp", "control socket: %s %lu (%llu refused so far)", why, n,
             (unsigned long long)s->n_refused);
    s->next_refusal = now + NS_PER_S;
}

static void accept_client(struct server *s)
{
    struct ucred cred = { 0 };
    socklen_t len = sizeof cred;
    int size = SOCKET_BUF;
    int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0)
        return;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0 ||
        (cred.uid != 0 && cred.uid != geteuid())) {
        refuse(s, fd, "not for user", cred.uid);
        return;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size); /* best effort */
    for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
        if (s->clients[i].fd >= 0)
            continue;
        client_init(&s->clients[i], fd, cred.pid);
        if (watch(s, EPOLL_CTL_ADD, fd, i, EPOLLIN))
            client_fini(&s->clients[i]);
        return;
    }
    refuse(s, fd, "clients are limited to", SERVER_CLIENTS_MAX);
}

/* One record; false once nothing more is there or the client is gone. */
static bool read_request(struct server *s, struct client *c)
{
    ssize_t n = recv(c->fd, s->rx, sizeof s->rx, MSG_DONTWAIT | MSG_TRUNC);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n <= 0 || (size_t)n > sizeof s->rx) {
        mem_wipe(s->rx, sizeof s->rx);
        c->broken = true;
        return false;
    }
    session_request(s, c, span_of(s->rx, (size_t)n));
    mem_wipe(s->rx, (size_t)n); /* may hold keys */
    return !c->broken && !client_waits(c);
}

static void serve_client(struct server *s, struct client *c, uint32_t events)
{
    if (c->fd < 0)
        return; /* put away earlier in this turn */
    if (events & EPOLLOUT)
        client_flush(c);
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR) && !client_waits(c))
        for (int i = 0; i < REQUESTS_A_TURN && read_request(s, c); i++)
            ;
    if (events & (EPOLLHUP | EPOLLERR) && client_waits(c))
        c->broken = true; /* gone, and will never take what waits */
    if (c->broken)
        put_away(s, c);
}

/* A client for whom something waits is watched for room, not for requests. */
static void watch_clients(struct server *s)
{
    for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
        struct client *c = &s->clients[i];

        if (c->fd >= 0 && c->broken)
            put_away(s, c);
        else if (c->fd >= 0)
            (void)watch(s, EPOLL_CTL_MOD, c->fd, source_of(s, c),
                        client_waits(c) ? EPOLLOUT : EPOLLIN);
    }
}

/* --- events and time ------------------------------------------------------- */

static void on_event(void *user, const struct nic_event *ev)
{
    session_event(user, ev);
}

static void drain_rings(struct server *s)
{
    uint64_t n;
    unsigned left = EVENTS_A_TURN;
    const struct nic_event *ev = NULL;

    if (read(s->dp->env.wake_fd, &n, sizeof n) < 0)
        return; /* another wake-up has emptied them */
    for (unsigned i = 0; i < s->dp->n_workers; i++)
        while (left && (ev = ring_peek(&s->dp->workers[i].ring))) {
            session_event(s, ev);
            ring_pop(&s->dp->workers[i].ring);
            left--;
        }
    n = 1;
    if (!left && write(s->dp->env.wake_fd, &n, sizeof n) < 0) /* go on next turn */
        log_line(LOG_ERROR, "dp", "eventfd: %s", strerror(errno));
}

static void set_timer(struct server *s, ns_time interval)
{
    struct timespec ts = { .tv_nsec = (long)interval };
    struct itimerspec its = { ts, ts };

    timerfd_settime(s->timer_fd, 0, &its, NULL);
    s->ticking = interval > 0;
    s->idle_ticks = 0;
}

void server_tick_on(struct server *s)
{
    if (!s->ticking)
        set_timer(s, TICK);
}

static void tick(struct server *s)
{
    uint64_t n;

    if (read(s->timer_fd, &n, sizeof n) < 0)
        return;
    engine_tick(s->dp->engine, clock_now());
    s->idle_ticks = s->n_sas ? 0 : s->idle_ticks + 1;
    if (s->idle_ticks > TICKS_WITHOUT_SAS)
        set_timer(s, 0); /* nothing to watch: sleep until the next batch */
}

/* --- life ------------------------------------------------------------------ */

static int make_socket(struct server *s, struct err *err)
{
    struct sockaddr_un sun = { .sun_family = AF_UNIX };
    mode_t old;
    int rc;

    if (strlen(s->path) >= sizeof sun.sun_path)
        return err_set(err, ERR_INVALID, "--socket: the path is longer than %zu bytes",
                       sizeof sun.sun_path - 1);
    snprintf(sun.sun_path, sizeof sun.sun_path, "%s", s->path);
    s->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->listen_fd < 0)
        return err_errno(err, errno, "control socket");
    if (!connect(s->listen_fd, (struct sockaddr *)&sun, sizeof sun))
        return err_set(err, ERR_BUSY, "control socket %s: another data plane is running", s->path);
    unlink(s->path); /* left behind by one that was killed, or nothing */
    old = umask(0177);
    rc = bind(s->listen_fd, (struct sockaddr *)&sun, sizeof sun);
    umask(old);
    if (rc < 0 || listen(s->listen_fd, SERVER_CLIENTS_MAX) < 0) {
        rc = err_errno(err, errno, "control socket %s", s->path);
        close(s->listen_fd);
        s->listen_fd = -1; /* not ours to remove */
        return rc;
    }
    return 0;
}

int server_open(struct server *s, struct dp *dp, struct err *err)
{
    sigset_t set;
    int rc;

    memset(s, 0, sizeof *s);
    s->dp = dp;
    s->path = dp->opts.socket_path;
    s->epoll_fd = s->listen_fd = s->signal_fd = s->timer_fd = -1;
    for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++)
        s->clients[i].fd = -1;
    rng_fill(&rng_os, &s->instance, sizeof s->instance);
    rc = make_socket(s, err);
    if (rc)
        return rc;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    s->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (s->signal_fd < 0 || s->timer_fd < 0 || s->epoll_fd < 0 ||
        watch(s, EPOLL_CTL_ADD, s->listen_fd, SRC_LISTEN, EPOLLIN) ||
        watch(s, EPOLL_CTL_ADD, s->signal_fd, SRC_SIGNAL, EPOLLIN) ||
        watch(s, EPOLL_CTL_ADD, s->timer_fd, SRC_TIMER, EPOLLIN) ||
        watch(s, EPOLL_CTL_ADD, dp->env.wake_fd, SRC_WAKE, EPOLLIN))
        return err_errno(err, errno, "event loop");
    dp->on_event = on_event;
    dp->event_user = s;
    return 0;
}

/* False once a signal asks for the end. */
static bool serve(struct server *s, const struct epoll_event *ev)
{
    switch (ev->data.u64) {
    case SRC_LISTEN:
        accept_client(s);
        return true;
    case SRC_SIGNAL:
        return false;
    case SRC_TIMER:
        tick(s);
        return true;
    case SRC_WAKE:
        drain_rings(s);
        return true;
    default:
        serve_client(s, &s->clients[ev->data.u64], ev->events);
        return true;
    }
}

int server_run(struct server *s, struct err *err)
{
    for (;;) {
        struct epoll_event events[SERVER_CLIENTS_MAX + 4];
        int n = epoll_wait(s->epoll_fd, events, SERVER_CLIENTS_MAX + 4, -1);

        if (n < 0 && errno != EINTR)
            return err_errno(err, errno, "event loop");
        for (int i = 0; i < n; i++)
            if (!serve(s, &events[i]))
                return 0;
        watch_clients(s);
    }
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

void server_close(struct server *s)
{
    if (!s->dp)
        return; /* never opened */
    for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++)
        if (s->clients[i].fd >= 0)
            put_away(s, &s->clients[i]);
    if (s->listen_fd >= 0 && s->epoll_fd >= 0)
        unlink(s->path);
    close_fd(s->listen_fd);
    close_fd(s->signal_fd);
    close_fd(s->timer_fd);
    close_fd(s->epoll_fd);
    s->dp->on_event = NULL;
}
