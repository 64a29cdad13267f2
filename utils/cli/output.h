/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output: how a command prints: a table (libsmartcols) or JSON (jansson).
 * Text that came from a peer is made printable on the way.
 */
#ifndef UTILS_CLI_OUTPUT_H
#define UTILS_CLI_OUTPUT_H

#include <jansson.h>
#include <stdint.h>

#include "utils/base/bytes.h"
#include "utils/cli/cli.h"

/* Prints and releases `root`; NULL (no memory) is told.  CLI_OK or CLI_FAILED. */
int out_json(const struct cli *cli, json_t *root);
/* A JSON string of any bytes: what is not UTF-8 becomes '?'. */
json_t *out_json_text(struct span text);

struct out_column {
    const char *name;
    bool right; /* aligned to the right: numbers */
    bool tree;  /* rows hang below their parents here */
};

/* A table; failures (memory) stick and are told by out_table_print(). */
struct out_table;
struct out_table *out_table_new(const struct out_column *columns, size_t n);
/* A new row, below `parent` (a value of an earlier call) or -1. */
int out_table_row(struct out_table *table, int parent);
void out_table_cell(struct out_table *table, int row, size_t column, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
/* Prints and releases.  CLI_OK or CLI_FAILED. */
int out_table_print(const struct cli *cli, struct out_table *table);

/* "1.2 GiB", "17 B". */
const char *out_bytes(uint64_t bytes, char buf[24]);
/* "1h02m", "59s", "2d03h". */
const char *out_seconds(uint64_t seconds, char buf[24]);

#endif
