/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list: all IKE SAs and their Child SAs in detail.
 */
#include <stdio.h>

#include "ike/types/conn.h"
#include "utils/cli/cli.h"
#include "utils/cli/daemon.h"
#include "utils/cli/sas.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* Calls `fn` for each IKE SA. */
static void each_ike(const struct events *events,
                     void (*fn)(void *out, const char *conn, struct span ike), void *out)
{
    for (size_t i = 0; i < events->n; i++) {
        struct vici_reader r;
        struct vici_entry entry;
        char conn[VICI_NAME_MAX + 1];

        vici_reader_init(&r, events->messages[i]);
        while (vici_next_entry(&r, &entry, NULL) > 0)
            if (entry.kind == VICI_SECTION)
                fn(out, vici_span_text(entry.name, conn, sizeof conn), entry.body);
    }
}

static void add_json(void *out, const char *conn, struct span ike)
{
    json_array_append_new(out, sas_ike_json(conn, ike));
}

enum { NAME, ID, STATE, SPI_IN, SPI_OUT, ALG, LOCAL, REMOTE, REKEY, RUNS };
static const struct out_column columns[] = {
    [NAME] = { "NAME", false, true },
    [ID] = { "ID", true, false },
    [STATE] = { "STATE", false, false },
    [SPI_IN] = { "SPI IN/INIT", false, false },
    [SPI_OUT] = { "SPI OUT/RESP", false, false },
    [ALG] = { "ALGORITHMS", false, false },
    [LOCAL] = { "LOCAL", false, false },
    [REMOTE] = { "REMOTE", false, false },
    [REKEY] = { "REKEY IN", true, false },
    [RUNS] = { "RUNS IN", false, false },
};

static void key_cell(struct out_table *table, int row, size_t column, struct span section,
                     const char *key)
{
    char text[128];

    out_table_cell(table, row, column, "%s", vici_find_text(section, key, text, sizeof text));
}

/* Traffic selectors in one cell, separated by spaces. */
static void ts_cell(struct out_table *table, int row, size_t column, struct span child,
                    const char *key)
{
    char text[400] = "";
    size_t len = 0;
    struct vici_reader r;
    struct span list, value;

    if (!vici_find(child, VICI_LIST, key, &list))
        return;
    vici_reader_init_list(&r, list);
    while (len + 2 < sizeof text && vici_next_value(&r, &value, NULL) > 0) {
        if (len)
            text[len++] = ' ';
        vici_span_text(value, text + len, sizeof text - len);
        while (text[len])
            len++;
    }
    out_table_cell(table, row, column, "%s", text);
}

static void rekey_cell(struct out_table *table, int row, struct span section)
{
    uint64_t left = vici_find_number(section, "rekey-time", 0);
    char text[24];

    out_table_cell(table, row, REKEY, "%s", left ? out_seconds(left, text) : "-");
}

static void add_child_row(struct out_table *table, int parent, struct span child)
{
    int row = out_table_row(table, parent);
    char text[200];

    key_cell(table, row, NAME, child, "name");
    key_cell(table, row, ID, child, "uniqueid");
    key_cell(table, row, STATE, child, "state");
    key_cell(table, row, SPI_IN, child, "spi-in");
    key_cell(table, row, SPI_OUT, child, "spi-out");
    out_table_cell(table, row, ALG, "%s", sas_algorithm(child, text, sizeof text));
    ts_cell(table, row, LOCAL, child, "local-ts");
    ts_cell(table, row, REMOTE, child, "remote-ts");
    rekey_cell(table, row, child);
    out_table_cell(table, row, RUNS, "%s", sas_where(child, text, sizeof text));
}

static void end_cell(struct out_table *table, int row, size_t column, struct span ike,
                     const char *id_key, const char *host_key, const char *port_key)
{
    char id[128], host[64], port[16];

    out_table_cell(table, row, column, "%s @ %s[%s]", vici_find_text(ike, id_key, id, sizeof id),
                   vici_find_text(ike, host_key, host, sizeof host),
                   vici_find_text(ike, port_key, port, sizeof port));
}

static void add_row(void *out, const char *conn, struct span ike)
{
    struct out_table *table = out;
    struct span children = { 0 };
    struct vici_reader r;
    struct vici_entry entry;
    int row = out_table_row(table, -1);
    char alg[160], prf[64], dh[64];

    out_table_cell(table, row, NAME, "%s", conn);
    key_cell(table, row, ID, ike, "uniqueid");
    key_cell(table, row, STATE, ike, "state");
    key_cell(table, row, SPI_IN, ike, "initiator-spi");
    key_cell(table, row, SPI_OUT, ike, "responder-spi");
    out_table_cell(table, row, ALG, "%s/%s/%s", sas_algorithm(ike, alg, sizeof alg),
                   vici_find_text(ike, "prf-alg", prf, sizeof prf),
                   vici_find_text(ike, "dh-group", dh, sizeof dh));
    end_cell(table, row, LOCAL, ike, "local-id", "local-host", "local-port");
    end_cell(table, row, REMOTE, ike, "remote-id", "remote-host", "remote-port");
    rekey_cell(table, row, ike);
    if (!vici_find(ike, VICI_SECTION, "child-sas", &children))
        return;
    vici_reader_init(&r, children);
    while (vici_next_entry(&r, &entry, NULL) > 0)
        if (entry.kind == VICI_SECTION)
            add_child_row(table, row, entry.body);
}

static int print(const struct cli *cli, const struct events *events)
{
    struct out_table *table;
    json_t *root, *ikes;

    if (cli->json) {
        root = json_object();
        ikes = json_array();
        each_ike(events, add_json, ikes);
        json_object_set_new(root, "ike_sas", ikes);
        return out_json(cli, root);
    }
    table = out_table_new(columns, N(columns));
    each_ike(events, add_row, table);
    return out_table_print(cli, table);
}

int cli_list(const struct cli *cli)
{
    struct events events = { 0 };
    struct vici_client *client;
    struct vici_writer args;
    int rc = daemon_connect(cli, &client);

    if (rc)
        return rc;
    vici_writer_init(&args);
    if (cli->n_args)
        vici_text(&args, "ike", cli->args[0]);
    rc = daemon_collect(cli, client, "list-sas", &args, "list-sa", &events);
    vici_writer_fini(&args);
    vici_client_close(client);
    if (!rc)
        rc = print(cli, &events);
    events_free(&events);
    return rc;
}
