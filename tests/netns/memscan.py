#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# memscan: looks for secrets in the memory of a running process.  Used by
# key_wipe.sh; needs the right to trace the process.
#
#   memscan.py keys DIR               the secrets of a key log, one a line: NAME HEX
#   memscan.py find PID < SECRETS     prints each secret that PID has in memory
#
# A secret counts as found when any 16 bytes of it that begin at a multiple of
# 16 are there, as bytes or as hexadecimal text: half a key is a leak as well.
#
import re
import sys

PART = 16


def of_keylog(folder):
    """ESP keys end in their 4-byte salt; IKE keys under AES-GCM do too."""
    with open(folder + "/esp_sa", encoding="ascii") as table:
        for line in table:
            column = line.rstrip("\n").split(",")
            yield "esp-" + column[3].strip('"'), bytes.fromhex(column[5].strip('"')[2:])[:-4]
    with open(folder + "/ikev2_decryption_table", encoding="ascii") as table:
        for line in table:
            column = line.rstrip("\n").split(",")
            salt = 4 if "GCM" in column[4] else 0
            for name, at in (("ei", 2), ("er", 3), ("ai", 5), ("ar", 6)):
                key = bytes.fromhex(column[at])
                if at < 4 and salt:
                    key = key[:-salt]
                if key:
                    yield "ike-%s-%s" % (column[0], name), key


def regions(pid):
    """What the process can write, and what it could: no mapped files or devices."""
    with open("/proc/%d/maps" % pid, encoding="ascii") as maps:
        for line in maps:
            m = re.match(r"([0-9a-f]+)-([0-9a-f]+) (....) \S+ \S+ \d+ *(.*)", line)
            if m and m[3][0] == "r" and (m[3][1] == "w" or not m[4].startswith("/")):
                if m[4] not in ("[vvar]", "[vsyscall]", "[vdso]"):
                    yield int(m[1], 16), int(m[2], 16)


def parts(secret):
    pieces = [secret[i:i + PART] for i in range(0, max(len(secret) - PART + 1, 1), PART)]
    for piece in pieces:
        yield piece
        yield piece.hex().encode()
        yield piece.hex().upper().encode()


def find(pid):
    secrets = [(name, list(parts(bytes.fromhex(text))))
               for name, text in (line.split() for line in sys.stdin)]
    found, total = {}, 0
    with open("/proc/%d/mem" % pid, "rb", buffering=0) as mem:
        for low, high in regions(pid):
            try:
                mem.seek(low)
                data = mem.read(high - low)
            except OSError:
                continue  # guard pages, device memory
            total += len(data)
            for name, pieces in secrets:
                for piece in pieces:
                    at = data.find(piece)
                    if at >= 0 and name not in found:
                        found[name] = low + at
    if total < 65536:
        sys.exit("memscan: only %d bytes of process %d could be read" % (total, pid))
    for name, at in sorted(found.items()):
        print(name, hex(at))


if sys.argv[1] == "keys":
    for name, key in of_keylog(sys.argv[2]):
        print(name, key.hex())
else:
    find(int(sys.argv[2]))
