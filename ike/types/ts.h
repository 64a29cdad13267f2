/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ts: traffic selectors (RFC 7296 section 3.13) as values, and narrowing
 * (section 2.9).
 */
#ifndef IKE_TYPES_TS_H
#define IKE_TYPES_TS_H

#include "utils/base/err.h"
#include "utils/base/ip.h"

#define IKE_TS_MAX 16 /* on one side */
#define IKE_TS_TEXT_LEN 128

struct ike_ts {
    struct ip_range range;
    uint8_t proto;             /* 0 = any */
    uint16_t port_lo, port_hi; /* 0..65535 = any; for ICMP type/code, RFC 4301 4.4.1.1 */
};

struct ike_ts_list {
    uint8_t n;
    struct ike_ts ts[IKE_TS_MAX];
};

/* "10.1.0.0/16", "10.1.0.0/16[tcp/443]", "10.0.0.1-10.0.0.9[udp]", "dynamic"
 * (gives an unset range: the IKE address is filled in later). */
int ike_ts_parse(const char *text, struct ike_ts *ret, struct err *err) MUST_CHECK;
const char *ike_ts_text(const struct ike_ts *ts, char buf[IKE_TS_TEXT_LEN]); /* swanctl's form */
bool ike_ts_is_dynamic(const struct ike_ts *ts);
void ike_ts_resolve(struct ike_ts_list *list, const struct ip_addr *addr); /* fills "dynamic" */
bool ike_ts_intersect(const struct ike_ts *a, const struct ike_ts *b, struct ike_ts *ret);
bool ike_ts_eq(const struct ike_ts_list *a, const struct ike_ts_list *b);
/* What of `offered` our policy allows; 0 selectors = TS_UNACCEPTABLE. */
void ike_ts_narrow(const struct ike_ts_list *policy, const struct ike_ts_list *offered,
                   struct ike_ts_list *ret);
/* Every selector of `inner` lies in one of `outer`. */
bool ike_ts_covers(const struct ike_ts_list *outer, const struct ike_ts_list *inner);

#endif
