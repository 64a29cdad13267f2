# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# strongswan: Debian's strongSwan as a peer.  Sourced after lib.sh.
#
# Its packages conflict with libreswan's, so they are unpacked under the cache
# and never installed; on its host the unpacked tree lies over /usr (overlay).
# This kernel may have no ESP, so it runs its own user-space ESP
# (kernel-libipsec), which is always in UDP.
#
CACHE=${IOFF_CACHE:-/var/cache/ipsec-offload-tests}
SWAN_ROOT=$CACHE/strongswan
SWAN_PACKAGES="strongswan-charon strongswan-libcharon libstrongswan libstrongswan-standard-plugins
 libstrongswan-extra-plugins libcharon-extra-plugins strongswan-swanctl"

swan_fetch() {
  [ -e "$SWAN_ROOT/complete" ] && return 0
  rm -rf "$CACHE/debs" "$SWAN_ROOT"
  mkdir -p "$CACHE/debs" "$SWAN_ROOT"
  # A machine that had every package may never have read its package lists.
  swan_download || { apt-get -qq update && swan_download; } || die "strongSwan could not be fetched"
  local deb
  for deb in "$CACHE"/debs/*.deb; do dpkg-deb -x "$deb" "$SWAN_ROOT"; done
  touch "$SWAN_ROOT/complete"
}
# shellcheck disable=SC2086
swan_download() {
  (cd "$CACHE/debs" && apt-get -q -o Acquire::Retries=3 -o APT::Sandbox::User=root download $SWAN_PACKAGES >/dev/null)
}
swan_version() { sed -n 's/^Version: //p' < <(dpkg-deb -f "$CACHE"/debs/strongswan-charon_*.deb) | head -n 1; }

# swan_config HOST [KEY=VALUE...]: writes strongswan.conf and swanctl.conf.
#   local remote lid rid lts rts ike esp psk conn child (extra lines, ';' between)
swan_config() {
  local host=$1; shift
  local local=$B_ADDR remote=$A_ADDR lid=b.example rid=a.example lts=10.2.0.0/24 rts=10.1.0.0/24
  local ike=aes256gcm16-prfsha384-x25519 esp=aes256gcm16-x25519 conn="" child="" dir=$WORK/$host/swan
  local psk='the-demo-secret-of-32-characters!' extra=""
  [ $# -eq 0 ] || local "$@"
  mkdir -p "$dir/swanctl"
  cat >"$dir/strongswan.conf" <<C
charon {
  load = random nonce aes sha1 sha2 hmac kdf openssl curve25519 gmp gcm ctr ccm pem pkcs1 pkcs8 x509 pubkey kernel-libipsec kernel-netlink socket-default vici updown
  retransmit_tries = 3
  retransmit_timeout = 1
  $(tr ';' '\n' <<<"$extra")
  filelog { log { path = $dir/charon.log
    flush_line = yes
    default = 1
    ike = 2
    chd = 2
    net = 1
  } }
  plugins { vici { socket = unix:///run/ipsec-offload/charon.vici } }
}
swanctl { load = random openssl pem }
C
  tr ';' '\n' >"$dir/swanctl/swanctl.conf" <<C
connections {
  peer {
    version = 2
    local_addrs = $local
    remote_addrs = $remote
    proposals = $ike
    $conn
    local { auth = psk
      id = $lid
    }
    remote { auth = psk
      id = $rid
    }
    children { net {
      local_ts = $lts
      remote_ts = $rts
      esp_proposals = $esp
      $child
    } }
  }
}
secrets { ike-1 { secret = "$psk"
  id-1 = $lid
  id-2 = $rid
} }
C
}

# Runs CMD on HOST with strongSwan's files over /usr.
swan_run() {
  local host=$1; shift
  nsenter --target "${HOLDER[$host]}" --net --mount -- unshare --mount --propagation private bash -c '
    mount -t overlay overlay -o "lowerdir=$1/usr:/usr" /usr || exit 126
    export STRONGSWAN_CONF=$2/strongswan.conf SWANCTL_DIR=$2/swanctl
    shift 2; exec "$@"' swan_run "$SWAN_ROOT" "$WORK/$host/swan" "$@"
}
swanctl() { local host=$1; shift; swan_run "$host" swanctl "$@" --uri unix:///run/ipsec-offload/charon.vici; }

swan_start() {
  local host=$1
  : >"$WORK/$host/swan/charon.log"
  in_host "$host" rm -f /run/ipsec-offload/charon.vici # left by one that was killed
  nsenter --target "${HOLDER[$host]}" --net --mount -- unshare --mount --propagation private bash -c '
    mount -t overlay overlay -o "lowerdir=$1/usr:/usr" /usr &&
      # A /run of its own: else a second charon finds the pid file of the first.
      mkdir -p "$2/run/ipsec-offload" && mount --bind /run/ipsec-offload "$2/run/ipsec-offload" &&
      mount --rbind "$2/run" /run || exit 126
    export STRONGSWAN_CONF=$2/strongswan.conf
    exec /usr/lib/ipsec/charon' swan_start "$SWAN_ROOT" "$WORK/$host/swan" </dev/null >>"$WORK/$host/charon.out.log" 2>&1 &
  PID[$host/charon]=$!
  disown
  wait_for 10 swanctl "$host" --stats || die "charon did not start"
  swanctl "$host" --load-all --noprompt >"$WORK/$host/swan/load.log" 2>&1 || { cat "$WORK/$host/swan/load.log"; die "swanctl --load-all"; }
}
swan_sas() { swanctl "$1" --list-sas; }
swan_established() { swan_sas "$1" | grep -q "ESTABLISHED"; }
swan_installed() { swan_sas "$1" | grep -q "INSTALLED"; }
swan_children() { swan_sas "$1" | grep -c "INSTALLED" || :; }
