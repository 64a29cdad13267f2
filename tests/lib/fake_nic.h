/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_nic: a device that keeps SAs and rules in plain arrays and does what a
 * test tells it to: fail the n-th op, answer late, lose everything.
 *
 * It brings the list of providers along (nic_providers[]), so a test that uses
 * it links neither driver/backends.c nor a real backend:
 *   "fakehw"  level packet     "fake"  level software
 * and the absent places "mlx5" and "xfrm".  Both providers open the same
 * tables, which outlive a close as a real device's do.
 */
#ifndef TESTS_FAKE_NIC_H
#define TESTS_FAKE_NIC_H

#include "driver/core/provider.h"

#define FAKE_TABLE 64
#define FAKE_LOG 256

struct fake_nic {
    /* knobs */
    struct nic_caps caps; /* given out at the next open; level is the provider's */
    unsigned fail_op;     /* the n-th op from now fails with ERR_DEVICE, 1 = next */
    bool fail_open;
    bool late; /* completions wait for process() */
    bool mute; /* process() delivers nothing */
    /* what happened */
    enum nic_batch_kind log[FAKE_LOG]; /* ops in the order tried */
    size_t n_log;
    size_t n_submits;
    size_t n_guard; /* entries of the last guard_set */
    size_t n_open;
    uint8_t last_key[NIC_KEY_MAX]; /* of the last SA_ADD tried */
    uint8_t last_salt[4];
    struct ip_endpoint last_from, last_to; /* ike_send, keepalive_send */
    size_t last_ike_len;
    struct nic_device *dev; /* the last one opened */
};
extern struct fake_nic fake;

void fake_reset(void); /* empty tables, generation 0, full capabilities */
size_t fake_n_sas(void);
size_t fake_n_rules(void);
/* Counters of an SA as the device would report them. */
struct nic_counters *fake_counters(uint64_t sa);
/* Drops all tables and raises DEVICE_LOST. */
void fake_lose(void);
/* Completes the batches held back by `late`; as process() does. */
void fake_complete(void);

#endif
