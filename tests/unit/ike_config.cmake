# SPDX-License-Identifier: Apache-2.0
ioff_unit_test(test_config_file USES ike_config)
ioff_unit_test(test_config_set USES ike_config)
