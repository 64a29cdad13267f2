foreach(name engine gcm replay ecn esp_in life flow batch)
  ioff_unit_test(test_${name} SOURCES engine_kit.c USES engine)
endforeach()
