//! A zone on its way in.
use alloc::vec::Vec;
use core::mem;

use bytes::{Bytes, BytesMut};

use crate::error::Error;
use crate::header::Header;
use crate::message::{Message, Question, RecordRef, Section};
use crate::name::Name;
use crate::number::{Class, Opcode, Rcode, RecordType};
use crate::rdata::Rdata;
use crate::record::Record;
use crate::tsig::{Failure, Key, Transaction};
use crate::update::newer;
use crate::writer::Writer;
use crate::zone::{Zone, ZoneBuilder, ZoneDelta};

/// What a primary may cost a secondary.
///
/// ```
/// use dns_proto::transfer::Limits;
///
/// assert!(Limits::default().octets > 1 << 28);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Octets of all messages of one transfer. 1 GiB: some ten million records.
    pub octets: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { octets: 1 << 30 }
    }
}

/// How far a transfer is.
#[derive(Clone, Debug)]
#[must_use]
#[non_exhaustive]
pub enum Progress {
    /// More must come; by UDP, which has but one message, the transfer must be tried by TCP.
    More,
    /// The version that the secondary has is the newest.
    UpToDate,
    /// This is the newest version.
    Done(Zone),
}

/// The transfer of a zone to a secondary, which has it when the last message is in.
///
/// [`transfer`](crate::transfer) shows one.
#[derive(Clone, Debug)]
pub struct Incoming {
    apex: Name,
    class: Class,
    id: u16,
    signer: Option<Transaction>,
    limits: Limits,
    octets: usize,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    /// Nothing has come.
    Start(Option<Zone>),
    /// The SOA of the newest version has.
    Known(Option<Zone>, Record),
    /// All records of the zone come.
    Whole(ZoneBuilder, u32),
    /// Steps come: what is taken away, and what is added if that has begun.
    Steps {
        zone: Zone,
        removed: Vec<Record>,
        added: Vec<Record>,
        serial: u32,
    },
    Done(Zone),
    UpToDate,
    Failed,
}

impl Incoming {
    /// Asks for a whole zone of the Internet, signed if there is a key, at a number of seconds
    /// since 1970; returns the query too, which goes out by TCP.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] if the signature has no room: it has.
    pub fn whole(apex: &Name, id: u16, key: Option<Key>, now: u64) -> Result<(Self, Bytes), Error> {
        Self::new(apex.clone(), Class::IN, id, key, now, None)
    }

    /// Asks for what is new since this version.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] if the signature has no room: it has.
    pub fn since(zone: &Zone, id: u16, key: Option<Key>, now: u64) -> Result<(Self, Bytes), Error> {
        Self::new(zone.apex().clone(), zone.class(), id, key, now, Some(zone.clone()))
    }

    fn new(
        apex: Name,
        class: Class,
        id: u16,
        key: Option<Key>,
        now: u64,
        zone: Option<Zone>,
    ) -> Result<(Self, Bytes), Error> {
        let mut query = BytesMut::new();
        let header = Header { id, ..Header::default() };
        let mut writer = Writer::new(&mut query, header, usize::from(u16::MAX));
        let rtype = if zone.is_some() { RecordType::IXFR } else { RecordType::AXFR };
        writer.question(Question { name: apex.view(), rtype, class })?;
        if let Some(soa) = zone.as_ref().and_then(|zone| zone.soa().first().map(|it| (zone, it))) {
            writer.section(Section::Authority).expect("no later one has begun");
            writer.data(apex.view(), class, soa.0.soa().ttl, &soa.1)?;
        }
        writer.finish();
        let signer = key.map(|key| key.request(&mut query, now)).transpose()?;
        let (limits, state) = (Limits::default(), State::Start(zone));
        Ok((Self { apex, class, id, signer, limits, octets: 0, state }, query.freeze()))
    }

    /// Sets the limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Takes the next message in; `now` is in seconds since 1970.
    ///
    /// # Errors
    ///
    /// When the transfer has failed; it stays so. The version that the secondary has is untouched.
    pub fn receive(&mut self, octets: &[u8], now: u64) -> Result<Progress, Error> {
        let received = self.take(octets, now);
        if received.is_err() {
            self.state = State::Failed;
        }
        received
    }

    fn take(&mut self, octets: &[u8], now: u64) -> Result<Progress, Error> {
        self.octets = self.octets.saturating_add(octets.len());
        if self.octets > self.limits.octets {
            return Err(Error::TooLarge);
        }
        let message = Message::parse(octets).map_err(|_| Error::Unexpected)?;
        if let Some(signer) = &mut self.signer {
            signer.verify(octets, now).map_err(Error::Signature)?;
        }
        self.check(&message)?;
        for record in message.answers() {
            self.record(&record)?;
        }
        let settled = self.signer.as_ref().is_none_or(Transaction::is_settled);
        match &self.state {
            // RFC 8945 §5.3.1: the last message is signed.
            State::Done(_) | State::UpToDate if !settled => {
                Err(Error::Signature(Failure::Unsigned))
            }
            State::Done(zone) => Ok(Progress::Done(zone.clone())),
            State::UpToDate => Ok(Progress::UpToDate),
            _ => Ok(Progress::More),
        }
    }

    fn check(&self, message: &Message<'_>) -> Result<(), Error> {
        let header = message.header();
        if header.id != self.id || !header.response || header.opcode != Opcode::QUERY {
            return Err(Error::Unexpected);
        }
        if message.rcode() != Rcode::NOERROR {
            return Err(Error::Refused(message.rcode()));
        }
        let question = message.questions().all(|question| self.apex == question.name);
        let empty = message.answers().next().is_none();
        if question && !empty { Ok(()) } else { Err(Error::Unexpected) }
    }

    fn record(&mut self, record: &RecordRef<'_>) -> Result<(), Error> {
        if record.class() != self.class {
            return Err(Error::Unexpected);
        }
        let serial = match record.data() {
            Rdata::Soa { serial, .. } if self.apex == record.owner() => Some(serial),
            Rdata::Soa { .. } => return Err(Error::Unexpected),
            _ => None,
        };
        self.state = next(mem::replace(&mut self.state, State::Failed), record, serial)?;
        Ok(())
    }
}

/// Goes on by one record, which is the zone's SOA if it has a serial.
fn next(state: State, record: &RecordRef<'_>, serial: Option<u32>) -> Result<State, Error> {
    match (state, serial) {
        (State::Start(zone), Some(serial)) => Ok(match zone {
            Some(zone) if !newer(serial, zone.serial()) => State::UpToDate,
            zone => State::Known(zone, Record::from(*record)),
        }),
        (State::Known(zone, soa), serial) => second(zone, &soa, record, serial),
        (State::Whole(mut builder, end), serial) => match serial {
            None => {
                builder.push(record);
                Ok(State::Whole(builder, end))
            }
            Some(serial) if serial == end => builder.build().map(State::Done).map_err(Error::Zone),
            Some(_) => Err(Error::Unexpected),
        },
        (State::Steps { zone, mut removed, mut added, serial: end }, serial) => {
            match (serial, added.is_empty()) {
                (None, true) => removed.push(Record::from(*record)),
                (None, false) | (Some(_), true) => added.push(Record::from(*record)),
                (Some(serial), false) => {
                    return step(&zone, removed, added, record, (serial, end));
                }
            }
            Ok(State::Steps { zone, removed, added, serial: end })
        }
        _ => Err(Error::Unexpected),
    }
}

/// The second record says what comes: RFC 1995 §4.
fn second(
    zone: Option<Zone>,
    soa: &Record,
    record: &RecordRef<'_>,
    serial: Option<u32>,
) -> Result<State, Error> {
    let Rdata::Soa { serial: end, .. } = soa.data() else { return Err(Error::Unexpected) };
    match (zone, serial) {
        (Some(zone), Some(serial)) if serial == zone.serial() => {
            let (removed, added) = ([Record::from(*record)].into(), Vec::new());
            Ok(State::Steps { zone, removed, added, serial: end })
        }
        (_, serial) => {
            let mut builder = ZoneBuilder::default();
            builder.insert(soa);
            next(State::Whole(builder, end), record, serial)
        }
    }
}

/// Applies a step that is complete; its end is that of the transfer, or the begin of the next.
fn step(
    zone: &Zone,
    removed: Vec<Record>,
    added: Vec<Record>,
    record: &RecordRef<'_>,
    (serial, end): (u32, u32),
) -> Result<State, Error> {
    let step = ZoneDelta::of(removed, added).map_err(Error::Zone)?;
    let zone = zone.apply(&step).map_err(Error::Zone)?;
    if serial != zone.serial() {
        return Err(Error::Unexpected);
    }
    if serial == end {
        return Ok(State::Done(zone));
    }
    let (removed, added) = ([Record::from(*record)].into(), Vec::new());
    Ok(State::Steps { zone, removed, added, serial: end })
}
