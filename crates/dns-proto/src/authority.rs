//! The authoritative server: a function from zones and a query to an answer.
use alloc::boxed::Box;
use alloc::collections::BTreeMap;

use bytes::BytesMut;
use proto_core::Transport;

use crate::edns::Edns;
use crate::header::Header;
use crate::key::Key;
use crate::message::{Message, Question, Section};
use crate::name::{Name, NameRef};
use crate::number::{Class, Opcode, Rcode, RecordType};
use crate::query::UDP_PAYLOAD;
use crate::rdata::Rdata;
use crate::writer::Writer;
use crate::zone::{Found, Node, RrSet, Zone};

/// What an authority is, beside its zones.
///
/// ```
/// use dns_proto::authority::Config;
///
/// let config = Config { payload: 4096, ..Config::default() };
/// assert_eq!(config.cnames, 11);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Config {
    /// Octets of the largest UDP message sent, whatever the client says it can take, and the size
    /// that is told it. 1232: no fragments, and no more amplification than that.
    pub payload: u16,
    /// Links of a chain of aliases that one answer follows. 11, as Unbound keeps.
    pub cnames: u8,
}

impl Default for Config {
    fn default() -> Self {
        Self { payload: UDP_PAYLOAD, cnames: 11 }
    }
}

/// How a message was answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// It was not a query; nothing was written, and nothing may be sent.
    Ignored,
    /// With data.
    Answer,
    /// With the servers of a zone below.
    Referral,
    /// The name exists; the type does not.
    NoData,
    /// The name does not exist.
    NxDomain,
    /// With an error.
    Failed(Rcode),
    /// The zone was updated; `changed` says whether it became another.
    Updated {
        /// Whether anything is different.
        changed: bool,
    },
}

/// Zones, and what they answer (RFC 1034 §4.3.2).
///
/// ```
/// use bytes::BytesMut;
/// use dns_proto::{Authority, Message, Name, Outcome, Query, RecordType};
/// use proto_core::Transport;
///
/// let authority = Authority::default();
/// let name: Name = "hamburger.edu".parse()?;
/// let query = Query::new(&name, RecordType::A).write();
/// let mut out = BytesMut::new();
/// let outcome = authority.respond(&query, Transport::Udp, &mut out);
/// assert!(matches!(outcome, Outcome::Failed(dns_proto::Rcode::REFUSED)));
/// assert!(Message::parse(&out)?.header().response);
/// # Ok::<(), dns_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Authority {
    config: Config,
    zones: BTreeMap<Box<[u8]>, Zone>,
}

impl Authority {
    /// Makes an authority without zones.
    #[must_use]
    pub const fn new(config: Config) -> Self {
        Self { config, zones: BTreeMap::new() }
    }

    /// Takes a zone into service, and returns the one of the same name that it replaces.
    pub fn insert(&mut self, zone: Zone) -> Option<Zone> {
        self.zones.insert(Key::new(zone.apex().view()).octets().into(), zone)
    }

    /// Returns the zone with this apex.
    #[must_use]
    pub fn zone(&self, apex: NameRef<'_>) -> Option<&Zone> {
        self.zones.get(Key::new(apex).octets())
    }

    /// Lends the zone with this apex, to change it.
    pub fn zone_mut(&mut self, apex: NameRef<'_>) -> Option<&mut Zone> {
        self.zones.get_mut(Key::new(apex).octets())
    }

    /// Answers whatever has come in: [`answer`](Self::answer), or FORMERR for what is no message.
    ///
    /// The answer is appended to `out`; after [`Outcome::Ignored`] there is none.
    pub fn respond(&self, octets: &[u8], via: Transport, out: &mut BytesMut) -> Outcome {
        match Message::parse(octets) {
            Ok(message) => self.answer(&message, via, out),
            Err(_) => malformed(octets, out),
        }
    }

    /// Answers a query. An update is refused: permission is the application's to give, by calling
    /// [`update`](Self::update).
    ///
    /// The answer is appended to `out`; after [`Outcome::Ignored`] there is none.
    pub fn answer(&self, query: &Message<'_>, via: Transport, out: &mut BytesMut) -> Outcome {
        self.reply(query, via, out, |writer| self.fill(query, writer))
    }

    /// Applies an update to its zone (RFC 2136 §3), wholly or not at all, and answers it.
    ///
    /// Whether its sender may do so is for the caller to decide before. The answer is appended to
    /// `out`; after [`Outcome::Ignored`] there is none.
    pub fn update(&mut self, update: &Message<'_>, via: Transport, out: &mut BytesMut) -> Outcome {
        let changed = match update.header().opcode {
            Opcode::UPDATE if !update.header().response => self.apply(update),
            _ => Err(Rcode::NOTIMP),
        };
        self.reply(update, via, out, |writer| {
            if let Some(zone) = update.question() {
                // RFC 2136 §3.8: the zone section may come back; 4+255 octets always fit.
                let _ = writer.question(zone);
            }
            changed.map_or_else(Outcome::Failed, |changed| Outcome::Updated { changed })
        })
    }

    fn apply(&mut self, update: &Message<'_>) -> Result<bool, Rcode> {
        // RFC 2136 §3.1.1: one zone, named by its SOA.
        let zone = update.question().filter(|zone| zone.rtype == RecordType::SOA);
        let asked = zone.ok_or(Rcode::FORMERR)?;
        let zone = self.zone_mut(asked.name).filter(|zone| zone.class() == asked.class);
        zone.ok_or(Rcode::NOTAUTH)?.update(update)
    }

    /// Does what all answers have in common: header, size, EDNS.
    fn reply(
        &self,
        query: &Message<'_>,
        via: Transport,
        out: &mut BytesMut,
        fill: impl FnOnce(&mut Writer<'_>) -> Outcome,
    ) -> Outcome {
        if query.header().response {
            return Outcome::Ignored;
        }
        let edns = query.edns();
        let opt = Edns::new(self.config.payload);
        let limit = udp_limit(edns.map(|edns| edns.payload), self.config.payload, via);
        let mut writer = Writer::new(out, query.header().answer(), limit);
        let reserved = edns.map_or(0, |_| opt.wire_len());
        writer.reserve(reserved);
        let outcome = match edns {
            Some(edns) if edns.version > 0 => Outcome::Failed(Rcode::BADVERS),
            _ => fill(&mut writer),
        };
        writer.header().rcode = match outcome {
            Outcome::Failed(rcode) => rcode,
            Outcome::NxDomain => Rcode::NXDOMAIN,
            _ => Rcode::NOERROR,
        };
        writer.release(reserved);
        if edns.is_some() {
            writer.edns(&opt).expect("room for the OPT record was reserved");
        }
        writer.finish();
        outcome
    }

    fn fill(&self, query: &Message<'_>, writer: &mut Writer<'_>) -> Outcome {
        match query.header().opcode {
            Opcode::QUERY => {}
            Opcode::UPDATE => return Outcome::Failed(Rcode::REFUSED),
            _ => return Outcome::Failed(Rcode::NOTIMP),
        }
        let Some(question) = query.question() else { return Outcome::Failed(Rcode::FORMERR) };
        if writer.question(question).is_err() {
            return Outcome::Failed(Rcode::FORMERR);
        }
        if question.rtype.is_meta() && question.rtype != RecordType::ANY {
            return Outcome::Failed(Rcode::NOTIMP);
        }
        let Some(zone) = self.closest(question) else { return Outcome::Failed(Rcode::REFUSED) };
        let rtype = question.rtype;
        let outcome = Answering { zone, writer, rtype }.run(question.name, self.config.cnames);
        if question.class == Class::ANY {
            // RFC 1035 §6.2: we do not know every class there is.
            writer.header().authoritative = false;
        }
        outcome
    }

    /// Finds the zone nearest to the name; for a DS record, the nearest above (RFC 4035 §3.1.4.1).
    fn closest(&self, question: Question<'_>) -> Option<&Zone> {
        let key = Key::new(question.name);
        let above = question.rtype == RecordType::DS;
        let served = (0..=key.depth()).rev().filter_map(|depth| {
            let zone = self.zones.get(key.ancestor(depth))?;
            let class = question.class == zone.class() || question.class == Class::ANY;
            class.then_some((depth, zone))
        });
        let mut own = None;
        for (depth, zone) in served {
            if !(above && depth == key.depth()) {
                return Some(zone);
            }
            own = Some(zone);
        }
        own
    }
}

/// Returns how long an answer may be: RFC 1035 §4.2.1, RFC 6891 §6.2.3.
pub(crate) fn udp_limit(offered: Option<u16>, own: u16, via: Transport) -> usize {
    match via {
        Transport::Udp => usize::from(offered.unwrap_or(512).clamp(512, own.max(512))),
        _ => usize::from(u16::MAX),
    }
}

/// Answers FORMERR to what has at least the header of a query.
pub(crate) fn malformed(octets: &[u8], out: &mut BytesMut) -> Outcome {
    let Some(&[id_high, id_low, high, low, ..]) = octets.first_chunk::<12>() else {
        return Outcome::Ignored;
    };
    let id = u16::from_be_bytes([id_high, id_low]);
    let header = Header::parse(id, u16::from_be_bytes([high, low]));
    if header.response {
        return Outcome::Ignored;
    }
    let header = Header { rcode: Rcode::FORMERR, ..header.answer() };
    Writer::new(out, header, usize::from(u16::MAX)).finish();
    Outcome::Failed(Rcode::FORMERR)
}

/// One answer in the making.
struct Answering<'a, 'w, 'b> {
    zone: &'a Zone,
    writer: &'w mut Writer<'b>,
    rtype: RecordType,
}

impl<'a> Answering<'a, '_, '_> {
    /// Follows the name through the zone (RFC 1034 §4.3.2, step 3).
    fn run(&mut self, asked: NameRef<'_>, cnames: u8) -> Outcome {
        let mut name = asked.to_name();
        self.writer.header().authoritative = true;
        for link in 0..=cnames {
            match self.zone.find(name.view(), self.rtype == RecordType::DS) {
                Found::Cut(cut) => return self.refer(cut, link == 0),
                Found::Empty => return self.deny(Outcome::NoData),
                // RFC 6604 §3: the rcode is about the last name of the chain.
                Found::Nothing => return self.deny(Outcome::NxDomain),
                Found::Redirected(node) => match self.redirect(node, &name) {
                    Ok(target) => name = target,
                    Err(outcome) => return outcome,
                },
                Found::Node(node) => match self.alias(node, &name) {
                    Some(target) => name = target,
                    None => return self.data(node, &name),
                },
            }
            if !name.is_within(self.zone.apex().view()) {
                break;
            }
        }
        Outcome::Answer
    }

    /// Writes the CNAME of a node that is an alias, and returns of what.
    fn alias(&mut self, node: &Node, name: &Name) -> Option<Name> {
        if matches!(self.rtype, RecordType::CNAME | RecordType::ANY) {
            return None;
        }
        let set = node.set(RecordType::CNAME)?;
        let Some(Rdata::Cname { target }) = set.data.first().map(|data| data.view()) else {
            return None;
        };
        self.put(Section::Answer, name.view(), set, set.ttl);
        Some(target.to_name())
    }

    /// Writes a DNAME and the CNAME that follows from it (RFC 6672 §3.1).
    fn redirect(&mut self, node: &Node, name: &Name) -> Result<Name, Outcome> {
        let set = node.set(RecordType::DNAME).expect("the look-up found it");
        let Some(Rdata::Dname { target }) = set.data.first().map(|data| data.view()) else {
            return Err(Outcome::Failed(Rcode::SERVFAIL));
        };
        self.put(Section::Answer, node.name.view(), set, set.ttl);
        let above = name.labels().count() - node.name.labels().count();
        let moved = Name::from_labels(name.labels().take(above).chain(target.labels()));
        // RFC 6672 §2.2: the new name is too long.
        let moved = moved.map_err(|_| Outcome::Failed(Rcode::YXDOMAIN))?;
        let cname = Rdata::Cname { target: moved.view() };
        let _ = self.writer.data(name.view(), self.zone.class(), set.ttl, &cname);
        Ok(moved)
    }

    fn data(&mut self, node: &'a Node, name: &Name) -> Outcome {
        let set = match self.rtype {
            // RFC 8482 §4.1: one RRset is answer enough to ANY.
            RecordType::ANY => node.sets.first(),
            rtype => node.set(rtype),
        };
        let Some(set) = set else { return self.deny(Outcome::NoData) };
        if self.put(Section::Answer, name.view(), set, set.ttl) {
            self.addresses(set);
        }
        Outcome::Answer
    }

    /// Writes the servers of the zone below, and their addresses if they are known here.
    fn refer(&mut self, cut: &Node, first: bool) -> Outcome {
        // RFC 1034 §4.2.1: the parent is no authority for the child.
        self.writer.header().authoritative = !first;
        let Some(set) = cut.set(RecordType::NS) else { return Outcome::Referral };
        if self.put(Section::Authority, cut.name.view(), set, set.ttl) {
            for target in set.data.iter().filter_map(|data| target(data.view())) {
                let all = self.zone.node(target).is_none_or(|node| self.put_addresses(node));
                // RFC 9471 §3.1: without glue from inside the child, it cannot be reached.
                if !all && target.is_within(cut.name.view()) {
                    self.writer.header().truncated = true;
                }
            }
        }
        if first { Outcome::Referral } else { Outcome::Answer }
    }

    /// Writes the SOA that says how long there will be nothing (RFC 2308 §3).
    fn deny(&mut self, outcome: Outcome) -> Outcome {
        let soa = self.zone.soa();
        let minimum = match soa.data.first().map(|data| data.view()) {
            Some(Rdata::Soa { minimum, .. }) => minimum,
            _ => 0,
        };
        self.put(Section::Authority, self.zone.apex().view(), soa, soa.ttl.min(minimum));
        outcome
    }

    /// Adds the addresses of the hosts that an RRset names (RFC 1035 §3.3.9, RFC 2782).
    fn addresses(&mut self, set: &RrSet) {
        for target in set.data.iter().filter_map(|data| target(data.view())) {
            let inside = target.is_within(self.zone.apex().view());
            if inside && let Found::Node(node) = self.zone.find(target, false) {
                self.put_addresses(node);
            }
        }
    }

    fn put_addresses(&mut self, node: &Node) -> bool {
        [RecordType::A, RecordType::AAAA].into_iter().fold(true, |all, rtype| {
            let put = |set: &RrSet| self.put(Section::Additional, node.name.view(), set, set.ttl);
            node.set(rtype).is_none_or(put) && all
        })
    }

    /// Writes an RRset whole, or nothing of it.
    fn put(&mut self, section: Section, owner: NameRef<'_>, set: &RrSet, ttl: u32) -> bool {
        // After a truncated section nothing more is worth its octets.
        if self.writer.header().truncated || self.writer.section(section).is_err() {
            return false;
        }
        let (mark, class) = (self.writer.mark(), self.zone.class());
        for data in &set.data {
            if self.writer.data(owner, class, ttl, &data.view()).is_err() {
                self.writer.rollback(mark);
                self.writer.header().truncated = section != Section::Additional;
                return false;
            }
        }
        true
    }
}

/// Returns the host that data name, if its addresses are worth adding.
fn target(data: Rdata<'_>) -> Option<NameRef<'_>> {
    match data {
        Rdata::Ns { server: target }
        | Rdata::Mx { exchange: target, .. }
        | Rdata::Srv { target, .. } => Some(target),
        _ => None,
    }
}
