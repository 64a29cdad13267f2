/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vector_file: reads the test vectors of tests/vectors, one block at a time:
 *
 *     # comment
 *     [name of the case]
 *     key = hexadecimal bytes, or a decimal number
 *
 * Any fault in a file ends the test program: a vector that is not read is a
 * test that does not run.
 */
#ifndef TESTS_UNIT_VECTOR_FILE_H
#define TESTS_UNIT_VECTOR_FILE_H

#include "utils/base/bytes.h"

#include <stdio.h>

#define VECTOR_KEYS_MAX 40

struct vector_file {
    const char *path;
    FILE *file;
    char name[128]; /* of the current case */
    char next_name[128];
    size_t n_keys;
    struct {
        char key[24];
        char *text;
        uint8_t *bytes; /* decoded on demand */
    } keys[VECTOR_KEYS_MAX];
};

void vector_open(struct vector_file *v, const char *path);
/* Reads the next block; false at the end, when the file is closed too. */
bool vector_next(struct vector_file *v);
/* Both borrow from the current block. */
struct span vector_hex(struct vector_file *v, const char *key);
unsigned vector_num(struct vector_file *v, const char *key);

#endif
