#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# conformance: the suite that every device must pass, on a running data plane.
#
. "$(dirname "$0")/lib.sh"
WORK=$(mktemp -d "${TMPDIR:-/tmp}/ioff-XXXXXX")
trap net_down EXIT
host_add a
start_dp a
check "the conformance suite passes on the data plane" \
  in_host a "$BUILD/tests/conformance/conformance" soft:/run/ipsec-offload/dp.sock
grep -hE "^\[  (PASSED|SKIPPED)|passed|not run" "$WORK/check.out" | tail -n 8
stop a/dp
start_dp a
check "and on it once more, started anew" \
  in_host a "$BUILD/tests/conformance/conformance" soft:/run/ipsec-offload/dp.sock
finish
