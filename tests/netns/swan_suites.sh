#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# swan_suites: each algorithm against strongSwan, in both roles; the rows cover
# each pair of values once.  A row: set-up, pings both ways, a Child rekey with
# PFS, pings on the new SAs, delete.  Then what must fail, and in which words.
#
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/strongswan.sh"

# role   group     IKE (PRF in it)          ESP          sequence numbers that we offer; this
#                                                        peer's user-space ESP has no ESN
ROWS="
we       x25519    aes128gcm16-prfsha256    aes128gcm16  esn-noesn
it       x25519    aes256gcm16-prfsha384    aes256gcm16  noesn
we       x25519    aes128-sha256            aes256gcm16  noesn
it       x25519    aes256-sha384            aes128gcm16  esn-noesn
it       ecp256    aes128gcm16-prfsha256    aes256gcm16  noesn
we       ecp256    aes256gcm16-prfsha384    aes128gcm16  esn-noesn
it       ecp256    aes128-sha256            aes128gcm16  esn-noesn
we       ecp256    aes256-sha384            aes256gcm16  noesn
we       modp2048  aes128gcm16-prfsha256    aes128gcm16  noesn
it       modp2048  aes256gcm16-prfsha384    aes256gcm16  esn-noesn
we       modp2048  aes128-sha256            aes256gcm16  esn-noesn
it       modp2048  aes256-sha384            aes128gcm16  noesn
"
ours() { # ours IKE ESP [remote id] [psk]
  cat >"$WORK/a.conf" <<C
connection to-b {
    local_addrs = $A_ADDR
    remote_addrs = $B_ADDR
    proposals = "$1"
    local  { id = a.example }
    remote { id = ${3:-b.example} }
    child net { local_ts = "10.1.0.0/24"  remote_ts = "10.2.0.0/24"  esp_proposals = "$2" }
}
secret ab { file = "/etc/ipsec-offload/psk"  id = "a.example, ${3:-b.example}" }
daemon { retransmit_timeout = 1s  retransmit_tries = 2 }
C
  install_config a "$WORK/a.conf" "${4:-the-demo-secret-of-32-characters!}"
  local lines
  lines=$(wc -l <"$WORK/a/daemon.log")
  kill -HUP "${PID[a/daemon]}"
  wait_for 5 sh -c 'tail -n +"$1" "$2" | grep -q "in force"' hup $((lines + 1)) "$WORK/a/daemon.log" || die "reload: $(tail -n 1 "$WORK/a/daemon.log")"
}
its() { swan_config b "$@"; swanctl b --load-all --noprompt >"$WORK/load" 2>&1 || die "swanctl: $(cat "$WORK/load")"; }
spis() { cli a list -j | jq -r '[.ike_sas[].child_sas[] | select(.state == "INSTALLED") | .in.spi] | sort | join(",")'; }
changed() { [ -n "$(spis)" ] && [ "$(spis)" != "$1" ]; }
nothing_left() { [ -z "$(swan_sas b)" ] && [ "$(cli a list -j | jq '.ike_sas | length')" = 0 ]; }
both_ways() { ping_ok a $A_NET $B_NET 2 && ping_ok b $B_NET $A_NET 2; }
suite_is() { # suite_is GROUP IKE ESP, in names of the registry
  local dh bits prf esp=256
  case $1 in x25519) dh=CURVE_25519 ;; ecp256) dh=ECP_256 ;; modp2048) dh=MODP_2048 ;; esac
  case $2 in aes128*) bits=128 ;; *) bits=256 ;; esac
  case $2 in *sha256) prf=256 ;; *) prf=384 ;; esac
  [ "$3" = aes256gcm16 ] || esp=128
  cli a list -j | jq -e --arg dh $dh --arg prf PRF_HMAC_SHA2_$prf --argjson bits $bits --argjson esp $esp '.ike_sas[0] |
    .key_exchange == $dh and .prf == $prf and .encryption_bits == $bits and
    (.child_sas | length > 0 and all(.encryption_bits == $esp and (.esn | not)))' || { cli a list -j; return 1; }
}
row() { # row ROLE GROUP IKE ESP ESN
  local text="$1 initiate: $2, $3, $4, $5" before
  ours "$3-$2" "$4-$2-$5"
  its ike="$3-$2" esp="$4-$2"
  if [ "$1" = we ]; then check "$text" cli a up to-b/net
  else check "$text" swanctl b --initiate --child net --timeout 10; fi
  check "... that suite" suite_is "$2" "$3" "$4"
  check "... pings both ways" both_ways
  before=$(spis)
  if [ "$1" = we ]; then check "... it rekeys with PFS" swanctl b --rekey --child net
  else check "... we rekey with PFS" cli a rekey to-b/net; fi
  check "... to new SPIs" wait_for 5 changed "$before"
  check "... pings both ways on the new SAs" both_ways
  cli a down to-b >/dev/null 2>&1 || :
  wait_for 8 nothing_left || { not_ok "$text: nothing is left"; swan_sas b; cli a list; }
}
fails() { # fails TEXT PATTERN COMMAND...: it fails, and our log says why
  local text=$1 pattern=$2 lines
  lines=$(wc -l <"$WORK/a/daemon.log")
  shift 2
  if "$@" >"$WORK/answer" 2>&1; then not_ok "$text: it did not fail"; return; fi
  tail -n +$((lines + 1)) "$WORK/a/daemon.log" >"$WORK/said"
  check "$text" sh -c 'cat "$2"; grep -Eq -- "$1" "$2"' fails "$pattern" "$WORK/said"
  cli a down to-b >/dev/null 2>&1 || :
  wait_for 8 nothing_left || not_ok "$text: nothing is left"
}

swan_fetch
net_up
install_config a "$REPO/docs/examples/host-a.conf"
swan_config b
start_dp a; start_daemon a; swan_start b
echo "peer: strongSwan $(swan_version), kernel-libipsec"
while read -r role group ike esp esn; do
  [ -z "$role" ] || row "$role" "$group" "$ike" "$esp" "$esn"
done <<<"$ROWS"

# The built-in proposals, against a peer without PFS.
ours default default
its ike=aes256-sha256-ecp256 esp=aes128gcm16
check "built-in proposals, a peer without PFS" cli a up to-b/net
before=$(spis)
check "... we rekey" cli a rekey to-b/net
check "... to new SPIs" wait_for 5 changed "$before"
check "... pings both ways" both_ways
cli a down to-b >/dev/null; wait_for 8 nothing_left || not_ok "nothing is left"

IKE=aes256gcm16-prfsha384-x25519 ESP=aes256gcm16-x25519
up() { cli a up to-b/net; }
initiate() { swanctl b --initiate --child net --timeout 5; }
its
ours $IKE $ESP b.example not-the-secret-of-the-peer-at-all
fails "we initiate, wrong PSK" "AUTHENTICATION_FAILED" up
fails "it initiates, wrong PSK" "as b.example failed: AUTH does not verify" initiate
ours $IKE $ESP other.example
fails "we initiate, wrong identity" "AUTHENTICATION_FAILED" up
fails "it initiates, wrong identity" "as b.example failed: no connection" initiate
ours aes128gcm16-prfsha256-ecp256 $ESP
fails "we initiate, no common IKE proposal" "NO_PROPOSAL_CHOSEN" up
fails "it initiates, no common IKE proposal: we name what it sent" "offers nothing that fits: aes256gcm16-.*x25519" initiate
ours $IKE aes128gcm16
fails "we initiate, no common ESP proposal" "NO_PROPOSAL_CHOSEN" up
fails "it initiates, no common ESP proposal: we name what it sent" "offers nothing that fits: aes256gcm16" initiate
finish
