/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_link: what this host's interfaces are called, carry and are set to.
 */
#ifndef NET_LINK_H
#define NET_LINK_H

#include "utils/base/err.h"
#include "utils/base/ip.h"

/* Letters, digits, '.', '_' and '-', shorter than IFNAMSIZ: also safe inside
 * an nftables rule and a /proc path. */
bool net_link_name_ok(const char *name);
/* Interface index, or ERR_NOTFOUND. */
int net_link_index(const char *name, int *ret_index, struct err *err);
/* Sets the MTU and brings the interface up. */
int net_link_up(const char *name, unsigned mtu, struct err *err);
/* Smallest MTU of the interfaces that are up, loopback and `except` left out;
 * ERR_NOTFOUND if there is none. */
int net_link_smallest_mtu(const char *except, unsigned *ret_mtu);
/* An address of this host inside `range`; ERR_NOTFOUND if there is none. */
int net_link_addr_in(const struct ip_range *range, struct ip_addr *ret);
/* Changes when this host gets or loses an address; 0 if that cannot be told. */
uint64_t net_link_addrs_stamp(void);
/* Writes /proc/sys/net/FAMILY/conf/NAME/KEY. */
int net_link_sysctl(const char *family, const char *name, const char *key, const char *value,
                    struct err *err);

#endif
