# SPDX-License-Identifier: Apache-2.0
ioff_fuzz_target(fuzz_ike_clear SOURCES ${CMAKE_SOURCE_DIR}/tests/lib/ike_recode.c USES ike_codec)
ioff_fuzz_target(fuzz_ike_text USES ike_types)
