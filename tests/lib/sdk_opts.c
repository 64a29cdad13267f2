/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/sdk_opts.h"

#include <string.h>

#define N_KEYS 64 /* keys handed out that stay valid */

struct ioff_addr opts_addr(uint32_t host_order)
{
    return (struct ioff_addr){ .family = 4,
                               .b = { (uint8_t)(host_order >> 24), (uint8_t)(host_order >> 16),
                                      (uint8_t)(host_order >> 8), (uint8_t)host_order } };
}

struct ioff_selector opts_selector(uint32_t local_net, uint32_t remote_net)
{
    return (struct ioff_selector){
        .local_lo = opts_addr(local_net),
        .local_hi = opts_addr(local_net | 0xff),
        .remote_lo = opts_addr(remote_net),
        .remote_hi = opts_addr(remote_net | 0xff),
        .local_port_hi = UINT16_MAX,
        .remote_port_hi = UINT16_MAX,
    };
}

const uint8_t *opts_key(uint32_t spi)
{
    static uint8_t keys[N_KEYS][16];
    static unsigned n;
    uint8_t *key = keys[n++ % N_KEYS];

    for (unsigned i = 0; i < 16; i++)
        key[i] = (uint8_t)(0xa5u ^ (spi >> 8 * (i % 4)) ^ i * 17u);
    return key;
}

struct ioff_sa_opts opts_sa(enum ioff_dir dir, uint32_t spi, int end)
{
    static const uint8_t salt[4] = { 's', 'a', 'l', 't' };
    static struct ioff_selector selectors[3];
    struct ioff_sa_opts opts = IOFF_SA_OPTS_INIT;

    selectors[1] = opts_selector(0x0a010000, 0x0a020000);
    selectors[2] = opts_selector(0x0a020000, 0x0a010000);
    opts.dir = dir;
    opts.alg = IOFF_ALG_AES_GCM_128_ICV16;
    opts.spi = spi;
    opts.key = opts_key(spi);
    opts.key_len = 16;
    opts.salt = salt;
    opts.salt_len = sizeof salt;
    opts.udp_encap = true;
    opts.replay_window = dir == IOFF_DIR_IN ? 64 : 0;
    opts.local = (struct ioff_endpoint){ opts_addr(0xc0000200u | (uint32_t)end), 4500 };
    opts.remote = (struct ioff_endpoint){ opts_addr(0xc0000203u - (uint32_t)end), 4500 };
    opts.tunnel = 7;
    opts.label = "test/net";
    opts.selectors = &selectors[end];
    opts.num_selectors = 1;
    return opts;
}

struct ioff_rule_opts opts_rule(enum ioff_action action, uint32_t priority, int end)
{
    struct ioff_rule_opts opts = IOFF_RULE_OPTS_INIT;

    opts.action = action;
    opts.priority = priority;
    opts.selector =
        end == 1 ? opts_selector(0x0a010000, 0x0a020000) : opts_selector(0x0a020000, 0x0a010000);
    opts.tunnel = 7;
    opts.label = "test/net";
    return opts;
}

static bool same_addr(const struct ioff_addr *a, const struct ioff_addr *b)
{
    return a->family == b->family && !memcmp(a->b, b->b, sizeof a->b);
}

bool opts_same_endpoint(const struct ioff_endpoint *a, const struct ioff_endpoint *b)
{
    return same_addr(&a->addr, &b->addr) && a->port == b->port;
}

bool opts_same_selector(const struct ioff_selector *a, const struct ioff_selector *b)
{
    return same_addr(&a->local_lo, &b->local_lo) && same_addr(&a->local_hi, &b->local_hi) &&
           same_addr(&a->remote_lo, &b->remote_lo) && same_addr(&a->remote_hi, &b->remote_hi) &&
           a->proto == b->proto && a->local_port_lo == b->local_port_lo &&
           a->local_port_hi == b->local_port_hi && a->remote_port_lo == b->remote_port_lo &&
           a->remote_port_hi == b->remote_port_hi;
}
