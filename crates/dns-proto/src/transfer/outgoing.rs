//! A zone on its way out.
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};
use proto_core::Transport;

use crate::authority::udp_limit;
use crate::error::Error;
use crate::header::Header;
use crate::journal::Journal;
use crate::message::{Message, Question};
use crate::name::Name;
use crate::number::{Class, Opcode, Rcode, RecordType};
use crate::query::UDP_PAYLOAD;
use crate::rdata::Rdata;
use crate::record::Record;
use crate::tsig::Transaction;
use crate::update::newer;
use crate::writer::Writer;
use crate::zone::{Position, Zone, ZoneDelta};

/// Octets of a message that are filled: no compression pointer reaches further (RFC 1035 §4.1.4).
const FILLED: usize = 16_384;

/// One version of a zone, or what leads to it, message by message.
///
/// Nothing is written before it is asked for: who sends asks for the next
/// [`message`](Self::message) when the one before has gone out. [`transfer`](crate::transfer) shows
/// one.
#[derive(Debug)]
pub struct Outgoing {
    zone: Zone,
    header: Header,
    question: (Name, RecordType, Class),
    limit: usize,
    /// Parts that have not begun.
    parts: VecDeque<Part>,
    /// Records of the part that has.
    queue: VecDeque<Record>,
    first: bool,
    single: bool,
    signer: Option<Transaction>,
}

#[derive(Debug)]
enum Part {
    /// The SOA of this version.
    Soa,
    /// The names from here on, and then the hashes.
    Names(Position),
    Hashes(Position),
    Step(ZoneDelta),
}

impl Outgoing {
    /// Begins to answer a query for a transfer. Whether its sender may have the zone is for the
    /// caller to decide before ([`Action::Transfer`](crate::Action)); a `signer` has verified it.
    ///
    /// An incremental transfer goes out as steps of the journal if they lead here from the
    /// secondary's version, as the SOA alone if that is not older, and as the whole zone otherwise.
    /// By UDP it is one message, and the SOA alone if more does not fit (RFC 1995 §2).
    ///
    /// # Errors
    ///
    /// The rcode to answer with: the query is for no transfer or not of this zone, or a whole zone
    /// is asked for by UDP (RFC 5936 §4.2).
    pub fn new(
        zone: &Zone,
        journal: &Journal,
        query: &Message<'_>,
        via: Transport,
        signer: Option<Transaction>,
    ) -> Result<Self, Rcode> {
        let header = query.header();
        let question = query.question().filter(|_| header.opcode == Opcode::QUERY);
        let question = question.filter(|_| !header.response).ok_or(Rcode::FORMERR)?;
        if *zone.apex() != question.name || zone.class() != question.class {
            return Err(Rcode::NOTAUTH);
        }
        let udp = via == Transport::Udp;
        let parts = match question.rtype {
            RecordType::IXFR => incremental(zone, journal, base(query).ok_or(Rcode::FORMERR)?),
            RecordType::AXFR if !udp => whole(),
            _ => return Err(Rcode::FORMERR),
        };
        let offered = query.edns().map(|edns| edns.payload);
        let limit = if udp { udp_limit(offered, UDP_PAYLOAD, via) } else { FILLED };
        Ok(Self {
            zone: zone.clone(),
            header: Header { authoritative: true, ..header.answer() },
            question: (question.name.to_name(), question.rtype, question.class),
            limit,
            parts,
            queue: VecDeque::new(),
            first: true,
            single: udp,
            signer,
        })
    }

    /// Writes the next message; `None` after the last. `now` is the time of its signature.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] if a record does not fit into any message.
    pub fn message(&mut self, now: u64) -> Result<Option<Bytes>, Error> {
        self.fill();
        if self.queue.is_empty() {
            return Ok(None);
        }
        let mut out = BytesMut::new();
        let mut written = self.write(self.limit, &mut out)?;
        if self.single && (written < self.queue.len() || !self.parts.is_empty()) {
            // RFC 1995 §2: the SOA says that there is something new; TCP, what.
            self.queue = self.soa().into_iter().collect();
            self.parts.clear();
            out.clear();
            written = self.write(self.limit, &mut out)?;
        } else if written == 0 {
            out.clear();
            written = self.write(usize::from(u16::MAX), &mut out)?;
        }
        if written == 0 {
            return Err(Error::Full);
        }
        self.queue.drain(..written.min(self.queue.len()));
        self.first = false;
        if let Some(signer) = &mut self.signer {
            signer.sign(&mut out, 0, now)?;
        }
        Ok(Some(out.freeze()))
    }

    /// Writes as many records of the queue as fit, and returns how many.
    fn write(&mut self, limit: usize, out: &mut BytesMut) -> Result<usize, Error> {
        let signature = self.signer.as_ref().map_or(0, |signer| signer.key().wire_len());
        let mut writer = Writer::new(out, self.header, limit.saturating_sub(signature));
        if self.first {
            let (name, rtype, class) = &self.question;
            let (rtype, class) = (*rtype, *class);
            writer.question(Question { name: name.view(), rtype, class })?;
        }
        let mut count = 0;
        for record in &self.queue {
            if writer.record(record).is_err() {
                break;
            }
            count += 1;
        }
        writer.header().truncated = false;
        writer.finish();
        Ok(count)
    }

    /// Makes the queue longer than a message holds, if there is so much left.
    fn fill(&mut self) {
        // No record takes less than eleven octets.
        while self.queue.len() < FILLED / 11
            && let Some(part) = self.parts.pop_front()
        {
            match part {
                Part::Soa => self.queue.extend(self.soa()),
                Part::Step(step) => {
                    self.queue.extend(step.removed().iter().chain(step.added()).cloned())
                }
                Part::Names(at) => self.nodes(at, false),
                Part::Hashes(at) => self.nodes(at, true),
            }
        }
    }

    /// Takes one node in, and comes back for the next.
    fn nodes(&mut self, at: Position, hashes: bool) {
        let tree = if hashes { self.zone.hashes() } else { self.zone.names() };
        let Some(node) = tree.at(at) else { return };
        let data = self.zone.of_node(node).filter(|record| record.rtype() != RecordType::SOA);
        self.queue.extend(data);
        let next = tree.next(at);
        self.parts.push_front(if hashes { Part::Hashes(next) } else { Part::Names(next) });
    }

    fn soa(&self) -> Option<Record> {
        let mut apex = self.zone.apex_node().into_iter().flat_map(|node| self.zone.of_node(node));
        apex.find(|record| record.rtype() == RecordType::SOA)
    }
}

fn whole() -> VecDeque<Part> {
    let (names, hashes) = (Position::default(), Position::default());
    [Part::Soa, Part::Names(names), Part::Hashes(hashes), Part::Soa].into()
}

fn incremental(zone: &Zone, journal: &Journal, serial: u32) -> VecDeque<Part> {
    if !newer(zone.serial(), serial) {
        return [Part::Soa].into();
    }
    let steps = journal.since(serial);
    match steps.filter(|steps| steps.last().is_some_and(|last| last.to() == zone.serial())) {
        None => whole(),
        Some(steps) => {
            let steps: Vec<_> = steps.into_iter().map(Part::Step).collect();
            [Part::Soa].into_iter().chain(steps).chain([Part::Soa]).collect()
        }
    }
}

/// Returns the version that the secondary has (RFC 1995 §3).
fn base(query: &Message<'_>) -> Option<u32> {
    query.authorities().find_map(|record| match record.data() {
        Rdata::Soa { serial, .. } => Some(serial),
        _ => None,
    })
}
