# SPDX-License-Identifier: Apache-2.0
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
ioff_fuzz_target(fuzz_ike_sealed SOURCES ${CMAKE_SOURCE_DIR}/tests/lib/two_shards.c
                 USES ike_core testlib PkgConfig::CMOCKA)
