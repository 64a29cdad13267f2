/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receive: from a datagram to a row of the transition table.
 */
#ifndef IKE_SM_RECEIVE_H
#define IKE_SM_RECEIVE_H

#include "ike/core/sm/task.h"

void sm_receive(struct ike_shard *shard, const struct ike_path *path, struct span datagram);

#endif
