/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipsec-offloadd: the IKEv2 daemon.
 *
 * Order of the start: the key process first, while nothing is open that it
 * must not have; then the configuration, read whole; then the drop rule, before
 * a single packet of IKE; the control socket last, so that whoever can connect
 * finds a daemon that works; then privileges go that only a start needs.
 */
#include "ike/config/config.h"
#include "ike/daemon/daemon.h"
#include "ike/daemon/sandbox.h"
#include "utils/base/log.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#define EXIT_CONFIG 2

static void on_stop_signal(uv_signal_t *signal, int number)
{
    (void)number;
    daemon_stop(signal->data, EXIT_SUCCESS);
}

static void on_hup_signal(uv_signal_t *signal, int number)
{
    struct daemon *d = signal->data;
    struct err err = { 0 };

    (void)number;
    sd_notify(0, "RELOADING=1");
    if (daemon_reload(d, &err))
        log_line(LOG_ERROR, "config", "reload refused, the running configuration stays: %s",
                 err.text);
    sd_notify(0, "READY=1");
}

static void watch_signals(struct daemon *d)
{
    uv_signal_t *const handles[] = { &d->on_term, &d->on_int, &d->on_hup };
    const int numbers[] = { SIGTERM, SIGINT, SIGHUP };

    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < 3; i++) {
        uv_signal_init(&d->loop, handles[i]);
        handles[i]->data = d;
        uv_signal_start(handles[i], numbers[i] == SIGHUP ? on_hup_signal : on_stop_signal,
                        numbers[i]);
    }
}

/* /run is empty after a boot. */
static void make_parent_dir(const char *path)
{
    char dir[CONFIG_PATH_LEN];
    char *slash;

    snprintf(dir, sizeof dir, "%s", path);
    slash = strrchr(dir, '/');
    if (!slash || slash == dir)
        return;
    *slash = '\0';
    (void)mkdir(dir, 0755); /* binding the socket says what is wrong */
}

static int start(struct daemon *d, const struct ike_config *config, struct err *err)
{
    struct ike_settings settings = {
        .retransmit_first = config->daemon.retransmit_timeout,
        .retransmit_tries = config->daemon.retransmit_tries,
    };
    const char *device = d->options.device ? d->options.device : config->daemon.data_plane;
    const char *socket =
        d->options.control_socket ? d->options.control_socket : config->daemon.control_socket;
    int rc = 0;

    if (d->options.key_log) {
        rc = keylog_open(d->options.key_log, &d->keylog, err);
        if (!rc)
            log_line(LOG_WARN, "keylog",
                     "session keys are written to %s: whoever reads them reads all traffic",
                     d->options.key_log);
    }
    if (!rc)
        rc = daemon_open(d, device, &settings, err);
    /* Without a file nobody has said yet what is protected: what an earlier run
     * closed stays closed until connections come by the control socket. */
    if (!rc && d->options.config)
        rc = daemon_apply_config(d, config, err);
    if (!rc) {
        make_parent_dir(socket);
        rc = ctl_open(d, socket, &d->ctl, err);
    }
    return rc ? rc : sandbox_network(err);
}

static int read_settings(struct daemon *d, struct ike_config **ret, struct err *err)
{
    int rc;

    if (d->options.config) {
        rc = daemon_read_config(d->options.config, ret, err);
    } else {
        *ret = mem_zalloc(sizeof **ret);
        rc = *ret ? 0 : err_set(err, ERR_NOMEM, "no memory");
        if (!rc)
            config_daemon_init(&(*ret)->daemon);
    }
    if (!rc)
        log_set_level(d->options.log_level >= 0 ? (enum log_level)d->options.log_level
                                                : (*ret)->daemon.log_level);
    return rc;
}

static void close_handle(uv_handle_t *handle, void *user)
{
    (void)user;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void stop(struct daemon *d)
{
    daemon_close(d);
    uv_walk(&d->loop, close_handle, NULL);
    uv_run(&d->loop, UV_RUN_DEFAULT); /* lets the closing callbacks run */
    uv_loop_close(&d->loop);
    keyproc_stop(d->keys);
}

int main(int argc, char **argv)
{
    static struct daemon d = { .udp = { .fd4 = -1, .fd6 = -1 } };
    struct ike_config *config = NULL;
    struct err err = { 0 };
    int rc;

    daemon_options_parse(argc, argv, &d.options);
    prctl(PR_SET_DUMPABLE, 0); /* IKE and ESP keys pass through this memory */
    rc = keyproc_start(&d.keys, &err);
    if (!rc)
        rc = read_settings(&d, &config, &err);
    if (rc) {
        log_line(LOG_ERROR, "daemon", "%s", err.text);
        keyproc_stop(d.keys);
        return EXIT_CONFIG;
    }
    uv_loop_init(&d.loop);
    watch_signals(&d);
    rc = start(&d, config, &err);
    config_free(config);
    if (rc) {
        log_line(LOG_ERROR, "daemon", "not started: %s", err.text);
        d.exit_code = EXIT_FAILURE;
    } else {
        log_line(LOG_NOTICE, "daemon", "ready: %zu connections", d.n_conns);
        sd_notify(0, "READY=1");
        uv_run(&d.loop, UV_RUN_DEFAULT);
        sd_notify(0, "STOPPING=1");
    }
    stop(&d);
    return d.exit_code;
}
