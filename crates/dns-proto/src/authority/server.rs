//! All that a name server does with a message: who may, who signs, and what comes of it.
use alloc::boxed::Box;
use alloc::collections::BTreeMap;

use bytes::{Bytes, BytesMut};

use super::{Authority, Client, Outcome, malformed};
use crate::access::{Access, Action};
use crate::error::Misuse;
use crate::journal::Journal;
use crate::key::Key;
use crate::message::Message;
use crate::name::{Name, NameRef};
use crate::notify::Notification;
use crate::number::{Opcode, Rcode, RecordType};
use crate::transfer::Outgoing;
use crate::tsig::{Keyring, Transaction};
use crate::zone::{Zone, ZoneDelta};

/// A name server without sockets: zones, keys, rules, and what became of the zones.
///
/// A message goes in and a [`Reply`] comes out: mostly an answer that is ready to be sent, else
/// something that its driver must do first. A copy costs little and is a snapshot: a driver may
/// answer from one while it makes the next.
///
/// ```
/// use bytes::BytesMut;
/// use dns_proto::authority::{Client, Reply, Server};
/// use dns_proto::{Authority, Outcome, Query, Rcode, RecordType};
/// use proto_core::Transport;
///
/// let server = Server::new(Authority::default());
/// let address = Some([192, 0, 2, 7].into());
/// let client = Client { address, now: 1_800_000_000, ..Transport::Udp.into() };
/// let query = Query::new(&"crepes.fr".parse()?, RecordType::A).write();
/// let mut out = BytesMut::new();
/// let reply = server.receive(&query, client, &mut out);
/// assert!(matches!(reply, Reply::Answer(Outcome::Failed(Rcode::REFUSED))));
/// # Ok::<(), dns_proto::ParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Server {
    authority: Authority,
    keys: Keyring,
    access: Access,
    journals: BTreeMap<Name, Journal>,
    /// Records that each journal keeps.
    kept: usize,
}

/// What is to be done about a message.
#[derive(Debug)]
#[must_use]
#[non_exhaustive]
pub enum Reply {
    /// Nothing may be sent.
    Ignored,
    /// The answer has been written, and how the message was answered.
    Answer(Outcome),
    /// Messages are to be sent, one after the other as there is room; nothing has been written.
    Transfer(Box<Outgoing>),
    /// A primary says that a zone has changed: ask it. The answer has been written.
    Notified(Notification),
    /// An update that is permitted: [`prepare`](PendingUpdate::prepare) it when no other is in
    /// work. Nothing has been written.
    Update(Box<PendingUpdate>),
}

impl Server {
    /// Serves zones to everybody, and does nothing else for anybody.
    #[must_use]
    pub fn new(authority: Authority) -> Self {
        let (keys, access) = (Keyring::default(), Access::default());
        Self { authority, keys, access, journals: BTreeMap::new(), kept: 100_000 }
    }

    /// Sets how many records the journal of each zone keeps for incremental transfers. 100,000:
    /// some 20 MB, and more than any secondary that is well misses.
    #[must_use]
    pub fn with_journals(self, records: usize) -> Self {
        Self { kept: records, ..self }
    }

    /// Sets the keys of signed transactions.
    #[must_use]
    pub fn with_keys(self, keys: Keyring) -> Self {
        Self { keys, ..self }
    }

    /// Sets the rules.
    #[must_use]
    pub fn with_access(self, access: Access) -> Self {
        Self { access, ..self }
    }

    /// Returns the zones.
    #[must_use]
    pub const fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Lends the zones, to change what is served.
    pub const fn authority_mut(&mut self) -> &mut Authority {
        &mut self.authority
    }

    /// Puts a new version of a zone into service, and notes the step to it for incremental
    /// transfers.
    ///
    /// # Errors
    ///
    /// [`Misuse::Version`] if the step does not lead from the version in service to this one;
    /// nothing has changed.
    pub fn advance(&mut self, zone: Zone, step: ZoneDelta) -> Result<(), Misuse> {
        let apex = zone.apex().clone();
        let from = self.authority.zone(apex.view()).map(Zone::serial);
        if from != Some(step.from()) || step.to() != zone.serial() {
            return Err(Misuse::Version);
        }
        self.journals.entry(apex).or_insert_with(|| Journal::new(self.kept)).push(step);
        self.authority.insert(zone);
        Ok(())
    }

    /// Takes a message of a client, and appends the answer to `out` if there is one at once.
    ///
    /// Rate limits are for the driver to ask for, if the answer goes by UDP.
    pub fn receive(&self, octets: &[u8], client: Client, out: &mut BytesMut) -> Reply {
        let Ok(message) = Message::parse(octets) else {
            return Reply::of(malformed(octets, out));
        };
        if message.header().response {
            return Reply::Ignored;
        }
        let signer = if message.tsig().is_none() {
            None
        } else {
            match self.keys.verify(octets, client.now) {
                Ok(signer) => signer,
                Err(rejection) => {
                    let base = out.len();
                    let outcome = self.authority.fail(&message, client, rejection.rcode(), out);
                    // The answer has but a question: there is room.
                    let _ = rejection.sign(out, base, client.now);
                    return Reply::of(outcome);
                }
            }
        };
        let reserve = signer.as_ref().map_or(0, |signer| signer.key().wire_len());
        let asked = Asked { client: Client { reserve, ..client }, message, signer };
        self.dispatch(octets, asked, out)
    }

    fn dispatch(&self, octets: &[u8], asked: Asked<'_>, out: &mut BytesMut) -> Reply {
        let question = asked.message.question();
        match (asked.message.header().opcode, question) {
            (Opcode::QUERY, Some(question))
                if matches!(question.rtype, RecordType::AXFR | RecordType::IXFR) =>
            {
                self.transfer(asked, question.name, out)
            }
            (Opcode::QUERY, _) => self.query(asked, out),
            (Opcode::NOTIFY, Some(question)) => self.notified(asked, question.name, out),
            (Opcode::UPDATE, Some(question)) => self.update(octets, asked, question.name, out),
            (Opcode::NOTIFY | Opcode::UPDATE, None) => asked.fail(self, Rcode::FORMERR, out),
            _ => asked.fail(self, Rcode::NOTIMP, out),
        }
    }

    fn query(&self, asked: Asked<'_>, out: &mut BytesMut) -> Reply {
        if self.access.mentions(Action::Query)
            && let Some(question) = asked.message.question()
            && let Some(Some(zone)) = self.authority.closest(question, &Key::new(question.name))
            && !asked.may(self, Action::Query, zone.apex())
        {
            return asked.fail(self, Rcode::REFUSED, out);
        }
        asked.signed(out, |asked, out| {
            Reply::of(self.authority.answer(&asked.message, asked.client, out))
        })
    }

    fn transfer(&self, mut asked: Asked<'_>, apex: NameRef<'_>, out: &mut BytesMut) -> Reply {
        let apex = apex.to_name();
        let Some(zone) = self.authority.zone(apex.view()) else {
            let suspended = self.authority.serves(apex.view());
            let rcode = if suspended { Rcode::SERVFAIL } else { Rcode::NOTAUTH };
            return asked.fail(self, rcode, out);
        };
        if !asked.may(self, Action::Transfer, &apex) {
            return asked.fail(self, Rcode::REFUSED, out);
        }
        let none = Journal::new(0);
        let journal = self.journals.get(&apex).unwrap_or(&none);
        let signer = asked.signer.clone();
        match Outgoing::new(zone, journal, &asked.message, asked.client.via, signer) {
            Ok(outgoing) => Reply::Transfer(Box::new(outgoing)),
            Err(rcode) => {
                asked.client.reserve = 0;
                asked.fail(self, rcode, out)
            }
        }
    }

    fn notified(&self, asked: Asked<'_>, apex: NameRef<'_>, out: &mut BytesMut) -> Reply {
        let apex = apex.to_name();
        if !self.authority.serves(apex.view()) {
            return asked.fail(self, Rcode::NOTAUTH, out);
        }
        if !asked.may(self, Action::Notify, &apex) {
            return asked.fail(self, Rcode::REFUSED, out);
        }
        let Some(notification) = Notification::parse(&asked.message) else {
            return asked.fail(self, Rcode::FORMERR, out);
        };
        asked.signed(out, |asked, out| {
            match Notification::answer(&asked.message, Rcode::NOERROR, out) {
                Outcome::Ignored => Reply::Ignored,
                _ => Reply::Notified(notification),
            }
        })
    }

    fn update(
        &self,
        octets: &[u8],
        asked: Asked<'_>,
        apex: NameRef<'_>,
        out: &mut BytesMut,
    ) -> Reply {
        let apex = apex.to_name();
        if self.authority.zone(apex.view()).is_none() {
            return asked.fail(self, Rcode::NOTAUTH, out);
        }
        if !asked.may(self, Action::Update, &apex) {
            return asked.fail(self, Rcode::REFUSED, out);
        }
        let message = Bytes::copy_from_slice(octets);
        let Asked { client, signer, .. } = asked;
        Reply::Update(Box::new(PendingUpdate { apex, message, client, signer }))
    }

    /// Puts what an update has made into service.
    ///
    /// # Errors
    ///
    /// [`Misuse::Version`] if the zone has changed since the update was prepared; nothing has
    /// changed then.
    pub fn commit(&mut self, prepared: PreparedUpdate) -> Result<(), Misuse> {
        match prepared.next {
            None => Ok(()),
            Some((zone, step)) => self.advance(zone, step),
        }
    }
}

impl Reply {
    const fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Ignored => Self::Ignored,
            outcome => Self::Answer(outcome),
        }
    }
}

/// A message and who has sent it.
struct Asked<'m> {
    message: Message<'m>,
    client: Client,
    signer: Option<Transaction>,
}

impl Asked<'_> {
    fn may(&self, server: &Server, action: Action, zone: &Name) -> bool {
        let key = self.signer.as_ref().map(|signer| signer.key().name());
        let from = self.client.address;
        from.is_some_and(|from| server.access.permits(action, zone, from, key))
    }

    fn fail(self, server: &Server, rcode: Rcode, out: &mut BytesMut) -> Reply {
        self.signed(out, |asked, out| {
            Reply::of(server.authority.fail(&asked.message, asked.client, rcode, out))
        })
    }

    /// Signs what is written, if the message was signed (RFC 8945 §5.3).
    fn signed(
        mut self,
        out: &mut BytesMut,
        write: impl FnOnce(&Self, &mut BytesMut) -> Reply,
    ) -> Reply {
        let base = out.len();
        let reply = write(&self, out);
        if let Some(mut signer) = self.signer.take()
            && out.len() > base
        {
            // Room was reserved.
            let _ = signer.sign(out, base, self.client.now);
        }
        reply
    }
}

/// An update that its sender may make, and that has not been made.
#[derive(Clone, Debug)]
pub struct PendingUpdate {
    apex: Name,
    message: Bytes,
    client: Client,
    signer: Option<Transaction>,
}

/// The next version of a zone by an update, which is not in service.
#[derive(Clone, Debug)]
#[must_use]
pub struct PreparedUpdate {
    outcome: Outcome,
    next: Option<(Zone, ZoneDelta)>,
}

impl PendingUpdate {
    /// Returns the name of the zone that it is about.
    #[must_use]
    pub const fn zone(&self) -> &Name {
        &self.apex
    }

    /// Carries the update out on a copy, and appends to `out` the answer that may be sent when the
    /// [step](PreparedUpdate::next) is safe and [committed](Server::commit).
    pub fn prepare(&self, server: &Server, out: &mut BytesMut) -> PreparedUpdate {
        self.prepare_after(server, None, out)
    }

    /// Does the same with a version of the zone that is not in service yet: updates that are made
    /// safe together, one on the other.
    pub fn prepare_after(
        &self,
        server: &Server,
        version: Option<&Zone>,
        out: &mut BytesMut,
    ) -> PreparedUpdate {
        let Ok(message) = Message::parse(&self.message) else {
            return PreparedUpdate { outcome: Outcome::Ignored, next: None };
        };
        let found = self.apply(server, version, &message);
        let base = out.len();
        let (outcome, next) = match found {
            Err(rcode) => (server.authority.fail(&message, self.client, rcode, out), None),
            Ok(next) => {
                let changed = next.is_some();
                let outcome = server.authority.done(&message, self.client, changed, out);
                (outcome, next)
            }
        };
        self.sign(base, out);
        PreparedUpdate { outcome, next }
    }

    /// Answers that it was not done after all: there was no room to keep it.
    pub fn fail(&self, server: &Server, rcode: Rcode, out: &mut BytesMut) {
        let Ok(message) = Message::parse(&self.message) else { return };
        let base = out.len();
        server.authority.fail(&message, self.client, rcode, out);
        self.sign(base, out);
    }

    fn apply(
        &self,
        server: &Server,
        version: Option<&Zone>,
        message: &Message<'_>,
    ) -> Result<Option<(Zone, ZoneDelta)>, Rcode> {
        let zone = server.authority.updated(message)?;
        let zone = version.unwrap_or(zone);
        let next = zone.update(message)?;
        Ok(next.map(|next| {
            let step = ZoneDelta::between(zone, &next);
            (next, step)
        }))
    }

    fn sign(&self, base: usize, out: &mut BytesMut) {
        if let Some(mut signer) = self.signer.clone() {
            // An answer to an update has but a question.
            let _ = signer.sign(out, base, self.client.now);
        }
    }
}

impl PreparedUpdate {
    /// Returns how it went.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Returns the next version, and the step to it that must be safe before the answer is sent;
    /// nothing, if nothing has changed.
    #[must_use]
    pub fn next(&self) -> Option<(&Zone, &ZoneDelta)> {
        self.next.as_ref().map(|(zone, step)| (zone, step))
    }

    /// Returns the same to keep, for [`Server::advance`].
    #[must_use]
    pub fn into_next(self) -> Option<(Zone, ZoneDelta)> {
        self.next
    }
}
