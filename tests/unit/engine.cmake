# SPDX-License-Identifier: Apache-2.0
foreach(name engine gcm replay ecn esp_in life flow engine_batch)
  ioff_unit_test(test_${name} SOURCES engine_kit.c USES engine)
endforeach()
ioff_unit_test(test_engine_threads SOURCES engine_kit.c USES engine LABELS threads)
