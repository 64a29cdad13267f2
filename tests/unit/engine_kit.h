/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_kit: what the engine's tests share: a pair of SAs on one engine that
 * talk to each other, packets, and a recorder of events.
 */
#ifndef TEST_ENGINE_KIT_H
#define TEST_ENGINE_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "driver/soft/engine/internal.h"

#define KIT_SPI 0x11223344u
#define KIT_BUF 10240
#define KIT_EVENTS 64

/* A packet with its buffer, room before and behind as the engine asks for. */
struct kit_buf {
    struct engine_pkt pkt;
    uint8_t mem[ENGINE_HEADROOM + KIT_BUF + ENGINE_TAILROOM];
};

struct kit {
    struct engine *e;
    struct engine_worker *w;
    uint64_t in, out, rule;
    struct nic_event events[KIT_EVENTS];
    size_t n_events;
    ns_time now;
};

/* seeded, for models and fuzzed inputs */
struct kit_rng {
    uint64_t s;
};
uint32_t kit_rand(struct kit_rng *r);
uint32_t kit_below(struct kit_rng *r, uint32_t bound);

struct nic_selector kit_selector(const char *local, const char *remote);
/* From 10.1.0.0/16 and fd01::/16 to 10.2.0.0/16 and fd02::/16, window 64; the
 * inbound side is the far end's. */
struct nic_sa_attr kit_attr(enum nic_dir dir, enum nic_alg alg);
struct nic_rule_attr kit_rule(const char *local, const char *remote, uint64_t sa);

/* Engine and worker alone; then with one SA each way, both ends of a tunnel in
 * one engine, so that what goes out may come in. */
void kit_init(struct kit *k, const char *cipher);
void kit_pair(struct kit *k, const struct nic_sa_attr *out, const struct nic_sa_attr *in);
void kit_open(struct kit *k, const char *cipher, bool esn, uint16_t window);
void kit_fini(struct kit *k);
size_t kit_count(const struct kit *k, enum nic_event_kind kind);

/* Lays `len` bytes at the place of an inner packet. */
void kit_set(struct kit_buf *b, const void *p, size_t len);
/* UDP from 10.1.0.1:1000 to 10.2.0.1:2000 of `len` bytes in all (>= 28), with
 * contents that follow from `salt`. */
void kit_udp4(struct kit_buf *b, size_t len, uint32_t salt);
void kit_udp6(struct kit_buf *b, size_t len, uint32_t salt);
uint16_t kit_checksum(const uint8_t *p, size_t len);

int kit_out(struct kit *k, struct kit_buf *b); /* verdict */
int kit_in(struct kit *k, struct kit_buf *b);

/* An ESP packet under the kit's key that no honest sender would make: any text,
 * trailer included. */
void kit_forge(struct kit *k, struct kit_buf *b, uint64_t seq, const void *text, size_t len);
/* As above around an inner packet with padding 1, 2, 3 and this next header. */
void kit_forge_inner(struct kit *k, struct kit_buf *b, uint64_t seq, const void *inner, size_t len,
                     uint8_t next);
struct nic_counters kit_counters(struct kit *k, uint64_t sa);

#endif
