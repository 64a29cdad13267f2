# SPDX-License-Identifier: Apache-2.0
ioff_unit_test(test_config_file USES ike_config)
ioff_unit_test(test_config_set USES ike_config)
# What ci/check-man-config compares the manual page with.
add_executable(dump_config_keys ${CMAKE_SOURCE_DIR}/tests/ci/dump_config_keys.c)
target_link_libraries(dump_config_keys PRIVATE ike_config)
