/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device: list, open and close, and the calls that go to the device itself.
 * SAs and rules are in sa.c and batch.c.
 */
#include <ipsec_offload/device.h>

#include <stdio.h>
#include <string.h>

#include "sdk/src/internal.h"
#include "utils/base/mem.h"

#define LIST_MAX 64
#define GUARD_MAX 4096

_Static_assert(sizeof(((struct ioff_device_desc *)0)->reason) ==
                   sizeof(((struct nic_device_desc *)0)->reason),
               "reason length");

int ioff_device_list(struct ioff_device_desc *descs, size_t cap, size_t *ret_num,
                     struct ioff_error *error)
{
    struct nic_device_desc found[LIST_MAX];
    size_t n;
    struct err err = { 0 };
    int code = nic_device_list(found, LIST_MAX, &n, &err);

    if (code)
        return error_give(error, code, &err);
    if (n > LIST_MAX)
        n = LIST_MAX;
    for (size_t i = 0; i < n && i < cap; i++) {
        memset(&descs[i], 0, sizeof descs[i]);
        text_copy(descs[i].name, found[i].name, sizeof descs[i].name);
        text_copy(descs[i].provider, found[i].provider, sizeof descs[i].provider);
        text_copy(descs[i].reason, found[i].reason, sizeof descs[i].reason);
        descs[i].level = (enum ioff_level)found[i].level;
        descs[i].usable = found[i].usable;
    }
    *ret_num = n;
    return 0;
}

static int read_device_opts(const struct ioff_device_opts *opts, struct ioff_device_opts *ret,
                            struct err *err)
{
    int code = opts ? options_read(ret, sizeof *ret, opts, "ioff_device_opts", err) : 0;

    if (code)
        return code;
    if (ret->offload == IOFF_OFFLOAD_DEFAULT)
        ret->offload = IOFF_OFFLOAD_PREFER;
    if ((unsigned)ret->offload > IOFF_OFFLOAD_REQUIRE)
        return err_set(err, ERR_INVALID, "offload: %d is none of off (1), prefer (2), require (3)",
                       (int)ret->offload);
    return 0;
}

static int device_init(struct ioff_device *device, enum ioff_offload offload, struct err *err)
{
    device->offload = offload;
    list_init(&device->lost_sas);
    list_init(&device->lost_rules);
    list_init(&device->in_flight);
    if (handles_init(&device->sas) || handles_init(&device->rules))
        return err_set(err, ERR_NOMEM, "no memory for the device's tables");
    return 0;
}

static void device_free(struct ioff_device *device)
{
    handles_fini(&device->sas);
    handles_fini(&device->rules);
    mem_free(device);
}

int ioff_device_open(const char *spec, const struct ioff_device_opts *opts,
                     struct ioff_device **ret_device, struct ioff_error *error)
{
    struct ioff_device_opts known = IOFF_DEVICE_OPTS_INIT;
    struct err err = { 0 };
    struct ioff_device *device;
    int code = read_device_opts(opts, &known, &err);

    if (!code && !spec)
        code = err_set(&err, ERR_INVALID, "spec: there is none");
    if (code)
        return error_give(error, code, &err);
    device = mem_zalloc(sizeof *device);
    if (!device) {
        code = err_set(&err, ERR_NOMEM, "no memory for a device");
        return error_give(error, code, &err);
    }
    code = device_init(device, known.offload, &err);
    if (!code)
        code = nic_device_open(spec, known.owner, known.monitor, &device->nic, &err);
    if (code) {
        device_free(device);
        return error_give(error, code, &err);
    }
    device->nic->event_fn = event_forward;
    device->nic->event_user = device;
    *ret_device = device;
    return 0;
}

static void free_handles(struct handles *table, struct list *lost)
{
    struct handle *h;

    while ((h = handles_pop(table)))
        mem_free(h);
    LIST_FOR_EACH(node, lost)
    mem_free(CONTAINER_OF(node, struct handle, lost));
}

void ioff_device_close(struct ioff_device *device)
{
    if (!device)
        return;
    device->event_fn = NULL; /* the caller has said goodbye; batches still answer */
    nic_device_close(device->nic);
    device->nic = NULL;
    batches_abort(device);
    free_handles(&device->sas, &device->lost_sas);
    free_handles(&device->rules, &device->lost_rules);
    device_free(device);
}

int ioff_device_caps(struct ioff_device *device, struct ioff_caps *ret_caps)
{
    const struct nic_caps *caps = &device->nic->caps;
    struct ioff_caps out = {
        .level = (enum ioff_level)caps->level,
        .ipv4 = caps->families & 1u,
        .ipv6 = caps->families & 2u,
        .tunnel = caps->modes & 1u,
        .transport = caps->modes & 2u,
        .esp = caps->protos & 1u,
        .ah = caps->protos & 2u,
        .esn = caps->esn,
        .algs = caps->algs,
        .replay_window_max = caps->replay_window_max,
        .raw_esp = caps->raw_esp,
        .udp_encap = caps->udp_encap,
        .owns_natt_port = caps->owns_natt_port,
        .life_bytes = caps->life_bytes,
        .life_packets = caps->life_packets,
        .life_time = caps->life_time,
        .sa_max = caps->sa_max,
        .rule_max = caps->rule_max,
        .counters_exact = caps->counters_exact,
        .mtu_overhead = caps->mtu_overhead,
    };

    return options_write(ret_caps, &out, sizeof out, "ioff_caps", NULL);
}

const char *ioff_device_name(const struct ioff_device *device)
{
    return device->nic->name;
}

uint32_t ioff_device_generation(const struct ioff_device *device)
{
    return device->nic->generation;
}

void ioff_device_on_event(struct ioff_device *device, ioff_event_fn *fn, void *user)
{
    device->event_fn = fn;
    device->event_user = user;
}

int ioff_device_fd(struct ioff_device *device)
{
    return device->nic->ops->fd(device->nic);
}

uint64_t ioff_device_next_wakeup(struct ioff_device *device)
{
    return device->nic->ops->next_wakeup(device->nic);
}

int ioff_device_process(struct ioff_device *device, struct ioff_error *error)
{
    struct err err = { 0 };

    return error_give(error, device->nic->ops->process(device->nic, clock_now(), &err), &err);
}

int ioff_ike_send(struct ioff_device *device, const struct ioff_endpoint *local,
                  const struct ioff_endpoint *remote, const void *data, size_t len,
                  struct ioff_error *error)
{
    struct ip_endpoint from = endpoint_from_public(local), to = endpoint_from_public(remote);
    struct err err = { 0 };
    int code = device->nic->ops->ike_send(device->nic, &from, &to, span_of(data, len), &err);

    return error_give(error, code, &err);
}

int ioff_keepalive_send(struct ioff_device *device, const struct ioff_endpoint *local,
                        const struct ioff_endpoint *remote, struct ioff_error *error)
{
    struct ip_endpoint from = endpoint_from_public(local), to = endpoint_from_public(remote);
    struct err err = { 0 };
    int code = device->nic->ops->keepalive_send(device->nic, &from, &to, &err);

    return error_give(error, code, &err);
}

static int convert_guard(const struct ioff_device *device, const struct ioff_guard_entry *entry,
                         size_t at, struct nic_guard_entry *ret, struct err *err)
{
    char field[32];

    if (!memchr(entry->label, 0, sizeof entry->label))
        return err_set(err, ERR_INVALID, "entries[%zu].label: not terminated", at);
    memcpy(ret->label, entry->label, sizeof ret->label);
    ret->sel = selector_from_public(&entry->selector);
    snprintf(field, sizeof field, "entries[%zu]", at);
    return nic_selector_validate(&ret->sel, &device->nic->caps, field, err);
}

int ioff_guard_set(struct ioff_device *device, const struct ioff_guard_entry *entries, size_t num,
                   struct ioff_error *error)
{
    struct nic_guard_entry *out = NULL;
    struct err err = { 0 };
    int code = 0;

    if (num > GUARD_MAX)
        code = err_set(&err, ERR_FULL, "guard: %zu entries, at most %d", num, GUARD_MAX);
    else if (num && !(out = mem_zalloc_array(num, sizeof *out)))
        code = err_set(&err, ERR_NOMEM, "no memory for %zu guard entries", num);
    for (size_t i = 0; !code && i < num; i++)
        code = convert_guard(device, &entries[i], i, &out[i], &err);
    if (!code)
        code = device->nic->ops->guard_set(device->nic, out, num, &err);
    mem_free(out);
    return error_give(error, code, &err);
}

int ioff_device_counters(struct ioff_device *device, struct ioff_device_counters *ret,
                         struct ioff_error *error)
{
    struct nic_device_counters in = { 0 };
    struct ioff_device_counters out = { 0 };
    struct err err = { 0 };
    int code = device->nic->ops->device_counters(device->nic, &in, &err);

    if (!code) {
        memcpy(out.drops, in.drops, sizeof out.drops);
        out.rx_packets = in.rx_packets;
        out.tx_packets = in.tx_packets;
        out.ike_rx = in.ike_rx;
        out.ike_tx = in.ike_tx;
        out.keepalive_rx = in.keepalive_rx;
        code = options_write(ret, &out, sizeof out, "ioff_device_counters", &err);
    }
    return error_give(error, code, &err);
}
