/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event: hands a backend's event to whoever opened the device.
 */
#include "driver/core/provider.h"

void nic_event_raise(struct nic_device *dev, const struct nic_event *event)
{
    if (dev->event_fn)
        dev->event_fn(dev->event_user, event);
}
