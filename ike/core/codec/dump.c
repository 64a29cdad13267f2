/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump: messages as text.  It only reads what the readers of this room give,
 * so it shows a message as the state machine sees it.
 */
#include "ike/core/codec/dump.h"

#include "ike/core/codec/codec.h"
#include "ike/types/textbuf.h"

#include <inttypes.h>
#include <string.h>

static const char *proto_name(uint8_t proto)
{
    static const char *const names[] = { "none", "IKE", "AH", "ESP" };

    return proto < sizeof names / sizeof *names ? names[proto] : "unknown";
}

static int dump_sa(struct textbuf *tb, struct span body, struct err *err)
{
    char text[IKE_PROPOSAL_TEXT_LEN];
    struct ike_sa_payload sa;
    int rc = ike_sa_read(body, &sa, err);

    if (rc)
        return rc;
    for (size_t i = 0; i < sa.n; i++) {
        const struct ike_proposal *p = &sa.proposals[i];

        textbuf_add(tb, " #%u %s %s", p->num, proto_name(p->proto), ike_proposal_text(p, text));
        if (p->spi_len) {
            textbuf_add(tb, " spi=");
            textbuf_add_hex(tb, span_of(p->spi, p->spi_len));
        }
    }
    if (sa.n_skipped)
        textbuf_add(tb, " (%u skipped)", sa.n_skipped);
    return 0;
}

static int dump_ke(struct textbuf *tb, struct span body, struct err *err)
{
    struct ike_ke ke;
    int rc = ike_ke_read(body, &ke, err);

    if (rc)
        return rc;
    const struct ike_transform t = { .type = IKE_TT_KE, .id = ke.method };

    textbuf_add(tb, " %s(%u) %zu bytes", ike_transform_name(&t), ke.method, ke.data.len);
    return 0;
}

static int dump_id(struct textbuf *tb, struct span body, struct err *err)
{
    char text[IKE_ID_TEXT_LEN];
    struct ike_id id;
    int rc = ike_id_read(body, &id, err);

    if (!rc)
        textbuf_add(tb, " %s", ike_id_text(&id, text));
    return rc;
}

static int dump_cert(struct textbuf *tb, const struct ike_payload *p, struct err *err)
{
    struct ike_cert cert;
    int rc = ike_cert_read(p->type, p->body, &cert, err);

    if (!rc)
        textbuf_add(tb, " encoding %u, %zu bytes", cert.encoding, cert.data.len);
    return rc;
}

static int dump_auth(struct textbuf *tb, struct span body, struct err *err)
{
    struct ike_auth_data auth;
    int rc = ike_auth_read(body, &auth, err);

    if (!rc)
        textbuf_add(tb, " method %u, %zu bytes", auth.method, auth.data.len);
    return rc;
}

static int dump_nonce(struct textbuf *tb, struct span body, struct err *err)
{
    struct span nonce;
    int rc = ike_nonce_read(body, &nonce, err);

    if (!rc)
        textbuf_add(tb, " %zu bytes", nonce.len);
    return rc;
}

static int dump_notify(struct textbuf *tb, struct span body, struct err *err)
{
    struct ike_notify_payload n;
    int rc = ike_notify_read(body, &n, err);

    if (rc)
        return rc;
    textbuf_add(tb, " %s(%u)", ike_notify_name(n.type), n.type);
    if (n.spi.len) {
        textbuf_add(tb, " %s spi=", proto_name(n.proto));
        textbuf_add_hex(tb, n.spi);
    }
    if (n.data.len)
        textbuf_add(tb, " %zu bytes", n.data.len);
    return 0;
}

static int dump_delete(struct textbuf *tb, struct span body, struct err *err)
{
    struct ike_delete d;
    int rc = ike_delete_read(body, &d, err);

    if (rc)
        return rc;
    textbuf_add(tb, " %s", proto_name(d.proto));
    for (size_t i = 0; i < d.n_spis; i++)
        textbuf_add(tb, " spi=%08" PRIx32, d.spis[i]);
    return 0;
}

static int dump_vendor(struct textbuf *tb, struct span body, struct err *err)
{
    struct span id;
    int rc = ike_vendor_read(body, &id, err);

    if (!rc) {
        textbuf_add(tb, " ");
        textbuf_add_bytes(tb, id);
    }
    return rc;
}

static int dump_ts(struct textbuf *tb, struct span body, struct err *err)
{
    char text[IKE_TS_TEXT_LEN];
    struct ike_ts_list list;
    unsigned skipped;
    int rc = ike_ts_read(body, &list, &skipped, err);

    if (rc)
        return rc;
    for (size_t i = 0; i < list.n; i++)
        textbuf_add(tb, " %s", ike_ts_text(&list.ts[i], text));
    if (skipped)
        textbuf_add(tb, " (%u skipped)", skipped);
    return 0;
}

static int dump_body(struct textbuf *tb, const struct ike_payload *p, struct err *err)
{
    switch (p->type) {
    case IKE_PL_SA:
        return dump_sa(tb, p->body, err);
    case IKE_PL_KE:
        return dump_ke(tb, p->body, err);
    case IKE_PL_IDI:
    case IKE_PL_IDR:
        return dump_id(tb, p->body, err);
    case IKE_PL_CERT:
    case IKE_PL_CERTREQ:
        return dump_cert(tb, p, err);
    case IKE_PL_AUTH:
        return dump_auth(tb, p->body, err);
    case IKE_PL_NONCE:
        return dump_nonce(tb, p->body, err);
    case IKE_PL_NOTIFY:
        return dump_notify(tb, p->body, err);
    case IKE_PL_DELETE:
        return dump_delete(tb, p->body, err);
    case IKE_PL_VENDOR:
        return dump_vendor(tb, p->body, err);
    case IKE_PL_TSI:
    case IKE_PL_TSR:
        return dump_ts(tb, p->body, err);
    default: /* a number from the wire, not one of our enum alone */
        textbuf_add(tb, " %zu bytes", p->body.len);
        return 0;
    }
}

static void dump_list(struct textbuf *tb, const struct ike_payloads *list, const char *indent)
{
    struct err err;

    for (size_t i = 0; i < list->n; i++) {
        const struct ike_payload *p = &list->p[i];

        textbuf_add(tb, "%s%s", indent, ike_payload_name(p->type));
        if (!strcmp(ike_payload_name(p->type), "unknown"))
            textbuf_add(tb, "(%u)", p->type);
        if (p->critical)
            textbuf_add(tb, " critical");
        if (dump_body(tb, p, &err))
            textbuf_add(tb, " malformed: %s", err.text);
        textbuf_add(tb, "\n");
    }
}

const char *ike_dump(const struct ike_header *h, const struct ike_payloads *outer,
                     const struct ike_payloads *inner, char *buf, size_t cap)
{
    struct textbuf tb;

    textbuf_init(&tb, buf, cap);
    textbuf_add(&tb,
                "%s(%u) %s %s id=%" PRIu32 " spi_i=%016" PRIx64 " spi_r=%016" PRIx64 " %" PRIu32
                " bytes\n",
                ike_exchange_name(h->exchange), h->exchange,
                h->flags & IKE_FLAG_RESPONSE ? "response" : "request",
                h->flags & IKE_FLAG_INITIATOR ? "initiator" : "responder", h->message_id, h->spi_i,
                h->spi_r, h->length);
    dump_list(&tb, outer, "  ");
    if (inner)
        dump_list(&tb, inner, "    ");
    return buf;
}
