#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# key_wipe: no key outlives its SA in the memory of any process of ours, and
# the pre-shared key is never in a process that reads from the network.  The
# judge scans /proc/PID/mem for all keys in the key log; it must find those of
# SAs that are up, or its silence about the others would mean nothing.
#
# Host a seals with the fastest cipher library there is, host b with OpenSSL.
#
. "$(dirname "$0")/lib.sh"
PSK="a demo secret: do not use elsewhere!"

secrets() { # secrets HOST: all that was ever logged there
  rm -rf "$WORK/keys"; mkdir "$WORK/keys"
  in_host "$1" tar -C /run/ipsec-offload/keys -cf - . | tar -C "$WORK/keys" -xf -
  python3 "$REPO/tests/netns/memscan.py" keys "$WORK/keys" >"$WORK/$1.secrets"
}
psk() { printf 'psk %s\n' "$(printf %s "$PSK" | od -An -v -tx1 | tr -d ' \n')"; }
# A word that asks for a kind of secret: the newest ESP pair, or the newest IKE SA.
newest_esp() { grep ^esp- "$WORK/$1.secrets" | tail -n 2; }
newest_ike() { grep ^ike- "$WORK/$1.secrets" | tail -n 2; }
scan() { python3 "$REPO/tests/netns/memscan.py" find "$1"; }
has_all() { # has_all PID < SECRETS
  local want got
  want=$(tee "$WORK/want" | cut -d' ' -f1 | sort -u); got=$(scan "$1" <"$WORK/want" | cut -d' ' -f1)
  [ -n "$want" ] && [ "$want" = "$got" ] || { echo "expected: $want"; echo "found: $got"; return 1; }
}
none_of() { has_none "$2" <"$1"; }
has_none() { # has_none PID < SECRETS
  local got
  tee "$WORK/want" >/dev/null; test -s "$WORK/want" || return 1
  got=$(scan "$1" <"$WORK/want") || return 1
  [ -z "$got" ] || { echo "still in memory:"; echo "$got"; return 1; }
}
key_process() { pgrep -P "${PID[$1/daemon]}"; }
all_wiped() { # all_wiped HOST WHAT...
  local host=$1 what pid; shift
  for what; do
    pid=${PID[$host/$what]:-}; [ "$what" != keys ] || pid=$(key_process "$host")
    has_none "$pid" <"$WORK/$host.secrets" || { echo "in the $what process of $host"; return 1; }
  done
}

net_up
for host in a b; do
  install_config $host "$REPO/docs/examples/host-$host.conf" "$PSK"
done
start_dp a; start_dp b --engine openssl
for host in a b; do start_daemon $host --key-log /run/ipsec-offload/keys; done
check "the tunnel comes up" cli a up to-b/net
check "it carries traffic" ping_ok a $A_NET $B_NET
check "the Child SA is rekeyed by a" cli a rekey to-b/net
check "the Child SA is rekeyed by b" cli b rekey to-a/net
check "the IKE SA is rekeyed by a" cli a rekey --ike to-b
check "the IKE SA is rekeyed by b" cli b rekey --ike to-a
check "the Child SA is rekeyed on the new IKE SA" cli a rekey to-b/net
check "it still carries traffic" ping_ok b $B_NET $A_NET
for host in a b; do
  secrets $host
  check "$host: the judge finds the ESP keys in use in the data plane" has_all "${PID[$host/dp]}" < <(newest_esp $host)
  check "$host: and the IKE keys in use in the daemon" has_all "${PID[$host/daemon]}" < <(newest_ike $host)
  check "$host: and the pre-shared key in the key process" has_all "$(key_process $host)" < <(psk)
  check "$host: the pre-shared key is not in the daemon" has_none "${PID[$host/daemon]}" < <(psk)
  check "$host: nor in the data plane" has_none "${PID[$host/dp]}" < <(psk)
  check "$host: no ESP key in the daemon" has_none "${PID[$host/daemon]}" < <(grep ^esp- "$WORK/$host.secrets")
  check "$host: no IKE key in the data plane" has_none "${PID[$host/dp]}" < <(grep ^ike- "$WORK/$host.secrets")
  grep ^esp- "$WORK/$host.secrets" | head -n -2 >"$WORK/old"
  check "$host: $(wc -l <"$WORK/old") ESP keys that a rekey replaced are gone" wait_for 15 none_of "$WORK/old" "${PID[$host/dp]}"
done
check "the tunnel goes down" cli a down to-b
no_sas() { [ "$(cli "$1" list -j | jq '.ike_sas | length')" = 0 ]; }
for host in a b; do check "$host: no SA is left" wait_for 5 no_sas $host; done
for host in a b; do
  # An outbound SA stays a while after its rekey, and a responder keeps its IKE
  # SA for 30 s after the delete, to answer it again if the answer was lost.
  check "$host: $(wc -l <"$WORK/$host.secrets") keys: none is left in the data plane" wait_for 15 all_wiped $host dp
  check "$host: nor in the key process" wait_for 5 all_wiped $host keys
  check "$host: nor in the daemon" wait_for 45 all_wiped $host daemon
done
finish
