# SPDX-License-Identifier: Apache-2.0
# The fake device brings its own list of providers, in place of `backends`.
add_library(fake_nic STATIC ${CMAKE_SOURCE_DIR}/tests/lib/fake_nic.c)
target_link_libraries(fake_nic PUBLIC driver_core)
target_link_options(fake_nic INTERFACE "LINKER:--undefined=nic_providers")

ioff_unit_test(test_validate USES fake_nic)
ioff_unit_test(test_core USES fake_nic)
