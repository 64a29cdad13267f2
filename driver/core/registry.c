/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry: providers by name, the list of devices and places, and opening.
 *
 * nic_providers[] and nic_absent_places[] are resolved by the linker: programs
 * take them from driver/backends.c, tests bring a list of their own.
 */
#include "driver/core/provider.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_OWNER "sdk"

const struct nic_provider *nic_provider_find(const char *name, size_t len)
{
    for (size_t i = 0; nic_providers[i]; i++)
        if (strlen(nic_providers[i]->name) == len && !memcmp(nic_providers[i]->name, name, len))
            return nic_providers[i];
    return NULL;
}

static void add_place(struct nic_place *places, size_t cap, size_t *n, struct nic_place place)
{
    if (*n < cap)
        places[*n] = place;
    ++*n;
}

size_t nic_places(struct nic_place *places, size_t cap)
{
    size_t n = 0;

    for (int level = NIC_LEVEL_PACKET; level > NIC_LEVEL_NONE; level--) {
        for (const struct nic_absent_place *a = nic_absent_places; a->provider; a++)
            if ((int)a->level == level)
                add_place(places, cap, &n, (struct nic_place){ a->provider, a->level, a->reason });
        for (size_t i = 0; nic_providers[i]; i++)
            if ((int)nic_providers[i]->level == level)
                add_place(
                    places, cap, &n,
                    (struct nic_place){ nic_providers[i]->name, nic_providers[i]->level, NULL });
    }
    return n < cap ? n : cap;
}

#define PROBE_MAX 32 /* devices of one provider in one listing */

static void add_desc(struct nic_device_desc *descs, size_t cap, size_t *n,
                     const struct nic_device_desc *desc)
{
    if (*n < cap)
        descs[*n] = *desc;
    ++*n;
}

static int list_provider(const struct nic_provider *provider, struct nic_device_desc *descs,
                         size_t cap, size_t *n, struct err *err)
{
    struct nic_device_desc found[PROBE_MAX];
    size_t n_found = 0;
    int code;

    memset(found, 0, sizeof found);
    code = provider->probe(found, PROBE_MAX, &n_found);
    if (code)
        return err_set(err, code, "provider %s: probing failed (%s)", provider->name,
                       err_name(code));
    for (size_t i = 0; i < n_found && i < PROBE_MAX; i++) {
        if (!found[i].level)
            found[i].level = provider->level;
        add_desc(descs, cap, n, &found[i]);
    }
    return 0;
}

int nic_device_list(struct nic_device_desc *descs, size_t cap, size_t *ret_n, struct err *err)
{
    struct nic_place places[NIC_PLACES_MAX];
    size_t n_places = nic_places(places, NIC_PLACES_MAX), n = 0;

    for (size_t i = 0; i < n_places; i++) {
        struct nic_device_desc desc = { .level = places[i].level };

        if (!places[i].absent) {
            int code = list_provider(nic_provider_find(places[i].name, strlen(places[i].name)),
                                     descs, cap, &n, err);
            if (code)
                return code;
            continue;
        }
        snprintf(desc.name, sizeof desc.name, "%s", places[i].name);
        snprintf(desc.provider, sizeof desc.provider, "%s", places[i].name);
        snprintf(desc.reason, sizeof desc.reason, "%s", places[i].absent);
        add_desc(descs, cap, &n, &desc);
    }
    *ret_n = n;
    return 0;
}

/* The lease name travels to other processes and into logs. */
static int check_owner(const char *owner, struct err *err)
{
    size_t len = strnlen(owner, NIC_NAME_LEN);

    if (len == 0 || len >= NIC_NAME_LEN)
        return err_set(err, ERR_INVALID, "owner: must have 1 to %d bytes", NIC_NAME_LEN - 1);
    for (size_t i = 0; i < len; i++)
        if (owner[i] <= ' ' || owner[i] > '~')
            return err_set(err, ERR_INVALID, "owner: byte %zu is not printable ASCII", i);
    return 0;
}

static int no_provider(const char *spec, size_t name_len, struct err *err)
{
    for (const struct nic_absent_place *a = nic_absent_places; a->provider; a++)
        if (strlen(a->provider) == name_len && !memcmp(a->provider, spec, name_len))
            return err_set(err, ERR_UNSUPPORTED, "device %.*s: %s", (int)name_len, spec, a->reason);
    return err_set(err, ERR_NOTFOUND, "device: no provider is called \"%.*s\"",
                   (int)(name_len < NIC_NAME_LEN ? name_len : NIC_NAME_LEN), spec);
}

int nic_device_open(const char *spec, const char *owner, bool monitor, struct nic_device **ret,
                    struct err *err)
{
    struct nic_open_params params = { .owner = owner ? owner : DEFAULT_OWNER, .monitor = monitor };
    size_t name_len = strcspn(spec, ":");
    const struct nic_provider *provider = nic_provider_find(spec, name_len);
    struct nic_device *dev = NULL;
    int code;

    code = check_owner(params.owner, err);
    if (code)
        return code;
    if (!provider)
        return no_provider(spec, name_len, err);
    if (spec[name_len] == ':') {
        params.address = spec + name_len + 1;
        if (!*params.address)
            return err_set(err, ERR_INVALID, "device %s: nothing follows the colon", spec);
    }
    code = provider->open(&params, &dev, err);
    if (code)
        return code;
    if (!dev->name[0])
        snprintf(dev->name, sizeof dev->name, "%s", provider->name);
    if (!dev->provider[0])
        snprintf(dev->provider, sizeof dev->provider, "%s", provider->name);
    if (!dev->owner[0])
        snprintf(dev->owner, sizeof dev->owner, "%s", params.owner);
    dev->monitor = monitor;
    *ret = dev;
    return 0;
}

int nic_device_close(struct nic_device *dev)
{
    return dev ? dev->ops->close(dev) : 0;
}
