//! What NSEC3 records that are known prove of names that nobody has asked for (RFC 8198 §5.4).
use alloc::vec::Vec;

use super::denial::Proven;
use super::nsec3::{Hashes, Nsec3s, hash_of, nsec3_hash};
use super::rrset::{ancestor, wildcard};
use crate::name::Name;
use crate::number::{Rcode, RecordType};
use crate::rdata::Rdata;
use crate::record::Record;

/// How a zone hashes its names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Hashing {
    pub(crate) zone: Name,
    iterations: u16,
    salt: Vec<u8>,
}

impl Hashing {
    /// Reads an NSEC3 record: how its zone hashes, and the hash that it is at. `None` if names that
    /// are not signed may be in its gap: nothing follows from that for anybody else.
    pub(crate) fn of(record: &Record, zone: Name) -> Option<(Self, Vec<u8>)> {
        let Rdata::Nsec3 { hash_algorithm: 1, flags: 0, iterations, salt, .. } = record.data()
        else {
            return None;
        };
        let hash = hash_of(record.owner(), &zone)?;
        Some((Self { zone, iterations, salt: salt.octets().to_vec() }, hash))
    }

    /// Looks for a proof that there is no such name or type; returns the rcode and what proves it.
    /// `find` returns the record at a hash, or the one before it; `most` hashes are computed.
    pub(crate) fn deny<K: Clone>(
        &self,
        name: &Name,
        rtype: RecordType,
        most: u32,
        find: impl Fn(&[u8]) -> Option<(K, Record)>,
    ) -> Option<(Rcode, Vec<K>)> {
        let (depth, top) = (name.labels().count(), self.zone.labels().count());
        let hash = |name: &Name| nsec3_hash(name, self.iterations, &self.salt);
        let mut found: Vec<(K, Record)> = Vec::new();
        let mut left = most.checked_sub(1)?;
        for labels in (top..=depth).rev() {
            left = left.checked_sub(1)?;
            let above = ancestor(name, labels);
            let own = hash(&above);
            let Some((key, record)) = find(&own) else {
                found.clear();
                continue;
            };
            let matches = hash_of(record.owner(), &self.zone).is_some_and(|it| it == own);
            if !matches {
                // Of those that pass over a name, the one nearest to the encloser counts.
                found = Vec::from([(key, record)]);
                continue;
            }
            found.push((key, record));
            if labels < depth {
                found.push(find(&hash(&wildcard(&above)))?);
            }
            break;
        }
        let (keys, records): (Vec<K>, Vec<Record>) = found.into_iter().unzip();
        let mut hashes = Hashes::new(most);
        hashes.begin(most);
        match Nsec3s::new(&records, &self.zone)?.prove(name, rtype, &mut hashes).ok()?? {
            Proven::NoData => Some((Rcode::NOERROR, keys)),
            Proven::NameError => Some((Rcode::NXDOMAIN, keys)),
            _ => None,
        }
    }
}
