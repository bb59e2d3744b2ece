//! The authoritative server: a function from zones and a query to an answer.
mod additional;
mod answer;
mod chaos;
mod client;
mod denial;
mod nsec3;
mod options;
mod server;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::BytesMut;
use proto_core::Transport;

use crate::edns::{CookieSecret, Edns};
use crate::header::Header;
use crate::key::Key;
use crate::message::{Message, Question};
use crate::name::NameRef;
use crate::number::{Class, Opcode, Rcode, RecordType};
use crate::query::UDP_PAYLOAD;
use crate::writer::Writer;
use crate::zone::Zone;

use answer::Answering;
pub use client::{Client, Rotation};
pub(crate) use options::{IDENTITY, keepalive, wants_time};
pub use server::{PendingUpdate, PreparedUpdate, Reply, Server};

/// What an authority is, beside its zones.
///
/// ```
/// use dns_proto::authority::Config;
///
/// let config = Config { payload: 4096, ..Config::default() };
/// assert_eq!(config.cnames, 11);
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    /// Octets of the largest UDP message sent, whatever the client says it can take, and the size
    /// that is told it. 1232: no fragments, and no more amplification than that.
    pub payload: u16,
    /// Links of a chain of aliases that one answer follows. 11, as Unbound keeps.
    pub cnames: u8,
    /// In which order the records of a set come. As the zone has them.
    pub rotation: Rotation,
    /// Whether the addresses of the hosts that an answer names come with it. They do; a referral
    /// has its glue in any case.
    pub additional: bool,
    /// Whether a positive answer names the zone's servers. It does not: who asks knows them.
    pub servers: bool,
    /// Rounds of hashing beyond the first that a proof of absence may cost; a zone with more gets
    /// none. 100: RFC 9276 §3.1 wants 0, and resolvers believe no more than that.
    pub iterations: u16,
    /// Who this server is, for who asks by NSID (RFC 5001) or for `id.server` (RFC 4892); nobody,
    /// if empty. At most 255 octets are told.
    pub identity: Vec<u8>,
    /// What `version.bind` says; nothing, if empty.
    pub version: Vec<u8>,
    /// How long connections are kept when nothing is asked on them, which clients are told who speak
    /// EDNS by TCP or TLS (RFC 7828); it must be what the driver does. Without, they are told
    /// nothing.
    pub keepalive: Option<Duration>,
    /// What makes cookies (RFC 9018); without, none are given.
    pub cookies: Option<CookieSecret>,
    /// Whether a UDP query must have a good cookie if it has one at all, or else is told BADCOOKIE
    /// and a fresh one (RFC 7873 §5.2.3). It need not; for servers under attack.
    pub cookies_required: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            payload: UDP_PAYLOAD,
            cnames: 11,
            rotation: Rotation::Fixed,
            additional: true,
            servers: false,
            iterations: 100,
            identity: Vec::new(),
            version: Vec::new(),
            keepalive: None,
            cookies: None,
            cookies_required: false,
        }
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
    /// None is for a zone that is to be here and is not, or not any more.
    zones: BTreeMap<Box<[u8]>, Option<Zone>>,
}

impl Authority {
    /// Makes an authority without zones.
    #[must_use]
    pub const fn new(config: Config) -> Self {
        Self { config, zones: BTreeMap::new() }
    }

    /// Takes a zone into service, and returns the one of the same name that it replaces.
    pub fn insert(&mut self, zone: Zone) -> Option<Zone> {
        self.zones.insert(Key::new(zone.apex().view()).octets().into(), Some(zone)).flatten()
    }

    /// Answers SERVFAIL for a zone of the Internet until it comes: a secondary that has none yet,
    /// or whose copy has expired (RFC 1034 §4.3.5).
    pub fn suspend(&mut self, apex: NameRef<'_>) -> Option<Zone> {
        self.zones.insert(Key::new(apex).octets().into(), None).flatten()
    }

    /// Returns the zone with this apex.
    #[must_use]
    pub fn zone(&self, apex: NameRef<'_>) -> Option<&Zone> {
        self.zones.get(Key::new(apex).octets())?.as_ref()
    }

    /// Whether there is a zone with this apex, or there would be if it were not suspended.
    #[must_use]
    pub fn serves(&self, apex: NameRef<'_>) -> bool {
        self.zones.contains_key(Key::new(apex).octets())
    }

    /// Takes a zone out of service.
    pub fn remove(&mut self, apex: NameRef<'_>) -> Option<Zone> {
        self.zones.remove(Key::new(apex).octets()).flatten()
    }

    /// Iterates over the zones, in canonical order.
    pub fn zones(&self) -> impl Iterator<Item = &Zone> {
        self.zones.values().flatten()
    }

    /// Returns the configuration.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Answers whatever has come in: [`answer`](Self::answer), or FORMERR for what is no message.
    ///
    /// The answer is appended to `out`; after [`Outcome::Ignored`] there is none.
    pub fn respond(&self, octets: &[u8], client: impl Into<Client>, out: &mut BytesMut) -> Outcome {
        match Message::parse(octets) {
            Ok(message) => self.answer(&message, client, out),
            Err(_) => malformed(octets, out),
        }
    }

    /// Answers a query of a [`Client`], or of nobody in particular by a [`Transport`]. An update is
    /// refused: permission is the application's to give, by calling [`update`](Self::update).
    ///
    /// The answer is appended to `out`; after [`Outcome::Ignored`] there is none.
    pub fn answer(
        &self,
        query: &Message<'_>,
        client: impl Into<Client>,
        out: &mut BytesMut,
    ) -> Outcome {
        let client = client.into();
        self.reply(query, &client, out, |writer| self.fill(query, &client, writer))
    }

    /// Applies an update to its zone (RFC 2136 §3), wholly or not at all, and answers it.
    ///
    /// Whether its sender may do so is for the caller to decide before; see
    /// [`Access`](crate::Access). The answer is appended to `out`; after [`Outcome::Ignored`] there
    /// is none. To journal what has changed before the answer goes out, keep the version before and
    /// compare ([`ZoneDelta`](crate::ZoneDelta)).
    pub fn update(
        &mut self,
        update: &Message<'_>,
        client: impl Into<Client>,
        out: &mut BytesMut,
    ) -> Outcome {
        let next = match update.header().opcode {
            Opcode::UPDATE if !update.header().response => {
                self.updated(update).and_then(|zone| zone.update(update))
            }
            _ => Err(Rcode::NOTIMP),
        };
        match next {
            Err(rcode) => self.fail(update, client, rcode, out),
            Ok(next) => {
                let changed = next.map(|next| self.insert(next)).is_some();
                self.done(update, client, changed, out)
            }
        }
    }

    /// Answers an update that was carried out.
    fn done(
        &self,
        update: &Message<'_>,
        client: impl Into<Client>,
        changed: bool,
        out: &mut BytesMut,
    ) -> Outcome {
        self.reply(update, &client.into(), out, |writer| {
            echo(update, writer);
            Outcome::Updated { changed }
        })
    }

    /// Returns the zone that an update is about.
    fn updated(&self, update: &Message<'_>) -> Result<&Zone, Rcode> {
        // RFC 2136 §3.1.1: one zone, named by its SOA.
        let zone = update.question().filter(|zone| zone.rtype == RecordType::SOA);
        let asked = zone.ok_or(Rcode::FORMERR)?;
        self.zone(asked.name).filter(|zone| zone.class() == asked.class).ok_or(Rcode::NOTAUTH)
    }

    /// Answers with the question alone, truncated: who asks by UDP comes back by TCP, where he
    /// cannot lie about his address. For what a [`RateLimiter`](crate::RateLimiter) lets slip.
    pub fn truncated(
        &self,
        query: &Message<'_>,
        client: impl Into<Client>,
        out: &mut BytesMut,
    ) -> Outcome {
        self.reply(query, &client.into(), out, |writer| {
            echo(query, writer);
            writer.header().truncated = true;
            Outcome::Answer
        })
    }

    /// Answers with an rcode.
    pub fn fail(
        &self,
        query: &Message<'_>,
        client: impl Into<Client>,
        rcode: Rcode,
        out: &mut BytesMut,
    ) -> Outcome {
        self.reply(query, &client.into(), out, |writer| {
            echo(query, writer);
            Outcome::Failed(rcode)
        })
    }

    /// Does what all answers have in common: header, size, EDNS.
    fn reply(
        &self,
        query: &Message<'_>,
        client: &Client,
        out: &mut BytesMut,
        fill: impl FnOnce(&mut Writer<'_>) -> Outcome,
    ) -> Outcome {
        if query.header().response {
            return Outcome::Ignored;
        }
        let edns = query.edns();
        let (options, refused) =
            edns.map_or_else(Default::default, |edns| options::answer(&self.config, &edns, client));
        let dnssec_ok = edns.is_some_and(|edns| edns.dnssec_ok);
        let payload = self.config.payload;
        let opt = Edns { dnssec_ok, options: options.view(), ..Edns::new(payload) };
        let limit = udp_limit(edns.map(|edns| edns.payload), payload, client.via);
        let limit = limit.saturating_sub(client.reserve);
        let mut writer = Writer::new(out, query.header().answer(), limit);
        let reserved = edns.map_or(0, |_| opt.wire_len());
        writer.reserve(reserved);
        let outcome = match (edns, refused) {
            (Some(edns), _) if edns.version > 0 => Outcome::Failed(Rcode::BADVERS),
            (_, Some(rcode)) => Outcome::Failed(rcode),
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

    fn fill(&self, query: &Message<'_>, client: &Client, writer: &mut Writer<'_>) -> Outcome {
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
        let dnssec = query.edns().is_some_and(|edns| edns.dnssec_ok);
        let key = Key::new(question.name);
        let zone = match self.closest(question, &key) {
            Some(Some(zone)) => zone,
            Some(None) => return Outcome::Failed(Rcode::SERVFAIL),
            None => {
                return chaos::answer(&self.config, question, writer)
                    .unwrap_or(Outcome::Failed(Rcode::REFUSED));
            }
        };
        let mut answering = Answering::new(zone, writer, question.rtype, &self.config);
        answering.dnssec = dnssec;
        answering.turn = client.turn;
        let outcome = answering.run(question.name, &key);
        if question.class == Class::ANY {
            // RFC 1035 §6.2: we do not know every class there is.
            writer.header().authoritative = false;
        }
        outcome
    }

    /// Whether a query is about a name of one of the zones, or of the class CHAOS.
    #[must_use]
    pub fn knows(&self, query: &Message<'_>) -> bool {
        let known = |question: Question<'_>| {
            question.class == Class::CH
                || self.closest(question, &Key::new(question.name)).is_some()
        };
        query.question().is_some_and(known)
    }

    /// Finds the zone nearest to the name; for a DS record, the nearest above (RFC 4035 §3.1.4.1).
    fn closest(&self, question: Question<'_>, key: &Key) -> Option<Option<&Zone>> {
        let above = question.rtype == RecordType::DS;
        let served = (0..=key.depth()).rev().filter_map(|depth| {
            let zone = self.zones.get(key.ancestor(depth))?.as_ref();
            let own = zone.map_or(Class::IN, Zone::class);
            let class = question.class == own || question.class == Class::ANY;
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

/// Repeats the question, or the zone of an update (RFC 2136 §3.8).
fn echo(query: &Message<'_>, writer: &mut Writer<'_>) {
    if let Some(question) = query.question() {
        // 4+255 octets always fit.
        let _ = writer.question(question);
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
