/* SPDX-License-Identifier: Apache-2.0 */
/* device, sa, event, options, convert: one device through the public API. */
#include <ipsec_offload/sa.h>

#include <string.h>

#include "sdk/src/internal.h"
#include "tests/lib/cmocka.h"
#include "tests/lib/fake_nic.h"
#include "tests/lib/sdk_opts.h"

static struct ioff_device *device;

static int open_fake(void **state)
{
    (void)state;
    fake_reset();
    return ioff_device_open("fake", NULL, &device, NULL);
}

static int close_fake(void **state)
{
    (void)state;
    ioff_device_close(device);
    device = NULL;
    return fake.n_open ? -1 : 0;
}

static struct ioff_sa *install(enum ioff_dir dir, uint32_t spi)
{
    struct ioff_batch *batch = ioff_batch_new(device);
    struct ioff_sa_opts opts = opts_sa(dir, spi, 1);
    struct ioff_sa *sa = NULL;

    assert_int_equal(ioff_batch_sa_add(batch, &opts, &sa, NULL), 0);
    assert_int_equal(ioff_batch_run(batch, NULL), 0);
    return sa;
}

/* options */

struct newer_opts {
    struct ioff_sa_opts base;
    uint8_t tail[24];
};

static int add_only(const struct ioff_sa_opts *opts, struct ioff_error *error)
{
    struct ioff_batch *batch = ioff_batch_new(device);
    struct ioff_sa *sa = NULL;
    int code = ioff_batch_sa_add(batch, opts, &sa, error);

    ioff_batch_free(batch);
    return code;
}

static void a_larger_struct_is_taken_if_its_tail_is_zero(void **state)
{
    struct newer_opts newer = { .base = opts_sa(IOFF_DIR_IN, 0x1001, 1) };
    struct ioff_error error = { 0 };

    (void)state;
    newer.base.size = sizeof newer;
    assert_int_equal(add_only(&newer.base, &error), 0);
    newer.tail[23] = 1;
    assert_int_equal(add_only(&newer.base, &error), IOFF_E_UNSUPPORTED);
    assert_non_null(strstr(error.text, "ioff_sa_opts: byte "));
    newer.base.size = sizeof newer - 1; /* the set byte is not part of it any more */
    assert_int_equal(add_only(&newer.base, &error), 0);
}

static void a_smaller_struct_is_taken_with_defaults(void **state)
{
    struct ioff_sa_opts opts = opts_sa(IOFF_DIR_IN, 0x1001, 1);
    struct ioff_error error = { 0 };
    struct ioff_device_opts dev_opts = { .size = sizeof dev_opts };

    (void)state;
    opts.offload = IOFF_OFFLOAD_REQUIRE;
    assert_int_equal(add_only(&opts, &error), IOFF_E_UNSUPPORTED);
    opts.size = offsetof(struct ioff_sa_opts, offload); /* an older caller */
    assert_int_equal(add_only(&opts, &error), 0);
    opts.size = offsetof(struct ioff_sa_opts, selectors);
    assert_int_equal(add_only(&opts, &error), IOFF_E_INVALID);
    assert_string_equal(error.text, "sel: there is none");
    opts.size = sizeof opts.size;
    assert_int_equal(add_only(&opts, &error), IOFF_E_INVALID); /* the defaults name no alg */
    assert_string_equal(error.text, "alg: number 0 is no known algorithm");
    ioff_device_close(device);
    dev_opts.owner = "not read";
    dev_opts.size = sizeof dev_opts.size;
    assert_int_equal(ioff_device_open("fake", &dev_opts, &device, NULL), 0);
    assert_string_equal(device->nic->owner, "sdk");
}

static void an_impossible_size_is_refused(void **state)
{
    static const size_t sizes[] = { 0, 1, 7, 65537, SIZE_MAX };
    struct ioff_sa_opts opts = opts_sa(IOFF_DIR_IN, 0x1001, 1);
    struct ioff_caps caps = { 0 };
    struct ioff_error error;

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        opts.size = caps.size = sizes[i];
        assert_int_equal(add_only(&opts, &error), IOFF_E_INVALID);
        assert_non_null(strstr(error.text, "must be sizeof(struct ioff_sa_opts)"));
        assert_int_equal(ioff_device_caps(device, &caps), IOFF_E_INVALID);
    }
}

static void answers_fill_what_the_caller_has_room_for(void **state)
{
    struct {
        struct ioff_caps caps;
        uint8_t tail[8];
    } newer;
    struct ioff_caps older;

    (void)state;
    memset(&newer, 0xee, sizeof newer);
    newer.caps.size = sizeof newer;
    assert_int_equal(ioff_device_caps(device, &newer.caps), 0);
    assert_int_equal(newer.caps.size, sizeof newer);
    assert_int_equal(newer.caps.sa_max, FAKE_TABLE);
    for (size_t i = 0; i < sizeof newer.tail; i++)
        assert_int_equal(newer.tail[i], 0);
    memset(&older, 0xee, sizeof older);
    older.size = offsetof(struct ioff_caps, sa_max);
    assert_int_equal(ioff_device_caps(device, &older), 0);
    assert_true(older.esn && older.life_time);
    assert_int_equal(older.sa_max, 0xeeeeeeee);
}

/* device */

static void capabilities_pass_through(void **state)
{
    struct ioff_caps caps = { .size = sizeof caps };

    (void)state;
    assert_int_equal(ioff_device_caps(device, &caps), 0);
    assert_int_equal(caps.level, IOFF_LEVEL_SOFTWARE);
    assert_true(caps.ipv4 && caps.ipv6 && caps.tunnel && caps.esp && caps.owns_natt_port);
    assert_false(caps.transport || caps.ah);
    assert_int_equal(caps.algs,
                     1u << IOFF_ALG_AES_GCM_128_ICV16 | 1u << IOFF_ALG_AES_GCM_256_ICV16);
    assert_int_equal(caps.mtu_overhead, 74);
    assert_string_equal(ioff_device_name(device), "fake");
    assert_int_equal(ioff_device_generation(device), 1);
}

static void opening_badly_says_why(void **state)
{
    struct ioff_device_opts opts = IOFF_DEVICE_OPTS_INIT;
    struct ioff_device *other = NULL;
    struct ioff_error error;

    (void)state;
    assert_int_equal(ioff_device_open(NULL, NULL, &other, &error), IOFF_E_INVALID);
    opts.offload = (enum ioff_offload)4;
    assert_int_equal(ioff_device_open("fake", &opts, &other, &error), IOFF_E_INVALID);
    assert_string_equal(error.text, "offload: 4 is none of off (1), prefer (2), require (3)");
    fake.fail_open = true;
    assert_int_equal(ioff_device_open("fake", NULL, &other, &error), IOFF_E_BUSY);
    assert_string_equal(error.text, "the fake's lease is held by somebody");
    assert_null(other);
    ioff_device_close(NULL);
}

static void the_list_goes_to_the_caller_as_far_as_it_fits(void **state)
{
    struct ioff_device_desc descs[4];
    size_t num = 0;

    (void)state;
    assert_int_equal(ioff_device_list(descs, 4, &num, NULL), 0);
    assert_int_equal(num, 3);
    assert_string_equal(descs[0].name, "mlx5");
    assert_string_equal(descs[0].reason, "this version has no mlx5 backend");
    assert_int_equal(descs[0].level, IOFF_LEVEL_PACKET);
    assert_true(descs[2].usable);
    assert_int_equal(ioff_device_list(NULL, 0, &num, NULL), 0);
    assert_int_equal(num, 3);
}

static void datagrams_guards_and_counters_pass_through(void **state)
{
    struct ioff_endpoint from = { opts_addr(1), 4500 }, to = { opts_addr(2), 4501 };
    struct ioff_guard_entry entries[2] = { { opts_selector(0x0a010000, 0x0a020000), "a" },
                                           { opts_selector(0x0a030000, 0x0a040000), "b" } };
    struct ioff_device_counters counters = { .size = sizeof counters };
    struct ioff_error error;

    (void)state;
    assert_int_equal(ioff_ike_send(device, &from, &to, "abc", 3, NULL), 0);
    assert_int_equal(fake.last_ike_len, 3);
    assert_int_equal(fake.last_to.port, 4501);
    assert_int_equal(fake.last_to.addr.b[3], 2);
    assert_int_equal(ioff_keepalive_send(device, &from, &to, &error), IOFF_E_UNSUPPORTED);
    assert_string_equal(error.text, "device fake does not support sending NAT keepalives");
    assert_int_equal(ioff_guard_set(device, entries, 2, NULL), 0);
    assert_int_equal(fake.n_guard, 2);
    entries[1].selector.local_lo = opts_addr(0xffffffff);
    assert_int_equal(ioff_guard_set(device, entries, 2, &error), IOFF_E_INVALID);
    assert_string_equal(error.text, "entries[1].local: the range ends before it begins");
    memset(entries[0].label, 'x', sizeof entries[0].label);
    assert_int_equal(ioff_guard_set(device, entries, 2, &error), IOFF_E_INVALID);
    assert_string_equal(error.text, "entries[0].label: not terminated");
    assert_int_equal(ioff_guard_set(device, entries, 5000, &error), IOFF_E_FULL);
    assert_int_equal(fake.n_guard, 2);
    assert_int_equal(ioff_guard_set(device, NULL, 0, NULL), 0);
    assert_int_equal(fake.n_guard, 0);
    assert_int_equal(ioff_device_counters(device, &counters, NULL), 0);
    assert_int_equal(counters.drops[5], 7); /* no-sa */
    assert_int_equal(counters.keepalive_rx, 3);
}

static void bursts_need_a_device_that_has_them(void **state)
{
    struct ioff_packet packets[IOFF_BURST_MAX + 1] = { 0 };

    (void)state;
    assert_int_equal(ioff_burst_out(device, packets, 1, 0), IOFF_E_UNSUPPORTED);
    assert_int_equal(ioff_burst_in(device, packets, 1, 0), IOFF_E_UNSUPPORTED);
    assert_int_equal(ioff_burst_out(device, packets, IOFF_BURST_MAX + 1, 0), IOFF_E_INVALID);
}

/* SAs */

static void lengths_are_refused_by_field(void **state)
{
    struct ioff_sa_opts opts = opts_sa(IOFF_DIR_IN, 0x1001, 1);
    char label[IOFF_LABEL_LEN + 1];
    struct ioff_error error;

    (void)state;
    opts.key_len = 15;
    assert_int_equal(add_only(&opts, &error), IOFF_E_INVALID);
    assert_string_equal(error.text, "key_len: 15 bytes, aes128gcm16 takes 16");
    opts.key_len = 16;
    opts.alg = IOFF_ALG_AES_GCM_256_ICV16;
    assert_int_equal(add_only(&opts, &error), IOFF_E_INVALID);
    assert_string_equal(error.text, "key_len: 16 bytes, aes256gcm16 takes 32");
    opts.alg = IOFF_ALG_AES_GCM_128_ICV16;
    opts.key = NULL;
    assert_int_equal(add_only(&opts, &error), IOFF_E_INVALID);
    assert_string_equal(error.text, "key_len: 0 bytes, aes128gcm16 takes 16");
    opts = opts_sa(IOFF_DIR_IN, 0x1001, 1);
    opts.salt_len = 8;
    assert_int_equal(add_only(&opts, &error), IOFF_E_INVALID);
    assert_string_equal(error.text, "salt_len: 8 bytes, aes128gcm16 takes 4");
    opts = opts_sa(IOFF_DIR_IN, 0x1001, 1);
    opts.num_selectors = 17;
    assert_int_equal(add_only(&opts, &error), IOFF_E_INVALID);
    assert_string_equal(error.text, "num_selectors: 17, at most 16");
    opts.num_selectors = 2;
    opts.selectors = NULL;
    assert_int_equal(add_only(&opts, &error), IOFF_E_INVALID);
    assert_string_equal(error.text, "selectors: none, but num_selectors is 2");
    opts = opts_sa(IOFF_DIR_IN, 0x1001, 1);
    memset(label, 'x', sizeof label);
    label[IOFF_LABEL_LEN] = '\0';
    opts.label = label;
    assert_int_equal(add_only(&opts, &error), IOFF_E_INVALID);
    assert_string_equal(error.text, "label: longer than 63 bytes");
    label[IOFF_LABEL_LEN - 1] = '\0';
    assert_int_equal(add_only(&opts, &error), 0);
}

static void what_went_in_comes_out_again(void **state)
{
    struct ioff_sa_opts opts = opts_sa(IOFF_DIR_IN, 0x1001, 2);
    struct ioff_batch *batch = ioff_batch_new(device);
    struct ioff_sa_info info = { .size = sizeof info };
    struct ioff_sa *sa;

    (void)state;
    opts.esn = true;
    opts.replay_window = 512;
    opts.life = (struct ioff_lifetime){ 1, 2, 3, 4, 5, 6 };
    assert_int_equal(ioff_batch_sa_add(batch, &opts, &sa, NULL), 0);
    assert_int_equal(ioff_batch_run(batch, NULL), 0);
    *fake_counters(ioff_sa_id(sa)) = (struct nic_counters){
        .packets = 11, .bytes = 12, .seq = 13, .last_used = 14, .drops = { 1, 2, 3, 4, 5, 6, 7, 8 }
    };
    assert_int_equal(ioff_sa_get(sa, &info, NULL), 0);
    assert_int_equal(info.size, sizeof info);
    assert_int_equal(info.id, ioff_sa_id(sa));
    assert_int_equal(info.dir, IOFF_DIR_IN);
    assert_int_equal(info.proto, IOFF_PROTO_ESP);
    assert_int_equal(info.mode, IOFF_MODE_TUNNEL);
    assert_int_equal(info.alg, IOFF_ALG_AES_GCM_128_ICV16);
    assert_true(info.esn && info.udp_encap);
    assert_int_equal(info.replay_window, 512);
    assert_int_equal(info.tunnel, 7);
    assert_memory_equal(&info.life, &opts.life, sizeof opts.life);
    assert_true(opts_same_endpoint(&info.local, &opts.local));
    assert_true(opts_same_endpoint(&info.remote, &opts.remote));
    assert_true(opts_same_selector(&info.selectors[0], &opts.selectors[0]));
    assert_int_equal(info.packets, 11);
    assert_int_equal(info.bytes, 12);
    assert_int_equal(info.seq, 13);
    assert_int_equal(info.last_used_ns, 14);
    for (unsigned i = 0; i < IOFF_DROP_CAUSES; i++)
        assert_int_equal(info.drops[i], i + 1);
    assert_string_equal(info.owner, "sdk");
    assert_string_equal(info.engine, "none");
}

static int count_sa(void *user, const struct ioff_sa_info *info)
{
    *(unsigned *)user += 1;
    assert_int_equal(info->size, sizeof *info);
    return info->spi == 0x1003 ? 77 : 0;
}

static int count_rule(void *user, const struct ioff_rule_info *info)
{
    *(unsigned *)user += 1;
    assert_int_equal(info->priority, 5);
    assert_int_equal(info->action, IOFF_ACTION_DISCARD);
    assert_int_equal(info->sa_id, 0);
    assert_string_equal(info->label, "test/net");
    return 0;
}

static void walks_go_over_all_and_end_when_told(void **state)
{
    struct ioff_batch *batch = ioff_batch_new(device);
    struct ioff_rule_opts opts = opts_rule(IOFF_ACTION_DISCARD, 5, 1);
    struct ioff_rule *rule;
    unsigned n = 0;

    (void)state;
    install(IOFF_DIR_IN, 0x1001);
    install(IOFF_DIR_IN, 0x1002);
    assert_int_equal(ioff_sa_each(device, count_sa, &n, NULL), 0);
    assert_int_equal(n, 2);
    install(IOFF_DIR_IN, 0x1003);
    install(IOFF_DIR_IN, 0x1004);
    n = 0;
    assert_int_equal(ioff_sa_each(device, count_sa, &n, NULL), 77);
    assert_int_equal(n, 3);
    n = 0;
    assert_int_equal(ioff_batch_rule_add(batch, &opts, NULL, &rule, NULL), 0);
    assert_int_equal(ioff_batch_run(batch, NULL), 0);
    assert_int_equal(ioff_rule_each(device, count_rule, &n, NULL), 0);
    assert_int_equal(n, 1);
}

static void what_an_earlier_process_left_is_adopted(void **state)
{
    struct ioff_sa *sa = install(IOFF_DIR_IN, 0x1001), *again;
    struct ioff_sa_info info = { .size = sizeof info };
    uint64_t id = ioff_sa_id(sa);
    struct ioff_rule *rule = NULL;
    struct ioff_batch *batch;

    (void)state;
    ioff_device_close(device);
    assert_int_equal(ioff_device_open("fake", NULL, &device, NULL), 0);
    assert_int_equal(ioff_device_generation(device), 2);
    assert_int_equal(ioff_sa_adopt(device, id, &sa, NULL), 0);
    assert_int_equal(ioff_sa_adopt(device, id, &again, NULL), 0);
    assert_ptr_equal(sa, again);
    assert_int_equal(ioff_sa_get(sa, &info, NULL), 0);
    assert_int_equal(info.generation, 1);
    assert_int_equal(ioff_sa_adopt(device, 999, &again, NULL), IOFF_E_NOTFOUND);
    assert_int_equal(ioff_rule_adopt(device, 999, &rule, NULL), IOFF_E_NOTFOUND);
    assert_null(rule);
    batch = ioff_batch_new(device);
    assert_int_equal(ioff_batch_sa_delete(batch, sa), 0);
    assert_int_equal(ioff_batch_run(batch, NULL), 0);
    assert_int_equal(fake_n_sas(), 0);
}

static void an_spi_is_reserved_and_released(void **state)
{
    struct ioff_error error;
    uint32_t spi = 0;

    (void)state;
    assert_int_equal(ioff_spi_reserve(device, &spi, NULL), 0);
    assert_true(spi >= 256);
    assert_int_equal(ioff_spi_release(device, spi, NULL), 0);
    assert_int_equal(ioff_spi_release(device, spi, &error), IOFF_E_NOTFOUND);
    assert_int_equal(error.code, IOFF_E_NOTFOUND);
}

/* events */

static struct ioff_event seen;
static char seen_cause[IOFF_NAME_LEN];

static void see(void *user, const struct ioff_event *event)
{
    seen = *event;
    strncpy(seen_cause, event->cause, sizeof seen_cause - 1);
    ++*(int *)user;
}

static void events_are_converted_field_by_field(void **state)
{
    struct nic_event event = {
        .kind = NIC_EVENT_SOFT_LIFETIME,
        .id = 41,
        .tunnel = 42,
        .spi = 43,
        .cause = "bytes",
        .local = { ip_addr_v4(1), 2 },
        .remote = { ip_addr_v4(3), 4 },
        .data = { (const uint8_t *)"xyz", 3 },
    };
    int n = 0;

    (void)state;
    nic_event_raise(device->nic, &event); /* nobody listens yet */
    ioff_device_on_event(device, see, &n);
    nic_event_raise(device->nic, &event);
    assert_int_equal(n, 1);
    assert_int_equal(seen.kind, IOFF_EVENT_SOFT_LIFETIME);
    assert_int_equal(seen.sa_id, 41);
    assert_int_equal(seen.rule_id, 0);
    assert_int_equal(seen.tunnel, 42);
    assert_int_equal(seen.spi, 43);
    assert_string_equal(seen_cause, "bytes");
    assert_int_equal(seen.local.port, 2);
    assert_int_equal(seen.remote.addr.b[3], 3);
    assert_int_equal(seen.data_len, 3);
    event.kind = NIC_EVENT_ACQUIRE;
    nic_event_raise(device->nic, &event);
    assert_int_equal(seen.rule_id, 41);
    assert_int_equal(seen.sa_id, 0);
    ioff_device_on_event(device, NULL, NULL);
    nic_event_raise(device->nic, &event);
    assert_int_equal(n, 2);
}

static void names_are_public(void **state)
{
    (void)state;
    assert_string_equal(ioff_error_name(IOFF_E_NOTFOUND), "not-found");
    assert_string_equal(ioff_error_name(-99), "unknown");
    assert_string_equal(ioff_drop_name(0), "integrity");
    assert_string_equal(ioff_drop_name(IOFF_DROP_CAUSES), "unknown");
    assert_string_equal(ioff_level_name(IOFF_LEVEL_SOFTWARE), "software");
    assert_string_equal(ioff_alg_name(IOFF_ALG_AES_GCM_256_ICV16), "aes256gcm16");
    assert_string_equal(ioff_alg_name((enum ioff_alg)0), "unknown");
}

int main(void)
{
#define WITH_DEVICE(test) cmocka_unit_test_setup_teardown(test, open_fake, close_fake)
    const struct CMUnitTest tests[] = {
        WITH_DEVICE(a_larger_struct_is_taken_if_its_tail_is_zero),
        WITH_DEVICE(a_smaller_struct_is_taken_with_defaults),
        WITH_DEVICE(an_impossible_size_is_refused),
        WITH_DEVICE(answers_fill_what_the_caller_has_room_for),
        WITH_DEVICE(capabilities_pass_through),
        WITH_DEVICE(opening_badly_says_why),
        WITH_DEVICE(the_list_goes_to_the_caller_as_far_as_it_fits),
        WITH_DEVICE(datagrams_guards_and_counters_pass_through),
        WITH_DEVICE(bursts_need_a_device_that_has_them),
        WITH_DEVICE(lengths_are_refused_by_field),
        WITH_DEVICE(what_went_in_comes_out_again),
        WITH_DEVICE(walks_go_over_all_and_end_when_told),
        WITH_DEVICE(what_an_earlier_process_left_is_adopted),
        WITH_DEVICE(an_spi_is_reserved_and_released),
        WITH_DEVICE(events_are_converted_field_by_field),
        WITH_DEVICE(names_are_public),
    };

    return cmocka_run_group_tests_name("sdk device", tests, NULL, NULL);
}
