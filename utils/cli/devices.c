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

/* The daemon's event about a device of this name; empty if there is none. */
static struct span live_of(const struct events *events, const char *name)
{
    struct span value;

    for (size_t i = 0; i < events->n; i++)
        if (vici_find(events->messages[i], VICI_VALUE, "name", &value) && vici_span_is(value, name))
            return events->messages[i];
    return span_of(NULL, 0);
}

static json_t *live_json(struct span live, const char *section)
{
    struct span body = { 0 };

    if (!vici_find(live, VICI_SECTION, section, &body))
        return json_null();
    return fields_guess(body);
}

static json_t *device_json(const struct ioff_device_desc *d, const struct events *events)
{
    json_t *object = json_object();
    struct span live = live_of(events, d->name);

    json_object_set_new(object, "name", out_json_text(span_of(d->name, strlen(d->name))));
    json_object_set_new(object, "provider",
                        out_json_text(span_of(d->provider, strlen(d->provider))));
    json_object_set_new(object, "level", json_string(ioff_level_name(d->level)));
    json_object_set_new(object, "usable", json_boolean(d->usable));
    json_object_set_new(object, "reason", out_json_text(span_of(d->reason, strlen(d->reason))));
    json_object_set_new(object, "in_use", json_boolean(live.len > 0));
    json_object_set_new(object, "capabilities", live_json(live, "caps"));
    json_object_set_new(object, "counters", live_json(live, "counters"));
    return object;
}

static int print_json(const struct cli *cli, const struct ioff_device_desc *descs, size_t n,
                      bool daemon, const struct events *events)
{
    json_t *root = json_object(), *list = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, device_json(&descs[i], events));
    json_object_set_new(root, "daemon", json_boolean(daemon));
    json_object_set_new(root, "devices", list);
    return out_json(cli, root);
}

static int print_text(const struct cli *cli, const struct ioff_device_desc *descs, size_t n,
                      bool daemon, const struct events *events)
{
    static const struct out_column columns[] = {
        { "DEVICE", false, false }, { "PROVIDER", false, false }, { "LEVEL", false, false },
        { "USABLE", false, false }, { "IN USE", false, false },   { "REASON", false, false },
    };
    struct out_table *table = out_table_new(columns, N(columns));

    for (size_t i = 0; i < n; i++) {
        int row = out_table_row(table, -1);
        bool in_use = live_of(events, descs[i].name).len > 0;

        out_table_cell(table, row, 0, "%s", descs[i].name);
        out_table_cell(table, row, 1, "%s", descs[i].provider);
        out_table_cell(table, row, 2, "%s", ioff_level_name(descs[i].level));
        out_table_cell(table, row, 3, "%s", descs[i].usable ? "yes" : "no");
        out_table_cell(table, row, 4, "%s", !daemon ? "?" : in_use ? "yes" : "no");
        out_table_cell(table, row, 5, "%s", descs[i].reason);
    }
    return out_table_print(cli, table);
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

int cli_devices(const struct cli *cli)
{
    struct ioff_device_desc descs[DEVICES_MAX];
    struct ioff_error error;
    struct events events = { 0 };
    size_t n = 0;
    bool daemon;
    int rc;

    if (ioff_device_list(descs, DEVICES_MAX, &n, &error))
        return cli_fail(cli, CLI_FAILED, "devices: %s", error.text);
    if (n > DEVICES_MAX)
        n = DEVICES_MAX;
    daemon = ask_daemon(cli, &events);
    rc = cli->json ? print_json(cli, descs, n, daemon, &events)
                   : print_text(cli, descs, n, daemon, &events);
    events_free(&events);
    return rc;
}
