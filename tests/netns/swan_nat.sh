#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# swan_nat: a NAT between us and strongSwan; first we are behind it, then it is.
#
#   inside (192.168.1.2) -- lan [ host r, NAT ] wan (198.51.100.9) -- outside (198.51.100.2)
#
# The router changes address and port of everything from inside; the scenario
# asserts on the outside wire that it did.
#
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/strongswan.sh"
INSIDE=192.168.1.2 OUTSIDE=198.51.100.2 WAN=198.51.100.9

topology() {
  WORK=$(mktemp -d "${TMPDIR:-/tmp}/ioff-XXXXXX")
  trap net_down EXIT
  host_add in; host_add r; host_add out
  link in eth0 $INSIDE/24 r lan 192.168.1.1/24
  link r wan $WAN/24 out eth0 $OUTSIDE/24
  in_host in ip route add default via 192.168.1.1
  in_host r sysctl -q -w net.ipv4.ip_forward=1
  in_host r nft -f - <<'N'
table ip nat {
  chain post {
    type nat hook postrouting priority srcnat;
    oifname "wan" meta l4proto udp masquerade to :20000-40000 random
  }
}
N
  in_host in ip addr add $A_NET/24 dev lo; in_host out ip addr add $B_NET/24 dev lo
}
our_config() { # our_config HOST OWN_ID PEER_ID REMOTE LOCAL_TS REMOTE_TS
  cat >"$WORK/$1.conf" <<C
connection peer {
    remote_addrs = $4
    proposals = "aes256gcm16-prfsha384-x25519"
    local  { id = $2 }
    remote { id = $3 }
    child net { local_ts = "$5"  remote_ts = "$6"  esp_proposals = "aes256gcm16-x25519" }
}
secret ab { file = "/etc/ipsec-offload/psk"  id = "a.example, b.example" }
C
  install_config "$1" "$WORK/$1.conf"
}
begin_ours() {
  start_capture out/tap out eth0 "$WORK/$1.pcap"
  start_dp "$2"; start_daemon "$2"
}
# The responder sees another address and another port than the sender used.
translated() {
  local seen
  seen=$(tshark -n -r "$1" -Y "ip.dst == $OUTSIDE && udp.dstport == 4500" -T fields -e ip.src -e udp.srcport 2>/dev/null | sort -u)
  echo "$seen"
  [ -n "$seen" ] && ! grep -qE "^$INSIDE|[^0-9]4500$" <<<"$seen" && grep -q "^$WAN" <<<"$seen"
}
both_ways() {
  check "$1: traffic from inside" ping_ok in $A_NET $B_NET 5
  check "$1: traffic from outside" ping_ok out $B_NET $A_NET 5
}
up() { cli "$1" status -j | jq -e '.tunnels[] | select(.up)'; }

swan_fetch
topology
echo "peer: strongSwan $(swan_version), kernel-libipsec"

our_config in a.example b.example $OUTSIDE 10.1.0.0/24 10.2.0.0/24
swan_config out local=$OUTSIDE remote=%any
begin_ours first in
swan_start out
check "we are behind the NAT: set-up" cli in up peer/net
both_ways "we are behind the NAT"
check "Child rekey by us" cli in rekey peer/net
check "Child rekey by strongSwan" swanctl out --rekey --child net
sleep 0.5
both_ways "after both Child rekeys"
check "IKE rekey by us" cli in rekey --ike peer
check "IKE rekey by strongSwan" swanctl out --rekey --ike peer
both_ways "after both IKE rekeys"
check "we know that we are behind a NAT" bash -c "jq -e '[.. | objects | .nat_local? // empty] | any' <<<'$(cli in list -j)'"
stop out/tap
check "the router changed address and port" translated "$WORK/first.pcap"
check "down" cli in down peer
stop in/daemon; stop in/dp; stop out/charon

our_config out b.example a.example %any 10.2.0.0/24 10.1.0.0/24
swan_config in local=$INSIDE remote=$OUTSIDE lid=a.example rid=b.example lts=10.1.0.0/24 rts=10.2.0.0/24
begin_ours second out
swan_start in
check "strongSwan is behind the NAT: set-up" swanctl in --initiate --child net --timeout 10
check "we show the tunnel" wait_for 5 up out
both_ways "strongSwan is behind the NAT"
check "Child rekey by us" cli out rekey peer/net
check "IKE rekey by us" cli out rekey --ike peer
check "Child rekey by strongSwan" swanctl in --rekey --child net
sleep 0.5
both_ways "after the rekeys"
# The mapping moves: the router forgets it and chooses from other ports.
in_host r nft flush ruleset
in_host r nft -f - <<'N'
table ip nat {
  chain post {
    type nat hook postrouting priority srcnat;
    oifname "wan" meta l4proto udp masquerade to :40001-60000 random
  }
}
N
in_host r conntrack -D -p udp >/dev/null 2>&1
both_ways "after the NAT mapping moved"
stop out/tap
check "the router changed address and port" translated "$WORK/second.pcap"
ports_seen() { # ports_seen CAPTURE: how many outer ports the inside host had
  tshark -n -r "$1" -Y "ip.src == $WAN && udp.dstport == 4500" -T fields -e udp.srcport 2>/dev/null | sort -u | wc -l
}
check "the mapping did move" test "$(ports_seen "$WORK/second.pcap")" -ge 2
check "nothing clear on the wire" judge clear "$WORK/second.pcap"
finish
