/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/install_kit.h"

#include <stdio.h>
#include <string.h>

struct kit kit;

static const struct ike_child_conf conf = {
    .name = "net",
    .mode = IKE_MODE_TUNNEL,
    .replay_window = 64,
    .offload = IKE_OFFLOAD_OFF,
    .rekey_bytes = 1000,
    .life_bytes = 2000,
    .life_time = 3600 * NS_PER_S,
};

static void on_spi(void *user, ike_job job, int code, uint32_t spi)
{
    (void)user;
    kit.job = job;
    kit.code = code;
    kit.spi = spi;
}

static void on_installed(void *user, ike_job job, int code, const char *text)
{
    (void)user;
    kit.n_installed++;
    kit.job = job;
    kit.code = code;
    snprintf(kit.text, sizeof kit.text, "%s", text);
    if (kit.on_installed)
        kit.on_installed(&kit);
}

static void on_child(void *user, uint64_t child, enum ike_child_event what)
{
    (void)user;
    assert_true(kit.n_child < KIT_NOTES);
    kit.child[kit.n_child] = child;
    kit.what[kit.n_child++] = what;
    if (kit.on_child)
        kit.on_child(&kit, child);
}

static void on_moved(void *user, uint64_t child, const struct ip_endpoint *remote)
{
    (void)user;
    assert_int_equal(child, 1);
    kit.n_moved++;
    kit.moved_to = *remote;
}

static void on_acquire(void *user, const char *label)
{
    (void)user;
    kit.n_acquire++;
    snprintf(kit.acquired, sizeof kit.acquired, "%s", label);
}

static void on_ike(void *user, const struct ike_path *path, struct span data)
{
    (void)user;
    kit.n_ike++;
    kit.ike_path = *path;
    kit.ike_len = data.len;
}

static void on_device(void *user, bool up)
{
    (void)user;
    kit.n_device++;
    kit.up = up;
}

static void on_keys(void *user, const struct ike_child_install *child)
{
    (void)user;
    kit.n_keys++;
    memcpy(kit.key_seen, child->key_in.encr, sizeof kit.key_seen);
}

static void on_poll(void *user)
{
    (void)user;
    kit.n_poll++;
}

struct install *kit_try_open(struct err *err)
{
    char spec[] = "fake";
    struct install_opts opts = {
        .device = spec,
        .owner = "kit",
        .want_keys = true,
        .drain_time = 5 * NS_PER_S,
        .events = { on_spi, on_installed, on_child, on_moved, on_acquire, on_ike, on_device,
                    on_keys, on_poll, NULL },
    };
    struct install *in = NULL;
    int rc = install_new(&opts, &in, err);

    memset(spec, 'x', sizeof spec - 1); /* the caller's string may go */
    assert_true((rc == 0) == (in != NULL));
    return in;
}

int kit_open(void **state)
{
    (void)state;
    fake_reset();
    memset(&kit, 0, sizeof kit);
    kit.in = kit_try_open(NULL);
    kit.port = install_port(kit.in);
    return kit.in ? 0 : -1;
}

int kit_close(void **state)
{
    (void)state;
    mem_fail_nth(0);
    install_free(kit.in);
    kit.in = NULL;
    return fake.n_open ? -1 : 0;
}

void kit_reopen(void)
{
    install_free(kit.in);
    memset(&kit, 0, sizeof kit);
    fake.n_log = 0;
    kit.in = kit_try_open(NULL);
    kit.port = install_port(kit.in);
}

struct ike_ts kit_ts(const char *text)
{
    struct ike_ts ts;

    assert_int_equal(ike_ts_parse(text, &ts, NULL), 0);
    return ts;
}

struct ike_child_install kit_request(uint64_t id)
{
    struct ike_child_install req = {
        .child = id,
        .tunnel = 7,
        .conn = "c",
        .name = "net",
        .suite.encr = { .type = IKE_TT_ENCR, .id = IKE_ENCR_AES_GCM_16, .key_bits = 128 },
        .suite.esn = { .type = IKE_TT_ESN, .id = IKE_ESN_YES },
        .mode = IKE_MODE_TUNNEL,
        .spi_in = 0x1000u + (uint32_t)id,
        .spi_out = 0x2000u + (uint32_t)id,
        .local_ts = { 1, { kit_ts("10.1.0.0/24") } },
        .remote_ts = { 1, { kit_ts("10.2.0.0/24") } },
        .path = { { ip_addr_v4(0xc0000201), 4500 }, { ip_addr_v4(0xc0000202), 4500 } },
        .udp_encap = true,
        .conf = &conf,
        .rekey_after = 1000 * NS_PER_S,
    };

    req.key_in.encr_len = req.key_out.encr_len = 20;
    memset(req.key_in.encr, (int)(0x40 + id), 16);
    memset(req.key_out.encr, (int)(0x80 + id), 16);
    memcpy(req.key_in.encr + 16, "salI", 4);
    memcpy(req.key_out.encr + 16, "salO", 4);
    return req;
}

void kit_install(uint64_t id)
{
    struct ike_child_install req = kit_request(id);

    kit.port.install(kit.port.user, id, &req);
    memset(&req, 0xee, sizeof req); /* borrowed for the call */
}

struct look {
    uint32_t spi;
    bool inbound;
    uint64_t id;
    unsigned left;
};

static int see_sa(void *user, const struct nic_sa_info *sa)
{
    struct look *look = user;

    if (sa->attr.spi != look->spi || (sa->attr.dir == NIC_DIR_IN) != look->inbound)
        return 0;
    look->id = sa->id;
    return 1;
}

uint64_t kit_sa(uint32_t spi, bool inbound)
{
    struct look look = { .spi = spi, .inbound = inbound };

    (void)fake.dev->ops->enumerate(fake.dev, see_sa, NULL, &look, NULL);
    return look.id;
}

struct rule_look {
    unsigned left;
    struct nic_rule_info info;
    bool found;
};

static int see_rule(void *user, const struct nic_rule_info *rule)
{
    struct rule_look *look = user;

    if (look->left--)
        return 0;
    look->info = *rule;
    look->found = true;
    return 1;
}

static struct rule_look rule_at(unsigned n)
{
    struct rule_look look = { .left = n };

    (void)fake.dev->ops->enumerate(fake.dev, NULL, see_rule, &look, NULL);
    return look;
}

uint64_t kit_rule_target(unsigned n)
{
    struct rule_look look = rule_at(n);

    return look.found ? look.info.attr.sa : UINT64_MAX;
}

uint64_t kit_rule_id(unsigned n)
{
    struct rule_look look = rule_at(n);

    return look.found ? look.info.id : 0;
}

unsigned kit_count(enum nic_batch_kind kind)
{
    unsigned n = 0;

    for (size_t i = 0; i < fake.n_log; i++)
        n += fake.log[i] == kind;
    return n;
}

void kit_raise(enum nic_event_kind kind, uint64_t id)
{
    struct nic_event event = { .kind = kind, .id = id };

    nic_event_raise(fake.dev, &event);
}

void kit_device_back(void)
{
    fake.dev->generation++;
    kit_raise(NIC_EVENT_DEVICE_BACK, 0);
}
