ioff_unit_test(test_engine SOURCES engine_kit.c USES engine)
