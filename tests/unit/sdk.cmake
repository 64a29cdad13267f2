# SPDX-License-Identifier: Apache-2.0
add_library(sdk_opts STATIC ${CMAKE_SOURCE_DIR}/tests/lib/sdk_opts.c)
target_link_libraries(sdk_opts PUBLIC sdk)

foreach(name batch device handles placement)
  ioff_unit_test(test_sdk_${name} USES sdk_opts sdk fake_nic)
endforeach()
# The test looks at every block before it is freed.
target_link_options(test_sdk_batch PRIVATE LINKER:--wrap=mem_free,--wrap=mem_free_secret)
ioff_unit_test(test_inline USES sdk_opts sdk backends LABELS threads)

# An outsider's program on the shared library, and what it must say.
add_test(NAME sdk/example COMMAND inline_tunnel)
set_tests_properties(sdk/example PROPERTIES LABELS unit TIMEOUT 30
  PASS_REGULAR_EXPRESSION "delivered:   33 bytes, \"hello\"\nruns on:     inline:left .software.")
