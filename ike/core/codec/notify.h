/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify: the Notify payload (RFC 7296 section 3.10).
 */
#ifndef IKE_CODEC_NOTIFY_H
#define IKE_CODEC_NOTIFY_H

#include "ike/core/codec/payload.h"

struct ike_notify_payload {
    uint8_t proto;   /* enum ike_protocol; IKE_PROTO_NONE without SPI */
    uint16_t type;   /* enum ike_notify, or any other number */
    struct span spi; /* 0, 4 or 8 bytes */
    struct span data;
};

int ike_notify_read(struct span body, struct ike_notify_payload *ret, struct err *err) MUST_CHECK;
void ike_notify_write(struct ike_msg *msg, const struct ike_notify_payload *notify);
/* A notify without SPI. */
void ike_notify_put(struct ike_msg *msg, uint16_t type, struct span data);
/* The first notify of that type.  Malformed ones never match: run
 * ike_payloads_check() before.  `ret` NULL accepted. */
bool ike_notify_find(const struct ike_payloads *list, uint16_t type,
                     struct ike_notify_payload *ret);
/* The first error notify (type below IKE_N_STATUS_FIRST). */
bool ike_notify_find_error(const struct ike_payloads *list, struct ike_notify_payload *ret);

#endif
