# SPDX-License-Identifier: Apache-2.0
# The protocol core, two shards facing each other.
foreach(file setup rekey delete loss natt life limits bytes index transitions collide random)
  ioff_unit_test(test_sm_${file} SOURCES vector_file.c ../lib/two_shards.c USES ike_core testlib)
endforeach()
# One file of ike/core/sm each; sk_tap opens, reads and rewrites what passes.
foreach(file exchanges auth informational child_make rekey_child rekey_ike negotiate retransmit jobs crossing query sa_init restart deadline receive contact)
  ioff_unit_test(test_sm_${file} SOURCES ../lib/two_shards.c ../lib/sk_tap.c
    USES ike_core testlib)
endforeach()
