/* SPDX-License-Identifier: Apache-2.0 */
/*
 * placement: where an SA runs, and why not somewhere better.
 *
 * The ladder is the list of places of this build, best first; the SA's device
 * stands on one rung, and every rung above it is a place passed over.  The
 * answer depends on nothing but the device and what was asked for, so it is
 * worked out when it is read instead of being stored for each SA.
 */
#include "sdk/src/internal.h"

#include <stdio.h>
#include <string.h>

const char *ioff_reason_name(enum ioff_reason reason)
{
    switch (reason) {
    case IOFF_REASON_CHOSEN:
        return "chosen";
    case IOFF_REASON_NOT_BUILT:
        return "not-built";
    case IOFF_REASON_NO_DEVICE:
        return "no-device";
    case IOFF_REASON_POLICY:
        return "policy";
    case IOFF_REASON_CAPABILITY:
        return "capability";
    case IOFF_REASON_LIMIT:
        return "limit";
    case IOFF_REASON_REFUSED:
        return "refused";
    case IOFF_REASON_LOST:
        return "lost";
    }
    return "unknown";
}

enum ioff_offload placement_requested(const struct ioff_device *device, enum ioff_offload offload)
{
    return offload == IOFF_OFFLOAD_DEFAULT ? device->offload : offload;
}

static void pass_over(const struct nic_place *place, enum ioff_offload requested,
                      struct ioff_place *ret)
{
    const char *text = place->absent;

    ret->level = (enum ioff_level)place->level;
    snprintf(ret->device, sizeof ret->device, "%s", place->name);
    if (requested == IOFF_OFFLOAD_OFF) {
        ret->reason = IOFF_REASON_POLICY;
        text = "offload is off";
    } else if (place->absent) {
        ret->reason = IOFF_REASON_NOT_BUILT;
    } else {
        ret->reason = IOFF_REASON_NO_DEVICE;
        text = "another device was opened";
    }
    snprintf(ret->text, sizeof ret->text, "%s", text);
}

/* Every place that would have done more than the device does. */
static size_t passed_places(const struct ioff_device *device, enum ioff_offload requested,
                            struct ioff_place passed[IOFF_PLACES_MAX])
{
    struct nic_place places[NIC_PLACES_MAX];
    size_t n_places = nic_places(places, NIC_PLACES_MAX), n = 0;

    for (size_t i = 0; i < n_places; i++)
        if (places[i].level > device->nic->caps.level &&
            strcmp(places[i].name, device->nic->provider) != 0)
            pass_over(&places[i], requested, &passed[n++]);
    return n;
}

static bool is_hardware(const struct ioff_device *device)
{
    return device->nic->caps.level > NIC_LEVEL_SOFTWARE;
}

static int refuse_software(const struct ioff_device *device, struct err *err)
{
    struct ioff_place passed[IOFF_PLACES_MAX];
    size_t n = passed_places(device, IOFF_OFFLOAD_REQUIRE, passed);
    char why[ERR_TEXT_LEN] = "";
    size_t at = 0;

    memset(passed + n, 0, sizeof passed - n * sizeof passed[0]);
    for (size_t i = 0; i < n && at < sizeof why; i++)
        at += (size_t)snprintf(why + at, sizeof why - at, "%s%s (%s)", i ? ", " : "; passed over ",
                               passed[i].device, passed[i].text);
    return err_set(err, ERR_UNSUPPORTED, "offload: required, but device %s is %s only%s",
                   device->nic->name, nic_level_name(device->nic->caps.level), why);
}

int placement_check(const struct ioff_device *device, enum ioff_offload requested, struct err *err)
{
    switch (requested) {
    case IOFF_OFFLOAD_PREFER:
        return 0;
    case IOFF_OFFLOAD_REQUIRE:
        return is_hardware(device) ? 0 : refuse_software(device, err);
    case IOFF_OFFLOAD_OFF:
        if (!is_hardware(device))
            return 0;
        return err_set(err, ERR_UNSUPPORTED, "offload: off, but device %s works at level %s",
                       device->nic->name, nic_level_name(device->nic->caps.level));
    case IOFF_OFFLOAD_DEFAULT:
        break;
    }
    return err_set(err, ERR_INVALID, "offload: %d is none of off (1), prefer (2), require (3)",
                   (int)requested);
}

static void describe_actual(const struct ioff_device *device, enum ioff_offload requested,
                            enum placement_origin origin, size_t num_passed, struct ioff_place *ret)
{
    snprintf(ret->device, sizeof ret->device, "%s", device->nic->name);
    ret->level = (enum ioff_level)device->nic->caps.level;
    ret->reason = IOFF_REASON_CHOSEN;
    switch (origin) {
    case PLACED_LOST:
        ret->level = IOFF_LEVEL_NONE;
        ret->reason = IOFF_REASON_LOST;
        snprintf(ret->text, sizeof ret->text, "the device went away, and the SA with it");
        return;
    case PLACED_BEFORE:
        snprintf(ret->text, sizeof ret->text,
                 "found in the device; what its installer asked for is not recorded");
        return;
    case PLACED_HERE:
        break;
    }
    if (requested == IOFF_OFFLOAD_OFF)
        snprintf(ret->text, sizeof ret->text, "offload is off");
    else if (num_passed)
        snprintf(ret->text, sizeof ret->text, "best device opened; better places passed over: %zu",
                 num_passed);
    else
        snprintf(ret->text, sizeof ret->text, "no better place exists");
}

void placement_fill(const struct ioff_device *device, enum ioff_offload requested,
                    enum placement_origin origin, struct ioff_placement *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->requested = requested;
    ret->num_passed = passed_places(device, requested, ret->passed);
    describe_actual(device, requested, origin, ret->num_passed, &ret->actual);
}
