#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes ike_messages.hex: clear IKEv2 messages built by scapy, which shares no
code with ours.  Run `python3 make_ike_messages.py > ike_messages.hex`.

Bodies inside SK are written as messages in clear, as they look after
decryption.  Deterministic: nonces and keys are counting bytes."""

import scapy
from scapy.contrib.ikev2 import (
    IKEv2, IKEv2_payload_AUTH, IKEv2_payload_CERTREQ, IKEv2_payload_Encrypted, IKEv2_payload_IDi,
    IKEv2_payload_IDr, IKEv2_payload_KE, IKEv2_payload_Nonce, IKEv2_payload_Notify,
    IKEv2_payload_Proposal, IKEv2_payload_SA, IKEv2_payload_Transform, IKEv2_payload_TSi,
    IKEv2_payload_TSr, IKEv2_payload_VendorID, IKEv2_payload, IPv4TrafficSelector,
    IPv6TrafficSelector)

NUMBER = {IKEv2_payload_SA: 33, IKEv2_payload_KE: 34, IKEv2_payload_IDi: 35,
          IKEv2_payload_IDr: 36, IKEv2_payload_CERTREQ: 38, IKEv2_payload_AUTH: 39,
          IKEv2_payload_Nonce: 40, IKEv2_payload_Notify: 41, IKEv2_payload_VendorID: 43,
          IKEv2_payload_TSi: 44, IKEv2_payload_TSr: 45, IKEv2_payload_Encrypted: 46}
SPI_I, SPI_R = bytes.fromhex("0102030405060708"), bytes.fromhex("1112131415161718")


def counting(n, start=0):
    return bytes((start + i) & 255 for i in range(n))


def transforms(triples):
    chain = None
    for i, (kind, number, bits) in reversed(list(enumerate(triples))):
        last = i + 1 == len(triples)
        t = IKEv2_payload_Transform(next_payload=0 if last else 3, transform_type=kind,
                                    transform_id=number, length=12 if bits else 8)
        if bits:
            t.key_length = bits
        chain = t if chain is None else t / chain
    return chain


def sa(*proposals):
    chain = None
    for i, (proto, spi, triples) in reversed(list(enumerate(proposals))):
        p = IKEv2_payload_Proposal(next_payload=0 if i + 1 == len(proposals) else 2,
                                   proposal=i + 1, proto=proto, SPI=spi, SPIsize=len(spi),
                                   trans_nb=len(triples), trans=transforms(triples))
        chain = p if chain is None else p / chain
    return IKEv2_payload_SA(prop=chain)


def notify(number, data=b"", proto=0, spi=b""):
    # scapy 2.5 leaves the SPI out of the length (against RFC 7296 section 3.2): give it.
    return IKEv2_payload_Notify(type=number, load=data, proto=proto, SPI=spi,
                                length=8 + len(spi) + len(data))


def delete(proto, *spis):
    body = bytes([proto, 4 if spis else 0]) + len(spis).to_bytes(2, "big") + b"".join(spis)
    p = IKEv2_payload(load=body)
    p.number = 42
    return p


def v4(lo, hi, proto=0, ports=(0, 65535)):
    return IPv4TrafficSelector(IP_protocol_ID=proto, length=16, start_port=ports[0],
                               end_port=ports[1], starting_address_v4=lo, ending_address_v4=hi)


def v6(lo, hi):
    return IPv6TrafficSelector(length=40, starting_address_v6=lo, ending_address_v6=hi)


def ident(cls, kind, data, length):
    # scapy 2.5 looks for the length of a field that it has renamed: give it.
    return cls(IDtype=kind, ID=data, length=8 + length)


def number_of(p):
    return getattr(p, "number", None) or NUMBER[type(p)]


def message(name, exchange, flags, mid, payloads, spi_r=SPI_R):
    head = IKEv2(init_SPI=SPI_I, resp_SPI=spi_r, exch_type=exchange, flags=flags, id=mid,
                 next_payload=number_of(payloads[0]) if payloads else 0)
    # Each payload on its own: scapy's "/" would guess the next one from bytes.
    raw = b""
    for i, p in enumerate(payloads):
        if type(p) is not IKEv2_payload_Encrypted:
            p.next_payload = number_of(payloads[i + 1]) if i + 1 < len(payloads) else 0
        raw += bytes(p)
    head.length = 28 + len(raw)
    print(name, (bytes(head) + raw).hex())


GCM, CBC = 20, 12
IKE_AEAD = (1, b"", [(1, GCM, 256), (1, GCM, 128), (2, 6, 0), (2, 5, 0), (4, 31, 0), (4, 19, 0)])
IKE_CBC = (1, b"", [(1, CBC, 256), (1, CBC, 128), (3, 13, 0), (3, 12, 0), (2, 6, 0), (2, 5, 0),
                    (4, 31, 0), (4, 14, 0)])


def esp(spi, ke=()):
    return (3, spi, [(1, GCM, 256), (1, GCM, 128)] + list(ke) + [(5, 1, 0), (5, 0, 0)])


print("# Clear IKEv2 messages made by scapy %s: see make_ike_messages.py.\n"
      "# One a line: name, bytes." % scapy.VERSION.split("+")[0])
message("sa_init_request", 34, 0x08, 0, [
    sa(IKE_AEAD, IKE_CBC), IKEv2_payload_KE(group=31, load=counting(32)),
    IKEv2_payload_Nonce(load=counting(32, 0x40)), notify(16388, counting(20, 0x80)),
    notify(16389, counting(20, 0xa0)), notify(16431, bytes.fromhex("000200030004")),
    notify(16430), IKEv2_payload_VendorID(vendorID=b"ipsec-offload")], spi_r=bytes(8))
message("sa_init_response", 34, 0x20, 0, [
    sa((1, b"", [(1, GCM, 256), (2, 6, 0), (4, 31, 0)])),
    IKEv2_payload_KE(group=31, load=counting(32, 0x20)),
    IKEv2_payload_Nonce(load=counting(32, 0x60)), notify(16388, counting(20, 1)),
    notify(16389, counting(20, 2)), IKEv2_payload_CERTREQ(cert_type=4, cert_data=counting(20))])
message("sa_init_cookie", 34, 0x20, 0, [notify(16390, counting(24))], spi_r=bytes(8))
message("sa_init_invalid_ke", 34, 0x20, 0, [notify(17, b"\0\x13")], spi_r=bytes(8))
message("auth_encrypted", 35, 0x08, 1, [IKEv2_payload_Encrypted(next_payload=35, load=counting(96))])
message("auth_request_inside", 35, 0x08, 1, [
    ident(IKEv2_payload_IDi, 2, b"left.example", 12), notify(16384),
    ident(IKEv2_payload_IDr, 2, b"right.example", 13),
    IKEv2_payload_AUTH(auth_type=2, load=counting(48)), sa(esp(b"\xc1\x02\x03\x04")),
    IKEv2_payload_TSi(traffic_selector=[v4("10.1.0.7", "10.1.0.7", 17, (4000, 4000)),
                                        v4("10.1.0.0", "10.1.255.255")]),
    IKEv2_payload_TSr(traffic_selector=[v4("10.2.0.0", "10.2.255.255")])])
message("auth_response_inside", 35, 0x20, 1, [
    ident(IKEv2_payload_IDr, 1, "192.0.2.2", 4), IKEv2_payload_AUTH(auth_type=2, load=counting(48)),
    sa((3, b"\xc5\x06\x07\x08", [(1, GCM, 256), (5, 1, 0)])),
    IKEv2_payload_TSi(traffic_selector=[v4("10.1.0.0", "10.1.255.255")]),
    IKEv2_payload_TSr(traffic_selector=[v4("10.2.0.0", "10.2.255.255")])])
message("rekey_child_inside", 36, 0x08, 2, [
    notify(16393, proto=3, spi=b"\xc1\x02\x03\x04"), sa(esp(b"\xc9\x0a\x0b\x0c", [(4, 31, 0)])),
    IKEv2_payload_Nonce(load=counting(32)), IKEv2_payload_KE(group=31, load=counting(32)),
    IKEv2_payload_TSi(traffic_selector=[v6("2001:db8:1::", "2001:db8:1::ffff")]),
    IKEv2_payload_TSr(traffic_selector=[v6("2001:db8:2::", "2001:db8:2::ffff")])])
message("rekey_ike_inside", 36, 0x08, 3, [
    sa((1, counting(8, 0xf0), [(1, GCM, 256), (2, 6, 0), (4, 19, 0)])),
    IKEv2_payload_Nonce(load=counting(16)), IKEv2_payload_KE(group=19, load=counting(64))])
message("delete_esp_inside", 37, 0x08, 4, [delete(3, b"\xc1\x02\x03\x04", b"\xc9\x0a\x0b\x0c")])
message("delete_ike_inside", 37, 0x20, 5, [delete(1)])
message("dpd_inside", 37, 0x00, 0, [])
message("refused_inside", 35, 0x20, 1, [notify(24)])
