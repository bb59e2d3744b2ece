//! Who is where: addresses, zones and mail addresses of the world.
use std::net::{IpAddr, Ipv4Addr};

use homing::dns::{Authority, Name, Rdata, Record, Zone};

use crate::ledger::Address;

/// The top-level domains.
const TLDS: [&str; 5] = ["com", "org", "net", "edu", "fr"];

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

    pub(crate) const fn second(&self, site: u32) -> u32 {
        (site + 1) % self.sites
    }

    pub(crate) fn host(&self, address: IpAddr) -> Option<Host> {
        if let Some(server) = SERVERS.iter().position(|it| *it == address) {
            return Some(Host::Server(server));
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
    format!("d{domain}.{}", TLDS[domain as usize % TLDS.len()])
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
    if has_second_mail_host(number) {
        records.push(mx(20, &name(&self::site(size.second(site)))));
    }
    Zone::new(records).expect("a zone")
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

/// It holds for six hours.
pub(crate) fn policy(size: Size, domain: u32) -> String {
    debug_assert!(has_policy(size, domain));
    let host = self::domain(domain);
    format!("version: STSv1\nmode: enforce\nmx: mail.{host}\nmax_age: 21600\n")
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
    for tld in TLDS {
        let apex = name(tld);
        root.extend([ns(&apex, &names[2]), ns(&apex, &names[3])]);
        let mut records = vec![soa(&apex, 1), ns(&apex, &names[2]), ns(&apex, &names[3])];
        if tld == "net" {
            let sites =
                (0..size.sites).map(|it| Record::address(name(&site(it)), 3600, address(it, 0)));
            records.extend(sites);
        }
        for number in (0..size.domains).filter(|it| TLDS[*it as usize % TLDS.len()] == tld) {
            let child = name(&domain(number));
            let site = size.site_of_domain(number);
            let servers = [(below("ns1", &child), site), (below("ns2", &child), size.second(site))];
            for (server, at) in servers {
                records.push(ns(&child, &server));
                records.push(Record::address(server, 86_400, address(at, 0)));
            }
        }
        tlds.insert(Zone::new(records).expect("a zone"));
    }
    let mut roots = Authority::default();
    roots.insert(Zone::new(root).expect("the root"));
    [roots, tlds]
}

fn below(label: &str, apex: &Name) -> Name {
    Name::from_labels(std::iter::once(label.as_bytes()).chain(apex.labels())).expect("short")
}
