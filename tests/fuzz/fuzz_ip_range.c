/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: address ranges as an operator writes them.  What parses has a
 * text form that parses to the same range, and its prefixes cover it exactly.
 */
#include <string.h>

#include "utils/base/ip.h"
#include "utils/base/mem.h"

#define CHECK(what)                                                                                \
    do {                                                                                           \
        if (!(what))                                                                               \
            __builtin_trap();                                                                      \
    } while (0)

struct walk {
    const struct ip_range *range;
    struct ip_addr first;
    unsigned n;
};

static void see_prefix(void *user, const struct ip_addr *net, unsigned len)
{
    struct walk *walk = user;

    CHECK(len <= 8 * ip_addr_len(net));
    CHECK(ip_range_contains(walk->range, net));
    if (walk->n++ == 0)
        walk->first = *net;
    CHECK(walk->n <= 254); /* 2 * 128 - 2: no range of IPv6 needs more */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *text = mem_zalloc(len + 1);
    char form[IP_RANGE_TEXT_LEN];
    struct ip_range r = { 0 }, again = { 0 };

    if (!text)
        return 0;
    if (len)
        memcpy(text, data, len);
    if (ip_range_parse(text, &r) == 0) {
        struct walk walk = { .range = &r };

        CHECK(ip_addr_cmp(&r.lo, &r.hi) <= 0);
        CHECK(ip_range_parse(ip_range_text(&r, form), &again) == 0);
        CHECK(ip_addr_eq(&r.lo, &again.lo) && ip_addr_eq(&r.hi, &again.hi));
        ip_range_each_prefix(&r, see_prefix, &walk);
        CHECK(walk.n > 0 && ip_addr_eq(&walk.first, &r.lo));
    }
    mem_free(text);
    return 0;
}
