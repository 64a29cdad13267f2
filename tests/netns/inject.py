#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""inject: bad ESP packets, made from genuine ones of a capture.

  inject.py CAPTURE TARGET_IP SPI CASE[=COUNT]...

Cases: replay (the newest packet again), corrupt (an ICV bit flipped, sequence
number not used yet), cut (less than an ICV left), unknown (an SPI that nobody has).
They are sent in UDP to port 4500, from a port of our own: the peer keeps its."""
import os
import socket
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import judge  # noqa: E402


def packet(case, newest, n):
    seq = struct.unpack(">I", newest[4:8])[0]
    unused = newest[:4] + struct.pack(">I", seq + 1 + n)
    if case == "replay":
        return newest
    if case == "corrupt":
        return unused + newest[8:-1] + bytes([newest[-1] ^ 1])
    if case == "cut":
        return unused + newest[8:20]
    if case == "unknown":
        return b"\x00\x00\x01\x00" + newest[4:]
    raise SystemExit(__doc__)


def main(argv):
    target, spi = argv[2], bytes.fromhex(argv[3])
    genuine = []
    for frame in judge.frames(argv[1]):
        kind, _, dst, body = judge.classify(frame)
        if kind == "esp" and dst == socket.inet_aton(target) and body[:4] == spi:
            genuine.extend(judge.split_esp(body))
    if not genuine:
        raise SystemExit(f"{argv[1]}: no packet of SPI {argv[3]} to {target}")
    newest = max(genuine, key=lambda p: struct.unpack(">I", p[4:8])[0])
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for arg in argv[4:]:
        case, _, count = arg.partition("=")
        for n in range(int(count or 1)):
            sock.sendto(packet(case, newest, n), (target, 4500))


if __name__ == "__main__":
    main(sys.argv)
