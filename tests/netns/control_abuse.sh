#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# control_abuse: bad records, crowds and clients that never read, on the data
# plane's control socket, under traffic.  No packet is lost, the lease stays,
# and who may not connect does not.
#
. "$(dirname "$0")/lib.sh"
SOCK=/run/ipsec-offload/dp.sock
as_nobody() { in_host a setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
not() { ! "$@"; }
rss() { awk '/VmRSS/ {print $2}' "/proc/${PID[a/dp]}/status"; }
fds() { find "/proc/${PID[a/dp]}/fd" -mindepth 1 | wc -l; }

net_up
for host in a b; do install_config $host "$REPO/docs/examples/host-$host.conf"; done
# A link that leads elsewhere stands where the socket goes: what it leads to stays.
in_host a sh -c "echo precious >/run/ipsec-offload/file; ln -s file $SOCK"
for host in a b; do start_dp $host; start_daemon $host; done
check "a symbolic link at the socket's path was not followed" in_host a grep -qx precious /run/ipsec-offload/file
check "the socket is root's alone" test "$(in_host a stat -c '%a %u' $SOCK)" = "600 0"
check "another user cannot connect" not as_nobody python3 -c "import socket; socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).connect('$SOCK')"
check "nor read the data plane's memory" not as_nobody head -c 1 "/proc/${PID[a/dp]}/maps"
check "the tunnel comes up" cli a up to-b/net
before=$(rss) files=$(fds)
start a/ping a ping -n -i 0.02 -W 1 -I $A_NET $B_NET
check "the abuse runs to its end" in_host a python3 "$REPO/tests/netns/dp_abuse.py" $SOCK $RANDOM
sed 's/^/       /' "$WORK/check.out"
check "the daemon still holds the lease: it rekeys" cli a rekey to-b/net
check "no packet was lost meanwhile" stop_ping a/ping
check "nothing of a record that was too long is kept" test -z "$(echo giant 6769616e74207265636f7264206b6579 | python3 "$REPO/tests/netns/memscan.py" find "${PID[a/dp]}")"
check "no descriptor is left over" wait_for 5 test "$files" = "$(fds)"
check "memory grew by less than 8 MB ($before to $(rss) kB)" test $(($(rss) - before)) -lt 8192
check "the log has no line for each record" test "$(wc -l <"$WORK/a/dp.log")" -lt 100
finish
