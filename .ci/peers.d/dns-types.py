"""Puts a record of every type into a zone, and compares what we, BIND and Knot print of it.

dns-types.py NAMESERVER TESTS.rs: the records are the examples of the RFCs in our own tests. What a tool does
not know by its name it is given as RFC 3597 writes it. Texts that differ are read and printed again by us:
then the octets are compared. Exits 1 if the octets of a record differ.
"""
import re, subprocess, sys, tempfile

nameserver, tests = sys.argv[1:]
HEAD = "every.test. 300 IN SOA ns.every.test. host.every.test. 1 2 3 4 5\nevery.test. 300 IN NS ns.every.test.\nns.every.test. 300 IN A 192.0.2.1\n"
# A zone has one, which is compared with the rest; and what is no data of a zone.
LEFT_OUT = {"SOA", "OPT", "TKEY", "TSIG", "NXNAME"}
# What BIND does not load, and why.
REFUSED = {
    "MD": "obsolete (RFC 973)", "MF": "obsolete (RFC 973)",
    "NAPTR": "RFC 2915's own example refers to a part that its pattern has not",
    "IPSECKEY": "no key", "ZONEMD": "a short digest", "TA": "a short digest", "DLV": "a short digest",
}


def unescape(literal):
    if literal.startswith("r"):
        return re.fullmatch(r'r(#*)"(.*)"\1', literal, re.S).group(2)
    return re.sub(r'\\(.)', lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), literal[1:-1])


def table():
    text = open(tests).read()
    text = text[text.index("const TABLE"):]
    text = text[: text.index("\n];")]
    literal = r'(r#*".*?"#*|"(?:[^"\\]|\\.)*")'
    for row in re.finditer(rf'\(\s*{literal},\s*{literal},\s*{literal},\s*{literal},?\s*\)', text, re.S):
        yield tuple(unescape(part) for part in row.groups())


def run(*command):
    return subprocess.run(command, capture_output=True, text=True)


def bind(file):
    with tempfile.NamedTemporaryFile("r") as out:
        done = run("named-compilezone", "-q", "-i", "none", "-k", "ignore", "-n", "ignore", "-m", "ignore", "-s", "full", "-o", out.name, "every.test", file)
        return out.read() if done.returncode == 0 else None


def knot(file):
    """Knot's checker prints nothing: what it takes is read again by us."""
    done = run("kzonecheck", "-o", "every.test", file)
    return ours(file) if done.returncode == 0 else None


def ours(file):
    done = run(nameserver, "--print", "--zone", f"every.test={file}")
    return done.stdout if done.returncode == 0 else None


def lines(text, owner):
    found = []
    for line in text.splitlines():
        words = line.split(None, 4)
        if line.startswith(";") or len(words) < 4 or words[0].lower() != owner:
            continue
        # Knot leaves the class out.
        if words[2] != "IN":
            words = line.split(None, 3)
            words.insert(2, "IN")
        found.append(" ".join([words[0].lower(), *words[1:4], " ".join("".join(words[4:]).split())]))
    return found


def printed(by, owner, data):
    with tempfile.NamedTemporaryFile("w", suffix=".zone") as file:
        file.write(f"{HEAD}{owner} 300 IN {data}\n")
        file.flush()
        text = by(file.name)
    return lines(text, owner) if text is not None else None


def compare(tool, owner, rtype, number, text, wire):
    wire = wire.replace(" ", "")
    generic = f"TYPE{number} \\# {len(wire) // 2} {wire}"
    own = printed(ours, owner, f"{rtype} {text}")
    if not own:
        sys.exit(f"we refuse {rtype} {text}")
    theirs, how = printed(tool, owner, f"{rtype} {text}"), ""
    if not theirs:
        theirs, how = printed(tool, owner, generic), "by number"
    if not theirs:
        why = REFUSED.get(rtype) if tool is bind else None
        return f"refused: {why}" if why else "REFUSED"
    if theirs == own:
        return how or "same text"
    again = printed(ours, owner, theirs[0].split(None, 3)[3])
    if how and not again:
        # It has the octets of us, and another text for them.
        return "other text"
    if again != own:
        print(f"DIFFERENT {tool.__name__}: {theirs} is not {own}")
        return "DIFFERENT"
    return how or "same octets"


def main():
    numbers = dict((name, number) for number, name in re.findall(r'= (\d+) "([^"]+)";', open(sys.argv[2].replace("rdata/tests.rs", "number/record_type.rs")).read()))
    counts, seen = {}, set()
    for index, (rtype, text, wire, note) in enumerate(table()):
        # A note of "!" is for what must be refused.
        if rtype in LEFT_OUT or note == "!":
            continue
        seen.add(rtype)
        # A hash is the owner of NSEC3.
        owner = "2t7b4g4vsa5smi47k61mv5bv1a22bojr.every.test." if rtype == "NSEC3" else f"t{index}.every.test."
        for tool in (bind, knot):
            counts.setdefault((tool.__name__, compare(tool, owner, rtype, numbers.get(rtype, rtype.removeprefix("TYPE")), text, wire)), []).append(rtype)
    print(f"{len(seen)} types, as we print them and others do:")
    for (tool, how), types in sorted(counts.items()):
        print(f"{len(types):4} {tool:5} {how}", "" if how == "same text" else ": " + " ".join(dict.fromkeys(types)))
    sys.exit(any(how in ("DIFFERENT", "REFUSED") for _, how in counts))


main()
