/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sas: IKE and Child SAs of list-sas events as JSON and as words for tables.
 * The keys are the ones of ipsec-offload(8), section JSON; they are stable.
 */
#ifndef UTILS_CLI_SAS_H
#define UTILS_CLI_SAS_H

#include "ike/vici/vici_msg.h"
#include "utils/cli/output.h"

/* The section of one IKE SA, without and with its Child SAs. */
json_t *sas_ike_json(const char *conn, struct span ike);
json_t *sas_child_json(struct span child);
/* One direction of a Child SA with what both directions share: flat. */
json_t *sas_flat_json(struct span child, bool in);

/* "soft (software)", "in soft (software), out nic0 (packet)". */
const char *sas_where(struct span child, char *buf, size_t cap);
/* Why it runs there: the chosen place's words, then each place passed over. */
const char *sas_why(struct span child, char *buf, size_t cap);
/* "replay 3, integrity 1" of both directions, "0" if there are none. */
const char *sas_drops(struct span child, char *buf, size_t cap);
/* "aes-gcm-16-256"-like name as the daemon gave it. */
const char *sas_algorithm(struct span child, char *buf, size_t cap);
/* Carries traffic. */
bool sas_child_is_up(struct span child);

#endif
