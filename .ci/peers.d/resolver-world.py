"""Writes a hierarchy of zones, and what NSD, Knot and BIND need to serve it.

resolver-world.py PREFIX [MORE]: with so many small zones more, every tenth of them signed.

Zones, keys and configurations go into the working directory. PREFIX is the first two numbers of the
loopback addresses; the third is the level (0 the root, 1 top-level domains, 2 theirs, 3 theirs), and
the fourth says who is there: 1 NSD, 2 Knot, 3 BIND, 8 somebody who never answers, 9 nobody.
"""
import os, re, subprocess, sys

PREFIX, MORE = sys.argv[1], int((sys.argv[2:] or ["0"])[0])
SOFTWARE = {"nsd": 1, "knot": 2, "bind": 3}
PLACES = dict(SOFTWARE, mute=8, dead=9)
ALL = ("nsd", "knot", "bind")
ECDSA, RSA, EDWARDS = "ECDSAP256SHA256", "RSASHA256", "ED25519"


def address(level, who):
    return f"{PREFIX}.{level}.{PLACES[who]}"


class Zone:
    """A zone; `said` are the servers that its parent and the zone itself name, `there` who serves it."""

    def __init__(self, name, level, there, text="", sign=None, ds=True, said=None, hosts=None, glue=True, spoil=None, child=None):
        self.name, self.level, self.there, self.text, self.sign = name, level, there, text, sign
        self.ds, self.glue, self.spoil = ds, glue, spoil
        self.said = said or there
        # What the servers are called, if it is not for the zone itself to say.
        self.hosts = hosts or {who: f"ns-{who}.{name}".rstrip(".") + "." for who in self.said}
        # Servers that the zone names and its parent does not.
        self.child = child
        self.digests = []

    def own_servers(self):
        if self.child is None:
            return self.hosts
        return {who: f"ns-{who}.{self.name}." for who in self.child}

    def servers(self, hosts, glue):
        lines = [f"{self.fqdn()} 3600 NS {host}" for host in hosts.values()]
        inside = [(who, host) for who, host in hosts.items() if host.endswith("." + self.fqdn().lstrip("."))]
        return lines + [f"{host} 3600 A {address(self.level, who)}" for who, host in inside if glue]

    def fqdn(self):
        return self.name.rstrip(".") + "."

    def delegation(self):
        return self.servers(self.hosts, self.glue) + self.digests

    def lines(self, below):
        origin = self.fqdn()
        lines = [f"$ORIGIN {origin}", "$TTL 3600", f"{origin} SOA ns.{origin.lstrip('.')} host.{origin.lstrip('.')} 1 3600 600 864000 3600"]
        lines += self.servers(self.own_servers(), True)
        for zone in below:
            lines += zone.delegation()
        return lines + self.text.splitlines()


def plain(hosts, elsewhere):
    """What most zones have in them; `elsewhere` is another zone."""
    lines = ["@ A 192.0.2.1", "@ MX 10 mail", "@ TXT \"v=spf1 -all\"", "mail A 192.0.2.2", "mail AAAA 2001:db8::2"]
    for n in range(hosts):
        lines += [f"h{n} A 10.0.{n >> 8}.{n & 255}"]
        if n % 2:
            lines += [f"h{n} AAAA 2001:db8::{n:x}"]
        if n % 5 == 0:
            lines += [f"h{n} MX 10 mail", f"h{n} TXT \"{n}\" \"of {hosts}\""]
    lines += """www CNAME web
web CNAME h1
c1 CNAME c2
c2 CNAME c3
c3 CNAME c4
c4 CNAME c5
c5 CNAME h2
loop1 CNAME loop2
loop2 CNAME loop1
self CNAME self
gone CNAME nothing
*.wild A 192.0.2.5
*.wild TXT "wild"
exact.wild A 192.0.2.6
below.sub.wild A 192.0.2.7
*.alias CNAME h3
*.lost CNAME nothing
a.b.ent A 192.0.2.8
old DNAME new
a.new A 192.0.2.9
*.new TXT "new"
older DNAME old
_sip._tcp SRV 1 2 5060 h4
svc HTTPS 1 . alpn=h2
UPPER A 192.0.2.10""".splitlines()
    lines += [f"out CNAME h5.{elsewhere}.", f"outgone CNAME nothing.{elsewhere}.", f"outwild CNAME x.wild.{elsewhere}.",
              f"*.outalias CNAME h6.{elsewhere}.", f"far DNAME {elsewhere}.", f"farnew DNAME new.{elsewhere}."]
    lines += [f"big TXT \"{n} {'0' * 100}\"" for n in range(40)]
    return "\n".join(lines)


def world():
    nsec, ed, nsec3 = {"key": ECDSA}, {"key": EDWARDS}, {"key": ECDSA, "nsec3": []}
    rsa, out = {"key": RSA, "nsec3": []}, {"key": ECDSA, "nsec3": ["-A"]}
    short = "@ A 192.0.2.1\nwww A 192.0.2.2\nh1 A 192.0.2.3\n*.wild A 192.0.2.4\nmail A 192.0.2.5\n@ MX 10 mail"
    zones = [
        Zone(".", 0, ALL, sign=nsec),
        Zone("edu", 1, ("nsd", "knot"), sign=nsec, text="a.deep.ent A 192.0.2.1\n*.any TXT \"any\""),
        Zone("com", 1, ("knot", "bind"), sign=out, text="reserved TXT \"kept\""),
        Zone("org", 1, ("nsd", "bind"), sign=rsa),
        Zone("net", 1, ("knot", "bind"), sign=ed),
        Zone("fr", 1, ALL),
        Zone("hamburger.edu", 2, ALL, plain(300, "crepes.fr"), nsec),
        Zone("sub.hamburger.edu", 3, ("nsd",), plain(40, "hamburger.edu"), nsec),
        Zone("unsigned.hamburger.edu", 3, ("knot", "bind"), plain(20, "hamburger.edu")),
        Zone("zone.two.below.hamburger.edu", 3, ("bind",), short, ed),
        Zone("kid.hamburger.edu", 2, ALL, short, nsec),
        Zone("cheese.edu", 2, ("nsd", "knot"), plain(100, "hamburger.edu")),
        Zone("networkutopia.com", 2, ("knot", "bind"), plain(300, "pizza.org"), nsec3),
        Zone("sub.networkutopia.com", 3, ("nsd", "bind"), plain(40, "sub.hamburger.edu"), nsec3),
        Zone("unsigned.networkutopia.com", 3, ("nsd",), short),
        Zone("plain.com", 2, ("nsd", "bind"), plain(100, "networkutopia.com")),
        Zone("signed.com", 2, ("knot",), plain(40, "plain.com"), out),
        Zone("unsigned.signed.com", 3, ("knot",), short),
        Zone("pizza.org", 2, ALL, plain(300, "networkutopia.com") + f"\nhelper A {address(2, 'knot')}\nhelper2 A {address(2, 'bind')}", rsa),
        Zone("wine.org", 2, ("nsd",), plain(100, "crepes.fr")),
        Zone("crepes.fr", 2, ALL, plain(200, "hamburger.edu")),
        Zone("kid.crepes.fr", 2, ALL, short),
        Zone("island.fr", 2, ("nsd", "knot"), plain(40, "wine.org"), nsec, ds=False),
        Zone("far.net", 2, ("knot", "bind"), plain(150, "glueless.net"), ed),
        Zone("glueless.net", 2, ("knot", "bind"), plain(40, "far.net"), nsec, hosts={"knot": "helper.pizza.org.", "bind": "helper2.pizza.org."}),
        Zone("glueless.fr", 2, ("knot",), short, hosts={"knot": "helper.pizza.org."}),
        Zone("disagree.fr", 2, ("nsd", "knot"), short, said=("knot",), child=("nsd",)),
        Zone("lostglue.net", 2, ("knot",), short, glue=False),
        Zone("ring.net", 2, (), short, said=("nsd",), hosts={"nsd": "ns.ring.org."}),
        Zone("ring.org", 2, (), short, said=("nsd",), hosts={"nsd": "ns.ring.net."}),
        Zone("lame.edu", 2, (), short, said=("nsd", "knot", "bind")),
        Zone("halflame.edu", 2, ("bind",), plain(20, "lame.edu"), said=("nsd", "knot", "bind")),
        Zone("halflame.org", 2, ("knot",), plain(20, "far.net"), rsa, said=("nsd", "knot")),
        Zone("dead.edu", 2, (), short, said=("dead",)),
        Zone("halfdead.edu", 2, ("nsd",), plain(20, "far.net"), nsec, said=("dead", "nsd")),
        Zone("halfmute.net", 2, ("nsd",), plain(20, "dead.edu"), ed, said=("mute", "nsd")),
        Zone("mute.fr", 2, (), short, said=("mute",)),
        Zone("expired.edu", 2, ("nsd",), short, dict(nsec, times=["-s", "20200101000000", "-e", "20200201000000"])),
        Zone("future.edu", 2, ("nsd",), short, dict(nsec, times=["-s", "20900101000000", "-e", "20900201000000"])),
        Zone("badds.org", 2, ("knot",), short, nsec, spoil="digest"),
        Zone("nosig.net", 2, ("nsd",), short, nsec, spoil="unsigned"),
        Zone("stripped.com", 2, ("nsd",), plain(20, "far.net"), nsec, spoil="stripped"),
        Zone("badsig.net", 2, ("nsd",), plain(20, "far.net"), nsec, spoil="altered"),
        Zone("nonsec.edu", 2, ("nsd",), plain(20, "far.net"), nsec, spoil="nsec"),
        Zone("nonsec3.com", 2, ("nsd",), plain(20, "far.net"), nsec3, spoil="nsec3"),
        Zone("algorithm.org", 2, ("nsd",), short, nsec, spoil="algorithm"),
        Zone("hash.org", 2, ("nsd",), short, nsec, spoil="hash"),
        Zone("iterations.net", 2, ("nsd",), short, {"key": ECDSA, "nsec3": [], "iterations": 400}),
    ]
    small = "@ A 192.0.2.1\n@ MX 10 mail\nmail A 192.0.2.2\nwww CNAME h0\n" + "\n".join(f"h{n} A 10.1.0.{n}\nh{n} AAAA 2001:db8::{n:x}" for n in range(6))
    for n in range(MORE):
        top = ("com", "net", "org", "edu", "fr")[n % 5]
        zones.append(Zone(f"more{n}.{top}", 2, (ALL[n % 3], ALL[(n + 1) % 3]), small, nsec if n % 10 == 0 else None))
    return zones


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def parent(zone, zones):
    above = [other for other in zones if other is not zone and (other.name == "." or zone.name.endswith("." + other.name))]
    return max(above, key=lambda other: 0 if other.name == "." else len(other.name.split(".")))


def write(zone, below):
    file = (zone.name.rstrip(".") or "root") + ".zone"
    with open(file, "w") as out:
        out.write("\n".join(zone.lines(below)) + "\n")
    if zone.sign is not None:
        sign(zone, file)
    return file


def sign(zone, file):
    key = run("dnssec-keygen", "-q", "-a", zone.sign["key"], "-b", "2048", "-f", "KSK", zone.fqdn()).strip() if zone.sign["key"] == RSA else run(
        "dnssec-keygen", "-q", "-a", zone.sign["key"], "-f", "KSK", zone.fqdn()).strip()
    with open(file, "a") as out:
        out.write(open(key + ".key").read())
    digest = run("dnssec-dsfromkey", "-2", key + ".key").split()
    number, algorithm, kind, octets = digest[3], digest[4], digest[5], "".join(digest[6:])
    if zone.spoil == "digest":
        octets = octets[::-1]
    if zone.spoil == "algorithm":
        algorithm = "200"
    if zone.spoil == "hash":
        kind = "100"
    if zone.ds:
        zone.digests = [f"{zone.fqdn()} 3600 DS {number} {algorithm} {kind} {octets}"]
    if zone.spoil == "unsigned":
        return
    denial = ["-3", "-"] + zone.sign["nsec3"] if "nsec3" in zone.sign else []
    if "iterations" in zone.sign:
        # More than BIND's own tool will have.
        run("ldns-signzone", "-n", "-t", str(zone.sign["iterations"]), "-o", zone.fqdn(), "-f", file + ".signed", file, key)
    else:
        run("dnssec-signzone", "-q", "-z", "-P", "-O", "full", *denial, *zone.sign.get("times", []), "-o", zone.fqdn(), "-f", file + ".signed", file, key)
    os.rename(file + ".signed", file)
    spoil(zone, file)


def spoil(zone, file):
    lines = open(file).read().splitlines()
    own = f"h1.{zone.name}."
    if zone.spoil == "stripped":
        lines = [line for line in lines if not (line.startswith(own) and "RRSIG\tA " in line)]
    if zone.spoil == "altered":
        lines = [line.replace("10.0.0.1", "10.6.6.6") if line.startswith(own) else line for line in lines]
    if zone.spoil in ("nsec", "nsec3"):
        kind = zone.spoil.upper()
        lines = [line for line in lines if not re.search(rf"\sIN\s+(RRSIG\s+)?{kind}\s", line)]
    with open(file, "w") as out:
        out.write("\n".join(lines) + "\n")


def main():
    zones = world()
    files, bind = {}, []
    # A child's digest goes into its parent: the lowest first.
    for zone in sorted(zones, key=lambda it: -1 if it.name == "." else it.name.count("."), reverse=True):
        below = [other for other in zones if other.name != "." and parent(other, zones) is zone]
        files[zone.name] = write(zone, below)
    here = os.getcwd()
    for level in range(4):
        for who in ALL:
            os.makedirs(f"{who}{level}", exist_ok=True)
        served = {who: [zone for zone in zones if zone.level == level and who in zone.there] for who in ALL}
        with open(f"nsd{level}.conf", "w") as out:
            out.write(f'server:\n ip-address: {address(level, "nsd")}\n username: ""\n chroot: ""\n zonesdir: "{here}"\n pidfile: "{here}/nsd{level}/pid"\n database: ""\n'
                      f' xfrdfile: "{here}/nsd{level}/xfrd"\n xfrdir: "{here}/nsd{level}"\n zonelistfile: "{here}/nsd{level}/list"\n logfile: "{here}/nsd{level}/log"\n server-count: 1\n rrl-ratelimit: 0\nremote-control:\n control-enable: no\n')
            for zone in served["nsd"]:
                out.write(f'zone:\n name: "{zone.fqdn()}"\n zonefile: "{files[zone.name]}"\n')
        with open(f"knot{level}.conf", "w") as out:
            out.write(f"server:\n listen: {address(level, 'knot')}@53\n rundir: {here}/knot{level}\n udp-workers: 1\n tcp-workers: 1\n background-workers: 1\nlog:\n - target: {here}/knot{level}/log\n   any: info\n"
                      f"database:\n storage: {here}/knot{level}\ntemplate:\n - id: default\n   storage: {here}\n   semantic-checks: off\n   zonefile-sync: -1\n   journal-content: none\nzone:\n")
            for zone in served["knot"]:
                out.write(f' - domain: "{zone.fqdn()}"\n   file: "{files[zone.name]}"\n')
        bind.append(f'view level{level} {{ match-destinations {{ {address(level, "bind")}; }};\n' + "".join(
            f' zone "{zone.fqdn()}" {{ type primary; file "{here}/{files[zone.name]}"; check-integrity no; }};\n' for zone in served["bind"]) + "};\n")
    listen = "".join(f"{address(level, 'bind')}; " for level in range(4))
    with open("bind.conf", "w") as out:
        out.write(f'options {{ directory "{here}/bind0"; pid-file "{here}/bind0/pid"; session-keyfile "{here}/bind0/session"; listen-on {{ {listen}}}; listen-on-v6 {{ none; }}; recursion no; dnssec-validation no; '
                  f'minimal-responses no; notify no; empty-zones-enable no; managed-keys-directory "{here}/bind0"; check-names primary ignore; }};\ncontrols {{ }};\n' + "".join(bind))
    root = next(zone for zone in zones if zone.name == ".")
    with open("hints", "w") as out:
        for who, host in root.hosts.items():
            out.write(f". 3600000 NS {host}\n{host} 3600000 A {address(0, who)}\n")
    with open("anchor", "w") as out:
        out.write("\n".join(root.digests) + "\n")
    number, algorithm, kind, octets = root.digests[0].split()[3:]
    with open("anchor.bind", "w") as out:
        out.write(f'trust-anchors {{ . static-ds {number} {algorithm} {kind} "{octets}"; }};\n')
    count = sum(len({line.split()[0].lower() for line in zone.lines([])[2:]}) for zone in zones)
    print(f"{len(zones)} zones, {sum(zone.sign is not None for zone in zones)} signed, {count} names")
    with open("zones", "w") as out:
        for zone in zones:
            out.write(f"{zone.name} {zone.text.count('h')and 'AAAA' in zone.text and 'plain' or 'short'} {len(re.findall(r'^h[0-9]+ A ', zone.text, re.M))}\n")


main()
