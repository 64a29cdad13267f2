#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Two data planes, two hosts, SAs by hand: traffic, the lease, kill -9, and
# nothing clear on the wire at any time.
#
#   dp$$a                                             dp$$b
#   lo 10.1.0.1/24                                    lo 10.2.0.1/24
#   ipsec0 (TUN) <-> ipsec-offload-dp                 ipsec-offload-dp <-> ipsec0
#   veth 192.0.2.1/24 ------------- wire ------------ veth 192.0.2.2/24
#                     a tap on the wire judges
#
# Usage: dp_two_hosts.sh [BUILD-DIR [seconds of iperf3]]   (needs root)
set -u
build=$(realpath "${1:-${BUILD:-build/release}}")
seconds=${2:-3}
a=dp$$a b=dp$$b
dir=$(mktemp -d /tmp/dp_two_hosts.XXXXXX)
dp=$build/utils/dp/ipsec-offload-dp
ctl=$build/tests/netns/dp_ctl
declare -A pid=()
n_checks=0

say() { printf '%s\n' "$*"; }
fail() {
    say "FAIL: $*"; [ -s "$dir/ping" ] && tail -3 "$dir/ping"
    for side in a b; do sed "s/^/  dp $side: /" "$dir/$side.log" | tail -5; done
    exit 1
}
check() { # what, command...
    local what=$1
    shift
    "$@" >"$dir/out" 2>&1 || { sed 's/^/  /' "$dir/out" | tail -20; fail "$what"; }
    n_checks=$((n_checks + 1))
    say "ok: $what"
}
refute() { # what, command...
    local what=$1
    shift
    if "$@" >"$dir/out" 2>&1; then fail "$what"; fi
    n_checks=$((n_checks + 1))
    say "ok: $what"
}
end_process() { # name, signal
    [ -n "${pid[$1]:-}" ] || return 0
    kill "-$2" "${pid[$1]}" 2>/dev/null
    wait "${pid[$1]}" 2>/dev/null
    unset "pid[$1]"
}
cleanup() {
    for name in "${!pid[@]}"; do end_process "$name" KILL; done
    ip netns del "$a" 2>/dev/null
    ip netns del "$b" 2>/dev/null
    rm -rf "$dir"
}
trap cleanup EXIT

# In the background "ip netns exec" is written out: it becomes the command, and
# its process id is the command's.
in_a() { ip netns exec "$a" "$@"; }
in_b() { ip netns exec "$b" "$@"; }
until_true() { # command..., at most 5 s
    local i
    for ((i = 0; i < 250; i++)); do
        "$@" >/dev/null 2>&1 && return 0
        read -rt 0.02 <> <(:)
    done
    return 1
}
start_dp() { # side
    local ns=dp$$$1
    ip netns exec "$ns" "$dp" --socket "$dir/$1.sock" 2>>"$dir/$1.log" &
    pid[dp_$1]=$!
    until_true ip netns exec "$ns" "$ctl" "$dir/$1.sock" list || fail "data plane $1 does not start"
}
new_key() { od -An -N20 -tx1 /dev/urandom | tr -d ' \n'; }
spi=4096
install() { # local-a remote-ts...: selectors of a and b; new keys and SPIs each time
    local ka kb
    ka=$(new_key) kb=$(new_key)
    spi=$((spi + 2))
    in_a "$ctl" "$dir/a.sock" up 192.0.2.1 192.0.2.2 "$1" "$2" $spi $((spi + 1)) "$ka" "$kb" &&
        in_b "$ctl" "$dir/b.sock" up 192.0.2.2 192.0.2.1 "$2" "$1" $((spi + 1)) $spi "$kb" "$ka"
}
tap_on() {
    ip netns exec "$a" tcpdump -i wire -U -s 96 -w "$dir/wire.pcap" 2>"$dir/tap.log" &
    pid[tap]=$!
    until_true grep -q listening "$dir/tap.log" || fail "tcpdump does not start"
}
# ARP, and IPv6 neighbour chatter of the kernel, are not protected traffic.
wire_is_closed() {
    end_process tap TERM
    in_a tcpdump -nr "$dir/wire.pcap" 'ip and not (udp port 4500)' 2>/dev/null >"$dir/clear"
    head -5 "$dir/clear"
    [ ! -s "$dir/clear" ]
}
wire_has_esp() {
    [ "$(in_a tcpdump -nr "$dir/wire.pcap" 'udp port 4500' 2>/dev/null | wc -l)" -gt 10 ]
}
ping_inner() { in_a ping -q -c "${1:-3}" -i 0.05 -W 1 10.2.0.1; }

# --- topology ---------------------------------------------------------------
ip netns add "$a" && ip netns add "$b" || fail "cannot make namespaces"
ip link add wire netns "$a" type veth peer name wire netns "$b" || fail "cannot make a veth pair"
for side in a b; do
    [ $side = a ] && n=1 other=2 || { n=2 other=1; }
    ns=dp$$$side
    ip -n "$ns" link set lo up
    ip -n "$ns" addr add 192.0.2.$n/24 dev wire
    ip -n "$ns" link set wire up
    ip -n "$ns" addr add 10.$n.0.1/24 dev lo
    ip -n "$ns" route add default via 192.0.2.$other
    # The strictest host: every packet must come from where its answer would go.
    ip netns exec "$ns" sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.wire.rp_filter=1
    : >"$dir/$side.log"
done
check "before anything the hosts talk in clear (so the wire works)" ping_inner

# --- the drop rule comes first ----------------------------------------------
check "the drop rule is set without a data plane" in_a "$ctl" "$dir/a.sock" guard 10.1.0.0/24 10.2.0.0/24
tap_on
refute "protected traffic is stopped by the drop rule alone" ping_inner
check "and none of it was on the wire" wire_is_closed

# --- traffic -----------------------------------------------------------------
start_dp a
start_dp b
check "SAs are installed on both sides" install 10.1.0.0/24 10.2.0.0/24
tap_on
check "ping through the tunnel" ping_inner
in_b iperf3 -s -1 -D -B 10.2.0.1 -I "$dir/iperf.pid"
until_true in_b grep -q 1451 /proc/net/tcp
check "iperf3 through the tunnel" in_a iperf3 -c 10.2.0.1 -t "$seconds"
grep -E 'sender|receiver' "$dir/out"
check "only ESP in UDP was on the wire" wire_is_closed
check "and it was there" wire_has_esp
refute "a second data plane in one namespace is refused" in_a "$dp" --socket "$dir/c.sock" --port 4501 --tun ipsec1
check "and did no harm" ping_inner

# --- the lease ----------------------------------------------------------------
hold() { # side
    : >"$dir/hold" # an earlier holder said "held" too
    ip netns exec "dp$$$1" "$ctl" "$dir/$1.sock" hold >"$dir/hold" 2>&1 &
    pid[hold]=$!
    until_true grep -q held "$dir/hold"
}
generation() { awk '/held/ { print $2 }' "$dir/hold"; }
check "a controller takes the lease" hold a
first=$(generation)
refute "a second one is refused while it lives" in_a "$ctl" "$dir/a.sock" hold
ip netns exec "$a" ping -q -c 60 -i 0.02 -W 1 10.2.0.1 >"$dir/ping" &
pid[ping]=$!
end_process hold KILL
check "after kill -9 of the holder the lease is free" hold a
[ "$(generation)" -eq $((first + 1)) ] || fail "generation $(generation) after $first"
wait "${pid[ping]}"
unset "pid[ping]"
check "no packet was lost meanwhile" grep -q " 0% packet loss" "$dir/ping"
end_process hold KILL
check "the SAs of the dead are still there" bash -c \
    "ip netns exec $a $ctl $dir/a.sock list | grep -c ^sa | grep -qx 2"

# --- IKE on the same port ------------------------------------------------------
: >"$dir/hold"
ip netns exec "$b" "$ctl" "$dir/b.sock" watch >"$dir/hold" 2>&1 &
pid[hold]=$!
until_true grep -q held "$dir/hold"
check "an IKE message leaves from port 4500" in_a "$ctl" "$dir/a.sock" ike 192.0.2.2 hello-from-a
check "and reaches the lease holder of the other side" until_true grep -q 'data hello-from-a' "$dir/hold"
end_process hold KILL

# --- kill -9 of the data planes under traffic -----------------------------------
tap_on
ip netns exec "$a" ping -q -i 0.005 -c 400 -W 1 10.2.0.1 >"$dir/ping" &
pid[ping]=$!
until_true bash -c "[ \$(ip netns exec $b $ctl $dir/b.sock list | awk '/ in / { print \$13 }') -gt 100 ]"
end_process dp_a KILL
end_process dp_b KILL
wait "${pid[ping]}"
unset "pid[ping]"
refute "with both data planes dead nothing gets through" ping_inner
check "and nothing clear was on the wire" wire_is_closed
tap_on
start_dp a
start_dp b
refute "restarted without SAs the tunnel stays closed" ping_inner
check "new SAs with new keys open it" install 10.1.0.0/24 10.2.0.0/24
check "ping through the new tunnel" ping_inner
check "still nothing clear on the wire" wire_is_closed
check "SAs and rules can be found and deleted" in_a "$ctl" "$dir/a.sock" clear
check "the route went with its rule" bash -c "[ -z \"\$(ip -n $a route show table 8030)\" ]"
check "the other side too" in_b "$ctl" "$dir/b.sock" clear

# --- host to host ----------------------------------------------------------------
tap_on
check "host-to-host SAs are installed" install 192.0.2.1/32 192.0.2.2/32
check "ping host to host, reverse path filter strict" in_a ping -q -c 5 -i 0.05 -W 1 192.0.2.2
in_b iperf3 -s -1 -D -B 192.0.2.2 -I "$dir/iperf.pid"
until_true in_b grep -q 1451 /proc/net/tcp
check "iperf3 host to host" in_a iperf3 -c 192.0.2.2 -t 1
end_process dp_a KILL
refute "with the data plane killed nothing gets through" in_a ping -q -c 3 -i 0.05 -W 1 192.0.2.2
refute "in the other direction neither" in_b ping -q -c 3 -i 0.05 -W 1 192.0.2.1
check "only ESP in UDP was on the wire" wire_is_closed

# --- a whole world behind the tunnel ----------------------------------------------
start_dp a
check "everything protected: remote 0.0.0.0/0" in_a "$ctl" "$dir/a.sock" up 192.0.2.1 192.0.2.2 \
    10.1.0.0/24 0.0.0.0/0 9001 9002 "$(new_key)" "$(new_key)"
check "the local side is not swallowed" bash -c \
    "ip -n $a route show table 8030 | grep -q '^throw 10.1.0.0/24'"

# --- an orderly end ------------------------------------------------------------
end_process dp_a TERM
end_process dp_b TERM
check "the TUN device and the policy rule are gone" bash -c \
    "! ip -n $a link show ipsec0 2>/dev/null && ! ip -n $a rule | grep -q 8030"
check "the drop rule stands" in_a nft list table inet ipsec_offload
check "and is removed when the list of protected prefixes is empty" in_a "$ctl" "$dir/a.sock" unguard
refute "it is gone" in_a nft list table inet ipsec_offload
say "$n_checks checks passed"
