/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spi: inbound SPIs that the lease holder has reserved and not yet used.
 */
#ifndef DP_SPI_H
#define DP_SPI_H

#include "driver/soft/engine.h"
#include "utils/base/rng.h"

#define SPI_RESERVED_MAX 1024u
#define SPI_MIN 256u /* RFC 4303 section 2.1: 1 to 255 are not for use */

struct spi_set {
    uint32_t spis[SPI_RESERVED_MAX];
    size_t n;
};

/* A random SPI that neither the engine nor a reservation holds. */
int spi_reserve(struct spi_set *set, struct engine *engine, const struct rng *rng,
                uint32_t *ret_spi, struct err *err);
bool spi_release(struct spi_set *set, uint32_t spi); /* false: was not reserved */
void spi_release_all(struct spi_set *set);

#endif
