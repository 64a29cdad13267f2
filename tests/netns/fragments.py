#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# fragments: halves of one UDP datagram over different ways.  Used by
# closed_edges.sh.
#
#   fragments.py listen ADDRESS PORT SECONDS   prints what arrives, as text
#   fragments.py send WAY HALF FROM TO PORT ID [DEVICE]
#   fragments.py too-big HOST PEER MTU         an ICMP error as a router would send it to
#                                              HOST for its ESP to PEER
#
# HALF is `first` (UDP header and 16 bytes "tttt...") or `last` (16 bytes
# "cccc...").  WAY is `routed`, as any packet of this host, or `wire`, straight
# onto DEVICE where neither routes nor filters are asked.
#
import socket
import struct
import sys

HALF = 16


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packet(half, source, dest, port, ident):
    first = half == "first"
    body = struct.pack("!HHHH", 7000, port, 8 + 2 * HALF, 0) + b"t" * HALF if first else b"c" * HALF
    frag = 0x2000 if first else (8 + HALF) // 8
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), ident, frag, 64, 17, 0,
                       socket.inet_aton(source), socket.inet_aton(dest))
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


def send(way, half, source, dest, port, ident, device=None):
    data = packet(half, source, dest, int(port), int(ident))
    if way == "routed":
        s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        s.sendto(data, (dest, 0))
        return
    s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
    s.sendto(data, (device, 0x0800, 0, 0, b"\xff" * 6))


def too_big(host, peer, mtu):
    quoted = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 1428, 1, 0, 64, 17, 0,
                         socket.inet_aton(host), socket.inet_aton(peer))
    quoted += struct.pack("!HHHH", 4500, 4500, 1408, 0)
    error = struct.pack("!BBHHH", 3, 4, 0, 0, int(mtu)) + quoted
    error = error[:2] + struct.pack("!H", checksum(error)) + error[4:]
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    s.sendto(error, (host, 0))


def listen(address, port, seconds):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((address, int(port)))
    s.settimeout(float(seconds))
    print("listening", flush=True)
    try:
        while True:
            print("got", s.recv(65536).decode("latin-1"), flush=True)
    except TimeoutError:
        pass


if sys.argv[1] == "listen":
    listen(*sys.argv[2:])
elif sys.argv[1] == "too-big":
    too_big(*sys.argv[2:])
else:
    send(*sys.argv[2:])
