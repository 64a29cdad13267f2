/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec: every header of this room at once, for the state machine and tests.
 *
 * Reading is strict about structure (lengths, counts, "last" markers, trailing
 * bytes) and liberal about meaning: reserved fields are ignored, unknown
 * numbers are handed up.  Readers give 0 or ERR_MALFORMED with a sentence that
 * names payload and field, and leave their output unchanged on failure.
 * Writers send reserved fields as zero.  Everything is a plain value on the
 * caller's stack; functions have no state and may run on any thread.
 */
#ifndef IKE_CODEC_CODEC_H
#define IKE_CODEC_CODEC_H

#include "ike/core/codec/auth.h"
#include "ike/core/codec/cert.h"
#include "ike/core/codec/delete.h"
#include "ike/core/codec/dump.h"
#include "ike/core/codec/header.h"
#include "ike/core/codec/id.h"
#include "ike/core/codec/ke.h"
#include "ike/core/codec/nonce.h"
#include "ike/core/codec/notify.h"
#include "ike/core/codec/payload.h"
#include "ike/core/codec/sa.h"
#include "ike/core/codec/sk.h"
#include "ike/core/codec/ts.h"
#include "ike/core/codec/vendor.h"

#endif
