#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# reload: by SIGHUP and over the control socket, under traffic that must not
# lose a packet.  A faulty file leaves everything as it was; a good one touches
# only what changed; a connection that is gone takes its SAs and its part of the
# drop rule with it.
#
. "$(dirname "$0")/lib.sh"

conn() { # conn NAME PEER_ID N [child lines]: 10.1.N.0/24 - 10.2.N.0/24
  cat <<C
connection $1 {
    local_addrs = $A_ADDR
    remote_addrs = $B_ADDR
    local  { id = a.example }
    remote { id = $2 }
    child net { local_ts = "10.1.$3.0/24"  remote_ts = "10.2.$3.0/24"  start_action = start  ${4:-} }
}
C
}
secret() { printf 'secret %s { file = "/etc/ipsec-offload/%s"  id = "a.example, b.example" }\n' "$1" "$2"; }
put() { in_host a sh -c 'cat > /etc/ipsec-offload/ipsec-offload.conf'; }
by_vici() { in_host a python3 -c 'import sys
sys.path.insert(0, sys.argv[1]); import vici
answer, _ = vici.Vici("/run/ipsec-offload/control.vici").command("reload-settings")
print(answer.get("errmsg", "")); sys.exit(answer["success"] != "yes")' "$REPO/tests/netns"; }
log_lines() { wc -l <"$WORK/a/daemon.log"; }
logged_since() { tail -n +$(($1 + 1)) "$WORK/a/daemon.log"; }
hup() { # hup PATTERN: waits until it is logged
  local lines
  lines=$(log_lines)
  kill -HUP "${PID[a/daemon]}"
  wait_for 5 sh -c 'tail -n +"$1" "$2" | grep -q "$3"' hup $((lines + 1)) "$WORK/a/daemon.log" "$1" || { logged_since "$lines"; return 1; }
}
# All that a refused reload must leave alone.
view() {
  cli a list -j | jq -c '[.ike_sas[] | [.connection, .id, .initiator_spi, .responder_spi, .state, .child_sas[].in.spi, .child_sas[].out.spi]] | sort'
  status a | jq -c '[.tunnels[] | [.name, .configured, .up]]'
  in_host a nft list table inet ipsec_offload | sed 's/counter packets.*bytes [0-9]*/counter/'
  in_host a ip route show table 8030
}
unchanged() { view >"$WORK/view.now"; diff "$WORK/view" "$WORK/view.now"; }
spis() { cli a list -j | jq -c --arg c "$1" '[.ike_sas[] | select(.connection == $c) | .initiator_spi, .child_sas[].in.spi]'; }
guarded() { grep -q "$1" <<<"$(in_host a nft list table inet ipsec_offload)"; }
routed() { grep -q "$1" <<<"$(in_host a ip route show table 8030)"; }
carries() { in_host a ping -q -n -c 1 -W 1 -I "10.1.$1.1" "10.2.$1.1"; }
refuted() { ! "$@"; }
is_up() { status a | jq -e --arg n "$1" '.tunnels[] | select(.name == $n and .up and .configured)'; }
no_sa_of() { [ "$(spis "$1")" = "[]" ] && [ "$(cli b list -j | jq --arg n "$2" '[.ike_sas[].child_sas[] | select(.local_ts == [$n])] | length')" = 0 ]; }

net_up
for n in 1 2 3; do in_host a ip addr add 10.1.$n.1/24 dev lo; in_host b ip addr add 10.2.$n.1/24 dev lo; done
cat >"$WORK/b.conf" <<C
connection all {
    local_addrs = $B_ADDR
    remote_addrs = $A_ADDR
    local  { id = b.example }
    remote { id = a.example }
    child n1 { local_ts = "10.2.1.0/24"  remote_ts = "10.1.1.0/24" }
    child n2 { local_ts = "10.2.2.0/24"  remote_ts = "10.1.2.0/24" }
    child n3 { local_ts = "10.2.3.0/24"  remote_ts = "10.1.3.0/24" }
}
secret ab { file = "/etc/ipsec-offload/psk"  id = "a.example, b.example" }
C
install_config b "$WORK/b.conf"
install_config a "$REPO/docs/examples/host-a.conf"
{ conn one b.example 1; conn two b.example 2; secret ab psk; } >"$WORK/good.conf"
put <"$WORK/good.conf"
for host in b a; do start_dp $host; start_daemon $host; done
for n in one two; do check "connection $n comes up by itself" wait_for 10 is_up $n/net; done
start a/flood a ping -n -i 0.01 -I 10.1.1.1 10.2.1.1
check "traffic flows" wait_for 5 grep -q "icmp_seq=20 " "$WORK/a/flood.log"
view >"$WORK/view"

faults="01-time-unit 13-remote-address-octet 18-esp-proposal-keyword 32-unknown-key-near 37-connection-twice 42-unclosed 46-secret-inline 55-control-byte"
file=/etc/ipsec-offload/ipsec-offload.conf
for fault in $faults; do
  put <"$REPO/tests/vectors/config_faults/$fault.conf"
  line=$(awk -F ' [|] ' -v f="$fault.conf" '$1 == f {print $2; exit}' "$REPO/tests/vectors/config_faults/expected.txt")
  lines=$(log_lines)
  check "$fault: refused at SIGHUP" hup "reload refused"
  check "... the log names $file:$line" grep -q "error.*$file:$line:" <(logged_since "$lines")
  if by_vici >"$WORK/vici.out" 2>&1; then not_ok "$fault: refused over the control socket"
  else check "$fault: the control socket answers with file:line" grep -q "$file:$line:" "$WORK/vici.out"; fi
  check "... connections, SAs, SPIs, drop rule and routes as they were" unchanged
done

put <"$WORK/good.conf"
check "the same file again touches nothing" hup "2 connections in force"
check "... nothing" unchanged

{ conn one b.example 1; conn two b.example 2; secret ab psk; secret more absent; } | put
check "a missing secret file refuses the whole" refuted by_vici
check "... nothing changed" unchanged
in_host a sh -c 'echo another >/etc/ipsec-offload/open; chmod 0644 /etc/ipsec-offload/open'
{ conn two b.example 2; secret ab psk; secret more open; } | put
check "a secret file that others may read refuses the whole" refuted by_vici
check "... the log names file and reason" grep -q "reload refused.*more.*/etc/ipsec-offload/open" "$WORK/a/daemon.log"
check "... nothing changed, though the file lacked a connection" unchanged

one=$(spis one)
{ conn one b.example 1; conn two b.example 2 "rekey_time = 2000s"; conn three b.example 3; secret ab psk; } | put
check "one changed, one added" by_vici
check "the added one comes up" wait_for 10 is_up three/net
check "... and carries traffic" carries 3
check "... and is in the drop rule" guarded 10.2.3.0/24
check "the untouched one has its SAs still" test "$(spis one)" = "$one"
check "the changed one is up" wait_for 10 is_up two/net
check "... and carries traffic" carries 2

{ conn one b.example 1; conn three b.example 3; secret ab psk; } | put
check "one is gone" hup "2 connections in force"
check "its SAs go down on both ends" wait_for 10 no_sa_of two 10.2.2.0/24
check "its peer can set it up no more" refuted cli b up all/n2
check "its part of the drop rule is gone" refuted guarded 10.2.2.0/24
check "the others' is not" guarded 10.2.1.0/24
check "its route is gone" refuted routed 10.2.2.0/24
check "the others' is not" routed 10.2.3.0/24
check "the untouched one has its SAs still" test "$(spis one)" = "$one"
check "not one packet was lost meanwhile" stop_ping a/flood
finish
