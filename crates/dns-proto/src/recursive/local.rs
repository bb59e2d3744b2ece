//! Names that mean this host, or a network of one's own: nobody elsewhere is asked about them, and
//! nobody elsewhere learns of them (RFC 6303, RFC 6761 §6.3 and §6.4, RFC 7686).
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use bytes::BytesMut;
use proto_core::Transport;

use crate::authority::{self, Authority};
use crate::message::Message;
use crate::name::Name;
use crate::number::RecordType;
use crate::recursive::Config;
use crate::zone::Zone;
use crate::zone_file;

/// Beside the networks 172.16 to 172.31.
const ZONES: &str = "localhost invalid onion \
    0.in-addr.arpa 10.in-addr.arpa 127.in-addr.arpa 254.169.in-addr.arpa 168.192.in-addr.arpa \
    2.0.192.in-addr.arpa 100.51.198.in-addr.arpa 113.0.203.in-addr.arpa \
    255.255.255.255.in-addr.arpa \
    0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa \
    1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa \
    d.f.ip6.arpa 8.e.f.ip6.arpa 9.e.f.ip6.arpa a.e.f.ip6.arpa b.e.f.ip6.arpa \
    8.b.d.0.1.0.0.2.ip6.arpa";

/// Returns the zones that a resolver answers by itself unless it is told otherwise: those of RFC
/// 6303 §4, `localhost`, `invalid` and `onion`.
///
/// ```
/// let zones = dns_proto::recursive::local_zones();
/// assert!(zones.contains(&"10.in-addr.arpa".parse()?));
/// # Ok::<(), dns_proto::ParseError>(())
/// ```
#[must_use]
pub fn local_zones() -> Vec<Name> {
    let private = (16..32).map(|second| format!("{second}.172.in-addr.arpa"));
    let others = ZONES.split_whitespace().map(String::from);
    let parse = |name: String| name.parse().expect("the names above are names");
    private.chain(others).map(parse).collect()
}

/// What is answered here.
#[derive(Debug)]
pub(super) struct Local {
    authority: Authority,
    /// The zones' last labels: few, and most names have another.
    tops: Vec<Name>,
}

impl Local {
    /// Makes the zones, but for those below or at which somebody is configured to be asked.
    pub(super) fn new(config: &Config) -> Self {
        let &Config { payload, keepalive, .. } = config;
        let identity = config.identity.clone();
        let own = authority::Config { payload, identity, keepalive, ..Default::default() };
        let (mut authority, mut tops) = (Authority::new(own), Vec::new());
        let elsewhere =
            |zone: &&Name| config.upstreams.iter().any(|it| it.zone.is_within(zone.view()));
        for apex in config.local.iter().filter(|zone| !elsewhere(zone)) {
            authority.insert(zone(apex));
            let top = Name::from_labels(apex.labels().last());
            tops.extend(top.ok().filter(|top| !tops.contains(top)));
        }
        Self { authority, tops }
    }

    /// Whether a query is about a name in one of the zones.
    pub(super) fn knows(&self, query: &Message<'_>) -> bool {
        let last = query.question().and_then(|asked| asked.name.labels().last());
        let is_last = |top: &Name| match (last, top.labels().next()) {
            (Some(last), Some(top)) => last.eq_ignore_ascii_case(top),
            (_, top) => top.is_none(),
        };
        self.tops.iter().any(is_last) && self.authority.knows(query)
    }

    /// Answers a query about a name in one of the zones.
    pub(super) fn answer(&self, query: &Message<'_>, via: Transport) -> Option<BytesMut> {
        let question = query.question()?;
        // RFC 4035 §3.1.4.1: the DS of a zone is its parent's.
        let of_parent = question.rtype == RecordType::DS && self.authority.serves(question.name);
        if of_parent || !self.knows(query) {
            return None;
        }
        let mut out = BytesMut::new();
        let _ = self.authority.answer(query, via, &mut out);
        // RA, which an authority does not set.
        if let Some(flags) = out.get_mut(3) {
            *flags |= 0x80;
        }
        Some(out)
    }
}

/// Makes a zone with nothing in it (RFC 6303 §3), but for what means this host.
fn zone(apex: &Name) -> Zone {
    let mut text = String::from(
        "$TTL 10800\n@ SOA localhost. nobody.invalid. 1 3600 1200 604800 10800\n@ NS localhost.\n",
    );
    text.push_str(match apex.to_lowercase().to_string().as_str() {
        // RFC 6761 §6.3: names below mean the same.
        "localhost." => "@ A 127.0.0.1\n@ AAAA ::1\n* A 127.0.0.1\n* AAAA ::1\n",
        "127.in-addr.arpa." => "1.0.0 PTR localhost.\n",
        name if name.starts_with("1.0.0.") && name.ends_with(".ip6.arpa.") => "@ PTR localhost.\n",
        _ => "",
    });
    let records = zone_file::read("local", text.as_bytes(), apex.clone(), |_| None);
    Zone::new(records.expect("the text above is a zone")).expect("it has SOA and NS records")
}
