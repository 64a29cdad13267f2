#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# closed_edges: ways around the drop rule that an ordinary packet does not try.
#
#  - half of a datagram through the tunnel, the other half in clear by somebody
#    on the wire: the host must not put them together, with connection tracking
#    (which reassembles early) or without;
#  - a forged ICMP error that asks for small packets, so that ours are cut up;
#  - an application that binds to the outer device or to an outer address;
#  - an address on the local side that came after the drop rule.
#
. "$(dirname "$0")/lib.sh"
fragments() { local host=$1; shift; in_host "$host" python3 "$REPO/tests/netns/fragments.py" "$@"; }
ident=1000
listening() { # listening COMMAND...: what a hears on port 7001 meanwhile
  local log=$WORK/a/listen.log
  : >"$log"
  start a/listen a python3 "$REPO/tests/netns/fragments.py" listen $A_NET 7001 1.5
  wait_for 5 grep -q listening "$log"
  "$@"
  wait_for 5 not alive a/listen
  cat "$log"
}
not() { ! "$@"; }
half() { fragments b send "$1" "$2" $B_NET $A_NET 7001 $ident eth0; }
whole() { ident=$((ident + 1)); half routed first; half routed last; }
mixed() { ident=$((ident + 1)); half routed first; sleep 0.2; half wire last; }
mixed_back() { ident=$((ident + 1)); half wire last; sleep 0.2; half routed first; }
hears() { grep got < <(listening "$@"); }
hears_nothing() { not hears "$@"; }
# The frame goes to everybody: broadcast on the link, so it needs no neighbour.
halves() { # halves WHEN
  check "$1: two halves through the tunnel are a datagram" hears whole
  check "$1: a clear second half does not complete one" hears_nothing mixed
  check "$1: nor one that came first" hears_nothing mixed_back
}

net_up
for host in a b; do install_config $host "$REPO/docs/examples/host-$host.conf"; done
check "the judge hears a datagram of two clear halves where nothing stops them" hears whole
check "and one whose second half was put onto the wire" hears mixed
for host in a b; do start_dp $host; start_daemon $host; done
check "the tunnel comes up" cli a up to-b/net
halves "no connection tracking"
in_host a nft -f - <<'N'
table inet tracking {
  chain in {
    type filter hook input priority 0
    ct state new counter
  }
}
N
halves "connection tracking"
in_host a nft delete table inet tracking

# Who forges an error of a router on the path knows both ends and the port.
cut_up() { # whether large packets of a, outside, are fragments
  start_capture b/tap b eth0 "$WORK/cut.pcap"
  in_host b python3 "$REPO/tests/netns/fragments.py" too-big $A_ADDR $B_ADDR 576
  in_host a ping -q -n -c 3 -i 0.05 -W 1 -s 1300 -I $A_NET $B_NET
  in_host a ping -q -n -c 3 -i 0.05 -W 1 -s 1300 -M dont $B_ADDR
  sleep 0.3; stop b/tap
  tcpdump -nr "$WORK/cut.pcap" "src $A_ADDR and $1 and (ip[6:2] & 0x3fff != 0)" 2>/dev/null | grep .
}
check "a forged ICMP error does not cut up the tunnel's packets" not cut_up udp
in_host a ip route add $B_ADDR/32 dev eth0 mtu 576
check "the judge sees fragments where there are any" cut_up icmp
in_host a ip route del $B_ADDR/32 dev eth0 mtu 576

clear_packets() { # clear_packets COMMAND...: runs it under a tap, prints the count
  start_capture b/tap b eth0 "$WORK/step.pcap"
  "$@" >/dev/null 2>&1 || :
  sleep 0.3; stop b/tap
  judge counts "$WORK/step.pcap" | jq '.clear // 0'
}
closed() { [ "$(clear_packets "$@")" = 0 ]; }
stray() { # what any user may do, and what the kernel does once the route is gone
  in_host a ping -q -n -c 2 -i 0.05 -W 0.1 $B_NET
  in_host a ping -q -n -c 2 -i 0.05 -W 0.1 -I eth0 $B_NET
  in_host a ping -q -n -c 2 -i 0.05 -W 0.1 -I $A_ADDR $B_NET
  in_host a python3 - $B_NET <<'P'
import socket, sys
for option in (None, b"eth0"):
    for source in ("", "198.51.100.1", "10.1.0.1"):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        if option:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, option)
        s.bind((source, 0))
        for port in (53, 500, 4500):
            try:
                s.sendto(b"clear text", (sys.argv[1], port))
            except OSError:
                pass
P
}
check "closed: sockets bound to the outer device and address, tunnel up" closed stray
kill9 a/dp
check "closed: the same, data plane killed" closed stray
kill9 a/daemon
check "closed: the same, daemon killed too" closed stray

# A host whose inside address comes late.
kill9 b/dp; kill9 b/daemon
in_host a nft delete table inet ipsec_offload
in_host a ip addr del $A_NET/24 dev lo
check "the judge sees clear packets of a host without drop rule" not closed stray
start_dp a; start_daemon a; start_dp b; start_daemon b
in_host a ip addr add $A_NET/24 dev lo
check "the tunnel comes up with an address that came late" wait_for 10 cli a up to-b/net
check "it carries traffic" ping_ok a $A_NET $B_NET
kill9 a/dp
check "closed: late address, data plane killed" closed stray
kill9 a/daemon
check "closed: late address, daemon killed too" closed stray
finish
