/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handles: a device's SA or rule handles by id.
 *
 * Growing may fail for want of memory: the table then gets slower, but an SA
 * that a device has accepted never goes without its handle.
 */
#include "sdk/src/internal.h"

#include "utils/base/mem.h"

#define FIRST_BUCKETS 16

static size_t bucket_of(size_t n_buckets, uint64_t id)
{
    /* Fibonacci hashing: ids are mostly consecutive, the high bits are not. */
    return (size_t)(id * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (n_buckets - 1);
}

int handles_init(struct handles *table)
{
    struct handle **buckets = mem_zalloc_array(FIRST_BUCKETS, sizeof *buckets);

    if (!buckets)
        return ERR_NOMEM;
    *table = (struct handles){ .buckets = buckets, .n_buckets = FIRST_BUCKETS };
    return 0;
}

void handles_fini(struct handles *table)
{
    mem_free(table->buckets);
    *table = (struct handles){ 0 };
}

static void grow(struct handles *table)
{
    size_t n_buckets = table->n_buckets * 2;
    struct handle **buckets = mem_zalloc_array(n_buckets, sizeof *buckets);

    if (!buckets)
        return;
    for (size_t i = 0; i < table->n_buckets; i++)
        for (struct handle *h = table->buckets[i], *next; h; h = next) {
            size_t at = bucket_of(n_buckets, h->id);

            next = h->next;
            h->next = buckets[at];
            buckets[at] = h;
        }
    mem_free(table->buckets);
    table->buckets = buckets;
    table->n_buckets = n_buckets;
}

void handles_insert(struct handles *table, struct handle *handle)
{
    size_t at;

    if (table->n >= table->n_buckets)
        grow(table);
    at = bucket_of(table->n_buckets, handle->id);
    handle->next = table->buckets[at];
    table->buckets[at] = handle;
    table->n++;
}

void handles_remove(struct handles *table, struct handle *handle)
{
    struct handle **at = &table->buckets[bucket_of(table->n_buckets, handle->id)];

    while (*at && *at != handle)
        at = &(*at)->next;
    if (*at) {
        *at = handle->next;
        handle->next = NULL;
        table->n--;
    }
}

struct handle *handles_find(const struct handles *table, uint64_t id)
{
    struct handle *h = table->buckets[bucket_of(table->n_buckets, id)];

    while (h && h->id != id)
        h = h->next;
    return h;
}

struct handle *handles_pop(struct handles *table)
{
    for (size_t i = 0; i < table->n_buckets; i++) {
        struct handle *h = table->buckets[i];

        if (h) {
            table->buckets[i] = h->next;
            h->next = NULL;
            table->n--;
            return h;
        }
    }
    return NULL;
}

/* Both handle types begin with their struct handle. */
void handle_free(struct handles *table, struct handle *handle)
{
    if (handle->phase == PHASE_LIVE || handle->phase == PHASE_DRAINING)
        handles_remove(table, handle);
    list_remove(&handle->lost);
    mem_free(handle);
}
