/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/cli/output.h"

#include <libsmartcols.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "utils/base/mem.h"

int out_json(const struct cli *cli, json_t *root)
{
    int rc = -1;

    if (root)
        rc = json_dumpf(root, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    json_decref(root);
    if (rc || putchar('\n') == EOF || fflush(stdout)) {
        fprintf(stderr, "ipsec-offload: %s: cannot print the answer\n", cli->command->name);
        return CLI_FAILED;
    }
    return CLI_OK;
}

json_t *out_json_text(struct span text)
{
    json_t *s = json_stringn((const char *)text.p, text.len);
    char *copy;

    if (s)
        return s;
    copy = mem_dup(text.p, text.len); /* not UTF-8, or no memory */
    if (!copy)
        return NULL;
    for (size_t i = 0; i < text.len; i++)
        if (copy[i] & 0x80)
            copy[i] = '?';
    s = json_stringn(copy, text.len);
    mem_free(copy);
    return s;
}

struct out_table {
    struct libscols_table *scols;
    size_t n_rows, n_columns;
    bool failed;
};

struct out_table *out_table_new(const struct out_column *columns, size_t n)
{
    struct out_table *table = mem_zalloc(sizeof *table);

    if (!table)
        return NULL;
    table->n_columns = n;
    table->scols = scols_new_table();
    if (!table->scols) {
        mem_free(table);
        return NULL;
    }
    scols_table_enable_noencoding(table->scols, 0);
    for (size_t i = 0; i < n; i++) {
        int flags = (columns[i].right ? SCOLS_FL_RIGHT : 0) | (columns[i].tree ? SCOLS_FL_TREE : 0);

        if (!scols_table_new_column(table->scols, columns[i].name, 0, flags))
            table->failed = true;
    }
    return table;
}

int out_table_row(struct out_table *table, int parent)
{
    struct libscols_line *up = NULL;

    if (!table || table->failed)
        return -1;
    if (parent >= 0)
        up = scols_table_get_line(table->scols, (size_t)parent);
    if (!scols_table_new_line(table->scols, up)) {
        table->failed = true;
        return -1;
    }
    return (int)table->n_rows++;
}

void out_table_cell(struct out_table *table, int row, size_t column, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    if (!table || table->failed || row < 0)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (scols_line_set_data(scols_table_get_line(table->scols, (size_t)row), column, text))
        table->failed = true;
}

int out_table_print(const struct cli *cli, struct out_table *table)
{
    int rc = -1;

    if (table && !table->failed)
        rc = scols_print_table(table->scols);
    if (table) {
        scols_unref_table(table->scols);
        mem_free(table);
    }
    if (rc || fflush(stdout)) {
        fprintf(stderr, "ipsec-offload: %s: cannot print the answer\n", cli->command->name);
        return CLI_FAILED;
    }
    return CLI_OK;
}

const char *out_bytes(uint64_t bytes, char buf[24])
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    uint64_t whole = bytes, rest = 0;
    size_t unit = 0;

    while (whole >= 1024 && unit < 6) {
        rest = whole % 1024;
        whole /= 1024;
        unit++;
    }
    if (unit)
        snprintf(buf, 24, "%llu.%llu %s", (unsigned long long)whole,
                 (unsigned long long)(rest * 10 / 1024), units[unit]);
    else
        snprintf(buf, 24, "%llu B", (unsigned long long)whole);
    return buf;
}

const char *out_seconds(uint64_t s, char buf[24])
{
    unsigned long long v = s;

    if (v < 60)
        snprintf(buf, 24, "%llus", v);
    else if (v < 3600)
        snprintf(buf, 24, "%llum%02llus", v / 60, v % 60);
    else if (v < 86400)
        snprintf(buf, 24, "%lluh%02llum", v / 3600, v / 60 % 60);
    else
        snprintf(buf, 24, "%llud%02lluh", v / 86400, v / 3600 % 24);
    return buf;
}
