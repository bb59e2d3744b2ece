//! Dynamic update (RFC 2136): asking for one, and carrying one out.
use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};

use crate::error::Error;
use crate::header::Header;
use crate::message::{Message, Question, RecordRef, Section};
use crate::name::{Name, NameRef};
use crate::number::{Class, Opcode, Rcode, RecordType};
use crate::rdata::Rdata;
use crate::record::{Data, Record};
use crate::writer::Writer;
use crate::zone::{Edit, Node, Zone};

/// Builds an update: what must be so before, and what shall be so afterwards (RFC 2136 §2).
///
/// ```
/// use dns_proto::{Message, Name, Opcode, Rdata, Record, Update};
///
/// let (zone, name): (Name, Name) = ("com".parse()?, "networkutopia.com".parse()?);
/// let server: Name = "dns1.networkutopia.com".parse()?;
/// let octets = Update::new(zone)
///     .require_no_name(name.clone())
///     .insert(Record::new(name, 3600, Rdata::Ns { server: server.view() }))
///     .insert(Record::address(server, 3600, [127, 0, 0, 9].into()))
///     .id(7)
///     .write()?;
/// assert_eq!(Message::parse(&octets)?.header().opcode, Opcode::UPDATE);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Update {
    id: u16,
    zone: Name,
    prerequisites: Vec<Line>,
    changes: Vec<Line>,
}

/// A record of an update: with data, or none.
#[derive(Clone, Debug)]
enum Line {
    Full(Record, Class),
    Empty(Name, RecordType, Class),
}

impl Update {
    /// Begins an update of the Internet zone with this apex.
    pub const fn new(zone: Name) -> Self {
        Self { id: 0, zone, prerequisites: Vec::new(), changes: Vec::new() }
    }

    /// Sets the id.
    pub const fn id(mut self, id: u16) -> Self {
        self.id = id;
        self
    }

    /// Requires that the name has records (RFC 2136 §2.4.4).
    pub fn require_name(self, name: Name) -> Self {
        self.require_set(name, RecordType::ANY)
    }

    /// Requires that the name has no records (RFC 2136 §2.4.5).
    pub fn require_no_name(self, name: Name) -> Self {
        self.require_no_set(name, RecordType::ANY)
    }

    /// Requires that the name has records of the type (RFC 2136 §2.4.1).
    pub fn require_set(mut self, name: Name, rtype: RecordType) -> Self {
        self.prerequisites.push(Line::Empty(name, rtype, Class::ANY));
        self
    }

    /// Requires that the name has no records of the type (RFC 2136 §2.4.3).
    pub fn require_no_set(mut self, name: Name, rtype: RecordType) -> Self {
        self.prerequisites.push(Line::Empty(name, rtype, Class::NONE));
        self
    }

    /// Requires that an RRset has this record, and no other than those so required
    /// (RFC 2136 §2.4.2).
    pub fn require_record(mut self, record: Record) -> Self {
        let record = with_ttl(record, 0);
        self.prerequisites.push(Line::Full(record, Class::IN));
        self
    }

    /// Adds a record (RFC 2136 §2.5.1).
    pub fn insert(mut self, record: Record) -> Self {
        self.changes.push(Line::Full(record, Class::IN));
        self
    }

    /// Removes a record (RFC 2136 §2.5.4).
    pub fn remove(mut self, record: Record) -> Self {
        let record = with_ttl(record, 0);
        self.changes.push(Line::Full(record, Class::NONE));
        self
    }

    /// Removes the records of a type from a name (RFC 2136 §2.5.2).
    pub fn remove_set(mut self, name: Name, rtype: RecordType) -> Self {
        self.changes.push(Line::Empty(name, rtype, Class::ANY));
        self
    }

    /// Removes all records from a name (RFC 2136 §2.5.3).
    pub fn remove_name(self, name: Name) -> Self {
        self.remove_set(name, RecordType::ANY)
    }

    /// Writes the message.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] if it is longer than 65,535 octets.
    pub fn write(&self) -> Result<Bytes, Error> {
        let mut out = BytesMut::new();
        let header = Header { id: self.id, opcode: Opcode::UPDATE, ..Header::default() };
        let mut writer = Writer::new(&mut out, header, usize::from(u16::MAX));
        let (name, rtype) = (self.zone.view(), RecordType::SOA);
        writer.question(Question { name, rtype, class: Class::IN })?;
        let sections =
            [(Section::Answer, &self.prerequisites), (Section::Authority, &self.changes)];
        for (section, lines) in sections {
            writer.section(section).expect("the sections are in order");
            lines.iter().try_for_each(|line| line.write(&mut writer))?;
        }
        writer.finish();
        Ok(out.freeze())
    }
}

impl Line {
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Error> {
        match self {
            Self::Full(record, class) => {
                writer.data(record.owner().view(), *class, record.ttl(), &record.data())
            }
            Self::Empty(name, rtype, class) => writer.empty(name.view(), *rtype, *class),
        }
    }
}

fn with_ttl(record: Record, ttl: u32) -> Record {
    let owner = record.owner().clone();
    record.into_data().with_owner(owner.view(), Class::IN, ttl)
}

impl Zone {
    /// Carries out an update of this zone, wholly or not at all: returns the next version, or
    /// `None` if it is no other. Its SOA's serial has grown (RFC 2136 §3).
    ///
    /// Permission is not asked for here (RFC 2136 §3.3), nor is the zone section looked at.
    ///
    /// # Errors
    ///
    /// The rcode to answer with.
    pub fn update(&self, update: &Message<'_>) -> Result<Option<Self>, Rcode> {
        self.check_prerequisites(update)?;
        update.authorities().try_for_each(|record| self.check_change(&record))?;
        let mut edit = Edit::new(self);
        // Nothing below can fail, so there is nothing to take back.
        let changed =
            update.authorities().fold(false, |changed, record| edit.change(&record) | changed);
        if changed && edit.serial() == self.serial() {
            edit.bump();
        }
        Ok(changed.then(|| edit.finish()))
    }

    /// RFC 2136 §3.2.5.
    fn check_prerequisites(&self, update: &Message<'_>) -> Result<(), Rcode> {
        let mut required = Vec::new();
        for record in update.answers() {
            let (owner, rtype) = (record.owner(), record.rtype());
            if record.ttl() != 0 {
                return Err(Rcode::FORMERR);
            }
            if !owner.is_within(self.apex().view()) {
                return Err(Rcode::NOTZONE);
            }
            let named = rtype == RecordType::ANY;
            let node = self.node(owner);
            let exists = node.is_some_and(|node| named || node.has(rtype));
            match record.class() {
                Class::ANY | Class::NONE if !record.is_empty() => return Err(Rcode::FORMERR),
                Class::ANY if !exists && named => return Err(Rcode::NXDOMAIN),
                Class::ANY if !exists => return Err(Rcode::NXRRSET),
                Class::NONE if exists && named => return Err(Rcode::YXDOMAIN),
                Class::NONE if exists => return Err(Rcode::YXRRSET),
                Class::ANY | Class::NONE => {}
                class if class == self.class() => required.push(Record::from(record)),
                _ => return Err(Rcode::FORMERR),
            }
        }
        self.check_sets(required)
    }

    /// Whether each RRset that is wanted whole is there, no more and no less.
    fn check_sets(&self, mut required: Vec<Record>) -> Result<(), Rcode> {
        required.sort_by(|a, b| (a.owner(), a.rtype()).cmp(&(b.owner(), b.rtype())));
        let alike = |a: &Record, b: &Record| a.owner() == b.owner() && a.rtype() == b.rtype();
        for wanted in required.chunk_by(alike) {
            let Some(first) = wanted.first() else { continue };
            let node = self.node(first.owner().view());
            let set = node.and_then(|node| node.set(first.rtype())).ok_or(Rcode::NXRRSET)?;
            let all = wanted.iter().all(|record| set.contains(&record.data()));
            let only = |data: Rdata<'_>| wanted.iter().any(|record| record.data() == data);
            if !all || !set.data().all(only) {
                return Err(Rcode::NXRRSET);
            }
        }
        Ok(())
    }

    /// RFC 2136 §3.4.1.3.
    fn check_change(&self, record: &RecordRef<'_>) -> Result<(), Rcode> {
        if !record.owner().is_within(self.apex().view()) {
            return Err(Rcode::NOTZONE);
        }
        let (rtype, meta) = (record.rtype(), record.rtype().is_meta());
        let whole = !record.is_empty() || Rdata::parse(rtype, &[]).is_ok();
        let sound = match record.class() {
            Class::ANY => {
                record.ttl() == 0 && record.is_empty() && (!meta || rtype == RecordType::ANY)
            }
            Class::NONE => record.ttl() == 0 && !meta && whole,
            class => class == self.class() && !meta && whole,
        };
        if sound { Ok(()) } else { Err(Rcode::FORMERR) }
    }
}

impl Edit<'_> {
    /// RFC 2136 §3.4.2.7.
    fn change(&mut self, record: &RecordRef<'_>) -> bool {
        match record.class() {
            Class::ANY => self.remove_sets(record.owner(), record.rtype()),
            Class::NONE => self.remove(record.owner(), &record.data()),
            _ => self.add(record),
        }
    }

    fn add(&mut self, record: &RecordRef<'_>) -> bool {
        let (owner, data) = (record.owner(), record.data());
        let (apex, serial) = (self.zone().apex(), self.serial());
        let node = self.node(owner);
        match data {
            // Only the one there is, and only forwards.
            Rdata::Soa { serial: next, .. } => {
                if *apex != owner || !newer(next, serial) {
                    return false;
                }
                node.take_set(RecordType::SOA);
            }
            // The same again has only another TTL; another replaces it.
            Rdata::Cname { .. } if node.has(RecordType::CNAME) => {
                node.sets.retain(|set| set.rtype != RecordType::CNAME || set.contains(&data));
            }
            _ if node.conflicts(&data) => return false,
            _ => {}
        }
        self.put(Record::from(*record))
    }

    fn remove_sets(&mut self, owner: NameRef<'_>, rtype: RecordType) -> bool {
        let apex = *self.zone().apex() == owner;
        self.both(owner).into_iter().fold(false, |changed, node| {
            let before = node.sets.len();
            node.sets.retain(|set| {
                let kept = apex && matches!(set.rtype, RecordType::SOA | RecordType::NS);
                kept || !(rtype == RecordType::ANY || set.rtype == rtype)
            });
            changed | (node.sets.len() != before)
        })
    }

    fn remove(&mut self, owner: NameRef<'_>, data: &Rdata<'_>) -> bool {
        let rtype = data.record_type();
        // A zone keeps its SOA and one server.
        if *self.zone().apex() == owner {
            let servers = self.node(owner).set(RecordType::NS).map_or(0, |set| set.data.len());
            if rtype == RecordType::SOA || rtype == RecordType::NS && servers == 1 {
                return false;
            }
        }
        self.take(owner, &Data::new(data))
    }

    fn serial(&mut self) -> u32 {
        let apex = self.zone().apex();
        let soa = self.node(apex.view()).set(RecordType::SOA).and_then(|set| set.data.first());
        match soa.map(Data::view) {
            Some(Rdata::Soa { serial, .. }) => serial,
            _ => 0,
        }
    }

    /// Raises the serial by one, past zero (RFC 2136 §4.2).
    fn bump(&mut self) {
        let apex = self.zone().apex();
        let next = self.serial().wrapping_add(1).max(1);
        let node = self.node(apex.view());
        let set = node.sets.iter_mut().find(|set| set.rtype == RecordType::SOA);
        if let Some(data) = set.and_then(|set| set.data.first_mut())
            && let Rdata::Soa { primary, mailbox, serial: _, refresh, retry, expire, minimum } =
                data.view()
        {
            let serial = next;
            let soa = Rdata::Soa { primary, mailbox, serial, refresh, retry, expire, minimum };
            *data = Data::new(&soa);
        }
    }
}

impl Node {
    fn take_set(&mut self, rtype: RecordType) {
        self.sets.retain(|set| set.rtype != rtype);
    }
}

/// Whether a serial is later than another, in a circle (RFC 1982 §3.2).
pub(crate) const fn newer(serial: u32, than: u32) -> bool {
    let ahead = serial.wrapping_sub(than);
    ahead != 0 && ahead < 1 << 31
}
