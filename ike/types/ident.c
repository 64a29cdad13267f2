/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ident: text forms and comparison of identities.  Wire bytes are in
 * ike/core/codec/id.c.
 */
#include "ike/types/ident.h"

#include "ike/types/textbuf.h"
#include "utils/base/ip.h"

#include <string.h>

static int set(struct ike_id *ret, uint8_t type, const void *p, size_t len)
{
    struct ike_id id = { .type = type, .len = (uint16_t)len };

    memcpy(id.data, p, len);
    *ret = id;
    return 0;
}

static int parse_key(const char *text, struct ike_id *ret, struct err *err)
{
    size_t len = strlen(text);
    uint8_t bytes[IKE_ID_MAX];

    if (strncmp(text, "0x", 2))
        return len ? set(ret, IKE_ID_KEY, text, len)
                   : err_set(err, ERR_INVALID, "identity 'keyid:': empty");
    len = (len - 2) / 2;
    if (!len || !hex_decode(bytes, len, text + 2))
        return err_set(err, ERR_INVALID,
                       "identity 'keyid:%.100s': expected an even number of hex digits after 0x",
                       text);
    return set(ret, IKE_ID_KEY, bytes, len);
}

/* A host name or mailbox: printable, and without what only looks like one. */
static int parse_name(const char *text, uint8_t type, struct ike_id *ret, struct err *err)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c <= 0x20 || c >= 0x7f)
            return err_set(err, ERR_INVALID, "identity: character %zu is not printable ASCII",
                           i + 1);
        if (c == '*')
            return err_set(err, ERR_UNSUPPORTED,
                           "identity '%.100s': wildcards are not supported; %%any matches all",
                           text);
        if (c == '=')
            return err_set(err, ERR_UNSUPPORTED,
                           "identity '%.100s': distinguished names are not supported", text);
    }
    if (!len || (type == IKE_ID_EMAIL && (text[0] == '@' || text[len - 1] == '@')))
        return err_set(err, ERR_INVALID, "identity '%.100s': empty, or an empty part of it", text);
    return set(ret, type, text, len);
}

int ike_id_parse(const char *text, struct ike_id *ret, struct err *err)
{
    struct ip_addr addr;

    if (strlen(text) > IKE_ID_MAX)
        return err_set(err, ERR_INVALID, "identity: %zu characters, at most %d", strlen(text),
                       IKE_ID_MAX);
    if (!strcmp(text, "%any")) {
        *ret = (struct ike_id){ 0 };
        return 0;
    }
    if (!strncmp(text, "keyid:", 6))
        return parse_key(text + 6, ret, err);
    if (!strncmp(text, "fqdn:", 5))
        return parse_name(text + 5, IKE_ID_FQDN, ret, err);
    if (!strncmp(text, "email:", 6))
        return parse_name(text + 6, IKE_ID_EMAIL, ret, err);
    if (!ip_addr_parse(text, &addr))
        return set(ret, addr.family == 4 ? IKE_ID_IPV4 : IKE_ID_IPV6, addr.b, ip_addr_len(&addr));
    if (text[0] == '@') /* strongSwan's mark of a name */
        return parse_name(text + 1, IKE_ID_FQDN, ret, err);
    return parse_name(text, strchr(text, '@') ? IKE_ID_EMAIL : IKE_ID_FQDN, ret, err);
}

static bool is_address(const struct ike_id *id)
{
    return (id->type == IKE_ID_IPV4 && id->len == 4) || (id->type == IKE_ID_IPV6 && id->len == 16);
}

/* A name that ike_id_parse() would take for something else gets its type in
 * front, so that two identities never look the same. */
static bool is_plain(const struct ike_id *id)
{
    char text[IKE_ID_MAX + 1];
    struct ike_id back;

    memcpy(text, id->data, id->len);
    text[id->len] = '\0';
    return !ike_id_parse(text, &back, NULL) && back.type == id->type && ike_id_eq(&back, id);
}

const char *ike_id_text(const struct ike_id *id, char buf[IKE_ID_TEXT_LEN])
{
    struct span data = span_of(id->data, id->len);
    struct textbuf tb;

    textbuf_init(&tb, buf, IKE_ID_TEXT_LEN);
    if (!id->type) {
        textbuf_add(&tb, "%%any");
    } else if (is_address(id)) {
        struct ip_addr addr = { .family = id->type == IKE_ID_IPV4 ? 4 : 6 };
        char text[IP_TEXT_LEN];

        memcpy(addr.b, id->data, id->len);
        textbuf_add(&tb, "%s", ip_addr_text(&addr, text));
    } else if (id->type == IKE_ID_FQDN || id->type == IKE_ID_EMAIL) {
        if (!is_plain(id))
            textbuf_add(&tb, "%s:", id->type == IKE_ID_FQDN ? "fqdn" : "email");
        textbuf_add_bytes(&tb, data);
    } else {
        if (id->type == IKE_ID_KEY)
            textbuf_add(&tb, "keyid:0x");
        else
            textbuf_add(&tb, "type%u:0x", id->type);
        textbuf_add_hex(&tb, data);
    }
    return buf;
}

bool ike_id_eq(const struct ike_id *a, const struct ike_id *b)
{
    if (a->type != b->type || a->len != b->len)
        return false;
    /* Host names know no case (RFC 4343); mailboxes are compared as strongSwan
     * and every mail system in use do. */
    if (a->type == IKE_ID_FQDN || a->type == IKE_ID_EMAIL) {
        for (size_t i = 0; i < a->len; i++) {
            uint8_t x = a->data[i], y = b->data[i];

            x = (uint8_t)(x >= 'A' && x <= 'Z' ? x + 32 : x);
            y = (uint8_t)(y >= 'A' && y <= 'Z' ? y + 32 : y);
            if (x != y)
                return false;
        }
        return true;
    }
    return memcmp(a->data, b->data, a->len) == 0;
}

bool ike_id_match(const struct ike_id *want, const struct ike_id *id)
{
    return !want->type || ike_id_eq(want, id);
}
