#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks tests/vectors/ike_setup.txt with nothing of the code under test.

From the clear IKE_SA_INIT messages and g^ir of each block it derives SKEYSEED
and the SK_* (RFC 7296 2.14), opens both IKE_AUTH messages, recomputes both AUTH
payloads (2.15) and derives the Child SA's keys (2.17).  HMAC comes from Python,
AES from the "cryptography" package.

    python3 tests/vectors/check_ike_setup.py     (run from the top folder)
"""

import hashlib
import hmac
import os
import struct
import sys

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HASH = {5: hashlib.sha256, 6: hashlib.sha384, 7: hashlib.sha512}
INTEG = {12: (5, 32, 16), 13: (6, 48, 24), 14: (7, 64, 32)}  # prf, key, ICV
SA, KE, IDI, IDR, AUTH, NONCE, TSI, TSR, SK = 33, 34, 35, 36, 39, 40, 44, 45, 46


def blocks(path):
    block = None
    for line in open(path):
        line = line.strip()
        if line.startswith("["):
            if block:
                yield block
            block = {"name": line[1:-1]}
        elif "=" in line and not line.startswith("#"):
            key, text = line.split(" = ")
            block[key] = bytes.fromhex(text)
    yield block


def payloads(first, data):
    found = {}
    while first:
        following, _, length = struct.unpack(">BBH", data[:4])
        found.setdefault(first, data[4:length])
        if first == SK:
            found["inner"] = following
            return found
        first, data = following, data[length:]
    assert not data
    return found


def transforms(sa):
    """One proposal: {type: (id, key bits)}."""
    spi_len, n = sa[6], sa[7]
    at, found = 8 + spi_len, {}
    for _ in range(n):
        _, length, kind, number = struct.unpack(">BxHBxH", sa[at:at + 8])
        bits = struct.unpack(">HH", sa[at + 8:at + 12])[1] if length > 8 else 0
        found[kind] = (number, bits)
        at += length
    return found, sa[8:8 + spi_len]


def prf_plus(prf, key, seed, length):
    out, last, n = b"", b"", 1
    while len(out) < length:
        last = prf(key, last + seed + bytes([n]))
        out, n = out + last, n + 1
    return out[:length]


def open_sk(message, keys, suite, from_initiator):
    body = payloads(message[16], message[28:])
    e, a = (keys["ei"], keys["ai"]) if from_initiator else (keys["er"], keys["ar"])
    start = len(message) - len(body[SK])
    if suite[1][0] == 20:
        iv, sealed = message[start:start + 8], message[start + 8:]
        plain = AESGCM(e[:-4]).decrypt(e[-4:] + iv, sealed, message[:start])
    else:
        number, _, icv = INTEG[suite[3][0]]
        mac = hmac.new(a, message[:-icv], HASH[number]).digest()[:icv]
        assert mac == message[-icv:], "ICV"
        aes = Cipher(algorithms.AES(e), modes.CBC(message[start:start + 16])).decryptor()
        plain = aes.update(message[start + 16:-icv]) + aes.finalize()
    return payloads(body["inner"], plain[:-1 - plain[-1]])


def check(b):
    m1, m2, m3, m4 = (b["message%d" % i] for i in range(1, 5))
    request, response = (payloads(m[16], m[28:]) for m in (m1, m2))
    suite, _ = transforms(response[SA])
    ni, nr, spis = request[NONCE], response[NONCE], m2[:16]
    hash_of = HASH[suite[2][0]]

    def prf(key, data):
        return hmac.new(key, data, hash_of).digest()

    size = hash_of().digest_size
    a_len = INTEG[suite[3][0]][1] if suite.get(3, (0, 0))[0] else 0
    e_len = suite[1][1] // 8 + (4 if suite[1][0] == 20 else 0)
    stream = prf_plus(prf, prf(ni + nr, b["secret"]), ni + nr + spis, 3 * size + 2 * (a_len + e_len))
    keys = {}
    for name, length in (("d", size), ("ai", a_len), ("ar", a_len), ("ei", e_len), ("er", e_len),
                         ("pi", size), ("pr", size)):
        keys[name], stream = stream[:length], stream[length:]
    i, r = open_sk(m3, keys, suite, True), open_sk(m4, keys, suite, False)
    pad = prf(b["psk"], b"Key Pad for IKEv2")
    assert i[AUTH][:4] == b"\2\0\0\0" and r[AUTH][:4] == b"\2\0\0\0", "method"
    assert i[AUTH][4:] == prf(pad, m1 + nr + prf(keys["pi"], i[IDI])), "AUTH of the initiator"
    assert r[AUTH][4:] == prf(pad, m2 + ni + prf(keys["pr"], r[IDR])), "AUTH of the responder"
    child, _ = transforms(r[SA])
    length = child[1][1] // 8 + 4
    material = prf_plus(prf, keys["d"], ni + nr, 2 * length)
    assert b["encr_i"] == material[:length] and b["encr_r"] == material[length:], "Child SA keys"


def main():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ike_setup.txt")
    for b in blocks(path):
        check(b)
        print(b["name"], "ok")


if __name__ == "__main__":
    sys.exit(main())
