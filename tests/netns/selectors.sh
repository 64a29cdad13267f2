#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# selectors: narrowing, protocol and port, several children of one connection,
# host to host, two peers at once.  Packets outside the selectors use no SA and
# reach no wire.
#
#        host a (198.51.100.1) --- eth0 --- host b (198.51.100.2)
#          10.1.0.0/16                        10.2.0.0/24
#               (203.0.113.1) --- eth1 --- host c (203.0.113.3)
#                                             10.3.0.0/24
#
. "$(dirname "$0")/lib.sh"
C_ADDR=203.0.113.3 AC_ADDR=203.0.113.1 C_NET=10.3.0.1

secret() { echo "secret $1 { file = \"/etc/ipsec-offload/psk\"  id = \"$2, $3\" }"; }
put() { cat >"$WORK/$1.conf"; install_config "$1" "$WORK/$1.conf"; }
conn() { # conn NAME OWN PEER OWN_ID PEER_ID CHILDREN
  cat <<C
connection $1 {
    local_addrs = $2
    remote_addrs = $3
    local  { id = $4 }
    remote { id = $5 }
    $6
}
C
}
child() { echo "child $1 { local_ts = \"$2\"  remote_ts = \"$3\" ${4:-} }"; }
told() { status "$1" || :; } # exit code 1: some tunnel is down
up() { cli a up "$1"; }
ts_of() { # ts_of HOST TUNNEL: selectors in force
  told "$1" | jq -c --arg n "$2" '.tunnels[] | select(.name == $n).sas[0] | [.local_ts, .remote_ts]'
}
ts_is() { local got; got=$(ts_of "$1" "$2") || :; [ "$got" = "$3" ] || { echo "$got"; return 1; }; }
packets() { told "$1" | jq --arg n "$2" --arg d "$3" '[.tunnels[] | select(.name == $n).sas[] | select(.direction == $d).packets] | add'; }
udp() { # udp FROM_HOST FROM_ADDR TO_ADDR PORT [COUNT]
  in_host "$1" python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((sys.argv[1], 0))
for _ in range(int(sys.argv[4])): s.sendto(b"x" * 32, (sys.argv[2], int(sys.argv[3])))' "$2" "$3" "$4" "${5:-1}"
}
moved() { # moved HOST TUNNEL DIR FROM BY
  [ "$(packets "$1" "$2" "$3")" = $(($4 + $5)) ]
}
no_clear() { judge counts "$1" | jq -e '(.clear // 0) == 0 and (.fragment // 0) == 0 and .esp > 0'; }
refuted() { ! "$@"; }

net_up
host_add c
link a eth1 $AC_ADDR/24 c eth0 $C_ADDR/24
in_host c ip addr add $C_NET/24 dev lo
in_host a ip addr add 10.1.7.1/24 dev lo
in_host b ip route add 10.1.7.0/24 via $A_ADDR
in_host a ip route add 10.3.0.0/24 via $C_ADDR; in_host c ip route add 10.1.0.0/16 via $AC_ADDR
{
  conn to-b $A_ADDR $B_ADDR a.example b.example "
    $(child wide 10.1.0.0/16 10.2.0.0/16)
    $(child port '10.1.7.0/24[udp]' '10.2.9.0/24[udp/5000]')
    $(child host $A_ADDR/32 $B_ADDR/32)"
  conn to-c $AC_ADDR $C_ADDR a.example c.example "$(child net 10.1.0.0/24 10.3.0.0/24)"
  secret ab a.example b.example; secret ac a.example c.example
} | put a
{
  conn to-a $B_ADDR $A_ADDR b.example a.example "
    $(child narrow 10.2.0.0/24 10.1.0.0/24)
    $(child port '10.2.9.0/24[udp/5000]' '10.1.7.0/24[udp]')
    $(child host $B_ADDR/32 $A_ADDR/32)"
  secret ab a.example b.example
} | put b
{ conn to-a $C_ADDR $AC_ADDR c.example a.example "$(child net 10.3.0.0/24 10.1.0.0/24)"; secret ac a.example c.example; } | put c
in_host b ip addr add 10.2.9.1/24 dev lo
for host in a b c; do start_dp $host; done
for host in b c a; do start_daemon $host; done
start_capture b/tap b eth0 "$WORK/wire.pcap"

check "/16 against /24: set-up" up to-b/wide
check "... narrowed to the /24s, here" ts_is a to-b/wide '[["10.1.0.0/24"],["10.2.0.0/24"]]'
check "... and there" ts_is b to-a/narrow '[["10.2.0.0/24"],["10.1.0.0/24"]]'
check "... carries traffic" ping_ok a $A_NET $B_NET
before=$(packets a to-b/wide out)
udp a 10.1.7.1 $B_NET 9 4 || :
check "what was narrowed away does not use the SA" moved a to-b/wide out "$before" 0

check "udp/5000 alone: set-up" up to-b/port
check "... its selectors" ts_is a to-b/port '[["10.1.7.0/24[udp]"],["10.2.9.0/24[udp/5000]"]]'
udp a 10.1.7.1 10.2.9.1 5000 6
check "... 6 datagrams to port 5000 use it" wait_for 3 moved a to-b/port out 0 6
check "... and arrive through it" wait_for 3 moved b to-a/port in 0 6
udp a 10.1.7.1 10.2.9.1 5001 4 || :
check "... those to port 5001 do not" moved a to-b/port out 0 6
check "... nor pings" refuted ping_ok a 10.1.7.1 10.2.9.1 2
check "... which do not use it either" moved a to-b/port out 0 6

check "host to host: set-up" up to-b/host
check "... ping between the outer addresses" ping_ok a $A_ADDR $B_ADDR 4
check "... through the SA" wait_for 3 moved a to-b/host out 0 4
check "IKE still gets through: rekey" cli a rekey --ike to-b
check "three children on one IKE SA" test "$(cli a list -j | jq '[.ike_sas[] | select(.connection == "to-b") | .child_sas | length] | max')" = 3

check "a second peer: set-up" up to-c/net
check "... ping to c" ping_ok a $A_NET $C_NET
check "... ping to b" ping_ok a $A_NET $B_NET
check "... no IKE SA was replaced" test "$(cli a list -j | jq '[.ike_sas[] | select(.state == "ESTABLISHED") | .connection] | unique | length')" = 2
stop b/tap
check "nothing of all this was clear on the wire" no_clear "$WORK/wire.pcap"
finish
