/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devices: the places where an SA can run: what the SDK finds from here, and
 * live figures of the daemon's own devices where a daemon answers.
 */
#include <ipsec_offload/device.h>
#include <stdio.h>
#include <string.h>

#include "utils/cli/cli.h"
#include "utils/cli/daemon.h"
#include "utils/cli/fields.h"

#define DEVICES_MAX 64
#define N(a) (sizeof(a) / sizeof((a)[0]))

/* A device as the SDK lists it, as the daemon has it open, or both. */
struct device {
    struct ioff_device_desc desc;
    bool in_use;      /* by the daemon */
    struct span live; /* the daemon's event about it, or empty */
};

static const struct field counter_fields[] = {
    { "rx-packets", "rx_packets", FIELD_NUMBER },
    { "tx-packets", "tx_packets", FIELD_NUMBER },
    { "ike-rx", "ike_rx", FIELD_NUMBER },
    { "ike-tx", "ike_tx", FIELD_NUMBER },
    { "keepalive-rx", "keepalive_rx", FIELD_NUMBER },
    { "drops", "drops", FIELD_COUNTS },
};
static const struct field adopted_fields[] = {
    { "label", "label", FIELD_TEXT },       { "dir", "direction", FIELD_TEXT },
    { "spi", "spi", FIELD_TEXT },           { "generation", "generation", FIELD_NUMBER },
    { "packets", "packets", FIELD_NUMBER }, { "bytes", "bytes", FIELD_NUMBER },
};

static json_t *counters_json(struct span live)
{
    json_t *object = json_object();
    struct span body = { 0 };

    if (!vici_find(live, VICI_SECTION, "counters", &body))
        body = span_of(NULL, 0);
    fields_add(object, body, counter_fields, N(counter_fields));
    return object;
}

/* SAs that the daemon found in the device and does not know: of an earlier run. */
static json_t *adopted_json(struct span live)
{
    json_t *array = json_array();
    struct span body = { 0 };
    struct vici_reader r;
    struct vici_entry entry;

    if (!vici_find(live, VICI_SECTION, "adopted", &body))
        return array;
    vici_reader_init(&r, body);
    while (vici_next_entry(&r, &entry, NULL) > 0) {
        json_t *sa = json_object();

        fields_add(sa, entry.body, adopted_fields, N(adopted_fields));
        json_array_append_new(array, sa);
    }
    return array;
}

static void set_text(json_t *object, const char *key, const char *text)
{
    json_object_set_new(object, key, out_json_text(span_of(text, strlen(text))));
}

static json_t *device_json(const struct device *d)
{
    static const struct field generation = { "generation", "generation", FIELD_NUMBER };
    json_t *object = json_object();

    set_text(object, "name", d->desc.name);
    set_text(object, "provider", d->desc.provider);
    set_text(object, "level", ioff_level_name(d->desc.level));
    json_object_set_new(object, "usable", json_boolean(d->desc.usable));
    set_text(object, "reason", d->desc.reason);
    json_object_set_new(object, "in_use", json_boolean(d->in_use));
    fields_add(object, d->live, &generation, 1);
    json_object_set_new(object, "counters", counters_json(d->live));
    json_object_set_new(object, "adopted", adopted_json(d->live));
    return object;
}

static int print_json(const struct cli *cli, const struct device *devices, size_t n, bool daemon)
{
    json_t *root = json_object(), *list = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, device_json(&devices[i]));
    json_object_set_new(root, "daemon", json_boolean(daemon));
    json_object_set_new(root, "devices", list);
    return out_json(cli, root);
}

static int print_text(const struct cli *cli, const struct device *devices, size_t n, bool daemon)
{
    static const struct out_column columns[] = {
        { "DEVICE", false, false }, { "PROVIDER", false, false }, { "LEVEL", false, false },
        { "USABLE", false, false }, { "IN USE", false, false },   { "REASON", false, false },
    };
    struct out_table *table = out_table_new(columns, N(columns));

    for (size_t i = 0; i < n; i++) {
        const struct ioff_device_desc *desc = &devices[i].desc;
        int row = out_table_row(table, -1);

        out_table_cell(table, row, 0, "%s", desc->name);
        out_table_cell(table, row, 1, "%s", desc->provider);
        out_table_cell(table, row, 2, "%s", ioff_level_name(desc->level));
        out_table_cell(table, row, 3, "%s", desc->usable ? "yes" : "no");
        out_table_cell(table, row, 4, "%s", !daemon ? "?" : devices[i].in_use ? "yes" : "no");
        out_table_cell(table, row, 5, "%s", desc->reason);
    }
    return out_table_print(cli, table);
}

static enum ioff_level level_of(const char *name)
{
    for (int l = IOFF_LEVEL_NONE; l <= IOFF_LEVEL_PACKET; l++)
        if (strcmp(ioff_level_name((enum ioff_level)l), name) == 0)
            return (enum ioff_level)l;
    return IOFF_LEVEL_NONE;
}

/* What the daemon says of its own device counts more than what is seen from
 * here: it holds the device open, perhaps under another path. */
static void take_event(struct device *d, struct span event)
{
    struct ioff_device_desc *desc = &d->desc;
    struct span value;
    char level[32], usable[8];

    vici_find_text(event, "name", desc->name, sizeof desc->name);
    vici_find_text(event, "provider", desc->provider, sizeof desc->provider);
    vici_find_text(event, "reason", desc->reason, sizeof desc->reason);
    desc->level = level_of(vici_find_text(event, "level", level, sizeof level));
    desc->usable = strcmp(vici_find_text(event, "usable", usable, sizeof usable), "yes") == 0;
    d->in_use = vici_find(event, VICI_VALUE, "in-use", &value) && vici_span_is(value, "yes");
    /* Its probe looks at the default path; one that it counts with is there. */
    if (d->in_use && !desc->usable && vici_find(event, VICI_SECTION, "counters", &value)) {
        desc->usable = true;
        snprintf(desc->reason, sizeof desc->reason, "opened by the daemon");
    }
    d->live = event;
}

static size_t merge(struct device *devices, size_t n, const struct events *events)
{
    for (size_t i = 0; i < events->n; i++) {
        char name[IOFF_NAME_LEN];
        size_t at = 0;

        vici_find_text(events->messages[i], "name", name, sizeof name);
        while (at < n && strcmp(devices[at].desc.name, name) != 0)
            at++;
        if (at == DEVICES_MAX)
            break;
        if (at == n)
            n++;
        take_event(&devices[at], events->messages[i]);
    }
    return n;
}

/* True if a daemon answered; one that is not there is no failure here. */
static bool ask_daemon(const struct cli *cli, struct events *ret)
{
    struct vici_client *client;
    bool answered;

    if (vici_client_connect(cli->socket, &client, NULL))
        return false;
    answered = daemon_stream(cli, client, "get-devices", NULL, "device", ret, NULL) == 0;
    vici_client_close(client);
    return answered;
}

static int list(const struct cli *cli, struct device devices[DEVICES_MAX], size_t *ret_n)
{
    struct ioff_device_desc descs[DEVICES_MAX];
    struct ioff_error error;
    size_t n = 0;

    if (ioff_device_list(descs, DEVICES_MAX, &n, &error))
        return cli_fail(cli, CLI_FAILED, "devices: %s", error.text);
    if (n > DEVICES_MAX)
        n = DEVICES_MAX;
    for (size_t i = 0; i < n; i++)
        devices[i].desc = descs[i];
    *ret_n = n;
    return CLI_OK;
}

int cli_devices(const struct cli *cli)
{
    struct device devices[DEVICES_MAX] = { 0 };
    struct events events = { 0 };
    size_t n = 0;
    bool daemon;
    int rc = list(cli, devices, &n);

    if (rc)
        return rc;
    daemon = ask_daemon(cli, &events);
    n = merge(devices, n, &events);
    rc = cli->json ? print_json(cli, devices, n, daemon) : print_text(cli, devices, n, daemon);
    events_free(&events);
    return rc;
}
