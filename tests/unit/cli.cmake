# SPDX-License-Identifier: Apache-2.0
add_test(NAME unit/cli COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/run $<TARGET_FILE:ipsec-offload>)
set_tests_properties(unit/cli PROPERTIES LABELS unit TIMEOUT 300)
add_test(NAME check/man-config COMMAND ${CMAKE_SOURCE_DIR}/ci/check-man-config
  --keys $<TARGET_FILE:dump_config_keys> --program $<TARGET_FILE:ipsec-offload>)
add_test(NAME check/man-config-samples COMMAND ${CMAKE_SOURCE_DIR}/tests/ci/man-config-samples
  $<TARGET_FILE:dump_config_keys> $<TARGET_FILE:ipsec-offload>)
set_tests_properties(check/man-config check/man-config-samples PROPERTIES LABELS check TIMEOUT 120)
