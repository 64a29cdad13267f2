/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/dp/spi.h"

#define TRIES 64

static size_t find(const struct spi_set *set, uint32_t spi)
{
    size_t i = 0;

    while (i < set->n && set->spis[i] != spi)
        i++;
    return i;
}

int spi_reserve(struct spi_set *set, struct engine *engine, const struct rng *rng,
                uint32_t *ret_spi, struct err *err)
{
    if (set->n >= SPI_RESERVED_MAX)
        return err_set(err, ERR_FULL, "spi: %u are reserved and not used, which is the limit",
                       SPI_RESERVED_MAX);
    for (int i = 0; i < TRIES; i++) {
        uint32_t spi;

        rng_fill(rng, &spi, sizeof spi);
        if (spi < SPI_MIN || find(set, spi) < set->n || engine_spi_in_use(engine, spi))
            continue;
        set->spis[set->n++] = spi;
        *ret_spi = spi;
        return 0;
    }
    return err_set(err, ERR_FULL, "spi: no free one found in %d tries", TRIES);
}

bool spi_release(struct spi_set *set, uint32_t spi)
{
    size_t i = find(set, spi);

    if (i == set->n)
        return false;
    set->spis[i] = set->spis[--set->n];
    return true;
}

void spi_release_all(struct spi_set *set)
{
    set->n = 0;
}
