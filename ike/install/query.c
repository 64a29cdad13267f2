/* SPDX-License-Identifier: Apache-2.0 */
/* query: what runs where, read from the device, for the control socket. */
#include "ike/install/state.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

_Static_assert(INSTALL_DROPS == IOFF_DROP_CAUSES, "drop causes of the SDK");
_Static_assert(INSTALL_PLACES_MAX == IOFF_PLACES_MAX, "places of the SDK");

const char *install_drop_name(unsigned cause)
{
    return ioff_drop_name(cause);
}

static const char *offload_name(enum ioff_offload offload)
{
    switch (offload) {
    case IOFF_OFFLOAD_DEFAULT: /* no SA of ours asks for it */
    case IOFF_OFFLOAD_OFF:
        return "off";
    case IOFF_OFFLOAD_PREFER:
        return "prefer";
    case IOFF_OFFLOAD_REQUIRE:
        return "require";
    }
    return "off";
}

static void place_of(struct install_place *ret, const struct ioff_place *place)
{
    snprintf(ret->device, sizeof ret->device, "%s", place->device);
    snprintf(ret->level, sizeof ret->level, "%s", ioff_level_name(place->level));
    snprintf(ret->reason, sizeof ret->reason, "%s", ioff_reason_name(place->reason));
    snprintf(ret->text, sizeof ret->text, "%s", place->text);
}

static void query_sa(struct ioff_sa *sa, struct install_sa_state *ret)
{
    struct ioff_sa_info info = { .size = sizeof info };
    double space;

    memset(ret, 0, sizeof *ret);
    if (!sa || ioff_sa_get(sa, &info, NULL))
        return;
    ret->known = true;
    ret->packets = info.packets;
    ret->bytes = info.bytes;
    ret->seq = info.seq;
    ret->last_used = info.last_used_ns;
    memcpy(ret->drops, info.drops, sizeof ret->drops);
    space = info.esn ? ldexp(1.0, 64) : ldexp(1.0, 32);
    ret->seq_used_percent = 100.0 * (double)info.seq / space;
    snprintf(ret->engine, sizeof ret->engine, "%s", info.engine);
    snprintf(ret->requested, sizeof ret->requested, "%s", offload_name(info.placement.requested));
    place_of(&ret->actual, &info.placement.actual);
    ret->n_passed = info.placement.num_passed;
    for (size_t i = 0; i < ret->n_passed; i++)
        place_of(&ret->passed[i], &info.placement.passed[i]);
}

bool install_child_query(struct install *in, uint64_t id, struct install_child_state *ret)
{
    struct install_child *child = install_child_find(in, id);

    if (!child)
        return false;
    query_sa(child->sa_in, &ret->in);
    query_sa(child->sa_out, &ret->out);
    return ret->in.known || ret->out.known;
}

#define COPY(dst, src) snprintf(dst, sizeof dst, "%.*s", (int)sizeof dst - 1, src)

size_t install_devices(struct install *in, struct install_device_desc *descs, size_t cap)
{
    struct ioff_device_desc list[16];
    size_t n = 0;

    if (ioff_device_list(list, sizeof list / sizeof list[0], &n, NULL))
        return 0;
    if (n > sizeof list / sizeof list[0])
        n = sizeof list / sizeof list[0];
    if (n > cap)
        n = cap;
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(list[i].provider);

        COPY(descs[i].name, list[i].name);
        COPY(descs[i].provider, list[i].provider);
        COPY(descs[i].level, ioff_level_name(list[i].level));
        COPY(descs[i].reason, list[i].reason);
        descs[i].usable = list[i].usable;
        descs[i].in_use = strncmp(in->spec, list[i].provider, len) == 0 &&
                          (in->spec[len] == '\0' || in->spec[len] == ':');
    }
    return n;
}

bool install_device_counters(struct install *in, struct install_device_counters *ret)
{
    struct ioff_device_counters counters = { .size = sizeof counters };

    memset(ret, 0, sizeof *ret);
    ret->up = in->up;
    ret->generation = ioff_device_generation(in->device);
    if (ioff_device_counters(in->device, &counters, NULL))
        return false;
    memcpy(ret->drops, counters.drops, sizeof ret->drops);
    ret->rx_packets = counters.rx_packets;
    ret->tx_packets = counters.tx_packets;
    ret->ike_rx = counters.ike_rx;
    ret->ike_tx = counters.ike_tx;
    ret->keepalive_rx = counters.keepalive_rx;
    return true;
}
