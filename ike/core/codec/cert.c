/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cert: the Certificate and Certificate Request payloads, RFC 7296 sections
 * 3.6 and 3.7.
 *
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | Cert Encoding |                                               |
 * +-+-+-+-+-+-+-+-+                                               +
 * ~           Certificate Data / Certification Authority          ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
#include "ike/core/codec/cert.h"

int ike_cert_read(uint8_t payload_type, struct span body, struct ike_cert *ret, struct err *err)
{
    struct ike_cert cert;
    struct rd rd;

    rd_init(&rd, body.p, body.len);
    cert.encoding = rd_u8(&rd);
    if (rd.failed)
        return err_set(err, ERR_MALFORMED, "%s payload: no encoding",
                       ike_payload_name(payload_type));
    cert.data = rd_rest(&rd);
    if (!cert.data.len && payload_type == IKE_PL_CERT)
        return err_set(err, ERR_MALFORMED, "CERT payload: no certificate data");
    *ret = cert;
    return 0;
}

void ike_cert_write(struct ike_msg *msg, uint8_t payload_type, const struct ike_cert *cert)
{
    ike_msg_open(msg, payload_type);
    wr_u8(&msg->wr, cert->encoding);
    wr_span(&msg->wr, cert->data);
    ike_msg_close(msg);
}
