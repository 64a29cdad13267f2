/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_keys: the one table of configuration keys: where a key may stand,
 * what it takes and where its value goes.  Read by config_set.c (file and
 * VICI), by config_file.c (libconfuse's schema) and by the check that the
 * manual page names the same keys, defaults and ranges.
 */
#ifndef IKE_CONFIG_CONFIG_KEYS_H
#define IKE_CONFIG_CONFIG_KEYS_H

#include "ike/config/config.h"

enum config_where {
    CONFIG_ROOT,
    CONFIG_CONN,
    CONFIG_LOCAL,
    CONFIG_REMOTE,
    CONFIG_CHILD,
    CONFIG_SECRET,
    CONFIG_DAEMON,
    CONFIG_WHERE_N
};

struct config_word {
    const char *word; /* NULL ends the list */
    int value;        /* of the enum; CONFIG_LACKING: known, not in this version */
};
#define CONFIG_LACKING (-1)

struct config_key {
    enum config_where where;
    const char *name;
    /* Parses `value` into the struct of the section (struct ike_conn for
     * CONFIG_CONN, _LOCAL and _REMOTE).  NULL: a key of swanctl that this
     * version lacks; the words of `accept` ask for what we do anyway. */
    int (*set)(const struct config_key *key, const char *value, void *base, struct err *err);
    size_t offset;     /* of the field in that struct */
    uint64_t min, max; /* in the unit of the field */
    const struct config_word *words;
    const char *accept; /* "no 0" */
    const char *unit;   /* for the manual page */
    const char *deflt;  /* for the manual page */
    const char *why;    /* why a lacking key is refused, NULL: just lacking */
};

extern const struct config_key config_keys[];
extern const size_t config_num_keys;

const char *config_where_name(enum config_where where); /* "connection", "child" ... */
/* NULL if there is no such key in that section. */
const struct config_key *config_key_find(enum config_where where, const char *name);
/* Sets one key of a section; the error says what was expected, without place. */
int config_key_set(const struct config_key *key, const char *value, void *base, struct err *err);
/* The error for a key that is in no table: names the section it belongs to or
 * the nearest known key. */
int config_key_unknown(enum config_where where, const char *name, struct err *err);

/* config_value.c: parsers of one kind of value each. */
typedef int config_set_fn(const struct config_key *key, const char *value, void *base,
                          struct err *err);
config_set_fn config_set_time, config_set_bytes, config_set_count, config_set_u32, config_set_u16,
    config_set_bool, config_set_word, config_set_path, config_set_local_addrs,
    config_set_remote_addrs, config_set_ike_proposals, config_set_esp_proposals, config_set_ts,
    config_set_id, config_set_secret_ids, config_set_fixed;

#endif
