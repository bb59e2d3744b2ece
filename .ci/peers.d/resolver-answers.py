"""Puts the same 2,000 questions to three resolvers and compares what they say.

resolver-answers.py ZONES NAME=ADDRESS…: ours is the first. ZONES is what resolver-world.py wrote of
its zones. Exits 1 if there is a difference that is not explained.
"""
import random, sys
from concurrent.futures import ThreadPoolExecutor

import dns.exception, dns.flags, dns.message, dns.query, dns.rcode, dns.rdatatype

QUESTIONS = 2000
NAMES = """@ www web mail c1 c2 c5 loop1 self gone nothing nothing.nothing x.h1 x.wild y.x.wild exact.wild x.exact.wild
    wild below.sub.wild x.sub.wild x.alias x.lost ent b.ent a.b.ent x.ent old a.old x.old x.y.old x.older a.new
    _sip._tcp _tcp svc upper WwW out outgone outwild x.outalias h1.far nothing.far x.wild.far c1.far x.farnew big
    ns-nsd ns-knot ns-bind h0 h1 h2""".split()
TYPES = ("A", "AAAA", "MX", "TXT", "CNAME", "NS", "SOA", "DS", "DNSKEY", "SRV", "HTTPS")

# What differs, by peer, and why. A difference is explained by the first entry whose peer and test
# fit: "q" is the question, "o" what we say and "t" what they say, each (rcode, AD, answers).
EXPLAINED = [
    ("*", lambda q, o, t: o[0] == "SERVFAIL" and t[0] == "TIMEOUT",
     "nobody answers: we say so, they go on asking longer than the client"),
    ("*", lambda q, o, t: o[0] == t[0] == "SERVFAIL",
     "a loop, or a chain that ends with a dead server: what of it stands beside SERVFAIL"),
    ("bind", lambda q, o, t: not o[2] and o[0] == t[0] and o[2] == t[2] and o[1] == "AD" and not t[1],
     "there is no such thing: we have checked the proof (so has Unbound); BIND remembers what it met on the way as it was"),
    ("unbound", lambda q, o, t: q["type"] == "CNAME" and made(o) and (o[0], t[0], t[2]) == ("NOERROR", "SERVFAIL", ()),
     "asked for an alias that a signed DNAME makes: we and BIND give both, Unbound wants it signed"),
    ("unbound", lambda q, o, t: q["type"] == "CNAME" and made(o) and set(o[2]) <= set(t[2]),
     "asked for an alias that a DNAME makes: we and BIND give it, Unbound goes on from where it leads"),
]


def made(answer):
    return any(" DNAME " in line for line in answer[2]) and any(" CNAME " in line for line in answer[2])


def questions(file):
    """Every zone has its turn with the names that matter, then the hosts fill up."""
    random.seed(7)
    special, hosts = [], []
    for line in open(file):
        zone, kind, count = line.split()
        names = NAMES if kind == "plain" else ["@", "www", "h1", "mail", "x.wild", "nothing", "x.h1"]
        for name in names:
            full = zone if name == "@" else below(name, zone)
            for rtype in random.sample(TYPES, 2) if name != "@" else ("NS", "SOA", "DS", "DNSKEY", "MX"):
                special.append((full or ".", rtype))
            special.append((full or ".", "A"))
        hosts += [(below(f"h{n}", zone), random.choice(TYPES[:4])) for n in range(int(count) + 3)]
    special = [it for it in special if it[0].strip(".")] + [(".", rtype) for rtype in TYPES]
    # Nobody waits for servers that never answer more often than he must.
    slow = lambda it: it[0].endswith("mute.fr")
    special = [it for it in special if not slow(it)] + [it for it in special if slow(it)][:3]
    random.shuffle(special)
    random.shuffle(hosts)
    most = int(QUESTIONS * 0.75)
    chosen = special[:most] + hosts[:QUESTIONS - len(special[:most])]
    random.shuffle(chosen)
    return [{"name": name, "type": rtype, "do": at % 2 == 1} for at, (name, rtype) in enumerate(chosen)]


def below(name, zone):
    return f"{name}.{zone}".rstrip(".")


def ask(at, question):
    query = dns.message.make_query(question["name"], question["type"], use_edns=0, want_dnssec=question["do"], payload=1232)
    query.flags |= dns.flags.AD
    for _ in range(6):
        try:
            answer, _ = dns.query.udp_with_fallback(query, at, timeout=8)
            break
        except dns.exception.Timeout:
            continue
    else:
        return ("TIMEOUT", "", ())
    lines = {f"{s.name.to_text().lower()} {dns.rdatatype.to_text(s.rdtype)} {r.to_text().lower()}" for s in answer.answer for r in s}
    secure = "AD" if answer.flags & dns.flags.AD else ""
    return (dns.rcode.to_text(answer.rcode()), secure, tuple(sorted(lines)))


def explain(peer, question, own, theirs):
    fits = (why for who, test, why in EXPLAINED if who in ("*", peer) and test(question, own, theirs))
    return next(fits, None)


def main():
    resolvers = dict(argument.split("=") for argument in sys.argv[2:])
    (_, ours), *peers = resolvers.items()
    todo, pool = questions(sys.argv[1]), ThreadPoolExecutor(8)
    asking = ThreadPoolExecutor(32)

    def all_of(question):
        waiting = [asking.submit(ask, at, question) for at in resolvers.values()]
        return question, [it.result() for it in waiting]

    counts, unexplained = {}, 0
    kinds = {}
    for question, (own, *others) in pool.map(all_of, todo):
        kind = f"{own[0]} {own[1]}".strip()
        kinds[kind] = kinds.get(kind, 0) + 1
        for (peer, _), theirs in zip(peers, others):
            why = "equal" if own == theirs else explain(peer, question, own, theirs)
            counts[peer, why or "DIFFERENT"] = counts.get((peer, why or "DIFFERENT"), 0) + 1
            if why is None:
                unexplained += 1
                print(f"DIFFERENT {peer}: {question['name']} {question['type']} do={question['do']}\n  ours   {own}\n  theirs {theirs}")
    print(f"{len(todo)} questions; {unexplained} differences without an explanation; we said",
          ", ".join(f"{kind} {count} times" for kind, count in sorted(kinds.items())))
    for (peer, why), count in sorted(counts.items()):
        print(f"{count:6} {peer:8} {why}")
    sys.exit(1 if unexplained else 0)


main()
