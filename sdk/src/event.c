/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event: the shim's events in the public vocabulary.  A lost device takes its
 * handles along before the caller hears of it, so that what the callback then
 * sees is already true.
 */
#include "sdk/src/internal.h"

#define AGREE(name) _Static_assert((int)IOFF_EVENT_##name == (int)NIC_EVENT_##name, #name)
AGREE(SOFT_LIFETIME);
AGREE(HARD_LIFETIME);
AGREE(SEQ_HIGH_WATER);
AGREE(FIRST_PACKET);
AGREE(ACQUIRE);
AGREE(MAPPING_CHANGE);
AGREE(UNKNOWN_SPI);
AGREE(DEVICE_LOST);
AGREE(DEVICE_BACK);
AGREE(TABLE_FULL);
AGREE(INTEGRITY);
AGREE(IKE_DATAGRAM);

static void lose(struct handles *table, struct list *lost)
{
    struct handle *h;

    while ((h = handles_pop(table))) {
        h->phase = PHASE_LOST;
        list_add_tail(lost, &h->lost);
    }
}

void event_forward(void *user, const struct nic_event *event)
{
    struct ioff_device *device = user;
    struct ioff_event out = {
        .kind = (enum ioff_event_kind)event->kind,
        .tunnel = event->tunnel,
        .spi = event->spi,
        .cause = event->cause,
        .selector = selector_to_public(&event->sel),
        .local = endpoint_to_public(&event->local),
        .remote = endpoint_to_public(&event->remote),
        .data = event->data.p,
        .data_len = event->data.len,
    };

    if (event->kind == NIC_EVENT_ACQUIRE)
        out.rule_id = event->id;
    else
        out.sa_id = event->id;
    if (event->kind == NIC_EVENT_DEVICE_LOST) {
        lose(&device->sas, &device->lost_sas);
        lose(&device->rules, &device->lost_rules);
    }
    if (device->event_fn)
        device->event_fn(device->event_user, &out);
}
