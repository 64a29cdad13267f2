# SPDX-License-Identifier: Apache-2.0
"""vici: a small VICI client in another language than the daemon's, so that the
control protocol is checked by code that shares nothing with it."""
import socket
import struct


class Vici:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(15)
        self.sock.connect(path)

    def _send(self, kind, name, body=b""):
        packet = bytes([kind, len(name)]) + name.encode() + body
        self.sock.sendall(struct.pack(">I", len(packet)) + packet)

    def _exactly(self, n):
        data = b""
        while len(data) < n:
            part = self.sock.recv(n - len(data))
            if not part:
                raise EOFError("the daemon closed the control socket")
            data += part
        return data

    def _receive(self):
        packet = self._exactly(struct.unpack(">I", self._exactly(4))[0])
        kind, at, name = packet[0], 1, ""
        if kind == 7:
            name = packet[2:2 + packet[1]].decode()
            at = 2 + packet[1]
        return kind, name, packet[at:]

    def command(self, name, args=None, event=None):
        """(answer, [events])"""
        if event:
            self._send(3, event)
            if self._receive()[0] != 5:
                raise ValueError(f"event {event} is unknown")
        self._send(0, name, encode(args or {}))
        events = []
        while True:
            kind, got, body = self._receive()
            if kind == 7:
                events.append((got, decode(body)))
            elif kind == 1:
                return decode(body), [e for n, e in events if n == event]
            else:
                raise ValueError(f"command {name}: packet type {kind}")


def encode(tree):
    out = b""
    for key, value in tree.items():
        name = bytes([len(key)]) + key.encode()
        if isinstance(value, dict):
            out += b"\x01" + name + encode(value) + b"\x02"
        elif isinstance(value, list):
            out += b"\x04" + name
            for item in value:
                out += b"\x05" + struct.pack(">H", len(item)) + item.encode()
            out += b"\x06"
        else:
            out += b"\x03" + name + struct.pack(">H", len(value)) + value.encode()
    return out


def decode(data):
    def name(at):
        return data[at + 1:at + 1 + data[at]].decode(), at + 1 + data[at]

    def value(at):
        n = struct.unpack(">H", data[at:at + 2])[0]
        return data[at + 2:at + 2 + n].decode(errors="replace"), at + 2 + n

    root, at, stack, items = {}, 0, [], None
    here = root
    while at < len(data):
        kind, at = data[at], at + 1
        if kind == 1:
            key, at = name(at)
            stack.append(here)
            here = here.setdefault(key, {})
        elif kind == 2:
            here = stack.pop()
        elif kind == 3:
            key, at = name(at)
            here[key], at = value(at)
        elif kind == 4:
            key, at = name(at)
            items = here.setdefault(key, [])
        elif kind == 5:
            item, at = value(at)
            items.append(item)
        elif kind == 6:
            items = None
        else:
            raise ValueError(f"element {kind}")
    return root
