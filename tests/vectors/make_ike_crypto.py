#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/vectors/ike_*.txt: what ike/core/crypto must compute.

Shares nothing with the code under test: HMAC and SHA come from Python's own
modules, exponentiation from pow(), and AES with its GCM and CBC modes is
written out below from FIPS 197, SP 800-38D and SP 800-38A.  Published vectors
stand in the files with their source; the script refuses to write anything if
its own arithmetic disagrees with one of them.

    python3 tests/vectors/make_ike_crypto.py     (run from the top folder)

The same text is written by each run: "random" input is SHA-256 of a counter.
"""

import hashlib
import hmac
import ipaddress
import os

OUT = os.path.dirname(os.path.abspath(__file__))
HASH = {5: hashlib.sha256, 6: hashlib.sha384, 7: hashlib.sha512}
INTEG = {12: (5, 32, 16), 13: (6, 48, 24), 14: (7, 64, 32)}  # prf, key, ICV
GCM_ICV = {18: 8, 19: 12, 20: 16}
drawn = 0


def draw(n):
    global drawn
    out = b""
    while len(out) < n:
        drawn += 1
        out += hashlib.sha256(b"ipsec-offload vectors %d" % drawn).digest()
    return out[:n]


class File:
    def __init__(self, name):
        self.f = open(os.path.join(OUT, name), "w")
        self.f.write("# Written by make_ike_crypto.py; do not edit.\n")

    def block(self, name, **fields):
        self.f.write(f"\n[{name}]\n")
        for key, value in fields.items():
            text = value.hex() if isinstance(value, bytes) else str(value)
            self.f.write(f"{key} = {text}\n")


# --- AES (FIPS 197) --------------------------------------------------------

def xtime(a):
    return (a << 1) ^ (0x11B if a & 0x80 else 0)


def gmul(a, b):
    out = 0
    while b:
        if b & 1:
            out ^= a
        a, b = xtime(a), b >> 1
    return out


def make_sbox():
    sbox = [0] * 256
    for v in range(256):
        inv = next((w for w in range(256) if gmul(v, w) == 1), 0)
        out = 0x63
        for shift in range(5):
            out ^= ((inv << shift) | (inv >> (8 - shift))) & 0xFF
        sbox[v] = out
    return sbox


SBOX = make_sbox()


def expand_key(key):
    nk = len(key) // 4
    w = [list(key[4 * i : 4 * i + 4]) for i in range(nk)]
    rcon = 1
    for i in range(nk, 4 * (nk + 7)):
        t = list(w[-1])
        if i % nk == 0:
            t = [SBOX[b] for b in t[1:] + t[:1]]
            t[0] ^= rcon
            rcon = xtime(rcon)
        elif nk > 6 and i % nk == 4:
            t = [SBOX[b] for b in t]
        w.append([a ^ b for a, b in zip(w[i - nk], t)])
    return [sum(w[4 * r : 4 * r + 4], []) for r in range(nk + 7)]


def aes(rounds, block):
    s = [a ^ b for a, b in zip(block, rounds[0])]
    for r in range(1, len(rounds)):
        s = [SBOX[s[(i + 4 * (i % 4)) % 16]] for i in range(16)]
        if r < len(rounds) - 1:
            mixed = []
            for c in range(0, 16, 4):
                a = s[c : c + 4]
                for i in range(4):
                    mixed.append(
                        gmul(a[i], 2) ^ gmul(a[(i + 1) % 4], 3) ^ a[(i + 2) % 4] ^ a[(i + 3) % 4]
                    )
            s = mixed
        s = [a ^ b for a, b in zip(s, rounds[r])]
    return bytes(s)


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def gcm(key, nonce, aad, plain):
    """SP 800-38D, 96-bit nonce: (ciphertext, 16-byte tag)."""
    rounds = expand_key(key)
    h = int.from_bytes(aes(rounds, bytes(16)), "big")

    def times_h(x):
        z, v = 0, h
        for i in range(127, -1, -1):
            if x >> i & 1:
                z ^= v
            v = (v >> 1) ^ (0xE1 << 120 if v & 1 else 0)
        return z

    out = b""
    for i in range(0, len(plain), 16):
        stream = aes(rounds, nonce + (2 + i // 16).to_bytes(4, "big"))
        out += xor(plain[i : i + 16], stream)
    y = 0
    for run in (aad, out):
        for i in range(0, len(run), 16):
            y = times_h(y ^ int.from_bytes(run[i : i + 16].ljust(16, b"\0"), "big"))
    y = times_h(y ^ (len(aad) * 8 << 64 | len(out) * 8))
    return out, xor(y.to_bytes(16, "big"), aes(rounds, nonce + b"\0\0\0\1"))


def cbc(key, iv, plain):
    rounds = expand_key(key)
    out = b""
    for i in range(0, len(plain), 16):
        iv = aes(rounds, xor(plain[i : i + 16], iv))
        out += iv
    return out


# --- PRF (RFC 7296 section 2.13) -------------------------------------------

def prf(n, key, data):
    return hmac.new(key, data, HASH[n]).digest()


def prf_plus(n, key, seed, length):
    out, t, i = b"", b"", 0
    while len(out) < length:
        i += 1
        t = prf(n, key, t + seed + bytes([i]))
        out += t
    return out[:length]


RFC4231 = [
    (1, b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (2, b"Jefe", b"what do ya want for nothing?",
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
    (3, b"\xaa" * 20, b"\xdd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    (4, bytes(range(1, 26)), b"\xcd" * 50,
     "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
    (6, b"\xaa" * 131, b"Test Using Larger Than Block-Size Key - Hash Key First",
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
    (7, b"\xaa" * 131,
     b"This is a test using a larger than block-size key and a larger than block-size data. "
     b"The key needs to be hashed before being used by the HMAC algorithm.",
     "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
]


def make_prf():
    f = File("ike_prf.txt")
    for case, key, data, sha256 in RFC4231:
        assert prf(5, key, data).hex() == sha256, case
        for n in HASH:
            f.block(f"RFC 4231 section 4.{case + 1}, PRF {n}", prf=n, key=key, data=data,
                    out=prf(n, key, data))
    for n, size in ((5, 32), (6, 48), (7, 64)):
        key = b"\x0b" * size
        if n == 5:  # RFC 4868 section 2.7.1, test case PRF-1 with a key of full length
            assert prf(n, key, b"Hi There").hex().startswith("198a607eb44bfbc69903a0f1cf2bbdc5")
        f.block(f"RFC 4868 section 2.7.1 AUTH-1, PRF {n}", prf=n, key=key, data=b"Hi There",
                out=prf(n, key, b"Hi There"))
        longest = 255 if n == 5 else 4  # blocks; one PRF at the limit is enough
        for length in (1, size - 1, size, size + 1, 3 * size, longest * size):
            key, seed = draw(size), draw(97)
            f.block(f"prf+ to {length} bytes, PRF {n}", prf=n, key=key, seed=seed,
                    plus=prf_plus(n, key, seed, length))


# --- Key material (RFC 7296 sections 2.14, 2.17, 2.18) ---------------------

def cut(stream, *lengths):
    out, at = [], 0
    for n in lengths:
        out.append(stream[at : at + n])
        at += n
    return out


def sizes(encr, bits, integ):
    return bits // 8 + (4 if encr in GCM_ICV else 0), INTEG[integ][1] if integ else 0


def ike_keys(n, seed, ni, nr, spis, encr, bits, integ):
    e, a = sizes(encr, bits, integ)
    d = {5: 32, 6: 48, 7: 64}[n]
    stream = prf_plus(n, seed, ni + nr + spis, 3 * d + 2 * e + 2 * a)
    return dict(zip(("d", "ai", "ar", "ei", "er", "pi", "pr"), cut(stream, d, a, a, e, e, d, d)))


def make_keymat():
    f = File("ike_keymat.txt")
    suites = [(20, 128, 0), (20, 256, 0), (18, 192, 0), (19, 256, 0),
              (12, 128, 12), (12, 192, 13), (12, 256, 14)]
    for i, (encr, bits, integ) in enumerate(suites):
        for n in HASH:
            old = 5 + (n - 5 + 1 + i) % 3
            ni, nr = draw((16, 32, 256, 64)[i % 4]), draw((32, 16, 33, 256)[i % 4])
            secret, spis, old_d = draw((32, 256)[i % 2]), draw(16), draw(len(HASH[old]().digest()))
            first = prf(n, ni + nr, secret)
            again = prf(old, old_d, secret + ni + nr)
            a = ike_keys(n, first, ni, nr, spis, encr, bits, integ)
            b = ike_keys(n, again, ni, nr, spis, encr, bits, integ)
            e, g = sizes(encr, bits, integ)
            plain = cut(prf_plus(n, a["d"], ni + nr, 2 * (e + g)), e, g, e, g)
            pfs = cut(prf_plus(n, a["d"], secret + ni + nr, 2 * (e + g)), e, g, e, g)
            names = ("i2r_encr", "i2r_integ", "r2i_encr", "r2i_integ")
            f.block(f"ENCR {encr} {bits} INTEG {integ} PRF {n}", prf=n, encr=encr, key_bits=bits,
                    integ=integ, ni=ni, nr=nr, secret=secret, spi_i=spis[:8], spi_r=spis[8:],
                    old_prf=old, old_d=old_d, **a, **{"rekey_" + k: v for k, v in b.items()},
                    **dict(zip(names, plain)),
                    **{"pfs_" + k: v for k, v in zip(names, pfs)})


# --- AUTH, NAT detection ---------------------------------------------------

def make_auth():
    f = File("ike_auth.txt")
    for n in HASH:
        for secret in (b"a", b"correct horse battery staple", draw(200)):
            sk_p, message, nonce = draw(len(HASH[n]().digest())), draw(301), draw(32)
            rest = bytes((2, 0, 0, 0)) + b"gw.example"
            octets = message + nonce + prf(n, sk_p, rest)
            auth = prf(n, prf(n, secret, b"Key Pad for IKEv2"), octets)
            f.block(f"PRF {n}, secret of {len(secret)} bytes", prf=n, secret=secret, sk_p=sk_p,
                    message=message, nonce=nonce, rest_of_id=rest, octets=octets, auth=auth)


def make_natd():
    f = File("ike_natd.txt")
    for addr, port in (("192.0.2.1", 500), ("198.51.100.77", 4500), ("2001:db8::5", 500),
                       ("0.0.0.0", 0), ("10.9.8.7", 65535)):
        spis = draw(16) if port else draw(8) + bytes(8)
        packed = ipaddress.ip_address(addr).packed
        f.block(f"{addr} port {port}", spi_i=spis[:8], spi_r=spis[8:], addr=packed, port=port,
                hash=hashlib.sha1(spis + packed + port.to_bytes(2, "big")).digest())


# --- Key exchange ----------------------------------------------------------

def pi_bits(n):
    """floor(2^n * pi), by Machin's formula with guard bits."""
    one = 1 << (n + 64)

    def arctan_inv(x):
        total = term = one // x
        k, sign = 3, -1
        while term:
            term //= x * x
            total += sign * (term // k)
            k, sign = k + 2, -sign
        return total

    return (4 * (4 * arctan_inv(5) - arctan_inv(239))) >> 64


# RFC 3526 section 3: 2^2048 - 2^1984 - 1 + 2^64 * { [2^1918 pi] + 124476 }
MODP2048 = 2**2048 - 2**1984 - 1 + 2**64 * (pi_bits(1918) + 124476)


def make_ke():
    p = MODP2048
    assert pow(2, p - 1, p) == 1 and pow(2, (p - 1) // 2, p) == 1
    f = File("ike_ke.txt")
    f.block("modp2048 prime", p=p.to_bytes(256, "big"))
    for i in range(4):
        a, b = draw(40), draw(40)
        if i == 3:  # public value and secret with leading zero bytes keep their length
            a = (2).to_bytes(40, "big")
        ga, gb = (pow(2, int.from_bytes(x, "big"), p) for x in (a, b))
        shared = pow(gb, int.from_bytes(a, "big"), p)
        f.block(f"modp2048 exchange {i}", a=a, b=b, ga=ga.to_bytes(256, "big"),
                gb=gb.to_bytes(256, "big"), shared=shared.to_bytes(256, "big"))


# --- SK payload ------------------------------------------------------------

def make_sk():
    f = File("ike_sk.txt")
    key = bytes.fromhex("feffe9928665731c6d6a8f9467308308")
    iv = bytes.fromhex("cafebabefacedbaddecaf888")
    aad = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    plain = bytes.fromhex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39")
    for test, k, tag in ((4, key, "5bc94fbc3221a5db94fae95ae7121a47"),
                         (16, key + key, "76fc6ece0f4e1768cddf8853bb2d551b")):
        body, icv = gcm(k, iv, aad, plain)
        assert icv.hex() == tag
        f.block(f"GCM specification (McGrew, Viega) test case {test}", encr=20, key_bits=len(k) * 8,
                integ=0, encr_key=k + iv[:4], integ_key=b"", aad=aad, iv=iv[4:], plain=plain,
                body=body, icv=icv)
    rfc3602 = [
        ("1", "06a9214036b8a15b512e03d534120006", "3dafba429d9eb430b422da802c9fac41",
         b"Single block msg", "e353779c1079aeb82708942dbe77181a"),
        ("2", "c286696d887c9aa0611bbb3e2025a45a", "562e17996d093d28ddb3ba695a2e6f58",
         bytes(range(32)), "d296cd94c2cccf8a3a863028b5e1dc0a7586602d253cfff91b8266bea6d61ab1"),
    ]
    for case, k, iv, plain, body in rfc3602:
        k, iv, body = (bytes.fromhex(x) for x in (k, iv, body))
        assert cbc(k, iv, plain) == body
        ak, aad = draw(32), draw(32)
        f.block(f"RFC 3602 section 4 case {case}, with HMAC-SHA2-256-128", encr=12, key_bits=128,
                integ=12, encr_key=k, integ_key=ak, aad=aad, iv=iv, plain=plain, body=body,
                icv=prf(5, ak, aad + iv + body)[:16])
    for encr, icv_len in GCM_ICV.items():
        for bits in (128, 192, 256):
            k, salt, iv, aad, plain = draw(bits // 8), draw(4), draw(8), draw(32), draw(75)
            body, icv = gcm(k, salt + iv, aad, plain)
            f.block(f"AES_GCM_{icv_len} {bits}", encr=encr, key_bits=bits, integ=0,
                    encr_key=k + salt, integ_key=b"", aad=aad, iv=iv, plain=plain, body=body,
                    icv=icv[:icv_len])
    for integ, (n, key_len, icv_len) in INTEG.items():
        for bits in (128, 192, 256):
            k, ak, iv, aad, plain = draw(bits // 8), draw(key_len), draw(16), draw(32), draw(80)
            body = cbc(k, iv, plain)
            f.block(f"AES_CBC {bits} INTEG {integ}", encr=12, key_bits=bits, integ=integ,
                    encr_key=k, integ_key=ak, aad=aad, iv=iv, plain=plain, body=body,
                    icv=prf(n, ak, aad + iv + body)[:icv_len])


for make in (make_prf, make_keymat, make_auth, make_natd, make_ke, make_sk):
    make()
