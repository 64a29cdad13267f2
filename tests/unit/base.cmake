# SPDX-License-Identifier: Apache-2.0
find_package(Threads REQUIRED)
ioff_unit_test(test_bytes USES base)
ioff_unit_test(test_err USES base)
ioff_unit_test(test_mem USES base)
ioff_unit_test(test_rng USES base testlib)
ioff_unit_test(test_ip USES base testlib)
ioff_unit_test(test_log USES base testlib Threads::Threads LABELS threads)
