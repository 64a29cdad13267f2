# SPDX-License-Identifier: Apache-2.0
"""recorded: what a daemon with three tunnels answers: gw/net up and being
rekeyed, gw/voice down, lab/net never started, and old/net, whose configuration
is gone.  Keys are those of ipsec-offloadd's list-sas, list-conns, get-devices."""


def placement(device="soft", level="software", text=""):
    place = {"device": device, "level": level, "reason": "chosen", "text": text,
             "engine": "ipsec-mb"}
    return {"in": dict(place), "out": dict(place), "requested": "prefer", "passed": {
        "0": {"device": "mlx5", "reason": "not-built", "text": "this version has no mlx5 backend"},
        "1": {"device": "xfrm", "reason": "not-built", "text": ""}}}


def child(number, state, name="net", **more):
    sa = {
        "name": name, "uniqueid": number, "reqid": "1", "state": state, "mode": "TUNNEL",
        "protocol": "ESP", "encap": "yes", "spi-in": "c%07x" % number, "spi-out": "00001%03x" % number,
        "encr-alg": "AES_GCM_16", "encr-keysize": "256", "esn": "1",
        "bytes-in": 123456789, "packets-in": 98765, "use-in": "0", "bytes-out": 5000,
        "packets-out": 50, "use-out": "2", "rekey-time": 3000, "life-time": 3600,
        "install-time": 600, "local-ts": ["10.1.0.0/16"],
        "remote-ts": ["10.2.0.0/16", "10.3.0.0/16[tcp/443]"], "placement": placement(),
        "drops-in": {"integrity": "0", "replay": "3", "no-sa": "1"}, "drops-out": {"mtu": "2"},
        "seq-in": "98770", "seq-out": "50", "seq-used-percent": "0.25"}
    sa.update(more)
    return sa


def ike(number, state, children, **more):
    sa = {
        "uniqueid": number, "version": "2", "state": state, "local-host": "192.0.2.1",
        "local-port": "4500", "local-id": "gw-a.example", "remote-host": "198.51.100.1",
        "remote-port": "4500", "remote-id": "gw-b.example", "initiator": "yes",
        "initiator-spi": "00a1b2c3d4e5f607", "responder-spi": "1234567812345678",
        "nat-remote": "yes", "encr-alg": "AES_GCM_16", "encr-keysize": "256",
        "prf-alg": "PRF_HMAC_SHA2_384", "dh-group": "CURVE_25519", "established": 600,
        "rekey-time": 90000, "child-sas": {"%s-%d" % (c["name"], c["uniqueid"]): c for c in children}}
    sa.update(more)
    return sa


CONNS = [
    ("list-conn", {"lab": {"version": "IKEv2", "children": {"net": {"mode": "TUNNEL"}}}}),
    ("list-conn", {"gw": {"version": "IKEv2", "local_addrs": ["192.0.2.1"],
                          "children": {"voice": {"mode": "TUNNEL"}, "net": {"mode": "TUNNEL"}}}}),
]
SAS = [
    ("list-sa", {"gw": ike(1, "ESTABLISHED", [child(7, "REKEYED"), child(8, "INSTALLED")])}),
    ("list-sa", {"old": ike(2, "ESTABLISHED", [child(9, "INSTALLED")],
                            **{"remote-id": "\x1b[31mevil \"id\""})}),
]
ONE_SA = [("list-sa", {"gw": ike(1, "ESTABLISHED", [child(8, "INSTALLED")])})]
ONE_CONN = [("list-conn", {"gw": {"children": {"net": {"mode": "TUNNEL"}}}})]
DEVICES = [("device", {"name": name, "provider": "soft", "level": "software",
                       "usable": "yes" if name == "inline" else "no",
                       "reason": "", "in-use": "no" if name == "inline" else "yes", "generation": "3",
                       "counters": {"rx-packets": "12", "drops": {"no-sa": "4"}},
                       "adopted": {"0": {"label": "gw/net", "dir": "in", "spi": "00001234",
                                         "generation": "2", "packets": "9", "bytes": "900"}}})
           for name in ("inline", "soft:/run/other.sock")]
LOG = [("control-log", {"group": "IKE", "level": "1", "ikesa-name": "gw", "msg": m})
       for m in ("initiating IKE_SA gw[1] to 198.51.100.1", "CHILD_SA net{8} established")]
YES = {"success": "yes"}


def answers(**more):
    table = {
        "list-conns": (CONNS, {}), "list-sas": (SAS, {}), "get-devices": (DEVICES, {}),
        "initiate": (LOG, YES), "terminate": (LOG[:1], YES), "get-drops": ([], {"ike": {"integrity": "2"}, "device": {"no-sa": "4"}}),
        "rekey": ([], dict(YES, matches="1")),
        "version": ([], {"daemon": "ipsec-offloadd", "version": "0.1.0", "sysname": "Linux",
                         "release": "6.1.0", "machine": "x86_64"}),
    }
    table.update({k.replace("_", "-"): v for k, v in more.items()})
    return table
