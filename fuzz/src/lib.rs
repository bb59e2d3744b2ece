//! What the targets share.
use homing::dns::{Name, Rdata, Record, Zone};

/// Cuts octets into pieces whose sizes go round and round; 0 stands for 1.
pub fn pieces(sizes: [u8; 3], octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut sizes = sizes.into_iter().map(|size| usize::from(size).max(1)).cycle();
    let mut rest = octets;
    std::iter::from_fn(move || {
        let size = sizes.next()?.min(rest.len());
        let (piece, more) = rest.split_at(size);
        rest = more;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Returns where [`pieces`] cuts.
pub fn cuts(sizes: [u8; 3], octets: &[u8]) -> Vec<usize> {
    let ends = pieces(sizes, octets).scan(0, |end, piece| {
        *end += piece.len();
        Some(*end)
    });
    ends.collect()
}

/// Whether these octets are one line.
pub fn is_line(octets: &[u8]) -> bool {
    octets
        .strip_suffix(b"\r\n")
        .is_some_and(|line| !line.iter().any(|octet| matches!(octet, 0 | b'\r' | b'\n')))
}

/// Makes a zone with something of everything: a wildcard, an alias, a cut, a subtree elsewhere.
pub fn zone() -> Zone {
    let name = |text: &str| -> Name { text.parse().expect("a name") };
    let (apex, ns, other) = (name("hamburger.edu"), name("ns.hamburger.edu"), name("crepes.fr"));
    let (server, exchange, target) = (ns.view(), ns.view(), other.view());
    let soa = Rdata::Soa {
        primary: server,
        mailbox: target,
        serial: u32::MAX,
        refresh: 3600,
        retry: 600,
        expire: 86400,
        minimum: 60,
    };
    let data = [
        ("hamburger.edu", soa),
        ("hamburger.edu", Rdata::Ns { server }),
        ("hamburger.edu", Rdata::Mx { preference: 10, exchange }),
        ("ns.hamburger.edu", Rdata::A { address: [127, 0, 0, 1].into() }),
        ("*.hamburger.edu", Rdata::A { address: [127, 0, 0, 2].into() }),
        ("www.hamburger.edu", Rdata::Cname { target: server }),
        ("w.hamburger.edu", Rdata::Cname { target }),
        ("cs.hamburger.edu", Rdata::Ns { server: exchange }),
        ("moved.hamburger.edu", Rdata::Dname { target: apex.view() }),
        ("a.b.hamburger.edu", Rdata::Srv { priority: 0, weight: 0, port: 25, target: server }),
    ];
    let text = Record::text(name("t.hamburger.edu"), 60, &[&[b'x'; 255][..]; 8]).expect("strings");
    let records = data.map(|(owner, data)| Record::new(name(owner), 60, data));
    Zone::new(records.into_iter().chain([text])).expect("a zone")
}
