/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/dp/worker.h"

#include "utils/base/log.h"
#include "utils/base/mem.h"
#include "utils/dp/demux.h"
#include "utils/dp/udp.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TUN_PKT_MAX 16384u
/* Not a power of two: packet heads would all fall on the same cache sets. */
#define TUN_STRIDE (ENGINE_HEADROOM + TUN_PKT_MAX + ENGINE_TAILROOM + 16)

struct worker_io {
    struct udp_rx_burst rx;
    struct udp_tx_burst tx;
    struct engine_worker *ew;
    struct engine_pkt pkts[ENGINE_BURST_MAX];
    size_t n_pkts;    /* inbound: gathered for the next burst */
    uint8_t *tun_mem; /* ENGINE_BURST_MAX * TUN_STRIDE */
};

static _Thread_local struct worker *this_worker;
static _Thread_local bool pushed; /* the control thread has to be woken */

bool worker_take_event(const struct nic_event *event)
{
    if (!this_worker)
        return false;
    if (ring_push(&this_worker->ring, event))
        pushed = true;
    return true;
}

static void count(_Atomic uint64_t *counter, uint64_t n)
{
    if (n)
        atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

/* --- towards the wire ------------------------------------------------------ */

static size_t read_tun(struct worker *w, struct worker_io *io)
{
    size_t n = 0;

    while (n < ENGINE_BURST_MAX) {
        uint8_t *data = io->tun_mem + n * TUN_STRIDE + ENGINE_HEADROOM;
        ssize_t len = read(w->tun_fd, data, TUN_PKT_MAX);

        if (len <= 0)
            break;
        io->pkts[n++] = (struct engine_pkt){
            .data = data,
            .len = (uint32_t)len,
            .headroom = ENGINE_HEADROOM,
            .tailroom = (uint16_t)(TUN_STRIDE - ENGINE_HEADROOM - (size_t)len),
        };
    }
    return n;
}

/* A packet that a bypass rule lets out: the raw socket has our mark, so that
 * it does not come back to the TUN device. */
static bool send_clear(int raw_fd, const struct engine_pkt *pkt)
{
    struct sockaddr_in to = { .sin_family = AF_INET };

    if (pkt->len < 20 || pkt->data[0] >> 4 != 4)
        return false;
    memcpy(&to.sin_addr, pkt->data + 16, 4);
    return sendto(raw_fd, pkt->data, pkt->len, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&to,
                  sizeof to) >= 0;
}

static bool burst_out(struct worker *w, struct worker_io *io)
{
    size_t n = read_tun(w, io), lost = 0;

    if (!n)
        return false;
    engine_out(io->ew, io->pkts, n, clock_now());
    for (size_t i = 0; i < n; i++) {
        const struct engine_pkt *pkt = &io->pkts[i];

        if (pkt->verdict == ENGINE_SEND)
            udp_queue(&io->tx, pkt);
        else if (pkt->verdict == ENGINE_BYPASS)
            lost += !send_clear(w->env->raw_fd, pkt);
    }
    lost += udp_flush(w->udp_fd, &io->tx);
    count(&w->counters.device_drops, lost);
    return true;
}

/* --- from the wire --------------------------------------------------------- */

static void deliver(struct worker *w, struct worker_io *io)
{
    uint64_t lost = 0;

    if (!io->n_pkts)
        return;
    engine_in(io->ew, io->pkts, io->n_pkts, clock_now());
    for (size_t i = 0; i < io->n_pkts; i++) {
        const struct engine_pkt *pkt = &io->pkts[i];

        if (pkt->verdict == ENGINE_DELIVER)
            lost += write(w->tun_fd, pkt->data, pkt->len) < 0;
    }
    count(&w->counters.device_drops, lost);
    io->n_pkts = 0;
}

static void take_ike(struct worker *w, const struct udp_rx *rx, const uint8_t *p, size_t len)
{
    struct nic_event ev = {
        .kind = NIC_EVENT_IKE_DATAGRAM,
        .local = rx->local,
        .remote = rx->remote,
        .data = span_of(p + DEMUX_MARKER_LEN, len - DEMUX_MARKER_LEN),
    };

    count(&w->counters.ike_rx, 1);
    worker_take_event(&ev);
}

static void take_esp(struct worker *w, struct worker_io *io, const struct udp_rx *rx, uint8_t *p,
                     size_t len)
{
    io->pkts[io->n_pkts++] = (struct engine_pkt){
        .data = p,
        .len = (uint32_t)len,
        .tos = rx->tos,
        .udp_encap = true,
        .local = rx->local,
        .remote = rx->remote,
    };
    if (io->n_pkts == ENGINE_BURST_MAX)
        deliver(w, io);
}

static void take_datagram(struct worker *w, struct worker_io *io, const struct udp_rx *rx,
                          uint8_t *p, size_t len)
{
    switch (demux_of(p, len)) {
    case DEMUX_ESP:
        take_esp(w, io, rx, p, len);
        return;
    case DEMUX_IKE:
        take_ike(w, rx, p, len);
        return;
    case DEMUX_KEEPALIVE:
        count(&w->counters.keepalive_rx, 1);
        return;
    case DEMUX_BAD:
        count(&w->counters.malformed, 1);
        return;
    }
}

static bool burst_in(struct worker *w, struct worker_io *io)
{
    size_t n = udp_recv(w->udp_fd, w->env->port, &io->rx);

    for (size_t i = 0; i < n; i++) {
        const struct udp_rx *rx = &io->rx.rx[i];

        if (rx->truncated || !rx->len) {
            count(&w->counters.malformed, 1);
            continue;
        }
        for (size_t at = 0; at < rx->len; at += rx->segment)
            take_datagram(w, io, rx, rx->data + at,
                          rx->len - at < rx->segment ? rx->len - at : rx->segment);
    }
    deliver(w, io);
    return n > 0;
}

/* --- the thread ------------------------------------------------------------ */

static void wake_control(struct worker *w)
{
    uint64_t one = 1;

    if (!pushed)
        return;
    pushed = false;
    /* Fails only when the counter is full: then the other side is awake. */
    if (write(w->env->wake_fd, &one, sizeof one) < 0)
        return;
}

static void *run(void *arg)
{
    struct worker *w = arg;
    struct worker_io *io = w->io;
    struct pollfd fds[3] = {
        { .fd = w->tun_fd, .events = POLLIN },
        { .fd = w->udp_fd, .events = POLLIN },
        { .fd = w->env->stop_fd, .events = POLLIN },
    };

    this_worker = w;
    io->ew = engine_worker_new(w->env->engine);
    if (!io->ew)
        log_line(LOG_ERROR, "dp", "no memory for a worker: it carries no packets");
    while (io->ew && !(fds[2].revents & POLLIN)) {
        bool busy = burst_in(w, io);

        busy |= burst_out(w, io);
        wake_control(w);
        engine_worker_quiet(io->ew);
        /* Under load only a glance at the stop descriptor. */
        if (!busy)
            engine_worker_sleep(io->ew);
        if (poll(fds, 3, busy ? 0 : -1) < 0)
            fds[2].revents = 0; /* EINTR */
        if (!busy)
            engine_worker_wake(io->ew);
    }
    if (io->ew)
        engine_worker_free(io->ew);
    return NULL;
}

static void free_io(struct worker *w)
{
    if (w->io) {
        udp_rx_fini(&w->io->rx);
        mem_free(w->io->tun_mem);
        mem_free(w->io);
    }
    w->io = NULL;
    ring_fini(&w->ring);
}

/* Signals belong to the control thread. */
static int start_thread(struct worker *w)
{
    sigset_t all, old;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    rc = pthread_create(&w->thread, NULL, run, w);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return rc;
}

int worker_start(struct worker *w, const struct worker_env *env, int tun_fd, int udp_fd,
                 struct err *err)
{
    int rc;

    *w = (struct worker){ .env = env, .tun_fd = tun_fd, .udp_fd = udp_fd };
    w->io = mem_zalloc(sizeof *w->io);
    if (w->io)
        w->io->tun_mem = mem_zalloc_array(ENGINE_BURST_MAX, TUN_STRIDE);
    if (!w->io || !w->io->tun_mem || udp_rx_init(&w->io->rx) || ring_init(&w->ring)) {
        free_io(w);
        return err_set(err, ERR_NOMEM, "no memory for a worker's buffers");
    }
    rc = start_thread(w);
    if (rc) {
        free_io(w);
        return err_errno(err, rc, "worker thread");
    }
    w->running = true;
    return 0;
}

void worker_join(struct worker *w)
{
    if (!w->running)
        return;
    pthread_join(w->thread, NULL);
    w->running = false;
    free_io(w);
}
