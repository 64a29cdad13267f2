# SPDX-License-Identifier: Apache-2.0
"""vici: the control protocol for tests, written apart from ike/vici so that
each checks the other, and a server that answers with recorded messages."""
import os, socket, struct, threading

SECTION_START, SECTION_END, KEY_VALUE, LIST_START, LIST_ITEM, LIST_END = range(1, 7)
(CMD_REQUEST, CMD_RESPONSE, CMD_UNKNOWN, EVENT_REGISTER, EVENT_UNREGISTER, EVENT_CONFIRM,
 EVENT_UNKNOWN, EVENT) = range(8)


def _name(kind, name):
    raw = name.encode()
    return bytes([kind, len(raw)]) + raw


def _value(value):
    raw = value if isinstance(value, bytes) else str(value).encode()
    return struct.pack(">H", len(raw)) + raw


def encode(message):
    out = b""
    for name, value in message.items():
        if isinstance(value, dict):
            out += _name(SECTION_START, name) + encode(value) + bytes([SECTION_END])
        elif isinstance(value, list):
            items = b"".join(bytes([LIST_ITEM]) + _value(v) for v in value)
            out += _name(LIST_START, name) + items + bytes([LIST_END])
        else:
            out += _name(KEY_VALUE, name) + _value(value)
    return out


def decode(data):
    def take(at, size_len):
        n = int.from_bytes(data[at:at + size_len], "big")
        return data[at + size_len:at + size_len + n].decode(), at + size_len + n

    root, stack, at, items = {}, [], 0, None
    here = root
    while at < len(data):
        kind, at = data[at], at + 1
        if kind in (SECTION_START, KEY_VALUE, LIST_START):
            name, at = take(at, 1)
        if kind == SECTION_START:
            stack.append(here)
            here[name] = here = {}
        elif kind == SECTION_END:
            here = stack.pop()
        elif kind == KEY_VALUE:
            here[name], at = take(at, 2)
        elif kind == LIST_START:
            here[name] = items = []
        elif kind == LIST_ITEM:
            value, at = take(at, 2)
            items.append(value)
        else:
            assert kind == LIST_END
    assert not stack
    return root


class Server:
    """answers: {command: (events, response)}; events is a list of (name,
    message).  A response None: never answer; b"": close; bytes: sent as they are."""

    def __init__(self, path, answers, events=("list-sa", "list-conn", "control-log", "device")):
        self.answers, self.events, self.requests = answers, events, []
        if os.path.exists(path):
            os.unlink(path)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(4)
        self.acceptor = threading.Thread(target=self._accept, daemon=True)
        self.acceptor.start()

    def _accept(self):
        while True:
            try:
                conn, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(conn,), daemon=True).start()

    def _serve(self, conn):
        stream = conn.makefile("rb")
        registered = set()

        def send(kind, name=None, message=None):
            head = bytes([kind])
            if name is not None:
                head += bytes([len(name)]) + name.encode()
            body = head + (encode(message) if message else b"")
            conn.sendall(struct.pack(">I", len(body)) + body)

        while True:
            length = stream.read(4)
            if len(length) < 4:
                conn.close()
                return
            body = stream.read(struct.unpack(">I", length)[0])
            name = body[2:2 + body[1]].decode()
            if body[0] in (EVENT_REGISTER, EVENT_UNREGISTER):
                known = name in self.events
                (registered.add if body[0] == EVENT_REGISTER else registered.discard)(name)
                send(EVENT_CONFIRM if known else EVENT_UNKNOWN)
                continue
            self.requests.append((name, decode(body[2 + body[1]:])))
            if name not in self.answers:
                send(CMD_UNKNOWN)
                continue
            events, response = self.answers[name]
            for event, message in events:
                if event in registered:
                    send(EVENT, event, message)
            if response is None:
                continue
            if isinstance(response, bytes):
                conn.sendall(response)
                conn.shutdown(socket.SHUT_RDWR)
                conn.close()
                return
            send(CMD_RESPONSE, message=response)

    def close(self):
        # Closing alone leaves accept() waiting on a number that the next
        # listener may get.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.acceptor.join()
        self.listener.close()
