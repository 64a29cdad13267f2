#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# swan: strongSwan on host b, we on host a; it as responder, then as initiator.
# Set-up, traffic both ways, both rekeys from both sides, delete from both
# sides, peer killed and back (DPD); every packet of the captures is decrypted
# by tshark from our key log.
#
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/strongswan.sh"

our_config() { # our_config [extra connection lines]
  cat >"$WORK/a.conf" <<C
connection to-b {
    local_addrs = $A_ADDR
    remote_addrs = $B_ADDR
    proposals = "aes256gcm16-prfsha384-x25519"
    dpd_delay = 2s
    ${1:-}
    local  { id = a.example }
    remote { id = b.example }
    child net {
        local_ts = "10.1.0.0/24"
        remote_ts = "10.2.0.0/24"
        esp_proposals = "aes256gcm16-x25519"
        dpd_action = restart
    }
}
secret ab { file = "/etc/ipsec-offload/psk"  id = "a.example, b.example" }
daemon { retransmit_timeout = 1s  retransmit_tries = 3 }
C
  install_config a "$WORK/a.conf"
}
child_up() { status a | jq -e '.tunnels[] | select(.up)'; }
ike_down() { ! status a | jq -e '.tunnels[] | select(.ike_state == "ESTABLISHED")'; }
spis() { status a | jq -r '[.tunnels[].sas[] | select(.direction == "in") | .spi] | sort | join(",")'; }
ike_spi() { cli a list -j | jq -r '[.. | objects | .initiator_spi? // empty] | sort | join(",")'; }
one_child_each() { [ "$(swan_children b)" = 1 ] && [ "$(spis | tr ',' '\n' | wc -l)" = 1 ]; }
traffic() {
  check "$1: traffic a -> b" ping_ok a $A_NET $B_NET 5
  check "$1: traffic b -> a" ping_ok b $B_NET $A_NET 5
}
changed() { # changed FUNCTION OLD
  [ "$($1)" != "$2" ]
}
rekeys() {
  local before
  before=$(spis); check "$1: we rekey the Child SA" cli a rekey to-b/net
  check "$1: ... with new SPIs" changed spis "$before"
  wait_for 8 one_child_each || not_ok "$1: one Child SA remains on each side"
  traffic "$1: after our Child rekey"
  before=$(spis); check "$1: strongSwan rekeys the Child SA" swanctl b --rekey --child net
  check "$1: ... with new SPIs" wait_for 5 changed spis "$before"
  wait_for 8 one_child_each || not_ok "$1: one Child SA remains on each side"
  traffic "$1: after its Child rekey"
  before=$(ike_spi); check "$1: we rekey the IKE SA" cli a rekey --ike to-b
  check "$1: ... with new SPIs" changed ike_spi "$before"
  traffic "$1: after our IKE rekey"
  before=$(ike_spi); check "$1: strongSwan rekeys the IKE SA" swanctl b --rekey --ike peer
  check "$1: ... with new SPIs" wait_for 5 changed ike_spi "$before"
  traffic "$1: after its IKE rekey"
  before=$(spis); check "$1: we rekey the Child SA on the new IKE SA" cli a rekey to-b/net
  traffic "$1: at the end"
}
nothing_left() { ! swan_sas b | grep -q . && [ -z "$(cli a list -j | jq -r '.. | objects | .initiator_spi? // empty')" ]; }

# Every SK payload and every ESP packet must come out clear.
all_decrypted() {
  local keys=$WORK/keys total clear
  rm -rf "$keys"; mkdir "$keys"
  in_host a tar -C /run/ipsec-offload/keys -cf - . | tar -C "$keys" -xf -
  mkdir -p "$WORK/no-keys"
  total=$(WIRESHARK_CONFIG_DIR=$WORK/no-keys tshark -n -r "$1" -Y "udp.port == 4500 && esp" 2>/dev/null | wc -l)
  clear=$(WIRESHARK_CONFIG_DIR=$keys tshark -n -r "$1" -Y "esp && ip.src == 10.0.0.0/8" 2>/dev/null | wc -l)
  echo "ESP packets: $total, decrypted: $clear"
  [ "$total" -gt 0 ] && [ "$total" = "$clear" ] || return 1
  total=$(WIRESHARK_CONFIG_DIR=$WORK/no-keys tshark -n -r "$1" -Y "isakmp.typepayload == 46 || isakmp.nextpayload == 46" 2>/dev/null | wc -l)
  clear=$(WIRESHARK_CONFIG_DIR=$keys tshark -n -r "$1" -Y "isakmp.enc.decrypted || isakmp.enc.contained" 2>/dev/null | wc -l)
  echo "encrypted IKE messages: $total, decrypted: $clear"
  [ "$total" -gt 0 ] && [ "$total" = "$clear" ]
}

swan_fetch
net_up
our_config
swan_config b conn="dpd_delay = 2s"
start_capture a/tap a eth0 "$WORK/wire.pcap"
start_dp a
start_daemon a --key-log /run/ipsec-offload/keys
swan_start b
echo "peer: strongSwan $(swan_version), kernel-libipsec"

check "strongSwan responds: set-up" cli a up to-b/net
check "strongSwan shows the tunnel" wait_for 5 swan_installed b
traffic "strongSwan responds"
rekeys "strongSwan responds"
check "we delete" cli a down to-b
check "nothing is left on either side" wait_for 8 nothing_left

check "strongSwan initiates: set-up" swanctl b --initiate --child net --timeout 10
check "we show the tunnel" wait_for 5 child_up
traffic "strongSwan initiates"
rekeys "strongSwan initiates"
check "strongSwan deletes the Child SA" swanctl b --terminate --child net --timeout 5
check "... and sets it up again on the same IKE SA" swanctl b --initiate --child net --timeout 10
traffic "new Child SA"
check "strongSwan deletes" swanctl b --terminate --ike peer --timeout 5
check "nothing is left on either side" wait_for 8 nothing_left
stop a/tap
check "every packet is decrypted by tshark from our key log" all_decrypted "$WORK/wire.pcap"
check "nothing clear on the wire" judge clear "$WORK/wire.pcap"
check "no (key, IV) pair twice" judge iv "$WORK/wire.pcap" --esp-sa "$WORK/keys/esp_sa"

check "set-up before the peer is killed" cli a up to-b/net
kill9 b/charon
check "DPD finds the peer dead" wait_for 25 ike_down
swan_start b
check "the peer is back: the tunnel comes back by itself" wait_for 30 child_up
traffic "after the peer's death"
finish
