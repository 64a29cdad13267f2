# SPDX-License-Identifier: Apache-2.0
ioff_unit_test(test_vici_msg USES ike_vici)
ioff_unit_test(test_vici_packet USES ike_vici)
ioff_unit_test(test_vici_client USES ike_vici)
