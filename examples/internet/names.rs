//! Who is where: addresses, zones and mail addresses of the world.
use std::net::{IpAddr, Ipv4Addr};

use homing::dns::{
    Authority, DnssecAlgorithm, Name, Rdata, Record, Zone,
    dnssec::{Config, Ds, KeyPair, Signer, Trust},
    zone_file,
};

use crate::clock::unix;
use crate::ledger::Address;
use crate::random::{Digest, Random};

/// The top-level domains.
const TLDS: [&str; 5] = ["com", "org", "net", "edu", "fr"];

/// The one whose domains are all signed, in a world where any are.
const SIGNED: &str = "bank";

/// Whether a domain is one of those that are signed, and promise the keys of their mail hosts.
pub(crate) const fn is_signed(size: Size, domain: u32) -> bool {
    size.signed && is_bank(domain)
}

const fn is_bank(domain: u32) -> bool {
    domain % 20 == 7
}

const fn tld(domain: u32) -> &'static str {
    if is_bank(domain) { SIGNED } else { TLDS[domain as usize % TLDS.len()] }
}

/// Servers of the root: the first two; and of the top-level domains: the other two.
pub(crate) const SERVERS: [IpAddr; 4] = [
    IpAddr::V4(Ipv4Addr::new(198, 41, 0, 4)),
    IpAddr::V4(Ipv4Addr::new(198, 41, 0, 5)),
    IpAddr::V4(Ipv4Addr::new(192, 5, 6, 30)),
    IpAddr::V4(Ipv4Addr::new(192, 5, 6, 31)),
];

/// Where forgers want mail to go.
pub(crate) const FORGED: IpAddr = IpAddr::V4(Ipv4Addr::new(6, 6, 6, 6));

/// How many there are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) sites: u32,
    pub(crate) domains: u32,
    pub(crate) users: u32,
    /// Whether the root and a part of what is below it are signed, and resolvers validate.
    pub(crate) signed: bool,
}

/// Who answers at an address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Host {
    Server(usize),
    Site(u32),
}

impl Size {
    pub(crate) const fn site_of_domain(&self, domain: u32) -> u32 {
        domain % self.sites
    }

    pub(crate) const fn domain_of_user(&self, user: u32) -> u32 {
        user % self.domains
    }

    pub(crate) const fn site_of_user(&self, user: u32) -> u32 {
        self.site_of_domain(self.domain_of_user(user))
    }

    /// The site of one who takes mail that is not for him. Nobody's domain is his, and no fault.
    pub(crate) const fn thief(&self) -> u32 {
        self.sites
    }

    pub(crate) const fn second(&self, site: u32) -> u32 {
        (site + 1) % self.sites
    }

    pub(crate) fn host(&self, address: IpAddr) -> Option<Host> {
        if let Some(server) = SERVERS.iter().position(|it| *it == address) {
            return Some(Host::Server(server));
        }
        if address == FORGED {
            return Some(Host::Site(self.thief()));
        }
        let IpAddr::V4(address) = address else { return None };
        let number = u32::from(address).checked_sub(0x0A00_0100)? / 2;
        (number < self.sites).then_some(Host::Site(number))
    }

    /// Reads a mail address of this world; `None` if it is of another.
    pub(crate) fn address(&self, mailbox: &homing::smtp::Mailbox) -> Option<Address> {
        let local = mailbox.local_part();
        if let Some(user) = local.strip_prefix('u') {
            return user.parse().ok().filter(|user| *user < self.users).map(Address::User);
        }
        local.strip_prefix("nobody").and_then(|it| it.parse().ok()).map(Address::Nobody)
    }

    /// The site of a mail host's name.
    pub(crate) fn site_of_host(&self, host: &str) -> Option<u32> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        match host.strip_prefix("mail.") {
            Some(domain) => Some(self.site_of_domain(self.domain(domain)?)),
            None => host.strip_prefix('s')?.strip_suffix(".net")?.parse().ok(),
        }
    }

    /// The number of a domain, if it is one.
    pub(crate) fn domain(&self, name: &str) -> Option<u32> {
        let number = name.strip_prefix('d')?.split('.').next()?.parse().ok()?;
        (number < self.domains && name.eq_ignore_ascii_case(&domain(number))).then_some(number)
    }
}

/// A site has two addresses.
pub(crate) fn address(site: u32, which: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from(0x0A00_0100 + 2 * site + which))
}

pub(crate) fn site(site: u32) -> String {
    format!("s{site}.net")
}

pub(crate) fn domain(domain: u32) -> String {
    format!("d{domain}.{}", tld(domain))
}

pub(crate) fn local_part(address: Address) -> String {
    match address {
        Address::User(user) => format!("u{user}"),
        Address::Nobody(number) => format!("nobody{number}"),
        Address::Nowhere => "lost".into(),
    }
}

pub(crate) fn mail_address(size: Size, address: Address) -> String {
    let at = match address {
        Address::User(user) => domain(size.domain_of_user(user)),
        Address::Nobody(number) => domain(number % size.domains),
        Address::Nowhere => "nowhere.com".into(),
    };
    format!("{}@{at}", local_part(address))
}

pub(crate) fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

fn soa(apex: &Name, serial: u32) -> Record {
    let (primary, mailbox) = (apex.view(), apex.view());
    let (refresh, retry, expire, minimum) = (3600, 600, 604_800, 300);
    let soa = Rdata::Soa { primary, mailbox, serial, refresh, retry, expire, minimum };
    Record::new(apex.clone(), 3600, soa)
}

fn ns(owner: &Name, server: &Name) -> Record {
    Record::new(owner.clone(), 86_400, Rdata::Ns { server: server.view() })
}

/// A domain's zone: servers at its own site and at another, a mail host, and for some a second
/// mail host at the other site.
pub(crate) fn zone(size: Size, number: u32, serial: u32) -> Zone {
    let apex = name(&domain(number));
    let site = size.site_of_domain(number);
    let (ns1, ns2, mail) = (below("ns1", &apex), below("ns2", &apex), below("mail", &apex));
    let mx = |preference, host: &Name| {
        Record::new(apex.clone(), 600, Rdata::Mx { preference, exchange: host.view() })
    };
    let mut records = vec![
        soa(&apex, serial),
        ns(&apex, &ns1),
        ns(&apex, &ns2),
        Record::address(ns1, 86_400, address(site, 0)),
        Record::address(ns2, 86_400, address(size.second(site), 0)),
        mx(10, &mail),
        Record::address(mail, 600, address(site, serial % 2)),
    ];
    if has_policy(size, number) {
        let text = format!("v=STSv1; id={serial}");
        let owner = below("_mta-sts", &apex);
        records.push(Record::text(owner, 600, &[text.as_bytes()]).expect("short"));
    }
    if is_signed(size, number) && offers_tls(site) {
        let key: String =
            crate::world::veil::key(site).iter().map(|it| format!("{it:02x}")).collect();
        let line = format!("_25._tcp.mail.{apex} 600 IN TLSA 3 1 1 {key}\n");
        let read = zone_file::read("", line.as_bytes(), Name::ROOT, |_| None);
        records.extend(read.expect("a record"));
    }
    if has_second_mail_host(number) {
        records.push(mx(20, &name(&self::site(size.second(site)))));
    }
    let zone = Zone::new(records).expect("a zone");
    if is_signed(size, number) { signed(&zone) } else { zone }
}

/// The key of a zone.
fn zone_key(apex: &Name) -> KeyPair {
    let digest = Digest::of(apex.to_string().as_bytes());
    let seed = Random::new(digest.0).seed();
    KeyPair::generate(DnssecAlgorithm::ED25519, true, seed).expect("an algorithm that is known")
}

fn signer(apex: &Name) -> Signer {
    let mut signer = Signer::new(vec![zone_key(apex)]);
    // Longer than the world lasts.
    signer.validity = 365 * 86_400;
    signer
}

fn signed(zone: &Zone) -> Zone {
    signer(zone.apex()).sign(zone, None, unix(0)).expect("a zone that can be signed")
}

/// What the parent says of a zone's key.
fn entries(apex: &Name) -> Vec<Record> {
    let record = |ds: Ds| Record::new(apex.clone(), 3600, ds.data());
    signer(apex).ds(apex).map(record).collect()
}

/// What resolvers believe from the beginning.
pub(crate) fn trust() -> Trust {
    let mut trust = Trust::new(Config::default());
    for ds in signer(&Name::ROOT).ds(&Name::ROOT) {
        trust.add_anchor(Name::ROOT, ds);
    }
    trust
}

pub(crate) const fn has_second_mail_host(domain: u32) -> bool {
    domain.is_multiple_of(4)
}

/// Whether a user reads mail by IMAP; all others, by POP3.
pub(crate) const fn reads_by_imap(user: u32) -> bool {
    user % 4 == 1
}

/// Whether a site's mail server does TLS.
pub(crate) const fn offers_tls(site: u32) -> bool {
    site % 4 != 1
}

/// Whether a domain has an MTA-STS policy.
pub(crate) const fn has_policy(size: Size, domain: u32) -> bool {
    domain % 8 == 3 && offers_tls(size.site_of_domain(domain))
}

/// It holds for a week.
pub(crate) fn policy(size: Size, domain: u32) -> String {
    debug_assert!(has_policy(size, domain));
    let host = self::domain(domain);
    format!("version: STSv1\nmode: enforce\nmx: mail.{host}\nmax_age: 604800\n")
}

/// What the servers of the root and of the top-level domains have.
pub(crate) fn servers(size: Size) -> [Authority; 2] {
    let mut root = vec![soa(&Name::ROOT, 1)];
    let names = [name("a.root"), name("b.root"), name("a.gtld"), name("b.gtld")];
    for (server, at) in names.iter().zip(SERVERS) {
        root.push(Record::address(server.clone(), 518_400, at));
    }
    root.extend([ns(&Name::ROOT, &names[0]), ns(&Name::ROOT, &names[1])]);
    let mut tlds = Authority::default();
    for tld in TLDS.into_iter().chain([SIGNED]) {
        let apex = name(tld);
        root.extend([ns(&apex, &names[2]), ns(&apex, &names[3])]);
        let mut records = vec![soa(&apex, 1), ns(&apex, &names[2]), ns(&apex, &names[3])];
        if tld == "net" {
            let sites =
                (0..size.sites).map(|it| Record::address(name(&site(it)), 3600, address(it, 0)));
            records.extend(sites);
            records.push(Record::address(name(&site(size.thief())), 3600, FORGED));
        }
        for number in (0..size.domains).filter(|it| self::tld(*it) == tld) {
            let child = name(&domain(number));
            let site = size.site_of_domain(number);
            let servers = [(below("ns1", &child), site), (below("ns2", &child), size.second(site))];
            for (server, at) in servers {
                records.push(ns(&child, &server));
                records.push(Record::address(server, 86_400, address(at, 0)));
            }
            if is_signed(size, number) {
                records.extend(entries(&child));
            }
        }
        let zone = Zone::new(records).expect("a zone");
        if size.signed && tld == SIGNED {
            root.extend(entries(&apex));
            tlds.insert(signed(&zone));
        } else {
            tlds.insert(zone);
        }
    }
    let mut roots = Authority::default();
    let root = Zone::new(root).expect("the root");
    roots.insert(if size.signed { signed(&root) } else { root });
    [roots, tlds]
}

fn below(label: &str, apex: &Name) -> Name {
    Name::from_labels(std::iter::once(label.as_bytes()).chain(apex.labels())).expect("short")
}
