//! RRsets with their signatures, and what a signature covers (RFC 4034 §3.1.8.1 and §6).
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::config::Provider;
use super::key::PublicKey;
use super::verdict::Bogus;
use crate::name::Name;
use crate::number::{Class, DnssecAlgorithm, RecordType};
use crate::rdata::Rdata;
use crate::record::Record;

/// The records of one owner, class and type, and the signatures that cover them.
#[derive(Clone, Debug)]
pub(super) struct RrSet {
    pub(super) owner: Name,
    pub(super) class: Class,
    pub(super) rtype: RecordType,
    pub(super) records: Vec<Record>,
    pub(super) signatures: Vec<Signature>,
}

/// The data of an RRSIG record (RFC 4034 §3).
#[derive(Clone, Debug)]
pub(super) struct Signature {
    record: Record,
    covered: RecordType,
    pub(super) algorithm: DnssecAlgorithm,
    pub(super) labels: u8,
    original_ttl: u32,
    expiration: u32,
    inception: u32,
    pub(super) key_tag: u16,
    pub(super) signer: Name,
}

impl Signature {
    fn new(record: &Record) -> Option<Self> {
        let Rdata::Rrsig {
            covered,
            algorithm,
            labels,
            original_ttl,
            expiration,
            inception,
            key_tag,
            signer,
            ..
        } = record.data()
        else {
            return None;
        };
        Some(Self {
            record: record.clone(),
            covered,
            algorithm,
            labels,
            original_ttl,
            expiration: expiration.0,
            inception: inception.0,
            key_tag,
            signer: signer.to_name(),
        })
    }

    /// Whether the time is in its period, in serial arithmetic (RFC 4034 §3.1.5).
    pub(super) fn timely(&self, now: u64) -> Result<(), Bogus> {
        let now = serial(now);
        if before(self.expiration, self.inception) {
            Err(Bogus::ExpiredBeforeValid)
        } else if before(self.expiration, now) {
            Err(Bogus::Expired)
        } else if before(now, self.inception) {
            Err(Bogus::NotYetValid)
        } else {
            Ok(())
        }
    }

    /// Seconds for which what it signs may be kept (RFC 4035 §5.3.3).
    pub(super) fn ttl(&self, ttl: u32, now: u64) -> u32 {
        let left = self.expiration.wrapping_sub(serial(now));
        ttl.min(self.record.ttl()).min(self.original_ttl).min(left)
    }
}

/// Returns the time as signatures have it: seconds since 1970 modulo 2³².
pub(super) fn serial(now: u64) -> u32 {
    u32::try_from(now & u64::from(u32::MAX)).unwrap_or_default()
}

/// RFC 1982 §3.2.
pub(super) const fn before(one: u32, other: u32) -> bool {
    let distance = other.wrapping_sub(one);
    distance != 0 && distance < 1 << 31
}

impl RrSet {
    /// Gathers the records of a section into sets, each with the signatures that cover it.
    pub(super) fn gather(records: &[Record]) -> Vec<Self> {
        let mut sets: Vec<Self> = Vec::new();
        // Where each set is: a message may have thousands.
        let mut places = BTreeMap::new();
        let (signatures, data): (Vec<_>, Vec<_>) =
            records.iter().partition(|record| record.rtype() == RecordType::RRSIG);
        for record in data {
            let key = (record.owner().clone(), record.class(), record.rtype());
            let place = *places.entry(key).or_insert(sets.len());
            match sets.get_mut(place) {
                Some(set) => set.records.push(record.clone()),
                None => sets.push(Self::new(record.clone())),
            }
        }
        for record in signatures {
            let Some(signature) = Signature::new(record) else { continue };
            let key = (record.owner().clone(), record.class(), signature.covered);
            if let Some(set) = places.get(&key).and_then(|place| sets.get_mut(*place)) {
                set.signatures.push(signature);
            }
        }
        sets
    }

    fn new(record: Record) -> Self {
        let (owner, class, rtype) = (record.owner().clone(), record.class(), record.rtype());
        Self { owner, class, rtype, records: alloc::vec![record], signatures: Vec::new() }
    }

    pub(super) fn ttl(&self) -> u32 {
        self.records.iter().map(Record::ttl).min().unwrap_or_default()
    }

    /// Seconds for which the last of its signatures is valid.
    pub(super) fn longest(&self, now: u64) -> u32 {
        let left = self.signatures.iter().filter(|it| it.timely(now).is_ok());
        left.map(|it| it.expiration.wrapping_sub(serial(now))).max().unwrap_or_default()
    }

    /// Whether a signature says it is that zone's.
    pub(super) fn is_signed_by(&self, zone: &Name) -> bool {
        self.signatures.iter().any(|signature| signature.signer == *zone)
    }

    /// Labels of the owner, as RRSIG counts them: without a wildcard's (RFC 4034 §3.1.3).
    pub(super) fn labels(&self) -> usize {
        self.owner.labels().count() - usize::from(self.owner.view().is_wildcard())
    }

    /// Verifies a signature with a key; whoever calls has compared tag and algorithm.
    pub(super) fn verify(
        &self,
        signature: &Signature,
        key: &PublicKey,
        provider: &Provider,
    ) -> bool {
        let Rdata::Rrsig { signature: octets, .. } = signature.record.data() else { return false };
        let data = self.records.iter().map(Record::data);
        let message = signed_data(&signature.record.data(), &self.owner, self.class, data);
        (provider.verify)(key, &message, octets.octets())
    }
}

/// Makes the octets that are signed: the signature's own data without the signature, and the set
/// in canonical form and order (RFC 4034 §3.1.8.1).
pub(super) fn signed_data<'d>(
    rrsig: &Rdata<'_>,
    owner: &Name,
    class: Class,
    data: impl Iterator<Item = Rdata<'d>>,
) -> Vec<u8> {
    let Rdata::Rrsig { covered, labels, original_ttl, signature, .. } = rrsig else {
        return Vec::new();
    };
    let mut out = Vec::new();
    rrsig.write_canonical(&mut out);
    out.truncate(out.len() - signature.octets().len());
    let owner = original_owner(owner, *labels).to_lowercase();
    let canonical = |data: Rdata<'_>| {
        let mut octets = Vec::new();
        data.write_canonical(&mut octets);
        octets
    };
    // RFC 4034 §6.3: in the order of their octets, and each once.
    let sorted: BTreeSet<_> = data.map(canonical).collect();
    for octets in sorted {
        out.extend_from_slice(owner.wire());
        out.extend_from_slice(&covered.number().to_be_bytes());
        out.extend_from_slice(&class.number().to_be_bytes());
        out.extend_from_slice(&original_ttl.to_be_bytes());
        let length = u16::try_from(octets.len()).expect("record data has at most 65535 octets");
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&octets);
    }
    out
}

/// RFC 4035 §5.3.2: the wildcard of which the name was made, if the signature has fewer labels.
fn original_owner(owner: &Name, labels: u8) -> Name {
    let own = owner.labels().count() - usize::from(owner.view().is_wildcard());
    match own.checked_sub(usize::from(labels)) {
        None | Some(0) => owner.clone(),
        Some(_) => wildcard(&ancestor(owner, usize::from(labels))),
    }
}

/// Returns the ancestor with so many labels.
pub(super) fn ancestor(name: &Name, labels: usize) -> Name {
    let extra = name.labels().count().saturating_sub(labels);
    Name::from_labels(name.labels().skip(extra)).expect("labels of a name, and no more of them")
}

/// Returns the wildcard below a name that has a child; the longest name has none.
pub(super) fn wildcard(name: &Name) -> Name {
    Name::from_labels([&b"*"[..]].into_iter().chain(name.labels())).unwrap_or_else(|_| name.clone())
}
