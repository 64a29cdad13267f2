/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sk: the Encrypted payload, RFC 7296 section 3.14; for AEAD ciphers RFC 5282
 * section 3.
 *
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | Next Payload  |C|  RESERVED   |         Payload Length        |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                     Initialization Vector                     |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                    Encrypted IKE Payloads                     ~
 * +               +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |               |             Padding (0-255 octets)            |
 * +-+-+-+-+-+-+-+-+                               +-+-+-+-+-+-+-+-+
 * |                                               |  Pad Length   |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                    Integrity Checksum Data                    ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
#include "ike/core/codec/sk.h"

int ike_sk_read(struct span message, const struct ike_payload *sk, const struct ike_sk_lens *lens,
                struct ike_sk *ret, struct err *err)
{
    size_t fixed = (size_t)lens->iv + lens->icv;
    struct ike_sk out = { .first = sk->next };

    if (sk->at + IKE_PAYLOAD_HEADER_LEN + sk->body.len != message.len)
        return err_set(err, ERR_MALFORMED, "SK payload: not the last of the message");
    if (sk->body.len <= fixed)
        return err_set(err, ERR_MALFORMED,
                       "SK payload: %zu bytes do not hold IV, pad length and ICV (%zu)",
                       sk->body.len, fixed + 1);
    out.text = span_of(sk->body.p + lens->iv, sk->body.len - fixed);
    if (out.text.len % lens->block)
        return err_set(err, ERR_MALFORMED,
                       "SK payload: ciphertext of %zu bytes is not a multiple of %u", out.text.len,
                       lens->block);
    out.iv = span_of(sk->body.p, lens->iv);
    out.icv = span_of(out.text.p + out.text.len, lens->icv);
    out.aad = span_of(message.p, sk->at + IKE_PAYLOAD_HEADER_LEN);
    out.authed = span_of(message.p, message.len - lens->icv);
    *ret = out;
    return 0;
}

int ike_sk_unpad(struct span plain, struct span *ret_inner, struct err *err)
{
    size_t pad;

    if (!plain.len)
        return err_set(err, ERR_MALFORMED, "SK payload: no pad length");
    pad = plain.p[plain.len - 1];
    if (pad + 1 > plain.len)
        return err_set(err, ERR_MALFORMED, "SK payload: pad length %zu in %zu bytes", pad,
                       plain.len);
    *ret_inner = span_of(plain.p, plain.len - 1 - pad);
    return 0;
}

void ike_sk_open(struct ike_msg *msg, const struct ike_sk_lens *lens)
{
    ike_msg_open(msg, IKE_PL_SK);
    /* From here on the chain goes on inside: SK's own next-payload byte, where
     * next_at already points, names the first inner payload. */
    msg->sk_at = msg->open_at;
    msg->sk_iv_len = lens->iv;
    msg->open_at = 0;
    wr_zero(&msg->wr, lens->iv);
}

void ike_sk_close(struct ike_msg *msg, const struct ike_sk_lens *lens, struct ike_sk_frame *ret)
{
    size_t iv_at = msg->sk_at + IKE_PAYLOAD_HEADER_LEN;
    size_t text_at = iv_at + msg->sk_iv_len;
    size_t inner_len = wr_len(&msg->wr) - text_at;
    size_t pad = lens->block - 1 - inner_len % lens->block;
    uint8_t *start = msg->wr.start;

    wr_zero(&msg->wr, pad);
    wr_u8(&msg->wr, (uint8_t)pad);
    wr_zero(&msg->wr, lens->icv);
    msg->open_at = msg->sk_at;
    ike_msg_close(msg);
    msg->sk_at = 0;
    *ret = (struct ike_sk_frame){ 0 };
    if (msg->wr.failed)
        return;
    *ret = (struct ike_sk_frame){
        .aad = span_of(start, iv_at),
        .authed = span_of(start, wr_len(&msg->wr) - lens->icv),
        .iv = start + iv_at,
        .text = start + text_at,
        .text_len = inner_len + pad + 1,
        .icv = msg->wr.p - lens->icv,
    };
}
