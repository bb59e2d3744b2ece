//! A zone in the making: records in any order, sorted and checked once.
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::tree::{NodeRef, Packer, RrSetRef, Tree, covered, read};
use super::{Zone, is_beside};
use crate::error::Misuse;
use crate::key::Key;
use crate::message::RecordRef;
use crate::name::{Name, NameRef};
use crate::number::{Class, RecordType};
use crate::rdata::Rdata;
use crate::record::Record;

/// Gathers the records of a zone, and makes it of them.
///
/// ```
/// use dns_proto::zone_file::{Scanner, Step};
/// use dns_proto::{Name, ZoneBuilder};
///
/// let apex: Name = "crepes.fr".parse()?;
/// let mut scanner = Scanner::new("crepes.fr.zone", &apex);
/// scanner.push(b"$TTL 1h\n@ SOA ns host 7 2h 1h 4w 1h\n NS ns\nns A 192.0.2.1\n");
/// scanner.end();
/// let mut builder = ZoneBuilder::default();
/// while let Step::Record(record) = scanner.next()? {
///     builder.push(&record);
/// }
/// assert_eq!(builder.build()?.serial(), 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ZoneBuilder {
    /// Keys, names and data of all entries.
    octets: Vec<u8>,
    entries: Vec<Entry>,
}

/// One record, in three pieces that follow each other.
#[derive(Clone, Copy, Debug)]
struct Entry {
    start: usize,
    key: u16,
    name: u16,
    data: u16,
    rtype: RecordType,
    class: Class,
    ttl: u32,
}

impl ZoneBuilder {
    /// Takes a record of a message or a master file.
    pub fn push(&mut self, record: &RecordRef<'_>) {
        self.add(record.owner(), record.class(), record.ttl(), &record.data());
    }

    /// Takes a record of one's own.
    pub fn insert(&mut self, record: &Record) {
        self.add(record.owner().view(), record.class(), record.ttl(), &record.data());
    }

    /// Returns how many records it has been given.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has been given no record.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn add(&mut self, owner: NameRef<'_>, class: Class, ttl: u32, data: &Rdata<'_>) {
        let start = self.octets.len();
        self.octets.extend_from_slice(Key::new(owner).octets());
        let key = self.since(start);
        let middle = self.octets.len();
        match owner.plain() {
            Some(wire) => self.octets.extend_from_slice(wire),
            None => self.octets.extend_from_slice(owner.to_name().wire()),
        }
        let name = self.since(middle);
        let middle = self.octets.len();
        data.write_to(&mut self.octets);
        let data_len = self.since(middle);
        let rtype = data.record_type();
        self.entries.push(Entry { start, key, name, data: data_len, rtype, class, ttl });
    }

    fn since(&self, start: usize) -> u16 {
        u16::try_from(self.octets.len() - start).expect("names and data have at most 65535 octets")
    }

    /// Makes the zone. Of equal records one is kept, and an RRset takes the TTL of its last record
    /// (RFC 2181 §5.2).
    ///
    /// # Errors
    ///
    /// When there is not exactly one SOA, or a record is not at or below it, is of another class or
    /// of a type that is no data, or a CNAME is beside other data.
    pub fn build(mut self) -> Result<Zone, Misuse> {
        let mut starts = self.entries.iter().filter(|entry| entry.rtype == RecordType::SOA);
        let soa = *starts.next().ok_or(Misuse::Soa)?;
        if !starts.all(|other| self.is_same(&soa, other)) {
            return Err(Misuse::Soa);
        }
        self.check(&soa)?;
        let octets = self.octets.as_slice();
        let order = |entry: &Entry| (entry.key(octets), entry.rtype);
        self.entries.sort_by(|one, other| order(one).cmp(&order(other)));
        let skip = usize::from(soa.key);
        let (nodes, hashes) = (self.pack(false, skip)?, self.pack(true, skip)?);
        Ok(Zone::of(Name::checked(soa.name(&self.octets)), soa.class, nodes, hashes))
    }

    fn is_same(&self, one: &Entry, other: &Entry) -> bool {
        one.key(&self.octets) == other.key(&self.octets)
            && one.rdata(&self.octets) == other.rdata(&self.octets)
    }

    fn check(&self, soa: &Entry) -> Result<(), Misuse> {
        let apex = soa.key(&self.octets);
        self.entries.iter().try_for_each(|entry| match entry {
            _ if !entry.key(&self.octets).starts_with(apex) => Err(Misuse::OutOfZone),
            _ if entry.class != soa.class => Err(Misuse::Class),
            _ if entry.rtype.is_meta() => Err(Misuse::MetaType),
            _ => Ok(()),
        })
    }

    /// Packs the nodes of names, or those of hashes.
    fn pack(&self, hashes: bool, skip: usize) -> Result<Tree, Misuse> {
        let octets = self.octets.as_slice();
        let mut packer = Packer::new(skip);
        let mut sets: Vec<Entry> = Vec::new();
        for node in self.entries.chunk_by(|one, other| one.key(octets) == other.key(octets)) {
            sets.clear();
            sets.extend(node.iter().filter(|entry| entry.is_hash(octets) == hashes));
            let Some(first) = sets.first() else { continue };
            if !hashes {
                self.check_alias(&sets)?;
            }
            packer.node(|out| {
                NodeRef::put(first.key(octets), first.name(octets), out);
                sets.chunk_by(|one, other| one.rtype == other.rtype)
                    .for_each(|set| self.put_set(set, out));
            });
        }
        Ok(packer.finish())
    }

    /// RFC 1034 §3.6.2.
    fn check_alias(&self, node: &[Entry]) -> Result<(), Misuse> {
        let Some(alias) = node.iter().find(|entry| entry.rtype == RecordType::CNAME) else {
            return Ok(());
        };
        let alone = node.iter().all(|entry| match entry.rtype {
            RecordType::CNAME => self.is_same(alias, entry),
            rtype => is_beside(rtype),
        });
        if alone { Ok(()) } else { Err(Misuse::Cname) }
    }

    fn put_set(&self, set: &[Entry], out: &mut Vec<u8>) {
        let octets = self.octets.as_slice();
        let Some(last) = set.last() else { return };
        match set {
            [_] => RrSetRef::put(last.rtype, last.ttl, core::iter::once(last.data(octets)), out),
            set => {
                // In canonical form equal data have equal octets.
                let mut known = BTreeSet::new();
                let new = set.iter().filter(|entry| {
                    let mut canonical = Vec::new();
                    entry.rdata(octets).write_canonical(&mut canonical);
                    known.insert(canonical)
                });
                RrSetRef::put(last.rtype, last.ttl, new.map(|entry| entry.data(octets)), out);
            }
        }
    }
}

impl Entry {
    fn key<'o>(&self, octets: &'o [u8]) -> &'o [u8] {
        self.piece(octets, 0, self.key)
    }

    fn name<'o>(&self, octets: &'o [u8]) -> &'o [u8] {
        self.piece(octets, self.key.into(), self.name)
    }

    fn data<'o>(&self, octets: &'o [u8]) -> &'o [u8] {
        self.piece(octets, usize::from(self.key) + usize::from(self.name), self.data)
    }

    fn rdata<'o>(&self, octets: &'o [u8]) -> Rdata<'o> {
        read(self.rtype, self.data(octets))
    }

    fn piece<'o>(&self, octets: &'o [u8], skip: usize, length: u16) -> &'o [u8] {
        let start = self.start + skip;
        octets.get(start..start + usize::from(length)).unwrap_or_default()
    }

    fn is_hash(&self, octets: &[u8]) -> bool {
        is_hash(self.rtype, self.data(octets))
    }
}

/// Whether a record belongs to the hashed names, which are a space of their own (RFC 5155 §7.2.8).
pub(super) fn is_hash(rtype: RecordType, octets: &[u8]) -> bool {
    rtype == RecordType::NSEC3 || covered(rtype, octets) == Some(RecordType::NSEC3)
}
