# SPDX-License-Identifier: Apache-2.0
foreach(name header payload check sa ke nonce id auth cert notify delete ts vendor sk dump random)
  ioff_unit_test(test_codec_${name} USES ike_codec)
endforeach()
# Whole messages of an independent implementation, both ways.
ioff_unit_test(test_codec_messages SOURCES ${CMAKE_SOURCE_DIR}/tests/lib/ike_recode.c
  USES ike_codec)
