/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ctl_creds: credentials over the control socket.  Pre-shared keys go straight
 * to the key process; certificates and private keys are refused by name in
 * this version.  The empty lists are what swanctl --load-all asks for first.
 */
#include "ike/daemon/ctl.h"

#include <stdio.h>
#include <string.h>

static int parse_owners(struct span args, struct ike_id ids[KEYPROTO_IDS_MAX], unsigned *ret_n,
                        struct err *err)
{
    struct vici_reader r;
    struct span list, item;
    unsigned n = 0;
    int rc;

    if (!vici_find(args, VICI_LIST, "owners", &list))
        return 0;
    vici_reader_init_list(&r, list);
    while ((rc = vici_next_value(&r, &item, err)) == 1) {
        char text[IKE_ID_TEXT_LEN];

        if (n == KEYPROTO_IDS_MAX)
            return err_set(err, ERR_FULL, "owners: more than %d identities", KEYPROTO_IDS_MAX);
        rc = ike_id_parse(vici_span_text(item, text, sizeof text), &ids[n], err);
        if (rc)
            return rc;
        n++;
    }
    *ret_n = n;
    return rc;
}

void ctl_load_shared(const struct ctl_call *call)
{
    struct ike_id ids[KEYPROTO_IDS_MAX];
    char id[KEYPROTO_NAME_MAX + 1], type[16];
    struct err err = { 0 };
    unsigned n_ids = 0;
    struct span data;
    int rc;

    vici_find_text(call->args, "id", id, sizeof id);
    vici_find_text(call->args, "type", type, sizeof type);
    if (strcasecmp(type, "ike")) {
        ctl_respond_result(call->conn, ERR_UNSUPPORTED, "type: only IKE secrets in this version");
        return;
    }
    if (!vici_find(call->args, VICI_VALUE, "data", &data)) {
        ctl_respond_result(call->conn, ERR_INVALID, "data: missing");
        return;
    }
    rc = parse_owners(call->args, ids, &n_ids, &err);
    if (!rc)
        rc = keyproc_secret(call->daemon->keys, id[0] ? id : "vici", ids, n_ids, data, &err);
    ctl_respond_result(call->conn, rc, err.text);
}

static void respond_empty_list(const struct ctl_call *call, const char *key)
{
    struct vici_writer w;

    vici_packet_begin(&w, VICI_CMD_RESPONSE, NULL);
    vici_list(&w, key);
    vici_list_end(&w);
    ctl_respond(call->conn, &w);
}

/* The key process tells nobody which secrets it holds; to swanctl that means
 * "send them all", and one of the same name is replaced. */
void ctl_get_shared(const struct ctl_call *call)
{
    respond_empty_list(call, "keys");
}

void ctl_empty_keys(const struct ctl_call *call)
{
    respond_empty_list(call, "keys");
}

void ctl_empty(const struct ctl_call *call)
{
    struct vici_writer w;

    vici_packet_begin(&w, VICI_CMD_RESPONSE, NULL);
    ctl_respond(call->conn, &w);
}

void ctl_refuse_credential(const struct ctl_call *call)
{
    ctl_respond_result(call->conn, ERR_UNSUPPORTED,
                       "certificates and private keys: not supported in this version");
}
