/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump_config_keys: the table of configuration keys as lines for
 * ci/check-man-config: section, name, default, range, words, accepted, by tabs.  A key
 * that this version lacks has "lacking" as its default.
 */
#include <stdio.h>

#include "ike/config/config_keys.h"

static void print_time(uint64_t ns)
{
    uint64_t s = ns / NS_PER_S;

    if (s && s % 86400 == 0)
        printf("%llud", (unsigned long long)s / 86400);
    else if (s && s % 3600 == 0)
        printf("%lluh", (unsigned long long)s / 3600);
    else if (s && s % 60 == 0)
        printf("%llum", (unsigned long long)s / 60);
    else
        printf("%llus", (unsigned long long)s);
}

static void print_range(const struct config_key *key)
{
    bool number = key->set == config_set_u16 || key->set == config_set_u32;

    if (key->set == config_set_time) {
        print_time(key->min);
        printf(" to ");
        print_time(key->max);
    } else if (number) {
        printf("%llu to %llu", (unsigned long long)key->min, (unsigned long long)key->max);
    }
}

static void print_words(const struct config_key *key)
{
    const char *comma = "";

    for (const struct config_word *w = key->words; w && w->word; w++)
        if (w->value != CONFIG_LACKING) {
            printf("%s%s", comma, w->word);
            comma = ", ";
        }
}

int main(void)
{
    for (size_t i = 0; i < config_num_keys; i++) {
        const struct config_key *key = &config_keys[i];

        printf("%s\t%s\t%s\t", config_where_name(key->where), key->name,
               key->set ? key->deflt : "lacking");
        print_range(key);
        putchar('\t');
        print_words(key);
        printf("\t%s\n", key->accept && !key->set ? key->accept : "");
    }
    return 0;
}
