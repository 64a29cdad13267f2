/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status: one line for each configured tunnel, up or down.  Exit code 1 if one
 * that was asked about is down, so that a monitor needs nothing else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "utils/cli/cli.h"
#include "utils/cli/fields.h"
#include "utils/cli/sas.h"
#include "utils/cli/tunnels.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static json_t *tunnel_json(const struct tunnel *t)
{
    static const struct field fields[] = {
        { "uniqueid", "ike_id", FIELD_NUMBER },
        { "state", "ike_state", FIELD_TEXT },
        { "local-host", "local_address", FIELD_TEXT },
        { "local-port", "local_port", FIELD_NUMBER },
        { "local-id", "local_id", FIELD_TEXT },
        { "remote-host", "remote_address", FIELD_TEXT },
        { "remote-port", "remote_port", FIELD_NUMBER },
        { "remote-id", "remote_id", FIELD_TEXT },
    };
    json_t *object = json_object(), *sas = json_array();
    char name[2 * IKE_NAME_LEN + 1];

    snprintf(name, sizeof name, "%s/%s", t->conn, t->child);
    json_object_set_new(object, "name", out_json_text(span_of(name, strlen(name))));
    json_object_set_new(object, "connection", out_json_text(span_of(t->conn, strlen(t->conn))));
    json_object_set_new(object, "child", out_json_text(span_of(t->child, strlen(t->child))));
    json_object_set_new(object, "configured", json_boolean(t->configured));
    json_object_set_new(object, "up", json_boolean(tunnel_is_up(t)));
    fields_add(object, t->ike, fields, N(fields));
    for (size_t i = 0; i < t->n_sas; i++) {
        json_array_append_new(sas, sas_flat_json(t->sas[i], true));
        json_array_append_new(sas, sas_flat_json(t->sas[i], false));
    }
    json_object_set_new(object, "sas", sas);
    return object;
}

/* What was dropped before it reached an SA: IKE messages, packets in the device.
 * {} where the daemon does not tell. */
static void add_drops(const struct cli *cli, json_t *root)
{
    static const struct field fields[] = {
        { "ike", "ike_drops", FIELD_COUNTS },
        { "device", "device_drops", FIELD_COUNTS },
    };
    struct vici_client *client = NULL;
    struct span response;

    if (vici_client_connect(cli->socket, &client, NULL) ||
        daemon_ask(cli, client, "get-drops", &response, NULL))
        response = span_of(NULL, 0);
    fields_add(root, response, fields, N(fields));
    vici_client_close(client);
}

static int print_json(const struct cli *cli, const struct tunnels *tunnels)
{
    json_t *root = json_object(), *list = json_array();

    for (size_t i = 0; i < tunnels->n; i++)
        json_array_append_new(list, tunnel_json(&tunnels->list[i]));
    json_object_set_new(root, "tunnels", list);
    add_drops(cli, root);
    return out_json(cli, root);
}

enum { NAME, IKE, CHILD, WHERE, PEER, BYTES_IN, BYTES_OUT, DROPS, REKEY, SEQ, WHY };
static const struct out_column columns[] = {
    [NAME] = { "TUNNEL", false, false },   [IKE] = { "IKE", false, false },
    [CHILD] = { "CHILD", false, false },   [WHERE] = { "RUNS IN", false, false },
    [PEER] = { "PEER", false, false },     [BYTES_IN] = { "IN", true, false },
    [BYTES_OUT] = { "OUT", true, false },  [DROPS] = { "DROPS", false, false },
    [REKEY] = { "REKEY IN", true, false }, [SEQ] = { "SEQ USED", true, false },
    [WHY] = { "WHY THERE", false, false },
};

static void print_traffic(struct out_table *table, int row, const struct tunnel *t)
{
    uint64_t in = 0, out = 0, packets_in = 0, packets_out = 0;
    char text[24];

    for (size_t i = 0; i < t->n_sas; i++) {
        in += vici_find_number(t->sas[i], "bytes-in", 0);
        out += vici_find_number(t->sas[i], "bytes-out", 0);
        packets_in += vici_find_number(t->sas[i], "packets-in", 0);
        packets_out += vici_find_number(t->sas[i], "packets-out", 0);
    }
    out_table_cell(table, row, BYTES_IN, "%s/%llu p", out_bytes(in, text),
                   (unsigned long long)packets_in);
    out_table_cell(table, row, BYTES_OUT, "%s/%llu p", out_bytes(out, text),
                   (unsigned long long)packets_out);
}

/* The newest Child SA that carries traffic, else the newest. */
static struct span best_sa(const struct tunnel *t)
{
    for (size_t i = t->n_sas; i > 0; i--)
        if (sas_child_is_up(t->sas[i - 1]))
            return t->sas[i - 1];
    return t->sas[t->n_sas - 1];
}

static void print_sa(struct out_table *table, int row, const struct tunnel *t)
{
    struct span sa = best_sa(t);
    char text[400], host[64], duration[24];
    uint64_t rekey = vici_find_number(sa, "rekey-time", 0);

    out_table_cell(table, row, CHILD, "%s", vici_find_text(sa, "state", text, sizeof text));
    out_table_cell(table, row, WHERE, "%s", sas_where(sa, text, sizeof text));
    out_table_cell(table, row, PEER, "%s",
                   vici_find_text(t->ike, "remote-host", host, sizeof host));
    print_traffic(table, row, t);
    out_table_cell(table, row, DROPS, "%s", sas_drops(sa, text, sizeof text));
    out_table_cell(table, row, REKEY, "%s", rekey ? out_seconds(rekey, duration) : "-");
    vici_find_text(sa, "seq-used-percent", text, sizeof text);
    if (text[0])
        out_table_cell(table, row, SEQ, "%.2f %%", strtod(text, NULL));
    out_table_cell(table, row, WHY, "%s", sas_why(sa, text, sizeof text));
}

static int print_text(const struct cli *cli, const struct tunnels *tunnels)
{
    struct out_table *table = out_table_new(columns, N(columns));
    char state[32];

    if (tunnels->n == 0)
        puts("no tunnel is configured");
    for (size_t i = 0; i < tunnels->n; i++) {
        const struct tunnel *t = &tunnels->list[i];
        int row = out_table_row(table, -1);

        out_table_cell(table, row, NAME, "%s/%s%s", t->conn, t->child,
                       t->configured ? "" : " (not configured)");
        vici_find_text(t->ike, "state", state, sizeof state);
        out_table_cell(table, row, IKE, "%s", state[0] ? state : "down");
        if (t->n_sas)
            print_sa(table, row, t);
        else
            out_table_cell(table, row, CHILD, "down");
    }
    return out_table_print(cli, table);
}

int cli_status(const struct cli *cli)
{
    char conn[IKE_NAME_LEN];
    const char *child = NULL;
    struct tunnels tunnels;
    bool all_up = true;
    int rc;

    if (cli->n_args && !cli_split(cli->args[0], conn, sizeof conn, &child))
        return cli_fail(cli, CLI_USAGE, "status: \"%s\" is not CONN or CONN/CHILD", cli->args[0]);
    rc = tunnels_get(cli, cli->n_args ? conn : NULL, child, &tunnels);
    if (rc)
        return rc;
    if (cli->n_args && tunnels.n == 0) {
        tunnels_free(&tunnels);
        return cli_fail(cli, CLI_FAILED, "status: no tunnel %s", cli->args[0]);
    }
    for (size_t i = 0; i < tunnels.n; i++)
        all_up = all_up && tunnel_is_up(&tunnels.list[i]);
    rc = cli->json ? print_json(cli, &tunnels) : print_text(cli, &tunnels);
    tunnels_free(&tunnels);
    return rc ? rc : all_up ? CLI_OK : CLI_FAILED;
}
