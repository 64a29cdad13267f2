/* SPDX-License-Identifier: Apache-2.0 */
/* vector_file: the reader of tests/vectors; the header has the format. */
#include "tests/unit/vector_file.h"

#include <stdlib.h>
#include <string.h>

static _Noreturn void die(const struct vector_file *v, const char *what, const char *detail)
{
    fprintf(stderr, "%s [%s]: %s: %s\n", v->path, v->name, what, detail);
    exit(2);
}

void vector_open(struct vector_file *v, const char *path)
{
    *v = (struct vector_file){ .path = path, .file = fopen(path, "r") };
    if (!v->file)
        die(v, "cannot open", path);
}

static void forget(struct vector_file *v)
{
    for (size_t i = 0; i < v->n_keys; i++) {
        free(v->keys[i].text);
        free(v->keys[i].bytes);
        v->keys[i].bytes = NULL;
    }
    v->n_keys = 0;
}

static void take_pair(struct vector_file *v, char *line)
{
    char *eq = strchr(line, '=');
    size_t n = v->n_keys;

    if (!eq || eq == line || eq[-1] != ' ' || n == VECTOR_KEYS_MAX)
        die(v, "not a pair, or too many", line);
    eq[-1] = '\0';
    if (snprintf(v->keys[n].key, sizeof v->keys[n].key, "%s", line) >= (int)sizeof v->keys[n].key)
        die(v, "key is too long", line);
    v->keys[n].text = strdup(eq[1] == ' ' ? eq + 2 : eq + 1);
    if (!v->keys[n].text)
        die(v, "no memory", line);
    v->n_keys++;
}

bool vector_next(struct vector_file *v)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    bool named = false;

    forget(v);
    memcpy(v->name, v->next_name, sizeof v->name);
    while (!named && (len = getline(&line, &cap, v->file)) >= 0) {
        while (len > 0 && line[len - 1] == '\n')
            line[--len] = '\0';
        if (len == 0 || line[0] == '#')
            continue;
        if (line[0] != '[') {
            take_pair(v, line);
            continue;
        }
        snprintf(v->next_name, sizeof v->next_name, "%.*s", (int)len - 2, line + 1);
        if (v->name[0])
            named = true; /* the block before this name is complete */
        else
            memcpy(v->name, v->next_name, sizeof v->name);
    }
    free(line);
    if (!named)
        v->next_name[0] = '\0';
    if (v->n_keys > 0)
        return true;
    fclose(v->file);
    return false;
}

static size_t find(const struct vector_file *v, const char *key)
{
    for (size_t i = 0; i < v->n_keys; i++)
        if (strcmp(v->keys[i].key, key) == 0)
            return i;
    die(v, "no such key", key);
}

struct span vector_hex(struct vector_file *v, const char *key)
{
    size_t i = find(v, key);
    size_t len = strlen(v->keys[i].text) / 2;

    if (!v->keys[i].bytes) {
        v->keys[i].bytes = malloc(len + 1);
        if (!v->keys[i].bytes || !hex_decode(v->keys[i].bytes, len, v->keys[i].text))
            die(v, "not hexadecimal", key);
    }
    return span_of(v->keys[i].bytes, len);
}

unsigned vector_num(struct vector_file *v, const char *key)
{
    const char *text = v->keys[find(v, key)].text;
    char *end;
    unsigned long n = strtoul(text, &end, 10);

    if (*end || end == text)
        die(v, "not a number", key);
    return (unsigned)n;
}
