/* SPDX-License-Identifier: Apache-2.0 */
/*
 * map: 64-bit key to pointer, one writer (the control thread), any number of
 * readers without a lock.  Open addressing with linear probing; a slot gets a
 * key once in the life of its table, so a reader can never pair one key with
 * another's value.  Deleted slots stay until the table is rebuilt; old tables
 * go through qs.
 *
 * map_reserve() may fail; map_put() after it cannot: a batch reserves first.
 */
#ifndef ENGINE_MAP_H
#define ENGINE_MAP_H

#include "driver/soft/engine/qs.h"

struct map_table;

struct map {
    _Atomic(struct map_table *) table;
    size_t n_live;
    size_t n_used; /* live and deleted slots */
};

int map_init(struct map *map);                                  /* ERR_NOMEM */
void map_fini(struct map *map);                                 /* values are the caller's */
int map_reserve(struct map *map, struct qs *qs, size_t n_more); /* ERR_NOMEM */
void map_put(struct map *map, uint64_t key, void *value);       /* key is not there yet */
void map_del(struct map *map, uint64_t key);
void *map_get(const struct map *map, uint64_t key); /* NULL: none */

#endif
