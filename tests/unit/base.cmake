ioff_unit_test(test_bytes USES base)
