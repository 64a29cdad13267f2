/* SPDX-License-Identifier: Apache-2.0 */
/* placement: every (device, request) and what the answer says about it. */
#include <ipsec_offload/sa.h>

#include <string.h>

#include "tests/lib/cmocka.h"
#include "tests/lib/fake_nic.h"
#include "tests/lib/sdk_opts.h"

static int reset(void **state)
{
    (void)state;
    fake_reset();
    return 0;
}

/* Opens, installs one inbound SA, and reads where it went. */
static int place(const char *spec, enum ioff_offload device_asks, enum ioff_offload sa_asks,
                 struct ioff_placement *ret, struct ioff_error *error)
{
    struct ioff_device_opts dev_opts = IOFF_DEVICE_OPTS_INIT;
    struct ioff_sa_opts opts = opts_sa(IOFF_DIR_IN, 0x1001, 1);
    struct ioff_sa_info info = { .size = sizeof info };
    struct ioff_device *device;
    struct ioff_batch *batch;
    struct ioff_sa *sa;
    int code;

    dev_opts.offload = device_asks;
    assert_int_equal(ioff_device_open(spec, &dev_opts, &device, NULL), 0);
    batch = ioff_batch_new(device);
    opts.offload = sa_asks;
    code = ioff_batch_sa_add(batch, &opts, &sa, error);
    if (code) {
        ioff_batch_free(batch);
    } else {
        assert_int_equal(ioff_batch_run(batch, NULL), 0);
        assert_int_equal(ioff_sa_get(sa, &info, NULL), 0);
        *ret = info.placement;
    }
    ioff_device_close(device);
    return code;
}

static void expect(const struct ioff_place *place, const char *device, enum ioff_level level,
                   enum ioff_reason reason, const char *text)
{
    assert_string_equal(place->device, device);
    assert_int_equal(place->level, level);
    assert_int_equal(place->reason, reason);
    assert_string_equal(place->text, text);
}

static void prefer_in_software_names_each_better_place(void **state)
{
    struct ioff_placement p;

    (void)state;
    assert_int_equal(place("fake:soft0", IOFF_OFFLOAD_DEFAULT, IOFF_OFFLOAD_PREFER, &p, NULL), 0);
    assert_int_equal(p.requested, IOFF_OFFLOAD_PREFER);
    expect(&p.actual, "soft0", IOFF_LEVEL_SOFTWARE, IOFF_REASON_CHOSEN,
           "best device opened; better places passed over: 3");
    assert_int_equal(p.num_passed, 3);
    expect(&p.passed[0], "mlx5", IOFF_LEVEL_PACKET, IOFF_REASON_NOT_BUILT,
           "this version has no mlx5 backend");
    expect(&p.passed[1], "fakehw", IOFF_LEVEL_PACKET, IOFF_REASON_NO_DEVICE,
           "another device was opened");
    expect(&p.passed[2], "xfrm", IOFF_LEVEL_CRYPTO, IOFF_REASON_NOT_BUILT,
           "this version has no xfrm backend");
}

static void off_in_software_is_policy(void **state)
{
    struct ioff_placement p;

    (void)state;
    assert_int_equal(place("fake", IOFF_OFFLOAD_DEFAULT, IOFF_OFFLOAD_OFF, &p, NULL), 0);
    assert_int_equal(p.requested, IOFF_OFFLOAD_OFF);
    expect(&p.actual, "fake", IOFF_LEVEL_SOFTWARE, IOFF_REASON_CHOSEN, "offload is off");
    assert_int_equal(p.num_passed, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(p.passed[i].reason, IOFF_REASON_POLICY);
        assert_string_equal(p.passed[i].text, "offload is off");
    }
}

static void require_in_software_is_refused_with_every_reason(void **state)
{
    struct ioff_placement p;
    struct ioff_error error;

    (void)state;
    assert_int_equal(place("fake", IOFF_OFFLOAD_DEFAULT, IOFF_OFFLOAD_REQUIRE, &p, &error),
                     IOFF_E_UNSUPPORTED);
    assert_string_equal(error.text,
                        "offload: required, but device fake is software only; passed over mlx5 "
                        "(this version has no mlx5 backend), fakehw (another device was opened), "
                        "xfrm (this version has no xfrm backend)");
    assert_int_equal(fake_n_sas(), 0);
}

static void hardware_is_the_top_of_the_ladder(void **state)
{
    static const enum ioff_offload asks[] = { IOFF_OFFLOAD_PREFER, IOFF_OFFLOAD_REQUIRE };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct ioff_placement p;

        fake_reset();
        assert_int_equal(place("fakehw", IOFF_OFFLOAD_DEFAULT, asks[i], &p, NULL), 0);
        assert_int_equal(p.requested, asks[i]);
        expect(&p.actual, "fakehw", IOFF_LEVEL_PACKET, IOFF_REASON_CHOSEN,
               "no better place exists");
        assert_int_equal(p.num_passed, 0);
    }
}

static void off_on_hardware_is_refused(void **state)
{
    struct ioff_placement p;
    struct ioff_error error;

    (void)state;
    assert_int_equal(place("fakehw", IOFF_OFFLOAD_DEFAULT, IOFF_OFFLOAD_OFF, &p, &error),
                     IOFF_E_UNSUPPORTED);
    assert_string_equal(error.text, "offload: off, but device fakehw works at level packet");
}

static void an_sa_that_asks_for_nothing_gets_its_devices_request(void **state)
{
    static const enum ioff_offload device_asks[] = { IOFF_OFFLOAD_DEFAULT, IOFF_OFFLOAD_OFF,
                                                     IOFF_OFFLOAD_PREFER };
    static const enum ioff_offload recorded[] = { IOFF_OFFLOAD_PREFER, IOFF_OFFLOAD_OFF,
                                                  IOFF_OFFLOAD_PREFER };
    struct ioff_placement p;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        fake_reset();
        assert_int_equal(place("fake", device_asks[i], IOFF_OFFLOAD_DEFAULT, &p, NULL), 0);
        assert_int_equal(p.requested, recorded[i]);
    }
    assert_int_equal(place("fake", IOFF_OFFLOAD_REQUIRE, IOFF_OFFLOAD_DEFAULT, &p, NULL),
                     IOFF_E_UNSUPPORTED);
    assert_int_equal(place("fake", IOFF_OFFLOAD_PREFER, (enum ioff_offload)9, &p, NULL),
                     IOFF_E_INVALID);
}

static int read_placement(void *user, const struct ioff_sa_info *info)
{
    *(struct ioff_placement *)user = info->placement;
    return 0;
}

static void a_found_sa_says_that_its_request_is_not_known(void **state)
{
    struct ioff_device *device;
    struct ioff_placement p;

    (void)state;
    assert_int_equal(place("fake", IOFF_OFFLOAD_DEFAULT, IOFF_OFFLOAD_OFF, &p, NULL), 0);
    assert_int_equal(ioff_device_open("fake", NULL, &device, NULL), 0);
    assert_int_equal(ioff_sa_each(device, read_placement, &p, NULL), 0);
    expect(&p.actual, "fake", IOFF_LEVEL_SOFTWARE, IOFF_REASON_CHOSEN,
           "found in the device; what its installer asked for is not recorded");
    assert_int_equal(p.num_passed, 3);
    ioff_device_close(device);
}

static void every_reason_has_a_name(void **state)
{
    (void)state;
    for (int i = IOFF_REASON_CHOSEN; i <= IOFF_REASON_LOST; i++)
        assert_string_not_equal(ioff_reason_name((enum ioff_reason)i), "unknown");
    assert_string_equal(ioff_reason_name((enum ioff_reason)8), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(prefer_in_software_names_each_better_place, reset),
        cmocka_unit_test_setup(off_in_software_is_policy, reset),
        cmocka_unit_test_setup(require_in_software_is_refused_with_every_reason, reset),
        cmocka_unit_test_setup(hardware_is_the_top_of_the_ladder, reset),
        cmocka_unit_test_setup(off_on_hardware_is_refused, reset),
        cmocka_unit_test_setup(an_sa_that_asks_for_nothing_gets_its_devices_request, reset),
        cmocka_unit_test_setup(a_found_sa_says_that_its_request_is_not_known, reset),
        cmocka_unit_test(every_reason_has_a_name),
    };

    return cmocka_run_group_tests_name("sdk placement", tests, NULL, NULL);
}
