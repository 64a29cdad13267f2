/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ike_recode.h"

/* What has no reader, or nothing left after it, is copied. */
static void copy(struct ike_msg *msg, const struct ike_payload *p)
{
    ike_msg_open(msg, p->type);
    wr_span(&msg->wr, p->body);
    ike_msg_close(msg);
    if ((p->type == IKE_PL_SK || p->type == IKE_PL_SKF) && !msg->wr.failed)
        msg->wr.start[msg->next_at] = p->next; /* names the first payload inside */
}

static int recode_sa(struct ike_msg *msg, const struct ike_payload *p, struct err *err)
{
    struct ike_sa_payload sa;
    int rc = ike_sa_read(p->body, &sa, err);

    if (rc)
        return rc;
    for (unsigned i = 1; i < sa.n; i++) /* close the gaps of skipped ones */
        sa.proposals[i].num = (uint8_t)(sa.proposals[0].num + i);
    if (sa.n)
        ike_sa_write(msg, sa.proposals, sa.n);
    else
        copy(msg, p);
    return 0;
}

static int recode_ts(struct ike_msg *msg, const struct ike_payload *p, struct err *err)
{
    struct ike_ts_list list;
    int rc = ike_ts_read(p->body, &list, NULL, err);

    if (rc)
        return rc;
    if (list.n)
        ike_ts_write(msg, p->type, &list);
    else
        copy(msg, p);
    return 0;
}

static int recode_rest(struct ike_msg *msg, const struct ike_payload *p, struct err *err)
{
    struct ike_auth_data auth;
    struct ike_delete del;
    struct ike_cert cert;
    struct span bytes;
    struct ike_id id;
    int rc = 0;

    switch (p->type) {
    case IKE_PL_IDI:
    case IKE_PL_IDR:
        if (!(rc = ike_id_read(p->body, &id, err)))
            ike_id_write(msg, p->type, &id);
        return rc;
    case IKE_PL_CERT:
    case IKE_PL_CERTREQ:
        if (!(rc = ike_cert_read(p->type, p->body, &cert, err)))
            ike_cert_write(msg, p->type, &cert);
        return rc;
    case IKE_PL_AUTH:
        if (!(rc = ike_auth_read(p->body, &auth, err)))
            ike_auth_write(msg, &auth);
        return rc;
    case IKE_PL_DELETE:
        if (!(rc = ike_delete_read(p->body, &del, err)))
            ike_delete_write(msg, &del);
        return rc;
    case IKE_PL_VENDOR:
        if (!(rc = ike_vendor_read(p->body, &bytes, err)))
            ike_vendor_write(msg, bytes);
        return rc;
    default:
        copy(msg, p);
        return 0;
    }
}

static int recode_one(struct ike_msg *msg, const struct ike_payload *p, struct err *err)
{
    struct ike_notify_payload notify;
    struct span nonce;
    struct ike_ke ke;
    int rc;

    switch (p->type) {
    case IKE_PL_SA:
        return recode_sa(msg, p, err);
    case IKE_PL_KE:
        if (!(rc = ike_ke_read(p->body, &ke, err)))
            ike_ke_write(msg, &ke);
        return rc;
    case IKE_PL_NONCE:
        if (!(rc = ike_nonce_read(p->body, &nonce, err)))
            ike_nonce_write(msg, nonce);
        return rc;
    case IKE_PL_NOTIFY:
        if (!(rc = ike_notify_read(p->body, &notify, err)))
            ike_notify_write(msg, &notify);
        return rc;
    case IKE_PL_TSI:
    case IKE_PL_TSR:
        return recode_ts(msg, p, err);
    default:
        return recode_rest(msg, p, err);
    }
}

int ike_recode_list(const struct ike_header *h, const struct ike_payloads *list, uint8_t *buf,
                    size_t cap, struct span *ret, struct err *err)
{
    struct ike_msg msg;
    int rc;

    ike_msg_begin(&msg, buf, cap, h);
    for (size_t i = 0; i < list->n; i++)
        if ((rc = recode_one(&msg, &list->p[i], err)))
            return rc;
    return ike_msg_end(&msg, ret, err);
}

int ike_recode(struct span message, uint8_t *buf, size_t cap, struct span *ret, struct err *err)
{
    struct ike_payloads list;
    struct ike_header h;
    int rc;

    if ((rc = ike_header_read(message, &h, err)) || (rc = ike_header_check(&h, message.len, err)) ||
        (rc = ike_payloads_read(h.next_payload, message, IKE_HEADER_LEN, &list, err)))
        return rc;
    return ike_recode_list(&h, &list, buf, cap, ret, err);
}
