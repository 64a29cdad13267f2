foreach(name engine gcm replay ecn esp_in life flow batch engine_threads)
  ioff_unit_test(test_${name} SOURCES engine_kit.c USES engine)
endforeach()
# What ThreadSanitizer is for: build with IOFF_SANITIZE=thread, run ctest -L threads.
set_tests_properties(unit/test_engine_threads PROPERTIES LABELS threads)
