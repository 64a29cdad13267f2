# SPDX-License-Identifier: Apache-2.0
foreach(name port device guard)
  ioff_unit_test(test_install_${name} SOURCES install_kit.c USES ike_install fake_nic)
endforeach()
