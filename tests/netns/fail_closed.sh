#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# fail_closed: the drop rule stands before the first SA and outlives every
# process.  At each step both hosts try to send protected packets, and a tap
# between them looks for clear text.  The judge itself is tried first: without
# the rule it must see the packets.
#
. "$(dirname "$0")/lib.sh"
try() { # protected traffic from both sides; nothing has to arrive
  in_host a ping -q -n -c 3 -i 0.05 -W 0.2 -I $A_NET $B_NET >/dev/null 2>&1 || :
  in_host b ping -q -n -c 3 -i 0.05 -W 0.2 -I $B_NET $A_NET >/dev/null 2>&1 || :
}
clear_packets() { # clear_packets FUNCTION...: runs it under a tap, prints the count
  start_capture b/tap b eth0 "$WORK/step.pcap"
  "$@"
  sleep 0.3; stop b/tap
  judge counts "$WORK/step.pcap" | jq '.clear // 0'
}
closed() { [ "$(clear_packets "$@")" = 0 ]; }

net_up
for host in a b; do install_config $host "$REPO/docs/examples/host-$host.conf"; done
check "the judge sees clear packets where nothing stops them" test "$(clear_packets try)" -gt 0
for host in a b; do start_daemon $host; done
check "closed: daemon alone, no data plane yet" closed try
for host in a b; do start_dp $host; done
check "closed: data plane and daemon, no SA yet" closed try
check "the tunnel comes up" wait_for 10 cli a up to-b/net
check "it carries traffic" ping_ok a $A_NET $B_NET
check "closed: with SAs everything is ESP" closed try
kill9 a/daemon
check "closed: daemon of a killed" closed try
kill9 a/dp
check "closed: data plane of a killed too" closed try
kill9 b/dp; kill9 b/daemon
check "closed: no process of ours on either host" closed try
for host in a b; do start_dp $host; start_daemon $host; done
check "closed: all back, no SA" closed try
check "the tunnel comes up again" wait_for 10 cli a up to-b/net
check "and goes down" cli a down to-b
check "closed: after down" closed try
stop a/daemon; stop b/daemon; stop a/dp; stop b/dp
check "closed: after a clean stop of everything" closed try
finish
