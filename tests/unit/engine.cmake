foreach(name engine gcm replay ecn)
  ioff_unit_test(test_${name} SOURCES engine_kit.c USES engine)
endforeach()
