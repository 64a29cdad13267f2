#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hostile: named bad packets against a running daemon and data plane.

  hostile.py CONTROL_SOCKET TARGET_IP CAPTURE

Run on the attacker's host, which shares the target's control socket.  CAPTURE
holds genuine packets of the tunnel that is up, sent from this host: they are
replayed, cut and changed.  For each case: some drop counter of the expected
causes moves (by as many packets as were sent), no other drop counter does, and
neither the IKE SAs, their Child SAs nor their sequence numbers change."""
import json
import os
import socket
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import judge  # noqa: E402
import vici  # noqa: E402

SK, SA, KE, NONCE, NOTIFY, IDI = 46, 33, 34, 40, 41, 35


def header(ispi, rspi, first, exchange, flags, mid, body=b"", version=0x20, length=None):
    return struct.pack(">8s8sBBBBII", ispi, rspi, first, version, exchange, flags, mid,
                       28 + len(body) if length is None else length) + body


def payload(following, body, length=None, critical=0):
    return struct.pack(">BBH", following, critical, 4 + len(body) if length is None else length) + body


def transform(last, kind, ident, attrs=b"", length=None):
    return struct.pack(">BBHBBH", 0 if last else 3, 0, 8 + len(attrs) if length is None else length,
                       kind, 0, ident) + attrs


GCM256 = struct.pack(">HH", 0x800E, 256)
TRANSFORMS = [(1, 20, GCM256), (2, 6, b""), (4, 31, b"")]


def proposal(transforms=None, proto=1, spi=b"", count=None, length=None, last=0, raw=None):
    ts = TRANSFORMS if transforms is None else transforms
    body = raw if raw is not None else b"".join(
        transform(i == len(ts) - 1, *t) for i, t in enumerate(ts))
    return struct.pack(">BBHBBBB", last, 0, 8 + len(spi) + len(body) if length is None else length, 1, proto,
                       len(spi), len(ts) if count is None else count) + spi + body


def init(chain, **kw):
    """chain: [(type, body, {payload options})]"""
    body = b""
    for i, (kind, data, opts) in enumerate(chain):
        following = chain[i + 1][0] if i + 1 < len(chain) else 0
        body += payload(following, data, **opts)
    first = chain[0][0] if chain else 0
    return header(os.urandom(8), bytes(8), first, 34, 0x08, 0, body, **kw)


KE_GOOD = struct.pack(">HH", 31, 0) + bytes(range(1, 33))
NONCE_GOOD = bytes(range(32))
P_SA, P_KE, P_NONCE = (SA, proposal(), {}), (KE, KE_GOOD, {}), (NONCE, NONCE_GOOD, {})


def clear_cases():
    good = init([P_SA, P_KE, P_NONCE])
    for n in range(28):
        yield f"header cut at {n}", good[:n], {"short"}
    for version in (0x00, 0x10, 0x30, 0xF0):
        yield f"major version {version >> 4}", good[:17] + bytes([version]) + good[18:], {"version"}
    for length in (0, 27, len(good) - 1, len(good) + 1, 0xFFFFFFFF):
        yield f"length field {length}", good[:24] + struct.pack(">I", length) + good[28:], {"length"}
    for exchange in (0, 33, 38, 240, 255):
        yield f"exchange type {exchange}", good[:18] + bytes([exchange]) + good[19:], {"exchange", "no-sa", "state"}
    spi = os.urandom(8)
    for exchange, name in ((35, "IKE_AUTH"), (36, "CREATE_CHILD_SA"), (37, "INFORMATIONAL")):
        for flags in (0x08, 0x00, 0x28, 0x20):
            yield (f"{name} for unknown SPIs, flags {flags:#04x}",
                   header(spi, os.urandom(8), SK, exchange, flags, 1, payload(0, bytes(40))), {"no-sa"})
    yield "IKE_SA_INIT response nobody asked for", good[:8] + os.urandom(8) + good[16:19] + b"\x20" + good[20:], {"no-sa"}
    yield "IKE_SA_INIT with message id 1", good[:20] + struct.pack(">I", 1) + good[24:], {"message-id", "no-sa"}
    yield "IKE_SA_INIT with an initiator SPI of zero", bytes(8) + good[8:], {"syntax", "no-sa", "flags", "message-id"}
    yield "IKE_SA_INIT without the initiator flag", good[:19] + b"\0" + good[20:], {"flags", "no-sa"}


def syntax_cases():
    def sa(**kw):
        return init([(SA, proposal(**kw), {}), P_KE, P_NONCE])

    yield "no payloads", init([])
    yield "only SA", init([P_SA])
    yield "no KE", init([P_SA, P_NONCE])
    yield "no nonce", init([P_SA, P_KE])
    yield "no SA", init([P_KE, P_NONCE])
    yield "two SA payloads", init([P_SA, P_SA, P_KE, P_NONCE])
    yield "two KE payloads", init([P_SA, P_KE, P_KE, P_NONCE])
    yield "two nonces", init([P_SA, P_KE, P_NONCE, P_NONCE])
    for n in range(4):
        yield f"payload length {n}", init([(SA, proposal(), {"length": n}), P_KE, P_NONCE])
    yield "payload length past the end", init([P_SA, P_KE, (NONCE, NONCE_GOOD, {"length": 400})])
    yield "payload length 65535", init([(SA, proposal(), {"length": 65535}), P_KE, P_NONCE])
    yield "next payload points behind the end", header(os.urandom(8), bytes(8), SA, 34, 8, 0, payload(KE, proposal()))
    yield "bytes behind the last payload", init([P_SA, P_KE, P_NONCE])[:24] + struct.pack(
        ">I", 28 + len(proposal()) + len(KE_GOOD) + 32 + 12 + 5) + init([P_SA, P_KE, P_NONCE])[28:] + b"extra"
    yield "65 payloads", init([P_SA, P_KE, P_NONCE] + [(43, b"vid", {})] * 62)
    for n in (0, 1, 15, 257, 1000):
        yield f"nonce of {n} bytes", init([P_SA, P_KE, (NONCE, bytes(n), {})])
    for n in (0, 1, 3):
        yield f"KE payload of {n} bytes", init([P_SA, (KE, KE_GOOD[:n], {}), P_NONCE])
    for n in (0, 31, 33):
        yield f"x25519 value of {n} bytes", init([P_SA, (KE, KE_GOOD[:4] + bytes(n), {}), P_NONCE])
    yield "empty SA payload", init([(SA, b"", {}), P_KE, P_NONCE])
    for n in (0, 7, 9, 4000):
        yield f"proposal length {n}", sa(length=n)
    yield "proposal says more follow", sa(last=2)
    yield "proposal's last marker is 7", sa(last=7)
    for n in (0, 2, 4, 255):
        yield f"transform count {n} for 3", sa(count=n)
    for n in (0, 7, 9, 4000):
        yield f"transform length {n}", sa(raw=transform(True, 1, 20, GCM256, n), count=1)
    yield "attribute cut", sa(raw=transform(True, 1, 20, GCM256[:3]), count=1)
    yield "attribute longer than its transform", sa(raw=transform(True, 1, 20, struct.pack(">HH", 14, 900)), count=1)
    yield "proposal for ESP", sa(proto=3)
    yield "SPI in the proposal of IKE_SA_INIT", sa(spi=bytes(8))
    yield "SPI longer than the proposal", init([(SA, struct.pack(">BBHBBBB", 0, 0, 8, 1, 1, 255, 0), {}), P_KE, P_NONCE])
    yield "notify of 3 bytes", init([P_SA, P_KE, P_NONCE, (NOTIFY, b"\0\0\0", {})])
    yield "notify with an SPI past its end", init([P_SA, P_KE, P_NONCE, (NOTIFY, b"\0\xff\x40\x04", {})])


def sealed_cases(ispi, rspi, to_initiator):
    """Against the live IKE SA: the right SPIs, no keys."""
    flag = 0x00 if to_initiator else 0x08
    for exchange, name in ((35, "IKE_AUTH"), (36, "CREATE_CHILD_SA"), (37, "INFORMATIONAL")):
        for n in (0, 8, 23, 24, 60, 600):
            yield (f"{name} request, {n} unauthentic bytes in SK",
                   header(ispi, rspi, SK, exchange, flag, LIVE["mid"], payload(0, bytes(n))),
                   {"integrity", "syntax", "message-id", "state", "exchange"})
    for mid in (LIVE["mid"] + 1, LIVE["mid"] + 1000, 0x7FFFFFFF, 0xFFFFFFFF):
        yield (f"request with message id {mid} out of the window",
               header(ispi, rspi, SK, 37, flag, mid, payload(0, bytes(60))), {"message-id", "integrity"})
    yield ("response to a request that was never sent",
           header(ispi, rspi, SK, 37, flag | 0x20, 5000, payload(0, bytes(60))), {"message-id"})
    yield ("clear delete for the live IKE SA",
           header(ispi, rspi, 42, 37, flag, LIVE["mid"], payload(0, b"\x01\0\0\0")), {"syntax", "integrity", "state", "message-id"})
    yield ("clear AUTHENTICATION_FAILED for the live IKE SA",
           header(ispi, rspi, NOTIFY, 37, flag | 0x20, LIVE["mid"], payload(0, b"\0\0\0\x18")),
           {"syntax", "integrity", "message-id", "state"})
    yield ("both flags of the wrong end",
           header(ispi, rspi, SK, 37, flag ^ 0x08, LIVE["mid"], payload(0, bytes(60))), {"flags", "no-sa", "integrity"})
    yield ("IKE_SA_INIT for the live SPIs",
           header(ispi, rspi, SA, 34, 0x08, 0, payload(0, proposal())),
           {"state", "message-id", "flags", "no-sa", "syntax", "exchange"})


def esp_cases(genuine):
    """genuine: ESP packets that were accepted, oldest first."""
    new, old = genuine[-1], genuine[0]
    for n in range(1, 8):
        yield f"ESP of {n} bytes", b"\x01" * n, {"malformed"}
    yield "ESP for an unknown SPI", b"\xde\xad\xbe\xef" + new[4:], {"no-sa"}
    yield "ESP with a reserved SPI", struct.pack(">I", 255) + new[4:], {"no-sa", "malformed"}
    for n in (8, 15, 16, 31, 32, 33):
        yield f"genuine ESP cut to {n} bytes", fresh(new)[:n], {"malformed", "integrity"}
    yield "replay of the newest packet", new, {"replay"}
    yield "replay of the oldest packet", old, {"replay"}
    yield "sequence number changed", fresh(new), {"integrity"}
    for at in (8, 15, 16, len(new) // 2, len(new) - 17, len(new) - 16, len(new) - 1):
        packet = bytearray(fresh(new))
        packet[at] ^= 1
        yield f"bit flipped in byte {at}", bytes(packet), {"integrity"}
    yield "one byte more", fresh(new) + b"\0", {"integrity", "malformed"}
    yield "two ICVs", fresh(new) + new[-16:], {"integrity"}


def fresh(packet):
    """The same packet with a sequence number not used yet: fails only the ICV."""
    seq = struct.unpack(">I", packet[4:8])[0]
    return packet[:4] + struct.pack(">I", seq + 7) + packet[8:]


LIVE = {}


class Target:
    def __init__(self, control, address):
        self.vici = vici.Vici(control)
        self.address = address
        # From a port of our own: the genuine peer keeps 500 and 4500.
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def sas(self):
        return self.vici.command("list-sas", event="list-sa")[1]

    def drops(self):
        answer, _ = self.vici.command("get-drops")
        result = {f"ike {k}": int(v) for k, v in answer["ike"].items()}
        result.update({f"esp {k}": int(v) for k, v in answer.get("device", {}).items()})
        for sa in self.sas():
            for conn in sa.values():
                for child in conn["child-sas"].values():
                    for cause, n in child.get("drops-in", {}).items():
                        result[f"esp {cause}"] = result.get(f"esp {cause}", 0) + int(n)
        return result

    def state(self):
        """What must not change: SPIs, states, what was accepted."""
        view = []
        for sa in self.sas():
            for name, conn in sa.items():
                children = sorted((c["spi-in"], c["spi-out"], c["state"], c["seq-in"], c["packets-in"])
                                  for c in conn["child-sas"].values())
                view.append((name, conn["state"], conn["initiator-spi"], conn["responder-spi"],
                             conn["remote-host"], conn["remote-port"], children))
        return sorted(view)

    def send(self, port, data):
        self.sock.sendto(data, (self.address, port))

    def settle(self, before, want):
        """Reads the counters until one of `want` moved; the daemon is quick."""
        for _ in range(100):
            after = self.drops()
            moved = {k: after[k] - before.get(k, 0) for k in after if after[k] != before.get(k, 0)}
            if any(k in moved for k in want):
                return moved
        return moved


def run(target, cases, kind, port, marker=b""):
    passed, failed = 0, 0
    state = target.state()
    for name, data, causes in cases:
        before = target.drops()
        target.send(port, marker + data)
        want = {f"{kind} {cause}" for cause in causes}
        moved = target.settle(before, want)
        now = target.state()
        if now != state:
            print(f"FAIL - {name}: the state changed\n  {state}\n  {now}")
            failed += 1
            state = now
        elif not moved or not set(moved) <= want or sum(moved.values()) != 1:
            print(f"FAIL - {name}: drops moved {moved}, expected one of {sorted(want)}")
            failed += 1
        else:
            print(f"ok   - {name}: {next(iter(moved))}")
            passed += 1
    return passed, failed


def main(argv):
    target = Target(argv[1], argv[2])
    wire = [judge.classify(f) for f in judge.frames(argv[3])]
    ip = socket.inet_aton(argv[2])
    child = next(iter(next(iter(target.sas()[0].values()))["child-sas"].values()))
    spi = bytes.fromhex(child["spi-in"])
    esp = [body for kind, _, dst, body in wire if kind == "esp" and dst == ip and body[:4] == spi]
    conn = next(iter(target.sas()[0].values()))
    sealed = [b for kind, _, dst, b in wire if kind == "ike" and dst == ip and b[16] == SK and not b[19] & 0x20]
    LIVE["mid"] = max((struct.unpack(">I", b[20:24])[0] for b in sealed), default=-1) + 1
    ispi, rspi = bytes.fromhex(conn["initiator-spi"]), bytes.fromhex(conn["responder-spi"])
    we_initiated = conn.get("initiator") == "yes"
    clear = list(clear_cases()) + [(n, d, {"syntax", "no-connection", "critical", "proposal"}) for n, d in syntax_cases()]
    live = list(sealed_cases(ispi, rspi, we_initiated))
    total = [0, 0]
    for cases, kind, port, marker in ((clear, "ike", 500, b""), (live, "ike", 500, b""),
                                      (live, "ike", 4500, bytes(4)),
                                      (list(esp_cases(esp)), "esp", 4500, b"")):
        for i, n in enumerate(run(target, cases, kind, port, marker)):
            total[i] += n
    print(json.dumps(target.drops()))
    print(f"{total[0]} passed, {total[1]} failed")
    return 1 if total[1] or total[0] < 100 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
