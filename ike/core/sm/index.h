/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index: intrusive hash map from a 64-bit key (SPI, id, job) to whatever
 * embeds the node.  Adding cannot fail: when the table cannot grow it only
 * becomes slower.  Keys that a peer chooses are safe: a seed drawn when the
 * map is made enters the hash.
 */
#ifndef IKE_SM_INDEX_H
#define IKE_SM_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sm_index_node {
    struct sm_index_node *next;
    uint64_t key;
    bool linked;
};

struct sm_index {
    struct sm_index_node **buckets;
    size_t n_buckets; /* a power of two */
    size_t n;
    uint64_t seed;
};

int sm_index_init(struct sm_index *index, uint64_t seed); /* ERR_NOMEM */
void sm_index_fini(struct sm_index *index);               /* forgets nodes; does not own them */
void sm_index_add(struct sm_index *index, struct sm_index_node *node, uint64_t key);
void sm_index_remove(struct sm_index *index, struct sm_index_node *node); /* harmless if not in */
struct sm_index_node *sm_index_find(const struct sm_index *index, uint64_t key);
struct sm_index_node *sm_index_next_same(const struct sm_index_node *node); /* equal keys */

#endif
