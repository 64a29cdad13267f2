# SPDX-License-Identifier: Apache-2.0
foreach(name keyproto secrets keyproc sandbox keylog options udp)
  ioff_unit_test(test_daemon_${name} USES ike_daemon_parts)
endforeach()
ioff_unit_test(test_ctl USES ike_daemon_ctl fake_nic)
