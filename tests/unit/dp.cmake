# SPDX-License-Identifier: Apache-2.0
ioff_unit_test(test_dpc SOURCES dp_kit.c USES dpc)
ioff_unit_test(test_soft_dev SOURCES dp_kit.c USES soft)
ioff_unit_test(test_net_guard SOURCES dp_kit.c USES driver_net)
foreach(name demux dp_session dp_steer dp_options)
  ioff_unit_test(test_${name} SOURCES dp_kit.c USES dp_parts)
endforeach()
ioff_unit_test(test_dp_ring SOURCES dp_kit.c USES dp_parts LABELS threads)
