/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index: chained buckets that double when the load passes one.
 */
#include "ike/core/sm/index.h"

#include "utils/base/err.h"
#include "utils/base/mem.h"

#define FIRST_BUCKETS 16

static size_t bucket_of(const struct sm_index *index, uint64_t key)
{
    uint64_t x = key ^ index->seed;

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return (size_t)(x ^ (x >> 31)) & (index->n_buckets - 1);
}

int sm_index_init(struct sm_index *index, uint64_t seed)
{
    struct sm_index_node **buckets = mem_zalloc_array(FIRST_BUCKETS, sizeof *buckets);

    if (!buckets)
        return ERR_NOMEM;
    *index = (struct sm_index){ .buckets = buckets, .n_buckets = FIRST_BUCKETS, .seed = seed };
    return 0;
}

void sm_index_fini(struct sm_index *index)
{
    mem_free(index->buckets);
    *index = (struct sm_index){ 0 };
}

static void grow(struct sm_index *index)
{
    size_t old_n = index->n_buckets;
    struct sm_index_node **old = index->buckets;
    struct sm_index_node **buckets = mem_zalloc_array(old_n * 2, sizeof *buckets);

    if (!buckets)
        return; /* longer chains until the next try */
    index->buckets = buckets;
    index->n_buckets = old_n * 2;
    for (size_t i = 0; i < old_n; i++) {
        for (struct sm_index_node *node = old[i], *next; node; node = next) {
            size_t b = bucket_of(index, node->key);

            next = node->next;
            node->next = buckets[b];
            buckets[b] = node;
        }
    }
    mem_free(old);
}

void sm_index_add(struct sm_index *index, struct sm_index_node *node, uint64_t key)
{
    size_t b;

    if (index->n >= index->n_buckets)
        grow(index);
    b = bucket_of(index, key);
    node->key = key;
    node->next = index->buckets[b];
    node->linked = true;
    index->buckets[b] = node;
    index->n++;
}

void sm_index_remove(struct sm_index *index, struct sm_index_node *node)
{
    struct sm_index_node **at;

    if (!node->linked)
        return;
    at = &index->buckets[bucket_of(index, node->key)];
    while (*at != node)
        at = &(*at)->next;
    *at = node->next;
    node->linked = false;
    index->n--;
}

struct sm_index_node *sm_index_find(const struct sm_index *index, uint64_t key)
{
    struct sm_index_node *node = index->buckets[bucket_of(index, key)];

    while (node && node->key != key)
        node = node->next;
    return node;
}

struct sm_index_node *sm_index_next_same(const struct sm_index_node *node)
{
    uint64_t key = node->key;
    struct sm_index_node *next = node->next;

    while (next && next->key != key)
        next = next->next;
    return next;
}
