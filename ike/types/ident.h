/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ident: identities (RFC 7296 section 3.5) as values.
 */
#ifndef IKE_TYPES_IDENT_H
#define IKE_TYPES_IDENT_H

#include "ike/types/numbers.h"
#include "utils/base/bytes.h"
#include "utils/base/err.h"

#define IKE_ID_MAX 256 /* bytes of data */
#define IKE_ID_TEXT_LEN 320

struct ike_id {
    uint8_t type; /* enum ike_id_type; 0 = %any (only as an expectation) */
    uint16_t len;
    uint8_t data[IKE_ID_MAX];
};

/* "gw.example" FQDN, "a@b" e-mail, addresses, "keyid:0xhex", "%any". */
int ike_id_parse(const char *text, struct ike_id *ret, struct err *err) MUST_CHECK;
const char *ike_id_text(const struct ike_id *id, char buf[IKE_ID_TEXT_LEN]); /* printable */
bool ike_id_eq(const struct ike_id *a, const struct ike_id *b);
/* True if `id` meets the expectation `want` (%any meets all). */
bool ike_id_match(const struct ike_id *want, const struct ike_id *id);

#endif
