# SPDX-License-Identifier: Apache-2.0
ioff_unit_test(test_bytes USES base)
