#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# lifetimes: time, packets and bytes, short on both ends, under pings both ways:
# many rekeys, some of them at the same moment from both sides, and not one
# packet lost.  Then the hard limit: with a peer that does not answer there is
# no rekey, and not one packet beyond the limit may reach the wire.
#
. "$(dirname "$0")/lib.sh"
SECONDS_OF_FLOOD=${1:-12}

config() { # config HOST OWN PEER OWN_ID PEER_ID LOCAL_TS REMOTE_TS IKE_LINES CHILD_LINES
  cat >"$WORK/$1.conf" <<C
connection tunnel {
    local_addrs = $2
    remote_addrs = $3
    $8
    local  { id = $4 }
    remote { id = $5 }
    child net {
        local_ts = "$6"
        remote_ts = "$7"
        $9
    }
}
secret ab { file = "/etc/ipsec-offload/psk"  id = "a.example, b.example" }
C
  install_config "$1" "$WORK/$1.conf"
}
both() { # both IKE_LINES CHILD_LINES
  config a $A_ADDR $B_ADDR a.example b.example 10.1.0.0/24 10.2.0.0/24 "$@"
  config b $B_ADDR $A_ADDR b.example a.example 10.2.0.0/24 10.1.0.0/24 "$@"
}
stat_of() { # stat_of HOST NAME: of the events in `stats`
  in_host "$1" python3 -c 'import sys
sys.path.insert(0, sys.argv[1]); import vici
print(vici.Vici("/run/ipsec-offload/control.vici").command("stats")[0]["events"][sys.argv[2]])' "$REPO/tests/netns" "$2"
}
one_child() { cli "$1" list -j | jq -e '[.ike_sas[].child_sas[]] | length == 1 and .[0].state == "INSTALLED"'; }
one_ike() { cli "$1" list -j | jq -e '.ike_sas | length == 1'; }
spis_agree() {
  [ "$(cli a list -j | jq -c '[.ike_sas[].child_sas[] | [.in.spi, .out.spi]]')" = \
    "$(cli b list -j | jq -c '[.ike_sas[].child_sas[] | [.out.spi, .in.spi]]')" ]
}
test_next() { [ $SECONDS -ge "$1" ]; }
lifetime_drops() { status a | jq -e ".tunnels[0].sas[] | select(.direction == \"out\") | .packets == 200 and .drops.lifetime == $1"; }
keys() { # keys: copies the key log
  rm -rf "$WORK/keys"; mkdir "$WORK/keys"
  in_host a tar -C /run/ipsec-offload/keys -cf - . | tar -C "$WORK/keys" -xf -
}
esp_from() { # esp_from CAPTURE SRC SPI: packets on the wire
  python3 -c 'import socket, sys
sys.path.insert(0, sys.argv[1]); import judge
src, spi = socket.inet_aton(sys.argv[3]), bytes.fromhex(sys.argv[4])
print(sum(len(list(judge.split_esp(b))) for k, s, _, b in map(judge.classify, judge.frames(sys.argv[2]))
          if k == "esp" and s == src and b[:4] == spi))' "$REPO/tests/netns" "$@"
}

net_up
both "rekey_time = 4s  over_time = 30s  rand_time = 1s" "rekey_time = 3s  life_time = 30s  rand_time = 1s  rekey_packets = 700  life_packets = 1400  rekey_bytes = 80k  life_bytes = 160k"
start_capture b/tap b eth0 "$WORK/wire.pcap"
for host in a b; do start_dp $host; start_daemon $host --key-log /run/ipsec-offload/keys; done
check "the tunnel comes up" cli a up tunnel/net
start a/flood a ping -n -i 0.003 -I $A_NET $B_NET
start b/flood b ping -n -i 0.003 -I $B_NET $A_NET
end=$((SECONDS + SECONDS_OF_FLOOD))
while [ $SECONDS -lt $end ]; do # now and then also asked for, on both ends at once
  cli a rekey tunnel/net >/dev/null 2>&1 & x=$!
  cli b rekey tunnel/net >/dev/null 2>&1 & y=$!
  wait $x $y || :
  next=$((SECONDS + 2))
  wait_for 3 test_next "$next"
done
for host in a b; do
  check "$host lost nothing" stop_ping $host/flood
  grep "packet loss" "$WORK/$host/flood.log"
done
child=$(stat_of a child-rekeys); ike=$(stat_of a ike-rekeys)
echo "$child Child rekeys, $ike IKE rekeys"
check "more than 10 Child rekeys" test "$child" -gt 10
check "at least 2 IKE rekeys" test "$ike" -ge 2
# The next SAs have long lives: then what was replaced must be gone soon.
both "" ""
for host in a b; do kill -HUP "${PID[$host/daemon]}"; done
check "rekeyed a last time" wait_for 5 cli a rekey tunnel/net
for host in a b; do
  check "$host has one IKE SA" wait_for 8 one_ike $host
  check "$host has one Child SA" wait_for 15 one_child $host
done
check "and both ends mean the same" wait_for 5 spis_agree
stop b/tap; keys
check "nothing clear on the wire" judge clear "$WORK/wire.pcap"
check "no (key, IV) pair twice" judge iv "$WORK/wire.pcap" --esp-sa "$WORK/keys/esp_sa"
check "no key was used for two SAs" test -z "$(cut -d, -f6 "$WORK/keys/esp_sa" | sort | uniq -d)"
check "down" cli a down tunnel

# --- the hard limit ----------------------------------------------------------
for host in a b; do
  stop $host/daemon
  check "$host: nothing is left in the data plane" wait_for 5 grep -q "left the lease: 0 SAs and 0 rules stay" "$WORK/$host/dp.log"
done
both "" "rekey_packets = 150  life_packets = 200"
start_capture b/tap2 b eth0 "$WORK/limit.pcap"
for host in a b; do start_daemon $host --key-log /run/ipsec-offload/keys; done
check "the tunnel comes up" cli a up tunnel/net
spi=$(cli a list -j | jq -r '.ike_sas[0].child_sas[0].out.spi')
kill -STOP "${PID[b/daemon]}"
check "its peer's daemon is stopped, the data plane is not: traffic flows" ping_ok a $A_NET $B_NET 5
in_host a ping -q -n -c 400 -i 0.003 -W 1 -I $A_NET $B_NET >"$WORK/limited" || :
check "each packet beyond the limit is counted as lifetime" lifetime_drops 205
check "something got through, not all" grep -Eq " [1-9][0-9]?(\.[0-9]*)?% packet loss" "$WORK/limited"
stop b/tap2
kill -CONT "${PID[b/daemon]}"
sent=$(esp_from "$WORK/limit.pcap" $A_ADDR "$spi")
check "exactly the 200 packets of its life are on the wire, $sent" test "$sent" = 200
finish
