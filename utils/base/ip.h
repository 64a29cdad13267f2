/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ip: addresses, endpoints, prefixes and ranges as plain values, with their
 * text forms.  Byte arrays are in network order; ports in host order.
 */
#ifndef BASE_IP_H
#define BASE_IP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "utils/base/err.h"

struct ip_addr {
    uint8_t family; /* 0 (unset), 4 or 6 */
    uint8_t b[16];  /* 4 or 16 used, rest zero */
};

struct ip_endpoint {
    struct ip_addr addr;
    uint16_t port;
};

/* Inclusive range, both ends of one family. */
struct ip_range {
    struct ip_addr lo;
    struct ip_addr hi;
};

#define IP_TEXT_LEN 64 /* "addr" or "addr/len" or "lo-hi" fits in 2x */
#define IP_RANGE_TEXT_LEN 96

size_t ip_addr_len(const struct ip_addr *a); /* 4, 16, or 0 if unset */
bool ip_addr_eq(const struct ip_addr *a, const struct ip_addr *b);
int ip_addr_cmp(const struct ip_addr *a, const struct ip_addr *b); /* same family */
bool ip_addr_is_unset(const struct ip_addr *a);                    /* family 0 or all-zero */
struct ip_addr ip_addr_v4(uint32_t host_order);
int ip_addr_parse(const char *text, struct ip_addr *ret) MUST_CHECK;
const char *ip_addr_text(const struct ip_addr *a, char buf[IP_TEXT_LEN]);
bool ip_endpoint_eq(const struct ip_endpoint *a, const struct ip_endpoint *b);
const char *ip_endpoint_text(const struct ip_endpoint *e, char buf[IP_TEXT_LEN]);

/* "10.0.0.0/8", "10.0.0.1", "10.0.0.1-10.0.0.9", the same for IPv6. Host bits
 * of a prefix must be zero. */
int ip_range_parse(const char *text, struct ip_range *ret) MUST_CHECK;
/* Prefix form where the range is one, else "lo-hi". */
const char *ip_range_text(const struct ip_range *r, char buf[IP_RANGE_TEXT_LEN]);
/* Prefix length if the range is exactly one prefix, else -1. */
int ip_range_prefix_len(const struct ip_range *r);
bool ip_range_contains(const struct ip_range *r, const struct ip_addr *a);
bool ip_range_covers(const struct ip_range *outer, const struct ip_range *inner);
/* False, and *ret unchanged, if they do not meet. */
bool ip_range_intersect(const struct ip_range *a, const struct ip_range *b, struct ip_range *ret);
/* Splits a range into the fewest prefixes; calls back for each. */
void ip_range_each_prefix(const struct ip_range *r,
                          void (*fn)(void *user, const struct ip_addr *net, unsigned len),
                          void *user);

socklen_t ip_to_sockaddr(const struct ip_endpoint *e, struct sockaddr_storage *ss);
int ip_from_sockaddr(const struct sockaddr *sa, struct ip_endpoint *ret) MUST_CHECK;

#endif
