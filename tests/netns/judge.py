#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""judge: what was on the wire, read from a capture by code of its own.

  judge.py clear CAPTURE             every packet is ARP, ICMPv6 neighbour
                                     discovery, IKE or ESP in UDP; anything else is clear text
  judge.py iv CAPTURE... [--esp-sa F]  no (key, IV) pair twice, ESP and IKE
  judge.py counts CAPTURE            JSON: packets by kind

A verdict is exit status 0 or 1 and one line of JSON.  (key, IV): the IV of
AES-GCM is the first 8 bytes after SPI and sequence number (RFC 4106); the key
is taken from the key log where there is one, else the SPI with the two
addresses stands for it.  A captured frame may repeat byte for byte only for
IKE retransmissions (RFC 7296 section 2.1)."""
import json
import struct
import sys


def frames(path):
    data = open(path, "rb").read()
    if len(data) < 24:
        return
    magic = struct.unpack("<I", data[:4])[0]
    end = "<" if magic in (0xA1B2C3D4, 0xA1B23C4D) else ">"
    link = struct.unpack(end + "I", data[20:24])[0]
    if link != 1:
        raise SystemExit(f"{path}: link type {link}, Ethernet expected")
    at = 24
    while at + 16 <= len(data):
        _, _, caplen, _ = struct.unpack(end + "IIII", data[at:at + 16])
        if at + 16 + caplen > len(data):
            return  # cut while being written
        yield data[at + 16:at + 16 + caplen]
        at += 16 + caplen


def classify(frame):
    """(kind, src, dst, payload)"""
    ether = struct.unpack(">H", frame[12:14])[0]
    if ether == 0x0806:
        return "arp", b"", b"", b""
    if ether == 0x86DD:
        if frame[20] in (0, 58):
            return "icmp6", b"", b"", b""
        return "clear", frame[22:38], frame[38:54], frame[54:]
    if ether != 0x0800:
        return "other", b"", b"", b""
    ihl = (frame[14] & 15) * 4
    proto, src, dst = frame[23], frame[26:30], frame[30:34]
    length = struct.unpack(">H", frame[16:18])[0]
    body = frame[14 + ihl:14 + length]
    if struct.unpack(">H", frame[20:22])[0] & 0x1FFF:
        return "fragment", src, dst, body
    if proto == 50:
        return "esp", src, dst, body
    if proto == 17 and len(body) >= 8:
        sport, dport = struct.unpack(">HH", body[:4])
        udp = body[8:]
        if 500 in (sport, dport) and 4500 not in (sport, dport):
            return "ike", src, dst, udp
        if 4500 in (sport, dport):
            if udp == b"\xff":
                return "keepalive", src, dst, udp
            if udp[:4] == b"\0\0\0\0":
                return "ike", src, dst, udp[4:]
            if len(udp) >= 8:
                return "esp", src, dst, udp
    if proto == 1 and len(body) >= 8 and body[0] in (3, 11):
        return "icmp-error", src, dst, body
    return "clear", src, dst, body




def keys_of(path):
    keys = {}
    for line in open(path, encoding="ascii"):
        fields = [f.strip('"') for f in line.strip().split(",")]
        if len(fields) >= 6:
            keys[(fields[1], fields[2], int(fields[3], 16))] = fields[5]
    return keys


def dotted(addr):
    return ".".join(str(b) for b in addr)


def counts(paths):
    result = {}
    for path in paths:
        for frame in frames(path):
            kind = classify(frame)[0]
            result[kind] = result.get(kind, 0) + 1
    return result


def verdict_clear(paths):
    bad = [f for path in paths for f in frames(path)
           if classify(f)[0] in ("clear", "fragment", "other")]
    got = counts(paths)
    print(json.dumps({"clear": len(bad), "counts": got, "first": [f.hex() for f in bad[:3]]}))
    if not got.get("esp"):
        print("no ESP packet in the capture: nothing was judged", file=sys.stderr)
        return 1
    return 1 if bad else 0


def split_esp(body):
    """The ESP packets in one captured frame: a sender that uses UDP_SEGMENT
    hands the kernel a run of them, and the tap may see the run before it is
    cut.  Sequence numbers of one run follow each other."""
    while True:
        spi, seq = struct.unpack(">II", body[:8])
        at = body.find(struct.pack(">II", spi, (seq + 1) & 0xFFFFFFFF), 32)
        if at < 0:
            yield body
            return
        yield body[:at]
        body = body[at:]


def verdict_iv(paths, keys):
    seen, repeats, esp, ike = {}, [], 0, 0
    for path in paths:
        for frame in frames(path):
            kind, src, dst, body = classify(frame)
            for packet in split_esp(body) if kind == "esp" else ():
                esp += 1
                spi = struct.unpack(">I", packet[:4])[0]
                key = keys.get((dotted(src), dotted(dst), spi), f"{src.hex()}{dst.hex()}{spi:08x}")
                if (key, packet[8:16]) in seen:
                    repeats.append(("esp", f"{spi:08x}", packet[8:16].hex()))
                seen[(key, packet[8:16])] = None
            if kind == "ike" and len(body) > 40 and body[16] == 46:
                ike += 1
                pair = (body[:16], src, body[32:40])
                if seen.setdefault(pair, body) != body:
                    repeats.append(("ike", body[:8].hex(), body[32:40].hex()))
    print(json.dumps({"esp": esp, "ike": ike, "repeats": len(repeats), "first": repeats[:3]}))
    return 1 if repeats or not esp else 0


def main(argv):
    what, args, keys = argv[1], [], {}
    rest = iter(argv[2:])
    for arg in rest:
        if arg == "--esp-sa":
            keys.update(keys_of(next(rest)))
        else:
            args.append(arg)
    if what == "clear":
        return verdict_clear(args)
    if what == "iv":
        return verdict_iv(args, keys)
    if what == "counts":
        print(json.dumps(counts(args)))
        return 0
    raise SystemExit(__doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
