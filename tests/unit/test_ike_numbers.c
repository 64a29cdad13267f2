/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ike_bytes.h"

#include "ike/types/numbers.h"

static void names_are_those_of_the_registry(void **state)
{
    (void)state;
    assert_string_equal(ike_exchange_name(34), "IKE_SA_INIT");
    assert_string_equal(ike_exchange_name(37), "INFORMATIONAL");
    assert_string_equal(ike_payload_name(33), "SA");
    assert_string_equal(ike_payload_name(46), "SK");
    assert_string_equal(ike_notify_name(14), "NO_PROPOSAL_CHOSEN");
    assert_string_equal(ike_notify_name(16393), "REKEY_SA");
    assert_string_equal(ike_notify_name(16430), "IKEV2_FRAGMENTATION_SUPPORTED");
}

static void other_numbers_are_unknown(void **state)
{
    (void)state;
    assert_string_equal(ike_exchange_name(0), "unknown");
    assert_string_equal(ike_payload_name(255), "unknown");
    assert_string_equal(ike_notify_name(65535), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_those_of_the_registry),
        cmocka_unit_test(other_numbers_are_unknown),
    };
    return cmocka_run_group_tests_name("ike_numbers", tests, NULL, NULL);
}
