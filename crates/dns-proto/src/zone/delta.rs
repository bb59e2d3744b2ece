//! What is different between two versions of a zone.
use alloc::vec::Vec;

use super::{Edit, NodeRef, Zone};
use crate::error::Misuse;
use crate::number::RecordType;
use crate::rdata::Rdata;
use crate::record::Record;

/// The records that one version of a zone has and the next has not, and the other way about: a step
/// of an incremental transfer (RFC 1995 §4), or a record of a journal.
///
/// ```
/// use dns_proto::{Record, Zone, ZoneDelta, zone_file};
///
/// let read = |text: &str| -> Result<Zone, Box<dyn std::error::Error>> {
///     let records = zone_file::read("z", text.as_bytes(), "z".parse()?, |_| None)?;
///     Ok(Zone::new(records)?)
/// };
/// let old = read("@ 60 SOA ns host 1 2 3 4 5\na 60 A 192.0.2.1\nb 60 A 192.0.2.2\n")?;
/// let new = read("@ 60 SOA ns host 2 2 3 4 5\na 60 A 192.0.2.1\nb 60 A 192.0.2.3\n")?;
/// let delta = ZoneDelta::between(&old, &new);
/// assert_eq!(delta.removed()[1].to_string(), "b.z. 60 IN A 192.0.2.2");
/// assert_eq!((delta.from(), delta.to(), delta.added().len()), (1, 2, 2));
/// assert!(old.apply(&delta)?.records().eq(new.records()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ZoneDelta {
    /// The SOA is the first of each.
    removed: Vec<Record>,
    added: Vec<Record>,
}

impl ZoneDelta {
    /// Compares two versions of one zone. What they share is not looked at.
    #[must_use]
    pub fn between(old: &Zone, new: &Zone) -> Self {
        let (mut removed, mut added) = (soa(old), soa(new));
        let mut differs = |before: Option<NodeRef<'_>>, after: Option<NodeRef<'_>>| {
            let before: Vec<_> = before.into_iter().flat_map(|node| old.of_node(node)).collect();
            let after: Vec<_> = after.into_iter().flat_map(|node| new.of_node(node)).collect();
            if before != after {
                removed.extend(missing(&before, &after));
                added.extend(missing(&after, &before));
            }
        };
        old.names().compare(new.names(), &mut differs);
        old.hashes().compare(new.hashes(), &mut differs);
        Self { removed, added }
    }

    /// Makes a step of the records of an incremental transfer, the SOA first of each.
    pub(crate) fn of(removed: Vec<Record>, added: Vec<Record>) -> Result<Self, Misuse> {
        let whole = |records: &[Record]| {
            let (first, rest) = records.split_first()?;
            let only = rest.iter().all(|record| record.rtype() != RecordType::SOA);
            (first.rtype() == RecordType::SOA && only).then(|| first.owner().clone())
        };
        match (whole(&removed), whole(&added)) {
            (Some(old), Some(new)) if old == new => Ok(Self { removed, added }),
            _ => Err(Misuse::Soa),
        }
    }

    /// Returns the serial of the version it leads from.
    #[must_use]
    pub fn from(&self) -> u32 {
        serial(&self.removed)
    }

    /// Returns the serial of the version it leads to.
    #[must_use]
    pub fn to(&self) -> u32 {
        serial(&self.added)
    }

    /// Returns what is there no more, the old SOA first.
    #[must_use]
    pub fn removed(&self) -> &[Record] {
        &self.removed
    }

    /// Returns what is new, the new SOA first.
    #[must_use]
    pub fn added(&self) -> &[Record] {
        &self.added
    }
}

impl Zone {
    /// Makes the next version; this one is as it was.
    ///
    /// # Errors
    ///
    /// When the step does not begin at this version, takes away what is not there, or leads to
    /// something that is no zone.
    pub fn apply(&self, delta: &ZoneDelta) -> Result<Self, Misuse> {
        let apex = delta.removed.first().map(Record::owner);
        if apex != Some(self.apex()) || delta.from() != self.serial() {
            return Err(Misuse::Version);
        }
        let mut edit = Edit::new(self);
        for record in &delta.removed {
            if !edit.take(record.owner().view(), &record.clone().into_data()) {
                return Err(Misuse::Version);
            }
        }
        for record in &delta.added {
            self.check(record)?;
            if edit.node(record.owner().view()).conflicts(&record.data()) {
                return Err(Misuse::Cname);
            }
            edit.put(record.clone());
        }
        Ok(edit.finish())
    }

    fn check(&self, record: &Record) -> Result<(), Misuse> {
        match record {
            _ if !record.owner().is_within(self.apex().view()) => Err(Misuse::OutOfZone),
            _ if record.class() != self.class() => Err(Misuse::Class),
            _ if record.rtype().is_meta() => Err(Misuse::MetaType),
            _ => Ok(()),
        }
    }
}

fn soa(zone: &Zone) -> Vec<Record> {
    let is_soa = |record: &Record| record.rtype() == RecordType::SOA;
    zone.apex_node().into_iter().flat_map(|node| zone.of_node(node)).filter(is_soa).collect()
}

/// The records of one node that another version of it has not, the SOA aside.
fn missing<'r>(from: &'r [Record], other: &'r [Record]) -> impl Iterator<Item = Record> + 'r {
    let known: alloc::collections::BTreeSet<_> = other.iter().map(identity).collect();
    let new = move |record: &&Record| !known.contains(&identity(record));
    from.iter().filter(|record| record.rtype() != RecordType::SOA).filter(new).cloned()
}

fn identity(record: &Record) -> (RecordType, u32, Vec<u8>) {
    let mut octets = Vec::new();
    record.data().write_canonical(&mut octets);
    (record.rtype(), record.ttl(), octets)
}

fn serial(records: &[Record]) -> u32 {
    match records.first().map(Record::data) {
        Some(Rdata::Soa { serial, .. }) => serial,
        _ => 0,
    }
}
