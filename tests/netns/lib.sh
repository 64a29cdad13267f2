# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# lib: hosts for the scenarios and the demo.  Sourced.
#
# A host is a network namespace plus a mount namespace of its own, in which
# /etc/ipsec-offload and /run/ipsec-offload are private: so the configuration
# files under docs/examples are used as they are.  Nothing of the machine's own
# network, /etc or /run is touched, and all goes away with net_down.
#
#        host a (198.51.100.1)  ----- veth -----  host b (198.51.100.2)
#   behind it 10.1.0.1/24                     behind it 10.2.0.1/24
#
set -euo pipefail

REPO=${REPO:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
BUILD=${BUILD:-$REPO/build/release}
DAEMON=$BUILD/ike/daemon/ipsec-offloadd
DP=$BUILD/utils/dp/ipsec-offload-dp
CLI=$BUILD/utils/cli/ipsec-offload
PATH=/usr/sbin:/sbin:$PATH

A_ADDR=198.51.100.1 B_ADDR=198.51.100.2
A_NET=10.1.0.1 B_NET=10.2.0.1

WORK=${WORK:-}
declare -A HOLDER=()   # host -> pid that keeps its namespaces
declare -A PID=()      # "host/what" -> pid of a process we started
FAILED=0 PASSED=0

die() { echo "error: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || die "must run as root: it makes network namespaces"

# --- hosts -----------------------------------------------------------------

host_add() { # host_add NAME
  local name=$1 ready=$WORK/$1.ready
  mkdir -p /etc/ipsec-offload /run/ipsec-offload "$WORK/$name"
  unshare --net --mount --propagation private bash -c '
    mount -t tmpfs -o mode=0755 tmpfs /etc/ipsec-offload &&
    mount -t tmpfs -o mode=0755 tmpfs /run/ipsec-offload &&
    ip link set lo up && touch "$1" && exec sleep infinity' host_add "$ready" \
    </dev/null >"$WORK/$name/holder.log" 2>&1 &
  HOLDER[$name]=$!
  disown
  wait_for 5 test -e "$ready" || { cat "$WORK/$name/holder.log" >&2; die "host $name was not made"; }
  rm -f "$ready"
}

# in_host NAME CMD...: runs CMD there, as a child of this shell.
in_host() { local name=$1; shift; nsenter --target "${HOLDER[$name]}" --net --mount -- "$@"; }

# link HOST IF ADDR/LEN HOST IF ADDR/LEN: a veth pair between two hosts
link() {
  ip link add "v$$x" type veth peer name "v$$y"
  ip link set "v$$x" netns "${HOLDER[$1]}" name "$2"
  ip link set "v$$y" netns "${HOLDER[$4]}" name "$5"
  in_host "$1" ip addr add "$3" dev "$2"; in_host "$1" ip link set "$2" up
  in_host "$4" ip addr add "$6" dev "$5"; in_host "$4" ip link set "$5" up
}

# Two hosts as in the drawing; eth0 on both.
net_up() {
  WORK=$(mktemp -d "${TMPDIR:-/tmp}/ioff-XXXXXX")
  trap net_down EXIT
  host_add a; host_add b
  link a eth0 $A_ADDR/24 b eth0 $B_ADDR/24
  in_host a ip addr add $A_NET/24 dev lo; in_host b ip addr add $B_NET/24 dev lo
  # The underlay would carry the protected traffic in clear if it got out.
  in_host a ip route add 10.2.0.0/24 via $B_ADDR; in_host b ip route add 10.1.0.0/24 via $A_ADDR
}

net_down() {
  local key rc=$?
  # The daemons first and all at once, while their data planes can still carry the goodbye.
  for key in "${!PID[@]}"; do [ "${key#*/}" != daemon ] || kill "${PID[$key]}" 2>/dev/null || :; done
  wait_for 3 none_alive daemon || :
  for key in "${!PID[@]}"; do stop "$key" || :; done
  for key in "${!HOLDER[@]}"; do kill "${HOLDER[$key]}" 2>/dev/null || :; done
  HOLDER=()
  if [ -n "${KEEP:-}" ]; then echo "kept: $WORK"; else rm -rf "$WORK"; fi
  return $rc
}

# --- processes -------------------------------------------------------------

# start KEY HOST CMD...: in the background, output to $WORK/HOST/what.log
start() {
  local key=$1 host=$2; shift 2
  nsenter --target "${HOLDER[$host]}" --net --mount -- "$@" </dev/null >>"$WORK/$key.log" 2>&1 &
  PID[$key]=$!
  disown
}
none_alive() { # none_alive WHAT: of all hosts
  local key
  for key in "${!PID[@]}"; do [ "${key#*/}" != "$1" ] || ! alive "$key" || return 1; done
}
alive() { [ -n "${PID[$1]:-}" ] && kill -0 "${PID[$1]}" 2>/dev/null; }
stop() { # TERM, then KILL after 8 s
  local pid=${PID[$1]:-} _
  [ -n "$pid" ] || return 0
  unset "PID[$1]"
  kill "$pid" 2>/dev/null || return 0
  for _ in $(seq 80); do kill -0 "$pid" 2>/dev/null || return 0; sleep 0.1; done
  kill -KILL "$pid" 2>/dev/null || :
}
kill9() { # and wait until it is really gone
  local pid=${PID[$1]:-}
  [ -n "$pid" ] || return 0
  unset "PID[$1]"
  kill -KILL "$pid" 2>/dev/null || :
  wait_for 5 bash -c "! kill -0 $pid 2>/dev/null"
}

wait_for() { # wait_for SECONDS CMD...: polls, since nobody tells a shell
  local end=$((SECONDS + $1)); shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.05
  done
}

# --- our software ----------------------------------------------------------

install_config() { # install_config HOST FILE [PSK]
  local host=$1 file
  file=$(realpath "$2")
  local psk=${3:-the-demo-secret-of-32-characters!}
  in_host "$host" sh -c 'umask 077; printf %s "$1" > /etc/ipsec-offload/psk; cp "$2" /etc/ipsec-offload/ipsec-offload.conf' \
    install_config "$psk" "$file"
}
start_dp() { # start_dp HOST [option...]
  local host=$1; shift
  start "$host/dp" "$host" "$DP" "$@"
  wait_for 10 in_host "$host" test -S /run/ipsec-offload/dp.sock || { cat "$WORK/$host/dp.log" >&2; die "data plane on $host did not start"; }
}
start_daemon() { # start_daemon HOST [option...]
  local host=$1; shift
  start "$host/daemon" "$host" "$DAEMON" "$@"
  wait_for 10 in_host "$host" "$CLI" version || { cat "$WORK/$host/daemon.log" >&2; die "daemon on $host did not start"; }
}
cli() { local host=$1; shift; in_host "$host" "$CLI" "$@"; }
status() { cli "$1" status -j; }
ping_ok() { # ping_ok HOST FROM TO [COUNT]
  in_host "$1" ping -q -n -c "${4:-3}" -i 0.2 -W 2 -I "$2" "$3" >/dev/null
}

# stop_ping KEY: ends a ping (without -q) that was started, prints its summary,
# and judges: every sequence number up to the last answered one was answered,
# and at most the one in flight when it ended was not.
stop_ping() {
  local pid=${PID[$1]} log=$WORK/$1.log
  unset "PID[$1]"
  kill -INT "$pid"
  wait_for 5 grep -q "packet loss" "$log" || return 1
  grep "packet loss" "$log"
  awk '/ packets transmitted/ {sent = $1}
    match($0, /icmp_seq=[0-9]+ ttl/) {seq = substr($0, RSTART + 9, RLENGTH - 13) + 0; n++; seen[seq]++; if (seq > last) last = seq}
    END {for (i = 1; i <= last; i++) if (!(i in seen)) print "no answer to packet " i
      exit !(n && n == last && sent <= last + 1)}' "$log"
}

# --- capture and judge -----------------------------------------------------

start_capture() { # start_capture KEY HOST IF FILE [SNAPLEN]
  : >"$WORK/$1.log" # of an earlier capture: it says "listening" too
  # Immediate mode: else what came in the last second is lost when it ends.
  start "$1" "$2" tcpdump -i "$3" -n -U --immediate-mode -B 65536 -s "${5:-0}" -w "$4"
  wait_for 10 grep -q "listening on" "$WORK/$1.log" || die "no capture on $2"
}
judge() { python3 "$REPO/tests/netns/judge.py" "$@"; }

# --- results ---------------------------------------------------------------

ok() { PASSED=$((PASSED + 1)); echo "ok   - $*"; }
not_ok() { FAILED=$((FAILED + 1)); echo "FAIL - $*"; }
check() { # check TEXT CMD...
  local text=$1; shift
  if "$@" >"$WORK/check.out" 2>&1; then ok "$text"; else not_ok "$text"; sed 's/^/       /' "$WORK/check.out"; fi
}
finish() {
  local key
  if [ $FAILED -gt 0 ]; then
    for key in "$WORK"/*/*.log; do echo "--- $key"; tail -n 40 "$key"; done
  fi
  echo "$PASSED passed, $FAILED failed"
  [ $FAILED -eq 0 ]
}
