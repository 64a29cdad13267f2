#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# crash: kill -9 of the daemon or the data plane, on either host, at random
# points under traffic.  A supervisor (this script, as systemd would) starts it
# again.  A tap on the wire judges: not one clear packet, no (key, IV) pair
# twice; the tunnel carries traffic again within 5 s, each time.
#
#   crash.sh [POINTS] [SEED]      a seed repeats the choice of points
#
. "$(dirname "$0")/lib.sh"
POINTS=${1:-50}
SEED=${2:-$RANDOM}
RANDOM=$SEED

config() { # config HOST OWN PEER OWN_ID PEER_ID LOCAL_TS REMOTE_TS
  cat >"$WORK/$1.conf" <<C
connection tunnel {
    local_addrs = $2
    remote_addrs = $3
    dpd_delay = 1s
    local  { id = $4 }
    remote { id = $5 }
    child net { local_ts = "$6"  remote_ts = "$7"  start_action = start  dpd_action = restart }
}
secret ab { file = "/etc/ipsec-offload/psk"  id = "a.example, b.example" }
daemon { retransmit_timeout = 1s  retransmit_tries = 3 }
C
  install_config "$1" "$WORK/$1.conf"
}
launch() { # launch HOST/WHAT
  case $1 in
    */dp) start "$1" "${1%/*}" "$DP" ;;
    */daemon) start "$1" "${1%/*}" "$DAEMON" --key-log /run/ipsec-offload/keys ;;
  esac
}
carries() { in_host a ping -q -n -c 1 -W 1 -I $A_NET $B_NET >/dev/null 2>&1 && in_host b ping -q -n -c 1 -W 1 -I $B_NET $A_NET >/dev/null 2>&1; }
answers() { cli "$1" version >/dev/null 2>&1; }
now_ms() { local t=${EPOCHREALTIME/./}; echo $((t / 1000)); }
recovered() { # recovered HOST: prints ms until traffic flows both ways and the daemon answers
  local begin end
  begin=$(now_ms); end=$((begin + 10000))
  until carries && answers "$1"; do
    [ "$(now_ms)" -lt $end ] || { echo 99999; return; }
    sleep 0.02
  done
  echo $(($(now_ms) - begin))
}

echo "seed $SEED, $POINTS points (repeat with: tests/netns/crash.sh $POINTS $SEED)"
net_up
config a $A_ADDR $B_ADDR a.example b.example 10.1.0.0/24 10.2.0.0/24
config b $B_ADDR $A_ADDR b.example a.example 10.2.0.0/24 10.1.0.0/24
start_capture b/tap b eth0 "$WORK/wire.pcap"
for host in a b; do start_dp $host; start_daemon $host --key-log /run/ipsec-offload/keys; done
check "the tunnel comes up" wait_for 10 carries
start a/flood a ping -q -n -i 0.005 -I $A_NET $B_NET
start b/flood b ping -q -n -i 0.005 -I $B_NET $A_NET

victims=(a/daemon a/dp b/daemon b/dp)
worst=0 late=0
for point in $(seq "$POINTS"); do
  victim=${victims[$((RANDOM % 4))]}
  # Rekeys run now and then, so that kills fall into exchanges too.
  case $((RANDOM % 3)) in
    0) (cli a rekey tunnel/net >/dev/null 2>&1 &) ;;
    1) (cli b rekey --ike tunnel >/dev/null 2>&1 &) ;;
  esac
  sleep "0.$(printf %03d $((RANDOM % 400)))"
  kill9 "$victim"
  launch "$victim"
  took=$(recovered "${victim%/*}")
  [ "$took" -gt $worst ] && worst=$took
  if [ "$took" -gt 5000 ]; then late=$((late + 1)); echo "point $point, $victim: $took ms"; fi
done
echo "worst recovery: $worst ms"
check "service back within 5 s at each of $POINTS points" test $late -eq 0
stop a/flood; stop b/flood; stop b/tap
mkdir "$WORK/keys"
in_host a tar -C /run/ipsec-offload/keys -cf - . | tar -C "$WORK/keys" -xf -
check "no clear-text packet on the wire" judge clear "$WORK/wire.pcap"
check "no (key, IV) pair twice" judge iv "$WORK/wire.pcap" --esp-sa "$WORK/keys/esp_sa"
finish
