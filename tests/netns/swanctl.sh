#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# swanctl: strongSwan's own tool, unmodified, against our control socket: it
# loads an existing swanctl.conf with its secret, sets up, lists, rekeys, ends.
# Keys that this version lacks are refused by name.  No configuration file.
#
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/strongswan.sh"

ours() { swan_run a timeout 15 swanctl "$@" --uri unix:///run/ipsec-offload/control.vici; }
conf() { swan_config a local=$A_ADDR remote=$B_ADDR lid=a.example rid=b.example lts=10.1.0.0/24 rts=10.2.0.0/24 "$@"; }
says() { # says PATTERN COMMAND...: exit status 0 and the text
  local pattern=$1 text
  shift
  text=$("$@" 2>&1) || { echo "exit status $?: $text"; return 1; }
  grep -Eq -- "$pattern" <<<"$text" || { echo "$text"; return 1; }
}
refuses() { # refuses PATTERN COMMAND...: another exit status, and the text
  local pattern=$1 text
  shift
  if text=$("$@" 2>&1); then echo "not refused: $text"; return 1; fi
  grep -Eq -- "$pattern" <<<"$text" || { echo "$text"; return 1; }
}
spi_in() { ours --list-sas | sed -n 's/^ *in *\([0-9a-f]\{8\}\),.*/\1/p' | tail -n 1; }
ike_spis() { ours --list-sas | sed -n '1s/.*IKEv2, //p'; }
differs() { [ "$("$1")" != "$2" ] && [ -n "$("$1")" ]; }
silent() { local text; text=$("$@") && [ -z "$text" ]; }

swan_fetch
net_up
install_config b "$REPO/docs/examples/host-b.conf"
for host in a b; do start_dp $host; done
start_daemon b
start_daemon a --config none
conf psk=not-the-secret-of-the-peer-at-all
echo "tool: swanctl $(swan_version)"
check "--version of the daemon" says "ipsec-offloadd" ours --version --daemon
check "--stats" says "IKE_SAs: 0 total, 0 half-open" ours --stats
check "nothing to list: --list-sas" silent ours --list-sas
check "nothing to list: --list-conns" silent ours --list-conns

check "--load-all: connections and secrets" says "loaded ike secret 'ike-1'" ours --load-all --noprompt
check "--initiate with a wrong secret" refuses "initiate failed: .*AUTH" ours --initiate --child net
conf
check "--load-creds puts the right one in its place" says "loaded ike secret 'ike-1'" ours --load-creds --noprompt
check "--load-conns of the same does nothing" says "successfully loaded 1 connections, 0 unloaded" ours --load-conns
check "--list-conns" says "peer: IKEv2, no reauthentication, rekeying every 14400s" ours --list-conns
check "... the child, its mode and rekey time" says "net: TUNNEL, rekeying every 3600s" ours --list-conns
check "... identities" says "id: a.example" ours --list-conns
check "--initiate" says "initiate completed successfully" ours --initiate --child net
check "ping" ping_ok a $A_NET $B_NET 7
check "--list-sas: the IKE SA" says "peer: #[0-9]+, ESTABLISHED, IKEv2, [0-9a-f]{16}_i\* [0-9a-f]{16}_r" ours --list-sas
check "... its suite" says "AES_GCM_16-256/PRF_HMAC_SHA2_384/CURVE_25519" ours --list-sas
check "... the Child SA" says "net: #[0-9]+, reqid [0-9]+, INSTALLED, TUNNEL-in-UDP, ESP:AES_GCM_16-256" ours --list-sas
check "... its counters, exact, in" says "in +[0-9a-f]{8}, +588 bytes, +7 packets" ours --list-sas
check "... and out" says "out +[0-9a-f]{8}, +588 bytes, +7 packets" ours --list-sas
check "... and placement, with --raw" says "placement \{requested=prefer in \{device=soft" ours --list-sas --raw
check "--list-sas --ike of another lists nothing" silent ours --list-sas --ike other
check "--stats counts it" says "IKE_SAs: 1 total, 0 half-open" ours --stats

before=$(spi_in)
check "--rekey --child" says "rekey completed successfully" ours --rekey --child net
check "... new SPIs" wait_for 5 differs spi_in "$before"
before=$(ike_spis)
check "--rekey --ike" says "rekey completed successfully" ours --rekey --ike peer
check "... new SPIs" wait_for 5 differs ike_spis "$before"
check "ping" ping_ok b $B_NET $A_NET 2
check "--rekey --reauth is refused by name" refuses "reauth: not supported" ours --rekey --ike peer --reauth

refused_key() { # refused_key NAME SETTING...
  conf "${@:2}"
  check "$1 is refused by name" refuses "loading connection 'peer' failed: .*$1" ours --load-conns
}
refused_key frobnicate conn="frobnicate = 1"
refused_key rekey_tim child="rekey_tim = 1h"
refused_key updown child="updown = /bin/true"
refused_key mobike conn="mobike = yes"
refused_key vips conn="vips = 0.0.0.0"
refused_key mode child="mode = transport"
refused_key esp_proposals esp=3des-md5
refused_key rekey_time child="rekey_time = soon"
conf
check "and the tunnel is none the worse" ping_ok a $A_NET $B_NET 2
conf conn="mobike = no;fragmentation = no" child="policies = yes"
check "a value that asks for what is done anyway is taken" says "successfully loaded 1 connections" ours --load-conns
check "an unknown child is refused" refuses "initiate failed: .*no such" ours --initiate --child nope
check "an unknown IKE SA is refused" refuses "terminate failed: " ours --terminate --ike nope
check "--reload-settings says that there is no file" refuses "without a configuration file" ours --reload-settings

check "--terminate --child" says "terminate completed successfully" ours --terminate --child net
check "--initiate on the same IKE SA" says "initiate completed successfully" ours --initiate --child net
check "--terminate --ike" says "terminate completed successfully" ours --terminate --ike peer
check "nothing is left" silent ours --list-sas
check "--initiate again" says "initiate completed successfully" ours --initiate --child net
sed -i 's/^  peer {/  renamed {/' "$WORK/a/swan/swanctl/swanctl.conf"
check "--load-all of a file without it unloads it" says "successfully loaded 1 connections, 1 unloaded" ours --load-all --noprompt
check "... and its SAs end" wait_for 5 silent ours --list-sas
check "... and the new name works" says "initiate completed successfully" ours --initiate --child net
check "ping" ping_ok a $A_NET $B_NET 2
finish
