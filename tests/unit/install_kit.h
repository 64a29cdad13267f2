/* SPDX-License-Identifier: Apache-2.0 */
/*
 * install_kit: the install room over the fake device, and a core that writes
 * down what it is told.  One tunnel, "c/net": 10.1.0.0/24 <-> 10.2.0.0/24.
 */
#ifndef TESTS_INSTALL_KIT_H
#define TESTS_INSTALL_KIT_H

#include "ike/install/install.h"
#include "tests/lib/cmocka.h"
#include "tests/lib/fake_nic.h"

#define KIT_NOTES 64

struct kit {
    struct install *in;
    struct ike_install_port port;
    unsigned n_installed; /* answers to install */
    ike_job job;          /* of the last answer */
    int code;
    char text[ERR_TEXT_LEN];
    uint32_t spi;
    unsigned n_child; /* events about Child SAs */
    uint64_t child[KIT_NOTES];
    enum ike_child_event what[KIT_NOTES];
    unsigned n_moved, n_acquire, n_keys, n_device, n_poll, n_ike;
    struct ip_endpoint moved_to;
    char acquired[64];
    bool up;
    uint8_t key_seen[4];
    struct ike_path ike_path;
    size_t ike_len;
    /* What the core does while it is told of an install: NULL = nothing. */
    void (*on_installed)(struct kit *kit);
    void (*on_child)(struct kit *kit, uint64_t child);
};
extern struct kit kit;

/* cmocka setup and teardown: an open room over an empty fake. */
int kit_open(void **state);
int kit_close(void **state);
/* Another run of the daemon over the same device; keeps the fake's tables. */
void kit_reopen(void);
struct install *kit_try_open(struct err *err); /* NULL: refused */

/* A correct request for child `id`: SPIs 0x1000 + id in, 0x2000 + id out. */
struct ike_child_install kit_request(uint64_t id);
/* Requests the install of kit_request(id) as job `id`. */
void kit_install(uint64_t id);
struct ike_ts kit_ts(const char *text);

/* The device's view: id of the SA with that SPI and direction, 0 = none. */
uint64_t kit_sa(uint32_t spi, bool inbound);
/* SA that the n-th rule points at, UINT64_MAX = no such rule. */
uint64_t kit_rule_target(unsigned n);
uint64_t kit_rule_id(unsigned n);
unsigned kit_count(enum nic_batch_kind kind); /* ops tried so far */
void kit_raise(enum nic_event_kind kind, uint64_t id);
/* The device comes back, empty, with the generation it had plus one. */
void kit_device_back(void);

#endif
