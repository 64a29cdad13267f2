/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ike_recode: reads every payload of a message and writes it again with our
 * writers.  A canonical message comes back byte for byte; any other comes back
 * as the canonical message with the same meaning.
 */
#ifndef TESTS_IKE_RECODE_H
#define TESTS_IKE_RECODE_H

#include "ike/core/codec/codec.h"

/* 0, or the error of the reader or of ike_msg_end(); *ret borrows from buf. */
int ike_recode(struct span message, uint8_t *buf, size_t cap, struct span *ret, struct err *err);

/* The same of what is parsed already. */
int ike_recode_list(const struct ike_header *h, const struct ike_payloads *list, uint8_t *buf,
                    size_t cap, struct span *ret, struct err *err);

#endif
