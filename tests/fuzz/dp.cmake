# SPDX-License-Identifier: Apache-2.0
ioff_fuzz_target(fuzz_dpc USES dpc)
