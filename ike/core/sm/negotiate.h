/* SPDX-License-Identifier: Apache-2.0 */
/*
 * negotiate: proposals and traffic selectors between configuration, wire and
 * SAs; which connection and which child a peer means.
 */
#ifndef IKE_SM_NEGOTIATE_H
#define IKE_SM_NEGOTIATE_H

#include "ike/core/sm/task.h"

/* Our proposals as they are offered; returns how many. spi 0: none (IKE_SA_INIT). */
size_t sm_offer_ike(const struct ike_conn *conn, uint64_t spi,
                    struct ike_proposal ret[IKE_PROPOSALS_MAX]);
/* `with_ke` false: without key exchange transforms (IKE_AUTH). */
size_t sm_offer_esp(const struct ike_child_conf *conf, uint32_t spi, bool with_ke,
                    struct ike_proposal ret[IKE_PROPOSALS_MAX]);
/* First group of the first proposal that names one; IKE_KE_NONE. */
uint16_t sm_first_group(const struct ike_proposal *proposals, size_t n);
bool sm_group_offered(const struct ike_proposal *proposals, size_t n, uint16_t group);

/* The form of an answer: one proposal, at most one transform of a type (RFC 7296 2.7). */
bool sm_is_answer(const struct ike_sa_payload *theirs);
/* ERR_REFUSED: nothing fits. SPI: 0, or the peer's. */
int sm_choose_ike(const struct ike_conn *conn, const struct ike_sa_payload *theirs, bool with_spi,
                  struct ike_suite *ret, uint8_t *ret_num, uint64_t *ret_spi);
int sm_choose_esp(const struct ike_child_conf *conf, const struct ike_sa_payload *theirs,
                  bool with_ke, struct ike_suite *ret, uint8_t *ret_num, uint32_t *ret_spi);
/* Logs what a peer offers of which nothing fits. */
void sm_log_offer(struct ike_shard *shard, const struct ike_path *path,
                  const struct ike_sa_payload *theirs);
bool sm_suite_allowed(const struct ike_conn *conn, const struct ike_suite *suite);

/* Writes the SA payload that accepts `suite`. */
void sm_put_answer_ike(struct ike_msg *msg, const struct ike_suite *suite, uint8_t num,
                       uint64_t spi);
void sm_put_answer_esp(struct ike_msg *msg, const struct ike_suite *suite, uint8_t num,
                       uint32_t spi);

/* Configured selectors with "dynamic" filled in. */
void sm_policy(const struct sm_sa *sa, const struct ike_child_conf *conf,
               struct ike_ts_list *ret_local, struct ike_ts_list *ret_remote);

bool sm_conn_fits_path(const struct ike_conn *conn, const struct ike_path *path);
/* The current configuration of a child, or what it was made from. */
void sm_current_conf(const struct sm_child *child, struct ike_conn **ret_conn,
                     const struct ike_child_conf **ret_conf);
struct ike_conn *sm_current_conn(struct ike_shard *shard, struct ike_conn *conn);

#endif
