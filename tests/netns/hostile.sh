#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# hostile: more than 100 named malformed, truncated, oversized, replayed and
# out-of-window packets against a host with a live tunnel: each is dropped,
# counted under its cause, changes no state; the log stays short.
#
. "$(dirname "$0")/lib.sh"
net_up
for host in a b; do install_config $host "$REPO/docs/examples/host-$host.conf"; done
start_capture b/tap b eth0 "$WORK/wire.pcap"
for host in a b; do start_dp $host; start_daemon $host; done
check "the tunnel comes up" cli a up to-b/net
check "it carries traffic" ping_ok b $B_NET $A_NET 10
sleep 0.3; stop b/tap
lines=$(wc -l <"$WORK/a/daemon.log")
# A host of the attacker's: b's network, a's control socket.
if nsenter --target "${HOLDER[b]}" --net -- nsenter --target "${HOLDER[a]}" --mount -- \
     python3 "$REPO/tests/netns/hostile.py" /run/ipsec-offload/control.vici $A_ADDR "$WORK/wire.pcap" >"$WORK/cases" 2>&1; then
  ok "$(tail -n 1 "$WORK/cases" | tr -d '\n') of the named packets"
else
  grep -E "FAIL|Error|passed" "$WORK/cases" | tail -n 40; not_ok "named packets"
fi
check "the log grew by less than one line a packet" test $(($(wc -l <"$WORK/a/daemon.log") - lines)) -lt 60
check "the tunnel still carries traffic" ping_ok a $A_NET $B_NET
check "and is rekeyed" cli a rekey to-b/net
finish
