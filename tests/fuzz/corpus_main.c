/* SPDX-License-Identifier: Apache-2.0 */
/*
 * corpus_main: runs a fuzz target over the files of its corpus folders, where
 * libFuzzer's own main is not linked.  The last line counts them.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define INPUT_MAX (1u << 20)

/* Each input in memory of its exact size, so that a sanitizer sees one byte over. */
static int run_file(const char *path)
{
    static uint8_t buf[INPUT_MAX];
    FILE *file = fopen(path, "rb");
    uint8_t *data;
    size_t len;

    if (!file) {
        perror(path);
        return 1;
    }
    len = fread(buf, 1, sizeof buf, file);
    fclose(file);
    data = malloc(len ? len : 1);
    if (!data)
        return 1;
    for (size_t i = 0; i < len; i++)
        data[i] = buf[i];
    fprintf(stderr, "%s\n", path); /* the last one named is the one that crashed */
    LLVMFuzzerTestOneInput(data, len);
    free(data);
    return 0;
}

int main(int argc, char **argv)
{
    int n_failed = 0, n_run = 0;

    for (int i = 1; i < argc; i++) {
        DIR *dir = opendir(argv[i]);

        if (!dir) {
            perror(argv[i]);
            return 1;
        }
        for (struct dirent *entry; (entry = readdir(dir));) {
            char path[4096];

            if (entry->d_name[0] == '.')
                continue;
            snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
            n_failed += run_file(path);
            n_run++;
        }
        closedir(dir);
    }
    printf("%d passed, %d failed\n", n_run - n_failed, n_failed);
    return n_failed || !n_run;
}
