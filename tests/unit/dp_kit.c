/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/dp_kit.h"

struct ip_range kit_range(const char *text)
{
    struct ip_range r = { 0 };

    assert_int_equal(ip_range_parse(text, &r), 0);
    return r;
}

struct ip_endpoint kit_endpoint(const char *addr, uint16_t port)
{
    struct ip_endpoint e = { .port = port };

    assert_int_equal(ip_addr_parse(addr, &e.addr), 0);
    return e;
}

struct nic_selector kit_selector(const char *local, const char *remote)
{
    return (struct nic_selector){
        .local = kit_range(local),
        .remote = kit_range(remote),
        .local_port_hi = UINT16_MAX,
        .remote_port_hi = UINT16_MAX,
    };
}

struct nic_sa_attr kit_sa(enum nic_dir dir, uint32_t spi)
{
    struct nic_sa_attr a = {
        .dir = dir,
        .proto = NIC_PROTO_ESP,
        .mode = NIC_MODE_TUNNEL,
        .alg = NIC_ALG_AES_GCM_128_ICV16,
        .spi = spi,
        .salt = { 0xa1, 0xa2, 0xa3, 0xa4 },
        .esn = true,
        .replay_window = dir == NIC_DIR_IN ? 1024 : 0,
        .udp_encap = true,
        .local = kit_endpoint("192.0.2.1", 4500),
        .remote = kit_endpoint("198.51.100.2", 4501),
        .life = { 1000, 2000, 30, 40, 5 * NS_PER_S, 6 * NS_PER_S },
        .seq_high_water = 7777,
        .tunnel = 0x1122334455667788,
        .label = "conn/child",
        .n_sel = 2,
    };

    for (size_t i = 0; i < 16; i++)
        a.key[i] = (uint8_t)(0xd0 + i);
    a.sel[0] = kit_selector("10.1.0.0/24", "10.2.0.0/24");
    a.sel[1] = kit_selector("10.1.1.3-10.1.1.9", "10.2.9.9");
    return a;
}

struct nic_rule_attr kit_rule(const char *local, const char *remote, uint64_t sa)
{
    return (struct nic_rule_attr){
        .action = NIC_ACTION_PROTECT,
        .priority = 10,
        .sel = kit_selector(local, remote),
        .sa = sa,
        .tunnel = 3,
        .label = "conn/child",
    };
}

struct nic_sa_info kit_sa_info(void)
{
    struct nic_sa_info i = {
        .id = 42,
        .state = NIC_SA_DRAINING,
        .owner = "ipsec-offloadd",
        .generation = 3,
        .age = 99,
        .attr = kit_sa(NIC_DIR_IN, 0x01020304),
        .counters = { .packets = 11, .bytes = 22, .seq = 33, .last_used = 44 },
        .engine = "openssl",
    };

    for (size_t k = 0; k < NIC_DROP_N; k++)
        i.counters.drops[k] = 100 + k;
    return i;
}

struct dpc_welcome kit_welcome(void)
{
    return (struct dpc_welcome){
        .version = DPC_VERSION,
        .generation = 5,
        .instance = 0x0102030405060708,
        .pid = 4711,
        .mark = 0x1f5e,
        .tun = "ipsec0",
        .caps = { .level = NIC_LEVEL_SOFTWARE,
                  .protos = 1,
                  .modes = 1,
                  .algs = 6,
                  .families = 1,
                  .esn = true,
                  .udp_encap = true,
                  .owns_natt_port = true,
                  .replay_window_max = 4096,
                  .sa_max = 1000,
                  .rule_max = 100,
                  .mtu_overhead = 65 },
    };
}
