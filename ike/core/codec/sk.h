/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sk: the frame of the Encrypted payload (RFC 7296 section 3.14, for AEAD
 * RFC 5282): where IV, ciphertext and ICV lie, and padding.  Ciphers are in
 * ike/core/crypto; nothing here sees a key.
 *
 * Sending:    ike_msg_begin(); ike_sk_open(); ike_ke_write() ...; ike_sk_close();
 *             ike_msg_end(); then encrypt frame.text in place and fill frame.icv.
 * Receiving:  ike_payloads_read(); ike_sk_read(); check and decrypt; ike_sk_unpad();
 *             ike_payloads_read(sk.first, inner, 0, ...).
 */
#ifndef IKE_CODEC_SK_H
#define IKE_CODEC_SK_H

#include "ike/core/codec/payload.h"

/* Lengths in bytes that the agreed cipher asks for. */
struct ike_sk_lens {
    uint8_t iv;    /* AES-GCM 8, AES-CBC 16 */
    uint8_t block; /* ciphertext is a multiple of it: AES-GCM 1, AES-CBC 16 */
    uint8_t icv;   /* AES-GCM-16 16; HMAC-SHA2-256-128 16 ... */
};

/* One received SK payload; spans borrow from the message. */
struct ike_sk {
    uint8_t first;      /* type of the first inner payload */
    struct span aad;    /* AEAD: start of the message to the end of SK's generic header */
    struct span authed; /* integrity algorithm: start of the message up to the ICV */
    struct span iv;
    struct span text; /* ciphertext: at least one byte, a multiple of the block */
    struct span icv;
};

/* `sk` is the last entry of the list that ike_payloads_read() made of `message`. */
int ike_sk_read(struct span message, const struct ike_payload *sk, const struct ike_sk_lens *lens,
                struct ike_sk *ret, struct err *err) MUST_CHECK;
/* Takes pad length and padding off the decrypted bytes.  An empty inside is
 * legal (an INFORMATIONAL without payloads). */
int ike_sk_unpad(struct span plain, struct span *ret_inner, struct err *err) MUST_CHECK;

/* The parts of an SK payload being sent; they point into the message's buffer. */
struct ike_sk_frame {
    struct span aad, authed; /* as above; valid after ike_msg_end() */
    uint8_t *iv;             /* lens.iv bytes, to be filled */
    uint8_t *text;           /* plaintext with padding, to be encrypted in place */
    size_t text_len;
    uint8_t *icv; /* lens.icv bytes, to be filled */
};

/* Opens SK: payloads written from here on are its inside. */
void ike_sk_open(struct ike_msg *msg, const struct ike_sk_lens *lens);
/* Pads, appends room for the ICV and ends SK, the last payload of the message.
 * On failure (msg is full) *ret is all zero and ike_msg_end() will say so. */
void ike_sk_close(struct ike_msg *msg, const struct ike_sk_lens *lens, struct ike_sk_frame *ret);

#endif
