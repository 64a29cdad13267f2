#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# status: what the operator's tool says on a live tunnel, compared with what was
# really sent: packets and bytes exact, each injected bad packet under its
# cause, where the SAs run and why there; while the tunnel is down, and while
# the daemon is.
#
. "$(dirname "$0")/lib.sh"

PINGS=1500 SIZE=256 # 256 bytes of data are an inner packet of 284
config() { # config HOST OWN PEER OWN_ID PEER_ID LOCAL_TS REMOTE_TS
  cat >"$WORK/$1.conf" <<C
connection tunnel {
    local_addrs = $2
    remote_addrs = $3
    local  { id = $4 }
    remote { id = $5 }
    child net {
        local_ts = "$6"
        remote_ts = "$7"
        esp_proposals = "aes128gcm16-noesn"
        rekey_time = 1000s
        life_time = 1100s
        rand_time = 100s
    }
    child spare { local_ts = "$6[udp/9]"  remote_ts = "$7[udp/9]" }
}
secret ab { file = "/etc/ipsec-offload/psk"  id = "a.example, b.example" }
C
  install_config "$1" "$WORK/$1.conf"
}
# jq on the saved answer, so that all checks of one moment see one answer.
says() { [ -s "$WORK/answer" ] && jq -e "$1" "$WORK/answer" >/dev/null || { jq . "$WORK/answer"; return 1; }; }
ask() { # ask EXIT_CODE COMMAND...
  local want=$1 rc=0
  shift
  cli a "$@" >"$WORK/answer" 2>"$WORK/answer.err" || rc=$?
  jq . "$WORK/answer" >"$WORK/jq.out" 2>&1 || { echo "not JSON"; cat "$WORK/answer"; return 1; }
  [ "$rc" = "$want" ] || { echo "exit code $rc, not $want"; cat "$WORK/answer" "$WORK/answer.err"; return 1; }
}
sa() { echo ".tunnels[] | select(.name == \"tunnel/net\") | .sas[] | select(.direction == \"$1\")"; }
drops_are() { # drops_are HOST CAUSE N: of the inbound SA
  [ "$(status "$1" | jq ".tunnels[] | select(.name == \"tunnel/net\").sas[] | select(.direction == \"in\").drops[\"$2\"]")" = "$3" ]
}
device_drops_are() { [ "$(status a | jq ".device_drops[\"$1\"]")" = "$2" ]; }
spi_in() { cli a list -j | jq -r '.ike_sas[0].child_sas[] | select(.name == "net").in.spi'; }

net_up
config a $A_ADDR $B_ADDR a.example b.example 10.1.0.0/24 10.2.0.0/24
config b $B_ADDR $A_ADDR b.example a.example 10.2.0.0/24 10.1.0.0/24
check "no daemon: exit code 3" ask 3 status -j
check "... and JSON that says so" says '.ok == false and .exit_code == 3 and (.error | test("control"))'
check "devices are told without a daemon" ask 0 devices -j
check "... none of them in use" says '.daemon == false and ([.devices[].in_use] | any | not) and (.devices | length > 2)'

start_capture b/tap b eth0 "$WORK/wire.pcap"
for host in a b; do start_dp $host; start_daemon $host; done
check "down: exit code 1" ask 1 status -j
check "... both children listed, configured, not up, no SA" says \
  '[.tunnels[] | select(.configured and (.up | not) and .sas == [] and .ike_state == null) | .name] == ["tunnel/net", "tunnel/spare"]'
check "list: nothing yet" ask 0 list -j
check "... and the key is still there" says '.ike_sas == []'

check "the tunnel comes up" cli a up tunnel/net
check "$PINGS pings, none lost" in_host a ping -q -n -A -c $PINGS -s $SIZE -W 2 -I $A_NET $B_NET
check "one of two is up: exit code 1" ask 1 status -j
check "IKE SA, addresses and identities" says '.tunnels[] | select(.name == "tunnel/net") |
  .up and .ike_state == "ESTABLISHED" and .local_address == "198.51.100.1" and .remote_address == "198.51.100.2" and
  .local_id == "a.example" and .remote_id == "b.example"'
check "two SAs, in and out, installed" says "[$(sa in)] + [$(sa out)] | length == 2 and all(.state == \"INSTALLED\")"
for dir in in out; do
  check "$dir: packets exactly as ping sent" says "$(sa $dir) | .packets == $PINGS and .sequence == $PINGS"
  check "$dir: inner bytes exactly as ping sent" says "$(sa $dir) | .bytes == $((PINGS * (SIZE + 28)))"
  check "$dir: runs in soft, and why" says "$(sa $dir) | .device == \"soft\" and .level == \"software\" and .why == \"chosen\" and
    (.engine | length > 0) and .requested == \"prefer\""
  check "$dir: each better place was passed over for a reason" says "$(sa $dir) | (.passed_over | length > 0) and
    all(.passed_over[]; .why != null and (.why_text | length > 0))"
  check "$dir: nothing dropped" says "$(sa $dir) | [.drops[]] | length > 5 and add == 0"
  check "$dir: rekey between 900 and 1000 s, expiry at 1100 s, less its age" says "$(sa $dir) |
    (.rekey_in_s + .age_s | . >= 898 and . <= 1001) and (.expires_in_s + .age_s | . >= 1098 and . <= 1101)"
done
check "out: sequence used, of 2^32 without ESN" says "$(sa out) |
  (.sequence_used_percent - .sequence * 100 / 4294967296 | fabs) < 0.000001 and .sequence_used_percent > 0 and .esn == false"
check "in: there is none to tell" says "$(sa in) | .sequence_used_percent == null"
check "the cipher" says "$(sa out) | .encryption == \"AES_GCM_16\" and .encryption_bits == 128"
check "selectors" says "$(sa out) | .local_ts == [\"10.1.0.0/24\"] and .remote_ts == [\"10.2.0.0/24\"]"

stop b/tap
check "7 replayed, 5 corrupted, 3 unknown ESP packets are sent" \
  in_host b python3 "$REPO/tests/netns/inject.py" "$WORK/wire.pcap" $A_ADDR "$(spi_in)" replay=7 corrupt=5 unknown=3
check "7 are counted as replay" wait_for 5 drops_are a replay 7
check "5 are counted as integrity" wait_for 5 drops_are a integrity 5
check "3 belong to no SA" wait_for 5 device_drops_are no-sa 3
check "status again" ask 1 status -j
check "... nothing else was dropped" says "($(sa in) | [.drops[]] | add == 12) and ([.device_drops[]] | add == 3)"
check "... and nothing of it was accepted" says "$(sa in) | .packets == $PINGS and .sequence == $PINGS"
cli a status >"$WORK/text" || :
check "the text names the drops, and why not in hardware" bash -c \
  'cat "$1"; grep -q "in integrity 5" "$1" && grep -q "in replay 7" "$1" && grep -q "not mlx5" "$1"' text "$WORK/text"

check "list" ask 0 list -j
check "... one IKE SA that we began, its SPIs and suite" says '.ike_sas | length == 1 and (.[0] | .initiator and
  (.initiator_spi | test("^[0-9a-f]{16}$")) and (.responder_spi | test("^[0-9a-f]{16}$")) and
  .encryption == "AES_GCM_16" and .key_exchange == "CURVE_25519")'
check "... its SPIs are those of the peer's list" test \
  "$(jq -c '[.ike_sas[0] | .initiator_spi, .responder_spi]' "$WORK/answer")" = "$(cli b list -j | jq -c '[.ike_sas[0] | .initiator_spi, .responder_spi]')"
check "... our outbound SPI is the peer's inbound one" test \
  "$(jq '.ike_sas[0].child_sas[0].out.spi' "$WORK/answer")" = "$(cli b list -j | jq '.ike_sas[0].child_sas[0].in.spi')"
check "devices" ask 0 devices -j
check "... soft is in use, and counts the packets" says ".daemon and (.devices[] | select(.name == \"soft\") |
  .in_use and .usable and .counters.tx_packets == $PINGS and .counters.drops[\"no-sa\"] == 3)"
check "... those that cannot be used say why" says '[.devices[] | select(.usable | not)] | length > 0 and all(.reason | length > 0)'

check "both up: exit code 0" cli a up tunnel/spare
check "... status" ask 0 status -j
check "the tunnel goes down" cli a down tunnel
check "down again: exit code 1" ask 1 status -j
check "... and no SA is left" says 'all(.tunnels[]; .sas == [] and (.up | not))'
kill9 a/daemon
check "the daemon is killed: exit code 3" ask 3 status -j
check "list: 3" ask 3 list -j
finish
