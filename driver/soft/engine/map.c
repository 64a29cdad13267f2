/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/soft/engine/map.h"

#include "utils/base/err.h"
#include "utils/base/list.h"
#include "utils/base/mem.h"

#define SLOTS_MIN 64u

struct map_slot {
    _Atomic uint64_t key;
    _Atomic(void *) value; /* NULL: never used, ends a probe */
};

struct map_table {
    struct qs_retired retired;
    size_t mask;
    struct map_slot slot[];
};

static char deleted; /* its address marks a deleted slot */

static size_t home(const struct map_table *t, uint64_t key)
{
    key *= UINT64_C(0x9e3779b97f4a7c15); /* Fibonacci hashing: keys are numbers in a row */
    return (size_t)(key >> 32) & t->mask;
}

static struct map_table *table_new(size_t n_slots)
{
    struct map_table *t = mem_zalloc(sizeof *t + n_slots * sizeof t->slot[0]);

    if (t)
        t->mask = n_slots - 1;
    return t;
}

static void table_free(struct qs_retired *retired)
{
    mem_free(CONTAINER_OF(retired, struct map_table, retired));
}

int map_init(struct map *map)
{
    struct map_table *t = table_new(SLOTS_MIN);

    if (!t)
        return ERR_NOMEM;
    atomic_init(&map->table, t);
    map->n_live = map->n_used = 0;
    return 0;
}

void map_fini(struct map *map)
{
    mem_free(atomic_load(&map->table));
    atomic_store(&map->table, NULL);
}

static void put(struct map_table *t, uint64_t key, void *value)
{
    size_t i = home(t, key);

    while (atomic_load_explicit(&t->slot[i].value, memory_order_relaxed))
        i = (i + 1) & t->mask;
    atomic_store_explicit(&t->slot[i].key, key, memory_order_relaxed);
    atomic_store_explicit(&t->slot[i].value, value, memory_order_release);
}

static struct map_slot *find(struct map_table *t, uint64_t key)
{
    void *value;

    for (size_t i = home(t, key);
         (value = atomic_load_explicit(&t->slot[i].value, memory_order_acquire));
         i = (i + 1) & t->mask) {
        if (value != &deleted && atomic_load_explicit(&t->slot[i].key, memory_order_relaxed) == key)
            return &t->slot[i];
    }
    return NULL;
}

/* At most half of the slots are ever used, so probes end soon. */
int map_reserve(struct map *map, struct qs *qs, size_t n_more)
{
    struct map_table *old = atomic_load_explicit(&map->table, memory_order_relaxed);
    struct map_table *t;
    size_t n_slots = SLOTS_MIN;

    if ((map->n_used + n_more) * 2 <= old->mask + 1)
        return 0;
    while (n_slots < (map->n_live + n_more) * 4)
        n_slots *= 2;
    if (!(t = table_new(n_slots)))
        return ERR_NOMEM;
    for (size_t i = 0; i <= old->mask; i++) {
        void *value = atomic_load_explicit(&old->slot[i].value, memory_order_relaxed);

        if (value && value != &deleted)
            put(t, atomic_load_explicit(&old->slot[i].key, memory_order_relaxed), value);
    }
    map->n_used = map->n_live;
    atomic_store_explicit(&map->table, t, memory_order_release);
    qs_retire(qs, &old->retired, table_free);
    return 0;
}

void map_put(struct map *map, uint64_t key, void *value)
{
    put(atomic_load_explicit(&map->table, memory_order_relaxed), key, value);
    map->n_live++;
    map->n_used++;
}

void map_del(struct map *map, uint64_t key)
{
    struct map_slot *slot = find(atomic_load_explicit(&map->table, memory_order_relaxed), key);

    if (!slot)
        return;
    atomic_store_explicit(&slot->value, &deleted, memory_order_release);
    map->n_live--;
}

void *map_get(const struct map *map, uint64_t key)
{
    struct map_slot *slot = find(atomic_load_explicit(&map->table, memory_order_acquire), key);
    void *value = slot ? atomic_load_explicit(&slot->value, memory_order_acquire) : NULL;

    return value == &deleted ? NULL : value;
}
