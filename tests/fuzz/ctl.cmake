# SPDX-License-Identifier: Apache-2.0
ioff_fuzz_target(fuzz_vici USES ike_vici)
ioff_fuzz_target(fuzz_config USES ike_config)
