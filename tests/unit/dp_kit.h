/* SPDX-License-Identifier: Apache-2.0 */
/* dp_kit: what the tests of the data plane's control side have in common. */
#ifndef TESTS_UNIT_DP_KIT_H
#define TESTS_UNIT_DP_KIT_H

#include "tests/lib/cmocka.h"

#include <stdio.h>
#include <string.h>

#include "driver/soft/dpc/dpc.h"
#include "utils/base/mem.h"

struct ip_range kit_range(const char *text);
struct ip_endpoint kit_endpoint(const char *addr, uint16_t port);
struct nic_selector kit_selector(const char *local, const char *remote);
/* Every field set to something of its own. */
struct nic_sa_attr kit_sa(enum nic_dir dir, uint32_t spi);
struct nic_rule_attr kit_rule(const char *local, const char *remote, uint64_t sa);
struct nic_sa_info kit_sa_info(void);
struct dpc_welcome kit_welcome(void);

#endif
