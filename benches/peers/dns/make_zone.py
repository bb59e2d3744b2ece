#!/usr/bin/env python3
"""Prints a zone of about N mixed records: `make_zone.py N`."""
import hashlib
import sys

print("$ORIGIN example.\n$TTL 3600\n@ IN SOA ns1 host 1 7200 3600 1209600 3600\n@ IN NS ns1\nns1 IN A 192.0.2.1")
count, n, target = 3, 0, int(sys.argv[1])
while count < target:
    n += 1
    a, b = n >> 8 & 255, n & 255
    match n % 10:
        case 0 | 1 | 2:
            lines = [f"host{n} IN A 10.{n % 200}.{a}.{b}", f"host{n} IN AAAA 2001:db8:{a:x}:{b:x}::{a:x}:{b:x}"]
        case 3 | 4:
            lines = [f"alias{n}.example. 300 IN CNAME host{n - 3}.example."]
        case 5:
            lines = [f"mail{n} IN MX 10 mx{n}.provider.example.", f'mail{n} IN TXT "v=spf1 ip4:10.{a}.{b}.0/24 -all"']
        case 6 | 7:
            lines = [f'text{n} 600 IN TXT "some quoted text; number {n}" "and more"']
        case _:
            digest = hashlib.sha256(str(n).encode()).hexdigest().upper()
            lines = [f"sub{n} IN NS ns1.sub{n}", f"ns1.sub{n} IN A 192.0.{a}.{b}", f"sub{n} IN DS {n % 65536} 13 2 {digest}"]
    print("\n".join(lines))
    count += len(lines)
