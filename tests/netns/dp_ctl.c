/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dp_ctl: installs SAs by hand through the SDK, for the namespace scenarios.
 * It stands where the daemon stands, without IKE.
 *
 *   dp_ctl SOCKET guard LOCAL-TS REMOTE-TS
 *   dp_ctl SOCKET unguard
 *   dp_ctl SOCKET up LOCAL REMOTE LOCAL-TS REMOTE-TS SPI-IN SPI-OUT KEY-IN KEY-OUT
 *          sets the guard, then inbound SA, outbound SA and rule in one batch;
 *          KEY is 40 hex digits: 16 bytes key, 4 bytes salt
 *   dp_ctl SOCKET hold        takes the lease, says "held GENERATION", keeps it
 *   dp_ctl SOCKET watch       the same, and prints events until it is killed
 *   dp_ctl SOCKET list        as a monitor: SAs, rules, counters
 *   dp_ctl SOCKET clear       deletes all rules and SAs it finds
 *   dp_ctl SOCKET ike REMOTE TEXT   sends TEXT as an IKE message
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ipsec_offload/sa.h>

#include "utils/base/bytes.h"
#include "utils/base/ip.h"

static struct ioff_device *dev;

static void die(const char *what, const struct ioff_error *e)
{
    fprintf(stderr, "dp_ctl: %s: %s: %s\n", what, ioff_error_name(e->code), e->text);
    exit(1);
}

static void usage(const char *what)
{
    fprintf(stderr, "dp_ctl: %s\n", what);
    exit(2);
}

static struct ioff_addr addr_of(const struct ip_addr *a)
{
    struct ioff_addr r = { .family = a->family };

    memcpy(r.b, a->b, sizeof r.b);
    return r;
}

static struct ioff_endpoint endpoint(const char *text)
{
    struct ip_addr a;

    if (ip_addr_parse(text, &a))
        usage("an address is needed");
    return (struct ioff_endpoint){ addr_of(&a), 4500 };
}

static struct ioff_selector selector(const char *local, const char *remote)
{
    struct ip_range l, r;

    if (ip_range_parse(local, &l) || ip_range_parse(remote, &r))
        usage("a prefix or range is needed");
    return (struct ioff_selector){
        .local_lo = addr_of(&l.lo),
        .local_hi = addr_of(&l.hi),
        .remote_lo = addr_of(&r.lo),
        .remote_hi = addr_of(&r.hi),
        .local_port_hi = UINT16_MAX,
        .remote_port_hi = UINT16_MAX,
    };
}

static void open_device(const char *path, bool monitor)
{
    struct ioff_device_opts opts = { .size = sizeof opts, .owner = "dp_ctl", .monitor = monitor };
    struct ioff_error e = { 0 };
    char spec[256];

    snprintf(spec, sizeof spec, "soft:%s", path);
    if (ioff_device_open(spec, &opts, &dev, &e))
        die("open", &e);
}

static void set_guard(const char *local, const char *remote)
{
    struct ioff_guard_entry entry = { .label = "dp_ctl" };
    struct ioff_error e = { 0 };

    entry.selector = selector(local, remote);
    if (ioff_guard_set(dev, &entry, 1, &e))
        die("guard", &e);
}

static void add_sa(struct ioff_batch *batch, char **a, enum ioff_dir dir, struct ioff_sa **ret)
{
    struct ioff_selector sel = selector(a[2], a[3]);
    struct ioff_sa_opts opts = IOFF_SA_OPTS_INIT;
    struct ioff_error e = { 0 };
    uint8_t key[20];

    if (!hex_decode(key, sizeof key, a[dir == IOFF_DIR_IN ? 6 : 7]))
        usage("a key has 40 hex digits");
    opts.dir = dir;
    opts.proto = IOFF_PROTO_ESP;
    opts.mode = IOFF_MODE_TUNNEL;
    opts.alg = IOFF_ALG_AES_GCM_128_ICV16;
    opts.spi = (uint32_t)strtoul(a[dir == IOFF_DIR_IN ? 4 : 5], NULL, 0);
    opts.key = key;
    opts.key_len = 16;
    opts.salt = key + 16;
    opts.salt_len = 4;
    opts.esn = true;
    opts.replay_window = dir == IOFF_DIR_IN ? 1024 : 0;
    opts.udp_encap = true;
    opts.local = endpoint(a[0]);
    opts.remote = endpoint(a[1]);
    opts.label = "manual";
    opts.selectors = &sel;
    opts.num_selectors = 1;
    if (ioff_batch_sa_add(batch, &opts, ret, &e))
        die(dir == IOFF_DIR_IN ? "inbound SA" : "outbound SA", &e);
}

static void up(char **a)
{
    struct ioff_batch *batch = ioff_batch_new(dev);
    struct ioff_rule_opts rule = IOFF_RULE_OPTS_INIT;
    struct ioff_sa *in, *out;
    struct ioff_rule *r;
    struct ioff_error e = { 0 };

    set_guard(a[2], a[3]);
    add_sa(batch, a, IOFF_DIR_IN, &in);
    add_sa(batch, a, IOFF_DIR_OUT, &out);
    rule.action = IOFF_ACTION_PROTECT;
    rule.selector = selector(a[2], a[3]);
    rule.label = "manual";
    if (ioff_batch_rule_add(batch, &rule, out, &r, &e))
        die("rule", &e);
    if (ioff_batch_run(batch, &e))
        die("install", &e);
    printf("installed %llu %llu %llu generation %u\n", (unsigned long long)ioff_sa_id(in),
           (unsigned long long)ioff_sa_id(out), (unsigned long long)ioff_rule_id(r),
           ioff_device_generation(dev));
}

static int print_sa(void *user, const struct ioff_sa_info *i)
{
    (void)user;
    printf("sa %llu %s spi 0x%08x owner %s generation %u state %d packets %llu bytes %llu seq %llu "
           "engine %s drops",
           (unsigned long long)i->id, i->dir == IOFF_DIR_IN ? "in" : "out", i->spi, i->owner,
           i->generation, (int)i->state, (unsigned long long)i->packets,
           (unsigned long long)i->bytes, (unsigned long long)i->seq, i->engine);
    for (unsigned k = 0; k < IOFF_DROP_CAUSES; k++)
        printf(" %s=%llu", ioff_drop_name(k), (unsigned long long)i->drops[k]);
    printf("\n");
    return 0;
}

static int print_rule(void *user, const struct ioff_rule_info *i)
{
    (void)user;
    printf("rule %llu sa %llu action %d generation %u\n", (unsigned long long)i->id,
           (unsigned long long)i->sa_id, (int)i->action, i->generation);
    return 0;
}

static void list(void)
{
    struct ioff_device_counters c = { .size = sizeof c };
    struct ioff_error e = { 0 };

    if (ioff_sa_each(dev, print_sa, NULL, &e) || ioff_rule_each(dev, print_rule, NULL, &e) ||
        ioff_device_counters(dev, &c, &e))
        die("list", &e);
    printf("device rx %llu tx %llu ike_rx %llu ike_tx %llu keepalive_rx %llu drops",
           (unsigned long long)c.rx_packets, (unsigned long long)c.tx_packets,
           (unsigned long long)c.ike_rx, (unsigned long long)c.ike_tx,
           (unsigned long long)c.keepalive_rx);
    for (unsigned k = 0; k < IOFF_DROP_CAUSES; k++)
        printf(" %s=%llu", ioff_drop_name(k), (unsigned long long)c.drops[k]);
    printf("\n");
}

static int delete_sa(void *user, const struct ioff_sa_info *i)
{
    struct ioff_error e = { 0 };
    struct ioff_sa *sa;

    if (ioff_sa_adopt(dev, i->id, &sa, &e))
        die("adopt", &e);
    return ioff_batch_sa_delete(user, sa);
}

static int delete_rule(void *user, const struct ioff_rule_info *i)
{
    struct ioff_error e = { 0 };
    struct ioff_rule *rule;

    if (ioff_rule_adopt(dev, i->id, &rule, &e))
        die("adopt", &e);
    return ioff_batch_rule_delete(user, rule);
}

static void clear(void)
{
    struct ioff_batch *batch = ioff_batch_new(dev);
    struct ioff_error e = { 0 };

    if (ioff_rule_each(dev, delete_rule, batch, &e) || ioff_sa_each(dev, delete_sa, batch, &e) ||
        ioff_batch_run(batch, &e))
        die("clear", &e);
}

static void print_event(void *user, const struct ioff_event *ev)
{
    (void)user;
    printf("event %d spi 0x%08x data %.*s\n", (int)ev->kind, ev->spi, (int)ev->data_len,
           ev->data ? (const char *)ev->data : "");
    fflush(stdout);
}

static void hold(bool watch)
{
    printf("held %u\n", ioff_device_generation(dev));
    fflush(stdout);
    if (watch)
        ioff_device_on_event(dev, print_event, NULL);
    for (;;) {
        struct pollfd pfd = { .fd = ioff_device_fd(dev), .events = POLLIN };

        poll(&pfd, 1, watch ? 100 : -1);
        if (watch)
            ioff_device_process(dev, NULL);
    }
}

int main(int argc, char **argv)
{
    struct ioff_endpoint none = { 0 }, to;
    struct ioff_error e = { 0 };
    const char *cmd = argc > 2 ? argv[2] : "";

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc < 3)
        usage("see the top of dp_ctl.c");
    open_device(argv[1], !strcmp(cmd, "list"));
    if (!strcmp(cmd, "guard") && argc == 5) {
        set_guard(argv[3], argv[4]);
    } else if (!strcmp(cmd, "unguard")) {
        if (ioff_guard_set(dev, NULL, 0, &e))
            die("unguard", &e);
    } else if (!strcmp(cmd, "up") && argc == 11) {
        up(argv + 3);
    } else if (!strcmp(cmd, "hold") || !strcmp(cmd, "watch")) {
        hold(cmd[0] == 'w');
    } else if (!strcmp(cmd, "list")) {
        list();
    } else if (!strcmp(cmd, "clear")) {
        clear();
    } else if (!strcmp(cmd, "ike") && argc == 5) {
        to = endpoint(argv[3]);
        if (ioff_ike_send(dev, &none, &to, argv[4], strlen(argv[4]), &e))
            die("ike", &e);
    } else {
        usage("see the top of dp_ctl.c");
    }
    ioff_device_close(dev);
    return 0;
}
