#!/usr/bin/env python3
"""Writes the messages that are measured, by dnspython: none of the peers' own output."""
import base64
import hashlib
import pathlib

import dns.edns
import dns.flags
import dns.message
import dns.rrset

OUT = pathlib.Path(__file__).parent / "messages"


def blob(seed, octets):
    out = b""
    while len(out) < octets:
        out += hashlib.sha256(f"{seed}{len(out)}".encode()).digest()
    return out[:octets]


def b64(seed, octets):
    return base64.b64encode(blob(seed, octets)).decode()


def answer(name, rtype):
    query = dns.message.make_query(name, rtype, use_edns=False, id=7)
    return dns.message.make_response(query)


def add(section, owner, ttl, rtype, *data):
    section.append(dns.rrset.from_text(owner, ttl, "IN", rtype, *data))


def save(number, message):
    (OUT / f"{number}").write_bytes(message.to_wire(max_size=65535))


OUT.mkdir(exist_ok=True)
cookie = dns.edns.GenericOption(10, blob("cookie", 8))
save(1, dns.message.make_query("www.example.com.", "A", use_edns=0, payload=1232, options=[cookie], id=7))

m = answer("www.example.com.", "A")
add(m.answer, "www.example.com.", 300, "A", "192.0.2.1")
save(2, m)

m = answer("www.example.com.", "A")
hosts = [f"{c}.gtld-servers.net." for c in "abcdefghijklm"]
add(m.authority, "com.", 172800, "NS", *hosts)
for n, host in enumerate(hosts):
    add(m.additional, host, 172800, "A", f"192.0.2.{n + 1}")
    add(m.additional, host, 172800, "AAAA", f"2001:db8::{n + 1:x}")
save(3, m)

m = answer("example.com.", "MX")
hosts = [f"mx{n}.mail.example.com." for n in range(1, 6)]
add(m.answer, "example.com.", 300, "MX", *[f"{n * 10} {h}" for n, h in enumerate(hosts, 1)])
for n, host in enumerate(hosts):
    add(m.additional, host, 300, "A", f"192.0.2.{n + 1}")
    add(m.additional, host, 300, "AAAA", f"2001:db8::{n + 1:x}")
save(4, m)

m = answer("example.com.", "ANY")
for n in range(25):
    add(m.answer, f"host{n}.dept{n % 5}.example.com.", 300, "TXT", f'"text number {n} of a record with some more to say"')
    add(m.answer, f"host{n}.dept{n % 5}.example.com.", 300, "AAAA", f"2001:db8::{n + 1:x}")
save(5, m)


def rrsig(owner, covered, labels, signer):
    add(m.authority, owner, 900, "RRSIG",
        f"{covered} 13 {labels} 900 20300101000000 20290101000000 12345 {signer} {b64(owner, 64)}")


m = answer("nx.example.com.", "A")
m.set_rcode(3)
add(m.authority, "example.com.", 900, "SOA", "ns1.example.com. host.example.com. 1 2 3 4 900")
rrsig("example.com.", "SOA", 2, "example.com.")
for n in range(3):
    owner = base64.b32hexencode(blob(f"n{n}", 20)).decode().lower() + ".example.com."
    next_ = base64.b32hexencode(blob(f"m{n}", 20)).decode()
    add(m.authority, owner, 900, "NSEC3", f"1 0 0 - {next_} A AAAA RRSIG")
    rrsig(owner, "NSEC3", 3, "example.com.")
save(6, m)

m = answer("example.com.", "DNSKEY")
add(m.answer, "example.com.", 3600, "DNSKEY", f"257 3 8 {b64('ksk', 260)}", f"256 3 8 {b64('zsk', 260)}")
add(m.answer, "example.com.", 3600, "RRSIG",
    f"DNSKEY 8 2 3600 20300101000000 20290101000000 12345 example.com. {b64('sig', 256)}")
save(7, m)
