#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# dp_abuse: a hostile program on the control socket of the data plane, one that
# was let in (it is root) but does not hold the lease.  Used by control_abuse.sh.
#
#   dp_abuse.py SOCKET SEED
#
import random
import socket
import struct
import sys

PATH = sys.argv[1]
rng = random.Random(int(sys.argv[2]))
print("seed", sys.argv[2])


def record(op, payload, ident=1):
    return struct.pack("!BBHIII", 1, 1, op, ident, 0, len(payload)) + payload


# Looked for in memory afterwards: what was too long may have held keys as well.
GIANT_TEXT = bytes.fromhex("67 69 61 6e 74 20 72 65 63 6f 72 64 20 6b 65 79")
MONITOR = record(1, struct.pack("!HB", 1, 1) + b"\x05abuse")


def connect():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect(PATH)  # waits while the queue of those who knock is full
    s.settimeout(2)
    return s


def monitor():
    s = connect()
    s.send(MONITOR)
    if not s.recv(65536):
        sys.exit("no welcome")
    return s


def crowd():
    """1000 connections at once: those over the limit are closed."""
    sockets = [connect() for _ in range(1000)]
    print(len(sockets), "connections")
    for s in sockets:
        s.close()


def changes():
    """All that only the lease holder may do is refused, and nothing else said."""
    s = monitor()
    for op in (2, 3, 4, 10, 11):
        s.send(record(op, rng.randbytes(rng.randrange(64)), op))
        code = struct.unpack("!i", s.recv(65536)[8:12])[0]
        if code >= 0:
            sys.exit("op %d of a monitor was answered %d" % (op, code))
    s.close()
    print("5 operations refused")


def noise():
    """Cut, stretched and random records, before and after hello."""
    n = 0
    for _ in range(2000):
        s = monitor() if rng.random() < 0.5 else connect()
        try:
            for _ in range(rng.randrange(1, 5)):
                data = record(rng.randrange(14), rng.randbytes(rng.choice((0, 1, 8, 9, 64, 4096))))
                cut = rng.random()
                if cut < 0.3:
                    data = data[:rng.randrange(len(data))]
                elif cut < 0.5:
                    data = data[:12] + rng.randbytes(4) + data[16:]
                elif cut < 0.6:
                    data = rng.randbytes(len(data))
                s.send(data)
                n += 1
            s.setblocking(False)
            s.recv(65536)
        except OSError:
            pass
        s.close()
    print(n, "bad records")


def giant():
    s = monitor()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    s.send(GIANT_TEXT * 10000)
    if s.recv(65536):
        sys.exit("a giant record was answered")
    print("a giant record ends its connection")


def deaf():
    """Asks and never reads; must not stop the others."""
    sockets = [monitor() for _ in range(6)]
    n = 0
    for s in sockets:
        s.setblocking(False)
        try:
            while n < 100000:
                s.send(record(rng.choice((7, 8, 9)), b"\x01" if rng.random() < 0.5 else b""))
                n += 1
        except OSError:
            pass
    print(n, "questions of those who never read")
    return sockets


held = deaf()
changes()
noise()
giant()
crowd()
