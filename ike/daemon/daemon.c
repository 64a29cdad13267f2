/* SPDX-License-Identifier: Apache-2.0 */
/* daemon: the core's five ports on sockets, event loop, SDK and key process. */
#include "ike/daemon/daemon.h"

#include "ike/core/crypto/local_port.h"
#include "utils/base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define OWNER "ipsec-offloadd"
#define ORPHAN_DRAIN (5 * NS_PER_S)
#define RECEIVE_BURST 64 /* datagrams a wake-up, so that timers get their turn */

/* --- send --- */

static void port_datagram(void *user, const struct ike_path *path, struct span data)
{
    struct daemon *d = user;
    struct err err = { 0 };
    int rc;

    if (path->local.port == IKE_NATT_PORT)
        rc = install_ike_send(d->install, path, data, &err);
    else
        rc = udp_send(&d->udp, path, data, &err);
    if (rc) /* as good as lost on the wire: the core retransmits */
        log_line(LOG_DEBUG, "net", "not sent: %s", err.text);
}

static void port_keepalive(void *user, const struct ike_path *path)
{
    struct daemon *d = user;

    install_keepalive(d->install, path);
}

/* --- timer --- */

static uint64_t ms_until(ns_time at)
{
    ns_time now = clock_now();

    return at > now ? (at - now + NS_PER_MS - 1) / NS_PER_MS : 0;
}

static void on_shard_timer(uv_timer_t *timer)
{
    struct daemon *d = timer->data;

    ike_shard_tick(d->shard, clock_now());
}

static void port_arm(void *user, ns_time at)
{
    struct daemon *d = user;

    if (at)
        uv_timer_start(&d->shard_timer, on_shard_timer, ms_until(at), 0);
    else
        uv_timer_stop(&d->shard_timer);
}

/* --- crypto: key exchanges here, secrets in the key process --- */

static void on_ke(void *user, ike_job job, int code, uint64_t handle, struct span public_value)
{
    struct daemon *d = user;

    ike_shard_answer_ke(d->shard, clock_now(), job, code, handle, public_value);
}

static void on_shared(void *user, ike_job job, int code, struct span secret)
{
    struct daemon *d = user;

    ike_shard_answer_shared(d->shard, clock_now(), job, code, secret);
}

static void on_auth(void *user, ike_job job, int code, uint8_t method, struct span auth)
{
    struct daemon *d = user;

    ike_shard_answer_auth(d->shard, clock_now(), job, code, method, auth);
}

static int no_secrets_here(void *user, const char *conn, const struct ike_id *local_id,
                           const struct ike_id *remote_id, struct secret *ret)
{
    (void)user, (void)conn, (void)local_id, (void)remote_id, (void)ret;
    return ERR_NOTFOUND;
}

static void port_sign(void *user, ike_job job, const struct ike_auth_request *req)
{
    struct daemon *d = user;

    keyproc_sign(d->keys, job, req);
}

static void port_verify(void *user, ike_job job, const struct ike_auth_request *req, uint8_t method,
                        struct span auth)
{
    struct daemon *d = user;

    keyproc_verify(d->keys, job, req, method, auth);
}

static void port_ke_generate(void *user, ike_job job, uint16_t method)
{
    struct daemon *d = user;
    struct ike_crypto_port port = ike_local_crypto_port(d->crypto);

    port.ke_generate(port.user, job, method);
}

static void port_ke_shared(void *user, ike_job job, uint64_t handle, struct span peer_public)
{
    struct daemon *d = user;
    struct ike_crypto_port port = ike_local_crypto_port(d->crypto);

    port.ke_shared(port.user, job, handle, peer_public);
}

static void port_ke_release(void *user, uint64_t handle)
{
    struct daemon *d = user;
    struct ike_crypto_port port = ike_local_crypto_port(d->crypto);

    port.ke_release(port.user, handle);
}

static int open_crypto(struct daemon *d, struct err *err)
{
    struct ike_local_crypto_opts opts = {
        .rng = rng_os,
        .secrets = { no_secrets_here, d },
        .answers = { .ke = on_ke, .shared = on_shared, .auth = on_auth, .user = d },
        .handles_max = 65536,
    };

    return ike_local_crypto_new(&opts, &d->crypto, err);
}

/* --- what the install room reports --- */

static void on_spi(void *user, ike_job job, int code, uint32_t spi)
{
    struct daemon *d = user;

    ike_shard_answer_spi(d->shard, clock_now(), job, code, spi);
}

static void on_installed(void *user, ike_job job, int code, const char *text)
{
    struct daemon *d = user;

    ike_shard_answer_install(d->shard, clock_now(), job, code, text);
}

static void on_child(void *user, uint64_t child, enum ike_child_event what)
{
    struct daemon *d = user;

    ike_shard_child_event(d->shard, clock_now(), child, what);
}

static void on_child_moved(void *user, uint64_t child, const struct ip_endpoint *remote)
{
    struct daemon *d = user;

    ike_shard_child_moved(d->shard, clock_now(), child, remote);
}

static void on_acquire(void *user, const char *label)
{
    struct daemon *d = user;
    const char *slash = strchr(label, '/');
    char conn[IKE_NAME_LEN];

    if (!slash || (size_t)(slash - label) >= sizeof conn)
        return;
    memcpy(conn, label, (size_t)(slash - label));
    conn[slash - label] = '\0';
    ike_shard_initiate(d->shard, clock_now(), conn, slash + 1, NULL, NULL);
}

static void on_natt_datagram(void *user, const struct ike_path *path, struct span data)
{
    struct daemon *d = user;

    ike_shard_receive(d->shard, clock_now(), path, data);
}

static void on_device(void *user, bool up)
{
    struct daemon *d = user;
    struct err err = { 0 };

    /* A data plane that starts again finds the rule standing; setting it anew
     * covers one that came up with another TUN name.  Before the configuration
     * is applied there is nothing to say, and what stands must stay. */
    if (up && d->n_conns && install_guard(d->install, d->conns, d->n_conns, &err))
        log_line(LOG_ERROR, "install", "drop rule: %s", err.text);
    if (up) {
        log_line(LOG_NOTICE, "install", "data plane ready");
        daemon_start_all(d);
    }
}

static void on_child_keys(void *user, const struct ike_child_install *child)
{
    struct daemon *d = user;

    if (d->keylog)
        keylog_child(d->keylog, child);
}

static void on_install_readable(uv_poll_t *poll, int status, int events);

static void on_install_timer(uv_timer_t *timer)
{
    struct daemon *d = timer->data;

    install_process(d->install, clock_now());
}

static void on_poll_closed(uv_handle_t *handle)
{
    mem_free(handle);
}

static void unwatch_install(struct daemon *d)
{
    if (d->install_poll)
        uv_close((uv_handle_t *)d->install_poll, on_poll_closed);
    d->install_poll = NULL;
    d->install_fd = -1;
}

/* The data plane's socket is another one after it went away and came back. */
static void on_poll_changed(void *user)
{
    struct daemon *d = user;
    int fd = install_fd(d->install);
    ns_time at = install_next_wakeup(d->install);

    if (at)
        uv_timer_start(&d->install_timer, on_install_timer, ms_until(at), 0);
    else
        uv_timer_stop(&d->install_timer);
    if (fd == d->install_fd)
        return;
    unwatch_install(d);
    if (fd < 0)
        return;
    d->install_poll = mem_zalloc(sizeof *d->install_poll);
    if (!d->install_poll || uv_poll_init(&d->loop, d->install_poll, fd)) {
        log_line(LOG_ERROR, "daemon", "the data plane's socket cannot be watched");
        mem_free(d->install_poll);
        d->install_poll = NULL;
        return;
    }
    d->install_fd = fd;
    d->install_poll->data = d;
    uv_poll_start(d->install_poll, UV_READABLE | UV_DISCONNECT, on_install_readable);
}

/* A call into the SDK may have queued events or moved the wake-up time; this
 * looks before each sleep of the loop. */
static void on_before_sleep(uv_prepare_t *prepare)
{
    on_poll_changed(prepare->data);
}

static void on_install_readable(uv_poll_t *poll, int status, int events)
{
    struct daemon *d = poll->data;

    (void)status, (void)events;
    install_process(d->install, clock_now());
}

/* --- what the core reports --- */

static void on_ike_changed(void *user, enum ike_change what, const struct ike_sa_info *sa,
                           const char *reason)
{
    struct daemon *d = user;
    static const char *const verbs[] = { "up", "down", "rekeyed" };
    char local[IP_TEXT_LEN], remote[IP_TEXT_LEN];

    log_line(LOG_INFO, "ike", "%s[%" PRIu64 "] %s: %s - %s%s%s",
             sa->conn ? sa->conn : "(no connection)", sa->ike, verbs[what],
             ip_endpoint_text(&sa->path.local, local), ip_endpoint_text(&sa->path.remote, remote),
             reason && *reason ? ": " : "", reason ? reason : "");
    if (d->ctl)
        ctl_ike_event(d->ctl, what, sa);
}

static void on_child_changed(void *user, enum ike_change what, const struct ike_sa_info *sa,
                             const struct ike_child_info *child, const char *reason)
{
    struct daemon *d = user;
    static const char *const verbs[] = { "up", "down", "rekeyed" };

    log_line(LOG_INFO, "ike", "%s/%s[%" PRIu64 "] %s: SPIs %08x in, %08x out%s%s",
             sa->conn ? sa->conn : "-", child->name, child->child, verbs[what], child->spi_in,
             child->spi_out, reason && *reason ? ": " : "", reason ? reason : "");
    if (d->ctl)
        ctl_child_event(d->ctl, what, sa, child);
}

static void on_ike_keys(void *user, const struct ike_keylog *keys)
{
    struct daemon *d = user;

    if (d->keylog)
        keylog_ike(d->keylog, keys);
}

static void on_core_log(void *user, int level, bool peer_caused, const char *text)
{
    static struct log_limit limit = LOG_LIMIT_INIT(20, 2);
    uint64_t held_back = 0;

    (void)user;
    if (!log_enabled((enum log_level)level))
        return;
    if (peer_caused && !log_limit_pass(&limit, clock_now(), &held_back))
        return;
    if (held_back)
        log_line(LOG_NOTICE, "ike", "%" PRIu64 " lines about peers were held back", held_back);
    log_line((enum log_level)level, "ike", "%s", text);
}

/* --- sockets --- */

static void on_udp(uv_poll_t *poll, int status, int events)
{
    struct daemon *d = poll->data;
    uint8_t buf[IKE_MESSAGE_MAX];
    uv_os_fd_t fd;
    size_t len;

    (void)status, (void)events;
    if (uv_fileno((uv_handle_t *)poll, &fd))
        return;
    for (int i = 0; i < RECEIVE_BURST; i++) {
        struct ike_path path = { 0 };

        if (!udp_receive(&d->udp, fd, buf, sizeof buf, &len, &path))
            return;
        ike_shard_receive(d->shard, clock_now(), &path, span_of(buf, len));
    }
}

static void on_keys(uv_poll_t *poll, int status, int events)
{
    struct daemon *d = poll->data;
    struct err err = { 0 };

    (void)status, (void)events;
    if (keyproc_process(d->keys, &err) == ERR_DEVICE) {
        /* Without keys nothing can be set up; what carries traffic goes on in
         * the data plane, and whoever supervises us starts us again. */
        log_line(LOG_ERROR, "keys", "%s", err.text);
        uv_poll_stop(&d->keys_poll);
        d->exit_code = 1;
        uv_stop(&d->loop);
    }
}

static int watch(struct daemon *d, uv_poll_t *poll, int fd, uv_poll_cb cb, struct err *err)
{
    int rc = uv_poll_init(&d->loop, poll, fd);

    poll->data = d;
    if (!rc)
        rc = uv_poll_start(poll, UV_READABLE, cb);
    return rc ? err_set(err, ERR_IO, "event loop: %s", uv_strerror(rc)) : 0;
}

static int open_sockets(struct daemon *d, struct err *err)
{
    int rc = udp_open(&d->udp, IKE_PORT, err);

    if (!rc)
        rc = watch(d, &d->udp4_poll, d->udp.fd4, on_udp, err);
    if (!rc && d->udp.fd6 >= 0)
        rc = watch(d, &d->udp6_poll, d->udp.fd6, on_udp, err);
    if (!rc)
        rc = watch(d, &d->keys_poll, keyproc_fd(d->keys), on_keys, err);
    return rc;
}

static int open_install(struct daemon *d, const char *device, struct err *err)
{
    struct install_opts opts = {
        .device = device,
        .owner = OWNER,
        .want_keys = d->keylog != NULL,
        .drain_time = ORPHAN_DRAIN,
        .events = { .spi = on_spi,
                    .installed = on_installed,
                    .child = on_child,
                    .child_moved = on_child_moved,
                    .acquire = on_acquire,
                    .ike_datagram = on_natt_datagram,
                    .device = on_device,
                    .keys = on_child_keys,
                    .poll_changed = on_poll_changed,
                    .user = d },
    };

    return install_new(&opts, &d->install, err);
}

static int open_shard(struct daemon *d, const struct ike_settings *settings, struct err *err)
{
    struct ike_shard_opts opts = {
        .index = 0,
        .settings = *settings,
        .ports = {
            .send = { port_datagram, port_keepalive, d },
            .timer = { port_arm, d },
            .rng = rng_os,
            .install = install_port(d->install),
            .crypto = { .ke_generate = port_ke_generate, .ke_shared = port_ke_shared, .ke_release = port_ke_release,
                        .auth_sign = port_sign, .auth_verify = port_verify, .user = d },
        },
        .observer = { .ike_changed = on_ike_changed, .child_changed = on_child_changed,
                      .keys = d->keylog ? on_ike_keys : NULL, .log = on_core_log, .user = d },
    };

    return ike_shard_new(&opts, &d->shard, err);
}

int daemon_open(struct daemon *d, const char *device, const struct ike_settings *settings,
                struct err *err)
{
    struct keyproc_answers answers = { on_auth, d };
    int rc;

    d->started = clock_now();
    d->udp.fd4 = d->udp.fd6 = -1;
    d->install_fd = -1;
    uv_timer_init(&d->loop, &d->shard_timer);
    uv_timer_init(&d->loop, &d->install_timer);
    d->shard_timer.data = d->install_timer.data = d;
    keyproc_on_answer(d->keys, &answers);
    rc = open_crypto(d, err);
    if (!rc)
        rc = open_install(d, device, err);
    if (!rc)
        rc = open_shard(d, settings, err);
    if (!rc)
        rc = open_sockets(d, err);
    if (!rc) {
        install_process(d->install, clock_now());
        uv_prepare_init(&d->loop, &d->before_sleep);
        d->before_sleep.data = d;
        uv_prepare_start(&d->before_sleep, on_before_sleep);
    }
    return rc;
}

void daemon_close(struct daemon *d)
{
    ctl_close(d->ctl);
    d->ctl = NULL;
    uv_prepare_stop(&d->before_sleep);
    unwatch_install(d);
    ike_shard_free(d->shard);
    install_free(d->install);
    ike_local_crypto_free(d->crypto);
    udp_close(&d->udp);
    keylog_close(d->keylog);
    for (size_t i = 0; i < d->n_conns; i++)
        ike_conn_unref(d->conns[i]);
    mem_free(d->conns);
}

static void on_all_down(void *user, int code, const char *text)
{
    struct daemon *d = user;

    (void)code, (void)text;
    uv_stop(&d->loop);
}

void daemon_stop(struct daemon *d, int exit_code)
{
    d->exit_code = exit_code;
    if (d->stopping) { /* asked twice: do not wait for peers */
        uv_stop(&d->loop);
        return;
    }
    d->stopping = true;
    log_line(LOG_NOTICE, "daemon", "stopping: telling the peers");
    ike_shard_shutdown(d->shard, clock_now(), on_all_down, d);
}
