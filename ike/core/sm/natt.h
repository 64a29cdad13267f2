/* SPDX-License-Identifier: Apache-2.0 */
/*
 * natt: NAT traversal (RFC 7296 section 2.23, RFC 3948): detection, the move
 * to port 4500, keepalives, and following a peer whose mapping changed.
 */
#ifndef IKE_SM_NATT_H
#define IKE_SM_NATT_H

#include "ike/core/sm/send.h"

/* Appends NAT_DETECTION_SOURCE_IP and _DESTINATION_IP for this path. */
int sm_natt_put(struct sm_out *out, const struct ike_path *path);
/* Judges the peer's notifies; fills nat_local, nat_remote. */
void sm_natt_detect(struct sm_sa *sa, const struct sm_rx *rx);
/* Initiator, after IKE_SA_INIT: go on from port 4500 if there is a NAT. */
void sm_natt_float(struct sm_sa *sa);
bool sm_natt_encap(const struct sm_sa *sa);
/* A new authenticated message came this way. */
void sm_natt_follow(struct sm_sa *sa, const struct ike_path *path);
void sm_natt_moved(struct sm_sa *sa, const struct ip_endpoint *remote);
void sm_natt_keepalive_start(struct sm_sa *sa);
void sm_natt_on_keepalive(struct sm_deadline *deadline);

#endif
