/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sdk_opts: correct option structs for tests of the SDK: one tunnel between
 * 192.0.2.1 and 192.0.2.2 that carries 10.1.0.0/24 <-> 10.2.0.0/24.
 */
#ifndef TESTS_SDK_OPTS_H
#define TESTS_SDK_OPTS_H

#include <ipsec_offload/sa.h>

struct ioff_addr opts_addr(uint32_t host_order);
/* Networks by their first address; a /24 each. */
struct ioff_selector opts_selector(uint32_t local_net, uint32_t remote_net);
/* `end` 1 is 192.0.2.1 with 10.1.0.0/24, 2 the other one.  The key depends on
 * the SPI alone, so the outbound SA of one end fits the inbound of the other. */
struct ioff_sa_opts opts_sa(enum ioff_dir dir, uint32_t spi, int end);
/* `key` as opts_sa() would give it; 16 bytes. */
const uint8_t *opts_key(uint32_t spi);
struct ioff_rule_opts opts_rule(enum ioff_action action, uint32_t priority, int end);
/* By value: structs have padding that nobody sets. */
bool opts_same_endpoint(const struct ioff_endpoint *a, const struct ioff_endpoint *b);
bool opts_same_selector(const struct ioff_selector *a, const struct ioff_selector *b);

#endif
