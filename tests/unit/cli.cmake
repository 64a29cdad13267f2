# SPDX-License-Identifier: Apache-2.0
add_test(NAME unit/cli COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/run $<TARGET_FILE:ipsec-offload>)
set_tests_properties(unit/cli PROPERTIES LABELS unit TIMEOUT 300)
