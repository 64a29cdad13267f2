/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check: runs every reader of this room over a chain, so that INVALID_SYNTAX
 * is decided in one place and before anything is acted upon.
 */
#include "ike/core/codec/codec.h"

static int check_one(const struct ike_payload *p, struct err *err)
{
    union {
        struct ike_sa_payload sa;
        struct ike_ke ke;
        struct ike_id id;
        struct ike_cert cert;
        struct ike_auth_data auth;
        struct ike_notify_payload notify;
        struct ike_delete del;
        struct ike_ts_list ts;
        struct span bytes;
    } u;

    switch (p->type) {
    case IKE_PL_SA:
        return ike_sa_read(p->body, &u.sa, err);
    case IKE_PL_KE:
        return ike_ke_read(p->body, &u.ke, err);
    case IKE_PL_IDI:
    case IKE_PL_IDR:
        return ike_id_read(p->body, &u.id, err);
    case IKE_PL_CERT:
    case IKE_PL_CERTREQ:
        return ike_cert_read(p->type, p->body, &u.cert, err);
    case IKE_PL_AUTH:
        return ike_auth_read(p->body, &u.auth, err);
    case IKE_PL_NONCE:
        return ike_nonce_read(p->body, &u.bytes, err);
    case IKE_PL_NOTIFY:
        return ike_notify_read(p->body, &u.notify, err);
    case IKE_PL_DELETE:
        return ike_delete_read(p->body, &u.del, err);
    case IKE_PL_VENDOR:
        return ike_vendor_read(p->body, &u.bytes, err);
    case IKE_PL_TSI:
    case IKE_PL_TSR:
        return ike_ts_read(p->body, &u.ts, NULL, err);
    default:
        return 0; /* SK: sk.h, with the cipher's lengths; CP, EAP, unknown: opaque */
    }
}

/* What a message has at most once.  Two of them would let two readers of one
 * message act on different ones. */
static bool stands_alone(uint8_t type)
{
    switch (type) {
    case IKE_PL_SA:
    case IKE_PL_KE:
    case IKE_PL_IDI:
    case IKE_PL_IDR:
    case IKE_PL_AUTH:
    case IKE_PL_NONCE:
    case IKE_PL_TSI:
    case IKE_PL_TSR:
    case IKE_PL_SK:
        return true;
    default:
        return false; /* CERT, CERTREQ, NOTIFY, DELETE, VENDOR; CP, EAP: not acted upon */
    }
}

static int check_alone(const struct ike_payloads *list, size_t i, struct err *err)
{
    for (size_t k = 0; k < i; k++)
        if (list->p[k].type == list->p[i].type && stands_alone(list->p[i].type))
            return err_set(err, ERR_MALFORMED, "%s payload: comes twice",
                           ike_payload_name(list->p[i].type));
    return 0;
}

int ike_payloads_check(const struct ike_payloads *list, struct err *err)
{
    for (size_t i = 0; i < list->n; i++) {
        int rc = check_alone(list, i, err);

        if (!rc)
            rc = check_one(&list->p[i], err);
        if (rc)
            return rc;
    }
    return 0;
}
