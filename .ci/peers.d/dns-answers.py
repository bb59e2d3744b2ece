"""Puts the same queries to four servers and compares what they say, section by section.

dns-answers.py OURS NAME=PORT…: ports on 127.0.0.1. Exits 1 if there is a difference that is not explained.
"""
import sys

import dns.flags, dns.message, dns.query, dns.rdatatype

# What differs, by peer ("*" for all), and why. A difference is explained by the first entry whose
# peer and test fit; "ours" and "theirs" are (rcode, flags, answer, authority, additional).
EXPLAINED = [
    ("*", lambda q, o, t: q["type"] == "ANY" and o[0] == t[0],
     "ANY: one RRset of one's choice (RFC 8482 4.1); which, and whether all, each server decides"),
    ("*", lambda q, o, t: o[:1] + o[2:4] == t[:1] + t[2:4] and o[1] == t[1],
     "additional section alone: addresses of named hosts are optional (RFC 2181 6.1, minimal responses)"),
    ("*", lambda q, o, t: "TC" in o[1] + t[1],
     "too long for a datagram: TC is set, and what else is in the message says nothing"),
    ("*", lambda q, o, t: o[0] == t[0] and o[2] == t[2] and bool(o[2]) and not t[3] and same_kind(o[3], {"NSEC", "NSEC3", "RRSIG", "SOA"}),
     "a chain that ends in nothing: we prove it, they leave it to the resolver's next query"),
    ("*", lambda q, o, t: o[0] == t[0] and o[2] == t[2] and bool(o[2]) and set(o[3]) <= set(t[3]) and same_kind(set(t[3]) - set(o[3]), {"NS", "RRSIG"}),
     "servers beside a positive answer are optional: who asked knows them"),
    ("*", lambda q, o, t: q["name"].startswith(("loop", "self")) and set(o[2]) == set(t[2]) and t[0] in ("NOERROR", "SERVFAIL"),
     "a loop of aliases: we, NSD and Knot give it as it is; BIND gives it with SERVFAIL"),
    ("nsd", lambda q, o, t: q["type"] == "NSEC" and not kinds(o[2]) & {"CNAME"} and "CNAME" in kinds(t[2]),
     "NSEC at an alias: we, Knot and BIND answer it there (RFC 4034 4); NSD follows the alias"),
    ("nsd", lambda q, o, t: ".dname.n" in q["name"] and o[:3] == t[:3] and "DNAME" in kinds(o[2]) and kinds(o[3]) <= kinds(t[3]),
     "by way of a DNAME to a wildcard: we, Knot and BIND prove that no name is nearer; NSD's NSEC covers another name"),
    ("bind", lambda q, o, t: q["type"] == "SOA" and without_ttl(o[3]) == without_ttl(t[3]) and o[:3] == t[:3],
     "no such name for SOA: BIND gives its SOA no time to live (zero-no-soa-ttl)"),
    ("bind", lambda q, o, t: q["type"] == "NSEC" and "NS" in kinds(o[3]) and kinds(t[2]) <= {"NSEC", "RRSIG"},
     "NSEC at a cut: BIND answers for the parent; we, NSD and Knot refer to the child"),
    ("*", lambda q, o, t: "plain.test" in q["name"] and q["do"] and tuple(line for line in o[3] if " DS " not in line) == t[3],
     "a DS record in a zone without signatures: we give it with the referral"),
    ("*", lambda q, o, t: "NSEC3" in kinds(o[3]) and kinds(o[3]) == kinds(t[3]) and o[:3] == t[:3],
     "the same proof by fewer or more NSEC3 records"),
]


def kinds(section):
    return {line.split()[3] for line in section}


def same_kind(section, allowed):
    return bool(section) and kinds(section) <= allowed


def without_ttl(section):
    return sorted(line.split()[:1] + line.split()[2:] for line in section)


def ask(port, question):
    query = dns.message.make_query(question["name"], question["type"], use_edns=question["do"] is not None,
                                   want_dnssec=bool(question["do"]), payload=1232)
    query.flags &= ~dns.flags.RD
    answer = dns.query.udp(query, "127.0.0.1", port=port, timeout=3)
    section = lambda sets: tuple(sorted(f"{s.name.to_text().lower()} {s.ttl} IN {dns.rdatatype.to_text(s.rdtype)} {r.to_text()}" for s in sets for r in s))
    flags = " ".join(flag for flag in ("AA", "TC", "AD", "RA") if answer.flags & dns.flags.Flag[flag])
    return (dns.rcode.to_text(answer.rcode()), flags, section(answer.answer), section(answer.authority), section(answer.additional))


def questions():
    names = """@ ns1 mail www web host loop1 self out gone nothing nothing.nothing host.host x.wild exact.wild
        x.exact.wild sub.wild below.sub.wild x.sub.wild *.wild wild x.alias x.lost ent b.ent a.b.ent x.ent c.b.ent
        dname a.dname x.dname x.y.dname a.target far a.far child ns.child x.child deep.ns.child x.deep.ns.child lame
        x.lame secure x.secure _sip._tcp _tcp svc alias many WwW *""".split()
    for zone in ("plain", "nsec", "nsec3"):
        for name in names:
            for rtype in ("A", "AAAA", "MX", "NS", "TXT", "CNAME", "DNAME", "DS", "SOA", "SRV", "HTTPS", "ANY", "NSEC", "DNSKEY"):
                for do in (None, False, True):
                    if do is None and zone != "plain":
                        continue
                    yield {"name": f"{zone}.test" if name == "@" else f"{name}.{zone}.test", "type": rtype, "do": do}
    long = ".".join(["x" * 63] * 3) + ".x.dname.plain.test"
    yield {"name": long, "type": "A", "do": False}
    yield {"name": "elsewhere.test", "type": "A", "do": False}


def main():
    ours, peers = int(sys.argv[1]), dict(argument.split("=") for argument in sys.argv[2:])
    counts, unexplained, total, printed = {}, 0, 0, []
    for question in questions():
        total += 1
        own = ask(ours, question)
        for peer, port in peers.items():
            theirs = ask(int(port), question)
            if own == theirs:
                counts[peer, "equal"] = counts.get((peer, "equal"), 0) + 1
                continue
            for who, test, why in EXPLAINED:
                if who in ("*", peer) and test(question, own, theirs):
                    counts[peer, why] = counts.get((peer, why), 0) + 1
                    break
            else:
                unexplained += 1
                shown = peer, question["name"].split(".")[0], question["type"] in ("A", "DS", "NSEC") and question["type"]
                if shown not in printed and len(printed) < 40:
                    printed.append(shown)
                    print(f"DIFFERENT {peer}: {question}\n  ours   {own}\n  theirs {theirs}")
    print(f"{total} queries; {unexplained} differences without an explanation")
    for (peer, why), count in sorted(counts.items()):
        print(f"{count:6} {peer:5} {why}")
    sys.exit(1 if unexplained else 0)


main()
