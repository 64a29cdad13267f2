/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/base/rng.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

static void os_fill(void *user, void *p, size_t len)
{
    uint8_t *b = p;

    (void)user;
    while (len) {
        ssize_t n = getrandom(b, len, 0);

        if (n < 0 && errno != EINTR)
            abort(); /* going on with known bytes would be worse */
        if (n > 0) {
            b += n;
            len -= (size_t)n;
        }
    }
}

const struct rng rng_os = { os_fill, NULL };

uint32_t rng_below(const struct rng *rng, uint32_t bound)
{
    uint32_t limit = UINT32_MAX - UINT32_MAX % bound; /* rejects the biased tail */
    uint32_t v;

    do
        rng_fill(rng, &v, sizeof v);
    while (v >= limit);
    return v % bound;
}
