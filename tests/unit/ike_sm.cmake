# SPDX-License-Identifier: Apache-2.0
# The protocol core, two shards facing each other.
foreach(file setup rekey delete loss natt life limits index transitions)
  ioff_unit_test(test_sm_${file} SOURCES ../lib/two_shards.c USES ike_core testlib)
endforeach()
