# SPDX-License-Identifier: Apache-2.0
foreach(name numbers textbuf proposal proposal_text ident ts ts_text conn)
  ioff_unit_test(test_ike_${name} USES ike_types)
endforeach()
